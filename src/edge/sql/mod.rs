//! A trunk's rows in its object's SQLite.
//!
//! A call is one row under an integer key that sorts by age, so a page of calls, newest first, is a range scan; what lists,
//! sweeps and the feed search by is in narrow columns before the document. There are two partial indexes: calls that stay open
//! for long, and callbacks whose next attempt is due later. So an ordinary call costs one row per write. Calls on the schedule
//! have another row in a table of their own: an index of them would have to be built from all existing calls.

mod calls;
mod idempotency;
mod late_transitions;
mod leaving;
mod legacy;
mod lists;
mod loading;
mod schedule;
mod schema;
pub mod statements;
mod usage;
pub(super) mod values;

use std::cell::{Cell, RefCell};

use serde_json::{Map, Value};
use worker::SqlStorageValue;

use values::{id, millis, number, unsigned};

use crate::app::trunk::{
    CallFilter, CallRow, DeliveryFilter, Expired, FeedNotes, FeedScan, IdempotencyRecord,
    LateTransition, Looked, OpenRow, Scan, Start, StoreFailed, TrunkStore,
};
use crate::domain::call::Call;
use crate::domain::contacts::Told;
use crate::domain::ids::CallId;
use crate::domain::time::Timestamp;
use crate::domain::to_json::{self, to_json};
use crate::domain::trunk::{Brief, DayCount, DueCallback, RedialCount, ScheduledRow};
use crate::domain::usage::{Hour, HourUsage};
use crate::domain::vitals::Seen;
use crate::edge::platform::Sql;

/// The rows of one object.
pub struct SqlStore {
    sql: Sql,
    read: Cell<u64>,
    written: Cell<u64>,
    remembered: Cell<u64>,
    /// The key up to which expired ones have been removed.
    swept: RefCell<String>,
    logged: Cell<u64>,
    /// There are still rows of the previous release.
    is_legacy: Cell<bool>,
}

type Row = Vec<SqlStorageValue>;

impl SqlStore {
    /// Opens the store, creating the tables if they are missing.
    pub fn open(sql: Sql) -> Result<Self, StoreFailed> {
        let store = Self {
            sql,
            read: Cell::new(0),
            written: Cell::new(0),
            remembered: Cell::new(0),
            swept: RefCell::default(),
            logged: Cell::new(0),
            is_legacy: Cell::new(false),
        };
        store.query(schema::SCHEMA, vec![])?;
        store.is_legacy.set(store.has_legacy_rows());
        store.written.set(0);
        Ok(store)
    }

    /// Rows read and written so far, as the storage counts them.
    pub fn rows(&self) -> [u64; 2] {
        [self.read.get(), self.written.get()]
    }

    fn query(&self, query: &str, bindings: Row) -> Result<Vec<Row>, StoreFailed> {
        let (rows, [read, written]) = statements::rows(&self.sql, query, bindings)?;
        self.count(read, written);
        Ok(rows)
    }

    /// Documents: rows that contain one JSON text each.
    fn docs<T: serde::de::DeserializeOwned>(
        &self,
        query: &str,
        bindings: Row,
    ) -> Result<Vec<T>, StoreFailed> {
        let (texts, [read, written]) = statements::texts(&self.sql, query, bindings)?;
        self.count(read, written);
        let docs = texts.lines().map(values::read);
        docs.map(|doc| doc.ok_or(StoreFailed)).collect()
    }

    fn count(&self, read: u64, written: u64) {
        self.read.set(self.read.get() + read);
        self.written.set(self.written.get() + written);
    }
}

impl SqlStore {
    fn fact<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreFailed> {
        Ok(self
            .docs("SELECT doc FROM facts WHERE name = ?", vec![name.into()])?
            .pop())
    }

    fn put_fact(&self, name: &str, fact: &impl serde::Serialize) -> Result<(), StoreFailed> {
        let doc = to_json(fact).map_err(|_| StoreFailed)?;
        let query = "INSERT OR REPLACE INTO facts (name, doc) VALUES (?, ?)";
        self.query(query, vec![name.into(), doc.into()]).map(drop)
    }
}

impl TrunkStore for SqlStore {
    fn brief(&self) -> Result<Option<Brief>, StoreFailed> {
        self.fact("brief")
    }

    fn put_brief(&self, brief: &Brief) -> Result<(), StoreFailed> {
        self.put_fact("brief", brief)
    }

    fn open_calls(&self, recent: CallId, each: &mut dyn FnMut(OpenRow)) -> Result<(), StoreFailed> {
        self.open_rows(recent, each)
    }

