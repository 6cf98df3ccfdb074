//! Calling hours: on arrival, in the queue, at the claim, and just before a phone rings.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where it fails"
)]

use super::support::livekit::{NUMBER, claim, line_to, livekit_world, row, say};
use super::*;
use audatec::domain::call::{Call, ScheduleReason};
use audatec::domain::calling_hours::{
    CallingHours, HoursBook, OnClosed, Place, WallTime, Weekday, ZoneName,
};
use audatec::domain::contacts::Number;
use audatec::domain::ids::AgentId;
use audatec::domain::planted::{Fault, plant};

/// The tests begin on a Friday at 08:00 UTC.
const HOUR: Span = Span::from_secs(3_600);
const DAY: Span = Span::from_secs(86_400);

fn daily(place: &str, from: &str, to: &str, on_closed: OnClosed) -> CallingHours {
    use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
    CallingHours {
        time_zone: Place::parse(place).expect("a place"),
        fallback_time_zone: None,
        windows: vec![audatec::domain::calling_hours::Window {
            days: vec![Mon, Tue, Wed, Thu, Fri, Sat, Sun],
            from: WallTime::parse(from).expect("a time"),
            to: WallTime::parse(to).expect("a time"),
        }],
        closed_dates: Vec::new(),
        on_closed,
    }
}

/// The directory's word that these are the organisation's.
fn set(world: &mut World, hours: Option<CallingHours>) {
    let known = world.known_brief();
    let (channels, cps) = (known.config.max_channels, known.config.max_cps);
    world.brief(channels, cps, |brief| {
        brief.version = known.version + 1;
        brief.config = known.config;
        brief.hours = HoursBook::of(hours);
    });
}

fn open_at(from: &str, to: &str) -> CallingHours {
    daily("Etc/UTC", from, to, OnClosed::Wait)
}

fn admit(world: &mut World, change: impl FnOnce(&mut audatec::app::trunk::Trigger)) -> Admission {
    let mut trigger = World::trigger_of(OK);
    change(&mut trigger);
    match world.ask(TrunkCommand::Admit(Box::new(trigger))) {
        TrunkReply::Admission(admission) => admission,
        other => panic!("{other:?}"),
    }
}

fn failure(call: &Call) -> Option<FailureCode> {
    call.failure.map(|failure| failure.code)
}

/// Lives on until `end`, with everything working.
fn live(world: &mut World, end: Timestamp) {
    for _ in 0..10_000 {
        world.dispatch();
        world.inquire();
        if !world.ring(end) {
            world.now = world.now.max(end);
            return;
        }
    }
    panic!("it never rests");
}

#[test]
fn a_call_that_comes_while_it_is_closed_is_dialed_at_the_next_opening_and_no_sooner() {
    let mut world = World::new(1, 1);
    set(&mut world, Some(open_at("09:00", "18:00")));
    let Admission::Scheduled { call, at, .. } = world.trigger(OK) else {
        panic!("not scheduled")
    };
    assert_eq!(at, START + HOUR);
    let reason = world.call(call).slot().map(|slot| slot.reason);
    assert_eq!(reason, Some(ScheduleReason::CallingHours));
    assert_eq!(world.held(), (0, 0), "it takes up nothing");
    world.crash();
    world.ask(TrunkCommand::Tick);
    live(&mut world, START + HOUR - Span(1));
    assert_eq!(world.call(call).dialed_at, None);
    let ended = world.run_to_end(call);
    assert_eq!(ended.dialed_at, Some(START + HOUR));
    assert_eq!(ended.status, CallStatus::Completed);
}

#[test]
fn hours_that_refuse_create_nothing_and_say_when_they_open() {
    let mut world = World::new(1, 1);
    let hours = daily("Etc/UTC", "09:00", "18:00", OnClosed::Reject);
    set(&mut world, Some(hours));
    let before = world.rows.written.get();
    let opens_at = Some(START + HOUR);
    assert_eq!(world.trigger(OK), Admission::Closed { opens_at });
    let foreseen = TrunkCommand::DryRun(Box::new(World::trigger_of(OK)));
    let verdict = TrunkReply::Verdict(Verdict::Closed { opens_at });
    assert_eq!(world.ask(foreseen), verdict);
    assert_eq!(world.rows.written.get(), before);
    world.now = START + HOUR;
    world.accepted(OK);
}

