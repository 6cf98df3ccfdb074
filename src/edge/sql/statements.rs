//! Statements: one crossing into JavaScript each, whatever they bind and return. One value at a time, each would cost three.

use serde_json::Value;
use wasm_bindgen::JsValue;
use worker::SqlStorageValue;

use crate::app::json;
use crate::app::trunk::StoreFailed;
use crate::domain::to_json;
use crate::edge::log;
use crate::edge::platform::{self, Sql};

/// How many rows a statement read and wrote, as the storage counts them.
type Counts = [u64; 2];

/// The rows that a statement returns.
pub fn rows(
    sql: &Sql,
    query: &str,
    bindings: Vec<SqlStorageValue>,
) -> Result<(Vec<Vec<SqlStorageValue>>, Counts), StoreFailed> {
    let answer = platform::sql_rows(sql, query, &bound(bindings));
    let answer = json::read(&answer.map_err(failed)?);
    let Ok(Value::Array(parts)) = answer else {
        return Err(StoreFailed);
    };
    let [read, written, Value::Array(rows)]: [Value; 3] =
        parts.try_into().map_err(|_| StoreFailed)?
    else {
        return Err(StoreFailed);
    };
    let counts = [&read, &written].map(|count| count.as_u64().unwrap_or_default());
    let row = |row: Value| match row {
        Value::Array(values) => Ok(values.into_iter().map(stored).collect()),
        _ => Err(StoreFailed),
    };
    let rows: Result<_, StoreFailed> = rows.into_iter().map(row).collect();
    Ok((rows?, counts))
}

/// The same for rows with one text each, without line breaks: the texts, one per line.
pub fn texts(
    sql: &Sql,
    query: &str,
    bindings: Vec<SqlStorageValue>,
) -> Result<(String, Counts), StoreFailed> {
    let mut answer = platform::sql_texts(sql, query, &bound(bindings)).map_err(failed)?;
    let mut lines = answer.splitn(3, '\n');
    let counts = [lines.next(), lines.next()].map(|count| {
        count
            .and_then(|count| count.parse().ok())
            .unwrap_or_default()
    });
    let texts = lines.next().map_or(0, str::len);
    answer.drain(..answer.len() - texts);
    Ok((answer, counts))
}

fn bound(bindings: Vec<SqlStorageValue>) -> String {
    let value = |binding| match binding {
        SqlStorageValue::Null | SqlStorageValue::Blob(_) => Value::Null,
        SqlStorageValue::Boolean(bool) => bool.into(),
        SqlStorageValue::Integer(number) => number.into(),
        // A whole number below 2^53.
        SqlStorageValue::Float(number) => (number as i64).into(),
        SqlStorageValue::String(text) => text.into(),
    };
    to_json::text(&bindings.into_iter().map(value).collect())
}

fn stored(value: Value) -> SqlStorageValue {
    match value {
        Value::String(text) => text.into(),
        Value::Number(number) => number.as_i64().into(),
        _ => SqlStorageValue::Null,
    }
}

fn failed(error: JsValue) -> StoreFailed {
    log::sql_failed(&error);
    StoreFailed
}
