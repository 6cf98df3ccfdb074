//! Inquiring about a call: what is found, and who is hung up on.

use super::*;

#[test]
fn an_inquiry_that_finds_somebody_without_an_agent_hangs_up() {
    use CarrierEvent::{Answered, Deleted, Deserted, Ringing};
    for (status, answered, found) in [
        ("active", true, vec![Deserted, Deleted]),
        ("active", false, vec![Answered, Deserted, Deleted]),
        ("ringing", false, vec![Ringing, Deserted, Deleted]),
    ] {
        let looks = std::iter::repeat_n(("ListParticipants", 200, alone(status)), 3);
        let deleted = ("DeleteRoom", 200, json!({}));
        let line = FakeServer::answering(&looks.chain([deleted]).collect::<Vec<_>>());
        let mut order = order();
        order.answered_at = answered.then_some(START);
        assert_eq!(happened(&line, &order), found, "{status}");
        assert!(
            was_told(&line, &Deserted),
            "before LiveKit says that the callee left"
        );
    }
    // The word that it could not be done leaves that to the trunk.
    let looks = std::iter::repeat_n(("ListParticipants", 200, alone("active")), 3);
    let line = FakeServer::answering(&looks.collect::<Vec<_>>());
    let mut order = order();
    order.answered_at = Some(START);
    assert_eq!(happened(&line, &order), [Deserted]);
}

#[test]
fn an_agent_that_is_out_of_sight_for_a_moment_is_not_gone() {
    let line = FakeServer::answering(&[
        ("ListParticipants", 200, alone("active")),
        ("ListParticipants", 200, alone("active")),
        ("ListParticipants", 200, callee("active")),
    ]);
    let mut order = order();
    order.answered_at = Some(START);
    let finding = block_on(livekit::inquire(&line, &order));
    assert_eq!(finding, Ok(InquiryResult::StillThere));
    assert_eq!(asked(&line, "DeleteRoom"), 0);
}

#[test]
fn an_inquiry_about_a_call_whose_agent_is_done_hangs_up_on_whoever_is_there() {
    let line = FakeServer::answering(&[
        ("ListParticipants", 200, callee("active")),
        ("DeleteRoom", 200, json!({})),
    ]);
    let mut order = order();
    (order.answered_at, order.is_agent_done) = (Some(START), true);
    let hung_up = [CarrierEvent::Deserted, CarrierEvent::Deleted];
    assert_eq!(happened(&line, &order), hung_up);
}

#[test]
fn a_phone_that_is_picked_up_when_its_agent_has_just_left_is_hung_up_at_once() {
    let alone = || ("ListParticipants", 200, alone("active"));
    let line = FakeServer::answering(&[
        ("CreateRoom", 200, json!({"sid": "RM_1"})),
        ("ListParticipants", 200, agent()),
        ("CreateSIPParticipant", 200, json!({"sip_call_id": "SCL_1"})),
        ("ListParticipants", 200, callee("ringing")),
        alone(),
        alone(),
        alone(),
        ("DeleteRoom", 200, json!({})),
    ]);
    let events = dial(&line, &order());
    assert_eq!(
        events,
        [
            CarrierEvent::Answered,
            CarrierEvent::Deserted,
            CarrierEvent::Deleted
        ]
    );
}

#[test]
fn while_the_room_is_being_set_up_nobody_in_it_is_no_news() {
    let line = FakeServer::answering(&[("ListParticipants", 200, nobody())]);
    assert_eq!(
        block_on(livekit::inquire(&line, &order())),
        Ok(InquiryResult::StillThere)
    );
}

#[test]
fn a_phone_that_rings_on_without_its_agent_is_hung_up() {
    let mut answers = vec![
        ("CreateRoom", 200, json!({})),
        ("ListParticipants", 200, agent()),
        ("ListParticipants", 200, callee("ringing")),
        ("DeleteRoom", 200, json!({})),
    ];
    answers.extend(std::iter::repeat_n(
        ("ListParticipants", 200, alone("ringing")),
        20,
    ));
    let line = FakeServer::answering(&answers);
    line.rings_on.set(true);
    let absent = CarrierEvent::Failed(Failure::of(FailureCode::AgentUnavailable));
    assert_eq!(dial(&line, &order()), [absent, CarrierEvent::Deleted]);
    assert!(line.now.get() - START < Span(4_000));
    assert_eq!(asked(&line, "CreateSIPParticipant"), 1);
}

#[test]
fn a_server_that_started_anew_and_shows_the_callee_dialing_again_takes_no_ringing_back() {
    let canceled = json!({"code": "canceled", "msg": "sip request timed out"});
    for (answer, expected) in [
        (
            Some(("CreateSIPParticipant", 408, canceled)),
            CarrierEvent::Failed(Failure::of(FailureCode::NoAnswer)),
        ),
        (None, CarrierEvent::HungUp(None)),
    ] {
        let mut answers = vec![
            ("CreateRoom", 200, json!({})),
            ("ListParticipants", 200, agent()),
            ("ListParticipants", 200, callee("ringing")),
            ("DeleteRoom", 200, json!({})),
        ];
        answers.extend(std::iter::repeat_n(
            ("ListParticipants", 200, callee("dialing")),
            3,
        ));
        answers.extend(answer);
        answers.extend(std::iter::repeat_n(("ListParticipants", 200, agent()), 10));
        let line = FakeServer::answering(&answers);
        let events = dial(&line, &order());
        assert_eq!(events.first(), Some(&expected), "{events:?}");
    }
}

#[test]
fn ringing_that_the_trunk_did_not_hear_of_is_told_with_the_end() {
    let error = json!({"code": "unavailable", "msg": "no response from servers"});
    let line = FakeServer::answering(&[
        ("CreateRoom", 200, json!({})),
        ("ListParticipants", 200, agent()),
        ("ListParticipants", 200, callee("ringing")),
        ("CreateSIPParticipant", 503, error),
        ("DeleteRoom", 200, json!({})),
    ]);
    line.hears_nothing.set(true);
    let mut world = livekit_world();
    let id = world.accepted(NUMBER);
    let order = claim(&mut world, id);
    let events = block_on(livekit::dial(&line, &order));
    assert_eq!(
        events.first().map(|timed| &timed.event),
        Some(&CarrierEvent::Ringing)
    );
    world.now = line.now.get();
    world.ask(TrunkCommand::CarrierEvents(vec![(id, events)]));
    assert_eq!(row(&world, id).status, CallStatus::SipCallFailed);
}