#[test]
fn a_time_is_judged_for_when_the_call_is_to_be_dialed() {
    let mut world = World::new(1, 1);
    set(&mut world, Some(open_at("09:00", "18:00")));
    let window = |begins: Span, ends: Span| Window {
        not_before: Some(START + begins),
        not_after: START + ends,
        max_wait: HOUR,
    };
    let hours = |hours: u64| Span::from_secs(hours * 3_600);
    // Open by then.
    let own = world.within(OK, window(hours(2), hours(3)));
    assert!(matches!(own, Admission::Scheduled { at, .. } if at == START + hours(2)));
    // Closed by then, until the next morning.
    let next = world.within(OK, window(hours(11), hours(30)));
    assert!(matches!(next, Admission::Scheduled { at, .. } if at == START + hours(25)));
    // Which is too late.
    let late = world.within(OK, window(hours(11), hours(25)));
    let opens_at = Some(START + hours(25));
    assert_eq!(late, Admission::Closed { opens_at });
}

#[test]
fn a_line_that_is_still_waiting_when_it_closes_is_dialed_when_it_opens() {
    let mut world = World::new(1, 10);
    set(&mut world, Some(open_at("08:00", "09:00")));
    let lasts = world.accepted("+15005550006");
    world.dispatch();
    let waiting = [world.queued(OK, DAY), world.queued(OK, DAY)];
    world.now = START + HOUR;
    world.ask(TrunkCommand::Cancel(reader(), lasts));
    live(&mut world, START + DAY - Span(1));
    for id in waiting {
        let call = world.call(id);
        assert_eq!(call.dialed_at, None);
        assert_eq!(call.slot().map(|slot| slot.at), Some(START + DAY));
    }
    live(&mut world, START + DAY + HOUR);
    let [first, second] = waiting.map(|id| world.call(id).dialed_at);
    assert_eq!(first, Some(START + DAY));
    assert!(second > first);
}

#[test]
fn a_call_that_is_on_its_way_to_a_dialer_when_it_closes_is_not_claimed() {
    let mut world = World::new(1, 10);
    set(&mut world, Some(open_at("08:00", "09:00")));
    world.now = START + HOUR - Span(1);
    let id = world.accepted(OK);
    world.now = START + HOUR;
    assert_eq!(world.dispatch(), []);
    let call = world.call(id);
    assert_eq!(call.slot().map(|slot| slot.at), Some(START + DAY));
    assert_eq!(world.held(), (0, 0), "it holds no channel");
    let ended = world.run_to_end(id);
    assert_eq!(ended.dialed_at, Some(START + DAY));
}

#[test]
fn a_phone_that_could_ring_after_the_end_is_not_allowed_to() {
    // Whoever may ring a phone does so within 2 s.
    for (early, is_dialed) in [(Span(2_001), true), (Span(1_999), false)] {
        let mut world = World::new(1, 10);
        set(&mut world, Some(open_at("08:00", "09:00")));
        world.now = START + HOUR - early;
        let id = world.accepted(OK);
        let dialed = world.dispatch();
        assert_eq!(dialed.contains(&id), is_dialed, "{early:?}");
        assert_eq!(row(&world, id).is_scheduled(), !is_dialed, "{early:?}");
        if !is_dialed {
            let ended = world.run_to_end(id);
            assert_eq!(ended.dialed_at, Some(START + DAY));
        }
    }
    // The agent may take its time: of a phone in a room it is asked when that is to ring.
    for (early, answer) in [(Span(2_001), true), (Span(1_999), false)] {
        let (mut world, id) = set_up_at(START + HOUR - Span(10_000));
        set(&mut world, Some(open_at("08:00", "09:00")));
        world.now = START + HOUR - early;
        let over = TrunkReply::Over(vec![id]);
        let expected = if answer { TrunkReply::Done } else { over };
        assert_eq!(world.ask(TrunkCommand::Ring(id)), expected, "{early:?}");
    }
}

