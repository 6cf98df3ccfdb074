//! The copies: what belongs under which key. Each resource's file makes its own.

use super::store::DirectoryStore;
use super::{AgentsAfter, Directory};
use crate::app::records::RecordKey;
use crate::app::trunk::StoreFailed;

impl Directory {
    /// The JSON that belongs under a KV key, as of now; `None` if nothing does.
    pub(super) fn record_of(
        &self,
        store: &impl DirectoryStore,
        key: &RecordKey,
    ) -> Result<Option<String>, StoreFailed> {
        match key {
            RecordKey::Agent(_, id) => self.agent_json(store, *id),
            RecordKey::Agents(_) => self.all_agents(store).map(Some),
            _ => Ok(self.record_json(key)),
        }
    }

    /// Whole, for whoever is of an earlier release.
    fn all_agents(&self, store: &impl DirectoryStore) -> Result<String, StoreFailed> {
        let mut slices = Vec::new();
        let mut from = Some(AgentsAfter {
            after: None,
            inactive: true,
        });
        while let Some(question) = from {
            let (slice, next) = self.list_agents(store, &question)?;
            slices.push(slice);
            from = next;
        }
        Ok(format!("[{}]", slices.join(",")))
    }

    /// The same of all that memory knows: anything but agents.
    #[must_use]
    pub fn record_json(&self, key: &RecordKey) -> Option<String> {
        self.org.as_ref()?;
        match key {
            RecordKey::ApiKey(digest) => self.key_json(digest),
            RecordKey::Trunk(_, id) => self.trunk_json(*id),
            RecordKey::Trunks(_) => self.trunks_json(false),
            RecordKey::Agent(..) | RecordKey::Agents(_) | RecordKey::WebhookSecrets(_) => None,
            RecordKey::Media(_) => self.media_json(),
            RecordKey::Carrier(_) => self.carrier_json(key),
        }
    }
}
