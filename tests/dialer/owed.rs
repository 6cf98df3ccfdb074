//! What a trunk's object owes until nothing of a call is left at LiveKit.

use super::*;

#[test]
fn a_call_is_hung_up_where_it_was_dialed_whatever_the_trunks_line_is_now() {
    let mut world = livekit_world();
    let id = answered(&mut world);
    world.now = world.now + Span(1_000);
    world.brief(100, 100, |brief| brief.version += 2); // a simulator now
    let next = world.accepted(NUMBER);
    assert_eq!(claim(&mut world, next).carrier, Carrier::Simulator);
    world.crash();
    world.ask(TrunkCommand::Cancel(support::reader(), id));
    let TrunkReply::Orders(orders) = world.ask(TrunkCommand::TearDown(vec![id])) else {
        panic!("orders")
    };
    let Carrier::LiveKit { url, .. } = &orders[0].carrier else {
        panic!("another line: {orders:?}")
    };
    assert_eq!(url, "wss://livekit.example.com");
}

#[test]
fn a_stored_call_with_a_room_is_pinned() {
    let mut world = livekit_world();
    let id = world.accepted(NUMBER);
    claim(&mut world, id);
    say(
        &mut world,
        id,
        &[CarrierEvent::Announced, CarrierEvent::Ringing],
    );
    let stored = serde_json::to_value(row(&world, id)).expect("JSON");
    golden::check("calls/stored_told_room", &stored);
    let read: Call = serde_json::from_value(stored).expect("readable");
    assert!(read.has_room && read.announced);
}

#[test]
fn each_call_is_a_message_of_its_own() {
    let mut world = livekit_world();
    let calls: Vec<_> = (0..3).map(|_| world.accepted(NUMBER)).collect();
    let tag = calls[0].address().tag;
    assert_eq!(world.sent.dials(tag, 1).len(), 3);
}

#[test]
fn what_ends_is_released_until_that_is_done_even_across_a_crash() {
    let mut world = livekit_world();
    let id = answered(&mut world);
    say(&mut world, id, &[CarrierEvent::HungUp(None)]);
    assert_eq!(std::mem::take(&mut world.sent.tear_down), [id]);
    world.crash();
    world.now = world.now + Span(1);
    world.ask(TrunkCommand::Tick);
    assert_eq!(std::mem::take(&mut world.sent.tear_down), [id]);
    world.now = world.now + Span::from_secs(11);
    world.ask(TrunkCommand::Tick);
    assert_eq!(std::mem::take(&mut world.sent.tear_down), [id]);
    let TrunkReply::Orders(orders) = world.ask(TrunkCommand::TearDown(vec![id])) else {
        panic!("orders")
    };
    assert_eq!(orders.len(), 1);
    world.ask(TrunkCommand::TornDown(vec![id]));
    assert!(!row(&world, id).has_room);
    world.now = world.now + Span::from_secs(60);
    world.ask(TrunkCommand::Tick);
    assert!(world.sent.tear_down.is_empty());
}

#[test]
fn a_dialer_that_fails_and_has_cleared_up_leaves_nothing_to_release() {
    let mut world = livekit_world();
    let id = world.accepted(NUMBER);
    claim(&mut world, id);
    let busy = CarrierEvent::Failed(Failure::sip(486));
    say(&mut world, id, &[busy, CarrierEvent::Released]);
    let call = row(&world, id);
    assert_eq!((call.status, call.has_room), (CallStatus::Decline, false));
    assert!(world.sent.tear_down.is_empty());
}

#[test]
fn a_dialer_hears_that_its_call_is_over_and_a_room_made_meanwhile_is_released_too() {
    let mut world = livekit_world();
    let id = world.accepted(NUMBER);
    claim(&mut world, id);
    world.ask(TrunkCommand::Cancel(support::reader(), id));
    assert_eq!(std::mem::take(&mut world.sent.tear_down), [id]);
    world.ask(TrunkCommand::TornDown(vec![id]));
    assert!(row(&world, id).has_room, "the dialer may be at it still");
    assert_eq!(say(&mut world, id, &[]), TrunkReply::Over(vec![id]));
    world.now = world.now + SETUP_LIMIT;
    world.ask(TrunkCommand::Tick);
    assert_eq!(std::mem::take(&mut world.sent.tear_down), [id]);
    world.ask(TrunkCommand::TornDown(vec![id]));
    assert!(!row(&world, id).has_room);
}

#[test]
fn a_carrier_that_stays_away_is_not_told_for_ever() {
    let mut world = livekit_world();
    let id = answered(&mut world);
    world.ask(TrunkCommand::Cancel(support::reader(), id));
    let longest = world.settings.max_call + TEARDOWN_PATIENCE;
    let mut told = 0;
    let end = world.now + longest;
    while world.now < end {
        world.now = world.now + Span::from_secs(10);
        world.ask(TrunkCommand::Tick);
        told += std::mem::take(&mut world.sent.tear_down).len() as u64;
    }
    assert!(!row(&world, id).has_room);
    assert!(
        (longest.0 / 10_000 - 2..=longest.0 / 10_000).contains(&told),
        "told {told} times"
    );
}

