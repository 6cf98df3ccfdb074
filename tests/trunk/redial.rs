//! Attempts that follow each other.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where it fails"
)]

use super::*;
use audatec::domain::call::{Call, ScheduleReason};
use audatec::domain::calling_hours::{CallingHours, HoursBook};
use audatec::domain::contacts::{ContactLimit, Number, Per};
use audatec::domain::redial::{Cause, Redial};
use audatec::domain::trunk::Brief;

const BUSY: &str = "+15005550001";
const MINUTE: Span = Span::from_secs(60);
const WEEK: Span = Span::from_secs(7 * 86_400);

fn redial(max_attempts: u32, on: &[Cause]) -> Redial {
    Redial {
        max_attempts,
        on: on.to_vec(),
        wait_seconds: vec![60, 120],
    }
}

/// A call that is followed by others.
fn first(world: &mut World, number: &str, redial: Redial) -> CallId {
    let mut trigger = World::trigger_of(number);
    trigger.request.redial = Some(redial);
    trigger.window = Some(Window {
        not_before: None,
        not_after: world.now + WEEK,
        max_wait: Span::from_secs(3_600),
    });
    match world.ask(TrunkCommand::Redial(Box::new(trigger))) {
        TrunkReply::Admission(Admission::Accepted { call, .. }) => call,
        other => panic!("{other:?}"),
    }
}

fn next(call: &Call) -> Option<CallId> {
    call.series.and_then(|series| series.next)
}

#[test]
fn each_attempt_is_a_call_of_its_own_and_no_more_follow_than_were_asked_for() {
    let mut world = World::new(1, 10);
    let why = Cause::Busy;
    let mut id = first(&mut world, BUSY, redial(3, &[why]));
    let start = id;
    let mut before: Option<Call> = None;
    for attempt in 1..=3 {
        let call = world.run_to_end(id);
        assert!(call.status.is_terminal() && call.dialed_at.is_some());
        let series = call.series.expect("a series");
        assert_eq!((series.attempt, series.first), (attempt, start));
        assert_eq!(series.previous, before.as_ref().map(|before| before.id));
        if let Some(before) = &before {
            let wait = Span(MINUTE.0 * u64::from(attempt - 1));
            assert!(call.dialed_at >= before.ended_at.map(|ended| ended + wait));
            assert_eq!(call.request, before.request, "asked for as the one before");
            let delivery = |call: &Call| call.callback.as_ref().map(|callback| callback.id);
            assert_ne!(delivery(&call), delivery(before));
            let slot = call.slot().expect("it was scheduled");
            assert_eq!(slot.reason, ScheduleReason::Redial);
        }
        assert_eq!(call.request.metadata, World::request(BUSY).metadata);
        match next(&call) {
            Some(next) => {
                let waits = world.call(next);
                assert!(waits.is_scheduled() && waits.series.is_some());
                assert_eq!(world.held().0, 0, "it is a row and nothing else");
                if attempt == 1 {
                    world.crash();
                }
                id = next;
            }
            None => assert_eq!(attempt, 3, "all attempts are made"),
        }
        before = Some(call);
    }
}

#[test]
fn an_end_that_was_not_named_is_the_last_and_so_is_a_plain_calls() {
    let mut world = World::new(1, 10);
    let why = Cause::Busy;
    let other = Cause::NoAnswer;
    let id = first(&mut world, BUSY, redial(5, &[other]));
    assert_eq!(next(&world.run_to_end(id)), None);
    let id = first(&mut world, OK, redial(5, &[why, other]));
    assert_eq!(next(&world.run_to_end(id)), None);
    let id = world.accepted(BUSY);
    assert_eq!(world.run_to_end(id).series, None);
}

