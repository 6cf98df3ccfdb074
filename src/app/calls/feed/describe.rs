//! The OpenAPI description of the live feed.

use serde_json::{Value, json};

use super::MAX_WAIT_SECS;
use crate::app::description::examples::{self, CURSOR};
use crate::app::description::reference::{CURSOR_PATTERN, any_of, cursor, filter, reference};
use crate::app::description::{Description, Schema, by_hand};
use crate::app::trunk::TYPES;
use crate::domain::refusal::Refusal;

pub fn events() -> Description {
    let example = json!({"events": [event()], "next_cursor": CURSOR});
    let text = "One ordered feed of the organisation: every change of a call's status, the result of every callback \
    attempt, every change of a trunk's state and, at most once a second each, campaigns as they are by then. \
    Continue with the previous response's `next_cursor`: nothing is missed and nothing comes twice. Events are kept \
    for 24 hours; an older cursor gets 410 with `oldest_cursor`, the one to continue from. With `Accept: \
    text/event-stream` the same events come as a \
                stream, each with its cursor as `id`; a client that was cut off resumes from its `Last-Event-ID`. While \
                nothing happens, `event: heartbeat` with the data `{\"id\", \"type\": \"heartbeat\"}` is sent every \
                20 seconds: its id is the cursor to continue from, and every block has JSON data. A stream ends by \
                itself \
                after about a minute, and a browser's `EventSource` reconnects after 2 seconds. A client that comes back \
                with `Last-Event-ID` while the feed can't be read (429, 5xx) gets 200 with `retry: 5000` and a heartbeat \
                with the same id, since any other status would end an `EventSource` for good. Test events are not part of \
                it. An event shows its call as it was at that moment. Calls that last longer than 10 minutes are reported \
                in full only while somebody listens, or did within the last 24 hours; so are campaigns, of which only \
                the last event is kept.";
    Description::new(
        "Events",
        "Follow the live feed",
        format!("{text}\n\n{}", stream_example()),
        by_hand(200, "The events after the cursor, oldest first.", "EventList", example),
    )
    .id("listEvents")
    .schemas(answers())
    .schemas(events_of())
    .schemas(tells())
    .refused_as(410, Schema::by_hand("ExpiredCursor"), examples::expired)
    .query([
        filter(
            "after",
            "Only events after this cursor; `latest` for those still to come. Without it, the feed begins with the \
            oldest events kept.",
            cursor(),
        ),
        filter(
            "limit",
            "The maximum number of events in a response.",
            json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 50}),
        ),
        filter(
            "wait_seconds",
            "How long to wait for the first event; without it, the response comes at once. When a `type` filters out \
            very many events, an empty response may come sooner; continue with its `next_cursor`.",
            json!({"type": "integer", "minimum": 0, "maximum": MAX_WAIT_SECS, "default": 0}),
        ),
        any_of("type", "Only events of this type.", "FeedEventName"),
    ])
    .refuses([
        Refusal::UnknownParameter("X".into()),
        Refusal::RepeatedParameter("X".into()),
        Refusal::Invalid("limit must be a number from 1 to 100".into()),
        Refusal::Invalid("cursor is invalid".into()),
        Refusal::Invalid(format!("wait_seconds must be a number from 0 to {MAX_WAIT_SECS}")),
        Refusal::Invalid(format!("type must be one of {}", TYPES.join(", "))),
        Refusal::CursorExpired(CURSOR.into()),
        Refusal::TrunkUnavailable,
    ])
}

/// The beginning of a stream, in words: as a content type of its own beside the JSON, generators would read it instead.
fn stream_example() -> String {
    let event = event();
    format!(
        "A stream begins like this:\n\n```text\nretry: 2000\nid: {CURSOR}\nevent: call.completed\ndata: {event}\n\n\
         id: {CURSOR}\nevent: heartbeat\ndata: {}\n```",
        json!({"id": CURSOR, "type": "heartbeat"}),
    )
}

fn event() -> Value {
    json!({"id": CURSOR, "type": "call.completed", "at": "2026-06-14T10:33:42.000Z", "data": examples::listed()})
}

