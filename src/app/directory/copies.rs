//! What others are told of the directory: trunks their briefs, readers their copies, receivers
//! their test events. All of it is computed from the directory as it is when it is told, so telling
//! late, twice or out of turn does no harm.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::serve::DirectoryStore;
use super::state::{StoredTrunk, json};
use super::{AgentsAfter, Directory};
use crate::app::messages::CallbackMessage;
use crate::app::records::{RecordKey, TrunkRecord};
use crate::app::trunk::{Line, StoreFailed};
use crate::domain::access::KeyRecord;
use crate::domain::agent::Status;
use crate::domain::callback::Delivery;
use crate::domain::ids::TrunkId;
use crate::domain::media::Media;
use crate::domain::order::oldest_first;
use crate::domain::time::Millis;
use crate::domain::trunk::{AgentBreakers, Brief, TrunkConfig};

impl Directory {
    /// All that a trunk must know, as of now.
    #[must_use]
    pub fn brief(&self, config: &TrunkConfig, now: Millis) -> Brief {
        let deleted = self
            .trunks
            .get(&config.id)
            .is_some_and(|stored| stored.deleted);
        let mut config = config.clone();
        if deleted {
            config.status = Status::Inactive;
        }
        let tag = config.id.tag();
        let media = self.org.as_ref().and_then(|org| org.media.as_ref());
        Brief {
            keeps: media.map(Media::keeps).unwrap_or_default(),
            secrets: self.secrets().filter(|_| !deleted).cloned(),
            version: self.version(),
            config,
            revoked_keys: self.revoked_for(tag, now),
            inactive_agents: self.inactive_for(tag, now),
            retired_until: None,
            former: Vec::new(),
            agents: AgentBreakers::default(),
        }
    }

    /// The brief a trunk is owed.
    #[must_use]
    pub fn owed_brief(&self, id: TrunkId, now: Millis) -> Option<Brief> {
        self.trunks
            .get(&id)
            .map(|stored| self.brief(&stored.config, now))
    }

    /// Hands out the attempts that are due.
    pub fn due_callbacks(&mut self, now: Millis) -> Vec<CallbackMessage> {
        let Some(org) = self.org_id() else {
            return Vec::new();
        };
        let due = self
            .tests
            .values_mut()
            .filter_map(|delivery| Some((delivery.take(now)?, delivery)));
        due.map(|(attempt, delivery)| CallbackMessage {
            org,
            delivery: delivery.id,
            attempt,
            url: delivery.url.clone(),
            body: test_body(delivery),
            failure: None,
        })
        .collect()
    }

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
        let org = self.org.as_ref()?;
        match key {
            RecordKey::ApiKey(digest) => {
                let key = self
                    .keys
                    .values()
                    .find(|key| key.digest == *digest && key.revoked_at.is_none())?;
                json(&KeyRecord {
                    key_id: key.id,
                    org_id: org.id,
                    role: key.role,
                    expires_at: key.expires_at,
                })
            }
            RecordKey::Trunk(_, id) => json(&trunk_record(self.trunks.get(id)?)),
            RecordKey::Trunks(_) => self.trunks_json(false),
            RecordKey::Agent(..) | RecordKey::Agents(_) | RecordKey::WebhookSecrets(_) => None,
            RecordKey::Media(_) => json(org.media.as_ref()?),
            RecordKey::Carrier(_) => {
                let trunks = self.trunks.values().filter(|stored| !stored.deleted);
                let mut lines = trunks.filter_map(|stored| Line::of(&stored.config));
                json(&lines.find(|line| RecordKey::carrier(&line.api_key) == *key)?)
            }
        }
    }
}

impl Directory {
    /// The JSON of all trunks, deleted ones too; with a word on which of them `hold_no_calls`, which changes too often for a
    /// copy.
    pub(super) fn trunks_json(&self, with_use: bool) -> Option<String> {
        let trunks: Vec<_> = self.trunks.values().collect();
        let records = in_order(trunks, |stored| stored.config.id.born(stored.created_at));
        let record = |stored: &StoredTrunk| TrunkRecord {
            holds_no_calls: with_use && !stored.may_hold_calls(),
            ..trunk_record(stored)
        };
        json(&records.map(record).collect::<Vec<_>>())
    }
}

fn in_order<T>(mut items: Vec<T>, number: impl Fn(&T) -> u128) -> impl Iterator<Item = T> {
    oldest_first(&mut items, number);
    items.into_iter()
}

fn trunk_record(stored: &StoredTrunk) -> TrunkRecord {
    let TrunkConfig {
        id,
        name,
        trunk_phone,
        max_cps,
        max_channels,
        status,
        ..
    } = stored.config.clone();
    TrunkRecord {
        id,
        name,
        trunk_phone,
        max_cps,
        max_channels,
        status,
        deleted: stored.deleted,
        holds_no_calls: false,
    }
}

/// A test event: the documented example, for a call that never was. The same bytes each time.
fn test_body(delivery: &Delivery) -> String {
    // A random UUID, as far as anyone can tell: asked about it, no check passes and no object wakes.
    let digest = Sha256::digest(delivery.id.to_string());
    let bytes = std::array::from_fn(|at| digest.get(at).copied().unwrap_or_default());
    let call = uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string();
    json!({
        "event": delivery.event,
        "call_id": call,
        "call_status": "Completed",
        "call_outcome": {
            "disposition": "interested",
            "summary": "Customer confirmed payment for June 20.",
            "sentiment": "positive",
        },
        "duration": 97,
        "transcript_url": null,
        "recording_url": null,
        "metadata": {"customer_name": "Rahul Sharma", "amount_due": "7500", "due_date": "2026-06-20"},
        "occurred_at": crate::app::iso8601::format(delivery.created_at),
    })
    .to_string()
}
