//! The directory's Durable Object: storage, alarm and network around [`DirectoryActor`].

use std::cell::Cell;
use std::rc::Rc;

use futures_util::FutureExt;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::{Env, SqlStorageValue, State, worker_sys};

use super::platform::{self, Sql, now};
use super::promise::{done, reply};
use super::sql::statements;
use super::world::World;
use super::{alarm, outbox};
use crate::app::alarm::Alarm;
use crate::app::directory::{
    Ask, DirectoryActor, DirectoryCommand, DirectoryReply, DirectoryStore, Rows,
};
use crate::app::json;
use crate::app::messages::CallbackMessage;
use crate::app::ports::UNKNOWN;
use crate::app::trunk::StoreFailed;
use crate::domain::time::Span;
use crate::domain::to_json::to_json;

/// How soon an object tries again after its storage failed.
const AGAIN: Span = Span(5_000);

struct Inner {
    state: State,
    env: Env,
    actor: DirectoryActor,
    alarm: Alarm,
    has_table: Cell<bool>,
}

/// Held by the entry module's class of the same name, which handles requests and responses.
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
    let Ok(command) = json::read_bytes::<DirectoryCommand>(&bytes) else {
        return Some(UNKNOWN.to_vec());
    };
    let reply = match command.what {
        Ask::Tick => inner.remind(command).await.ok()?,
        _ => inner.serve(command).await.ok()?,
    };
    to_json(&reply).ok().map(String::into_bytes)
}

async fn wake(inner: Rc<Inner>) {
    inner.alarm.fired();
    let _ = inner.serve(DirectoryCommand::tick()).await;
}

impl Inner {
    /// The cron's reminder: an alarm that was lost is set again and reported.
    async fn remind(&self, command: DirectoryCommand) -> Result<DirectoryReply, StoreFailed> {
        let is_new = !self.has_table.get();
        let owes = self.actor.may_propagate(&self.store()?, &Ask::Tick)?;
        let is_lost = owes && alarm::is_lost(&self.alarm, &self.state, is_new).await;
        let reply = self.serve(command).await?;
        Ok(match is_lost {
            true => reply.of_lost_alarm(),
            false => reply,
        })
    }

    async fn serve(&self, command: DirectoryCommand) -> Result<DirectoryReply, StoreFailed> {
        let world = World::new(self.env.clone(), None).map_err(|_| StoreFailed)?;
        let store = self.store()?;
        if self.actor.may_propagate(&store, &command.what)? {
            // Before anything is owed: if this object dies while telling others, it wakes again.
            alarm::set(&self.alarm, &self.state, now() + AGAIN).await;
        }
        let result = self.actor.serve(&store, &world, command).await;
        let due = match &result {
            Ok(_) => self.actor.next_due(),
            Err(StoreFailed) => Some(now() + AGAIN),
        };
        if let Some(due) = due {
            alarm::set(&self.alarm, &self.state, due).await;
        }
        let (reply, callbacks) = result?;
        self.send(&callbacks).await;
        Ok(reply)
    }

    fn store(&self) -> Result<SqlStore, StoreFailed> {
        let store = SqlStore(platform::sql_of(&self.state));
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

struct SqlStore(Sql);

impl SqlStore {
    fn query(
        &self,
        query: &str,
        bindings: Vec<SqlStorageValue>,
    ) -> Result<Vec<(String, String)>, StoreFailed> {
        let (rows, _) = statements::rows(&self.0, query, bindings)?;
        let row = |row: Vec<SqlStorageValue>| {
            let row: Result<[SqlStorageValue; 2], _> = row.try_into();
            match row {
                Ok([SqlStorageValue::String(name), SqlStorageValue::String(doc)]) => {
                    Ok((name, doc))
                }
                _ => Err(StoreFailed),
            }
        };
        rows.into_iter().map(row).collect()
    }
}

impl DirectoryStore for SqlStore {
    fn load(&self, row: &mut dyn FnMut(&str, &str)) -> Result<(), StoreFailed> {
        const BATCH: i32 = 64;
        // "audit/" and "audit0" enclose the log's rows, which are not loaded; neither are answers, nor records of erasure. An
        // agent's row may be a hundred times as large as what memory keeps of it: SQLite leaves out the rest.
        let query = "SELECT name, CASE WHEN name >= 'agent/' AND name < 'agent0'
                THEN json_remove(doc, '$.agent.input_schema', '$.agent.script', '$.agent.outcome_schema', '$.agent.voicemail')
                ELSE doc END
            FROM rows WHERE name > ? AND (name < 'answer/' OR name >= 'answer0' AND name < 'audit/' OR name >= 'audit0')
                AND (name < 'erased/' OR name >= 'erased0')
            ORDER BY name LIMIT ?";
        let mut after = String::new();
        loop {
            let rows = self.query(query, vec![after.into(), BATCH.into()])?;
            rows.iter().for_each(|(name, doc)| row(name, doc));
            match rows.into_iter().last() {
                Some((name, _)) => after = name,
                None => return Ok(()),
            }
        }
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
        let query = "SELECT doc FROM rows WHERE name = ?";
        let (doc, _) = statements::texts(&self.0, query, vec![name.into()])?;
        Ok(Some(doc).filter(|doc| !doc.is_empty()))
    }

    fn below(
        &self,
        from: &str,
        before: &str,
        limit: usize,
    ) -> Result<Vec<(String, String)>, StoreFailed> {
        let limit: SqlStorageValue = i64::try_from(limit).unwrap_or(i64::MAX).into();
        let query =
            "SELECT name, doc FROM rows WHERE name >= ? AND name < ? ORDER BY name DESC LIMIT ?";
        self.query(query, vec![from.into(), before.into(), limit])
    }

    fn having(&self, prefix: &str, word: &str) -> Result<Vec<(String, String)>, StoreFailed> {
        // "audit/" and "audit0" enclose the log's rows.
        let behind = prefix.replace('/', "0");
        let query = "SELECT name, doc FROM rows WHERE name >= ? AND name < ? AND instr(doc, ?) > 0";
        self.query(query, vec![prefix.into(), behind.into(), word.into()])
    }
}