#[test]
fn a_series_ends_with_the_cancellation_of_the_attempt_that_is_to_come() {
    let mut world = World::new(1, 10);
    let why = Cause::Busy;
    let id = first(&mut world, BUSY, redial(5, &[why]));
    let over = world.run_to_end(id);
    let pending = next(&over).expect("another follows");
    assert!(matches!(
        world.ask(TrunkCommand::Cancel(reader(), pending)),
        TrunkReply::Call(_)
    ));
    let cancelled = world.call(pending);
    let code = cancelled.failure.map(|failure| failure.code);
    assert_eq!(code, Some(FailureCode::Canceled));
    assert_eq!(next(&cancelled), None);
    assert!(matches!(
        world.ask(TrunkCommand::Cancel(reader(), id)),
        TrunkReply::Refused(TrunkRefusal::CallAlreadyTerminal)
    ));
}

#[test]
fn a_series_ends_with_its_agent_and_its_time() {
    let mut world = World::new(1, 10);
    let why = Cause::Busy;
    let id = first(&mut world, BUSY, redial(5, &[why]));
    world.now = world.now + Span(1);
    world.brief(1, 10, |brief| brief.inactive_agents = vec![agent()]);
    assert_eq!(
        next(&world.run_to_end(id)),
        None,
        "its agent takes no calls"
    );
    world.now = world.now + Span(1);
    world.brief(1, 10, |_| {});
    let mut trigger = World::trigger_of(BUSY);
    trigger.request.redial = Some(redial(5, &[why]));
    trigger.window = Some(Window {
        not_before: None,
        not_after: world.now + MINUTE,
        max_wait: MINUTE,
    });
    let TrunkReply::Admission(Admission::Accepted { call: id, .. }) =
        world.ask(TrunkCommand::Redial(Box::new(trigger)))
    else {
        panic!("it is dialed at once")
    };
    assert_eq!(
        next(&world.run_to_end(id)),
        None,
        "the next would be too late"
    );
}

/// The moment of the tests' next midnight, by UTC.
fn midnight() -> Timestamp {
    Timestamp(START.0 - START.0 % 86_400_000 + 86_400_000)
}

fn brief(world: &mut World, change: impl FnOnce(&mut Brief)) {
    world.now = world.now + Span(1);
    world.brief(10, 10, change);
}

fn limited(world: &mut World, per_day: Option<u32>) {
    brief(world, |brief| brief.config.max_calls_per_day = per_day);
}

fn is_full(world: &mut World) -> bool {
    let said = world.trigger(OK);
    matches!(
        said,
        Admission::Rejected {
            code: FailureCode::DailyLimitReached,
            ..
        }
    )
}

fn failure(call: &Call) -> Option<FailureCode> {
    call.failure.map(|failure| failure.code)
}

/// The attempt that follows one which ends now.
fn second(world: &mut World, id: CallId) -> CallId {
    next(&world.run_to_end(id)).expect("another follows")
}

/// A call to any number, answered by a machine, as its agent says.
fn to_a_machine(world: &mut World, number: &str) -> CallId {
    let id = first(world, number, redial(3, &[Cause::Voicemail]));
    world.ask(TrunkCommand::Claim(vec![id]));
    let events = [CarrierEvent::Answered, CarrierEvent::HungUp(None)];
    let at = world.now;
    let events = events.map(|event| Timed { at, event }).to_vec();
    world.ask(TrunkCommand::CarrierEvents(vec![(id, events)]));
    let report = Report {
        outcome: Some(serde_json::json!({"answered_by": "machine"})),
        ..Report::default()
    };
    world.ask(TrunkCommand::Report {
        call: id,
        report,
        transcript: None,
    });
    id
}

#[test]
fn each_end_that_can_be_named_is_followed() {
    let numbers = [
        ("+15005550001", Cause::Busy),
        ("+15005550002", Cause::Declined),
        ("+15005550003", Cause::NoAnswer),
        ("+15005550004", Cause::CarrierError),
        ("+15005550005", Cause::DialerUnavailable),
        ("+15005550009", Cause::Voicemail),
    ];
    for (number, cause) in numbers {
        let mut world = World::new(1, 10);
        let id = first(&mut world, number, redial(2, &[cause]));
        let next = second(&mut world, id);
        assert!(world.call(next).is_scheduled(), "{number}");
        let others: Vec<Cause> = Cause::ALL.map(|(_, other)| other).to_vec();
        let others: Vec<Cause> = others.into_iter().filter(|other| *other != cause).collect();
        let id = first(&mut world, number, redial(2, &others));
        assert_eq!(super::redial::next(&world.run_to_end(id)), None, "{number}");
    }
    let mut world = World::new(1, 10);
    let id = to_a_machine(&mut world, "+919876543210");
    assert!(next(&world.call(id)).is_some(), "by its agent's word");
}

