//! What an object reads when it is loaded.

use worker::SqlStorageValue;

use super::SqlStore;
use super::values::{millis, number, read, unsigned};
use crate::app::trunk::{OpenRow, Start, StoreFailed};
use crate::domain::call::CallStatus;
use crate::domain::ids::CallId;
use crate::domain::time::Timestamp;

impl SqlStore {
    /// See [`TrunkStore::open_calls`](crate::app::trunk::TrunkStore::open_calls).
    pub(super) fn open_rows(
        &self,
        recent: CallId,
        each: &mut dyn FnMut(OpenRow),
    ) -> Result<(), StoreFailed> {
        self.in_batches("late = 1", 0, each)?;
        let recent_ones = "late = 0 AND (open = 1 OR out = 1)";
        self.in_batches(recent_ones, recent.row(), each)?;
        match self.is_legacy.get() {
            true => self.legacy_open_calls(recent, each),
            false => Ok(()),
        }
    }

    /// All matching rows from `from` on, many as one text: crossing between SQLite and Rust takes longer than reading what a row
    /// stores.
    fn in_batches(
        &self,
        fits: &str,
        from: u64,
        each: &mut dyn FnMut(OpenRow),
    ) -> Result<(), StoreFailed> {
        const BATCH: usize = 64;
        let query = format!(
            "SELECT MAX(id), COUNT(*), GROUP_CONCAT(CASE WHEN out = 1 OR kept IS NULL THEN out || doc ELSE kept END, char(10))
             FROM (SELECT id, out, kept, doc FROM rows WHERE id >= ? AND {fits} ORDER BY id LIMIT {BATCH})"
        );
        let mut next = from;
        loop {
            let batch = self.query(&query, vec![number(next)])?;
            let Some(
                [
                    SqlStorageValue::Integer(last),
                    SqlStorageValue::Integer(count),
                    SqlStorageValue::String(docs),
                ],
            ) = batch.first().map(Vec::as_slice)
            else {
                return Ok(());
            };
            for line in docs.lines() {
                each(match line.split_at_checked(1) {
                    Some((out, doc)) if doc.starts_with('{') => {
                        OpenRow::Whole(read(doc).ok_or(StoreFailed)?, out == "1")
                    }
                    _ => OpenRow::Kept(line.parse().map_err(|()| StoreFailed)?),
                });
            }
            if usize::try_from(*count) != Ok(BATCH) {
                return Ok(());
            }
            next = unsigned(*last)? + 1;
        }
    }

    /// See [`TrunkStore::starts`](crate::app::trunk::TrunkStore::starts).
    pub(super) fn started(
        &self,
        from: CallId,
        since: Timestamp,
    ) -> Result<Vec<Start>, StoreFailed> {
        // Only documents of the last second are read.
        let query = "SELECT id, dialed_at, id >= ? AND doc ->> '$.request.campaign.id' IS NOT NULL
                     FROM rows WHERE id >= ? AND status <> ? AND open <> 2 AND (id >= ? OR dialed_at >= ?)";
        let since_row = number(CallId::floor(since).row());
        let bindings = vec![
            since_row.clone(),
            number(from.row()),
            CallStatus::RejectedCapacity.as_str().into(),
            since_row,
            millis(since),
        ];
        let rows = self.query(query, bindings)?;
        rows.into_iter()
            .map(|row| match row.as_slice() {
                [
                    SqlStorageValue::Integer(row),
                    dialed,
                    SqlStorageValue::Integer(of_campaign),
                ] => {
                    let dialed_at = match dialed {
                        SqlStorageValue::Integer(at) => Some(Timestamp(unsigned(*at)?)),
                        _ => None,
                    };
                    Ok(Start {
                        at: CallId::floor_of(unsigned(*row)?).address().at,
                        dialed_at,
                        of_campaign: *of_campaign == 1,
                    })
                }
                _ => Err(StoreFailed),
            })
            .collect()
    }

    /// See [`TrunkStore::accepted_from`](crate::app::trunk::TrunkStore::accepted_from).
    pub(super) fn count_accepted(&self, from: u64) -> Result<u32, StoreFailed> {
        let query = "SELECT COUNT(*) FROM rows WHERE id >= ? AND doc ->> '$.series.previous' IS NULL
                     AND (status <> ? OR doc ->> 'waits_until' IS NOT NULL OR doc ->> 'schedule' IS NOT NULL)";
        let refused = CallStatus::RejectedCapacity.as_str();
        let rows = self.query(query, vec![number(from), refused.into()])?;
        match rows.into_iter().flatten().next() {
            Some(SqlStorageValue::Integer(count)) => u32::try_from(count).map_err(|_| StoreFailed),
            _ => Err(StoreFailed),
        }
    }
}
