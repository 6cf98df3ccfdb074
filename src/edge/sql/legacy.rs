//! Rows as the previous release wrote them: one table with text keys, and metadata in the documents. They are read in place until
//! each has been migrated, in slices.

use serde_json::{Map, Value};
use worker::SqlStorageValue;

use super::SqlStore;
use super::lists::Look;
use super::values::{count, id};
use crate::app::trunk::{OpenRow, Scan, StoreFailed};
use crate::domain::call::Call;
use crate::domain::ids::CallId;

/// Those whose calls are in progress.
const IN_PROGRESS: &str = "status IN ('Initiating', 'Ringing', 'Answered')";

impl SqlStore {
    pub(super) fn has_legacy_rows(&self) -> bool {
        let table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'calls'";
        let has = |query| {
            let rows = self.query(query, vec![]);
            rows.is_ok_and(|rows| !rows.is_empty())
        };
        has(table) && has("SELECT 1 FROM calls LIMIT 1")
    }

    pub(super) fn legacy_open_calls(
        &self,
        recent: CallId,
        each: &mut dyn FnMut(OpenRow),
    ) -> Result<(), StoreFailed> {
        // A batch at a time, and without what may be long.
        const BATCH: usize = 64;
        let recent = recent.to_string();
        for (fits, from) in [("late = 1", ""), ("open = 1 AND late = 0", &recent)] {
            let query = format!(
                "SELECT json_remove(doc, '$.request.metadata') FROM calls
                 WHERE id >= ? AND {fits} AND {IN_PROGRESS} ORDER BY id LIMIT {BATCH}"
            );
            let mut next = from.to_owned();
            loop {
                let calls: Vec<Call> = self.docs(&query, vec![next.as_str().into()])?;
                let Some(last) = calls.last().filter(|_| calls.len() == BATCH) else {
                    calls
                        .into_iter()
                        .for_each(|call| each(OpenRow::Whole(Box::new(call), false)));
                    break;
                };
                // Its immediate successor in text order.
                next = format!("{}\u{1}", last.id);
                calls
                    .into_iter()
                    .for_each(|call| each(OpenRow::Whole(Box::new(call), false)));
            }
        }
        Ok(())
    }

    pub(super) fn legacy_newest(&self) -> Result<Option<CallId>, StoreFailed> {
        let rows = self.query("SELECT id FROM calls ORDER BY id DESC LIMIT 1", vec![])?;
        match rows.into_iter().flatten().next() {
            Some(SqlStorageValue::String(id)) => id.parse().map(Some).map_err(|_| StoreFailed),
            _ => Ok(None),
        }
    }

    fn legacy_doc(&self, call: CallId) -> Result<Option<Call>, StoreFailed> {
        let query = "SELECT doc FROM calls WHERE id = ?";
        Ok(self.docs(query, vec![id(call)])?.pop())
    }

    pub(super) fn legacy_call(&self, call: CallId) -> Result<Option<Call>, StoreFailed> {
        Ok(self.legacy_doc(call)?.map(without_metadata))
    }

    pub(super) fn legacy_metadata(
        &self,
        call: CallId,
    ) -> Result<Option<Map<String, Value>>, StoreFailed> {
        let known = self.legacy_doc(call)?;
        Ok(known.and_then(|call| call.request.metadata))
    }

    /// A call is about to be written: its old row is removed, and the call takes over its metadata.
    pub(super) fn take_legacy_metadata(&self, call: &mut Call) -> Result<(), StoreFailed> {
        // A call that is being migrated brings its own.
        if call.request.metadata.is_none() {
            let known = self.legacy_doc(call.id)?;
            call.request.metadata = known.and_then(|known| known.request.metadata);
        }
        let query = "DELETE FROM calls WHERE id = ?";
        self.query(query, vec![id(call.id)]).map(drop)
    }

    /// A page of the rows here, merged with one of the old rows. The caller leaves out whatever does not match the filter.
    pub(super) fn with_legacy(&self, found: Scan, look: &Look) -> Result<Scan, StoreFailed> {
        let below = look.ceiling.map_or_else(|| "g".into(), id);
        let query = "SELECT json_remove(doc, '$.request.metadata') FROM calls
                     WHERE id < ? AND open = 0 ORDER BY id DESC LIMIT ?";
        let most = look.limit.max(look.scan_limit.min(200));
        let calls: Vec<Call> = self.docs(query, vec![below, count(most)])?;
        let until = calls.last().map(|call| call.id);
        let until = until.filter(|_| calls.len() == most);
        let old = Scan { calls, until };
        // Without a limit: the filter has not been applied yet.
        Ok(Scan::merge(vec![found, old], usize::MAX))
    }

    /// The next rows to migrate: first those open for long, then the newest. Empty when all have been.
    pub(super) fn next_legacy_calls(&self, limit: usize) -> Result<Vec<Call>, StoreFailed> {
        if !self.is_legacy.get() {
            return Ok(Vec::new());
        }
        let late = "SELECT doc FROM calls WHERE late = 1 LIMIT ?";
        let mut calls: Vec<Call> = self.docs(late, vec![count(limit)])?;
        if calls.is_empty() {
            let newest = "SELECT doc FROM calls ORDER BY id DESC LIMIT ?";
            calls = self.docs(newest, vec![count(limit)])?;
        }
        if calls.is_empty() {
            self.query("DROP TABLE IF EXISTS calls", vec![])?;
            self.query("DROP TABLE IF EXISTS late_turns", vec![])?;
            self.is_legacy.set(false);
        }
        Ok(calls)
    }
}

pub(super) fn without_metadata(mut call: Call) -> Call {
    call.request.metadata = None;
    call
}
