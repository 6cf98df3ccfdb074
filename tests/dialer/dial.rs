//! Placing a call: what is requested, byte for byte, and when a phone may ring.

use super::*;
use audatec::domain::planted::{Fault, plant};

#[test]
fn what_is_asked_of_livekit_is_pinned() {
    let error = json!({"code": "resource_exhausted", "meta": {"sip_status_code": "486"}});
    let line = FakeServer::answering(&[
        ("CreateRoom", 200, json!({"sid": "RM_1"})),
        ("ListParticipants", 200, agent()),
        ("CreateSIPParticipant", 429, error),
        ("ListParticipants", 200, callee("ringing")),
        ("DeleteRoom", 200, json!({})),
    ]);
    let events = block_on(livekit::dial(&line, &order()));
    let events: Vec<_> = events.into_iter().map(|timed| timed.event).collect();
    let busy = CarrierEvent::Failed(Failure::sip(486));
    assert_eq!(events, [busy, CarrierEvent::Deleted]);
    golden::check("livekit/asked_who_is_there", &json!(*line.asked.borrow()));
    assert!(was_told(&line, &CarrierEvent::Ringing));
}

#[test]
fn an_answer_that_is_lost_is_looked_for_and_nothing_is_dialed_again() {
    let line = FakeServer::answering(&[
        ("CreateRoom", 200, json!({})),
        ("ListParticipants", 200, agent()),
        ("ListParticipants", 200, callee("ringing")),
        ("ListParticipants", 200, callee("ringing")),
        ("ListParticipants", 200, callee("active")),
    ]);
    let events = block_on(livekit::dial(&line, &order()));
    assert_eq!(
        events.last().map(|timed| &timed.event),
        Some(&CarrierEvent::Answered)
    );
    assert_eq!(asked(&line, "CreateSIPParticipant"), 1);
}

#[test]
fn a_callee_that_comes_seconds_after_the_answer_was_lost_is_found() {
    let absent = std::iter::repeat_n((200, agent()), 12);
    let there = ["dialing", "ringing", "active"].map(|status| (200, callee(status)));
    let line = lost_dial(absent.chain(there));
    assert_eq!(dial(&line, &order()), [CarrierEvent::Answered]);
    assert!(was_told(&line, &CarrierEvent::Ringing));
    assert_eq!(asked(&line, "CreateSIPParticipant"), 1);
    assert_eq!(asked(&line, "DeleteRoom"), 0);
}

#[test]
fn a_callee_that_nobody_ever_saw_is_looked_for_before_the_call_is_given_up() {
    let line = lost_dial(std::iter::repeat_n((200, agent()), 60));
    let lost = Failure::dialer(Reason::NotReachable);
    assert_eq!(dial(&line, &order()), [CarrierEvent::Failed(lost)]);
    let took = line.now.get() - START;
    assert!(
        (20..=30).contains(&took.as_secs()),
        "the presumption came after {took:?}"
    );
}

#[test]
fn a_callee_that_was_seen_to_answer_and_is_gone_has_hung_up() {
    let looks = [(200, callee("active"))].into_iter();
    let line = lost_dial(looks.chain(std::iter::repeat_n((200, agent()), 8)));
    assert_eq!(dial(&line, &order()), [CarrierEvent::HungUp(None)]);
    assert!(was_told(&line, &CarrierEvent::Answered));
}

#[test]
fn a_recording_is_started_once_whoever_sees_the_answer() {
    for (running, starts) in [(json!([]), 1), (json!([{"egress_id": "EG_1"}]), 0)] {
        let line = FakeServer::answering(&[
            ("ListParticipants", 200, callee("active")),
            ("ListEgress", 200, json!({"items": running})),
            ("StartRoomCompositeEgress", 200, json!({})),
        ]);
        let mut order = order();
        order.media_policy.recording = true;
        let finding = block_on(livekit::inquire(&line, &order));
        assert!(
            matches!(finding, Ok(InquiryResult::Happened(_))),
            "{finding:?}"
        );
        assert_eq!(asked(&line, "StartRoomCompositeEgress"), starts);
    }
}

#[test]
fn an_event_is_no_earlier_than_what_is_known_whatever_the_carriers_clock_says() {
    let mut world = livekit_world();
    let id = answered(&mut world);
    let answered_at = world.now;
    world.now = world.now + Span(30_000);
    let early = Timed {
        at: answered_at - Span(60_000),
        event: CarrierEvent::HungUp(None),
    };
    world.ask(TrunkCommand::CarrierEvents(vec![(id, vec![early])]));
    let call = row(&world, id);
    assert_eq!(call.ended_at, Some(answered_at));
    assert_eq!(call.duration_secs(), Some(0));
}

