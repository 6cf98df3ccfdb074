//! Contact limits: never one dial too many, and no place is lost.

use audatec::domain::call::ScheduleReason;
use audatec::domain::contacts::{ContactLimit, Dials, Number, Per, Stage, Take, Ticket, agent_key};
use audatec::domain::ids::TrunkTag;

use super::*;

const HOUR: Span = Span::from_secs(3_600);
const BUSY: &str = "+15005550001";
const NOT_DIALED: &str = audatec::domain::sandbox::DIALER_ERROR;

fn limited(world: &mut World, channels: u32, limits: &[ContactLimit]) {
    world.now = world.now + Span(1);
    let limits = limits.to_vec();
    world.brief(channels, 1_000, |brief| {
        brief.asks_of_numbers = true;
        brief.limits.org = limits;
    });
}

fn number(text: &str) -> Number {
    Number::of(&World::request(text).phone)
}

fn dials(world: &World, of: &str) -> Dials {
    world.dials.get(&number(of)).cloned().unwrap_or_default()
}

/// Another trunk asks for a place among a number's dials, now.
fn another(world: &mut World, of: &str, stage: Stage, limits: &[ContactLimit]) -> bool {
    let take = Take {
        number: number(of),
        ticket: Ticket(TrunkTag(99), world.now.0),
        by: agent_key(agent()),
        org: limits.to_vec(),
        own: Vec::new(),
        zone: None,
        stage,
    };
    let now = world.now;
    let dials = world.dials.entry(number(of)).or_default();
    dials.take(&take, now) == Contact::Free
}

fn refused(world: &mut World, of: &str) -> Option<Timestamp> {
    let rows = world.rows.all().len();
    let admission = world.trigger(of);
    assert_eq!(world.rows.all().len(), rows, "nothing is created");
    let is_limited = matches!(admission, Admission::Limited { .. });
    assert!(is_limited, "{admission:?}");
    match admission {
        Admission::Limited { next_allowed_at } => next_allowed_at,
        _ => None,
    }
}

#[test]
fn a_number_is_dialed_as_often_as_it_may_be_and_the_answer_says_when_again() {
    let mut world = World::new(100, 1_000);
    limited(&mut world, 100, &[ContactLimit(2, Per::Hour)]);
    let calls = [world.accepted(OK), world.accepted(OK)];
    assert_eq!(refused(&mut world, OK), None, "what decides is pending");
    world.accepted(BUSY);
    world.now = world.now + Span(500);
    world.dispatch();
    let dialed_at = world.call(calls[0]).dialed_at.expect("dialed");
    let next = refused(&mut world, OK).expect("a moment");
    assert!(next >= dialed_at + HOUR && next <= dialed_at + HOUR + Span(1_000));
    for id in calls {
        world.run_to_end(id);
    }
    world.crash();
    world.now = next - Span(1);
    refused(&mut world, OK);
    world.now = next;
    world.accepted(OK);
}

#[test]
fn a_gap_is_kept_between_two_dials() {
    let mut world = World::new(100, 1_000);
    limited(&mut world, 100, &[ContactLimit(60, Per::Gap)]);
    let first = world.accepted(OK);
    assert_eq!(refused(&mut world, OK), None);
    world.dispatch();
    let dialed_at = world.call(first).dialed_at.expect("dialed");
    let next = refused(&mut world, OK).expect("a moment");
    assert!(next >= dialed_at + Span::from_secs(60));
    world.now = next;
    world.accepted(OK);
}

/// What did not reach the phone, and was not the callee's doing, is given back: by a dialer that fails, and by whoever cancels.
#[test]
fn a_place_is_given_back_where_no_phone_rang() {
    let limits = [ContactLimit(1, Per::Hour)];
    let mut world = World::new(1, 1_000);
    limited(&mut world, 1, &limits);
    let failed = world.accepted(NOT_DIALED);
    world.run_to_end(failed);
    world.tell_of_numbers();
    assert!(dials(&world, NOT_DIALED).is_empty());
    assert!(world.call(failed).owes.is_empty());
    assert_eq!(world.held().0, 0, "nothing is owed of it");

    let busy = world.accepted(BUSY);
    world.run_to_end(busy);
    world.tell_of_numbers();
    assert!(
        !dials(&world, BUSY).is_empty(),
        "that was the callee's doing"
    );

    let live = world.accepted("+919876543210");
    let waiting = world.queued(OK, HOUR);
    world.tell_of_numbers();
    world.ask(TrunkCommand::Cancel(reader(), waiting));
    world.crash();
    world.ask(TrunkCommand::Tick);
    world.tell_of_numbers();
    assert!(dials(&world, OK).is_empty());
    assert_eq!(world.call(waiting).status, CallStatus::TriggerFailed);
    world.run_to_end(live);
}

