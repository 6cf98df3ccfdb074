//! How values cross between the rows and Rust.

use worker::SqlStorageValue;

use crate::app::json;
use crate::app::telemetry::Event;
use crate::app::trunk::StoreFailed;
use crate::domain::callback::DeliveryStatus;
use crate::domain::ids::{AgentId, CallId};
use crate::domain::time::Timestamp;
use crate::domain::to_json::to_json;
use crate::edge::log;

pub(super) fn parse<T: serde::de::DeserializeOwned>(value: &SqlStorageValue) -> Option<T> {
    match value {
        SqlStorageValue::String(json) => read(json),
        _ => None,
    }
}

pub(super) fn read<T: serde::de::DeserializeOwned>(json: &str) -> Option<T> {
    let parsed = json::read(json);
    if parsed.is_err() {
        log::log(&Event::RowUnreadable {});
    }
    parsed.ok()
}

/// The key of whatever is stored beside a call.
pub(super) fn id(call: CallId) -> SqlStorageValue {
    call.to_string().into()
}

/// A whole number below 2^53.
pub(in crate::edge) fn number(number: u64) -> SqlStorageValue {
    SqlStorageValue::from(number as f64)
}

/// The whole number stored, if there is one.
pub(in crate::edge) fn whole(value: &SqlStorageValue) -> Option<u64> {
    match value {
        SqlStorageValue::Integer(number) => u64::try_from(*number).ok(),
        SqlStorageValue::Float(number) => Some(*number as u64),
        _ => None,
    }
}

pub(super) fn millis(at: Timestamp) -> SqlStorageValue {
    number(at.0)
}

pub(super) fn unsigned(stored: i64) -> Result<u64, StoreFailed> {
    u64::try_from(stored).map_err(|_| StoreFailed)
}

pub(in crate::edge) fn count(limit: usize) -> SqlStorageValue {
    i64::try_from(limit).unwrap_or(i64::MAX).into()
}

/// An agent's first 52 bits, as a key.
pub(super) fn agent_key(agent: AgentId) -> SqlStorageValue {
    number((agent.number() >> 76) as u64)
}

pub(super) fn delivery_word(status: DeliveryStatus) -> i32 {
    match status {
        DeliveryStatus::Pending => 0,
        DeliveryStatus::Delivered => 1,
        DeliveryStatus::Exhausted => 2,
    }
}

/// A filter's values as a JSON array; `None` if the filter lets any value pass.
pub(super) fn one_of(wanted: &[impl serde::Serialize]) -> Option<SqlStorageValue> {
    let words = to_json(wanted).ok()?;
    (!wanted.is_empty()).then(|| words.into())
}
