//! The Durable Object that knows an organisation's numbers, one of [`SHARDS`](crate::domain::contacts::SHARDS): storage, alarm
//! and network around [`contacts`]. A number is the primary key of a row with what is known of it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::FutureExt;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::{Env, SqlStorageValue, State, worker_sys};

use super::alarm;
use super::platform::{self, Sql, now};
use super::promise::{done, reply};
use super::sql::statements;
use super::sql::values::{count, number, whole};
use super::world::World;
use crate::app::alarm::Alarm;
use crate::app::contacts::{
    self, ContactsCommand, ContactsReply, ContactsStore, Found, Place, Tidying,
};
use crate::app::json;
use crate::app::ports::UNKNOWN;
use crate::app::trunk::StoreFailed;
use crate::domain::contacts::{Dials, Number, Source, Suppression};
use crate::domain::phone::E164;
use crate::domain::time::{Span, Timestamp};
use crate::domain::to_json::to_json;

/// How soon an object tries again after its storage failed.
const AGAIN: Span = Span(5_000);
/// The most bytes that an object stores.
const MOST_BYTES: f64 = 1e9;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS numbers (
        number INTEGER PRIMARY KEY, phone TEXT NOT NULL, created_at INTEGER, expires_at INTEGER, source INTEGER, reason TEXT
    );
    CREATE TABLE IF NOT EXISTS dials (number INTEGER PRIMARY KEY, ends INTEGER NOT NULL, doc TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS newest ON numbers (created_at, number) WHERE created_at IS NOT NULL;
    CREATE INDEX IF NOT EXISTS ends ON numbers (expires_at) WHERE expires_at IS NOT NULL;
";
const COLUMNS: &str = "SELECT phone, created_at, expires_at, source, reason FROM numbers";
const NEWEST_FIRST: &str =
    "FROM numbers WHERE created_at IS NOT NULL AND (created_at, number) < (?, ?)
    ORDER BY created_at DESC, number DESC";

struct Inner {
    state: State,
    env: Env,
    alarm: Alarm,
    has_tables: Cell<bool>,
    tidying: RefCell<Tidying>,
}

/// Held by the entry module's class of the same name, which handles requests and responses.
#[wasm_bindgen]
pub struct ContactsObject {
    inner: Rc<Inner>,
}

#[wasm_bindgen]
impl ContactsObject {
    #[wasm_bindgen(constructor)]
    pub fn new(state: worker_sys::DurableObjectState, env: Env) -> Self {
        let inner = Inner {
            state: State::from(state),
            env,
            alarm: Alarm::default(),
            has_tables: Cell::default(),
            tidying: RefCell::default(),
        };
        Self {
            inner: Rc::new(inner),
        }
    }

    /// Carries out a command. Returns its reply, or nothing if storage failed.
    pub fn fetch(&self, bytes: Vec<u8>) -> JsValue {
        reply(fetch(Rc::clone(&self.inner), bytes).boxed_local())
    }

    pub fn alarm(&self) -> JsValue {
        done(wake(Rc::clone(&self.inner)).boxed_local())
    }

    #[cfg(feature = "faults")]
    pub fn sql(&self, statement: &str) -> String {
        super::faults::sql(&self.inner.state.storage(), statement)
    }
}

async fn fetch(inner: Rc<Inner>, bytes: Vec<u8>) -> Option<Vec<u8>> {
    let Ok(command) = json::read_bytes(&bytes) else {
        return Some(UNKNOWN.to_vec());
    };
    let reply = inner.serve(command).await.ok()?;
    to_json(&reply).ok().map(String::into_bytes)
}

async fn wake(inner: Rc<Inner>) {
    inner.alarm.fired();
    let _ = inner.serve(ContactsCommand::Tick).await;
}

impl Inner {
    async fn serve(&self, command: ContactsCommand) -> Result<ContactsReply, StoreFailed> {
        if let ContactsCommand::Tell {
            org,
            trunks,
            numbers,
        } = command
        {
            let world = World::new(self.env.clone(), None).map_err(|_| StoreFailed)?;
            let told = contacts::tell(&world, org, &trunks, &numbers).await;
            return Ok(ContactsReply::Told(told));
        }
        let store = self.store()?;
        let moves = command.moves_the_alarm();
        let (result, due) = {
            let mut tidying = self.tidying.borrow_mut();
            let result = contacts::handle(&store, &mut tidying, command, now());
            let due = match (&result, moves) {
                (Ok(_), false) => None,
                (Ok(_), true) => contacts::next_due(&store, &tidying, now())?,
                (Err(StoreFailed), _) => Some(now() + AGAIN),
            };
            (result, due)
        };
        if let Some(due) = due {
            alarm::set(&self.alarm, &self.state, due).await;
        }
        result
    }

    fn store(&self) -> Result<SqlStore, StoreFailed> {
        let store = SqlStore(platform::sql_of(&self.state));
        if !self.has_tables.get() {
            store.query(SCHEMA, vec![])?;
            self.has_tables.set(true);
        }
        Ok(store)
    }
}

struct SqlStore(Sql);

type Row = Vec<SqlStorageValue>;

impl SqlStore {
    fn query(&self, query: &str, bindings: Row) -> Result<Vec<Row>, StoreFailed> {
        let (rows, [read, _]) = statements::rows(&self.0, query, bindings)?;
        super::faults::note_rows_read(read);
        Ok(rows)
    }

    fn suppressions(&self, query: &str, bindings: Row) -> Result<Vec<Suppression>, StoreFailed> {
        let rows = self.query(query, bindings)?.into_iter();
        rows.map(|row| suppression(row).ok_or(StoreFailed))
            .collect()
    }
}

fn suppression(row: Row) -> Option<Suppression> {
    let [phone, created_at, expires_at, source, reason] = row.try_into().ok()?;
    let SqlStorageValue::String(phone) = phone else {
        return None;
    };
    let source = usize::try_from(whole(&source)?).ok()?;
    Some(Suppression {
        phone: E164::parse(&phone)?,
        reason: match reason {
            SqlStorageValue::String(reason) => Some(reason),
            _ => None,
        },
        source: Source::ALL.get(source).copied()?,
        created_at: Timestamp(whole(&created_at)?),
        expires_at: whole(&expires_at).map(Timestamp),
    })
}

impl ContactsStore for SqlStore {
    fn get(&self, of: Number) -> Result<Option<Suppression>, StoreFailed> {
        let query = format!("{COLUMNS} WHERE number = ? AND created_at IS NOT NULL");
        Ok(self.suppressions(&query, vec![number(of.0)])?.pop())
    }

    fn put(&self, of: Number, row: &Suppression) -> Result<(), StoreFailed> {
        let source = Source::ALL.iter().position(|source| *source == row.source);
        let optional = |text: Option<SqlStorageValue>| text.unwrap_or(SqlStorageValue::Null);
        let bindings = vec![
            number(of.0),
            row.phone.as_str().into(),
            number(row.created_at.0),
            optional(row.expires_at.map(|at| number(at.0))),
            count(source.unwrap_or_default()),
            optional(row.reason.as_deref().map(SqlStorageValue::from)),
        ];
        // An update, not a replacement: a row may get columns of other knowledge one day.
        let query = "INSERT INTO numbers (number, phone, created_at, expires_at, source, reason) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (number) DO UPDATE SET phone = excluded.phone, created_at = excluded.created_at,
                expires_at = excluded.expires_at, source = excluded.source, reason = excluded.reason";
        self.query(query, bindings).map(drop)
    }

    fn remove(&self, numbers: &[Number]) -> Result<(), StoreFailed> {
        for of in numbers {
            self.query("DELETE FROM numbers WHERE number = ?", vec![number(of.0)])?;
        }
        Ok(())
    }

    fn page(
        &self,
        before: Option<Place>,
        (limit, scan_limit): (usize, usize),
        now: Timestamp,
    ) -> Result<Found, StoreFailed> {
        let (at, of) = before.unwrap_or((Timestamp(1 << 53), Number(0)));
        // Row by row: none is read after the last one shown.
        let query = format!(
            "SELECT phone, created_at, expires_at, source, reason FROM (SELECT * {NEWEST_FIRST} LIMIT ?)
                WHERE expires_at IS NULL OR expires_at > ? LIMIT ?"
        );
        let (behind, looked_at) = ([number(at.0), number(of.0)], count(scan_limit));
        let mut bindings = Vec::from(behind.clone());
        bindings.extend([looked_at, number(now.0), count(limit)]);
        let found = self.suppressions(&query, bindings)?;
        if found.len() >= limit {
            return Ok((found, None));
        }
        let query = format!("SELECT created_at, number {NEWEST_FIRST} LIMIT 1 OFFSET ?");
        let mut bindings = Vec::from(behind);
        bindings.push(count(scan_limit.saturating_sub(1)));
        let last = self.query(&query, bindings)?.pop();
        let place = |row: Row| Some((Timestamp(whole(row.first()?)?), Number(whole(row.get(1)?)?)));
        Ok((found, last.and_then(place)))
    }

    fn ended(&self, now: Timestamp, limit: usize) -> Result<Vec<Number>, StoreFailed> {
        let query = "SELECT number FROM numbers WHERE expires_at IS NOT NULL AND expires_at <= ? ORDER BY expires_at LIMIT ?";
        let rows = self.query(query, vec![number(now.0), count(limit)])?;
        let numbers = rows.iter().map(|row| row.first().and_then(whole));
        numbers
            .map(|number| number.map(Number).ok_or(StoreFailed))
            .collect()
    }

    fn first_end(&self) -> Result<Option<Timestamp>, StoreFailed> {
        let query = "SELECT expires_at FROM numbers WHERE expires_at IS NOT NULL ORDER BY expires_at LIMIT 1";
        let rows = self.query(query, vec![])?;
        let first = rows.first().and_then(|row| row.first());
        Ok(first.and_then(whole).map(Timestamp))
    }

    fn dials(&self, of: Number) -> Result<Dials, StoreFailed> {
        let query = "SELECT doc FROM dials WHERE number = ?";
        let rows = self.query(query, vec![number(of.0)])?;
        match rows.into_iter().flatten().next() {
            Some(SqlStorageValue::String(doc)) => json::read(&doc).map_err(|_| StoreFailed),
            _ => Ok(Dials::default()),
        }
    }

    fn put_dials(&self, of: Number, dials: &Dials) -> Result<(), StoreFailed> {
        if dials.is_bare() {
            let query = "DELETE FROM dials WHERE number = ?";
            return self.query(query, vec![number(of.0)]).map(drop);
        }
        let doc = to_json(dials).map_err(|_| StoreFailed)?;
        let query = "INSERT OR REPLACE INTO dials (number, ends, doc) VALUES (?, ?, ?)";
        let bindings = vec![number(of.0), number(dials.count_until().0), doc.into()];
        self.query(query, bindings).map(drop)
    }

    fn has_dials(&self) -> Result<bool, StoreFailed> {
        Ok(!self
            .query("SELECT 1 FROM dials LIMIT 1", vec![])?
            .is_empty())
    }

    fn forget_dials(
        &self,
        from: Number,
        now: Timestamp,
        limit: usize,
    ) -> Result<Option<Number>, StoreFailed> {
        let query = "SELECT number FROM dials WHERE number >= ? ORDER BY number LIMIT 1 OFFSET ?";
        let rows = self.query(query, vec![number(from.0), count(limit)])?;
        let next = rows.first().and_then(|row| row.first()).and_then(whole);
        let query = "DELETE FROM dials WHERE number >= ? AND number < ? AND ends <= ?";
        let behind = number(next.unwrap_or(1 << 53));
        self.query(query, vec![number(from.0), behind, number(now.0)])?;
        Ok(next.map(Number))
    }

    fn has_room(&self) -> bool {
        self.0.database_size() < MOST_BYTES
    }
}
