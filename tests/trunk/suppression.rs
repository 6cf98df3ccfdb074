//! Numbers that must not be called.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where it fails"
)]

use audatec::domain::contacts::Number;
use audatec::domain::trunk::GRANT;

use super::support::livekit::{claim, line_to, livekit_world};
use super::*;

fn number(text: &str) -> Number {
    Number::of(&E164::parse(text).expect("a number"))
}

/// A trunk whose organisation suppresses numbers.
fn asking(max_channels: u32) -> World {
    let mut world = World::new(max_channels, 100);
    world.now = world.now + Span(10_000);
    world.brief(max_channels, 100, |brief| brief.asks_of_numbers = true);
    world
}

fn suppress(world: &mut World, last: bool) -> (Option<u64>, Option<Timestamp>) {
    let command = TrunkCommand::Suppress {
        org: org(),
        numbers: vec![number(OK), number("+919876543210")],
        from: 0,
        last,
    };
    match world.ask(command) {
        TrunkReply::Suppressed { next, again_at } => (next, again_at),
        other => panic!("{other:?}"),
    }
}

fn is_suppressed(world: &mut World, id: CallId) {
    let call = world.call(id);
    assert_eq!(call.status, CallStatus::TriggerFailed);
    let failure = call.failure.expect("why");
    assert_eq!(failure.code, FailureCode::NumberSuppressed);
    assert_eq!(failure.source(), FailureSource::Platform);
}

#[test]
fn a_call_to_a_suppressed_number_is_refused_and_nothing_is_created() {
    let mut world = asking(10);
    world.suppressed = vec![number(OK)];
    for command in [
        TrunkCommand::Admit(Box::new(World::trigger_of(OK))),
        TrunkCommand::DryRun(Box::new(World::trigger_of(OK))),
    ] {
        assert_eq!(
            world.ask(command),
            TrunkReply::Refused(TrunkRefusal::NumberSuppressed)
        );
    }
    assert!(world.sent.is_empty());
    world.accepted("+15005550001");
}

#[test]
fn a_call_for_later_is_asked_about_like_any_other() {
    let mut world = asking(10);
    world.scheduled(OK, Span::from_secs(60));
    world.suppressed = vec![number(OK)];
    for command in [
        TrunkCommand::Schedule(Box::new(World::trigger_of(OK))),
        TrunkCommand::DryRunSchedule(Box::new(World::trigger_of(OK))),
    ] {
        assert_eq!(
            world.ask(command),
            TrunkReply::Refused(TrunkRefusal::NumberSuppressed)
        );
    }
}

#[test]
fn a_scheduled_call_ends_when_its_number_is_suppressed_and_not_when_it_is_due() {
    let mut world = asking(10);
    let hour = Span::from_secs(3_600);
    let ids: Vec<CallId> = (0..300).map(|_| world.scheduled(OK, hour)).collect();
    let other = world.scheduled("+15005550001", hour);
    world.crash();
    world.suppressed = vec![number(OK)];
    let (next, again_at) = suppress(&mut world, false);
    assert_eq!(again_at, None);
    let next = next.expect("a step is bounded, and there are more");
    let command = TrunkCommand::Suppress {
        org: org(),
        numbers: vec![number(OK)],
        from: next,
        last: false,
    };
    assert!(matches!(
        world.ask(command),
        TrunkReply::Suppressed { next: None, .. }
    ));
    let told = world.sent.callbacks.len();
    assert!(told > 0, "their receivers are told");
    for id in ids {
        is_suppressed(&mut world, id);
        assert_eq!(world.call(id).ended_at, Some(world.now));
    }
    let waits = world.call(other);
    assert_eq!(
        (waits.status, waits.ended_at),
        (CallStatus::Initiating, None)
    );
    assert_eq!(
        world.held(),
        (0, 0),
        "none of them came into memory for good"
    );
}

