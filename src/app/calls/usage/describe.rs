//! The OpenAPI description of usage.

use serde_json::{Value, json};

use super::{SPAN, groups};
use crate::app::description::reference::{filter, reference};
use crate::app::description::refusals::{must, no_time};
use crate::app::description::{Description, ok};
use crate::domain::refusal::Refusal;

/// Totals of calls.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "it is written field by field")]
pub struct Usage {
    /// A row for each hour, day, agent, trunk or campaign that has calls, in the order of their keys.
    pub rows: Vec<UsageRow>,
}

/// The totals of the calls of one hour, day, agent, trunk or campaign.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "it is written field by field")]
pub struct UsageRow {
    /// The beginning of the hour (`2026-11-29T08:00:00.000Z`), the day by UTC (`2026-11-29`), or the id; null for calls of no
    /// campaign.
    pub key: Option<String>,
    /// How many calls were accepted or refused.
    pub calls: u64,
    /// How many were answered.
    pub answered: u64,
    /// How many ended `Completed`.
    pub completed: u64,
    /// How many ended `Decline`.
    pub declined: u64,
    /// How many ended `Trigger Failed` or `SIP Call Failed`, by `failure.code`; codes that did not occur are left out.
    #[schema(value_type = HashMap<String, u64>)]
    pub failed: Value,
    /// How many ended `Rejected — Capacity`.
    pub rejected: u64,
    /// The sum of their durations.
    pub talk_seconds: u64,
    /// What became of their callbacks.
    pub callbacks: UsageCallbacks,
}

/// What became of callbacks.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "it is written field by field")]
pub struct UsageCallbacks {
    /// How many were delivered.
    pub delivered: u64,
    /// How many were given up.
    pub exhausted: u64,
}

pub fn usage() -> Description {
    Description::new(
        "Calls",
        "Get usage",
        "Totals of your organisation's calls on all trunks, deleted ones included. They agree with the calls that `GET \
        /calls` lists, and remain when those are no longer kept. A call counts in the hour in which it was accepted or \
        refused (`created_at`). At most 31 days at a time.",
        ok::<Usage>("The totals.", example()),
    )
    .id("getUsage")
    .query(parameters())
    .refuses([
        Refusal::UnknownParameter("X".into()),
        Refusal::RepeatedParameter("X".into()),
        Refusal::Invalid("from is required".into()),
        Refusal::Invalid("to is required".into()),
        Refusal::Invalid("group_by is required".into()),
        must("group_by", &groups()),
        Refusal::Invalid(SPAN.into()),
        Refusal::TrunkUnavailable,
    ])
    .refuses(no_time("from"))
    .refuses(no_time("to"))
    .schemas([(
        "GroupBy",
        json!({
            "type": "string", "description": "What usage is grouped by.",
            "enum": ["hour", "day", "agent", "trunk", "campaign"],
        }),
    )])
}

fn parameters() -> [Value; 3] {
    let time = |name: &str, what: &str| {
        let schema = json!({"type": "string", "minLength": 1, "examples": ["2026-06-14T10:00:00Z", "2026-06-14"]});
        required(filter(name, what, schema))
    };
    [
        time(
            "from",
            "Calls from the beginning of this time's hour (UTC) on: ISO 8601, or a date.",
        ),
        time(
            "to",
            "Calls before this time, up to the end of its hour (UTC): ISO 8601, or a date.",
        ),
        required(filter(
            "group_by",
            "What each row stands for.",
            reference("GroupBy"),
        )),
    ]
}

fn required(mut parameter: Value) -> Value {
    if let Some(parameter) = parameter.as_object_mut() {
        parameter.insert("required".into(), true.into());
    }
    parameter
}

fn example() -> Value {
    json!({"rows": [{
        "key": "2026-06-14", "calls": 120, "answered": 81, "completed": 80, "declined": 12, "failed": {"no_answer": 21, "carrier_error": 3},
        "rejected": 3, "talk_seconds": 7213, "callbacks": {"delivered": 119, "exhausted": 1},
    }]})
}
