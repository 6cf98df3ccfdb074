//! What a directory holds and how it changes: pure, with its rows and its debts as values.

use super::shelf::Shelf;

use serde::{Deserialize, Serialize};

use super::agents::AgentCard;
use super::answered::Used;
use super::owed::Owed;
use super::permits::User;
use super::{Denied, DirectoryReply, Received, StoredKey};
use crate::app::records::RecordKey;
use crate::app::trunk::Line;
use crate::domain::callback::{Delivery, DeliveryStatus, WebhookSecrets};
use crate::domain::ids::{AgentId, DeliveryId, IdKey, KeyId, OrgId, TrunkId, TrunkTag};
use crate::domain::media::Media;
use crate::domain::order::newest_first;
use crate::domain::planted::{Fault, planted};
use crate::domain::settings::Settings;
use crate::domain::time::Millis;
use crate::domain::trunk::TrunkConfig;

/// How long trunks are reminded of a revoked key or a deleted agent that is not guarded: far longer than any copy is stale.
const REMEMBERED: Millis = Millis(7 * 86_400_000);
/// When there are many of them, the oldest are forgotten: but none within this time, sixty times as long as KV says it takes.
const REMEMBERED_AT_LEAST: Millis = Millis(3_600_000);
/// So many are remembered for the whole time.
const MOST_REMEMBERED: usize = 300;

/// Of what ended, each with when: what nobody needs to be reminded of any more.
pub(super) fn forgotten<T: Copy>(mut ended: Vec<(Millis, T)>, now: Millis) -> Vec<T> {
    newest_first(&mut ended, |(at, _)| u128::from(at.0));
    let ended = ended.into_iter().enumerate();
    let old = ended.filter(|(nth, (at, _))| {
        now >= *at + REMEMBERED || *nth >= MOST_REMEMBERED && now >= *at + REMEMBERED_AT_LEAST
    });
    old.map(|(_, (_, what))| what).collect()
}
/// An organisation holds at most so many agents, trunks or keys.
pub const MOST: usize = 1000;
/// So many test deliveries are kept.
const TESTS_KEPT: usize = 1000;

/// A trunk's row. Never removed: its calls stay readable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredTrunk {
    pub config: TrunkConfig,
    /// Lists are in this order.
    #[serde(default)]
    pub created_at: Millis,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// Of a guarded trunk: whether a call through it was ever permitted. Without one it holds none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub used: bool,
}

impl StoredTrunk {
    /// Whether there may be calls.
    pub fn may_hold_calls(&self) -> bool {
        self.used || !self.config.id.is_guarded()
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
pub(super) struct Org {
    pub id: OrgId,
    name: String,
    created_at: Millis,
    pub secrets: WebhookSecrets,
    /// What it keeps of its calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
    /// Rises with each change; orders briefs and names audit entries.
    version: u64,
}

/// Which trunks must be told of a change.
pub(super) enum Concerns {
    /// Only readers of copies.
    NoTrunk,
    /// The one that changed.
    Trunk(TrunkId),
    /// All.
    AllTrunks,
    /// Those through which somebody is used: a key or an agent.
    TrunksOf(User),
}

/// Rows to write together; `None` removes one.
pub type Rows = Shelf<String, Option<String>>;

/// An organisation's directory.
#[derive(Default)]
pub struct Directory {
    pub(super) org: Option<Org>,
    pub(super) agents: Shelf<AgentId, AgentCard>,
    pub(super) trunks: Shelf<TrunkId, StoredTrunk>,
    pub(super) keys: Shelf<KeyId, StoredKey>,
    pub(super) tests: Shelf<DeliveryId, Delivery>,
    pub(super) received: Shelf<u64, Received>,
    pub(super) used: Shelf<String, Used>,
    pub(super) permits: Shelf<(User, TrunkTag), Millis>,
    pub(super) owed: Owed,
    rows: Rows,
}

pub(super) fn json(value: &impl Serialize) -> Option<String> {
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

    pub(super) fn read_row(
        &mut self,
        name: &str,
        doc: &str,
    ) -> Result<(), crate::app::json::Unreadable> {
        match name.split('/').next().unwrap_or_default() {
            "org" => self.org = Some(crate::app::json::read(doc)?),
            "once" => self.read_used(name, doc)?,
            "permit" => self.read_permit(name, doc)?,
            "owed" => self.owed = crate::app::json::read(doc)?,
            "agent" => self.read_agent(doc)?,
            "trunk" => {
                let trunk: StoredTrunk = crate::app::json::read(doc)?;
                self.trunks.insert(trunk.config.id, trunk);
            }
            "key" => {
                let key: StoredKey = crate::app::json::read(doc)?;
                self.keys.insert(key.id, key);
            }
            "test" => {
                let delivery: Delivery = crate::app::json::read(doc)?;
                self.tests.insert(delivery.id, delivery);
            }
            "received" => {
                let number = name.rsplit('/').next().and_then(|text| text.parse().ok());
                self.received
                    .insert(number.unwrap_or_default(), crate::app::json::read(doc)?);
            }
            _ => {}
        }
        Ok(())
    }

    /// The rows that changed since this was asked last.
    pub fn take_rows(&mut self) -> Rows {
        std::mem::take(&mut self.rows)
    }

    pub(super) fn put(&mut self, name: String, value: &impl Serialize) {
        self.rows.insert(name, json(value));
    }

    pub(super) fn remove(&mut self, name: String) {
        self.rows.insert(name, None);
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

    /// When the organisation was founded, if it is.
    pub(super) fn founded_at(&self) -> Option<Millis> {
        self.org.as_ref().map(|org| org.created_at)
    }

    /// What the organisation is called.
    #[must_use]
    pub fn org_name(&self) -> Option<&str> {
        self.org.as_ref().map(|org| org.name.as_str())
    }

    /// How many changes there were.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.org.as_ref().map_or(0, |org| org.version)
    }

    /// Notes a change in the audit log, and who must be told of it.
    pub(super) fn record(&mut self, entry: AuditEntry, records: &[RecordKey], concerns: Concerns) {
        let Some(org) = self.org.as_mut() else { return };
        org.version += 1;
        let (version, org) = (org.version, org.clone());
        self.put("org".into(), &org);
        self.put(audit_row(version), &entry);
        for key in records {
            self.owed.records.retain(|(owed, _)| owed != key);
            self.owed.records.push((key.clone(), version));
        }
        match concerns {
            Concerns::NoTrunk => {}
            Concerns::Trunk(id) => self.owed.brief(id, version),
            Concerns::AllTrunks => {
                let live = self.trunks.values().filter(|trunk| !trunk.deleted);
                live.for_each(|trunk| self.owed.brief(trunk.config.id, version));
            }
            Concerns::TrunksOf(user) => {
                for trunk in self.trunks_of(user, entry.at) {
                    self.owed.brief(trunk, version);
                }
            }
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
                media: None,
                version: 0,
            });
            self.record(entry, &[RecordKey::Trunks(org)], Concerns::NoTrunk);
        }
    }

