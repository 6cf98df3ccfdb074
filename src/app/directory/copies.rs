//! The copies: the record that belongs under each key.

use super::agents::{list_agents, read_agent};
use super::trunk_copies::{trunk_json, trunks_json};
use super::{AgentsAfter, Answer, Desk, Directory, DirectoryStore};
use crate::app::host::Host;
use crate::app::records::RecordKey;
use crate::app::trunk::{CarrierCredentials, StoreFailed};
use crate::domain::to_json::to_json;

/// The JSON that belongs under a KV key as of now; `None` if nothing does.
pub(super) fn record_of(
    directory: &Directory,
    store: &impl DirectoryStore,
    key: &RecordKey,
) -> Result<Option<String>, StoreFailed> {
    match key {
        RecordKey::Agent(_, id) => {
            let agent = read_agent(directory, store, *id)?;
            Ok(agent.and_then(|agent| to_json(&agent).ok()))
        }
        RecordKey::Agents(_) => all_agents(directory, store).map(Some),
        _ => Ok(directory.record_json(key)),
    }
}

/// Complete, for callers of an earlier release.
fn all_agents(directory: &Directory, store: &impl DirectoryStore) -> Result<String, StoreFailed> {
    let mut slices = Vec::new();
    let mut from = Some(AgentsAfter {
        whole: false,
        after: None,
        inactive: true,
    });
    while let Some(question) = from {
        let (slice, next) = list_agents(directory, store, &question)?;
        slices.push(slice);
        from = next;
    }
    Ok(format!("[{}]", slices.join(",")))
}

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    /// A record as it is now, including what its trunks hold, which changes too often for a copy.
    pub(super) fn copy(&self, key: RecordKey) -> Answer<Option<String>> {
        Ok(match key {
            RecordKey::Trunks(_) => trunks_json(self.directory, true),
            key => record_of(self.directory, self.store, &key)?,
        })
    }
}

impl Directory {
    /// The JSON under a key, for everything in memory: all but agents.
    #[must_use]
    pub fn record_json(&self, key: &RecordKey) -> Option<String> {
        self.org_id()?;
        match key {
            RecordKey::ApiKey(digest) => to_json(&self.key_record(digest)?).ok(),
            RecordKey::Trunk(_, id) => trunk_json(self.stored_trunk(*id)?),
            RecordKey::Trunks(_) => trunks_json(self, false),
            RecordKey::Agent(..) | RecordKey::Agents(_) | RecordKey::WebhookSecrets(_) => None,
            RecordKey::Media(_) => to_json(self.media()?).ok(),
            RecordKey::Carrier(_) => self.carrier_json(key),
        }
    }

    /// The credentials for a carrier's API key: those of the first trunk that has it.
    fn carrier_json(&self, key: &RecordKey) -> Option<String> {
        let trunks = self.trunks().filter(|stored| !stored.deleted);
        let mut all = trunks.filter_map(|stored| CarrierCredentials::of(&stored.config));
        let its_own = |known: &CarrierCredentials| RecordKey::carrier(&known.api_key) == *key;
        to_json(&all.find(its_own)?).ok()
    }
}
