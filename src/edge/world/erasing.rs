//! Empties other stores: objects, copies and the archive.

use super::{OBJECT_DEADLINE_MS, RECORDS, World};
use crate::app::directory::{self, By, command::Bury};
use crate::app::erasing::{Eraser, Holder};
use crate::app::ports::{Host, Unavailable};
use crate::app::records::RecordKey;
use crate::domain::directory::Grave;
use crate::edge::platform;

impl World {
    async fn erase(&self, holder: Holder, forgets: bool) -> Result<bool, Unavailable> {
        let (namespace, name) = match holder {
            Holder::Trunk(tag) => ("TRUNKS", tag.to_string()),
            Holder::Numbers(org, shard) => ("CONTACTS", format!("{org}/{shard}")),
            Holder::Campaign(org, campaign) => ("CAMPAIGNS", format!("{org}/{campaign}")),
            Holder::Directory(org) => ("DIRECTORIES", org.to_string()),
        };
        self.requests.note();
        let (env, limit) = (&self.env, OBJECT_DEADLINE_MS);
        let was_empty = platform::erase(env, namespace, &name, forgets, limit).await;
        let was_empty = was_empty.map_err(|error| self.failed(namespace, &error))?;
        Ok(was_empty.is_truthy())
    }
}

impl Eraser for World {
    async fn is_empty(&self, holder: Holder) -> Result<bool, Unavailable> {
        self.erase(holder, false).await
    }

    async fn wipe(&self, holder: Holder) -> Result<(), Unavailable> {
        self.erase(holder, true).await.map(drop)
    }

    async fn remove_copies(&self, prefix: &str) -> Result<bool, Unavailable> {
        let removed = platform::kv_remove(&self.env, RECORDS, prefix).await;
        let removed = removed.map_err(|error| self.failed("KV list", &error))?;
        Ok(removed.is_truthy())
    }

    async fn remove_archived(&self, prefix: &str) -> Result<bool, Unavailable> {
        let removed = platform::archive_remove(&self.env, prefix).await;
        let removed = removed.map_err(|error| self.failed("the archive", &error))?;
        Ok(removed.is_truthy())
    }

    async fn stored_copy(&self, key: &RecordKey) -> Result<Option<String>, Unavailable> {
        let json = platform::kv_get(&self.env, RECORDS, &key.to_string()).await;
        let json = json.map_err(|error| self.failed("KV get", &error))?;
        Ok(json.as_string())
    }

    async fn bury(&self, grave: &Grave) -> Result<(), Unavailable> {
        let operators = self.secrets().operators();
        let buried = directory::ask(self, operators, By::PLATFORM, Bury(*grave)).await?;
        buried.map_err(|_| Unavailable)
    }
}