/// An attempt counts on the day on which it is due; on a full one it waits for the next, crash or none.
#[test]
fn an_attempt_counts_among_the_calls_of_the_day_on_which_it_is_due() {
    let mut world = World::new(10, 10);
    limited(&mut world, Some(3));
    let id = first(&mut world, BUSY, redial(4, &[Cause::Busy]));
    let id = second(&mut world, id);
    let waits = second(&mut world, id);
    world.accepted(OK);
    assert!(is_full(&mut world));
    world.crash();
    assert!(is_full(&mut world));
    world.live_until(world.now + Span::from_secs(600));
    let slot = world.call(waits).slot().expect("it waits");
    assert_eq!((slot.at, slot.reason), (midnight(), ScheduleReason::Redial));
    world.crash();
    world.live_until(midnight() - Span(1));
    assert_eq!(world.call(waits).dialed_at, None);
    let last = second(&mut world, waits);
    assert_eq!(world.call(waits).dialed_at, Some(midnight()));
    // It was put off, and still counts once: two more are taken today, and the last attempt is one of them.
    world.accepted(OK);
    world.run_to_end(last);
    assert!(is_full(&mut world));
    world.crash();
    assert!(is_full(&mut world));
}

/// A limit that is set at noon counts the morning's attempts, though their rows are another day's.
#[test]
fn a_limit_counts_attempts_that_were_due_before_it_was_set() {
    let mut world = World::new(10, 10);
    world.now = midnight() - Span(30_000);
    let id = first(&mut world, BUSY, redial(3, &[Cause::Busy]));
    let id = second(&mut world, id);
    assert!(world.call(id).created_at() < midnight());
    world.run_to_end(id);
    assert!(world.now > midnight());
    world.crash();
    limited(&mut world, Some(2));
    world.accepted(OK);
    assert!(is_full(&mut world));
    limited(&mut world, None);
    world.accepted(OK);
    limited(&mut world, Some(3));
    assert!(is_full(&mut world));
}

#[test]
fn an_attempt_that_no_day_takes_in_its_time_ends_and_says_why() {
    let mut world = World::new(10, 10);
    limited(&mut world, Some(1));
    let mut trigger = World::trigger_of(BUSY);
    trigger.request.redial = Some(redial(3, &[Cause::Busy]));
    trigger.window = Some(Window {
        not_before: None,
        not_after: midnight(),
        max_wait: MINUTE,
    });
    let TrunkReply::Admission(Admission::Accepted { call, .. }) =
        world.ask(TrunkCommand::Redial(Box::new(trigger)))
    else {
        panic!("it is dialed at once")
    };
    let id = second(&mut world, call);
    let over = world.run_to_end(id);
    assert_eq!(over.status, CallStatus::RejectedCapacity);
    assert_eq!(failure(&over), Some(FailureCode::DailyLimitReached));
    assert_eq!((over.dialed_at, next(&over)), (None, None));
    assert!(over.callback.is_some(), "its receiver is told");
}

/// Whatever is kept of the write in which an attempt is counted, it counts once.
#[test]
fn an_attempt_counts_once_though_the_write_that_counts_it_fails() {
    for after in 0..4 {
        for how in [Fail::Before, Fail::Halfway, Fail::After] {
            let mut world = World::new(10, 10);
            limited(&mut world, Some(3));
            let id = first(&mut world, BUSY, redial(2, &[Cause::Busy]));
            let id = second(&mut world, id);
            world.now = world.now + MINUTE;
            world.luck.failure.set(Some((after, how)));
            let _ = world.try_ask(TrunkCommand::Tick);
            world.luck.failure.set(None);
            world.crash();
            world.ask(TrunkCommand::Tick);
            assert!(world.run_to_end(id).dialed_at.is_some());
            world.accepted(OK);
            assert!(is_full(&mut world), "{after} {how:?}");
            world.crash();
            assert!(is_full(&mut world), "{after} {how:?}");
        }
    }
}

