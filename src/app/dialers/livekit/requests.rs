//! The requests to a LiveKit server: Twirp in snake_case JSON, each with the grants that its token
//! needs (livekit/protocol, `livekit_room.proto`, `livekit_sip.proto`).

use serde_json::{Map, Value};

use crate::app::host::TwirpRequest;
use crate::domain::ids::CallId;
use crate::domain::object::object;
use crate::domain::time::Span;

/// How long a request may take that the server answers on its own.
const QUICK: Span = Span(10_000);
/// How long each request of a connection test may take, since somebody is waiting for it.
const TEST: Span = Span(5_000);
/// How much longer than the ringing timeout the server may take to report it.
const SERVER_SLACK: Span = Span(4_000);
/// How much longer than the ringing timeout we wait for that report.
pub(super) const OUR_SLACK: Span = Span(6_000);
/// An empty room closes by itself after this many seconds, if nobody deletes it,
const EMPTY_SECS: u64 = 60;
/// and so does one that its last participant has left.
const DEPARTURE_SECS: u64 = 20;
/// The callee, the agent, a recorder, and one to spare.
const MAX_PARTICIPANTS: u64 = 4;

fn grants(kind: &str, grant: Value) -> Map<String, Value> {
    Map::from_iter([(kind.to_owned(), grant)])
}

fn quick(method: &'static str, grants: Map<String, Value>, body: Value) -> TwirpRequest {
    TwirpRequest {
        method,
        grants,
        body,
        timeout: QUICK,
        server_timeout: None,
    }
}

/// The callee's identity in the call's room.
#[must_use]
pub fn identity(call: CallId) -> String {
    format!("callee-{call}")
}

/// Creates the call's room and sends for its agent. Repeated, it changes nothing and calls no second agent.
#[must_use]
pub fn create_room(call: CallId, agent_code: &str, job_metadata: &str) -> TwirpRequest {
    quick(
        "RoomService/CreateRoom",
        grants("video", object! {"roomCreate": true}),
        object! {
            "name": call,
            "empty_timeout": EMPTY_SECS,
            "departure_timeout": DEPARTURE_SECS,
            "max_participants": MAX_PARTICIPANTS,
            "metadata": "",
            "agents": [object! {"agent_name": agent_code, "metadata": job_metadata}],
        },
    )
}

/// Lists who is in a call's room: the agent, and the callee with their state. A room that does not exist
/// counts as empty.
#[must_use]
pub fn list_participants(call: CallId) -> TwirpRequest {
    quick(
        "RoomService/ListParticipants",
        grants("video", object! {"roomAdmin": true, "room": call}),
        object! {"room": call},
    )
}

/// What a dial needs.
pub struct Dial<'a> {
    /// Its id names the room.
    pub call: CallId,
    /// LiveKit's own id for the outbound trunk.
    pub sip_trunk_id: &'a str,
    /// The number to ring, in E.164 format.
    pub to: &'a str,
    /// The caller ID; without one, LiveKit takes one of the trunk's numbers.
    pub from: Option<&'a str>,
    /// How long the phone rings.
    pub ringing: Span,
    /// How long the whole call may last, including ringing: LiveKit counts from this request.
    pub longest: Span,
}

/// Rings the phone. Each such request rings it again: never to be repeated.
#[must_use]
pub fn create_sip_participant(dial: &Dial<'_>) -> TwirpRequest {
    let mut body = object! {
        "sip_trunk_id": dial.sip_trunk_id,
        "sip_call_to": dial.to,
        "room_name": dial.call,
        "participant_identity": identity(dial.call),
        "participant_attributes": object! {"call_id": dial.call},
        "wait_until_answered": true,
        "ringing_timeout": duration(dial.ringing),
        "max_call_duration": duration(dial.longest),
    };
    if let (Some(from), Some(body)) = (dial.from, body.as_object_mut()) {
        body.insert("sip_number".into(), from.into());
    }
    TwirpRequest {
        method: "SIP/CreateSIPParticipant",
        grants: grants("sip", object! {"call": true}),
        body,
        timeout: dial.ringing + OUR_SLACK,
        server_timeout: Some(dial.ringing + SERVER_SLACK),
    }
}

/// Hangs up, whatever is going on. 404 means that there was nothing to hang up.
#[must_use]
pub fn delete_room(call: CallId) -> TwirpRequest {
    quick(
        "RoomService/DeleteRoom",
        grants("video", object! {"roomCreate": true}),
        object! {"room": call},
    )
}

/// Lists the recordings in progress of a call.
#[must_use]
pub fn list_egress(call: CallId) -> TwirpRequest {
    quick(
        "Egress/ListEgress",
        grants("video", object! {"roomRecord": true}),
        object! {"room_name": call, "active": true},
    )
}

/// Records the conversation's audio into a file in the organisation's storage.
#[must_use]
pub fn start_egress(call: CallId, path: &str, s3: Value) -> TwirpRequest {
    quick(
        "Egress/StartRoomCompositeEgress",
        grants("video", object! {"roomRecord": true}),
        object! {
            "room_name": call,
            "audio_only": true,
            "file_outputs": [object! {"file_type": "OGG", "filepath": path, "s3": s3}],
        },
    )
}

/// Tests whether the server is there and accepts the key and its secret: it asks for a room that nobody creates.
#[must_use]
pub fn list_rooms() -> TwirpRequest {
    let grants = grants("video", object! {"roomList": true});
    let body = object! {"names": ["connection-test"]};
    TwirpRequest {
        timeout: TEST,
        ..quick("RoomService/ListRooms", grants, body)
    }
}

/// Asks for an outbound SIP trunk.
#[must_use]
pub fn list_outbound_trunk(id: &str) -> TwirpRequest {
    let grants = grants("sip", object! {"admin": true});
    TwirpRequest {
        timeout: TEST,
        ..quick(
            "SIP/ListSIPOutboundTrunk",
            grants,
            object! {"trunk_ids": [id]},
        )
    }
}

/// A duration in protobuf's JSON: `"45s"`, `"0.500s"`.
fn duration(time: Span) -> String {
    match time.0 % 1000 {
        0 => format!("{}s", time.0 / 1000),
        rest => format!("{}.{rest:03}s", time.0 / 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    #[test]
    fn durations_are_protobufs() {
        assert_eq!(duration(Span(45_000)), "45s");
        assert_eq!(duration(Span(500)), "0.500s");
        assert_eq!(duration(Span(1_050)), "1.050s");
    }

    #[test]
    fn both_deadlines_lie_two_seconds_and_more_above_the_ringing() {
        let ask = create_sip_participant(&Dial {
            call: CallId::floor(Timestamp(0)),
            sip_trunk_id: "ST_1",
            to: "+919876543210",
            from: None,
            ringing: Span(45_000),
            longest: Span(3_600_000),
        });
        assert!(ask.server_timeout >= Some(Span(47_000)));
        assert!(ask.timeout >= Span(47_000));
        assert_eq!(ask.body.get("sip_number"), None);
    }
}
