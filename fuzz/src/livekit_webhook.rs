//! LiveKit's webhook: what its sender did not sign tells a trunk nothing; what it did sign tells the trunk what the JSON says.
//!
//! The input is the `Authorization` header, a line break, and the body. `$TOKEN` in the header stands for a token that is valid
//! for the body, `$CALL` in both for one of the trunk's calls: no fuzzer could guess them.

use audatec::app::trunk::TrunkCommand;
use audatec::domain::call::CarrierEvent;
use audatec::domain::ids::CallId;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::support::START;
use super::world::{LIVEKIT, World};

fn mac(text: &str) -> Vec<u8> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(LIVEKIT.1.as_bytes()).expect("a key of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// A token for this body, as LiveKit's server makes one.
fn token(body: &[u8]) -> String {
    let claims = json!({ "iss": LIVEKIT.0, "exp": START.as_secs() + 300, "nbf": START.as_secs(), "sha256": STANDARD.encode(Sha256::digest(body)) });
    let [header, claims] = [json!({"alg": "HS256", "typ": "JWT"}), claims]
        .map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let signature = URL_SAFE_NO_PAD.encode(mac(&format!("{header}.{claims}")));
    format!("{header}.{claims}.{signature}")
}

/// The token in an `Authorization` header, with or without `Bearer`.
fn presented(header: &str) -> &str {
    let header = header.trim();
    match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => header,
    }
}

/// Whether a token is the trunk's own for this body: as in RFC 7519 and LiveKit's libraries, with a minute of clock skew allowed.
fn is_genuine(token: &str, body: &[u8]) -> bool {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        return false;
    };
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
    let object =
        |part: &str| decode(part).and_then(|json| serde_json::from_slice::<Value>(&json).ok());
    let (Some(head), Some(claimed), Some(given)) =
        (object(header), object(claims), decode(signature))
    else {
        return false;
    };
    let time = |name: &str| claimed[name].as_f64();
    let now = START.as_secs() as f64;
    head["alg"] == "HS256"
        && mac(&format!("{header}.{claims}")) == given
        && claimed["iss"] == LIVEKIT.0
        && claimed["sha256"] == STANDARD.encode(Sha256::digest(body))
        && time("exp").is_some_and(|until| until > now - 60.0)
        && time("nbf").is_none_or(|from| from <= now + 60.0)
}

/// What the trunk was told about a call.
#[derive(Debug, PartialEq)]
enum Told {
    /// Its room exists: if the call is over, it must be deleted.
    Room,
    Recorded(String),
    Events(Vec<&'static str>),
}

/// What the JSON says about the call: LiveKit's `WebhookEvent` in proto3's JSON.
fn said(event: &Value, call: CallId) -> Vec<Told> {
    let room = event
        .pointer("/room/name")
        .or_else(|| event.pointer("/egressInfo/roomName"));
    let is_ours = |name: &str| name.eq_ignore_ascii_case(&call.to_string());
    if !room.and_then(Value::as_str).is_some_and(is_ours) {
        return Vec::new();
    }
    let is_callee = event["participant"]["identity"] == format!("callee-{call}");
    let was_in_talk = ["active", "hangup"]
        .map(Value::from)
        .contains(&event["participant"]["attributes"]["sip.callStatus"]);
    let is_agent = event["participant"]["kind"] == "AGENT";
    let reason = event["participant"]["disconnectReason"].as_str();
    let events = match event["event"].as_str().unwrap_or_default() {
        "participant_joined" if is_callee => vec!["announced"],
        "participant_left" | "participant_connection_aborted" if is_callee && was_in_talk => {
            match reason {
                Some("CONNECTION_TIMEOUT") => vec!["answered", "failed"],
                _ => vec!["answered", "over"],
            }
        }
        "participant_left" | "participant_connection_aborted" if is_callee => vec!["failed"],
        "participant_left" | "participant_connection_aborted" if is_agent => match reason {
            Some("ROOM_DELETED" | "ROOM_CLOSED") => vec!["room closed"],
            _ => vec!["agent left"],
        },
        "room_finished" => vec!["room closed", "over"],
        _ => vec![],
    };
    let has_room = ["room_started", "participant_joined"]
        .map(Value::from)
        .contains(&event["event"]);
    let location = event["egressInfo"]["fileResults"][0]["location"]
        .as_str()
        .unwrap_or_default();
    let is_recording = event["event"] == "egress_ended"
        && ["https://", "http://"]
            .iter()
            .any(|scheme| location.starts_with(scheme));
    let recorded = is_recording.then(|| Told::Recorded(location.to_owned()));
    has_room
        .then_some(Told::Room)
        .into_iter()
        .chain(recorded)
        .chain((!events.is_empty()).then_some(Told::Events(events)))
        .collect()
}

/// What the trunk learned about the call.
fn heard(world: &World, call: CallId) -> Vec<Told> {
    let name = |event: &CarrierEvent| match event {
        CarrierEvent::Announced => "announced",
        CarrierEvent::Answered => "answered",
        // When it happened is for another test.
        CarrierEvent::HungUp(_) | CarrierEvent::Vanished => "over",
        CarrierEvent::AgentLeft => "agent left",
        CarrierEvent::RoomClosed => "room closed",
        CarrierEvent::Failed(_) => "failed",
        _ => "something else",
    };
    let asked = world.asked.borrow();
    let told = asked.iter().filter_map(|(_, command)| match command {
        TrunkCommand::Credentials(_) => None,
        TrunkCommand::RoomSeen(of) if *of == call => Some(Told::Room),
        TrunkCommand::Recorded(of, location) if *of == call => {
            Some(Told::Recorded(location.clone()))
        }
        TrunkCommand::CarrierEvents(reports) => {
            let [(of, events)] = &reports[..] else {
                panic!("{reports:?}")
            };
            assert_eq!(*of, call);
            Some(Told::Events(
                events.iter().map(|timed| name(&timed.event)).collect(),
            ))
        }
        other => panic!("{other:?}"),
    });
    told.collect()
}

/// Sends a request: 200 and taken if it is genuine, 401 and not taken if it is not.
fn send(world: &World, call: CallId, authorization: &str, body: &[u8]) {
    world.asked.borrow_mut().clear();
    let response = world.send(
        "POST",
        "/carrier/livekit",
        Some(authorization.to_owned()),
        body,
    );
    let genuine = is_genuine(presented(authorization), body);
    assert_eq!(
        response.status,
        if genuine { 200 } else { 401 },
        "{authorization:?}"
    );
    let event = serde_json::from_slice(body).unwrap_or_default();
    let expected = if genuine {
        said(&event, call)
    } else {
        Vec::new()
    };
    assert_eq!(heard(world, call), expected, "{event}");
}

/// The header and the body unchanged; the body signed; and signed, then changed.
pub fn run(data: &[u8]) {
    let world = World::livekit();
    let call = world.trunk.borrow_mut().accepted("+919876543210");
    let text = String::from_utf8_lossy(data).replace("$CALL", &call.to_string());
    let (header, body) = text.split_once('\n').unwrap_or(("$TOKEN", &text));
    let good = token(body.as_bytes());
    send(
        &world,
        call,
        &header.replace("$TOKEN", &good),
        body.as_bytes(),
    );
    send(&world, call, &good, body.as_bytes());
    send(&world, call, &good, format!("{body} ").as_bytes());
    send(&world, call, "", body.as_bytes());
}
