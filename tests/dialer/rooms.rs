//! What a LiveKit trunk owes until nothing of a call is left there, including rooms that come back; and how a call's end is
//! described, by what was seen of its phone.

use crate::support::livekit::{NUMBER, claim, livekit_world, row, say};
use crate::support::{World, reader};
use audatec::app::dialers::livekit::webhook;
use audatec::app::trunk::{DialOrder, TrunkCommand, TrunkReply};
use audatec::domain::call::{
    CallStatus, CarrierEvent, Failure, FailureCode, FailureSource, Reason, SETUP_LIMIT,
};
use audatec::domain::ids::CallId;
use audatec::domain::time::Span;
use serde_json::json;

/// A call that a dialer is at.
fn claimed(world: &mut World) -> CallId {
    let id = world.accepted(NUMBER);
    claim(world, id);
    id
}

fn orders(reply: TrunkReply) -> Vec<DialOrder> {
    match reply {
        TrunkReply::Orders(orders) => orders,
        other => panic!("{other:?}"),
    }
}

fn later(world: &mut World, ms: u64) {
    world.now = world.now + Span(ms);
    world.ask(TrunkCommand::Tick);
}

/// Hangs up whatever is to be hung up, as the dispatch queue's consumer does; says which calls that were.
fn tear_down(world: &mut World) -> Vec<CallId> {
    let due = std::mem::take(&mut world.sent.tear_down);
    let orders = orders(world.ask(TrunkCommand::TearDown(due)));
    let torn_down: Vec<_> = orders.iter().map(|order| order.call).collect();
    if !torn_down.is_empty() {
        world.ask(TrunkCommand::TornDown(torn_down.clone()));
    }
    torn_down
}

const ANSWERED: &[CarrierEvent] = &[CarrierEvent::Ringing, CarrierEvent::Answered];

/// Brings a call to its end.
type End = fn(&mut World, CallId);

/// Ends of every kind, each with what goes before it.
fn ends() -> Vec<(&'static str, End)> {
    vec![
        ("the person hung up", |world, id| {
            say(world, id, ANSWERED);
            say(world, id, &[CarrierEvent::HungUp(None)]);
        }),
        ("busy", |world, id| {
            say(world, id, &[CarrierEvent::Failed(Failure::sip(486))]);
        }),
        ("busy, and the dialer cleared up", |world, id| {
            let busy = CarrierEvent::Failed(Failure::sip(486));
            say(world, id, &[busy, CarrierEvent::Deleted]);
        }),
        ("no agent came", |world, id| {
            let absent = Failure::of(FailureCode::AgentUnavailable);
            let events = [CarrierEvent::Failed(absent), CarrierEvent::Deleted];
            say(world, id, &events);
        }),
        ("cancelled before it rang", |world, id| {
            world.ask(TrunkCommand::Cancel(reader(), id));
            tear_down(world);
            say(world, id, &[CarrierEvent::Deleted]);
        }),
        ("cancelled while it rang", |world, id| {
            say(world, id, &[CarrierEvent::Ringing]);
            world.ask(TrunkCommand::Cancel(reader(), id));
            tear_down(world);
            say(world, id, &[CarrierEvent::Deleted]);
        }),
        ("released while they talked", |world, id| {
            say(world, id, ANSWERED);
            world.ask(TrunkCommand::Cancel(reader(), id));
        }),
        ("by the watchdog", |world, id| {
            say(world, id, ANSWERED);
            let longest = world.settings.max_call.0 + 60_000;
            later(world, longest);
        }),
    ]
}

#[test]
fn every_end_is_followed_by_another_deletion_10_s_later_and_by_no_third() {
    for (kind, end) in ends() {
        for crash in [false, true] {
            let mut world = livekit_world();
            let id = claimed(&mut world);
            end(&mut world, id);
            let ended_at = world.call(id).ended_at.unwrap_or(world.now);
            tear_down(&mut world);
            assert!(row(&world, id).has_room, "{kind}: it may come back");
            if crash {
                world.crash();
            }
            let mut deleted_at = Vec::new();
            for _ in 0..90 {
                later(&mut world, 500);
                if tear_down(&mut world) == [id] {
                    deleted_at.push(world.now - ended_at);
                }
            }
            let last = deleted_at.last().copied().unwrap_or_default();
            assert!(last >= Span(10_000), "{kind}: {deleted_at:?}");
            // As long as its dialer may be at it, there are more.
            if !crash && kind != "busy" {
                assert_eq!(deleted_at.len(), 1, "{kind}: {deleted_at:?}");
                assert!(last <= Span(10_500), "{kind}: {deleted_at:?}");
            }
            assert!(
                !row(&world, id).has_room,
                "{kind}: nothing is owed any more"
            );
            // What is left to come is no room's.
            assert!(world.sent.tear_down.is_empty());
        }
    }
}

