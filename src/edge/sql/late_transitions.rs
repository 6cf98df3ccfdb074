//! The late transitions of the feed.

use worker::SqlStorageValue;

use super::values::{count, millis, number, unsigned};
use super::{Row, SqlStore};
use crate::app::trunk::{LateTransition, StoreFailed};
use crate::domain::time::Timestamp;

/// After this many writes to the feed's log some old transitions are removed.
const FORGET_EVERY: u64 = 50;

impl SqlStore {
    /// See [`TrunkStore::log_transitions`](crate::app::trunk::TrunkStore::log_transitions).
    pub(super) fn keep_transitions(
        &self,
        transitions: &[LateTransition],
        forget_before: Timestamp,
    ) -> Result<(), StoreFailed> {
        for transition in transitions {
            let query = "INSERT OR IGNORE INTO turns (at, row, kind) VALUES (?, ?, ?)";
            let kind = i32::from(transition.kind).into();
            self.query(
                query,
                vec![millis(transition.at), number(transition.row), kind],
            )?;
        }
        self.logged.set(self.logged.get() + 1);
        if !self.logged.get().is_multiple_of(FORGET_EVERY) {
            return Ok(());
        }
        let query = "DELETE FROM turns WHERE (at, row) IN (SELECT at, row FROM turns WHERE at < ? ORDER BY at LIMIT 1000)";
        self.query(query, vec![millis(forget_before)]).map(drop)
    }

    /// See [`TrunkStore::logged_transitions`](crate::app::trunk::TrunkStore::logged_transitions).
    pub(super) fn kept_transitions(
        &self,
        from: (Timestamp, u64),
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<LateTransition>, StoreFailed> {
        let query = "SELECT at, row, kind FROM turns WHERE (at, row) >= (?, ?) AND at < ? ORDER BY at, row LIMIT ?";
        let bounds = vec![millis(from.0), number(from.1), millis(until), count(limit)];
        let rows = self.query(query, bounds)?;
        let read = |row: Row| match row.as_slice() {
            [
                SqlStorageValue::Integer(at),
                SqlStorageValue::Integer(row),
                SqlStorageValue::Integer(kind),
            ] => Ok(LateTransition {
                at: Timestamp(unsigned(*at)?),
                row: unsigned(*row)?,
                kind: u8::try_from(*kind).map_err(|_| StoreFailed)?,
            }),
            _ => Err(StoreFailed),
        };
        rows.into_iter().map(read).collect()
    }
}