    fn starts(&self, from: CallId, since: Timestamp) -> Result<Vec<Start>, StoreFailed> {
        self.started(from, since)
    }

    fn newest(&self) -> Result<Option<CallId>, StoreFailed> {
        let query = "SELECT doc FROM rows ORDER BY id DESC LIMIT 1";
        let newest: Option<Call> = self.docs(query, vec![])?.pop();
        let newest = newest.map(|call| call.id);
        match self.is_legacy.get() {
            true => Ok(newest.max(self.legacy_newest()?)),
            false => Ok(newest),
        }
    }

    fn put(&self, calls: Vec<CallRow>) -> Result<(), StoreFailed> {
        self.write(calls)
    }

    fn get(&self, call: CallId) -> Result<Option<Call>, StoreFailed> {
        let known = self.get_at(call.row())?.filter(|known| known.id == call);
        match known {
            None if self.is_legacy.get() => self.legacy_call(call),
            known => Ok(known.map(legacy::without_metadata)),
        }
    }

    fn get_at(&self, row: u64) -> Result<Option<Call>, StoreFailed> {
        let query = "SELECT doc FROM rows WHERE id = ?";
        Ok(self.docs(query, vec![number(row)])?.pop())
    }

    fn metadata(&self, call: CallId) -> Result<Option<Map<String, Value>>, StoreFailed> {
        self.metadata_of(call)
    }