#[test]
fn a_room_that_comes_back_is_deleted_again_however_long_the_call_is_over_and_across_a_crash() {
    for (kind, end) in ends() {
        let mut world = livekit_world();
        let id = claimed(&mut world);
        end(&mut world, id);
        tear_down(&mut world);
        for _ in 0..5 {
            later(&mut world, 10_000);
            tear_down(&mut world);
        }
        assert!(!row(&world, id).has_room, "{kind}");
        world.now = world.now + Span::from_secs(7_200);
        world.crash();
        let before = row(&world, id);

        assert_eq!(world.ask(TrunkCommand::RoomSeen(id)), TrunkReply::Done);
        assert_eq!(world.sent.tear_down, [id], "{kind}: at once");
        world.crash();
        world.sent.tear_down.clear();
        later(&mut world, 1);
        assert_eq!(tear_down(&mut world), [id], "{kind}: it is still owed");

        let mut after = row(&world, id);
        assert!(!after.has_room, "{kind}");
        after.long_lived = before.long_lived;
        assert_eq!(after, before, "{kind}: nothing else of it changed");
        later(&mut world, 60_000);
        assert!(world.sent.tear_down.is_empty(), "{kind}");
    }
}

#[test]
fn a_room_that_is_there_while_its_call_goes_on_costs_nothing() {
    let mut world = livekit_world();
    let id = claimed(&mut world);
    let before = world.rows.written.get();
    world.ask(TrunkCommand::RoomSeen(id));
    say(&mut world, id, ANSWERED);
    let rows = world.rows.written.get();
    world.ask(TrunkCommand::RoomSeen(id));
    assert_eq!(world.rows.written.get(), rows);
    assert_eq!(rows - before, 1);
    assert!(world.sent.tear_down.is_empty());
    // And one of no call of this trunk's is forgotten.
    let other = livekit_world().accepted(NUMBER);
    world.ask(TrunkCommand::RoomSeen(other));
    assert_eq!(world.rows.written.get(), rows);
}

#[test]
fn a_call_in_a_room_writes_no_more_rows_than_its_budget_allows() {
    let mut world = livekit_world();
    let before = world.rows.written.get();
    let id = claimed(&mut world);
    world.ask(TrunkCommand::Ring(id));
    say(&mut world, id, &[CarrierEvent::Announced]);
    for event in [CarrierEvent::Ringing, CarrierEvent::Answered] {
        later(&mut world, 1_000);
        say(&mut world, id, &[event]);
    }
    later(&mut world, 5_000);
    say(&mut world, id, &[CarrierEvent::HungUp(None)]);
    for _ in 0..4 {
        tear_down(&mut world);
        later(&mut world, 5_000);
    }
    assert!(!row(&world, id).has_room);
    // Accepted, claimed, ringing, answered, over, completed, nothing left; and its callback's result would be the eighth.
    assert_eq!(world.rows.written.get() - before, 7);
}

#[test]
fn which_webhooks_tell_of_a_room() {
    for (event, tells) in [
        ("room_started", true),
        ("participant_joined", true),
        ("room_finished", false),
        ("participant_left", false),
        ("track_published", false),
        ("egress_ended", false),
    ] {
        let event = json!({"event": event, "room": {"name": "x"}});
        assert_eq!(webhook::shows_a_room(&event), tells, "{event}");
    }
    assert!(!webhook::shows_a_room(&json!(null)));
}

fn ended_with(world: &World, id: CallId) -> (CallStatus, FailureCode, FailureSource) {
    let call = row(world, id);
    let failure = call.failure.expect("a failure");
    (call.status, failure.code, failure.source())
}

