//! A trunk's rows in its object's SQLite.
//!
//! One table, one row a call, no index but the primary key and a partial one that only calls enter
//! which stay open for long: so a call costs one row a write. Ids sort by age, so a page of calls,
//! newest first, is a range scan.

use std::cell::{Cell, RefCell};

use worker::{SqlStorage, SqlStorageValue};

use crate::app::trunk::{
    CallFilter, DeliveryFilter, Expired, FeedNotes, Found, Remembrance, StoreFailed, TrunkStore,
};
use crate::domain::call::{Call, CallStatus};
use crate::domain::callback::DeliveryStatus;
use crate::domain::ids::CallId;
use crate::domain::time::Millis;
use crate::domain::trunk::Brief;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS calls (
        id TEXT PRIMARY KEY, open INTEGER NOT NULL, late INTEGER NOT NULL, status TEXT NOT NULL,
        agent TEXT NOT NULL, phone TEXT NOT NULL, dialed_at INTEGER, delivery TEXT, doc TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS late_calls ON calls (id) WHERE late = 1;
    CREATE TABLE IF NOT EXISTS idempotency (key TEXT PRIMARY KEY, at INTEGER NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS transcripts (call TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS recordings (call TEXT PRIMARY KEY, location TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS late_turns (at INTEGER NOT NULL, call TEXT NOT NULL, PRIMARY KEY (at, call)) WITHOUT ROWID;
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
        };
        store.query(SCHEMA, vec![])?;
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
        let failed = |error: worker::Error| {
            worker::console_error!("SQL failed: {}", error.to_string());
            StoreFailed
        };
        let cursor = self.sql.exec(query, bindings).map_err(failed)?;
        let mut rows = Vec::new();
        // After an error the iterator would go on for ever: the first one ends it.
        for row in cursor.raw() {
            rows.push(row.map_err(failed)?);
        }
        self.read.set(self.read.get() + cursor.rows_read() as u64);
        self.written
            .set(self.written.get() + cursor.rows_written() as u64);
        Ok(rows)
    }

    /// The newest closed calls that fit: clauses, each with its value, if it counts. Of the rows that don't fit, the documents
    /// are not read.
    fn look<const N: usize>(
        &self,
        look: Look,
        wanted: [(&str, Option<SqlStorageValue>); N],
    ) -> Result<Found, StoreFailed> {
        let rows = vec![
            look.floor.map_or("".into(), id),
            look.ceiling.map_or(NO_CEILING.into(), id),
            count(look.examine),
        ];
        let mut query = format!(
            "SELECT calls.doc FROM (SELECT id, open, status, agent, phone, delivery {EXAMINED_ROWS}) AS seen
             CROSS JOIN calls USING (id) WHERE seen.open = 0"
        );
        let mut bindings = rows.clone();
        for (clause, value) in wanted {
            if let Some(value) = value {
                query.push_str(clause);
                bindings.push(value);
            }
        }
        query.push_str(" LIMIT ?");
        bindings.push(count(look.limit));
        let calls: Vec<Call> = self.docs(&query, bindings)?;
        let until = match calls.len() < look.limit {
            true => self.last_examined(rows, look.examine)?,
            false => None,
        };
        Ok(Found { calls, until })
    }

    /// The oldest of the rows that were looked at, if there may be more below it.
    fn last_examined(&self, rows: Row, examine: usize) -> Result<Option<CallId>, StoreFailed> {
        let query = format!("SELECT MIN(id), COUNT(*) FROM (SELECT id {EXAMINED_ROWS})");
        let found = self.query(&query, rows)?;
        match found.first().map(Vec::as_slice) {
            Some([SqlStorageValue::String(id), SqlStorageValue::Integer(count)])
                if usize::try_from(*count) == Ok(examine) =>
            {
                id.parse().map(Some).map_err(|_| StoreFailed)
            }
            _ => Ok(None),
        }
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
        let doc = serde_json::to_string(fact).map_err(|_| StoreFailed)?;
        let query = "INSERT OR REPLACE INTO facts (name, doc) VALUES (?, ?)";
        self.query(query, vec![name.into(), doc.into()]).map(drop)
    }
}

fn parse<T: serde::de::DeserializeOwned>(value: &SqlStorageValue) -> Option<T> {
    let SqlStorageValue::String(json) = value else {
        return None;
    };
    let parsed = crate::app::json::read(json);
    if let Err(error) = &parsed {
        worker::console_error!("a row can't be read: {}", error.to_string());
    }
    parsed.ok()
}

fn id(call: CallId) -> SqlStorageValue {
    call.to_string().into()
}

fn millis(at: Millis) -> SqlStorageValue {
    SqlStorageValue::from(at.0 as f64)
}

fn count(limit: usize) -> SqlStorageValue {
    i64::try_from(limit).unwrap_or(i64::MAX).into()
}

fn delivery_word(status: DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Pending => "pending",
        DeliveryStatus::Delivered => "delivered",
        DeliveryStatus::Exhausted => "exhausted",
    }
}