#[test]
fn what_is_wrong_with_the_request_comes_first_and_capacity_last() {
    let mut world = asking(0);
    world.suppressed = vec![number(OK)];
    let admit = || TrunkCommand::Admit(Box::new(World::trigger_of(OK)));
    assert_eq!(
        world.ask(admit()),
        TrunkReply::Refused(TrunkRefusal::NumberSuppressed),
        "no channel is free either"
    );
    world.brief(0, 100, |brief| {
        brief.version += 1;
        brief.asks_of_numbers = true;
        brief.inactive_agents = vec![agent()];
    });
    assert_eq!(
        world.ask(admit()),
        TrunkReply::Refused(TrunkRefusal::AgentInactive)
    );
}

#[test]
fn a_request_that_was_answered_before_is_answered_again_whatever_is_known_of_its_number() {
    let mut world = asking(10);
    let trigger = Trigger {
        idempotency: Some(Idempotency {
            key: "order-1".into(),
            body: "ab".repeat(32),
        }),
        ..World::trigger_of(OK)
    };
    let admit = TrunkCommand::Admit(Box::new(trigger));
    assert!(matches!(world.ask(admit.clone()), TrunkReply::Admission(_)));
    world.suppressed = vec![number(OK)];
    assert!(matches!(world.ask(admit.clone()), TrunkReply::Replayed(_)));
    world.nobody_knows = true;
    assert!(matches!(world.ask(admit), TrunkReply::Replayed(_)));
}

#[test]
fn where_nobody_can_be_asked_nothing_is_placed_and_nothing_rings() {
    let mut world = asking(10);
    let call = world.accepted(OK);
    world.nobody_knows = true;
    let admit = TrunkCommand::Admit(Box::new(World::trigger_of(OK)));
    assert_eq!(
        world.ask(admit),
        TrunkReply::Refused(TrunkRefusal::NotAsked)
    );
    assert_eq!(world.dispatch(), []);
    // It is handed out again by itself, and goes when somebody knows.
    assert!(world.ring(world.now + Span(5_000)));
    assert_eq!(world.sent.dial, [call]);
    assert_eq!(world.dispatch(), []);
    world.nobody_knows = false;
    assert!(world.ring(world.now + Span(5_000)));
    assert_eq!(world.dispatch(), [call]);
}

#[test]
fn a_trunk_whose_organisation_suppresses_nothing_asks_nobody() {
    let mut world = World::new(10, 10);
    world.nobody_knows = true;
    let call = world.accepted(OK);
    assert_eq!(world.dispatch(), [call]);
}

#[test]
fn a_call_whose_number_was_suppressed_meanwhile_ends_at_its_claim() {
    let mut world = asking(10);
    let call = world.accepted(OK);
    world.suppressed = vec![number(OK)];
    assert_eq!(world.dispatch(), []);
    is_suppressed(&mut world, call);
}

#[test]
fn a_trunk_that_is_told_takes_back_what_waits_and_lets_conversations_go_on() {
    let mut world = asking(2);
    let talking = world.accepted(OK);
    world.dispatch();
    world.now = world.now + world.settings.sim_ring + Span(10);
    let unclaimed = world.accepted(OK);
    let queued = world.queued(OK, Span(60_000));
    let other = world.queued("+15005550001", Span(60_000));
    assert_eq!(suppress(&mut world, false), (None, None));
    is_suppressed(&mut world, unclaimed);
    is_suppressed(&mut world, queued);
    assert_eq!(world.call(talking).status, CallStatus::Answered);
    assert_eq!(world.call(other).status, CallStatus::Initiating);
    assert_eq!(world.run_to_end(talking).status, CallStatus::Completed);
    // After a crash it is the rows that say so.
    world.crash();
    is_suppressed(&mut world, unclaimed);
}

#[test]
fn a_phone_that_may_ring_just_now_has_a_moment_and_is_then_hung_up() {
    let mut world = asking(10);
    let call = world.accepted(OK);
    let claimed = world.ask(TrunkCommand::Claim(vec![call]));
    assert!(matches!(claimed, TrunkReply::Orders(orders) if orders.len() == 1));
    let (_, again_at) = suppress(&mut world, false);
    assert_eq!(again_at, Some(world.now + GRANT));
    assert_eq!(world.call(call).status, CallStatus::Initiating);
    // Whoever has it and comes late is refused.
    world.now = world.now + Span(1_900);
    assert_eq!(suppress(&mut world, true).1, Some(world.now + Span(100)));
    assert_eq!(
        world.ask(TrunkCommand::Ring(call)),
        TrunkReply::Over(vec![call])
    );
    is_suppressed(&mut world, call);
    assert_eq!(suppress(&mut world, true), (None, None));
}