/// Whatever is kept of the write in which a call ends, one attempt follows it, and one alone is made.
#[test]
fn one_attempt_follows_though_the_write_that_makes_it_fails() {
    for after in 0..3 {
        for how in [Fail::Before, Fail::Halfway, Fail::After] {
            let mut world = World::new(10, 10);
            let id = first(&mut world, BUSY, redial(2, &[Cause::Busy]));
            world.dispatch();
            world.luck.failure.set(Some((after, how)));
            for _ in 0..3 {
                world.now = world.now + Span(5_000);
                let _ = world.try_ask(TrunkCommand::Tick);
            }
            world.luck.failure.set(None);
            world.crash();
            world.run_to_end(id);
            let end = world.now + WEEK;
            world.live_until(end);
            let rows = world.rows.all();
            let dialed = rows.iter().filter(|call| call.dialed_at.is_some());
            let dialed: Vec<CallId> = dialed.map(|call| call.id).collect();
            let following = next(&world.call(id)).expect("another follows");
            assert_eq!(dialed, [id, following], "{after} {how:?}");
            assert!(rows.iter().all(|call| call.status.is_terminal()));
        }
    }
}

fn hours(world: &mut World) {
    let hours: CallingHours = serde_json::from_value(serde_json::json!({
        "time_zone": "Etc/UTC", "fallback_time_zone": null, "on_closed": "reject", "closed_dates": [],
        "windows": [{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "08:00", "to": "08:01"}],
    }))
    .expect("hours");
    brief(world, |brief| brief.hours = HoursBook::of(Some(hours)));
}

#[test]
fn an_attempt_keeps_calling_hours_unless_the_first_was_to_ignore_them() {
    let mut world = World::new(10, 10);
    hours(&mut world);
    let id = first(&mut world, BUSY, redial(2, &[Cause::Busy]));
    let waits = second(&mut world, id);
    world.live_until(START + Span::from_secs(600));
    let slot = world.call(waits).slot().expect("it waits");
    assert_eq!(slot.at, START + Span::from_secs(86_400));
    assert_eq!(slot.reason, ScheduleReason::CallingHours);
    assert_eq!(world.run_to_end(waits).dialed_at, Some(slot.at));

    let mut world = World::new(10, 10);
    hours(&mut world);
    let mut trigger = World::trigger_of(BUSY);
    trigger.request.redial = Some(redial(2, &[Cause::Busy]));
    trigger.request.ignores_hours = true;
    trigger.window = Some(Window {
        not_before: None,
        not_after: START + WEEK,
        max_wait: MINUTE,
    });
    world.ask(TrunkCommand::Redial(Box::new(trigger)));
    let id = world.rows.all().first().expect("a row").id;
    let waits = second(&mut world, id);
    let dialed_at = world.run_to_end(waits).dialed_at.expect("dialed");
    assert!(dialed_at < START + Span::from_secs(600));
}

#[test]
fn an_attempt_keeps_contact_limits_and_takes_its_place_when_it_is_due() {
    let mut world = World::new(10, 10);
    brief(&mut world, |brief| {
        brief.asks_of_numbers = true;
        brief.limits.org = vec![ContactLimit(1, Per::Hour)];
    });
    let id = first(&mut world, BUSY, redial(2, &[Cause::Busy]));
    let waits = second(&mut world, id);
    let before = world.call(id).dialed_at.expect("dialed");
    world.live_until(START + Span::from_secs(600));
    let slot = world.call(waits).slot().expect("it waits");
    assert_eq!(slot.reason, ScheduleReason::ContactLimit);
    let hour = Span::from_secs(3_600);
    let dialed_at = world.run_to_end(waits).dialed_at.expect("dialed");
    assert!(dialed_at >= before + hour, "{dialed_at:?}");
    assert!(dialed_at < before + hour + MINUTE, "{dialed_at:?}");
}

