//! What a directory holds and how it changes: pure, with its rows and its debts as values.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::NewKey;
use crate::app::manage::views::AgentView;
use crate::app::messages::CallbackMessage;
use crate::app::records::{RecordKey, TrunkRecord};
use crate::domain::access::{KeyDigest, KeyRecord, Role};
use crate::domain::agent::{Agent, Status};
use crate::domain::callback::{Delivery, WebhookSecrets};
use crate::domain::ids::{AgentId, CallId, DeliveryId, IdKey, KeyId, OrgId, TrunkId, TrunkTag};
use crate::domain::time::Millis;
use crate::domain::trunk::{Brief, TrunkConfig};

/// How long trunks are reminded of a revoked key or a deleted agent: far longer than any copy is stale.
const REMEMBERED: Millis = Millis(7 * 86_400_000);
/// An organisation holds at most so many agents, trunks or keys.
pub const MOST: usize = 1000;
/// So many test deliveries are kept.
const TESTS_KEPT: usize = 1000;
const HOUR: u64 = 3_600_000;

/// An agent's row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct StoredAgent {
    agent: Agent,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Millis>,
}

/// A trunk's row. Never removed: its calls stay readable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct StoredTrunk {
    config: TrunkConfig,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    deleted: bool,
}

/// A key's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredKey {
    /// Its id.
    pub id: KeyId,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Under which it is found.
    pub digest: KeyDigest,
    /// Its first characters.
    pub prefix: String,
    /// When it was made.
    pub created_at: Millis,
    /// When it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Millis>,
    /// When it was used last, to the hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Millis>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Millis>,
}

impl StoredKey {
    fn is_good(&self, now: Millis) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When.
    pub at: Millis,
    /// Whose key; none for the platform's operator.
    pub key_id: Option<KeyId>,
    /// What was done, such as `agent.create`.
    pub action: String,
    /// To what.
    pub target: String,
    /// By which request.
    pub request_id: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Org {
    id: OrgId,
    name: String,
    created_at: Millis,
    secrets: WebhookSecrets,
    /// Rises with each change; orders briefs and names audit entries.
    version: u64,
}

/// What others must still be told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Owed {
    /// Copies to write, each with the version that made it wrong.
    pub records: Vec<(RecordKey, u64)>,
    /// Trunks to brief, likewise.
    pub briefs: Vec<(TrunkId, u64)>,
}

/// Rows to write together; `None` removes one.
pub type Rows = BTreeMap<String, Option<String>>;

/// An organisation's directory.
#[derive(Default)]
pub struct Directory {
    org: Option<Org>,
    agents: BTreeMap<AgentId, StoredAgent>,
    trunks: BTreeMap<TrunkId, StoredTrunk>,
    keys: BTreeMap<KeyId, StoredKey>,
    tests: BTreeMap<DeliveryId, Delivery>,
    pub(super) owed: Owed,
    rows: Rows,
}

fn json(value: &impl Serialize) -> Option<String> {
    serde_json::to_string(value).ok()
}

/// The row of an audit entry: sorted by position.
pub(super) fn audit_row(position: u64) -> String {
    format!("audit/{position:012}")
}

impl Directory {
    /// Rebuilds a directory from its rows; one that can't be read is an error, not a loss.
    ///
    /// # Errors
    /// The name of the row.
    pub fn restore(rows: impl IntoIterator<Item = (String, String)>) -> Result<Self, String> {
        let mut directory = Self::default();
        for (name, doc) in rows {
            directory.read_row(&name, &doc).map_err(|_| name)?;
        }
        Ok(directory)
    }

    fn read_row(&mut self, name: &str, doc: &str) -> serde_json::Result<()> {
        match name.split('/').next().unwrap_or_default() {
            "org" => self.org = Some(serde_json::from_str(doc)?),
            "owed" => self.owed = serde_json::from_str(doc)?,
            "agent" => {
                let agent: StoredAgent = serde_json::from_str(doc)?;
                self.agents.insert(agent.agent.id, agent);
            }
            "trunk" => {
                let trunk: StoredTrunk = serde_json::from_str(doc)?;
                self.trunks.insert(trunk.config.id, trunk);
            }
            "key" => {
                let key: StoredKey = serde_json::from_str(doc)?;
                self.keys.insert(key.id, key);
            }
            "test" => {
                let delivery: Delivery = serde_json::from_str(doc)?;
                self.tests.insert(delivery.id, delivery);
            }
            _ => {}
        }
        Ok(())
    }

