//! What is stored of each hour's calls, and the calls that are read for it.

use worker::SqlStorageValue;

use super::SqlStore;
use super::values::{count, number, parse, unsigned};
use crate::app::trunk::StoreFailed;
use crate::domain::call::Call;
use crate::domain::ids::CallId;
use crate::domain::to_json::to_json;
use crate::domain::usage::{Hour, HourUsage};

impl SqlStore {
    /// See [`TrunkStore::calls_from`](crate::app::trunk::TrunkStore::calls_from).
    pub(super) fn calls_between(
        &self,
        from: u64,
        to: u64,
        limit: usize,
    ) -> Result<Vec<Call>, StoreFailed> {
        let query =
            "SELECT doc FROM rows WHERE id >= ? AND id < ? AND open <> 1 ORDER BY id LIMIT ?";
        self.docs(query, vec![number(from), number(to), count(limit)])
    }

    /// See [`TrunkStore::calls_that_leave`](crate::app::trunk::TrunkStore::calls_that_leave).
    pub(super) fn calls_to_delete(&self, calls: &[CallId]) -> Result<Vec<Call>, StoreFailed> {
        let rows: Vec<u64> = calls.iter().map(|call| call.row()).collect();
        let rows = to_json(&rows).map_err(|_| StoreFailed)?;
        let query = "SELECT doc FROM rows WHERE open = 0 AND out = 0 AND id IN (SELECT value FROM json_each(?))";
        self.docs(query, vec![rows.into()])
    }

    /// See [`TrunkStore::next_usage`](crate::app::trunk::TrunkStore::next_usage).
    pub(super) fn usage_from(&self, hour: Hour) -> Result<Option<(Hour, HourUsage)>, StoreFailed> {
        let query = "SELECT hour, doc FROM usage WHERE hour >= ? ORDER BY hour LIMIT 1";
        let rows = self.query(query, vec![number(hour.0)])?;
        match rows.first().map(Vec::as_slice) {
            Some([SqlStorageValue::Integer(hour), doc]) => Ok(Some((
                Hour(unsigned(*hour)?),
                parse(doc).ok_or(StoreFailed)?,
            ))),
            _ => Ok(None),
        }
    }

    /// See [`TrunkStore::undelivered`](crate::app::trunk::TrunkStore::undelivered).
    pub(super) fn first_undelivered(
        &self,
        from: u64,
        limit: usize,
    ) -> Result<(Option<u64>, u64), StoreFailed> {
        let query = "SELECT MIN(CASE WHEN callback_due IS NOT NULL OR out = 1 THEN id END), MAX(id)
            FROM (SELECT id, callback_due, out FROM rows WHERE id >= ? ORDER BY id LIMIT ?)";
        let rows = self.query(query, vec![number(from), count(limit)])?;
        match rows.first().map(Vec::as_slice) {
            Some([SqlStorageValue::Integer(found), _]) => {
                let found = unsigned(*found)?;
                Ok((Some(found), found))
            }
            Some([_, SqlStorageValue::Integer(last)]) => Ok((None, unsigned(*last)? + 1)),
            _ => Ok((None, from)),
        }
    }

    /// See [`TrunkStore::put_usage`](crate::app::trunk::TrunkStore::put_usage).
    pub(super) fn keep_usage(&self, hour: Hour, usage: &HourUsage) -> Result<(), StoreFailed> {
        let doc = to_json(usage).map_err(|_| StoreFailed)?;
        let query = "INSERT OR REPLACE INTO usage (hour, doc) VALUES (?, ?)";
        self.query(query, vec![number(hour.0), doc.into()])
            .map(drop)
    }
}
