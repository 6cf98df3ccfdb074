//! The row of a call.

use serde_json::{Map, Value};
use worker::SqlStorageValue;

use super::values::{agent_key, count, delivery_word, millis, number, unsigned};
use super::{Row, SqlStore};
use crate::app::json;
use crate::app::trunk::{CallRow, StoreFailed};
use crate::domain::callback::host_key;
use crate::domain::ids::CallId;
use crate::domain::time::Timestamp;
use crate::domain::to_json::{self, to_json};
use crate::domain::trunk::{DueCallback, Place};

/// Writes a call's row; an existing one keeps its metadata.
const PUT: &str = "
    INSERT INTO rows (id, open, out, late, status, told_at, dialed_at, agent, phone, delivery, callback_due,
                      callback_host, kept, doc, metadata)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET
        open = excluded.open, out = excluded.out, late = excluded.late, status = excluded.status,
        told_at = excluded.told_at, dialed_at = excluded.dialed_at, delivery = excluded.delivery,
        callback_due = excluded.callback_due, callback_host = excluded.callback_host, kept = excluded.kept, doc = excluded.doc";

/// A row's `open` column: 0 if its call is over, 1 if it is in progress, [`SCHEDULED`] if it is on the schedule.
fn openness(place: &Place) -> i32 {
    match (place.is_open(), place.scheduled) {
        (true, _) => 1,
        (false, Some(_)) => SCHEDULED,
        (false, None) => 0,
    }
}

/// The value of `open` for a call on the schedule.
pub(super) const SCHEDULED: i32 = 2;

impl SqlStore {
    /// See [`TrunkStore::put`](crate::app::trunk::TrunkStore::put).
    pub(super) fn write(&self, calls: Vec<CallRow>) -> Result<(), StoreFailed> {
        for CallRow { mut call, place } in calls {
            if self.is_legacy.get() {
                self.take_legacy_metadata(&mut call)?;
            }
            let metadata = call.request.metadata.take();
            let metadata = metadata.map(|metadata| to_json::text(&Value::Object(metadata)));
            let callback = call.callback.as_ref();
            let doc = to_json(&call).map_err(|_| StoreFailed)?;
            let bindings = vec![
                number(call.id.row()),
                openness(&place).into(),
                i32::from(place.is_out).into(),
                i32::from(call.long_lived && place.is_open()).into(),
                call.status.as_str().into(),
                millis(call.told_at()),
                call.dialed_at
                    .and_then(|at| i64::try_from(at.0).ok())
                    .into(),
                agent_key(call.request.agent.id),
                call.request.phone.as_str().into(),
                callback
                    .map(|callback| delivery_word(callback.status))
                    .into(),
                place
                    .callback_due
                    .and_then(|at| i64::try_from(at.0).ok())
                    .into(),
                callback
                    .and_then(|callback| i64::try_from(host_key(&callback.url)).ok())
                    .into(),
                place.kept.as_ref().map(ToString::to_string).into(),
                doc.into(),
                metadata.into(),
            ];
            self.query(PUT, bindings)?;
            self.keep_schedule(&call, &place)?;
        }
        Ok(())
    }

    /// See [`TrunkStore::metadata`](crate::app::trunk::TrunkStore::metadata).
    pub(super) fn metadata_of(
        &self,
        call: CallId,
    ) -> Result<Option<Map<String, Value>>, StoreFailed> {
        let query = "SELECT metadata FROM rows WHERE id = ?";
        let rows = self.query(query, vec![number(call.row())])?;
        match rows.into_iter().flatten().next() {
            Some(SqlStorageValue::String(json)) => {
                let read: Value = json::read(&json).map_err(|_| StoreFailed)?;
                match read {
                    Value::Object(metadata) => Ok(Some(metadata)),
                    _ => Err(StoreFailed),
                }
            }
            None if self.is_legacy.get() => self.legacy_metadata(call),
            _ => Ok(None),
        }
    }

    /// See [`TrunkStore::due_callbacks`](crate::app::trunk::TrunkStore::due_callbacks).
    pub(super) fn due_rows(
        &self,
        after: (Timestamp, u64),
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueCallback>, StoreFailed> {
        let query = "SELECT callback_due, id, callback_host FROM rows
                     WHERE callback_due IS NOT NULL AND (callback_due, id) > (?, ?) AND callback_due <= ?
                     ORDER BY callback_due, id LIMIT ?";
        let bindings = vec![
            millis(after.0),
            number(after.1),
            millis(until),
            count(limit),
        ];
        let read = |row: Row| match row.as_slice() {
            [
                SqlStorageValue::Integer(due),
                SqlStorageValue::Integer(row),
                SqlStorageValue::Integer(host),
            ] => Ok(DueCallback {
                due: Timestamp(unsigned(*due)?),
                row: unsigned(*row)?,
                host: unsigned(*host)?,
            }),
            _ => Err(StoreFailed),
        };
        let rows = self.query(query, bindings)?;
        rows.into_iter().map(read).collect()
    }
}
