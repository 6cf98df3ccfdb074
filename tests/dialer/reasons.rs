//! Why a call could not be placed: in its row, in one log line, and without a token.

use super::*;

/// LiveKit's answer to a wrong secret holds the token that it was sent.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJBUElrZXkifQ.c2lnbmF0dXJl";

#[test]
fn a_call_that_the_dialer_could_not_place_says_why_in_its_row_and_in_one_line_of_the_log() {
    let words = |text: String| Value::String(text);
    let twirp = |code: &str, msg: &str| json!({"code": code, "msg": msg});
    let refused = |status, body: Value| vec![("CreateRoom", status, body)];
    let at_dial = |status, body: Value| {
        vec![
            ("CreateRoom", 200, json!({"name": "room"})),
            ("ListParticipants", 200, agent()),
            ("ListParticipants", 200, agent()),
            ("CreateSIPParticipant", status, body),
        ]
    };
    let token = format!("invalid token: {TOKEN}, error: cryptographic primitive");
    for (answers, reason, told) in [
        (
            refused(401, words("invalid API key: APIkey".into())),
            Reason::WrongKey,
            "wrong key",
        ),
        (
            refused(401, words(token)),
            Reason::WrongSecret,
            "wrong secret",
        ),
        (
            refused(200, words("<html>".into())),
            Reason::NotLiveKit,
            "not LiveKit",
        ),
        (vec![], Reason::NotReachable, "server not reachable"),
        (
            at_dial(
                404,
                twirp("not_found", "requested sip trunk does not exist"),
            ),
            Reason::UnknownTrunk,
            "unknown trunk",
        ),
        (
            at_dial(503, twirp("unavailable", "no response from servers")),
            Reason::NoSipNode,
            "no SIP node",
        ),
        (
            at_dial(503, twirp("unavailable", "cpu exhausted")),
            Reason::NodeFull,
            "node full",
        ),
    ] {
        let line = FakeServer::answering(&answers);
        let mut world = livekit_world();
        let id = world.accepted(NUMBER);
        let order = claim(&mut world, id);
        let events = block_on(livekit::dial(&line, &order));
        world.ask(TrunkCommand::CarrierEvents(vec![(id, events)]));
        world.now = world.now + Span(10_000);
        world.ask(TrunkCommand::Tick);
        let call = row(&world, id);

        assert_eq!(
            call.failure.and_then(|failure| failure.reason),
            Some(reason)
        );
        let ended = call
            .timeline()
            .pop()
            .and_then(|entry| entry.detail)
            .expect("a detail");
        assert!(
            ended.starts_with(&format!("The dialer could not start the call: {told}")),
            "{ended}"
        );
        let log = line.log.borrow();
        assert_eq!(log.len(), 1, "{log:?}");
        assert!(
            log[0].contains(&id.to_string()) && log[0].contains(told),
            "{log:?}"
        );
        assert!(!format!("{log:?}{call:?}").contains(TOKEN));
    }
}

#[test]
fn a_phone_that_did_not_get_its_turn_is_no_word_on_its_dialer() {
    let fails = |reason: Reason| {
        let mut world = livekit_world();
        for _ in 0..3 {
            let id = world.accepted(NUMBER);
            claim(&mut world, id);
            let failed = CarrierEvent::Failed(Failure::dialer(reason));
            say(&mut world, id, &[failed, CarrierEvent::Deleted]);
            assert_eq!(world.call(id).status, CallStatus::TriggerFailed);
        }
        world.trigger(NUMBER)
    };
    // An object that does not answer, or is of another release, gives it none: LiveKit has failed in nothing.
    let after = fails(Reason::NoTurn);
    assert!(matches!(after, Admission::Accepted { .. }), "{after:?}");
    let after = fails(Reason::NotReachable);
    assert!(matches!(after, Admission::Down { .. }), "{after:?}");
}
