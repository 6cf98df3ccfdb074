//! Calls that are dialed later.

use super::*;
use audatec::app::trunk::Reader;
use audatec::domain::ids::{AgentId, KeyId};

const LASTS: &str = "+15005550006";
const HOUR: Span = Span::from_secs(3_600);

fn failure(call: &audatec::domain::call::Call) -> Option<FailureCode> {
    call.failure.map(|failure| failure.code)
}

fn events(call: &audatec::domain::call::Call) -> Vec<&'static str> {
    let timeline = call.timeline();
    timeline.iter().map(|entry| entry.event).collect()
}

fn window(begins: Timestamp, lasts: Span) -> Window {
    Window {
        not_before: Some(begins),
        not_after: begins + lasts,
        max_wait: lasts,
    }
}

#[test]
fn a_scheduled_call_takes_up_nothing_until_it_is_due_and_is_dialed_then_though_the_object_was_lost()
{
    let mut world = World::new(1, 1);
    let before = world.rows.written.get();
    let id = world.scheduled(OK, HOUR);
    assert_eq!(world.held(), (0, 0), "it is a row and nothing else");
    assert_eq!(world.rows.written.get() - before, 1);
    assert_eq!(world.next_due(), Some(START + HOUR));
    let now = world.accepted(OK);
    world.run_to_end(now);
    let call = world.call(id);
    assert_eq!(call.status, CallStatus::Initiating);
    assert_eq!(events(&call), ["accepted", "scheduled"]);
    deliver(&mut world, 200);
    world.crash();
    world.ask(TrunkCommand::Tick);
    assert_eq!(world.next_due(), Some(START + HOUR));
    world.live_until(START + HOUR - Span(1));
    assert!(world.call(id).dialed_at.is_none());
    let before = world.rows.written.get();
    let call = world.run_to_end(id);
    assert_eq!(call.dialed_at, Some(START + HOUR));
    assert_eq!(call.status, CallStatus::Completed);
    assert_eq!(
        events(&call)[..4],
        ["accepted", "scheduled", "dialing", "ringing"],
        "it did not wait for capacity"
    );
    deliver(&mut world, 200);
    // Taken in, claimed, dialed, ended, delivered.
    assert!(world.rows.written.get() - before <= 5);
}

#[test]
fn those_that_are_due_are_dialed_in_the_order_of_their_moments_and_before_who_came_later() {
    let mut world = World::new(1, 10);
    let late = world.scheduled(OK, Span(3_000));
    let early = world.scheduled(OK, Span(2_000));
    let same = world.scheduled(OK, Span(3_000));
    let first = world.accepted(OK);
    world.live_until(START + Span(3_100));
    let newcomer = world.queued(OK, HOUR);
    assert!(matches!(world.trigger(OK), Admission::Rejected { .. }));
    world.crash();
    world.live_until(START + HOUR);
    let order = [first, early, late, same, newcomer].map(|id| world.call(id).dialed_at);
    assert!(
        order.iter().all(Option::is_some) && order.is_sorted(),
        "{order:?}"
    );
    assert!(events(&world.call(late)).contains(&"queued"));
}

#[test]
fn thousands_that_are_due_at_once_are_taken_in_bounded_steps_and_few_are_held_in_memory() {
    let mut world = World::new(1, 1_000);
    let ids: Vec<CallId> = (0..3_000)
        .map(|_| world.scheduled(LASTS, Span(60_000)))
        .collect();
    assert_eq!(world.held().0, 0);
    world.now = START + Span(60_000);
    let mut most = 0;
    for step in 0..200 {
        let before = world.rows.written.get();
        world.ask(TrunkCommand::Tick);
        most = most.max(world.held().0);
        assert!(
            world.rows.written.get() - before <= 260,
            "a step is bounded"
        );
        if step == 5 {
            world.crash();
        }
        world.dispatch();
    }
    assert!((250..=1_000).contains(&most), "{most} are held");
    let dialed = ids.iter().filter(|id| world.call(**id).dialed_at.is_some());
    assert_eq!(dialed.count(), 1);
    world.live_until(START + Span(60_000) + HOUR + Span(120_000));
    let mut codes = Vec::new();
    for id in &ids {
        let call = world.call(*id);
        assert!(
            call.status.is_terminal(),
            "everything that is scheduled ends"
        );
        codes.extend(failure(&call).filter(|_| call.dialed_at.is_none()));
    }
    assert!(
        codes
            .iter()
            .all(|code| *code == FailureCode::ChannelsExhausted)
    );
    assert_eq!(world.held().0, 0);
}

