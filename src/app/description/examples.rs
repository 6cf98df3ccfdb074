//! The reference's own examples; the others use its people and numbers.

use crate::domain::refusal::Refusal;
use serde_json::{Map, Value, json};

pub const CALL: &str = "31106b7c-9d02-4723-8b07-5bb8d90240cb";
pub const AGENT: &str = "830f767a-397e-4b39-82ff-235cd344e2f9";
pub const TRUNK: &str = "d5f3a1c0-8b2e-4f9a-b7d1-1e2c3a4b5c6d";
const FAILED_CALL: &str = "91a2b3c4-d5e6-7f8a-9b0c-1d2e3f4a5b6c";
const DELIVERY: &str = "5c0e9f34-2f6b-4d0a-8d57-0f6a7f1b2c3d";
const KEY: &str = "0b8f3c1e-7a52-4c6d-9e10-2f4a6b8c0d1e";
const NUMBER: &str = "+919876543210";
const RECEIVER: &str = "https://your-server.com/hooks/call-done";
const ENDED: &str = "2026-06-14T10:33:42.000Z";

pub fn metadata() -> Value {
    json!({"customer_name": "Rahul Sharma", "amount_due": "7500", "due_date": "2026-06-20"})
}

pub fn outcome() -> Value {
    json!({
        "disposition": "interested",
        "summary": "Customer confirmed payment for June 20.",
        "sentiment": "positive",
    })
}

/// One object from several.
fn joined(parts: impl IntoIterator<Item = Value>) -> Value {
    let mut all = Map::new();
    for part in parts {
        if let Value::Object(part) = part {
            all.extend(part);
        }
    }
    Value::Object(all)
}

pub fn agent() -> Value {
    json!({
        "id": AGENT, "name": "EMI Reminder Agent", "agent_code": "emi-reminder-v2", "status": "active",
        "input_schema": input_schema(),
    })
}

fn input_schema() -> Value {
    json!({"fields": ["customer_name", "amount_due", "due_date"], "sample_context": metadata()})
}

pub fn agent_detail() -> Value {
    joined([
        agent(),
        json!({"script": "Remind the customer of the payment.", "voice": null}),
    ])
}

pub fn calling_hours() -> Value {
    json!({
        "time_zone": "callee", "fallback_time_zone": "Asia/Kolkata",
        "windows": [{"days": ["mon", "tue", "wed", "thu", "fri", "sat"], "from": "08:00", "to": "19:00"}],
        "closed_dates": ["2027-01-26"], "on_closed": "wait",
    })
}

pub fn contact_limits() -> Value {
    json!([{"max_dials": 3, "per": "day"}, {"min_gap_seconds": 3600}])
}

pub fn new_agent() -> Value {
    json!({
        "name": "EMI Reminder Agent", "agent_code": "emi-reminder-v2", "input_schema": input_schema(),
        "script": "Remind the customer of the payment.",
    })
}

pub fn trunk() -> Value {
    json!({
        "id": TRUNK, "name": "India Prod Trunk 1", "trunk_phone": "+918069XXXXXX", "max_cps": 5,
        "max_channels": 100, "status": "active",
    })
}

pub fn trunk_detail() -> Value {
    let destinations = json!({"allow": null, "deny": [], "high_risk": "deny"});
    let more = json!({"carrier": {"type": "simulator"}, "destinations": destinations, "max_calls_per_day": null});
    joined([trunk(), more])
}

pub fn trunk_with_storage() -> Value {
    let storage = json!({"used_bytes": 1_318_912, "limit_bytes": 10_000_000_000_u64, "oldest_call_at": "2026-05-13T10:00:00.000Z"});
    joined([trunk_detail(), json!({"storage": storage})])
}

pub fn new_trunk() -> Value {
    json!({
        "name": "India Prod Trunk 1", "trunk_phone": "+918069XXXXXX", "max_cps": 5, "max_channels": 100,
        "carrier": {"type": "simulator"},
    })
}