#[test]
fn a_call_that_the_next_opening_is_too_late_for_ends() {
    let mut world = World::new(1, 10);
    set(&mut world, Some(open_at("08:00", "09:00")));
    let window = Window {
        not_before: Some(START + HOUR - Span(10_000)),
        not_after: START + HOUR + HOUR,
        max_wait: HOUR,
    };
    let Admission::Scheduled { call, .. } = world.within(OK, window) else {
        panic!("not scheduled")
    };
    // It closes a minute before it is due.
    set(&mut world, Some(open_at("08:00", "08:59")));
    live(&mut world, START + HOUR);
    let ended = world.call(call);
    assert_eq!(ended.status, CallStatus::TriggerFailed);
    assert_eq!(failure(&ended), Some(FailureCode::WindowClosed));
    assert_eq!(ended.ended_at, Some(START + HOUR - Span(10_000)));
}

/// A trunk of LiveKit with one call that a dialer has, of which its phone did not ring yet; hours are open from 08:00 to 18:00.
fn set_up() -> (World, CallId) {
    // Whoever was allowed to ring before the object was loaded has done so.
    set_up_at(START + Span(60_000))
}

/// Likewise with a dialer that has it since then.
fn set_up_at(claimed: Timestamp) -> (World, CallId) {
    let mut world = livekit_world();
    world.brief(1, 10, |brief| {
        brief.version += 1;
        brief.config.carrier = line_to("livekit", "APIkey");
    });
    world.now = claimed;
    set(&mut world, Some(open_at("08:00", "18:00")));
    let id = world.accepted(NUMBER);
    claim(&mut world, id);
    world.now = world.now + Span(5_000);
    (world, id)
}

/// Whether somebody would be dialed at once who may be at any hour.
fn has_a_free_channel(world: &mut World) -> bool {
    let mut trigger = World::trigger_of(NUMBER);
    trigger.request.ignores_hours = true;
    let foreseen = world.ask(TrunkCommand::DryRun(Box::new(trigger)));
    foreseen == TrunkReply::Verdict(Verdict::Go)
}

#[test]
fn a_phone_in_a_room_that_was_about_to_ring_when_it_closed_rings_when_it_opens_and_once() {
    let (mut world, id) = set_up();
    set(&mut world, Some(open_at("09:00", "18:00")));
    let over = TrunkReply::Over(vec![id]);
    assert_eq!(world.ask(TrunkCommand::Ring(id)), over);
    let put_off = row(&world, id);
    assert_eq!(put_off.status, CallStatus::Initiating);
    assert_eq!(put_off.slot().map(|slot| slot.at), Some(START + HOUR));
    assert_eq!(
        put_off.closed_in.as_ref().map(ZoneName::as_str),
        Some("Etc/UTC")
    );
    assert_eq!((put_off.dialed_at, put_off.has_room), (None, true));
    assert!(matches!(world.trigger(NUMBER), Admission::Scheduled { .. }));
    assert!(has_a_free_channel(&mut world));
    // What its dialer says of it now is no news of a call; that its room goes is seen to.
    say(&mut world, id, &[CarrierEvent::Deleted]);
    assert_eq!(world.call(id).status, CallStatus::Initiating);
    world.crash();
    world.ask(TrunkCommand::Tick);
    assert!(world.sent.tear_down.contains(&id));
    let TrunkReply::Orders(orders) = world.ask(TrunkCommand::TearDown(vec![id])) else {
        panic!("no orders")
    };
    assert_eq!(orders.len(), 1);
    world.now = world.now + Span(10_000);
    world.ask(TrunkCommand::TornDown(vec![id]));
    let gone = row(&world, id);
    assert!(!gone.has_room && !gone.is_open(), "{gone:?}");
    // Its room comes back: somebody was slow on the way there.
    world.ask(TrunkCommand::RoomSeen(id));
    assert!(row(&world, id).has_room);
    world.now = world.now + Span(10_000);
    world.ask(TrunkCommand::TornDown(vec![id]));
    assert!(!row(&world, id).has_room);
    // It is dialed at the opening like any other.
    world.sent.dial.clear();
    while world.ring(START + HOUR) {}
    assert!(world.sent.dial.contains(&id));
    let order = claim(&mut world, id);
    assert_eq!(order.dialed_at, Some(START + HOUR));
    assert_eq!(world.ask(TrunkCommand::Ring(id)), TrunkReply::Done);
}

