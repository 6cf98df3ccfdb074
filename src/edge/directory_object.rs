//! The directory's Durable Object: storage, alarm and network around [`DirectoryActor`].

use std::cell::Cell;
use std::rc::Rc;

use futures_util::FutureExt;
use js_sys::Promise;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::{Env, SqlStorage, SqlStorageValue, State, worker_sys};

use super::platform::now;
use super::promise::{done, reply};
use super::world::World;
use super::{alarm, outbox};
use crate::app::alarm::Alarm;
use crate::app::directory::{
    DirectoryActor, DirectoryCommand, DirectoryReply, DirectoryStore, Rows,
};
use crate::app::json;
use crate::app::messages::CallbackMessage;
use crate::app::ports::UNKNOWN;
use crate::app::trunk::StoreFailed;
use crate::domain::time::Span;
use crate::domain::to_json::to_json;
use crate::edge::log;

/// How soon an object whose storage failed tries again.
const AGAIN: Span = Span(5_000);

struct Inner {
    state: State,
    env: Env,
    actor: DirectoryActor,
    alarm: Alarm,
    has_table: Cell<bool>,
}

/// Held by the entry module's class of the same name, which knows requests and answers.
#[wasm_bindgen]
pub struct DirectoryObject {
    inner: Rc<Inner>,
}

#[wasm_bindgen]
impl DirectoryObject {
    #[wasm_bindgen(constructor)]
    pub fn new(state: worker_sys::DurableObjectState, env: Env) -> Self {
        let (actor, alarm, has_table) =
            (DirectoryActor::default(), Alarm::default(), Cell::default());
        let inner = Inner {
            state: State::from(state),
            env,
            actor,
            alarm,
            has_table,
        };
        Self {
            inner: Rc::new(inner),
        }
    }

    /// A command; its reply, or nothing when storage failed.
    pub fn fetch(&self, bytes: Vec<u8>) -> Promise {
        reply(fetch(Rc::clone(&self.inner), bytes).boxed_local())
    }

    pub fn alarm(&self) -> Promise {
        done(wake(Rc::clone(&self.inner)).boxed_local())
    }

    #[cfg(feature = "faults")]
    pub fn sql(&self, statement: &str) -> String {
        super::faults::sql(&self.inner.state.storage().sql(), statement)
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
    let _ = inner.serve(DirectoryCommand::tick()).await;
}

impl Inner {
    async fn serve(&self, command: DirectoryCommand) -> Result<DirectoryReply, StoreFailed> {
        let world = World::new(self.env.clone(), None).map_err(|_| StoreFailed)?;
        let store = self.store()?;
        if self.actor.may_propagate(&store, &command.what)? {
            // Before anything is owed: should this object die while it tells others, it wakes again.
            alarm::set(&self.alarm, &self.state.storage(), now() + AGAIN).await;
        }
        let result = self.actor.serve(&store, &world, command).await;
        let due = match &result {
            Ok(_) => self.actor.next_due(),
            Err(StoreFailed) => Some(now() + AGAIN),
        };
        if let Some(due) = due {
            alarm::set(&self.alarm, &self.state.storage(), due).await;
        }
        let (reply, callbacks) = result?;
        self.send(&callbacks).await;
        Ok(reply)
    }

    fn store(&self) -> Result<SqlStore, StoreFailed> {
        let store = SqlStore(self.state.storage().sql());
        if !self.has_table.get() {
            store.query("CREATE TABLE IF NOT EXISTS rows (name TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID", vec![])?;
            self.has_table.set(true);
        }
        Ok(store)
    }

    async fn send(&self, callbacks: &[CallbackMessage]) {
        let messages: Vec<String> = callbacks
            .iter()
            .filter_map(|message| to_json(message).ok())
            .collect();
        outbox::send(&self.env, "CALLBACKS", &messages).await;
    }
}

struct SqlStore(SqlStorage);

impl SqlStore {
    fn query(
        &self,
        query: &str,
        bindings: Vec<SqlStorageValue>,
    ) -> Result<Vec<(String, String)>, StoreFailed> {
        let mut rows = Vec::new();
        self.each(query, bindings, &mut |name, doc| {
            rows.push((name.to_owned(), doc.to_owned()));
        })?;
        Ok(rows)
    }

    fn each(
        &self,
        query: &str,
        bindings: Vec<SqlStorageValue>,
        each: &mut dyn FnMut(&str, &str),
    ) -> Result<(), StoreFailed> {
        let failed = |error: worker::Error| {
            log::sql_failed(&error);
            StoreFailed
        };
        let cursor = self.0.exec(query, bindings).map_err(failed)?;
        // After an error the iterator would never end: the first one ends it.
        for row in cursor.raw() {
            match row.map_err(failed)?.as_slice() {
                [SqlStorageValue::String(name), SqlStorageValue::String(doc)] => each(name, doc),
                _ => return Err(StoreFailed),
            }
        }
        Ok(())
    }
}

impl DirectoryStore for SqlStore {
    fn load(&self, row: &mut dyn FnMut(&str, &str)) -> Result<(), StoreFailed> {
        // "audit/" and "audit0" enclose the log's rows, which stay where they are, and so do the answers. An agent's row may be
        // a hundred times what is held of it: SQLite leaves that out.
        self.each(
            "SELECT name, CASE WHEN name >= 'agent/' AND name < 'agent0'
                THEN json_remove(doc, '$.agent.input_schema', '$.agent.script', '$.agent.outcome_schema', '$.agent.voicemail')
                ELSE doc END
            FROM rows WHERE name < 'answer/' OR name >= 'answer0' AND name < 'audit/' OR name >= 'audit0'",
            vec![],
            row,
        )
    }

    fn commit(&self, rows: &Rows) -> Result<(), StoreFailed> {
        for (name, doc) in rows.iter() {
            match doc {
                Some(doc) => self.query(
                    "INSERT OR REPLACE INTO rows (name, doc) VALUES (?, ?)",
                    vec![name.as_str().into(), doc.as_str().into()],
                )?,
                None => self.query(
                    "DELETE FROM rows WHERE name = ?",
                    vec![name.as_str().into()],
                )?,
            };
        }
        Ok(())
    }

    fn row(&self, name: &str) -> Result<Option<String>, StoreFailed> {
        let query = "SELECT name, doc FROM rows WHERE name = ?";
        let rows = self.query(query, vec![name.into()])?;
        Ok(rows.into_iter().next().map(|(_, doc)| doc))
    }

    fn audit(&self, before: &str, limit: usize) -> Result<Vec<(String, String)>, StoreFailed> {
        let limit: SqlStorageValue = i64::try_from(limit).unwrap_or(i64::MAX).into();
        let query = "SELECT name, doc FROM rows WHERE name >= 'audit/' AND name < ? ORDER BY name DESC LIMIT ?";
        self.query(query, vec![before.into(), limit])
    }
}