pub fn trunk_test() -> Value {
    let check =
        |name: &str, ok: bool, message: &str| json!({"name": name, "ok": ok, "message": message});
    json!({
        "ok": false,
        "checks": [
            check("server", true, "A LiveKit server answers"),
            check("api_key", true, "The server knows the API key"),
            check("api_secret", false, "Wrong secret (the API secret is not that of the API key)"),
            check("sip_trunk", false, "Not checked"),
        ],
    })
}

pub fn live() -> Value {
    json!({
        "sip_trunk_id": TRUNK, "in_use": 1, "max_channels": 100, "waiting": 0,
        "calls": [{
            "call_id": CALL, "call_status": "Answered", "phone_number": NUMBER,
            "since": "2026-06-14T10:32:01.000Z",
        }],
        "agent_breakers": [],
    })
}

pub fn trigger() -> Value {
    json!({
        "phone_number": NUMBER, "agent_id": AGENT, "sip_trunk_id": TRUNK, "metadata": metadata(),
        "callback_url": RECEIVER,
    })
}

pub fn number() -> Value {
    json!({
        "phone_number": NUMBER, "country": "IN", "country_code": "91", "type": "mobile", "is_possible": true,
        "time_zones": ["Asia/Kolkata"], "high_risk": false, "suppressed": false, "next_allowed_at": null,
        "metadata_version": "9.0.43", "tzdata_version": "2026f",
    })
}

pub fn triggered() -> Value {
    json!({
        "call_id": CALL, "status": "triggered",
        "poll_url": format!("/integration/v1/calls/{CALL}/status"),
    })
}

pub fn rejected(error: &str) -> Value {
    json!({"error": error, "call_id": CALL, "status": "rejected"})
}

pub fn not_now(error: &str) -> Value {
    let (closed, limited) = (
        Refusal::OutsideCallingHours.text(),
        Refusal::ContactLimitReached.text(),
    );
    match error {
        error if error == closed => json!({"error": error, "opens_at": "2026-06-15T02:30:00.000Z"}),
        error if error == limited => {
            json!({"error": error, "next_allowed_at": "2026-06-14T18:30:00.000Z"})
        }
        error => json!({ "error": error }),
    }
}

pub fn is_over(error: &str) -> Value {
    json!({"error": error})
}

pub const CURSOR: &str = "AZ7F_xkAAZ7F_wEsgACAADEQa3ydAg";

pub fn expired(error: &str) -> Value {
    json!({"error": error, "oldest_cursor": CURSOR})
}

pub fn status() -> Value {
    json!({
        "id": CALL, "phone_number": NUMBER, "call_status": "Completed", "is_terminal": true,
        "stalled": false, "call_outcome": outcome(), "duration": 97,
        "start_timestamp": "2026-06-14T10:32:05.000Z", "end_timestamp": ENDED,
        "transcript_url": null, "recording_url": null, "last_updated": ENDED,
    })
}

pub fn canceled() -> Value {
    joined([
        status(),
        json!({
            "call_status": "SIP Call Failed", "call_outcome": null, "duration": null,
            "start_timestamp": null,
        }),
    ])
}

pub fn listed() -> Value {
    let more = json!({
        "agent_id": AGENT, "sip_trunk_id": TRUNK, "created_at": "2026-06-14T10:32:00.000Z",
        "dialed_at": "2026-06-14T10:32:00.200Z", "answered_by": "human", "failure": null, "redial": null,
        "campaign_id": null, "reference": null,
    });
    joined([status(), more])
}