/// The words of a filter as a JSON array; none for a filter that admits any.
fn one_of(wanted: &[impl serde::Serialize]) -> Option<SqlStorageValue> {
    let words = serde_json::to_string(wanted).ok()?;
    (!wanted.is_empty()).then(|| words.into())
}

/// Nothing sorts after it: the ceiling of a page that has none.
const NO_CEILING: &str = "g";

/// The rows that one page looks at, newest first.
const EXAMINED_ROWS: &str = "FROM calls WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT ?";

impl TrunkStore for SqlStore {
    fn brief(&self) -> Result<Option<Brief>, StoreFailed> {
        self.fact("brief")
    }

    fn put_brief(&self, brief: &Brief) -> Result<(), StoreFailed> {
        self.put_fact("brief", brief)
    }

    fn open_calls(&self, recent: CallId) -> Result<Vec<Call>, StoreFailed> {
        let query = "SELECT doc FROM calls WHERE late = 1
                     UNION ALL SELECT doc FROM calls WHERE id >= ? AND open = 1 AND late = 0";
        self.docs(query, vec![id(recent)])
    }

    fn starts(&self, from: CallId) -> Result<Vec<(CallId, Option<Millis>)>, StoreFailed> {
        let query = "SELECT id, dialed_at FROM calls WHERE id >= ? AND status <> ?";
        let rejected = CallStatus::RejectedCapacity.as_str();
        let rows = self.query(query, vec![id(from), rejected.into()])?;
        rows.into_iter()
            .map(|row| match row.as_slice() {
                [SqlStorageValue::String(id), dialed] => {
                    let id = id.parse().map_err(|_| StoreFailed)?;
                    let dialed = match dialed {
                        SqlStorageValue::Integer(at) => u64::try_from(*at).ok().map(Millis),
                        _ => None,
                    };
                    Ok((id, dialed))
                }
                _ => Err(StoreFailed),
            })
            .collect()
    }

    fn newest(&self) -> Result<Option<CallId>, StoreFailed> {
        let rows = self.query("SELECT id FROM calls ORDER BY id DESC LIMIT 1", vec![])?;
        match rows.first().map(Vec::as_slice) {
            Some([SqlStorageValue::String(id)]) => id.parse().map(Some).map_err(|_| StoreFailed),
            Some(_) => Err(StoreFailed),
            None => Ok(None),
        }
    }