#[test]
fn a_call_whose_last_room_is_still_there_when_it_opens_waits_for_it_to_go() {
    let (mut world, id) = set_up();
    set(&mut world, Some(open_at("08:02", "18:00")));
    world.ask(TrunkCommand::Ring(id));
    world.now = START + Span(125_000);
    world.sent.dial.clear();
    world.ask(TrunkCommand::Tick);
    assert_eq!(world.sent.dial, []);
    assert!(has_a_free_channel(&mut world));
    world.ask(TrunkCommand::TornDown(vec![id]));
    while world.ring(world.now + Span(3_000)) && world.sent.dial.is_empty() {}
    assert_eq!(world.sent.dial, [id]);
}

#[test]
fn a_phone_that_was_allowed_to_ring_just_now_is_let_be_until_that_has_passed() {
    let (mut world, id) = set_up();
    assert_eq!(world.ask(TrunkCommand::Ring(id)), TrunkReply::Done);
    world.now = world.now + Span(1_500);
    set(&mut world, Some(open_at("09:00", "18:00")));
    let passes = world.now + Span(500);
    let not_yet = TrunkReply::NotBefore(passes);
    assert_eq!(world.ask(TrunkCommand::Ring(id)), not_yet);
    world.now = passes;
    let over = TrunkReply::Over(vec![id]);
    assert_eq!(world.ask(TrunkCommand::Ring(id)), over);
    assert!(row(&world, id).is_scheduled());
}

#[test]
fn a_phone_that_it_opens_too_late_for_does_not_ring() {
    let (mut world, first) = set_up();
    let window = Window {
        not_before: None,
        not_after: START + HOUR,
        max_wait: HOUR,
    };
    world.ask(TrunkCommand::Cancel(reader(), first));
    let reply = world.within(NUMBER, window);
    let Admission::Accepted { call, .. } = reply else {
        panic!("{reply:?}")
    };
    claim(&mut world, call);
    set(&mut world, Some(open_at("09:00", "18:00")));
    world.ask(TrunkCommand::Ring(call));
    let ended = row(&world, call);
    assert_eq!(ended.status, CallStatus::TriggerFailed);
    assert_eq!(failure(&ended), Some(FailureCode::WindowClosed));
    assert!(ended.left_a_room());
}

#[test]
fn a_long_line_that_finds_it_closed_is_put_off_in_steps() {
    let mut world = World::new(1, 10);
    set(&mut world, Some(open_at("08:00", "09:00")));
    let lasts = world.accepted("+15005550006");
    world.dispatch();
    let waiting: Vec<CallId> = (0..600).map(|_| world.queued(OK, DAY)).collect();
    world.now = START + HOUR;
    world.ask(TrunkCommand::Cancel(reader(), lasts));
    let (_, left) = world.held();
    assert!((300..400).contains(&left), "{left} are left of 600");
    while world.ring(START + HOUR + Span(1_000)) {}
    assert_eq!(world.held(), (0, 0));
    let put_off = |id: &CallId| row(&world, *id).is_scheduled();
    assert!(waiting.iter().all(put_off));
    assert_eq!(world.sent.dial, []);
}

#[test]
fn a_call_that_named_no_end_waits_on_when_the_hours_change_meanwhile() {
    let mut world = World::new(1, 10);
    set(&mut world, Some(open_at("09:00", "18:00")));
    let mut ids = Vec::new();
    for max_wait in [None, Some(Span(60_000))] {
        let reply = admit(&mut world, |trigger| {
            trigger.on_capacity = max_wait.map_or(OnCapacity::Reject, |max_wait| {
                OnCapacity::Queue { max_wait }
            });
        });
        let Admission::Scheduled { call, at, .. } = reply else {
            panic!("{reply:?}")
        };
        assert_eq!(at, START + HOUR);
        let waits = max_wait.unwrap_or(HOUR);
        assert_eq!(world.call(call).gives_up_at(), at + waits);
        ids.push((call, waits));
    }
    set(&mut world, Some(open_at("12:00", "18:00")));
    live(&mut world, START + HOUR + HOUR);
    for (id, waits) in ids {
        let opens = START + HOUR + HOUR + HOUR + HOUR;
        let call = world.call(id);
        assert_eq!(call.slot().map(|slot| slot.at), Some(opens));
        assert_eq!(call.gives_up_at(), opens + waits);
    }
}