/// An object, all of whose fields are always there.
fn object(description: &str, properties: Value) -> Value {
    let names: Vec<_> = properties
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .collect();
    json!({
        "type": "object", "description": description, "required": names,
        "properties": properties, "additionalProperties": false,
    })
}

/// What the answers are made of.
fn answers() -> [(&'static str, Value); 2] {
    let list = object(
        "A part of the live feed, oldest first.",
        json!({
            "events": {"type": "array", "items": reference("FeedEvent"), "description": "The events."},
            "next_cursor": {"type": "string", "description": "Pass it as `after` to continue."},
        }),
    );
    let expired = object(
        "The cursor is too old.",
        json!({
            "error": {"type": "string", "description": "What went wrong, for people."},
            "oldest_cursor": {"type": "string", "description": "Pass it as `after` to continue: it stands before the \
             oldest event that is kept."},
        }),
    );
    [("EventList", list), ("ExpiredCursor", expired)]
}

/// The events, by what they are about.
fn events_of() -> [(&'static str, Value); 6] {
    let (of_calls, others): (Vec<&str>, Vec<&str>) =
        TYPES.iter().partition(|name| name.starts_with("call."));
    let (of_callbacks, others): (Vec<&str>, Vec<&str>) = others
        .iter()
        .partition(|name| name.starts_with("callback."));
    let (of_trunks, of_campaigns): (Vec<&str>, Vec<&str>) =
        others.iter().partition(|name| name.starts_with("trunk."));
    let event = |description: &str, types: &[&str], data: &str| {
        object(
            description,
            json!({
                "id": {"type": "string", "pattern": CURSOR_PATTERN, "description": "Its cursor."},
                "type": {"type": "string", "enum": types},
                "at": {"type": "string", "format": "date-time", "description": "When it became known."},
                "data": reference(data),
            }),
        )
    };
    let kinds = ["CallEvent", "CallbackEvent", "TrunkEvent", "CampaignEvent"].map(reference);
    [
        (
            "FeedEvent",
            json!({"description": "Something that happened.", "oneOf": kinds}),
        ),
        (
            "FeedEventName",
            json!({"type": "string", "description": "What happened.", "enum": TYPES}),
        ),
        (
            "CallEvent",
            event("A call's status changed.", &of_calls, "ListedCall"),
        ),
        (
            "CallbackEvent",
            event("A callback was attempted.", &of_callbacks, "CallbackResult"),
        ),
        (
            "TrunkEvent",
            event("A trunk's state changed.", &of_trunks, "TrunkState"),
        ),
        (
            "CampaignEvent",
            event(
                "A campaign changed: its status, its counts, or its settings.",
                &of_campaigns,
                "Campaign",
            ),
        ),
    ]
}

/// What events tell that nothing else does.
fn tells() -> [(&'static str, Value); 2] {
    let uuid = json!({"type": "string", "format": "uuid"});
    let nullable =
        |kind: &str, description: &str| json!({"type": [kind, "null"], "description": description});
    let attempt = object(
        "The result of a callback's attempt.",
        json!({
            "call_id": uuid,
            "delivery_id": uuid,
            "attempt": {"type": "integer", "minimum": 1, "description": "Its number, from 1."},
            "status_code": nullable("integer", "The receiver's HTTP status, when it answered."),
            "error": nullable("string", "What went wrong, if the attempt failed."),
        }),
    );
    let state = object(
        "A trunk's state.",
        json!({
            "sip_trunk_id": uuid,
            "status": reference("Availability"),
            "max_cps": {"type": "integer"},
            "max_channels": {"type": "integer"},
            "breaker": {
                "type": "string", "enum": ["closed", "open"],
                "description": "`open` while the trunk's dialer is down: calls get 502.",
            },
            "retry_at": {
                "type": ["string", "null"], "format": "date-time",
                "description": "When the next call may probe whether the dialer works again.",
            },
        }),
    );
    [("CallbackResult", attempt), ("TrunkState", state)]
}