#[test]
fn what_is_not_dialed_in_its_time_says_whether_only_capacity_was_lacking() {
    let lasts = Span(5_000);
    // All channels were in use until the last.
    let mut world = World::new(1, 10);
    world.accepted(LASTS);
    let id = world.scheduled_within(OK, window(START + Span(5_000), lasts));
    world.live_until(START + Span(10_000));
    let call = world.call(id);
    assert_eq!(
        (call.status, failure(&call)),
        (
            CallStatus::RejectedCapacity,
            Some(FailureCode::ChannelsExhausted)
        )
    );
    assert_eq!(call.ended_at, Some(START + Span(10_000)));
    assert_eq!(events(&call)[..3], ["accepted", "scheduled", "queued"]);
    assert!(
        world
            .sent
            .callbacks
            .iter()
            .any(|message| message.body.contains("call.rejected"))
    );
    // The rate was used up.
    let mut world = World::new(100, 1);
    let ids: Vec<CallId> = (0..20)
        .map(|_| world.scheduled_within(LASTS, window(START + Span(5_000), lasts)))
        .collect();
    world.live_until(START + Span(11_000));
    let calls: Vec<_> = ids.iter().map(|id| world.call(*id)).collect();
    let refused = calls
        .iter()
        .filter(|call| failure(call) == Some(FailureCode::RateExceeded));
    let dialed = calls.iter().filter(|call| call.dialed_at.is_some()).count();
    assert!((4..=6).contains(&dialed), "{dialed}");
    assert_eq!(refused.count() + dialed, 20);
    // The trunk took no calls.
    let mut world = World::new(1, 10);
    let id = world.scheduled_within(OK, window(START + Span(5_000), lasts));
    world.now = world.now + Span(1);
    world.brief(1, 10, |brief| brief.config.status = Status::Inactive);
    world.live_until(START + Span(10_000));
    let call = world.call(id);
    assert_eq!(
        (call.status, failure(&call)),
        (CallStatus::TriggerFailed, Some(FailureCode::WindowClosed))
    );
    // The object slept.
    let mut world = World::new(1, 10);
    let id = world.scheduled_within(OK, window(START + Span(5_000), lasts));
    world.now = START + HOUR;
    let call = world.call(id);
    assert_eq!(
        (call.status, failure(&call)),
        (CallStatus::TriggerFailed, Some(FailureCode::WindowClosed))
    );
    assert_eq!(
        call.failure.map(|failure| failure.source()),
        Some(FailureSource::Platform)
    );
    world.live_until(START + HOUR + HOUR);
    assert_eq!(world.call(id).ended_at, Some(START + HOUR));
}

#[test]
fn what_was_scheduled_counts_in_no_rate_and_keeps_to_the_pace_all_the_same() {
    let mut world = World::new(100, 2);
    let ids: Vec<CallId> = (0..3)
        .map(|_| world.scheduled(LASTS, Span(5_000)))
        .collect();
    // Asked for in the same second, and not in their way.
    world.accepted(LASTS);
    world.accepted(LASTS);
    assert!(matches!(world.trigger(LASTS), Admission::Rejected { .. }));
    world.live_until(START + Span(5_100));
    let dialed = |world: &mut World| {
        let dialed = ids.iter().filter(|id| world.call(**id).dialed_at.is_some());
        dialed.count()
    };
    assert_eq!(dialed(&mut world), 2, "as many as `max_cps` lets go");
    world.live_until(START + Span(6_100));
    assert_eq!(dialed(&mut world), 3);
    // The one that has just gone is none of the acceptances of this second.
    world.accepted(LASTS);
    world.accepted(LASTS);
    assert!(matches!(world.trigger(LASTS), Admission::Rejected { .. }));
}

/// At once, and for this long.
fn soon(time: Span) -> Window {
    Window {
        not_before: None,
        not_after: START + time,
        max_wait: time,
    }
}

#[test]
fn a_dialer_is_told_until_when_a_phone_may_ring() {
    let mut world = World::new(1, 10);
    let Admission::Accepted { call: id, .. } = world.within(OK, soon(Span(1_000))) else {
        panic!("it is dialed at once")
    };
    let TrunkReply::Orders(orders) = world.ask(TrunkCommand::Claim(vec![id])) else {
        panic!("it is claimed")
    };
    let order = &orders[0];
    let at = |ms| START + Span(ms);
    assert!(order.may_ring(at(0), at(999)));
    assert!(!order.may_ring(at(999), at(1_000)), "its time is over");
    assert!(!order.may_ring(at(0), at(1_501)), "it asked too long ago");
}

