//! The schedule: when each call on it is due, in a narrow table beside its row, written and removed with it.
//!
//! `ends` has the mark of the call's number in its bits above the moment, so that calls to a number are found by reading only
//! these narrow rows: see [`Number::mark`]. Rows of earlier releases have no mark, and may be to any number. Only SQLite takes
//! the two apart and puts them together: a number that crosses to it has 53 bits.

use serde_json::Value;
use worker::SqlStorageValue;

use super::SqlStore;
use super::values::{count, millis, number, unsigned};
use crate::app::trunk::StoreFailed;
use crate::domain::call::Call;
use crate::domain::contacts::{Number, Told};
use crate::domain::time::Timestamp;
use crate::domain::to_json;
use crate::domain::trunk::{Place, ScheduledRow};

impl SqlStore {
    /// Keeps the schedule in step with a call's row that is about to be written.
    pub(super) fn keep_schedule(&self, call: &Call, place: &Place) -> Result<(), StoreFailed> {
        let stands_at = place.scheduled.map(|(at, _)| at);
        if let Some(stood_at) = place.stood_at.filter(|at| Some(*at) != stands_at) {
            let gone = "DELETE FROM schedule WHERE at = ? AND row = ?";
            self.query(gone, vec![millis(stood_at), number(call.id.row())])?;
        }
        if let Some((at, ends)) = place
            .scheduled
            .filter(|(at, _)| Some(*at) != place.stood_at)
        {
            let put =
                "INSERT OR REPLACE INTO schedule (at, row, ends) VALUES (?, ?, ? | (? << 42))";
            let (row, mark) = (call.id.row(), Number::of(&call.request.phone).mark());
            let bindings = vec![millis(at), number(row), millis(ends), number(mark)];
            self.query(put, bindings)?;
        }
        Ok(())
    }

    /// See [`TrunkStore::scheduled`](crate::app::trunk::TrunkStore::scheduled).
    pub(super) fn schedule_from(
        &self,
        from: (Timestamp, u64),
        limit: usize,
    ) -> Result<Vec<ScheduledRow>, StoreFailed> {
        let query = "SELECT at, row, ends & 4398046511103 FROM schedule WHERE (at, row) >= (?, ?) ORDER BY at, row LIMIT ?";
        let bindings = vec![millis(from.0), number(from.1), count(limit)];
        let rows = self.query(query, bindings)?;
        let read = |row: Vec<SqlStorageValue>| match row.as_slice() {
            [
                SqlStorageValue::Integer(at),
                SqlStorageValue::Integer(row),
                SqlStorageValue::Integer(ends),
            ] => Ok(ScheduledRow {
                at: Timestamp(unsigned(*at)?),
                row: unsigned(*row)?,
                ends: Timestamp(unsigned(*ends)?),
            }),
            _ => Err(StoreFailed),
        };
        rows.into_iter().map(read).collect()
    }

    /// See [`TrunkStore::scheduled_to`](crate::app::trunk::TrunkStore::scheduled_to).
    pub(super) fn schedule_to(
        &self,
        told: &Told,
        from: u64,
        limit: usize,
    ) -> Result<Vec<u64>, StoreFailed> {
        let query = "SELECT row FROM schedule WHERE row >= ? AND ends >> 42 IN (SELECT value FROM json_each(?))
                     ORDER BY row LIMIT ?";
        let marks: Value = told.marks().chain([0]).map(Value::from).collect();
        let bindings = vec![number(from), to_json::text(&marks).into(), count(limit)];
        let rows = self.query(query, bindings)?;
        let read = |value| match value {
            SqlStorageValue::Integer(row) => unsigned(row),
            _ => Err(StoreFailed),
        };
        rows.into_iter().flatten().map(read).collect()
    }

    /// See [`TrunkStore::count_scheduled`](crate::app::trunk::TrunkStore::count_scheduled).
    pub(super) fn schedule_length(&self) -> Result<usize, StoreFailed> {
        let rows = self.query("SELECT COUNT(*) FROM schedule", vec![])?;
        match rows.into_iter().flatten().next() {
            Some(SqlStorageValue::Integer(count)) => {
                usize::try_from(count).map_err(|_| StoreFailed)
            }
            _ => Err(StoreFailed),
        }
    }
}
