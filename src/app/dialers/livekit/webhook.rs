//! LiveKit's webhooks: verified as its own libraries do, and read leniently.
//!
//! They are hints: lost, late, repeated and out of order. What they say only moves a call forward,
//! so a repeated one changes nothing. No webhook reports the answer.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::jwt::BearerJwt;
use super::outcome::Callee;
use super::requests::identity;
use crate::domain::base64::STANDARD;
use crate::domain::call::{CarrierEvent, Failure, FailureCode, PRESUMED_AFTER, Reason, Timed};
use crate::domain::ids::CallId;
use crate::domain::mac::constant_time_eq;
use crate::domain::object::at;
use crate::domain::search;
use crate::domain::time::{Span, Timestamp};

/// Up to this age an event counts as happening now, since its time is in whole seconds.
const FRESH: Span = Span(2_000);
/// LiveKit stops retrying an event after this: one that seems older comes from another clock, and counts as happening now.
const OLDEST: Span = Span(30_000);

/// Whether the holder of `api_secret` sent exactly this body.
#[must_use]
pub fn is_genuine(token: &BearerJwt<'_>, api_secret: &str, body: &[u8], now: Timestamp) -> bool {
    let digest = STANDARD.encode(Sha256::digest(body));
    let claimed = token
        .verify(api_secret, now)
        .and_then(|claims| claims.get("sha256")?.as_str());
    claimed.is_some_and(|claimed| constant_time_eq(claimed.as_bytes(), digest.as_bytes()))
}

/// The name of the room that an event is about.
#[must_use]
pub fn room(event: &Value) -> Option<&str> {
    let name = at(event, "/room/name").or_else(|| at(event, "/egressInfo/roomName"));
    name.and_then(Value::as_str)
}

/// Where a recording is, once it is complete.
#[must_use]
pub fn recorded(event: &Value) -> Option<String> {
    let is_end = event.get("event").and_then(Value::as_str) == Some("egress_ended");
    let location = at(event, "/egressInfo/fileResults/0/location");
    let is_lost = matches!(
        at(event, "/egressInfo/status").and_then(Value::as_str),
        Some("EGRESS_FAILED" | "EGRESS_ABORTED")
    );
    location
        .filter(|_| is_end && !is_lost)
        .and_then(Value::as_str)
        .filter(|location| location.starts_with("https://") || location.starts_with("http://"))
        .map(without_second_scheme)
}

/// LiveKit writes a bucket before its endpoint as text, and before the endpoint's scheme.
fn without_second_scheme(location: &str) -> String {
    let mut schemes = [".https://", ".http://"].into_iter();
    let parts = schemes.find_map(|scheme| search::split_once(location, scheme));
    match parts {
        Some((bucket, rest)) => format!("{bucket}.{rest}"),
        None => location.to_owned(),
    }
}

/// Whether an event shows that its room exists, or that somebody is in it.
#[must_use]
pub fn shows_a_room(event: &Value) -> bool {
    let name = event.get("event").and_then(Value::as_str);
    matches!(name, Some("room_started" | "participant_joined"))
}

/// What an event says about a call; most say nothing.
#[must_use]
pub fn events(call: CallId, event: &Value, now: Timestamp) -> Vec<Timed> {
    let text = |pointer: &str| at(event, pointer).and_then(Value::as_str);
    let is_callee = text("/participant/identity") == Some(&identity(call));
    let is_agent = text("/participant/kind") == Some("AGENT");
    let known = happened_at(event.get("createdAt"), now);
    let at = known.unwrap_or(now);
    let timed = |at, event| Timed { at, event };
    match text("/event").unwrap_or_default() {
        "participant_joined" if is_callee => vec![timed(at, CarrierEvent::Announced)],
        "participant_left" | "participant_connection_aborted" if is_callee => {
            let status = text("/participant/attributes/sip.callStatus").unwrap_or_default();
            let reason = text("/participant/disconnectReason").unwrap_or_default();
            match Callee::of(status) {
                Callee::Active | Callee::Gone => {
                    let over = match known {
                        Some(_) => over(reason),
                        None => CarrierEvent::Vanished,
                    };
                    vec![timed(at, CarrierEvent::Answered), timed(at, over)]
                }
                unanswered => {
                    let failure = presumed(reason, unanswered == Callee::Ringing);
                    vec![timed(now + PRESUMED_AFTER, CarrierEvent::Failed(failure))]
                }
            }
        }
        "participant_left" | "participant_connection_aborted" if is_agent => {
            match text("/participant/disconnectReason") {
                // Together with its room, and whoever was in it.
                Some("ROOM_DELETED" | "ROOM_CLOSED") => vec![timed(at, CarrierEvent::RoomClosed)],
                _ => vec![timed(at, CarrierEvent::AgentLeft)],
            }
        }
        "room_finished" => vec![
            timed(at, CarrierEvent::RoomClosed),
            timed(now + PRESUMED_AFTER, CarrierEvent::HungUp(None)),
        ],
        _ => Vec::new(),
    }
}