#[test]
fn suppression_goes_before_the_hours_and_the_hours_before_capacity() {
    let mut world = World::new(1, 1);
    let suppressed = Number::of(&E164::parse(OK).expect("a number"));
    world.suppressed = vec![suppressed];
    let known = world.known_brief();
    world.brief(1, 1, |brief| {
        brief.version = known.version + 1;
        brief.asks_of_numbers = true;
        let hours = daily("Etc/UTC", "09:00", "18:00", OnClosed::Reject);
        brief.hours = HoursBook::of(Some(hours));
    });
    let ask = |world: &mut World, change: fn(&mut audatec::app::trunk::Trigger)| {
        let mut trigger = World::trigger_of(OK);
        change(&mut trigger);
        world.ask(TrunkCommand::Admit(Box::new(trigger)))
    };
    let refused = TrunkReply::Refused(TrunkRefusal::NumberSuppressed);
    assert_eq!(ask(&mut world, |_| {}), refused);
    world.suppressed = Vec::new();
    // The one channel is taken by who may ignore the hours.
    let taken = ask(&mut world, |trigger| trigger.request.ignores_hours = true);
    assert!(matches!(
        taken,
        TrunkReply::Admission(Admission::Accepted { .. })
    ));
    let opens_at = Some(START + HOUR);
    let closed = TrunkReply::Admission(Admission::Closed { opens_at });
    assert_eq!(ask(&mut world, |_| {}), closed);
}

#[test]
fn an_agents_hours_are_its_own_and_the_organisations_apply_beside_them() {
    let mut world = World::new(5, 10);
    let other = AgentId::from_entropy([9; 16]);
    let known = world.known_brief();
    world.brief(5, 10, |brief| {
        brief.version = known.version + 1;
        brief.hours = HoursBook::of(Some(open_at("07:00", "10:00")));
        let own = daily("Etc/UTC", "09:00", "18:00", OnClosed::Reject);
        brief.hours.add(agent(), &own);
    });
    let opens_at = Some(START + HOUR);
    assert_eq!(world.trigger(OK), Admission::Closed { opens_at });
    let others = admit(&mut world, |trigger| trigger.request.agent.id = other);
    assert!(matches!(others, Admission::Accepted { .. }));
    // From 10:00 on the organisation's are closed; they would wait, the agent's are open.
    world.now = START + HOUR + HOUR;
    let closed = admit(&mut world, |_| {});
    assert!(matches!(closed, Admission::Scheduled { at, .. } if at == START + DAY + HOUR));
}

#[test]
fn the_callees_zone_is_the_numbers_or_what_the_request_says() {
    let mut world = World::new(5, 10);
    let hours = daily("callee", "09:00", "18:00", OnClosed::Reject);
    set(&mut world, Some(hours));
    let dial = |world: &mut World, phone: &str, zone: Option<&str>| {
        admit(world, |trigger| {
            trigger.request.phone = E164::parse(phone).expect("a number");
            trigger.request.time_zone = zone.and_then(ZoneName::parse);
        })
    };
    // 13:30 in India, 08:00 in London.
    let india = dial(&mut world, "+919876543210", None);
    assert!(matches!(india, Admission::Accepted { .. }));
    let opens_at = Some(START + HOUR);
    let london = dial(&mut world, "+442079460018", None);
    assert_eq!(london, Admission::Closed { opens_at });
    let roams = dial(&mut world, "+442079460018", Some("Asia/Calcutta"));
    assert!(matches!(roams, Admission::Accepted { .. }));
    // A satellite's number is from nowhere.
    assert_eq!(
        dial(&mut world, "+870773111632", None),
        Admission::ZoneUnknown
    );
    let said = dial(&mut world, "+870773111632", Some("Asia/Kolkata"));
    assert!(matches!(said, Admission::Accepted { .. }));
}

#[test]
fn who_may_ignore_them_is_dialed_at_once() {
    let mut world = World::new(5, 10);
    set(&mut world, Some(open_at("09:00", "18:00")));
    let urgent = admit(&mut world, |trigger| trigger.request.ignores_hours = true);
    let Admission::Accepted { call, .. } = urgent else {
        panic!("{urgent:?}")
    };
    world.crash();
    world.ask(TrunkCommand::Tick);
    assert_eq!(world.run_to_end(call).dialed_at, Some(START));
}