    fn put(&self, calls: &[Call]) -> Result<(), StoreFailed> {
        for call in calls {
            let doc = serde_json::to_string(call).map_err(|_| StoreFailed)?;
            let bindings = vec![
                id(call.id),
                i32::from(call.is_open()).into(),
                i32::from(call.late && call.is_open()).into(),
                call.status.as_str().into(),
                call.request.agent.id.to_string().into(),
                call.request.phone.as_str().into(),
                call.dialed_at
                    .and_then(|at| i64::try_from(at.0).ok())
                    .into(),
                call.callback
                    .as_ref()
                    .map(|callback| delivery_word(callback.status))
                    .into(),
                doc.into(),
            ];
            let query = "INSERT OR REPLACE INTO calls
                (id, open, late, status, agent, phone, dialed_at, delivery, doc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
            self.query(query, bindings)?;
        }
        Ok(())
    }

    fn get(&self, call: CallId) -> Result<Option<Call>, StoreFailed> {
        Ok(self
            .docs("SELECT doc FROM calls WHERE id = ?", vec![id(call)])?
            .pop())
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
        let doc = serde_json::to_string(what).map_err(|_| StoreFailed)?;
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
        self.query(query, vec![id(call), lines.to_string().into()])
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
                " AND seen.status IN (SELECT value FROM json_each(?))",
                one_of(&filter.status),
            ),
            (
                " AND seen.agent = ?",
                filter.agent.map(|agent| agent.to_string().into()),
            ),
            (
                " AND seen.phone = ?",
                filter.phone.as_ref().map(|phone| phone.as_str().into()),
            ),
            (
                " AND seen.phone LIKE '%' || ?", // of digits alone: there is nothing to escape
                filter.phone_ends.as_ref().map(|last| last.as_str().into()),
            ),
        ];
        self.look(
            Look {
                floor: Some(floor),
                ceiling: filter.ceiling(),
                limit: filter.limit,
                examine: filter.examine,
            },
            wanted,
        )
    }

    fn expired(&self, before: CallId, limit: usize) -> Result<Vec<Expired>, StoreFailed> {
        let query = "SELECT calls.id, calls.doc, transcripts.doc FROM calls
                     LEFT JOIN transcripts ON transcripts.call = calls.id
                     WHERE calls.id < ? AND open = 0 ORDER BY calls.id LIMIT ?";
        let rows = self.query(query, vec![id(before), count(limit)])?;
        let read = |row: Row| match <[SqlStorageValue; 3]>::try_from(row) {
            Ok(
                [
                    SqlStorageValue::String(id),
                    SqlStorageValue::String(call),
                    transcript,
                ],
            ) => {
                let transcript = match transcript {
                    SqlStorageValue::String(lines) => Some(lines),
                    _ => None,
                };
                let id = id.parse().map_err(|_| StoreFailed)?;
                Ok(Expired {
                    id,
                    call,
                    transcript,
                })
            }
            _ => Err(StoreFailed),
        };
        rows.into_iter().map(read).collect()
    }

    fn forget(&self, calls: &[CallId]) -> Result<(), StoreFailed> {
        // Three statements for all of them: one by one they would hold up who wants to place a call.
        let ids = serde_json::to_string(calls).map_err(|_| StoreFailed)?;
        for query in [
            "DELETE FROM transcripts WHERE call IN (SELECT value FROM json_each(?))",
            "DELETE FROM recordings WHERE call IN (SELECT value FROM json_each(?))",
            "DELETE FROM calls WHERE open = 0 AND id IN (SELECT value FROM json_each(?))",
        ] {
            self.query(query, vec![ids.as_str().into()])?;
        }
        Ok(())
    }

    fn closed_deliveries(&self, filter: &DeliveryFilter) -> Result<Found, StoreFailed> {
        let wanted = match one_of(&filter.status) {
            None => (" AND seen.delivery <> ?", Some("".into())), // which no NULL is
            words => (
                " AND seen.delivery IN (SELECT value FROM json_each(?))",
                words,
            ),
        };
        self.look(
            Look {
                floor: None,
                ceiling: filter.before,
                limit: filter.limit,
                examine: filter.examine,
            },
            [wanted],
        )
    }

    fn feed_notes(&self) -> Result<Option<FeedNotes>, StoreFailed> {
        self.fact("feed")
    }

    fn put_feed_notes(&self, notes: &FeedNotes) -> Result<(), StoreFailed> {
        self.put_fact("feed", notes)
    }

    fn told_since(
        &self,
        from: CallId,
        below: CallId,
        since: Millis,
        limit: usize,
    ) -> Result<Vec<Call>, StoreFailed> {
        let query = "SELECT doc FROM calls WHERE id >= ? AND id < ? AND open = 0
                     AND json_extract(doc, '$.told[#-1][0]') >= ? ORDER BY id LIMIT ?";
        self.docs(
            query,
            vec![id(from), id(below), millis(since), count(limit)],
        )
    }

    fn put_late_turns(
        &self,
        call: CallId,
        turns: &[Millis],
        forget_before: Millis,
    ) -> Result<(), StoreFailed> {
        for at in turns {
            let query = "INSERT OR IGNORE INTO late_turns (at, call) VALUES (?, ?)";
            self.query(query, vec![millis(*at), id(call)])?;
        }
        let query = "DELETE FROM late_turns WHERE at < ?";
        self.query(query, vec![millis(forget_before)]).map(drop)
    }

    fn late_turns(&self, since: Millis, limit: usize) -> Result<Vec<(Millis, Call)>, StoreFailed> {
        let query = "SELECT late_turns.at, calls.doc FROM late_turns JOIN calls ON calls.id = late_turns.call
                     WHERE late_turns.at >= ? AND calls.open = 0 ORDER BY late_turns.at LIMIT ?";
        let rows = self.query(query, vec![millis(since), count(limit)])?;
        let read = |row: Row| match row.as_slice() {
            [SqlStorageValue::Integer(at), doc] => {
                let at = u64::try_from(*at).map_err(|_| StoreFailed)?;
                Ok((Millis(at), parse(doc).ok_or(StoreFailed)?))
            }
            _ => Err(StoreFailed),
        };
        rows.into_iter().map(read).collect()
    }
}