fn suppress(world: &mut World, number: &str) {
    let command = TrunkCommand::Suppress {
        org: org(),
        numbers: vec![Number::of(&E164::parse(number).expect("a number"))],
        from: 0,
        last: false,
    };
    assert!(matches!(world.ask(command), TrunkReply::Suppressed { .. }));
}

#[test]
fn a_series_ends_with_its_numbers_suppression_be_it_said_in_a_conversation() {
    let mut world = World::new(10, 10);
    brief(&mut world, |brief| brief.asks_of_numbers = true);
    let id = first(&mut world, BUSY, redial(5, &[Cause::Busy]));
    let pending = second(&mut world, id);
    suppress(&mut world, BUSY);
    let over = world.call(pending);
    assert_eq!(failure(&over), Some(FailureCode::NumberSuppressed));
    assert_eq!(next(&over), None);

    let machine = "+15005550009";
    let id = first(&mut world, machine, redial(5, &[Cause::Voicemail]));
    world.dispatch();
    while world.call(id).status == CallStatus::Initiating {
        world.now = world.now + Span(100);
    }
    world.now = world.now + world.settings.sim_ring;
    assert_eq!(world.call(id).status, CallStatus::Answered);
    suppress(&mut world, machine);
    world.crash();
    let over = world.run_to_end(id);
    assert_eq!(over.status, CallStatus::Completed, "it goes on");
    assert_eq!(next(&over), None);
}

#[test]
fn a_series_ends_with_its_key_wherever_it_stands() {
    for in_a_call in [true, false] {
        let mut world = World::new(10, 10);
        let id = first(&mut world, BUSY, redial(5, &[Cause::Busy]));
        world.dispatch();
        if !in_a_call {
            world.run_to_end(id);
        }
        brief(&mut world, |brief| brief.revoked_keys = vec![api_key()]);
        world.crash();
        for _ in 0..100 {
            world.ask(TrunkCommand::Tick);
            world.dispatch();
            world.now = world.now + Span::from_secs(10);
        }
        let rows = world.rows.all();
        assert_eq!(rows.len(), if in_a_call { 1 } else { 2 });
        assert!(rows.iter().all(|call| call.status.is_terminal()));
        let dialed = rows.iter().filter(|call| call.dialed_at.is_some());
        assert_eq!(dialed.count(), 1);
    }
}

#[test]
fn where_a_trunk_may_call_is_asked_again_for_each_attempt() {
    let deny = |brief: &mut Brief| brief.config.destinations.deny = vec!["+91".into()];
    let number = "+919876543210";
    let mut world = World::new(10, 10);
    let id = to_a_machine(&mut world, number);
    let pending = next(&world.call(id)).expect("another follows");
    brief(&mut world, deny);
    let over = world.run_to_end(pending);
    assert_eq!(over.status, CallStatus::TriggerFailed);
    assert_eq!(failure(&over), Some(FailureCode::DestinationNotAllowed));
    let source = over.failure.map(|failure| failure.source());
    assert_eq!(source, Some(FailureSource::Platform));
    assert_eq!((over.dialed_at, next(&over)), (None, None));
}

/// `max_wait` bounds how long each attempt waits for capacity, and that alone.
#[test]
fn an_attempt_waits_for_capacity_no_longer_than_the_first_may() {
    let mut world = World::new(1, 10);
    let mut trigger = World::trigger_of(BUSY);
    trigger.request.redial = Some(redial(5, &[Cause::Busy]));
    trigger.window = Some(Window {
        not_before: None,
        not_after: world.now + WEEK,
        max_wait: Span::from_secs(30),
    });
    world.ask(TrunkCommand::Redial(Box::new(trigger)));
    let id = world.rows.all().first().expect("a row").id;
    let waits = second(&mut world, id);
    let slot = world.call(waits).slot().expect("it waits");
    world.now = slot.at - Span(10_000);
    world.accepted("+15005550006");
    world.dispatch();
    let over = world.run_to_end(waits);
    assert_eq!(over.status, CallStatus::RejectedCapacity);
    assert_eq!(failure(&over), Some(FailureCode::ChannelsExhausted));
    assert_eq!(over.ended_at, Some(slot.at + Span::from_secs(30)));
    assert_eq!(next(&over), None, "that is no cause");
}