#[test]
fn a_replay_goes_before_the_hours() {
    let mut world = World::new(5, 10);
    let ask = |world: &mut World| {
        let mut trigger = World::trigger_of(OK);
        trigger.idempotency = Some(audatec::app::trunk::Idempotency {
            key: "order-1".into(),
            body: "ab".repeat(32),
        });
        world.ask(TrunkCommand::Admit(Box::new(trigger)))
    };
    let TrunkReply::Admission(first) = ask(&mut world) else {
        panic!("not admitted")
    };
    let hours = daily("Etc/UTC", "09:00", "18:00", OnClosed::Reject);
    set(&mut world, Some(hours));
    assert_eq!(ask(&mut world), TrunkReply::Replayed(first));
}

/// When a phone was asked to ring, the minutes of the day that its clock may show then, and how many minutes that clock is ahead
/// of UTC: as somebody knows it who has a watch, and none of our code.
type Rung = Option<(Timestamp, (u64, u64), u64)>;

fn is_outside((at, (from, to), ahead): (Timestamp, (u64, u64), u64)) -> bool {
    let minute = (at.0 / 60_000 + ahead) % 1_440;
    minute < from || minute >= to
}

fn dialed(world: &mut World, id: CallId) -> Option<Timestamp> {
    let calls = std::mem::take(&mut world.sent.dial);
    world.ask(TrunkCommand::Claim(calls));
    row(world, id).dialed_at
}

fn closes_on_the_way_to_a_dialer() -> Rung {
    let mut world = World::new(1, 10);
    set(&mut world, Some(open_at("08:00", "09:00")));
    world.now = START + HOUR - Span(1);
    let id = world.accepted(OK);
    world.now = START + HOUR;
    Some((dialed(&mut world, id)?, (480, 540), 0))
}

fn comes_half_a_minute_late() -> Rung {
    let mut world = World::new(1, 10);
    set(&mut world, Some(open_at("08:00", "09:00")));
    world.now = START + HOUR + Span(30_000);
    let Admission::Accepted { call, .. } = world.trigger(OK) else {
        return None;
    };
    Some((dialed(&mut world, call)?, (480, 540), 0))
}

fn is_in_london_while_it_is_open_in_india() -> Rung {
    let mut world = World::new(1, 10);
    let hours = CallingHours {
        fallback_time_zone: ZoneName::parse("Asia/Kolkata"),
        ..daily("callee", "09:00", "18:00", OnClosed::Reject)
    };
    set(&mut world, Some(hours));
    let admitted = admit(&mut world, |trigger| {
        trigger.request.phone = E164::parse("+442079460018").expect("a number");
    });
    let Admission::Accepted { call, .. } = admitted else {
        return None;
    };
    Some((dialed(&mut world, call)?, (540, 1_080), 0))
}

fn opens_later_than_it_was_scheduled_for() -> Rung {
    let mut world = World::new(1, 10);
    set(&mut world, Some(open_at("09:00", "18:00")));
    let Admission::Scheduled { call, .. } = world.trigger(OK) else {
        return None;
    };
    set(&mut world, Some(open_at("12:00", "18:00")));
    world.now = START + HOUR;
    world.ask(TrunkCommand::Tick);
    Some((dialed(&mut world, call)?, (720, 1_080), 0))
}

fn closes_while_its_agent_comes_into_the_room() -> Rung {
    let (mut world, id) = set_up();
    set(&mut world, Some(open_at("09:00", "18:00")));
    let may_ring = world.ask(TrunkCommand::Ring(id)) == TrunkReply::Done;
    may_ring.then_some((world.now, (540, 1_080), 0))
}

#[test]
fn a_phone_that_rings_outside_its_hours_would_be_noticed() {
    let scenes: [(Fault, fn() -> Rung); 5] = [
        (Fault::HoursIgnoredAtClaim, closes_on_the_way_to_a_dialer),
        (Fault::WindowEndsLate, comes_half_a_minute_late),
        (Fault::FallbackFirst, is_in_london_while_it_is_open_in_india),
        (
            Fault::ScheduledUnchecked,
            opens_later_than_it_was_scheduled_for,
        ),
        (
            Fault::HoursIgnoredAtRing,
            closes_while_its_agent_comes_into_the_room,
        ),
    ];
    for (fault, scene) in scenes {
        assert!(!scene().is_some_and(is_outside), "without {fault:?}");
        plant(Some(fault));
        let rung = scene();
        plant(None);
        assert!(rung.is_some_and(is_outside), "{fault:?} is not noticed");
    }
}
