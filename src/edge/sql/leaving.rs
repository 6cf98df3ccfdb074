//! Calls that leave for the archive.

use worker::SqlStorageValue;

use super::SqlStore;
use super::lists::OLDEST_FIRST;
use super::values::{count, id, number, parse};
use crate::app::json;
use crate::app::trunk::{Expired, Looked, StoreFailed, TrunkStore};
use crate::domain::call::{Call, CallStatus};
use crate::domain::ids::CallId;
use crate::domain::to_json::to_json;

impl SqlStore {
    /// See [`TrunkStore::expired`](crate::app::trunk::TrunkStore::expired).
    pub(super) fn old_calls(
        &self,
        before: CallId,
        limit: usize,
    ) -> Result<Vec<Expired>, StoreFailed> {
        let bounds = vec![number(0), number(before.row()), count(1_000)];
        let fits = "open = 0 AND out = 0 AND callback_due IS NULL";
        let seen = self.seen(OLDEST_FIRST, bounds, fits, vec![])?;
        self.expired_rows(seen.fit.get(..limit).unwrap_or(&seen.fit))
    }

    /// See [`TrunkStore::refused`](crate::app::trunk::TrunkStore::refused).
    pub(super) fn refused_calls(
        &self,
        from: u64,
        before: u64,
        limit: usize,
    ) -> Result<(Vec<Expired>, Option<u64>), StoreFailed> {
        const LOOKED_AT: usize = 1_000;
        let bounds = vec![number(from), number(before), count(LOOKED_AT)];
        let fits = "open = 0 AND out = 0 AND status = ? AND callback_due IS NULL";
        let refused = CallStatus::RejectedCapacity.as_str();
        let seen = self.seen(OLDEST_FIRST, bounds, fits, vec![refused.into()])?;
        let rows = seen.fit.get(..limit).unwrap_or(&seen.fit);
        let next = match rows.last().filter(|_| rows.len() == limit) {
            Some(last) => Some(*last),
            None => seen.last.filter(|_| seen.count == LOOKED_AT),
        };
        Ok((self.expired_rows(rows)?, next.map(|last| last + 1)))
    }

    /// See [`TrunkStore::ending_in`](crate::app::trunk::TrunkStore::ending_in).
    pub(super) fn rows_ending_in(
        &self,
        digits: &str,
        (from, through): (u64, u64),
        limit: usize,
    ) -> Looked {
        let bounds = vec![number(from), number(through + 1), count(limit)];
        let fits = "phone LIKE '%' || ?"; // of digits alone: there is nothing to escape
        let seen = self.seen(OLDEST_FIRST, bounds, fits, vec![digits.into()])?;
        let last = seen.last.filter(|_| seen.count == limit);
        Ok((seen.fit, last.map(|last| last + 1)))
    }

    /// See [`TrunkStore::forget_answers`](crate::app::trunk::TrunkStore::forget_answers).
    pub(super) fn delete_answers(&self, calls: &[CallId]) -> Result<(), StoreFailed> {
        let ids = to_json(calls).map_err(|_| StoreFailed)?;
        // Whatever kind of admission it was, its call is one of its fields.
        let query = "DELETE FROM idempotency WHERE (SELECT value ->> '$.call' FROM json_each(doc, '$.admission'))
                     IN (SELECT value FROM json_each(?))";
        self.query(query, vec![ids.into()]).map(drop)
    }

    /// See [`TrunkStore::forget`](crate::app::trunk::TrunkStore::forget).
    pub(super) fn delete(&self, calls: &[CallId]) -> Result<(), StoreFailed> {
        // Three statements for all of them: one by one they would hold up requests to place a call.
        let ids = to_json(calls).map_err(|_| StoreFailed)?;
        let rows: Vec<u64> = calls.iter().map(|call| call.row()).collect();
        let rows = to_json(&rows).map_err(|_| StoreFailed)?;
        for (query, keys) in [
            (
                "DELETE FROM transcripts WHERE call IN (SELECT value FROM json_each(?))",
                &ids,
            ),
            (
                "DELETE FROM recordings WHERE call IN (SELECT value FROM json_each(?))",
                &ids,
            ),
            (
                "DELETE FROM rows WHERE open = 0 AND out = 0 AND id IN (SELECT value FROM json_each(?))",
                &rows,
            ),
        ] {
            self.query(query, vec![keys.as_str().into()])?;
        }
        Ok(())
    }

    /// Rows for the archive.
    fn expired_rows(&self, rows: &[u64]) -> Result<Vec<Expired>, StoreFailed> {
        let rows = to_json(rows).map_err(|_| StoreFailed)?;
        let query = "SELECT doc, metadata FROM json_each(?) AS wanted CROSS JOIN rows ON rows.id = wanted.value";
        let rows = self.query(query, vec![rows.into()])?;
        rows.iter().map(|row| self.expired_row(row)).collect()
    }

    /// A row for the archive: its document and its metadata.
    fn expired_row(&self, row: &[SqlStorageValue]) -> Result<Expired, StoreFailed> {
        let [doc, metadata] = row else {
            return Err(StoreFailed);
        };
        let mut call: Call = parse(doc).ok_or(StoreFailed)?;
        if let SqlStorageValue::String(metadata) = metadata {
            call.request.metadata = json::read(metadata).map_err(|_| StoreFailed)?;
        }
        let transcript = "SELECT doc FROM transcripts WHERE call = ?";
        let transcript = self.query(transcript, vec![id(call.id)])?;
        let transcript = transcript.into_iter().flatten().next();
        let recording = match call.media_policy.recording {
            true => self.recording(call.id)?,
            false => None,
        };
        Ok(Expired {
            id: call.id,
            call: to_json(&call).map_err(|_| StoreFailed)?,
            recording,
            transcript: match transcript {
                Some(SqlStorageValue::String(lines)) => Some(lines),
                _ => None,
            },
        })
    }
}
