//! The schedule: when a call is due, in a narrow table beside its row, written and removed with it.

use worker::SqlStorageValue;

use super::SqlStore;
use super::values::{count, millis, number, unsigned};
use crate::app::trunk::StoreFailed;
use crate::domain::ids::CallId;
use crate::domain::time::Timestamp;
use crate::domain::trunk::{Place, ScheduledRow};

impl SqlStore {
    /// Keeps the schedule in step with a call's row that is about to be written.
    pub(super) fn keep_schedule(&self, call: CallId, place: &Place) -> Result<(), StoreFailed> {
        let stands_at = place.scheduled.map(|(at, _)| at);
        if let Some(stood_at) = place.stood_at.filter(|at| Some(*at) != stands_at) {
            let gone = "DELETE FROM schedule WHERE at = ? AND row = ?";
            self.query(gone, vec![millis(stood_at), number(call.row())])?;
        }
        if let Some((at, ends)) = place
            .scheduled
            .filter(|(at, _)| Some(*at) != place.stood_at)
        {
            let put = "INSERT OR REPLACE INTO schedule (at, row, ends) VALUES (?, ?, ?)";
            self.query(put, vec![millis(at), number(call.row()), millis(ends)])?;
        }
        Ok(())
    }

    /// See [`TrunkStore::scheduled`](crate::app::trunk::TrunkStore::scheduled).
    pub(super) fn schedule_from(
        &self,
        from: (Timestamp, u64),
        limit: usize,
    ) -> Result<Vec<ScheduledRow>, StoreFailed> {
        let query =
            "SELECT at, row, ends FROM schedule WHERE (at, row) >= (?, ?) ORDER BY at, row LIMIT ?";
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