pub fn call() -> Value {
    let step = |at: &str, event: &str| json!({"at": at, "event": event, "detail": null});
    let more = json!({
        "metadata": metadata(),
        "timeline": [
            step("2026-06-14T10:32:00.000Z", "accepted"),
            step("2026-06-14T10:32:00.200Z", "dialing"),
            step("2026-06-14T10:32:01.000Z", "ringing"),
            step("2026-06-14T10:32:05.000Z", "answered"),
            step(ENDED, "ended"),
            {"at": ENDED, "event": "callback_attempt", "detail": "HTTP 200"},
        ],
        "callback": delivery(),
        "schedule": null,
    });
    joined([listed(), more])
}

pub fn delivery() -> Value {
    json!({
        "id": DELIVERY, "call_id": CALL, "event": "call.completed", "url": RECEIVER, "status": "delivered",
        "attempts": [{"at": ENDED, "status_code": 200, "error": null, "duration_ms": 84}],
        "next_attempt_at": null, "created_at": ENDED,
    })
}

pub fn test_delivery() -> Value {
    joined([
        delivery(),
        json!({"call_id": null, "status": "pending", "attempts": [], "next_attempt_at": ENDED}),
    ])
}

pub fn notification(event: &str) -> Value {
    let all = json!({
        "event": event, "call_id": CALL, "call_status": "Completed", "call_outcome": outcome(), "duration": 97,
        "transcript_url": null, "recording_url": null, "metadata": metadata(), "occurred_at": ENDED,
    });
    let status = match event {
        "call.failed" => "SIP Call Failed",
        "call.rejected" => "Rejected — Capacity",
        "call.declined" => "Decline",
        _ => return all,
    };
    let unconnected = json!({
        "call_id": FAILED_CALL, "call_status": status, "call_outcome": null, "duration": null,
        "metadata": null, "occurred_at": "2026-06-14T11:05:10.000Z",
    });
    joined([all, unconnected])
}

pub fn report() -> Value {
    json!({
        "outcome": outcome(),
        "transcript": [{"role": "agent", "text": "Hello Rahul.", "at": "2026-06-14T10:32:06.000Z"}],
        "ended_seconds_ago": 1.2,
    })
}

pub fn secret() -> Value {
    json!({
        "secret": "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
        "created_at": "2026-06-14T10:00:00.000Z", "previous_valid_until": null,
    })
}

pub fn key() -> Value {
    json!({
        "id": KEY, "name": "Billing server", "role": "member", "prefix": "audtk_Wg8x",
        "created_at": "2026-06-14T10:00:00.000Z", "expires_at": null,
        "last_used_at": "2026-06-14T10:00:00.000Z",
    })
}

pub fn new_key() -> Value {
    json!({
        "id": KEY, "name": "Billing server", "role": "member",
        "key": "audtk_Wg8xJCrwzI6n3h48v6ZfTFgUzpADscHid36SCM",
        "created_at": "2026-06-14T10:00:00.000Z", "expires_at": null,
    })
}

pub fn audit_entry() -> Value {
    json!({
        "at": "2026-06-14T10:00:00.000Z", "key_id": KEY, "action": "agent.create", "target": AGENT,
        "request_id": "c2a7b1d0-4e5f-4a6b-8c9d-0e1f2a3b4c5d",
    })
}

pub fn org() -> Value {
    json!({
        "org": {
            "id": "7d1c9a52-3b4e-4f60-8a71-92b3c4d5e6f7", "name": "Acme Finance",
            "created_at": "2026-06-14T10:00:00.000Z",
        },
        "owner_key": "audtk_Wg8xJCrwzI6n3h48v6ZfTFgUzpADscHid36SCM",
        "webhook_secret": "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
    })
}

pub fn page(name: &str, item: Value) -> Value {
    let mut page = Map::from_iter([(name.to_owned(), Value::Array(vec![item]))]);
    page.insert("next_cursor".to_owned(), Value::Null);
    Value::Object(page)
}

pub fn transcript() -> Value {
    json!({
        "call_id": CALL,
        "transcript": [{"role": "agent", "text": "Hello, Rahul.", "at": "2026-06-14T10:32:06.000Z"}],
    })
}
