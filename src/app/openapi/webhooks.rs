//! The notifications that receivers are sent.

use serde_json::{Map, Value, json};

use super::examples;
use super::schemas::reference;
use crate::domain::call::CallStatus;

/// The four events, each with the statuses it tells.
pub fn all() -> Map<String, Value> {
    let events = [
        ("call.completed", "The call was answered and ended."),
        (
            "call.failed",
            "The call could not be placed or did not connect.",
        ),
        ("call.rejected", "The trunk had no capacity."),
        (
            "call.declined",
            "The recipient declined the call, or the line was busy.",
        ),
    ];
    events
        .into_iter()
        .map(|(event, summary)| (event.to_owned(), json!({"post": operation(event, summary)})))
        .collect()
}

fn operation(event: &str, summary: &str) -> Value {
    let statuses: Vec<_> = CallStatus::ALL
        .into_iter()
        .filter(|status| {
            status
                .event()
                .is_some_and(|known| json!(known) == json!(event))
        })
        .map(CallStatus::as_str)
        .collect();
    let schema = json!({"allOf": [
        reference("Notification"),
        {"properties": {"event": {"enum": [event]}, "call_status": {"enum": statuses}}},
    ]});
    json!({
        "operationId": format!("notify{}", event.split('.').next_back().map(capitalised).unwrap_or_default()),
        "tags": ["Webhooks"],
        "summary": summary,
        "description": "Sent to the call's `callback_url` once it is terminal, at least once: a redelivery has the same \
            `webhook-id` and body. Redirects are not followed.",
        "security": [],
        "parameters": headers(),
        "requestBody": {
            "required": true,
            "content": {"application/json": {"schema": schema, "example": examples::notification(event)}},
        },
        "responses": {
            "2XX": {"description": "Received. The status line must be there within 30 seconds."},
            "410": {"description": "Gone: no further attempt is made."},
            "default": {"description": "Anything else, and no answer in time, is tried again; 429 and 503 may say when, by `Retry-After`."},
        },
    })
}

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
    format!("{}{rest}", first.to_uppercase())
}

fn headers() -> Value {
    let header = |name: &str, description: &str, schema: Value| json!({"name": name, "in": "header", "required": true, "description": description, "schema": schema});
    json!([
        header(
            "X-Audatec-Signature",
            "Hex HMAC-SHA256 of the raw body, keyed with the newest webhook secret's text as shown, `whsec_` included.",
            json!({"type": "string", "pattern": "^[0-9a-f]{64}$"}),
        ),
        header(
            "webhook-id",
            "The delivery's id; the same for each attempt.",
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
             during a rotation's overlap one more for the previous secret, after a space.",
            json!({"type": "string", "pattern": "^v1,[0-9A-Za-z+/]+=*( v1,[0-9A-Za-z+/]+=*)*$"}),
        ),
    ])
}
