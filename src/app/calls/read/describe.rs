//! How the document tells of reading calls.

use serde_json::{Value, json};

use super::{CallList, LiveCalls};
use crate::app::description::examples;
use crate::app::description::reference::{any_of, filter};
use crate::app::description::refusals::{must, no_time};
use crate::app::description::{Description, ok};
use crate::app::views::call::{DetailedCall, StatusView};
use crate::domain::call::CallStatus;
use crate::domain::refusal::Refusal;

pub fn status() -> Description {
    Description::new(
        "Calls",
        "Get a call's status",
        "Returns the current state and outcome of a call. Poll until `is_terminal` is true, every 4 to 5 seconds; with a \
         `callback_url` there is no need to poll.",
        ok::<StatusView<'static>>("The call's state.", examples::status()),
    )
    .id("getCallStatus")
    .refuses([Refusal::CallNotFound, Refusal::TrunkUnavailable])
}

pub fn detail() -> Description {
    Description::new(
        "Calls",
        "Get a call",
        "All that is known of a call: its status, why it failed, its history, and how its callback is doing.",
        ok::<DetailedCall<'static>>("The call.", examples::call()),
    )
    .refuses([Refusal::CallNotFound, Refusal::TrunkUnavailable])
}

pub fn live() -> Description {
    Description::new(
        "SIP trunks",
        "List a trunk's live calls",
        "Which calls hold its channels now, and which agents' calls it holds back because they broke off.",
        ok::<LiveCalls>("The calls.", examples::live()),
    )
    .id("listLiveCalls")
    .refuses([Refusal::TrunkNotFound, Refusal::TrunkUnavailable])
}

pub fn list() -> Description {
    let statuses = CallStatus::ALL.map(CallStatus::as_str);
    let example = examples::page("calls", examples::listed());
    Description::new(
        "Calls",
        "List calls",
        "Your organisation's calls on every trunk, deleted ones included, newest first. One page asks at most 400 trunks, \
         and looks at 20,000 calls of each: with more trunks than that, or a filter that few calls match, a page may hold \
         fewer calls than `limit`, or even none, and still have a `next_cursor`, with which the search continues. Only \
         `\"next_cursor\": null` is the end.",
        ok::<CallList>("A page of calls.", example),
    )
    .paged()
    .query(filters())
    .refuses([
        must("call_status", &format!("one of {}", statuses.join(", "))),
        must("agent_id", "a UUID"),
        must("sip_trunk_id", "a UUID"),
        must("phone_number", "in E.164 format"),
        must("phone_number_ends_with", "3 to 15 digits"),
        must("scheduled", "true or false"),
        Refusal::TrunkUnavailable,
    ])
    .refuses(no_time("created_after"))
    .refuses(no_time("created_before"))
}

fn filters() -> [Value; 8] {
    let uuid = || json!({"type": "string", "format": "uuid"});
    // One plain string: a client that knows the format of a date-time writes no date, and another no offset.
    let time = || json!({"type": "string", "minLength": 1, "examples": ["2026-06-14T10:32:00Z", "2026-06-14"]});
    [
        any_of("call_status", "Only calls of this status.", "CallStatus"),
        filter("agent_id", "Only this agent's calls.", uuid()),
        filter("sip_trunk_id", "Only this trunk's calls.", uuid()),
        filter(
            "phone_number",
            "Only calls to this number.",
            json!({"type": "string", "pattern": r"^\+[1-9][0-9]{6,14}$"}),
        ),
        filter(
            "phone_number_ends_with",
            "Only calls to numbers that end with these digits.",
            json!({"type": "string", "pattern": "^[0-9]{3,15}$"}),
        ),
        filter(
            "scheduled",
            "Only calls that are scheduled; with `false`, only the others.",
            json!({"type": "boolean"}),
        ),
        filter(
            "created_after",
            "Only calls created at this time or later: ISO 8601, a date or a time with its offset.",
            time(),
        ),
        filter(
            "created_before",
            "Only calls created before this time: ISO 8601, a date or a time with its offset.",
            time(),
        ),
    ]
}
