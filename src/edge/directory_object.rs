//! The directory's Durable Object: storage, alarm and network around [`DirectoryActor`].

use std::cell::Cell;

use worker::{
    DurableObject, Env, Request, Response, Result, SqlStorage, SqlStorageValue, State,
    durable_object,
};

use super::world::{World, now};
use super::{alarm, outbox};
use crate::app::alarm::Alarm;
use crate::app::directory::{
    DirectoryActor, DirectoryCommand, DirectoryReply, DirectoryStore, Rows,
};
use crate::app::json;
use crate::app::messages::CallbackMessage;
use crate::app::trunk::StoreFailed;
use crate::domain::time::Millis;

/// How soon an object whose storage failed tries again.
const AGAIN: Millis = Millis(5_000);

#[durable_object(alarm)]
pub struct DirectoryObject {
    state: State,
    env: Env,
    actor: DirectoryActor,
    alarm: Alarm,
    has_table: Cell<bool>,
}

impl DurableObject for DirectoryObject {
    fn new(state: State, env: Env) -> Self {
        let (actor, alarm, has_table) =
            (DirectoryActor::default(), Alarm::default(), Cell::default());
        Self {
            state,
            env,
            actor,
            alarm,
            has_table,
        }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let command =
            json::read_bytes(&request.bytes().await?).map_err(|error| error.to_string())?;
        match self.serve(command).await {
            Ok(reply) => Ok(Response::builder().fixed(serde_json::to_vec(&reply)?)),
            Err(StoreFailed) => Response::error("storage failed", 500),
        }
    }

    async fn alarm(&self) -> Result<Response> {
        self.alarm.fired();
        let _ = self.serve(DirectoryCommand::tick()).await;
        Response::empty()
    }
}

impl DirectoryObject {
    async fn serve(
        &self,
        command: DirectoryCommand,
    ) -> std::result::Result<DirectoryReply, StoreFailed> {
        let world = World::new(self.env.clone(), None).map_err(|_| StoreFailed)?;
        let store = self.store()?;
        if self.actor.may_owe(&store, &command.what)? {
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

    fn store(&self) -> std::result::Result<SqlStore, StoreFailed> {
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
            .filter_map(|message| serde_json::to_string(message).ok())
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
    ) -> std::result::Result<Vec<(String, String)>, StoreFailed> {
        let failed = |error: worker::Error| {
            worker::console_error!("SQL failed: {}", error.to_string());
            StoreFailed
        };
        let cursor = self.0.exec(query, bindings).map_err(failed)?;
        let mut rows = Vec::new();
        // After an error the iterator would go on for ever: the first one ends it.
        for row in cursor.raw() {
            match row.map_err(failed)?.as_slice() {
                [SqlStorageValue::String(name), SqlStorageValue::String(doc)] => {
                    rows.push((name.clone(), doc.clone()))
                }
                _ => return Err(StoreFailed),
            }
        }
        Ok(rows)
    }
}

impl DirectoryStore for SqlStore {
    fn load(&self) -> std::result::Result<Vec<(String, String)>, StoreFailed> {
        // "audit/" and "audit0" enclose the log's rows, which stay where they are.
        self.query(
            "SELECT name, doc FROM rows WHERE name < 'audit/' OR name >= 'audit0'",
            vec![],
        )
    }

    fn commit(&self, rows: &Rows) -> std::result::Result<(), StoreFailed> {
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

    fn audit(
        &self,
        before: &str,
        limit: usize,
    ) -> std::result::Result<Vec<(String, String)>, StoreFailed> {
        let limit: SqlStorageValue = i64::try_from(limit).unwrap_or(i64::MAX).into();
        let query = "SELECT name, doc FROM rows WHERE name >= 'audit/' AND name < ? ORDER BY name DESC LIMIT ?";
        self.query(query, vec![before.into(), limit])
    }
}