    /// A trunk that was not deleted.
    #[must_use]
    pub fn trunk(&self, id: TrunkId) -> Option<&TrunkConfig> {
        self.trunks
            .get(&id)
            .filter(|stored| !stored.deleted)
            .map(|stored| &stored.config)
    }

    /// The trunks that must be told of a change of a key or an agent: those that are known to it, and those through which
    /// it may be used just now.
    fn trunks_of(&self, user: User, now: Millis) -> Vec<TrunkId> {
        let is_told = |id: &TrunkId| {
            let permitted = self.is_permitted(user, id.tag(), now);
            !user.is_guarded() && !id.is_guarded() || permitted && !planted(Fault::PermittedUntold)
        };
        let live = self.trunks.values().filter(|trunk| !trunk.deleted);
        live.map(|trunk| trunk.config.id).filter(is_told).collect()
    }

    /// The id of a new trunk: guarded when there are many.
    pub(super) fn guarded_trunk(&self, id: TrunkId, settings: &Settings) -> TrunkId {
        let live = self.trunks.values().filter(|trunk| !trunk.deleted);
        let known = live.filter(|trunk| !trunk.config.id.is_guarded()).count();
        id.guarded(known >= settings.unguarded)
    }

    /// Notes that a call through a trunk was permitted.
    pub(super) fn mark_used(&mut self, id: TrunkId) {
        if let Some(stored) = self.trunks.get_mut(&id)
            && !stored.may_hold_calls()
        {
            stored.used = true;
            let stored = stored.clone();
            self.put(format!("trunk/{id}"), &stored);
        }
    }

    /// All trunks that ever held calls.
    #[must_use]
    pub fn tags(&self) -> Vec<TrunkTag> {
        self.trunks
            .values()
            .filter(|stored| stored.may_hold_calls())
            .map(|stored| stored.config.id.tag())
            .collect()
    }

    /// How many trunks there are.
    #[must_use]
    pub fn trunk_count(&self) -> usize {
        self.trunks
            .values()
            .filter(|stored| !stored.deleted)
            .count()
    }

    /// Adds a trunk whose object knows of it already; not beyond the limit.
    pub(super) fn add_trunk(&mut self, config: TrunkConfig, entry: AuditEntry) -> DirectoryReply {
        if self.trunk_count() >= MOST {
            return DirectoryReply::Refused(Denied::TooMany);
        }
        let reply = DirectoryReply::Trunk(Box::new(config.clone()));
        let stored = StoredTrunk {
            config,
            created_at: entry.at,
            deleted: false,
            used: false,
        };
        // Briefed once more: what changed while its object was asked is in this one.
        self.keep_trunk(stored, entry);
        reply
    }

    /// Replaces a trunk.
    pub(super) fn save_trunk(&mut self, config: TrunkConfig, entry: AuditEntry) {
        if let Some(stored) = self.trunks.get(&config.id).cloned() {
            self.keep_trunk(StoredTrunk { config, ..stored }, entry);
        }
    }

