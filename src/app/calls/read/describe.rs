//! The OpenAPI description of reading calls.

use serde_json::{Value, json};

use super::csv::COLUMNS;
use super::{CallList, DISPOSITION, LiveCalls, MAX_DISPOSITION, failure_codes};
use crate::app::description::examples;
use crate::app::description::reference::{any_of, filter, reference};
use crate::app::description::refusals::{must, no_time};
use crate::app::description::{Description, Success, ok};
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
        "Everything known about a call: its status, why it failed, its history, and the state of its callback.",
        ok::<DetailedCall<'static>>("The call.", examples::call()),
    )
    .refuses([Refusal::CallNotFound, Refusal::TrunkUnavailable])
}

pub fn live() -> Description {
    Description::new(
        "SIP trunks",
        "List a trunk's live calls",
        "The calls that hold its channels now, and the agents whose calls it holds back because they broke off several calls in a row.",
        ok::<LiveCalls>("The calls.", examples::live()),
    )
    .id("listLiveCalls")
    .refuses([Refusal::TrunkNotFound, Refusal::TrunkUnavailable])
}

pub fn list() -> Description {
    let example = examples::page("calls", examples::listed());
    Description::new(
        "Calls",
        "List calls",
        "Your organisation's calls on all trunks, deleted ones included, newest first. One page covers at most 400 \
        trunks, and looks at 20,000 calls on each: with more trunks than that, or a filter that few calls match, a \
        page may hold \
         fewer calls than `limit`, or even none, and still have a `next_cursor`, with which the search continues. Only \
         `\"next_cursor\": null` marks the end.",
        ok::<CallList>("A page of calls.", example),
    )
    .paged()
    .query(filters())
    .refuses(refusals())
}

pub fn export() -> Description {
    let example = format!("{}\r\n{EXAMPLE}\r\n", COLUMNS.join(","));
    let file = Success::text("The file.", "text/csv", &example);
    Description::new(
        "Calls",
        "Export calls",
        "The list of calls as a file, with the same filters and in the same order (RFC 4180, UTF-8): one line per \
        call, with the fields of the list's items that are not objects, plus `failure_code` and `disposition`. It \
        has the calls that existed when it was requested, each as it was when its line was written. Cells that begin \
        with `=`, `+`, `-` or `@` are left as they \
         are. The file is streamed; if it can't be completed, the connection is reset.",
        file,
    )
    .query(filters())
    .refuses([
        Refusal::UnknownParameter("X".into()),
        Refusal::RepeatedParameter("X".into()),
    ])
    .refuses(refusals())
}

const EXAMPLE: &str = "01a21053-11a4-8000-b610-bcade3614598,+919876543210,Completed,true,false,97,2026-06-14T10:32:05.000Z,\
    2026-06-14T10:33:42.000Z,,,2026-06-14T10:33:42.000Z,8f14e45f-ceea-467f-a9d5-0d1c2f5a7b3e,c9f0f895-fb98-4b91-8a3c-2d5e6f7a8b9c,\
    2026-06-14T10:32:00.000Z,2026-06-14T10:32:00.200Z,human,,,,interested";

fn refusals() -> Vec<Refusal> {
    let statuses = CallStatus::ALL.map(CallStatus::as_str);
    let mut all = vec![
        must("call_status", &format!("one of {}", statuses.join(", "))),
        must("agent_id", "a UUID"),
        must("sip_trunk_id", "a UUID"),
        must("phone_number", "in E.164 format"),
        must("phone_suffix", "4 to 15 digits"),
        must("scheduled", "true or false"),
        must("failure_code", &failure_codes()),
        must("disposition", DISPOSITION),
        must("campaign_id", "a UUID"),
        Refusal::TrunkUnavailable,
    ];
    all.extend(no_time("created_after"));
    all.extend(no_time("created_before"));
    all
}

fn filters() -> [Value; 11] {
    let uuid = || json!({"type": "string", "format": "uuid"});
    // One plain string: a client that knows the format of a date-time writes no date, and another no offset.
    let time = || json!({"type": "string", "minLength": 1, "examples": ["2026-06-14T10:32:00Z", "2026-06-14"]});
    [
        any_of("call_status", "Only calls with this status.", "CallStatus"),
        filter("agent_id", "Only this agent's calls.", uuid()),
        filter("sip_trunk_id", "Only this trunk's calls.", uuid()),
        filter(
            "phone_number",
            "Only calls to this number.",
            json!({"type": "string", "pattern": r"^\+[1-9][0-9]{6,14}$"}),
        ),
        filter(
            "phone_suffix",
            "Only calls to numbers that end with these digits.",
            json!({"type": "string", "pattern": "^[0-9]{4,15}$"}),
        ),
        filter(
            "scheduled",
            "Only calls that are scheduled; with `false`, only the others.",
            json!({"type": "boolean"}),
        ),
        filter("campaign_id", "Only this campaign's calls.", uuid()),
        filter(
            "failure_code",
            "Only calls that failed, or ended early, for this reason.",
            reference("FailureCode"),
        ),
        filter(
            "disposition",
            "Only calls whose `call_outcome.disposition` is this text.",
            json!({"type": "string", "minLength": 1, "maxLength": MAX_DISPOSITION}),
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