/// LiveKit's reason when it lost the SIP node: nobody hung up.
const LOST: &str = "CONNECTION_TIMEOUT";

/// How a conversation ended.
fn over(reason: &str) -> CarrierEvent {
    match reason {
        LOST => CarrierEvent::Failed(Failure::dialer(Reason::NodeSilent)),
        _ => CarrierEvent::HungUp(None),
    }
}

/// Why the callee left before the answer, as far as the reason for leaving tells.
fn presumed(reason: &str, rang: bool) -> Failure {
    Failure::of(match reason {
        LOST => return Failure::dialer(Reason::NodeSilent),
        "USER_REJECTED" => FailureCode::Declined,
        "USER_UNAVAILABLE" | "ROOM_DELETED" if rang => FailureCode::NoAnswer,
        "USER_UNAVAILABLE" => FailureCode::Unreachable,
        _ => FailureCode::CarrierError,
    })
}

/// `createdAt`: seconds since the epoch, a number in a string. `None` if it comes from another clock: then it counts as now.
fn happened_at(created_at: Option<&Value>, now: Timestamp) -> Option<Timestamp> {
    let secs = match created_at {
        Some(Value::String(text)) => text.parse().ok(),
        Some(other) => other.as_u64(),
        None => None,
    };
    let at = secs.map_or(now, Timestamp::from_secs);
    match at + FRESH >= now {
        true => Some(now),
        false => Some(at).filter(|at| *at + OLDEST >= now),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::super::jwt;
    use super::*;

    const NOW: Timestamp = Timestamp(1_781_431_200_000);

    fn call() -> CallId {
        CallId::floor(NOW)
    }

    fn signed(secret: &str, body: &[u8]) -> String {
        let digest = STANDARD.encode(Sha256::digest(body));
        let claims = Map::from_iter([("sha256".to_owned(), Value::from(digest))]);
        jwt::mint("APIkey", secret, claims, NOW)
    }

    #[test]
    fn only_these_bytes_of_this_sender_are_genuine() {
        let body = br#"{"event":"room_started"}"#;
        let token = signed("secret", body);
        let check = |token: &str, secret: &str, body: &[u8]| {
            BearerJwt::read(token).is_some_and(|token| is_genuine(&token, secret, body, NOW))
        };
        assert!(check(&token, "secret", body));
        assert!(!check(&token, "other", body));
        assert!(!check(&token, "secret", br#"{"event":"room_started"} "#));
        assert!(!check(
            &jwt::mint("APIkey", "secret", Map::new(), NOW),
            "secret",
            body
        ));
    }

    fn left(status: &str, reason: &str) -> Vec<Timed> {
        let event = json!({
            "event": "participant_left", "id": "EV_1", "createdAt": (NOW.as_secs() - 1).to_string(),
            "room": {"name": call()},
            "participant": {"identity": identity(call()), "kind": "SIP", "disconnectReason": reason,
                            "attributes": {"sip.callStatus": status}},
        });
        events(call(), &event, NOW)
    }

    #[test]
    fn a_callee_that_leaves_the_conversation_ends_it_at_once() {
        for (status, reason) in [
            ("hangup", "CLIENT_INITIATED"),
            ("active", "ROOM_DELETED"),
            ("active", "SIP_TRUNK_FAILURE"),
        ] {
            let expected = [CarrierEvent::Answered, CarrierEvent::HungUp(None)];
            let expected = expected.map(|event| Timed { at: NOW, event });
            assert_eq!(left(status, reason), expected);
        }
    }

    #[test]
    fn a_sip_node_that_was_lost_is_the_dialers_failure() {
        let lost = CarrierEvent::Failed(Failure::dialer(Reason::NodeSilent));
        let timed = |at, event| Timed { at, event };
        let in_conversation = [timed(NOW, CarrierEvent::Answered), timed(NOW, lost.clone())];
        assert_eq!(left("active", "CONNECTION_TIMEOUT"), in_conversation);
        for status in ["ringing", "dialing"] {
            let presumed = timed(NOW + PRESUMED_AFTER, lost.clone());
            assert_eq!(left(status, "CONNECTION_TIMEOUT"), [presumed], "{status}");
        }
    }

    #[test]
    fn before_the_answer_the_dials_own_word_is_awaited() {
        for (status, reason, code) in [
            ("ringing", "USER_REJECTED", FailureCode::Declined),
            ("ringing", "USER_UNAVAILABLE", FailureCode::NoAnswer),
            ("dialing", "USER_UNAVAILABLE", FailureCode::Unreachable),
            ("dialing", "CLIENT_INITIATED", FailureCode::CarrierError),
            ("dialing", "SOMETHING_NEW", FailureCode::CarrierError),
        ] {
            let event = CarrierEvent::Failed(Failure::of(code));
            let at = NOW + PRESUMED_AFTER;
            assert_eq!(
                left(status, reason),
                [Timed { at, event }],
                "{status} {reason}"
            );
        }
    }

    #[test]
    fn an_agent_that_left_may_have_been_the_last_and_one_that_left_with_its_room_was() {
        let left = |event: &str, reason: &str| {
            let event = json!({
                "event": event, "createdAt": NOW.as_secs().to_string(),
                "participant": {"identity": "agent-AJ_1", "kind": "AGENT", "disconnectReason": reason},
            });
            let events = events(call(), &event, NOW).into_iter();
            events.map(|timed| timed.event).collect::<Vec<_>>()
        };
        for event in ["participant_left", "participant_connection_aborted"] {
            for reason in ["CLIENT_INITIATED", "CONNECTION_TIMEOUT", "JOIN_FAILURE", ""] {
                assert_eq!(left(event, reason), [CarrierEvent::AgentLeft], "{reason}");
            }
            assert_eq!(left(event, "ROOM_DELETED"), [CarrierEvent::RoomClosed]);
        }
        assert_eq!(left("participant_joined", ""), []);
    }

    #[test]
    fn others_and_other_events_say_nothing() {
        for event in [
            json!({"event": "participant_left", "participant": {"identity": "EG_1", "kind": "EGRESS"}}),
            json!({"event": "participant_left", "participant": {"identity": "agent-1"}}),
            json!({"event": "track_published", "participant": {"identity": identity(call())}}),
            json!({"event": "ingress_started"}),
            json!({}),
            json!([1]),
            json!(null),
        ] {
            assert_eq!(events(call(), &event, NOW), [], "{event}");
        }
    }

    #[test]
    fn a_recording_that_failed_is_nowhere() {
        let event = |status: &str| {
            json!({"event": "egress_ended", "egressInfo": {
                "status": status, "fileResults": [{"location": "https://s3.example.com/a.ogg"}],
            }})
        };
        for whole in ["EGRESS_COMPLETE", "EGRESS_LIMIT_REACHED", ""] {
            let location = Some("https://s3.example.com/a.ogg");
            assert_eq!(recorded(&event(whole)).as_deref(), location, "{whole}");
        }
        for lost in ["EGRESS_FAILED", "EGRESS_ABORTED"] {
            assert_eq!(recorded(&event(lost)), None, "{lost}");
        }
    }

    #[test]
    fn a_location_has_one_scheme() {
        let event = json!({"event": "egress_ended", "egressInfo": {
            "fileResults": [{"location": "https://calls.https://s3.example.com/a.ogg"}],
        }});
        let location = Some("https://calls.s3.example.com/a.ogg");
        assert_eq!(recorded(&event).as_deref(), location);
    }

    #[test]
    fn a_late_event_happened_when_it_says() {
        let at = |created: Value| happened_at(Some(&created), NOW).unwrap_or_default();
        assert_eq!(at(json!("1781431196")), Timestamp(1_781_431_196_000));
        assert_eq!(at(json!(1_781_431_196)), Timestamp(1_781_431_196_000));
        assert_eq!(at(json!("1781431171")), NOW - Span(29_000));
        assert_eq!(at(json!("1781431100")), Timestamp(0), "another clock's");
        assert_eq!(at(json!(0)), Timestamp(0));
        assert_eq!(at(json!("1781431199")), NOW);
        assert_eq!(at(json!("1781439999")), NOW);
        assert_eq!(at(json!("soon")), NOW);
    }
}