#[test]
fn a_room_that_was_left_while_the_object_slept_is_deleted_all_the_same() {
    let mut world = livekit_world();
    let id = answered(&mut world);
    world.ask(TrunkCommand::Cancel(support::reader(), id));
    world.crash();
    world.sent.tear_down.clear();
    world.now = world.now + world.settings.max_call + TEARDOWN_PATIENCE + TEARDOWN_PATIENCE;
    for tries in 1..=10 {
        world.ask(TrunkCommand::Tick);
        assert_eq!(
            std::mem::take(&mut world.sent.tear_down),
            [id],
            "try {tries}"
        );
        world.now = world.now + Span::from_secs(10);
    }
    world.ask(TrunkCommand::Tick);
    assert!(!row(&world, id).has_room, "it is not told for ever");
}

#[test]
fn a_conversation_is_looked_at_once_a_minute_when_it_is_announced() {
    let mut world = livekit_world();
    let id = world.accepted(NUMBER);
    claim(&mut world, id);
    say(&mut world, id, &[CarrierEvent::Announced]);
    say(&mut world, id, &[CarrierEvent::Answered]);
    world.now = START + Span::from_secs(59);
    world.ask(TrunkCommand::Tick);
    assert!(world.sent.inquire.is_empty());
    world.now = START + Span::from_secs(60);
    world.ask(TrunkCommand::Tick);
    assert_eq!(world.sent.inquire, [id]);
}

#[test]
fn the_dials_own_word_counts_more_than_what_is_presumed() {
    let presumed = |world: &World| {
        let failure = CarrierEvent::Failed(Failure::of(FailureCode::Declined));
        Timed {
            at: world.now + Span(5_000),
            event: failure,
        }
    };
    for dial_answers in [true, false] {
        let mut world = livekit_world();
        let id = world.accepted(NUMBER);
        claim(&mut world, id);
        let hint = presumed(&world);
        world.ask(TrunkCommand::CarrierEvents(vec![(id, vec![hint])]));
        assert_eq!(world.call(id).status, CallStatus::Initiating);
        if dial_answers {
            let busy = CarrierEvent::Failed(Failure::sip(486));
            say(&mut world, id, &[busy, CarrierEvent::Released]);
        }
        world.now = world.now + Span(5_000);
        world.ask(TrunkCommand::Tick);
        let call = row(&world, id);
        let sip = call.failure.and_then(|failure| failure.sip_status_code);
        assert_eq!(call.status, CallStatus::Decline);
        assert_eq!(sip, dial_answers.then_some(486));
    }
}

#[test]
fn a_word_that_is_repeated_puts_no_end_off() {
    let mut world = livekit_world();
    let id = answered(&mut world);
    let first = world.now + Span(5_000);
    for _ in 0..4 {
        let presumed = Timed {
            at: world.now + Span(5_000),
            event: CarrierEvent::HungUp(None),
        };
        world.ask(TrunkCommand::CarrierEvents(vec![(id, vec![presumed])]));
        world.now = world.now + Span(2_000);
    }
    assert_eq!(row(&world, id).ended_at, Some(first));
}

#[test]
fn a_room_whose_making_was_not_answered_is_deleted_until_nothing_of_it_can_come() {
    let lost = FakeServer::answering(&[("DeleteRoom", 404, gone())]);
    let refused = Failure::dialer(Reason::NotReachable);
    let events = block_on(livekit::dial(&lost, &order()));
    assert_eq!(asked(&lost, "DeleteRoom"), 1);
    assert_eq!(asked(&lost, "CreateSIPParticipant"), 0);

    let mut world = livekit_world();
    let id = world.accepted(NUMBER);
    claim(&mut world, id);
    world.ask(TrunkCommand::CarrierEvents(vec![(id, events)]));
    let mut hung_up = Vec::new();
    for second in 0..60 {
        world.now = world.now + Span(1_000);
        world.ask(TrunkCommand::Tick);
        if !std::mem::take(&mut world.sent.tear_down).is_empty() {
            hung_up.push(second);
            world.ask(TrunkCommand::TornDown(vec![id]));
        }
    }
    assert_eq!(row(&world, id).failure, Some(refused));
    assert!(
        hung_up.len() >= 3 && hung_up.last() >= Some(&24),
        "{hung_up:?}"
    );
    assert!(!row(&world, id).has_room);
}

#[test]
fn a_former_line_speaks_for_the_calls_that_were_dialed_over_it() {
    let mut world = livekit_world();
    let old = answered(&mut world);
    world.now = world.now + Span(1_000);
    world.brief(100, 100, |brief| {
        brief.version += 2;
        brief.config.carrier = line_to("another", "APIother");
    });
    let new = answered(&mut world);
    for (of, key) in [
        (None, "APIother"),
        (Some(old), "APIkey"),
        (Some(new), "APIother"),
    ] {
        let TrunkReply::Credentials(Some(line)) = world.ask(TrunkCommand::Credentials(of)) else {
            panic!("no line of {of:?}")
        };
        assert_eq!(line.api_key, key, "{of:?}");
    }
}

#[test]
fn a_livekit_that_has_forgotten_is_told_to_hang_up_before_the_call_ends() {
    let line = FakeServer::answering(&[
        ("ListParticipants", 200, nobody()),
        ("DeleteRoom", 404, gone()),
    ]);
    line.now.set(START + SETUP_LIMIT);
    let finding = block_on(livekit::inquire(&line, &order()));
    let Ok(InquiryResult::Happened(events)) = finding else {
        panic!("{finding:?}")
    };
    assert!(
        events
            .iter()
            .any(|timed| timed.event == CarrierEvent::Deleted)
    );
    let line = FakeServer::answering(&[("ListParticipants", 200, nobody())]);
    line.now.set(START + SETUP_LIMIT);
    assert_eq!(
        block_on(livekit::inquire(&line, &order())),
        Err(Unavailable)
    );
}