#[test]
fn a_repeat_under_an_idempotency_key_is_answered_with_the_first_attempt() {
    let mut world = World::new(10, 10);
    let asked = || {
        let mut trigger = World::trigger_of(BUSY);
        trigger.request.redial = Some(redial(3, &[Cause::Busy]));
        trigger.window = Some(Window::unasked(START));
        trigger.idempotency = Some(Idempotency {
            key: "once".into(),
            body: "b".into(),
        });
        TrunkCommand::Redial(Box::new(trigger))
    };
    let TrunkReply::Admission(answer) = world.ask(asked()) else {
        panic!("not accepted")
    };
    let id = answer.call().expect("a call");
    second(&mut world, id);
    assert_eq!(world.ask(asked()), TrunkReply::Replayed(answer));
    assert_eq!(world.rows.all().len(), 2);
}

/// Lets the directory say that the key is revoked, or the agent deleted, and long after that nobody remembers it.
fn gone_and_forgotten(world: &mut World, channels: u32, is_agent: bool) {
    world.now = world.now + Span(1);
    world.brief(channels, 10, |brief| match is_agent {
        true => brief.deleted_agents = vec![agent()],
        false => brief.revoked_keys = vec![api_key()],
    });
    world.crash();
    world.live_until(world.now + Span(500));
    world.brief(channels, 10, |_| {});
}

fn anyone() -> audatec::app::trunk::Reader {
    audatec::app::trunk::Reader {
        org: org(),
        key: audatec::domain::ids::KeyId::from_entropy([9; 16]),
        good_until: None,
    }
}

fn read(world: &mut World, id: CallId) -> Call {
    match world.ask(TrunkCommand::Read(anyone(), id)) {
        TrunkReply::Call(call) => *call,
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_attempt_follows_for_a_key_or_an_agent_that_nobody_remembers_when_the_call_ends() {
    for is_agent in [false, true] {
        let mut world = World::new(300, 1_000);
        let why = [Cause::NoAnswer];
        // More than are looked at together.
        let calls = [(); 250].map(|()| first(&mut world, "+15005550003", redial(3, &why)));
        world.dispatch();
        gone_and_forgotten(&mut world, 300, is_agent);
        world.live_until(world.now + MINUTE);
        for id in calls {
            let call = read(&mut world, id);
            assert!(call.status.is_terminal() && call.dialed_at.is_some());
            assert_eq!(next(&call), None);
        }
        let id = first(&mut world, "+15005550003", redial(3, &why));
        assert!(next(&world.run_to_end(id)).is_some(), "others go on");
    }
}

fn closed_for_now() -> CallingHours {
    let hours = r#"{"time_zone":"Etc/UTC","fallback_time_zone":null,"windows":[{"days":["sun"],"from":"09:00","to":"10:00"}],"#;
    let hours = format!(r#"{hours}"closed_dates":[],"on_closed":"wait"}}"#);
    serde_json::from_str(&hours).expect("hours")
}

#[test]
fn what_nobody_dialed_ends_with_its_key_though_it_is_put_off_or_held_meanwhile() {
    // In the queue, whose channels are taken for longer than the key is remembered.
    let mut world = World::new(1, 10);
    world.accepted("+15005550006");
    let waits = world.queued(OK, Span::from_secs(3_600));
    gone_and_forgotten(&mut world, 1, false);
    let code = |call: Call| call.failure.map(|failure| failure.code);
    assert_eq!(code(read(&mut world, waits)), Some(FailureCode::Canceled));

    // A dialer asks for it while hours are closed that came with the same word.
    let mut world = World::new(1, 10);
    let id = world.accepted(OK);
    world.now = world.now + Span(1);
    let never = |brief: &mut Brief| {
        brief.revoked_keys = vec![api_key()];
        brief.hours = HoursBook::of(Some(closed_for_now()));
    };
    world.brief(1, 10, never);
    world.dispatch();
    let call = read(&mut world, id);
    assert!(
        !call.is_scheduled(),
        "it would be dialed when nobody remembers"
    );
    assert_eq!(code(call), Some(FailureCode::Canceled));
}