/// Refused, only tried and repeated requests reserve nothing.
#[test]
fn what_is_not_accepted_reserves_nothing() {
    let mut world = World::new(1, 1_000);
    limited(&mut world, 1, &[ContactLimit(5, Per::Hour)]);
    world.ask(World::keyed(BUSY));
    let before = dials(&world, BUSY);
    assert!(matches!(
        world.ask(World::keyed(BUSY)),
        TrunkReply::Replayed(_)
    ));
    assert_eq!(dials(&world, BUSY), before);
    assert!(matches!(world.trigger(OK), Admission::Rejected { .. }));
    world.ask(TrunkCommand::DryRun(Box::new(World::trigger_of(OK))));
    assert!(dials(&world, OK).is_empty());
}

/// A request whose row could not be written leaves a reservation, which lapses.
#[test]
fn a_reservation_of_a_call_that_is_not_there_lapses() {
    let mut world = World::new(10, 1_000);
    limited(&mut world, 10, &[ContactLimit(1, Per::Day)]);
    world.luck.fails(Fail::Before);
    let trigger = TrunkCommand::Admit(Box::new(World::trigger_of(OK)));
    assert!(world.try_ask(trigger).is_err());
    world.now = world.now + Span(1);
    assert_eq!(refused(&mut world, OK), None);
    world.now = world.now + Span::from_secs(60);
    world.accepted(OK);
}

/// The mark was made, and the claim was not written: the same place is marked again.
#[test]
fn a_claim_that_is_lost_takes_one_place() {
    let mut world = World::new(10, 1_000);
    limited(&mut world, 10, &[ContactLimit(1, Per::Hour)]);
    let id = world.accepted(OK);
    world.luck.fails(Fail::Before);
    assert!(world.try_ask(TrunkCommand::Claim(vec![id])).is_err());
    world.crash();
    world.now = world.now + Span(5_000);
    world.ask(TrunkCommand::Tick);
    world.dispatch();
    assert!(world.call(id).dialed_at.is_some());
    let next = refused(&mut world, OK).expect("a moment");
    assert!(next >= world.call(id).dialed_at.expect("dialed") + HOUR);
}

/// Limits came while a call was there, and may have gone again: its claim was lost after its place had been marked, and its row tells
/// of none.
#[test]
fn a_place_that_no_row_tells_of_is_given_back() {
    let limits = [ContactLimit(1, Per::Hour)];
    for then in [&limits[..], &[]] {
        let mut world = World::new(10, 1_000);
        limited(&mut world, 10, &[]);
        let id = world.accepted(OK);
        limited(&mut world, 10, &limits);
        world.luck.fails(Fail::Before);
        assert!(world.try_ask(TrunkCommand::Claim(vec![id])).is_err());
        world.crash();
        limited(&mut world, 10, then);
        assert!(!dials(&world, OK).is_empty());
        world.ask(TrunkCommand::Cancel(reader(), id));
        world.tell_of_numbers();
        assert!(world.call(id).ended_at.is_some());
        assert!(dials(&world, OK).is_empty(), "limits {then:?}");
    }
}

/// One that is due, and finds its number dialed as often as it may be, waits; and is dialed when it may be.
#[test]
fn a_scheduled_call_waits_for_its_number() {
    let mut world = World::new(10, 1_000);
    limited(&mut world, 10, &[ContactLimit(1, Per::Hour)]);
    let window = Window {
        not_before: Some(world.now + Span(60_000)),
        not_after: world.now + Span::from_secs(86_400),
        max_wait: HOUR,
    };
    let id = world.scheduled_within(OK, window);
    assert!(dials(&world, OK).is_empty(), "reserved when it is due");
    let first = world.accepted(OK);
    world.dispatch();
    let dialed_at = world.call(first).dialed_at.expect("dialed");
    world.now = world.now + Span(60_000);
    world.ask(TrunkCommand::Tick);
    world.tell_of_numbers();
    world.dispatch();
    let slot = world.call(id).slot().expect("a place");
    assert_eq!(slot.reason, ScheduleReason::ContactLimit);
    assert!(world.call(id).is_scheduled() && slot.at >= dialed_at + HOUR);
    world.crash();
    world.now = slot.at;
    world.ask(TrunkCommand::Tick);
    world.tell_of_numbers();
    world.dispatch();
    assert!(world.call(id).dialed_at.is_some());
}