#[test]
fn nobody_dials_a_call_whose_time_is_over() {
    let mut world = World::new(1, 10);
    let Admission::Accepted { call: id, .. } = world.within(OK, soon(Span(2_000))) else {
        panic!("it is dialed at once")
    };
    // Its dialer comes late.
    world.now = START + Span(2_000);
    assert!(world.dispatch().is_empty());
    let call = world.call(id);
    assert_eq!(
        (call.status, failure(&call)),
        (CallStatus::TriggerFailed, Some(FailureCode::WindowClosed))
    );
    // Nobody came at all.
    let mut world = World::new(1, 10);
    let Admission::Accepted { call: id, .. } = world.within(OK, soon(Span(2_000))) else {
        panic!("it is dialed at once")
    };
    while world.ring(START + Span(3_000)) {}
    assert_eq!(world.call(id).ended_at, Some(START + Span(2_000)));
}

#[test]
fn a_call_on_the_schedule_is_cancelled_like_a_waiting_one() {
    let mut world = World::new(1, 10);
    let id = world.scheduled(OK, HOUR);
    let TrunkReply::Call(call) = world.ask(TrunkCommand::Cancel(reader(), id)) else {
        panic!()
    };
    assert_eq!(
        (call.status, failure(&call)),
        (CallStatus::TriggerFailed, Some(FailureCode::Canceled))
    );
    assert_eq!(world.sent.callbacks.len(), 1);
    assert!(matches!(
        world.ask(TrunkCommand::Cancel(reader(), id)),
        TrunkReply::Refused(_)
    ));
    world.crash();
    world.live_until(START + HOUR + HOUR);
    assert_eq!(world.call(id).status, CallStatus::TriggerFailed);
}

#[test]
fn what_a_revoked_key_scheduled_ends_and_is_shown_so_at_once() {
    let mut world = World::new(1, 10);
    let ids: Vec<CallId> = (0..450).map(|_| world.scheduled(OK, HOUR)).collect();
    world.now = START + Span(1);
    world.brief(1, 10, |brief| brief.revoked_keys = vec![api_key()]);
    let other = Reader {
        org: org(),
        key: KeyId::from_entropy([9; 16]),
        good_until: None,
    };
    let read = |world: &mut World, id| match world.ask(TrunkCommand::Read(other, id)) {
        TrunkReply::Call(call) => *call,
        reply => panic!("{reply:?}"),
    };
    let last = read(&mut world, ids[449]);
    assert_eq!(
        (last.status, failure(&last)),
        (CallStatus::TriggerFailed, Some(FailureCode::Canceled))
    );
    world.ask(TrunkCommand::Tick);
    world.crash();
    world.ask(TrunkCommand::Tick);
    while world.ring(START + Span(5_000)) {}
    let open = world
        .rows
        .all()
        .into_iter()
        .filter(|call| call.is_scheduled());
    assert_eq!(open.count(), 0, "all of them end by themselves, and soon");
    // The directory reminds of a revoked key for a week alone.
    world.now = world.now + Span(1);
    world.brief(1, 10, |brief| brief.revoked_keys = vec![]);
    world.live_until(START + HOUR + HOUR);
    assert!(world.rows.all().iter().all(|call| call.dialed_at.is_none()));
}

#[test]
fn an_agent_must_be_active_when_its_call_is_due_and_a_deleted_ones_calls_end() {
    let mut world = World::new(1, 10);
    let (back, gone) = (world.scheduled(OK, HOUR), world.scheduled(OK, HOUR + HOUR));
    world.now = START + Span(1);
    world.brief(1, 10, |brief| brief.inactive_agents = vec![agent()]);
    while world.ring(START + Span(5_000)) {}
    assert_eq!(
        world.call(back).status,
        CallStatus::Initiating,
        "it may come back"
    );
    world.brief(1, 10, |_| {});
    world.live_until(START + HOUR + Span(60_000));
    assert!(world.call(back).dialed_at.is_some());
    let deleted = world.scheduled(OK, HOUR + HOUR);
    world.now = world.now + Span(1);
    world.brief(1, 10, |brief| brief.inactive_agents = vec![agent()]);
    world.live_until(START + HOUR + HOUR);
    assert_eq!(failure(&world.call(gone)), Some(FailureCode::Canceled));

    world.now = world.now + Span(1);
    world.brief(1, 10, |brief| {
        brief.inactive_agents = vec![agent(), AgentId::from_entropy([8; 16])];
        brief.deleted_agents = brief.inactive_agents.clone();
    });
    assert_eq!(failure(&world.call(deleted)), Some(FailureCode::Canceled));
}