    fn due_callbacks(
        &self,
        after: (Timestamp, u64),
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueCallback>, StoreFailed> {
        self.due_rows(after, until, limit)
    }

    fn next_callback(&self, after: Timestamp) -> Result<Option<Timestamp>, StoreFailed> {
        let query =
            "SELECT callback_due FROM rows WHERE callback_due IS NOT NULL AND callback_due > ?
                     ORDER BY callback_due LIMIT 1";
        let rows = self.query(query, vec![millis(after)])?;
        match rows.into_iter().flatten().next() {
            Some(SqlStorageValue::Integer(at)) => Ok(Some(Timestamp(unsigned(at)?))),
            _ => Ok(None),
        }
    }

    fn scheduled(
        &self,
        from: (Timestamp, u64),
        limit: usize,
    ) -> Result<Vec<ScheduledRow>, StoreFailed> {
        self.schedule_from(from, limit)
    }

    fn count_scheduled(&self) -> Result<usize, StoreFailed> {
        self.schedule_length()
    }

    fn scheduled_to(&self, told: &Told, from: u64, limit: usize) -> Result<Vec<u64>, StoreFailed> {
        self.schedule_to(told, from, limit)
    }

    fn remembered(&self, key: &str) -> Result<Option<IdempotencyRecord>, StoreFailed> {
        Ok(self
            .docs(
                "SELECT doc FROM idempotency WHERE key = ?",
                vec![key.into()],
            )?
            .pop())
    }

    fn remember(
        &self,
        key: &str,
        what: &IdempotencyRecord,
        forget_before: Timestamp,
    ) -> Result<(), StoreFailed> {
        self.keep_key(key, what, forget_before)
    }

    fn transcript(&self, call: CallId) -> Result<Option<serde_json::Value>, StoreFailed> {
        Ok(self
            .docs("SELECT doc FROM transcripts WHERE call = ?", vec![id(call)])?
            .pop())
    }

    fn put_transcript(&self, call: CallId, lines: &serde_json::Value) -> Result<(), StoreFailed> {
        let query = "INSERT OR IGNORE INTO transcripts (call, doc) VALUES (?, ?)";
        self.query(query, vec![id(call), to_json::text(lines).into()])
            .map(drop)
    }

    fn recording(&self, call: CallId) -> Result<Option<String>, StoreFailed> {
        let query = "SELECT location FROM recordings WHERE call = ?";
        let rows = self.query(query, vec![id(call)])?;
        Ok(match rows.into_iter().flatten().next() {
            Some(SqlStorageValue::String(location)) => Some(location),
            _ => None,
        })
    }

    fn put_recording(&self, call: CallId, location: &str) -> Result<(), StoreFailed> {
        let query = "INSERT OR REPLACE INTO recordings (call, location) VALUES (?, ?)";
        self.query(query, vec![id(call), location.into()]).map(drop)
    }

    fn closed(&self, filter: &CallFilter) -> Result<Scan, StoreFailed> {
        self.calls_that_fit(filter)
    }

    fn expired(&self, before: CallId, limit: usize) -> Result<Vec<Expired>, StoreFailed> {
        self.old_calls(before, limit)
    }

    fn refused(
        &self,
        from: u64,
        before: u64,
        limit: usize,
    ) -> Result<(Vec<Expired>, Option<u64>), StoreFailed> {
        self.refused_calls(from, before, limit)
    }

    fn refused_gone(&self) -> Result<u64, StoreFailed> {
        Ok(self.fact("refused_gone")?.unwrap_or(0))
    }

    fn put_refused_gone(&self, before: u64) -> Result<(), StoreFailed> {
        self.put_fact("refused_gone", &before)
    }

    fn campaigns_gone(&self) -> Result<u64, StoreFailed> {
        Ok(self.fact("campaigns_gone")?.unwrap_or(0))
    }

    fn put_campaigns_gone(&self, through: u64) -> Result<(), StoreFailed> {
        self.put_fact("campaigns_gone", &through)
    }

    fn day(&self) -> Result<DayCount, StoreFailed> {
        Ok(self.fact("day")?.unwrap_or_default())
    }

    fn put_day(&self, day: &DayCount) -> Result<(), StoreFailed> {
        self.put_fact("day", day)
    }

    fn accepted_from(&self, from: u64) -> Result<u32, StoreFailed> {
        self.count_accepted(from)
    }

    fn redialed(&self) -> Result<RedialCount, StoreFailed> {
        Ok(self.fact("redialed")?.unwrap_or_default())
    }

    fn put_redialed(&self, count: &RedialCount) -> Result<(), StoreFailed> {
        self.put_fact("redialed", count)
    }

    fn seen(&self) -> Result<Seen, StoreFailed> {
        Ok(self.fact("seen")?.unwrap_or_default())
    }

    fn put_seen(&self, seen: &Seen) -> Result<(), StoreFailed> {
        self.put_fact("seen", seen)
    }

    fn undelivered(&self, from: u64, limit: usize) -> Result<(Option<u64>, u64), StoreFailed> {
        self.first_undelivered(from, limit)
    }

    fn used_bytes(&self) -> u64 {
        self.sql.database_size() as u64
    }

    fn oldest(&self) -> Result<Option<CallId>, StoreFailed> {
        let query = "SELECT doc FROM rows ORDER BY id LIMIT 1";
        let oldest: Option<Call> = self.docs(query, vec![])?.pop();
        Ok(oldest.map(|call| call.id))
    }

    fn calls_from(&self, from: u64, to: u64, limit: usize) -> Result<Vec<Call>, StoreFailed> {
        self.calls_between(from, to, limit)
    }

    fn calls_that_leave(&self, calls: &[CallId]) -> Result<Vec<Call>, StoreFailed> {
        self.calls_to_delete(calls)
    }

    fn next_usage(&self, hour: Hour) -> Result<Option<(Hour, HourUsage)>, StoreFailed> {
        self.usage_from(hour)
    }

    fn put_usage(&self, hour: Hour, usage: &HourUsage) -> Result<(), StoreFailed> {
        self.keep_usage(hour, usage)
    }

    fn ending_in(&self, digits: &str, between: (u64, u64), limit: usize) -> Looked {
        self.rows_ending_in(digits, between, limit)
    }

    fn forget_answers(&self, calls: &[CallId]) -> Result<(), StoreFailed> {
        self.delete_answers(calls)
    }

    fn forget(&self, calls: &[CallId]) -> Result<(), StoreFailed> {
        self.delete(calls)
    }

    fn closed_deliveries(&self, filter: &DeliveryFilter) -> Result<Scan, StoreFailed> {
        self.deliveries_that_fit(filter)
    }

    fn feed_notes(&self) -> Result<Option<FeedNotes>, StoreFailed> {
        self.fact("feed")
    }

    fn put_feed_notes(&self, notes: &FeedNotes) -> Result<(), StoreFailed> {
        self.put_fact("feed", notes)
    }

    fn told_since(
        &self,
        from: u64,
        since: Timestamp,
        limit: usize,
    ) -> Result<FeedScan, StoreFailed> {
        self.history(from, since, limit)
    }

    fn rows_before(&self, at: Timestamp, rows: usize) -> Result<u64, StoreFailed> {
        self.place_before(at, rows)
    }

    fn log_transitions(
        &self,
        transitions: &[LateTransition],
        forget_before: Timestamp,
    ) -> Result<(), StoreFailed> {
        self.keep_transitions(transitions, forget_before)
    }

    fn logged_transitions(
        &self,
        from: (Timestamp, u64),
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<LateTransition>, StoreFailed> {
        self.kept_transitions(from, until, limit)
    }

    fn is_complete(&self) -> bool {
        !self.is_legacy.get()
    }

    fn legacy_slice(&self, limit: usize) -> Result<Vec<Call>, StoreFailed> {
        self.next_legacy_calls(limit)
    }
}