/// Limits that are lowered hold for what waits; a call that can't wait ends with its window.
#[test]
fn limits_hold_at_the_claim_as_they_are_then() {
    let mut world = World::new(10, 1_000);
    limited(&mut world, 10, &[ContactLimit(3, Per::Hour)]);
    let calls = [world.accepted(OK), world.accepted(OK), world.accepted(OK)];
    limited(&mut world, 10, &[ContactLimit(1, Per::Hour)]);
    world.dispatch();
    let dialed = |world: &mut World| {
        let mut is_dialed = |id: &CallId| world.call(*id).dialed_at.is_some();
        calls
            .map(|id| is_dialed(&id))
            .map(usize::from)
            .iter()
            .sum::<usize>()
    };
    assert_eq!(dialed(&mut world), 1);
    let waits = calls.map(|id| world.call(id).is_scheduled());
    assert_eq!(waits, [false; 3], "an hour is as long as they wait");
    // None is limited any more: what was taken is marked all the same, and nothing asked for.
    limited(&mut world, 10, &[]);
    let free = world.accepted(OK);
    world.run_to_end(free);
    assert!(world.call(free).ticket.is_none());
}

/// Limits that change while a claim is on its way are asked about again.
#[test]
fn a_claim_that_was_asked_by_other_limits_is_asked_again() {
    let mut world = World::new(10, 1_000);
    limited(&mut world, 10, &[ContactLimit(3, Per::Hour)]);
    let id = world.accepted(OK);
    world.now = world.now + Span(1);
    world.late_brief = Some(vec![ContactLimit(1, Per::Gap)]);
    world.ask(TrunkCommand::Claim(vec![id]));
    assert!(world.call(id).dialed_at.is_none());
    world.now = world.now + Span(1_000);
    world.ask(TrunkCommand::Tick);
    world.dispatch();
    assert!(world.call(id).dialed_at.is_some());
}

/// A call that waits for capacity keeps its place for as long as it waits.
#[test]
fn a_waiting_call_keeps_its_place() {
    let limits = [ContactLimit(1, Per::Hour)];
    let mut world = World::new(1, 1_000);
    limited(&mut world, 1, &limits);
    world.accepted(BUSY);
    let waiting = world.queued(OK, HOUR);
    world.tell_of_numbers();
    world.now = world.now + Span::from_secs(600);
    assert!(!another(&mut world, OK, Stage::Reserve, &limits));
    world.ask(TrunkCommand::Tick);
    world.dispatch();
    world.dispatch();
    assert!(world.call(waiting).dialed_at.is_some());
}

/// An agent's own limits count its own dials.
#[test]
fn an_agents_limits_count_its_own() {
    let mut world = World::new(10, 1_000);
    world.now = world.now + Span(1);
    world.brief(10, 1_000, |brief| {
        brief.asks_of_numbers = true;
        brief.limits.agents = vec![(agent(), vec![ContactLimit(1, Per::Day)])];
    });
    let mut others = World::trigger_of(OK);
    others.request.agent.id = audatec::domain::ids::AgentId::from_entropy([9; 16]);
    let other = |world: &mut World| world.ask(TrunkCommand::Admit(Box::new(others.clone())));
    for _ in 0..3 {
        let reply = other(&mut world);
        assert!(matches!(
            reply,
            TrunkReply::Admission(Admission::Accepted { .. })
        ));
    }
    world.accepted(OK);
    refused(&mut world, OK);
    let reply = other(&mut world);
    assert!(matches!(
        reply,
        TrunkReply::Admission(Admission::Accepted { .. })
    ));
}

/// An organisation without limits asks nothing and writes nothing more.
#[test]
fn without_limits_nothing_is_asked_for() {
    let mut world = World::new(10, 1_000);
    world.now = world.now + Span(1);
    world.brief(10, 1_000, |brief| brief.asks_of_numbers = true);
    let id = world.accepted(OK);
    world.run_to_end(id);
    assert!(dials(&world, OK).is_empty() && world.sent.contacts.is_empty());
    assert_eq!(world.call(id).ticket, None);
}

/// A dry run of a call that would be scheduled says when its number may be called again, and asks for no place.
#[test]
fn a_dry_run_of_a_scheduled_call_tells_when_its_number_may_be_called_again() {
    let mut world = World::new(10, 1_000);
    limited(&mut world, 10, &[ContactLimit(1, Per::Hour)]);
    let window = Window {
        not_before: Some(world.now + Span::from_secs(600)),
        not_after: world.now + HOUR,
        max_wait: HOUR,
    };
    let told = |world: &mut World| {
        let trigger = Trigger {
            window: Some(window),
            ..World::trigger_of(OK)
        };
        match world.ask(TrunkCommand::DryRunSchedule(Box::new(trigger))) {
            TrunkReply::Verdict(Verdict::Schedule {
                next_allowed_at, ..
            }) => next_allowed_at,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(told(&mut world), None);
    assert!(dials(&world, OK).is_empty());
    let id = world.accepted(OK);
    world.dispatch();
    let dialed_at = world.call(id).dialed_at.expect("dialed");
    let counts_from = told(&mut world).expect("a time");
    assert!(counts_from >= dialed_at + HOUR && counts_from <= dialed_at + HOUR + Span(2_000));
}