    /// Deletes a trunk; its row stays.
    pub(super) fn delete_trunk(&mut self, id: TrunkId, entry: AuditEntry) {
        if let Some(stored) = self
            .trunks
            .get(&id)
            .filter(|stored| !stored.deleted)
            .cloned()
        {
            self.keep_trunk(
                StoredTrunk {
                    deleted: true,
                    ..stored
                },
                entry,
            );
        }
    }

    fn keep_trunk(&mut self, stored: StoredTrunk, entry: AuditEntry) {
        let Some(org) = self.org_id() else { return };
        let id = stored.config.id;
        self.put(format!("trunk/{id}"), &stored);
        let now = Line::of(&stored.config);
        let before = self.trunks.insert(id, stored);
        let before = before.and_then(|stored| Line::of(&stored.config));
        let mut records = vec![RecordKey::Trunk(org, id), RecordKey::Trunks(org)];
        for line in now.into_iter().chain(before) {
            let carrier = RecordKey::carrier(&line.api_key);
            if !records.contains(&carrier) {
                records.push(carrier);
            }
        }
        self.record(entry, &records, Concerns::Trunk(id));
    }

    /// Owes a trunk that was not deleted its brief, as it is. Returns whether there is one.
    pub(super) fn owe_brief(&mut self, id: TrunkId) -> bool {
        let exists = self.trunk(id).is_some();
        if exists {
            let version = self.version();
            self.owed.brief(id, version);
            self.put_owed();
        }
        exists
    }

    /// The webhook secrets.
    #[must_use]
    pub fn secrets(&self) -> Option<&WebhookSecrets> {
        self.org.as_ref().map(|org| &org.secrets)
    }

    /// Replaces the webhook secrets. Trunks sign by them, so all of them are told; a copy from earlier days goes.
    pub fn set_secrets(&mut self, secrets: WebhookSecrets, entry: AuditEntry) {
        if let Some(org) = self.org.as_mut() {
            org.secrets = secrets;
            let record = RecordKey::WebhookSecrets(org.id);
            let concerns = match planted(Fault::RotationUntold) {
                true => Concerns::NoTrunk,
                false => Concerns::AllTrunks,
            };
            self.record(entry, &[record], concerns);
        }
    }

    /// Owes a trunk its brief, if it is one that does not know the secrets and could.
    pub(super) fn owe_secrets(&mut self, tag: TrunkTag) {
        let ids: Vec<TrunkId> = self
            .trunks
            .values()
            .map(|stored| stored.config.id)
            .collect();
        for id in ids.into_iter().filter(|id| id.tag() == tag) {
            self.owe_brief(id);
        }
    }

    /// What the organisation keeps of its calls.
    #[must_use]
    pub fn media(&self) -> Media {
        let media = self.org.as_ref().and_then(|org| org.media.clone());
        media.unwrap_or_default()
    }

    /// Changes what the organisation keeps of its calls.
    pub fn set_media(&mut self, media: Media, entry: AuditEntry) {
        if let Some(org) = self.org.as_mut() {
            org.media = Some(media);
            let record = RecordKey::Media(org.id);
            self.record(entry, &[record], Concerns::AllTrunks);
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

    /// Whether one more test delivery can be kept: those under way are never dropped.
    pub(super) fn has_room_for_a_test(&self) -> bool {
        self.tests.len() < TESTS_KEPT || self.oldest_finished_test().is_some()
    }

    fn oldest_finished_test(&self) -> Option<DeliveryId> {
        let finished = |test: &&Delivery| test.status != DeliveryStatus::Pending;
        self.tests.values().find(finished).map(|test| test.id)
    }

    /// Keeps a test delivery; beyond a number of them, the oldest that is finished goes.
    pub fn keep_test(&mut self, delivery: Delivery) {
        let is_new = !self.tests.contains_key(&delivery.id);
        if is_new
            && self.tests.len() >= TESTS_KEPT
            && let Some(oldest) = self.oldest_finished_test()
        {
            self.tests.remove(&oldest);
            self.remove(format!("test/{oldest}"));
        }
        self.put(format!("test/{}", delivery.id), &delivery);
        self.tests.insert(delivery.id, delivery);
    }

    /// Changes a test delivery in place, without a row: leases are not stored.
    pub fn test_mut(&mut self, id: DeliveryId) -> Option<&mut Delivery> {
        self.tests.get_mut(&id)
    }

    /// Test deliveries, newest first.
    pub fn tests_newest_first(&self) -> impl Iterator<Item = &Delivery> {
        self.tests.values().rev()
    }

    /// When a test delivery is due.
    #[must_use]
    pub fn next_callback(&self) -> Option<Millis> {
        self.tests.values().filter_map(Delivery::due).min()
    }

    /// Forgets what nobody needs to be reminded of any more.
    pub fn forget_old(&mut self, now: Millis) {
        self.forget_received(now);
        self.forget_used(now, usize::MAX);
        self.forget_permits(now);
        self.forget_keys(now);
        self.forget_agents(now);
    }
}