    /// The rows that changed since this was asked last.
    pub fn take_rows(&mut self) -> Rows {
        std::mem::take(&mut self.rows)
    }

    fn put(&mut self, name: String, value: &impl Serialize) {
        self.rows.insert(name, json(value));
    }

    pub(super) fn put_owed(&mut self) {
        let owed = self.owed.clone();
        self.put("owed".into(), &owed);
    }

    /// The organisation's id, once it is founded.
    #[must_use]
    pub fn org_id(&self) -> Option<OrgId> {
        self.org.as_ref().map(|org| org.id)
    }

    /// How many changes there were.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.org.as_ref().map_or(0, |org| org.version)
    }

    /// Notes a change in the audit log, and who must be told of it.
    fn record(&mut self, entry: AuditEntry, records: &[RecordKey], briefs: bool) {
        let Some(org) = self.org.as_mut() else { return };
        org.version += 1;
        let (version, org) = (org.version, org.clone());
        self.put("org".into(), &org);
        self.put(audit_row(version), &entry);
        for key in records {
            self.owed.records.retain(|(owed, _)| owed != key);
            self.owed.records.push((key.clone(), version));
        }
        if briefs {
            let live = self
                .trunks
                .values()
                .filter(|trunk| !trunk.deleted || entry.target == trunk.config.id.to_string());
            self.owed.briefs = live.map(|trunk| (trunk.config.id, version)).collect();
        }
        self.put_owed();
    }

    /// Founds the organisation.
    pub fn found(&mut self, org: OrgId, name: String, secrets: WebhookSecrets, entry: AuditEntry) {
        if self.org.is_none() {
            self.org = Some(Org {
                id: org,
                name,
                created_at: entry.at,
                secrets,
                version: 0,
            });
            let lists = [
                RecordKey::Agents(org),
                RecordKey::Trunks(org),
                RecordKey::WebhookSecrets(org),
            ];
            self.record(entry, &lists, false);
        }
    }

    /// An agent that was not deleted.
    #[must_use]
    pub fn agent(&self, id: AgentId) -> Option<&Agent> {
        self.agents
            .get(&id)
            .filter(|stored| stored.deleted_at.is_none())
            .map(|stored| &stored.agent)
    }

    /// How many agents there are.
    #[must_use]
    pub fn agent_count(&self) -> usize {
        self.agents
            .values()
            .filter(|stored| stored.deleted_at.is_none())
            .count()
    }

    /// Creates or replaces an agent.
    pub fn save_agent(&mut self, agent: Agent, entry: AuditEntry) {
        let before = self.agents.get(&agent.id).map(|stored| stored.agent.status);
        let restricts = before.is_some_and(|status| status != agent.status);
        self.keep_agent(
            StoredAgent {
                agent,
                deleted_at: None,
            },
            entry,
            restricts,
        );
    }

    /// Deletes an agent.
    pub fn delete_agent(&mut self, id: AgentId, entry: AuditEntry) {
        if let Some(stored) = self.agents.get(&id).cloned() {
            self.keep_agent(
                StoredAgent {
                    deleted_at: Some(entry.at),
                    ..stored
                },
                entry,
                true,
            );
        }
    }

    fn keep_agent(&mut self, stored: StoredAgent, entry: AuditEntry, briefs: bool) {
        let Some(org) = self.org_id() else { return };
        let id = stored.agent.id;
        self.put(format!("agent/{id}"), &stored);
        self.agents.insert(id, stored);
        self.record(
            entry,
            &[RecordKey::Agent(org, id), RecordKey::Agents(org)],
            briefs,
        );
    }

    /// A trunk that was not deleted.
    #[must_use]
    pub fn trunk(&self, id: TrunkId) -> Option<&TrunkConfig> {
        self.trunks
            .get(&id)
            .filter(|stored| !stored.deleted)
            .map(|stored| &stored.config)
    }

    /// How many trunks there are.
    #[must_use]
    pub fn trunk_count(&self) -> usize {
        self.trunks
            .values()
            .filter(|stored| !stored.deleted)
            .count()
    }

    /// Creates, replaces or deletes a trunk.
    pub fn save_trunk(&mut self, config: TrunkConfig, deleted: bool, entry: AuditEntry) {
        let Some(org) = self.org_id() else { return };
        let id = config.id;
        let stored = StoredTrunk { config, deleted };
        self.put(format!("trunk/{id}"), &stored);
        self.trunks.insert(id, stored);
        self.record(
            entry,
            &[RecordKey::Trunk(org, id), RecordKey::Trunks(org)],
            true,
        );
    }

    /// All that a trunk must know, as of now.
    #[must_use]
    pub fn brief(&self, config: &TrunkConfig, now: Millis) -> Brief {
        let lately = |at: &Option<Millis>| at.is_some_and(|at| now < at + REMEMBERED);
        let deleted = self
            .trunks
            .get(&config.id)
            .is_some_and(|stored| stored.deleted);
        let mut config = config.clone();
        if deleted {
            config.status = Status::Inactive;
        }
        let unusable = |stored: &&StoredAgent| match stored.deleted_at {
            Some(_) => lately(&stored.deleted_at),
            None => stored.agent.status != Status::Active,
        };
        Brief {
            version: self.version(),
            config,
            revoked_keys: self
                .keys
                .values()
                .filter(|key| lately(&key.revoked_at))
                .map(|key| key.id)
                .collect(),
            inactive_agents: self
                .agents
                .values()
                .filter(unusable)
                .map(|stored| stored.agent.id)
                .collect(),
        }
    }

    /// The brief a trunk is owed.
    #[must_use]
    pub fn owed_brief(&self, id: TrunkId, now: Millis) -> Option<Brief> {
        self.trunks
            .get(&id)
            .map(|stored| self.brief(&stored.config, now))
    }

    /// How many keys are in use.
    #[must_use]
    pub fn key_count(&self) -> usize {
        self.keys
            .values()
            .filter(|key| key.revoked_at.is_none())
            .count()
    }

    /// Adds a key.
    pub fn add_key(&mut self, new: NewKey, entry: AuditEntry) {
        let key = StoredKey {
            id: new.id,
            name: new.name,
            role: new.role,
            digest: new.digest,
            prefix: new.prefix,
            created_at: entry.at,
            expires_at: new.expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        let record = RecordKey::ApiKey(key.digest.clone());
        self.keep_key(key);
        self.record(entry, &[record], false);
    }

    fn keep_key(&mut self, key: StoredKey) {
        self.put(format!("key/{}", key.id), &key);
        self.keys.insert(key.id, key);
    }

    /// A key that was not revoked.
    #[must_use]
    pub fn key(&self, id: KeyId) -> Option<&StoredKey> {
        self.keys.get(&id).filter(|key| key.revoked_at.is_none())
    }

    /// Whether an organisation would be left without an owner.
    #[must_use]
    pub fn is_last_owner(&self, id: KeyId, now: Millis) -> bool {
        let owner = |key: &&StoredKey| key.role == Role::Owner && key.is_good(now);
        self.keys
            .get(&id)
            .as_ref()
            .is_some_and(|key| key.role == Role::Owner)
            && !self.keys.values().filter(owner).any(|key| key.id != id)
    }

    /// Revokes a key.
    pub fn revoke_key(&mut self, id: KeyId, entry: AuditEntry) {
        let Some(mut key) = self.keys.get(&id).cloned() else {
            return;
        };
        key.revoked_at = Some(entry.at);
        let record = RecordKey::ApiKey(key.digest.clone());
        self.keep_key(key);
        self.record(entry, &[record], true);
    }

    /// Notes that a key was used.
    pub fn touch_key(&mut self, id: KeyId, now: Millis) {
        let hour = Some(Millis(now.0 - now.0 % HOUR));
        let key = self
            .keys
            .get(&id)
            .filter(|key| key.last_used_at < hour)
            .cloned();
        if let Some(key) = key {
            self.keep_key(StoredKey {
                last_used_at: hour,
                ..key
            });
        }
    }

    /// Keys in use, newest first.
    #[must_use]
    pub fn keys_page(&self, before: Option<(Millis, KeyId)>, limit: usize) -> Vec<StoredKey> {
        let mut keys: Vec<&StoredKey> = self
            .keys
            .values()
            .filter(|key| key.revoked_at.is_none())
            .collect();
        keys.retain(|key| before.is_none_or(|before| (key.created_at, key.id) < before));
        keys.sort_by_key(|key| std::cmp::Reverse((key.created_at, key.id)));
        keys.into_iter().take(limit).cloned().collect()
    }

    /// The webhook secrets.
    #[must_use]
    pub fn secrets(&self) -> Option<&WebhookSecrets> {
        self.org.as_ref().map(|org| &org.secrets)
    }

    /// Replaces the webhook secrets.
    pub fn set_secrets(&mut self, secrets: WebhookSecrets, entry: AuditEntry) {
        if let Some(org) = self.org.as_mut() {
            org.secrets = secrets;
            let record = RecordKey::WebhookSecrets(org.id);
            self.record(entry, &[record], false);
        }
    }

    /// A test delivery.
    #[must_use]
    pub fn test(&self, id: DeliveryId) -> Option<&Delivery> {
        self.tests.get(&id)
    }

    /// The id for the next test delivery: later than all before it.
    #[must_use]
    pub fn next_test_id(&self, now: Millis, key: &IdKey) -> DeliveryId {
        let last = self.tests.keys().next_back().map(|id| id.address());
        let next = crate::domain::ids::Address::next(last, now, TrunkTag::DIRECTORY);
        DeliveryId::mint_test(next.at, next.sequence, key)
    }

    /// Keeps a test delivery; beyond a number of them, the oldest goes.
    pub fn keep_test(&mut self, delivery: Delivery) {
        self.put(format!("test/{}", delivery.id), &delivery);
        self.tests.insert(delivery.id, delivery);
        if self.tests.len() > TESTS_KEPT
            && let Some((oldest, _)) = self.tests.pop_first()
        {
            self.rows.insert(format!("test/{oldest}"), None);
        }
    }

    /// Changes a test delivery in place, without a row: leases are not stored.
    pub fn test_mut(&mut self, id: DeliveryId) -> Option<&mut Delivery> {
        self.tests.get_mut(&id)
    }

    /// Test deliveries, newest first.
    pub fn tests_newest_first(&self) -> impl Iterator<Item = &Delivery> {
        self.tests.values().rev()
    }

    /// Hands out the attempts that are due.
    pub fn due_callbacks(&mut self, now: Millis, key: &IdKey) -> Vec<CallbackMessage> {
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
            body: test_body(delivery, key),
        })
        .collect()
    }

    /// When a test delivery is due.
    #[must_use]
    pub fn next_callback(&self) -> Option<Millis> {
        self.tests.values().filter_map(Delivery::due).min()
    }

    /// The JSON that belongs under a KV key, as of now; `None` if nothing does.
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
            RecordKey::Agent(_, id) => json(self.agent(*id)?),
            RecordKey::Trunk(_, id) => json(&trunk_record(self.trunks.get(id)?)),
            RecordKey::Agents(_) => {
                let agents: Vec<_> = self
                    .agents
                    .values()
                    .filter(|stored| stored.deleted_at.is_none())
                    .collect();
                json(
                    &in_order(agents, |stored| (stored.agent.created_at, stored.agent.id))
                        .map(|stored| AgentView::from(&stored.agent))
                        .collect::<Vec<_>>(),
                )
            }
            RecordKey::Trunks(_) => {
                json(&self.trunks.values().map(trunk_record).collect::<Vec<_>>())
            }
            RecordKey::WebhookSecrets(_) => json(&org.secrets),
        }
    }

    /// Forgets what nobody needs to be reminded of any more.
    pub fn forget_old(&mut self, now: Millis) {
        let old = |at: Option<Millis>| at.is_some_and(|at| now >= at + REMEMBERED);
        let keys: BTreeSet<KeyId> = self
            .keys
            .values()
            .filter(|key| old(key.revoked_at))
            .map(|key| key.id)
            .collect();
        let agents: Vec<AgentId> = self
            .agents
            .values()
            .filter(|stored| old(stored.deleted_at))
            .map(|stored| stored.agent.id)
            .collect();
        for id in keys {
            self.keys.remove(&id);
            self.rows.insert(format!("key/{id}"), None);
        }
        for id in agents {
            self.agents.remove(&id);
            self.rows.insert(format!("agent/{id}"), None);
        }
    }
}

fn in_order<T, K: Ord>(mut items: Vec<T>, key: impl Fn(&T) -> K) -> impl Iterator<Item = T> {
    items.sort_by_key(|item| key(item));
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
    }
}

/// A test event: the documented example, for a call that never was. The same bytes each time.
fn test_body(delivery: &Delivery, key: &IdKey) -> String {
    let call = CallId::mint(delivery.id.address(), key);
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
