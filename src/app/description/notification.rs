//! The notifications sent to receivers: callbacks of the operations that cause them, for a call and for a campaign.

use serde_json::{Map, Value, json};

use super::examples;
use super::reference::reference;
use crate::domain::call::CallStatus;
use crate::domain::callback::EventType;

/// The callbacks of `POST /calls`.
pub fn callbacks() -> Value {
    json!({"callEnded": {"{$request.body#/callback_url}": {"post": operation()}}})
}

/// The body sent to a campaign's `completion_url`.
const CAMPAIGN_NOTIFICATION: &str = "CampaignNotification";

/// The name and the JSON Schema of that body.
pub fn campaign_schema() -> (&'static str, Value) {
    let schema = json!({
        "type": "object",
        "description": "What is sent to a campaign's `completion_url`.",
        "required": ["event", "campaign_id", "status", "counts", "occurred_at"],
        "properties": {
            "event": {"type": "string", "enum": ["campaign.completed"]},
            "campaign_id": {"type": "string", "format": "uuid"},
            "status": {"type": "string", "enum": ["completed", "canceled"]},
            "counts": reference("CampaignCounts"),
            "occurred_at": {"type": "string", "format": "date-time", "description": "When it was over."},
        },
        "additionalProperties": false,
    });
    (CAMPAIGN_NOTIFICATION, schema)
}

/// The callback of `POST /campaigns`.
pub fn of_campaign() -> Value {
    let example = json!({
        "event": "campaign.completed",
        "campaign_id": "8f14e45f-ceea-467f-a0e6-9b1c0f2d7a31",
        "status": "completed",
        "counts": {
            "total": 1200, "pending": 0, "in_progress": 0, "waiting": 0, "completed": 1080, "unreached": 103, "suppressed": 12,
            "expired": 0, "canceled": 5,
        },
        "occurred_at": "2026-06-14T11:20:00.000Z",
    });
    let operation = json!({
        "operationId": "campaignEnded",
        "tags": ["Campaigns"],
        "summary": "Notify that a campaign has ended",
        "description": "Sent to the campaign's `completion_url` once it is completed, or cancelled and its last open \
        call is over. It is signed, delivered and retried like a call's notification.",
        "security": [],
        "parameters": signatures(),
        "requestBody": {"required": true, "content": {"application/json": {"schema": reference(CAMPAIGN_NOTIFICATION), "example": example}}},
        "responses": answers(),
    });
    json!({"campaignEnded": {"{$request.body#/completion_url}": {"post": operation}}})
}

fn operation() -> Value {
    let mut described = "Sent to the call's `callback_url` once the call is terminal, at least once: a redelivery has the \
        same `webhook-id` and body. Redirects are not followed. Credentials in the URL (`https://user:password@…`) are \
        sent as HTTP Basic. Known limit: respond with the final status at once. Cloudflare's runtime takes an \
        interim response (a 1xx, such as 100 or 103) for the final one, so the attempt fails with that status and is \
        made again. \
        If `/settings` says `callback_detail` `full` when the call ends, it is a `FullNotification`. `event` says how the call \
        ended:"
        .to_owned();
    let mut given = Map::new();
    for (event, statuses) in events() {
        let statuses: Vec<_> = statuses
            .iter()
            .map(|status| format!("`{}`", status.as_str()))
            .collect();
        described += &format!("\n- `{event}`: {}", statuses.join(", "));
        let value = examples::notification(&event);
        given.insert(event, json!({"value": value}));
    }
    let schema = json!({"oneOf": [reference("Notification"), reference("FullNotification")]});
    json!({
        "operationId": "callEnded",
        "tags": ["Calls"],
        "summary": "Notify that a call has ended",
        "description": described,
        "security": [],
        "parameters": headers(),
        "requestBody": {
            "required": true,
            "content": {"application/json": {"schema": schema, "examples": given}},
        },
        "responses": answers(),
    })
}

/// The responses a receiver may give.
fn answers() -> Value {
    json!({
        "2XX": {"description": "Received. The status line must arrive within 30 seconds."},
        "410": {"description": "Gone: no further attempt is made."},
        "default": {"description": "Anything else, or no response in time, is retried; 429 and 503 may say when, with \
        `Retry-After`."},
    })
}

/// Each event, with the statuses it reports.
fn events() -> Vec<(String, Vec<CallStatus>)> {
    let mut events: Vec<(EventType, Vec<CallStatus>)> = Vec::new();
    for status in CallStatus::ALL {
        let Some(event) = status.event() else {
            continue;
        };
        match events.iter_mut().find(|(known, _)| *known == event) {
            Some((_, statuses)) => statuses.push(status),
            None => events.push((event, vec![status])),
        }
    }
    let name = |event| json!(event).as_str().unwrap_or_default().to_owned();
    events
        .into_iter()
        .map(|(event, statuses)| (name(event), statuses))
        .collect()
}

fn headers() -> Value {
    let mut all = vec![json!({
        "name": "X-Audatec-Failure", "in": "header",
        "description": "`source/code` of the call's `failure`, where there is one. Not signed: a hint, such as for a log.",
        "schema": {"type": "string", "pattern": "^[a-z]+/[a-z_]+$"}, "example": "callee/no_answer",
    })];
    all.extend(signatures());
    Value::Array(all)
}

fn signatures() -> Vec<Value> {
    let header = |name: &str, description: &str, schema: Value| json!({"name": name, "in": "header", "required": true, "description": description, "schema": schema});
    vec![
        header(
            "X-Audatec-Signature",
            "Hex HMAC-SHA256 of the raw body, keyed with the newest webhook secret's text as shown, `whsec_` included.",
            json!({"type": "string", "pattern": "^[0-9a-f]{64}$"}),
        ),
        header(
            "webhook-id",
            "The delivery's id; the same for every attempt.",
            json!({"type": "string", "format": "uuid"}),
        ),
        header(
            "webhook-timestamp",
            "When this attempt was sent, in seconds since 1970.",
            json!({"type": "string", "pattern": "^[0-9]+$"}),
        ),
        header(
            "webhook-signature",
            "Standard Webhooks: `v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`, keyed with the decoded secret; \
             then, newest first and each after a space, one for every earlier secret whose overlap is not over.",
            json!({"type": "string", "pattern": "^v1,[0-9A-Za-z+/]+=*( v1,[0-9A-Za-z+/]+=*)*$"}),
        ),
    ]
}
