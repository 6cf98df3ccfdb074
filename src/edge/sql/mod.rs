//! A trunk's rows in its object's SQLite.
//!
//! A call is one row under an integer key that sorts by age, so a page of calls, newest first, is a range scan; what lists,
//! sweeps and the feed ask for stands in narrow columns before the document. Two partial indexes: calls that stay open for
//! long, and callbacks whose attempt is due later. So a call that fares well costs one row a write.

mod legacy;

use std::cell::{Cell, RefCell};

use serde_json::{Map, Value};
use worker::{SqlStorage, SqlStorageValue};

use crate::app::json;
use crate::app::telemetry::Event;
use crate::app::trunk::{
    CallFilter, CallRow, DeliveryFilter, Expired, FeedNotes, Found, LoggedTurn, OpenRow,
    Remembrance, StoreFailed, Told, TrunkStore,
};
use crate::domain::call::{Call, CallStatus};
use crate::domain::callback::{DeliveryStatus, host_key};
use crate::domain::ids::{AgentId, CallId};
use crate::domain::search;
use crate::domain::time::Millis;
use crate::domain::to_json::{self, to_json};
use crate::domain::trunk::{Brief, DueCallback};
use crate::edge::log;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS rows (
        id INTEGER PRIMARY KEY, open INTEGER NOT NULL, out INTEGER NOT NULL, late INTEGER NOT NULL,
        status TEXT NOT NULL, told_at INTEGER NOT NULL, dialed_at INTEGER, agent INTEGER NOT NULL, phone TEXT NOT NULL,
        delivery INTEGER, callback_due INTEGER, callback_host INTEGER, kept TEXT, doc TEXT NOT NULL, metadata TEXT
    );
    CREATE INDEX IF NOT EXISTS late_rows ON rows (id) WHERE late = 1;
    CREATE INDEX IF NOT EXISTS due_rows ON rows (callback_due, id, callback_host) WHERE callback_due IS NOT NULL;
    CREATE TABLE IF NOT EXISTS turns (at INTEGER NOT NULL, row INTEGER NOT NULL, kind INTEGER NOT NULL, PRIMARY KEY (at, row)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS idempotency (key TEXT PRIMARY KEY, at INTEGER NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS transcripts (call TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS recordings (call TEXT PRIMARY KEY, location TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID;
";

/// The rows of one object.
pub struct SqlStore {
    sql: SqlStorage,
    read: Cell<u64>,
    written: Cell<u64>,
    remembered: Cell<u64>,
    /// Up to which key the old ones are forgotten.
    swept: RefCell<String>,
    logged: Cell<u64>,
    /// Rows of the release before are still there.
    is_legacy: Cell<bool>,
}

/// After how many keys the old ones among the next [`SWEPT`] are forgotten: a little at a time, so that it delays no request.
const SWEEP_EVERY: u64 = 100;
/// How many keys are looked at: more than come in meanwhile, so that all are looked at again and again.
const SWEPT: usize = 200;
/// Behind all keys, which are of visible ASCII.
const END_OF_KEYS: &str = "\u{7f}";

type Row = Vec<SqlStorageValue>;

impl SqlStore {
    /// Opens them; the tables are made when they are missing.
    pub fn open(sql: SqlStorage) -> Result<Self, StoreFailed> {
        let store = Self {
            sql,
            read: Cell::new(0),
            written: Cell::new(0),
            remembered: Cell::new(0),
            swept: RefCell::default(),
            logged: Cell::new(0),
            is_legacy: Cell::new(false),
        };
        store.query(SCHEMA, vec![])?;
        store.is_legacy.set(store.has_legacy_rows());
        store.written.set(0);
        Ok(store)
    }

    fn sweep(&self, forget_before: Millis) -> Result<(), StoreFailed> {
        let from = self.swept.take();
        let query = "SELECT key FROM idempotency WHERE key > ? ORDER BY key LIMIT 1 OFFSET ?";
        let last = self.query(query, vec![from.as_str().into(), count(SWEPT - 1)])?;
        let last = last.into_iter().flatten().next();
        if let Some(SqlStorageValue::String(key)) = &last {
            self.swept.replace(key.clone()); // at the end of the table it begins anew
        }
        let last = last.unwrap_or_else(|| END_OF_KEYS.into());
        let query = "DELETE FROM idempotency WHERE key > ? AND key <= ? AND at < ?";
        self.query(query, vec![from.into(), last, millis(forget_before)])
            .map(drop)
    }

    /// Rows read so far, as the storage counts them.
    pub fn rows_read(&self) -> u64 {
        self.read.get()
    }

    /// Rows written so far, as the storage counts them.
    pub fn rows_written(&self) -> u64 {
        self.written.get()
    }

    fn query(&self, query: &str, bindings: Row) -> Result<Vec<Row>, StoreFailed> {
        let mut rows = Vec::new();
        self.each(query, bindings, |row| rows.push(row))?;
        Ok(rows)
    }

    /// Row by row, so that no more than one is in memory.
    fn each(
        &self,
        query: &str,
        bindings: Row,
        mut take: impl FnMut(Row),
    ) -> Result<(), StoreFailed> {
        let failed = |error: worker::Error| {
            log::sql_failed(&error);
            StoreFailed
        };
        let cursor = self.sql.exec(query, bindings).map_err(failed)?;
        // After an error the iterator would never end: the first one ends it.
        for row in cursor.raw() {
            take(row.map_err(failed)?);
        }
        self.read.set(self.read.get() + cursor.rows_read() as u64);
        self.written
            .set(self.written.get() + cursor.rows_written() as u64);
        Ok(())
    }

    /// The newest closed calls that fit: clauses, each with its value, if it counts.
    fn look<const N: usize>(
        &self,
        look: Look,
        wanted: [(&str, Option<SqlStorageValue>); N],
    ) -> Result<Found, StoreFailed> {
        let mut fits = String::from("open = 0");
        let mut values = Vec::new();
        for (clause, value) in wanted {
            if let Some(value) = value {
                fits.push_str(clause);
                values.push(value);
            }
        }
        // Where most rows fit, no more are looked at than fill the page.
        let examine = match values.is_empty() {
            true => look.examine.min(look.limit),
            false => look.examine,
        };
        let bounds = vec![
            number(look.floor.map_or(0, CallId::row)),
            number(look.ceiling.map_or(NO_CEILING, CallId::row)),
            count(examine),
        ];
        let seen = self.seen(NEWEST_FIRST, bounds, &fits, values)?;
        let is_cut = seen.fit.len() >= look.limit;
        let wanted = seen.fit.get(..look.limit).unwrap_or(&seen.fit);
        let calls = self.calls_at(wanted)?;
        let until = seen.last.filter(|_| !is_cut && seen.count == examine);
        let found = Found {
            calls,
            until: until.map(CallId::floor_of),
        };
        match self.is_legacy.get() {
            true => self.with_legacy(found, &look),
            false => Ok(found),
        }
    }

    /// Looks at some rows, at each once; no document is read.
    fn seen(&self, rows: &str, bounds: Row, fits: &str, values: Row) -> Result<Seen, StoreFailed> {
        // The last of what a range yields in its order is the lowest or the highest.
        let last = if search::contains(rows, "DESC") {
            "MIN"
        } else {
            "MAX"
        };
        let query = format!(
            "SELECT {last}(id), COUNT(*), '[' || GROUP_CONCAT(id) FILTER (WHERE {fits}) || ']' FROM (SELECT {SEEN} {rows})"
        );
        let bindings = values.into_iter().chain(bounds).collect();
        let found = self.query(&query, bindings)?;
        match found.first().map(Vec::as_slice) {
            Some([last, SqlStorageValue::Integer(count), fit]) => Ok(Seen {
                fit: match fit {
                    SqlStorageValue::String(rows) => json::read(rows).map_err(|_| StoreFailed)?,
                    _ => Vec::new(),
                },
                last: match last {
                    SqlStorageValue::Integer(row) => Some(unsigned(*row)?),
                    _ => None,
                },
                count: usize::try_from(*count).map_err(|_| StoreFailed)?,
            }),
            _ => Err(StoreFailed),
        }
    }

    /// All rows from `from` on that fit, many as one text: each crossing between SQLite and here takes longer than reading
    /// what a row keeps.
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

    /// The calls of these rows, in this order.
    fn calls_at(&self, rows: &[u64]) -> Result<Vec<Call>, StoreFailed> {
        let rows = to_json(rows).map_err(|_| StoreFailed)?;
        let query =
            "SELECT doc FROM json_each(?) AS wanted CROSS JOIN rows ON rows.id = wanted.value";
        self.docs(query, vec![rows.into()])
    }

    fn docs<T: serde::de::DeserializeOwned>(
        &self,
        query: &str,
        bindings: Row,
    ) -> Result<Vec<T>, StoreFailed> {
        let rows = self.query(query, bindings)?;
        rows.into_iter()
            .map(|row| {
                row.into_iter()
                    .next()
                    .and_then(|value| parse(&value))
                    .ok_or(StoreFailed)
            })
            .collect()
    }
}

/// What was looked at.
struct Seen {
    /// The rows that fit, in the order of the look.
    fit: Vec<u64>,
    /// The last row that was looked at.
    last: Option<u64>,
    count: usize,
}

/// Where closed calls are looked for.
struct Look {
    floor: Option<CallId>,
    ceiling: Option<CallId>,
    limit: usize,
    examine: usize,
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

impl SqlStore {
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
        Ok(Expired {
            id: call.id,
            call: to_json(&call).map_err(|_| StoreFailed)?,
            transcript: match transcript {
                Some(SqlStorageValue::String(lines)) => Some(lines),
                _ => None,
            },
        })
    }
}

fn parse<T: serde::de::DeserializeOwned>(value: &SqlStorageValue) -> Option<T> {
    match value {
        SqlStorageValue::String(json) => read(json),
        _ => None,
    }
}

fn read<T: serde::de::DeserializeOwned>(json: &str) -> Option<T> {
    let parsed = json::read(json);
    if parsed.is_err() {
        log::log(&Event::RowUnreadable {});
    }
    parsed.ok()
}

/// The key of what is kept beside a call.
fn id(call: CallId) -> SqlStorageValue {
    call.to_string().into()
}

/// A whole number below 2^53.
fn number(number: u64) -> SqlStorageValue {
    SqlStorageValue::from(number as f64)
}

fn millis(at: Millis) -> SqlStorageValue {
    number(at.0)
}

fn unsigned(stored: i64) -> Result<u64, StoreFailed> {
    u64::try_from(stored).map_err(|_| StoreFailed)
}

fn count(limit: usize) -> SqlStorageValue {
    i64::try_from(limit).unwrap_or(i64::MAX).into()
}

/// An agent's first 52 bits.
fn agent_key(agent: AgentId) -> SqlStorageValue {
    number((agent.number() >> 76) as u64)
}

fn delivery_word(status: DeliveryStatus) -> i32 {
    match status {
        DeliveryStatus::Pending => 0,
        DeliveryStatus::Delivered => 1,
        DeliveryStatus::Exhausted => 2,
    }
}

/// The words of a filter as a JSON array; none for a filter that admits any.
fn one_of(wanted: &[impl serde::Serialize]) -> Option<SqlStorageValue> {
    let words = to_json(wanted).ok()?;
    (!wanted.is_empty()).then(|| words.into())
}

/// Behind all rows.
const NO_CEILING: u64 = (1 << 53) - 1;

/// What a look at many rows reads of each: what stands before the document.
const SEEN: &str = "id, open, out, status, told_at, agent, phone, delivery, callback_due";
/// The rows that one page looks at.
const NEWEST_FIRST: &str = "FROM rows WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT ?";
/// The rows that one slice of a walk through the history looks at.
const OLDEST_FIRST: &str = "FROM rows WHERE id >= ? AND id < ? ORDER BY id LIMIT ?";
/// So many documents come out of one slice of the feed's history at most.
const TOLD: usize = 20;
/// Every so many writes into the feed's log some old turns leave it.
const FORGET_EVERY: u64 = 50;

impl TrunkStore for SqlStore {
    fn brief(&self) -> Result<Option<Brief>, StoreFailed> {
        self.fact("brief")
    }

    fn put_brief(&self, brief: &Brief) -> Result<(), StoreFailed> {
        self.put_fact("brief", brief)
    }

    fn open_calls(&self, recent: CallId, each: &mut dyn FnMut(OpenRow)) -> Result<(), StoreFailed> {
        self.in_batches("late = 1", 0, each)?;
        let recent_ones = "late = 0 AND (open = 1 OR out = 1)";
        self.in_batches(recent_ones, recent.row(), each)?;
        match self.is_legacy.get() {
            true => self.legacy_open_calls(recent, each),
            false => Ok(()),
        }
    }

    fn starts(
        &self,
        from: CallId,
        since: Millis,
    ) -> Result<Vec<(Millis, Option<Millis>)>, StoreFailed> {
        let query = "SELECT id, dialed_at FROM rows WHERE id >= ? AND status <> ? AND (id >= ? OR dialed_at >= ?)";
        let bindings = vec![
            number(from.row()),
            CallStatus::RejectedCapacity.as_str().into(),
            number(CallId::floor(since).row()),
            millis(since),
        ];
        let rows = self.query(query, bindings)?;
        rows.into_iter()
            .map(|row| match row.as_slice() {
                [SqlStorageValue::Integer(row), dialed] => {
                    let dialed = match dialed {
                        SqlStorageValue::Integer(at) => Some(Millis(unsigned(*at)?)),
                        _ => None,
                    };
                    Ok((CallId::floor_of(unsigned(*row)?).address().at, dialed))
                }
                _ => Err(StoreFailed),
            })
            .collect()
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
                i32::from(place.is_open()).into(),
                i32::from(place.is_out).into(),
                i32::from(call.late && place.is_open()).into(),
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
                place.kept.map(|kept| kept.to_string()).into(),
                doc.into(),
                metadata.into(),
            ];
            self.query(PUT, bindings)?;
        }
        Ok(())
    }

    fn get(&self, call: CallId) -> Result<Option<Call>, StoreFailed> {
        let known = self.get_at(call.row())?.filter(|known| known.id == call);
        match known {
            None if self.is_legacy.get() => self.legacy_call(call),
            known => Ok(known.map(without_metadata)),
        }
    }

    fn get_at(&self, row: u64) -> Result<Option<Call>, StoreFailed> {
        let query = "SELECT doc FROM rows WHERE id = ?";
        Ok(self.docs(query, vec![number(row)])?.pop())
    }

    fn metadata(&self, call: CallId) -> Result<Option<Map<String, Value>>, StoreFailed> {
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

    fn due_callbacks(
        &self,
        after: (Millis, u64),
        until: Millis,
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
                due: Millis(unsigned(*due)?),
                row: unsigned(*row)?,
                host: unsigned(*host)?,
            }),
            _ => Err(StoreFailed),
        };
        let rows = self.query(query, bindings)?;
        rows.into_iter().map(read).collect()
    }

    fn next_callback(&self, after: Millis) -> Result<Option<Millis>, StoreFailed> {
        let query =
            "SELECT callback_due FROM rows WHERE callback_due IS NOT NULL AND callback_due > ?
                     ORDER BY callback_due LIMIT 1";
        let rows = self.query(query, vec![millis(after)])?;
        match rows.into_iter().flatten().next() {
            Some(SqlStorageValue::Integer(at)) => Ok(Some(Millis(unsigned(at)?))),
            _ => Ok(None),
        }
    }

    fn remembered(&self, key: &str) -> Result<Option<Remembrance>, StoreFailed> {
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
        what: &Remembrance,
        forget_before: Millis,
    ) -> Result<(), StoreFailed> {
        let doc = to_json(what).map_err(|_| StoreFailed)?;
        let query = "INSERT OR REPLACE INTO idempotency (key, at, doc) VALUES (?, ?, ?)";
        self.query(query, vec![key.into(), millis(what.at), doc.into()])?;
        self.remembered.set(self.remembered.get() + 1);
        match self.remembered.get().is_multiple_of(SWEEP_EVERY) {
            true => self.sweep(forget_before),
            false => Ok(()),
        }
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

    fn closed(&self, filter: &CallFilter) -> Result<Found, StoreFailed> {
        let floor = CallId::floor(filter.created_after.unwrap_or_default());
        let wanted: [(&str, Option<SqlStorageValue>); 4] = [
            (
                " AND status IN (SELECT value FROM json_each(?))",
                one_of(&filter.status),
            ),
            (" AND agent = ?", filter.agent.map(agent_key)),
            (
                " AND phone = ?",
                filter.phone.as_ref().map(|phone| phone.as_str().into()),
            ),
            (
                " AND phone LIKE '%' || ?", // of digits alone: there is nothing to escape
                filter.phone_ends.as_ref().map(|last| last.as_str().into()),
            ),
        ];
        let look = Look {
            floor: Some(floor),
            ceiling: filter.ceiling(),
            limit: filter.limit,
            examine: filter.examine,
        };
        self.look(look, wanted)
    }

    fn expired(&self, before: CallId, limit: usize) -> Result<Vec<Expired>, StoreFailed> {
        let bounds = vec![number(0), number(before.row()), count(1_000)];
        let fits = "open = 0 AND out = 0 AND callback_due IS NULL";
        let seen = self.seen(OLDEST_FIRST, bounds, fits, vec![])?;
        self.expired_rows(seen.fit.get(..limit).unwrap_or(&seen.fit))
    }

    fn refused(
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

    fn refused_gone(&self) -> Result<u64, StoreFailed> {
        Ok(self.fact("refused_gone")?.unwrap_or(0))
    }

    fn put_refused_gone(&self, before: u64) -> Result<(), StoreFailed> {
        self.put_fact("refused_gone", &before)
    }

    fn used_bytes(&self) -> u64 {
        self.sql.database_size() as u64
    }

    fn oldest(&self) -> Result<Option<CallId>, StoreFailed> {
        let query = "SELECT doc FROM rows ORDER BY id LIMIT 1";
        let oldest: Option<Call> = self.docs(query, vec![])?.pop();
        Ok(oldest.map(|call| call.id))
    }

    fn forget(&self, calls: &[CallId]) -> Result<(), StoreFailed> {
        // Three statements for all of them: one by one they would hold up who wants to place a call.
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

    fn closed_deliveries(&self, filter: &DeliveryFilter) -> Result<Found, StoreFailed> {
        let numbers: Vec<i32> = filter
            .status
            .iter()
            .map(|status| delivery_word(*status))
            .collect();
        let wanted = match one_of(&numbers) {
            None => (" AND delivery >= ?", Some(0.into())), // which no NULL is
            numbers => (" AND delivery IN (SELECT value FROM json_each(?))", numbers),
        };
        let look = Look {
            floor: None,
            ceiling: filter.before,
            limit: filter.limit,
            examine: filter.examine,
        };
        self.look(look, [wanted])
    }

    fn feed_notes(&self) -> Result<Option<FeedNotes>, StoreFailed> {
        self.fact("feed")
    }

    fn put_feed_notes(&self, notes: &FeedNotes) -> Result<(), StoreFailed> {
        self.put_fact("feed", notes)
    }

    fn told_since(&self, from: u64, since: Millis, limit: usize) -> Result<Told, StoreFailed> {
        let bounds = vec![number(from), number(NO_CEILING), count(limit)];
        let fits = "open = 0 AND told_at >= ?";
        let seen = self.seen(OLDEST_FIRST, bounds, fits, vec![millis(since)])?;
        let goes_on = match seen.fit.get(TOLD) {
            Some(next) => Some(*next),
            None => seen
                .last
                .filter(|_| seen.count == limit)
                .map(|last| last + 1),
        };
        let calls = self.calls_at(seen.fit.get(..TOLD).unwrap_or(&seen.fit))?;
        Ok(Told { calls, goes_on })
    }

    fn rows_before(&self, at: Millis, rows: usize) -> Result<u64, StoreFailed> {
        let query = "SELECT id FROM rows WHERE id < ? ORDER BY id DESC LIMIT 1 OFFSET ?";
        let floor = number(CallId::floor(at).row());
        let rows = self.query(query, vec![floor, count(rows.saturating_sub(1))])?;
        match rows.into_iter().flatten().next() {
            Some(SqlStorageValue::Integer(row)) => unsigned(row),
            _ => Ok(0),
        }
    }

    fn log_turns(&self, turns: &[LoggedTurn], forget_before: Millis) -> Result<(), StoreFailed> {
        for turn in turns {
            let query = "INSERT OR IGNORE INTO turns (at, row, kind) VALUES (?, ?, ?)";
            let kind = i32::from(turn.kind).into();
            self.query(query, vec![millis(turn.at), number(turn.row), kind])?;
        }
        self.logged.set(self.logged.get() + 1);
        if !self.logged.get().is_multiple_of(FORGET_EVERY) {
            return Ok(());
        }
        let query = "DELETE FROM turns WHERE (at, row) IN (SELECT at, row FROM turns WHERE at < ? ORDER BY at LIMIT 1000)";
        self.query(query, vec![millis(forget_before)]).map(drop)
    }

    fn logged_turns(
        &self,
        from: (Millis, u64),
        limit: usize,
    ) -> Result<Vec<LoggedTurn>, StoreFailed> {
        let query =
            "SELECT at, row, kind FROM turns WHERE (at, row) >= (?, ?) ORDER BY at, row LIMIT ?";
        let rows = self.query(query, vec![millis(from.0), number(from.1), count(limit)])?;
        let read = |row: Row| match row.as_slice() {
            [
                SqlStorageValue::Integer(at),
                SqlStorageValue::Integer(row),
                SqlStorageValue::Integer(kind),
            ] => Ok(LoggedTurn {
                at: Millis(unsigned(*at)?),
                row: unsigned(*row)?,
                kind: u8::try_from(*kind).map_err(|_| StoreFailed)?,
            }),
            _ => Err(StoreFailed),
        };
        rows.into_iter().map(read).collect()
    }

    fn is_complete(&self) -> bool {
        !self.is_legacy.get()
    }

    fn legacy_slice(&self, limit: usize) -> Result<Vec<Call>, StoreFailed> {
        self.next_legacy_calls(limit)
    }
}

/// Writes a call's row; one that is there keeps its metadata.
const PUT: &str = "
    INSERT INTO rows (id, open, out, late, status, told_at, dialed_at, agent, phone, delivery, callback_due,
                      callback_host, kept, doc, metadata)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET
        open = excluded.open, out = excluded.out, late = excluded.late, status = excluded.status,
        told_at = excluded.told_at, dialed_at = excluded.dialed_at, delivery = excluded.delivery,
        callback_due = excluded.callback_due, callback_host = excluded.callback_host, kept = excluded.kept, doc = excluded.doc";

fn without_metadata(mut call: Call) -> Call {
    call.request.metadata = None;
    call
}