#[test]
fn phones_keep_to_max_cps_though_their_agents_come_together_and_across_a_crash() {
    let mut world = livekit_world();
    let calls: Vec<_> = (0..3).map(|_| world.accepted(NUMBER)).collect();
    for id in &calls {
        claim(&mut world, *id);
    }
    world.brief(100, 2, |brief| {
        brief.version += 2;
        brief.config.carrier = line_to("livekit", "APIkey");
    });
    world.now = world.now + Span(5_000);
    let next = TrunkReply::NotBefore(world.now + Span(1_000));
    let ring = |world: &mut World, call: usize| world.ask(TrunkCommand::Ring(calls[call]));
    assert_eq!(ring(&mut world, 0), TrunkReply::Done);
    assert_eq!(ring(&mut world, 1), TrunkReply::Done);
    assert_eq!(ring(&mut world, 2), next);
    world.now = world.now + Span(1_000);
    assert_eq!(ring(&mut world, 2), TrunkReply::Done);
    world.ask(TrunkCommand::Cancel(support::reader(), calls[0]));
    assert_eq!(ring(&mut world, 0), TrunkReply::Over(vec![calls[0]]));

    world.crash();
    let next = TrunkReply::NotBefore(world.now + Span(1_000));
    assert_eq!(ring(&mut world, 1), next);
    world.now = world.now + Span(1_000);
    assert_eq!(ring(&mut world, 1), TrunkReply::Done);
}

/// Three calls on the schedule and three direct ones, all of them claimed within some seconds, and what each hears that asks whether its phone may ring.
fn scheduled_and_direct() -> (World, [CallId; 3], [CallId; 3]) {
    let mut world = livekit_world();
    world.brief(100, 1, |brief| {
        brief.version += 2;
        brief.config.carrier = line_to("livekit", "APIkey");
    });
    let scheduled = [(); 3].map(|()| world.scheduled(NUMBER, Span(1_000)));
    for id in scheduled {
        world.now = world.now + Span(1_001);
        world.ask(TrunkCommand::Tick);
        claim(&mut world, id);
    }
    let direct = [(); 3].map(|()| {
        world.now = world.now + Span(1_001);
        let id = world.accepted(NUMBER);
        claim(&mut world, id);
        id
    });
    world.now = world.now + Span(2_000);
    (world, scheduled, direct)
}

/// The order in which phones ring whose calls ask again when they were told to, and how often these asked.
fn rings_of(world: &mut World, calls: impl Iterator<Item = CallId>) -> (Vec<CallId>, usize) {
    let mut rang = Vec::new();
    let mut asks: Vec<(Timestamp, CallId)> = calls.map(|id| (world.now, id)).collect();
    let mut asked = 0;
    while let Some(next) = (0..asks.len()).min_by_key(|at| asks[*at].0) {
        let (at, id) = asks.remove(next);
        world.now = world.now.max(at);
        asked += 1;
        match world.ask(TrunkCommand::Ring(id)) {
            TrunkReply::Done => rang.push(id),
            TrunkReply::NotBefore(at) => asks.push((at, id)),
            other => panic!("{other:?}"),
        }
    }
    (rang, asked)
}

#[test]
fn phones_of_direct_calls_ring_before_those_of_others_that_ask_with_them() {
    let (mut world, scheduled, direct) = scheduled_and_direct();
    // Who stood on the schedule asks first, each time.
    let (rang, asked) = rings_of(&mut world, scheduled.into_iter().chain(direct));
    // Of those that ask at the same moment the very first could not know of the others.
    assert_eq!(rang[0], scheduled[0]);
    assert_eq!(rang[1..4], direct);
    assert_eq!(rang[4..], scheduled[1..]);
    assert!(asked <= 30, "they asked {asked} times");
}

#[test]
fn phones_that_let_nobody_go_first_would_be_noticed() {
    let (mut world, scheduled, direct) = scheduled_and_direct();
    plant(Some(Fault::ScheduledRingsFirst));
    let (rang, _) = rings_of(&mut world, scheduled.into_iter().chain(direct));
    plant(None);
    assert_ne!(rang[1..4], direct);
}