#[test]
fn a_list_shows_what_is_scheduled_and_a_filter_tells_it_apart() {
    let mut world = World::new(2, 10);
    let id = world.scheduled(OK, HOUR);
    let other = world.accepted(LASTS);
    let gone = world.scheduled(OK, Span(60_000));
    world.ask(TrunkCommand::Cancel(reader(), gone));
    let list = |world: &mut World, scheduled| {
        let filter = CallFilter {
            scheduled,
            limit: 10,
            scan_limit: SCAN_LIMIT,
            ..CallFilter::default()
        };
        match world.ask(TrunkCommand::List(reader(), filter)) {
            TrunkReply::Calls(calls, _) => calls.into_iter().map(|call| call.id).collect(),
            other => panic!("{other:?}"),
        }
    };
    let all: Vec<CallId> = list(&mut world, None);
    assert_eq!(all, [gone, other, id]);
    let only: Vec<CallId> = list(&mut world, Some(true));
    assert_eq!(only, [id]);
    let rest: Vec<CallId> = list(&mut world, Some(false));
    assert_eq!(rest, [gone, other]);
}

#[test]
fn a_trunk_with_scheduled_calls_is_not_given_up() {
    let mut world = World::new(1, 10);
    let id = world.scheduled(OK, HOUR);
    assert_eq!(world.ask(TrunkCommand::Retire), TrunkReply::HasLiveCalls);
    world.ask(TrunkCommand::Cancel(reader(), id));
    assert_eq!(world.ask(TrunkCommand::Retire), TrunkReply::Done);
}

#[test]
fn a_schedule_holds_a_hundred_thousand_calls_and_they_take_no_memory() {
    let mut world = World::new(1, 10);
    for _ in 0..100_000 {
        world.scheduled(OK, HOUR);
        world.rows.take_journal();
    }
    let full = world.within(OK, window(world.now + HOUR, HOUR));
    assert!(
        matches!(
            full,
            Admission::Rejected {
                code: FailureCode::ScheduleFull,
                retry_after_secs: 3_600,
                ..
            }
        ),
        "{full:?}"
    );
    assert_eq!(world.held(), (0, 0));
    world.crash();
    let full = world.within(OK, window(world.now + HOUR, HOUR));
    assert!(
        matches!(
            full,
            Admission::Rejected {
                code: FailureCode::ScheduleFull,
                ..
            }
        ),
        "{full:?}"
    );
    let any = world.rows.all().into_iter().next().expect("a call");
    world.ask(TrunkCommand::Cancel(reader(), any.id));
    world.scheduled(OK, HOUR);
    let full = world.within(OK, window(world.now + HOUR, HOUR));
    assert!(
        matches!(
            full,
            Admission::Rejected {
                code: FailureCode::ScheduleFull,
                ..
            }
        ),
        "{full:?}"
    );
}

#[test]
fn a_dry_run_tells_of_the_schedule_and_a_repeat_of_the_request_is_answered_as_before() {
    let mut world = World::new(1, 10);
    let trigger = Trigger {
        window: Some(window(START + HOUR, HOUR)),
        idempotency: Some(Idempotency {
            key: "order-9".into(),
            body: "a".into(),
        }),
        ..World::trigger_of(OK)
    };
    let foreseen = world.ask(TrunkCommand::DryRunSchedule(Box::new(trigger.clone())));
    assert!(
        matches!(foreseen, TrunkReply::Verdict(Verdict::Schedule { at, .. }) if at == START + HOUR)
    );
    assert!(world.rows.all().is_empty());
    let first = world.ask(TrunkCommand::Schedule(Box::new(trigger.clone())));
    world.now = START + Span(5);
    world.crash();
    let again = world.ask(TrunkCommand::Schedule(Box::new(trigger)));
    let (TrunkReply::Admission(first), TrunkReply::Replayed(again)) = (first, again) else {
        panic!("not replayed")
    };
    assert_eq!(first, again);
    assert_eq!(world.rows.all().len(), 1);
}
