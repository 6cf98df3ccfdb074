//! What is stored outside the objects: copies in KV, and the archive in R2.

use super::{RECORDS, World};
use crate::app::directory::{DirectoryCommand, RecordWriter};
use crate::app::ports::{Directories, Unavailable};
use crate::app::records::RecordKey;
use crate::domain::ids::OrgId;
use crate::edge::platform;

impl RecordWriter for World {
    async fn write(&self, key: &RecordKey, json: Option<String>) -> Result<(), Unavailable> {
        let result = platform::kv_put(&self.env, RECORDS, &key.to_string(), json).await;
        result.map_err(|error| self.failed("KV write", &error))?;
        Ok(())
    }

    async fn archived(
        &self,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<String>, Unavailable> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let names = platform::archive_names(&self.env, prefix, after, limit).await;
        let names = names.map_err(|error| self.failed("R2 list", &error))?;
        Ok(names.iter().filter_map(|name| name.as_string()).collect())
    }

    async fn archived_lines(&self, name: &str) -> Result<Option<(String, String)>, Unavailable> {
        let object = platform::archive_get(&self.env, name).await;
        let object = object.map_err(|error| self.failed("R2 get", &error))?;
        Ok(object.get(0).as_string().zip(object.get(1).as_string()))
    }

    async fn archive_again(
        &self,
        name: &str,
        version: &str,
        text: &str,
    ) -> Result<bool, Unavailable> {
        let replaced = platform::archive_again(&self.env, name, version, text).await;
        let replaced = replaced.map_err(|error| self.failed("R2 put", &error))?;
        Ok(replaced.as_bool() == Some(true))
    }

    async fn poke(&self, org: OrgId) {
        let _ = self.directory(org, &DirectoryCommand::tick()).await;
    }
}