#[test]
fn what_was_seen_ringing_is_never_unreachable_nor_could_it_not_be_started() {
    use CallStatus::{Decline, SipCallFailed, TriggerFailed};
    use FailureCode::*;
    let of = |code| (Failure::of(code), code);
    let dialer = |reason| (Failure::dialer(reason), DialerUnavailable);
    for ((failure, code), silent, rang) in [
        (of(Unreachable), SipCallFailed, (SipCallFailed, NoAnswer)),
        (
            dialer(Reason::NoSipNode),
            TriggerFailed,
            (SipCallFailed, DialerUnavailable),
        ),
        (
            dialer(Reason::NotReachable),
            TriggerFailed,
            (SipCallFailed, DialerUnavailable),
        ),
        (
            dialer(Reason::NodeSilent),
            SipCallFailed,
            (SipCallFailed, DialerUnavailable),
        ),
        (
            of(AgentUnavailable),
            TriggerFailed,
            (SipCallFailed, AgentUnavailable),
        ),
        (of(TimedOut), TriggerFailed, (SipCallFailed, TimedOut)),
        (
            of(CarrierError),
            SipCallFailed,
            (SipCallFailed, CarrierError),
        ),
        (of(Declined), Decline, (Decline, Declined)),
    ] {
        let mut world = livekit_world();
        let id = claimed(&mut world);
        say(&mut world, id, &[CarrierEvent::Failed(failure)]);
        let (status, seen, _) = ended_with(&world, id);
        assert_eq!((status, seen), (silent, code));

        let mut world = livekit_world();
        let id = claimed(&mut world);
        say(&mut world, id, &[CarrierEvent::Ringing]);
        say(&mut world, id, &[CarrierEvent::Failed(failure)]);
        let (status, seen, source) = ended_with(&world, id);
        assert_eq!((status, seen), rang);
        let call = row(&world, id);
        let failure = call.failure.expect("a failure");
        assert!(
            !failure.message().contains("could not start"),
            "{failure:?}"
        );
        assert!(!failure.message().contains("not be reached"), "{failure:?}");
        if code == DialerUnavailable {
            assert_eq!(source, FailureSource::Dialer);
        }
    }
    // What a SIP status says is the carrier's own word.
    let mut world = livekit_world();
    let id = claimed(&mut world);
    say(&mut world, id, &[CarrierEvent::Ringing]);
    say(&mut world, id, &[CarrierEvent::Failed(Failure::sip(404))]);
    assert_eq!(ended_with(&world, id).1, Unreachable);
}

#[test]
fn a_webhook_that_shows_an_earlier_state_does_not_take_the_ringing_back() {
    let mut world = livekit_world();
    let id = claimed(&mut world);
    say(&mut world, id, &[CarrierEvent::Ringing]);
    // A server that started anew shows the callee with its first attributes.
    let left = json!({
        "event": "participant_left", "room": {"name": id}, "createdAt": world.now.as_secs().to_string(),
        "participant": {"identity": format!("callee-{id}"), "kind": "SIP", "disconnectReason": "USER_UNAVAILABLE",
                        "attributes": {"sip.callStatus": "dialing"}},
    });
    let events = webhook::events(id, &left, world.now);
    world.ask(TrunkCommand::CarrierEvents(vec![(id, events)]));
    later(&mut world, 5_000);
    let (status, code, _) = ended_with(&world, id);
    assert_eq!(
        (status, code),
        (CallStatus::SipCallFailed, FailureCode::NoAnswer)
    );
}

#[test]
fn cancelled_before_any_invite_the_call_was_never_started() {
    use CallStatus::{SipCallFailed, TriggerFailed};
    let canceled = |world: &mut World, id| {
        world.ask(TrunkCommand::Cancel(reader(), id));
        let (status, code, source) = ended_with(world, id);
        assert_eq!(
            (code, source),
            (FailureCode::Canceled, FailureSource::Caller)
        );
        status
    };
    let mut world = livekit_world();
    let id = world.accepted(NUMBER);
    assert_eq!(canceled(&mut world, id), TriggerFailed, "unclaimed");

    let id = claimed(&mut world);
    later(&mut world, 2_000);
    assert_eq!(
        canceled(&mut world, id),
        TriggerFailed,
        "its agent is on the way"
    );

    let id = claimed(&mut world);
    assert_eq!(world.ask(TrunkCommand::Ring(id)), TrunkReply::Done);
    assert_eq!(
        canceled(&mut world, id),
        SipCallFailed,
        "it may ring by now"
    );

    let id = claimed(&mut world);
    world.ask(TrunkCommand::Ring(id));
    say(&mut world, id, &[CarrierEvent::Ringing]);
    assert_eq!(canceled(&mut world, id), SipCallFailed, "it rings");

    // Who was restarted does not know, and says nothing that may be wrong.
    let id = claimed(&mut world);
    world.crash();
    assert_eq!(canceled(&mut world, id), SipCallFailed, "it may have rung");
    assert!(world.now < row(&world, id).dialed_at.unwrap_or_default() + SETUP_LIMIT);
}