#[test]
fn a_phone_waits_neither_for_who_asks_no_more_nor_until_it_may_ring_no_longer() {
    let (mut world, scheduled, direct) = scheduled_and_direct();
    let ring = |world: &mut World, id| world.ask(TrunkCommand::Ring(id));
    assert_eq!(ring(&mut world, direct[0]), TrunkReply::Done);
    let free = world.now + Span(1_000);
    assert_eq!(ring(&mut world, direct[1]), TrunkReply::NotBefore(free));
    world.now = free + Span(900);
    let TrunkReply::NotBefore(again) = ring(&mut world, scheduled[0]) else {
        panic!("it rings before a direct call");
    };
    world.now = again;
    assert_eq!(ring(&mut world, scheduled[0]), TrunkReply::Done);
    // Half of the time that its room has is over.
    let dialed_at = world.call(scheduled[1]).dialed_at.unwrap_or_default();
    world.now = dialed_at + Span(SETUP_LIMIT.0 / 2) - Span(500);
    assert_eq!(ring(&mut world, direct[1]), TrunkReply::Done);
    let free = world.now + Span(1_000);
    assert_eq!(ring(&mut world, direct[2]), TrunkReply::NotBefore(free));
    world.now = free;
    assert_eq!(ring(&mut world, scheduled[1]), TrunkReply::Done);
}

#[test]
fn the_phone_is_asked_to_ring_within_60_ms_of_an_agent_that_comes_as_they_do_and_after_18_s_too() {
    for (looks, least, most) in [(8, 500, 600), (68, 17_000, 19_000)] {
        let line = agent_after(looks);
        let events = dial(&line, &order());
        assert_eq!(events.last(), Some(&CarrierEvent::Answered));
        // Time passes only where the dialer waits.
        let took = line.dialed_at.get().unwrap_or_default() - START;
        assert!((least..=most).contains(&took.0), "{looks} looks: {took:?}");
        assert!(asked(&line, "CreateSIPParticipant") == 1 && asked(&line, "ListDispatch") == 0);
    }
}

#[test]
fn no_phone_rings_for_a_job_that_was_accepted_or_an_agent_that_is_not_in_the_room() {
    for participants in [
        json!([]),
        json!([{"identity": "agent-AJ_1", "kind": "AGENT", "state": "JOINED"}]),
        json!([{"identity": "agent-AJ_1", "kind": "AGENT", "state": "DISCONNECTED"}]),
        json!([{"identity": "agent-AJ_1", "kind": "STANDARD", "state": "ACTIVE"}]),
        json!([{"identity": "EG_1", "kind": "EGRESS", "state": "ACTIVE"}]),
    ] {
        let look = (
            "ListParticipants",
            200,
            json!({"participants": participants}),
        );
        let dispatch = json!({"agent_dispatches": [{"state": {"jobs": [{"state": {"status": "JS_RUNNING"}}]}}]});
        let mut answers = vec![
            ("CreateRoom", 200, json!({})),
            ("DeleteRoom", 200, json!({})),
        ];
        answers.push(("ListDispatch", 200, dispatch));
        answers.extend(std::iter::repeat_n(look, 400));
        let line = FakeServer::answering(&answers);
        let absent = CarrierEvent::Failed(Failure::of(FailureCode::AgentUnavailable));
        let events = dial(&line, &order());
        assert_eq!(events, [absent, CarrierEvent::Deleted], "{participants}");
        assert_eq!(asked(&line, "CreateSIPParticipant"), 0);
        let waited = line.now.get() - START;
        assert!((18_000..=20_000).contains(&waited.0), "{waited:?}");
    }
}

#[test]
fn an_agent_that_left_while_the_phone_waited_for_its_turn_is_missed_before_it_rings() {
    let nobody = ("ListParticipants", 200, json!({"participants": []}));
    let mut answers = vec![
        ("CreateRoom", 200, json!({})),
        ("ListParticipants", 200, agent()),
        ("DeleteRoom", 200, json!({})),
    ];
    answers.extend(std::iter::repeat_n(nobody, 100));
    let line = FakeServer::answering(&answers);
    let not_before = TrunkReply::NotBefore(START + Span(4_000));
    line.turns.borrow_mut().push_back(not_before);
    let absent = CarrierEvent::Failed(Failure::of(FailureCode::AgentUnavailable));
    assert_eq!(dial(&line, &order()), [absent, CarrierEvent::Deleted]);
    assert_eq!(asked(&line, "CreateSIPParticipant"), 0);
}