#[test]
fn a_phone_that_rings_goes_on_if_somebody_answers_and_else_is_hung_up() {
    for (wait, ends) in [(0, true), (2_000, false)] {
        let mut world = asking(10);
        world.settings.sim_ring = Span(1_500);
        let call = world.accepted(OK);
        world.dispatch();
        assert_eq!(world.call(call).status, CallStatus::Ringing);
        assert!(suppress(&mut world, false).1.is_some());
        world.now = world.now + Span(wait);
        assert_eq!(suppress(&mut world, true), (None, None));
        let call = world.call(call);
        match ends {
            true => {
                assert_eq!(call.status, CallStatus::SipCallFailed);
                let code = call.failure.map(|failure| failure.code);
                assert_eq!(code, Some(FailureCode::NumberSuppressed));
            }
            false => assert_eq!(call.status, CallStatus::Answered),
        }
    }
}

#[test]
fn what_an_object_allowed_before_it_was_lost_is_waited_for() {
    let mut world = asking(10);
    let call = world.accepted(OK);
    world.ask(TrunkCommand::Claim(vec![call]));
    world.now = world.now + Span(100);
    world.crash();
    // Even asked for the last time: it can't know that nobody was allowed to ring a moment ago.
    assert_eq!(suppress(&mut world, true).1, Some(world.now + GRANT));
    world.now = world.now + GRANT;
    assert_eq!(suppress(&mut world, true), (None, None));
    is_suppressed(&mut world, call);
}

#[test]
fn a_call_whose_agent_is_on_its_way_is_taken_back_at_once() {
    let mut world = livekit_world();
    world.brief(10, 10, |brief| {
        brief.version += 1;
        brief.asks_of_numbers = true;
        brief.config.carrier = line_to("livekit", "APIkey");
    });
    let call = world.accepted(OK);
    claim(&mut world, call);
    assert_eq!(suppress(&mut world, false), (None, None));
    is_suppressed(&mut world, call);
    assert_eq!(
        world.ask(TrunkCommand::Ring(call)),
        TrunkReply::Over(vec![call])
    );
}

#[test]
fn another_organisation_takes_nothing_back() {
    let mut world = asking(10);
    let call = world.accepted(OK);
    let command = TrunkCommand::Suppress {
        org: audatec::domain::ids::OrgId::from_entropy([9; 16]),
        numbers: vec![number(OK)],
        from: 0,
        last: true,
    };
    world.ask(command);
    assert_eq!(world.dispatch(), [call]);
}

#[test]
fn many_calls_are_taken_back_some_at_a_time() {
    let mut world = World::new(1_000, 1_000);
    world.now = world.now + Span(10_000);
    world.brief(1_000, 1_000, |brief| brief.asks_of_numbers = true);
    let calls: Vec<CallId> = (0..700).map(|_| world.accepted(OK)).collect();
    let (next, _) = suppress(&mut world, false);
    let next = next.expect("more");
    let command = TrunkCommand::Suppress {
        org: org(),
        numbers: vec![number(OK)],
        from: next,
        last: false,
    };
    let done = TrunkReply::Suppressed {
        next: None,
        again_at: None,
    };
    assert_eq!(world.ask(command), done);
    for call in calls {
        is_suppressed(&mut world, call);
    }
}

#[test]
fn a_call_is_taken_back_however_its_number_was_written() {
    let mut world = asking(10);
    // San Marino's numbers are written with and without their area code: their last digits differ.
    let call = world.accepted("+378886377");
    let normal = number("+3780549886377");
    assert_eq!(number("+378886377"), normal);
    let command = TrunkCommand::Suppress {
        org: org(),
        numbers: vec![normal],
        from: 0,
        last: false,
    };
    world.ask(command);
    is_suppressed(&mut world, call);
}
