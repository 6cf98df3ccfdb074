//! What an organisation's directory knows, and how it changes: agents, trunks, keys, webhook secrets, and what others must
//! still be told about them.
//!
//! A change is decided in memory, and collects the rows that must be written together. Which rows are read, and who is asked
//! and told, is up to the object; time, ids and rows come in as arguments.

mod agents;
mod audit;
mod backlog;
mod campaigns;
mod deletion;
mod erasing_files;
mod erasing_work;
mod erasures;
mod keys;
mod media;
mod numbers;
mod once;
mod orgs;
mod oversight;
mod pending;
mod permits;
mod receiver;
mod refusal;
mod seals;
mod secrets;
mod test_events;
mod trunks;
mod watch;

pub use agents::agent_row;
pub use audit::{AuditEntry, Author, audit_row};
pub use backlog::{Backlog, Backlogs, Waiting};
pub use campaigns::{CampaignCard, Run, RunsWith};
pub use deletion::{Grave, grave_row};
pub use erasing_work::{Erased, Progress, RecordingFile, Work};
pub use erasures::{Erasure, erasure_row};
pub use keys::NewKey;
pub use once::{Used, answer_row};
pub use orgs::{Deletion, OrgCard, OrgChange};
pub use oversight::{Oversight, Sweep};
pub use pending::{Pending, PendingHalt};
pub use permits::{Permit, RELIED_ON, User};
pub use receiver::Received;
pub use refusal::DirectoryRefusal;
pub use trunks::{Offer, StoredTrunk};
pub use watch::Watched;

use serde::Serialize;

use crate::domain::access::StoredKey;
use crate::domain::alerts::Notice;
use crate::domain::callback::Delivery;
use crate::domain::calling_hours::CallingHours;
use crate::domain::contacts::ContactLimit;
use crate::domain::from_json::{self, Unreadable};
use crate::domain::ids::{AgentId, CampaignId, DeliveryId, ErasureId, KeyId, TrunkId, TrunkTag};
use crate::domain::record_key::RecordKey;
use crate::domain::sorting::newest_first;
use crate::domain::time::{Span, Timestamp};
use crate::domain::to_json::to_json;
use crate::domain::vec_map::VecMap;
use agents::AgentCard;
use erasures::Erasing;
use orgs::Org;
use permits::Shorts;
use watch::Watch;

/// How long trunks are reminded of a revoked key or a deleted agent that is not guarded: far longer than any copy stays stale.
const REVOCATION_TTL: Span = Span(7 * 86_400_000);
/// When there are many of them the oldest are forgotten, but none within this time: sixty times what KV documents.
const REMEMBERED_AT_LEAST: Span = Span(3_600_000);
/// How many are remembered for the full time.
const MOST_REMEMBERED: usize = 300;

/// Of things that ended, each with its end: those nobody needs to be reminded of any more.
fn forgotten<T: Copy>(mut ended: Vec<(Timestamp, T)>, now: Timestamp) -> Vec<T> {
    newest_first(&mut ended, |(at, _)| u128::from(at.0));
    let ended = ended.into_iter().enumerate();
    let old = ended.filter(|(nth, (at, _))| {
        now >= *at + REVOCATION_TTL || *nth >= MOST_REMEMBERED && now >= *at + REMEMBERED_AT_LEAST
    });
    old.map(|(_, (_, what))| what).collect()
}

/// The most agents, trunks or keys an organisation may have.
pub const MOST: usize = 1000;

/// Which trunks must be told of a change.
enum Affects {
    /// None; only readers of copies.
    NoTrunk,
    /// The one that changed.
    Trunk(TrunkId),
    /// All that have not been deleted.
    AllTrunks,
    /// Those through which a key or an agent is used.
    TrunksOf(User),
}

/// Rows to be written together; `None` removes one.
pub type Rows = VecMap<String, Option<String>>;

/// An organisation's directory.
#[derive(Default)]
pub struct Directory {
    org: Option<Org>,
    agents: VecMap<AgentId, AgentCard>,
    /// Calling hours of agents that have some and were not deleted.
    agent_hours: VecMap<AgentId, CallingHours>,
    /// Their contact limits.
    agent_limits: VecMap<AgentId, Vec<ContactLimit>>,
    trunks: VecMap<TrunkId, StoredTrunk>,
    keys: VecMap<KeyId, StoredKey>,
    /// All campaigns, each with when it was created.
    campaigns: VecMap<CampaignId, Timestamp>,
    /// The runs in progress.
    runs: VecMap<CampaignId, Run>,
    /// Campaigns that have come to rest, each with when.
    rested: VecMap<CampaignId, Timestamp>,
    tests: VecMap<DeliveryId, Delivery>,
    received: VecMap<u64, Received>,
    oversight: Oversight,
    /// The operator's notices, by the delivery that carries each.
    notices: VecMap<DeliveryId, Notice>,
    /// Erasures in progress.
    erasing: VecMap<ErasureId, Erasing>,
    used: VecMap<String, Used>,
    permits: VecMap<(User, TrunkTag), Timestamp>,
    shorts: VecMap<User, Shorts>,
    pending: Pending,
    watch: Watch,
    rows: Rows,
}

fn json(value: &impl Serialize) -> Option<String> {
    to_json(value).ok()
}

impl Directory {
    /// Rebuilds a directory from its rows. A row that can't be read is an error, so that nothing is lost.
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

    /// Reads in one of the rows that are loaded.
    ///
    /// # Errors
    /// It can't be read.
    pub fn read_row(&mut self, name: &str, doc: &str) -> Result<(), Unreadable> {
        match name.split('/').next().unwrap_or_default() {
            "org" => self.org = Some(from_json::read(doc)?),
            "once" => self.read_used(name, doc)?,
            "permit" => self.read_permit(name, doc)?,
            "short" => self.read_short(name, doc)?,
            "owed" => self.pending = from_json::read(doc)?,
            "agent" => self.read_agent(doc)?,
            "trunk" => {
                let trunk: StoredTrunk = from_json::read(doc)?;
                self.trunks.insert(trunk.config.id, trunk);
            }
            "campaign" => self.read_campaign(doc)?,
            "erasing" => self.read_erasing(doc)?,
            "key" => {
                let key: StoredKey = from_json::read(doc)?;
                self.keys.insert(key.id, key);
            }
            "test" => {
                let delivery: Delivery = from_json::read(doc)?;
                self.tests.insert(delivery.id, delivery);
            }
            "oversight" | "alerts" | "notice" => self.read_oversight(name, doc)?,
            "received" => {
                let number = name.rsplit('/').next().and_then(|text| text.parse().ok());
                self.received
                    .insert(number.unwrap_or_default(), from_json::read(doc)?);
            }
            _ => {}
        }
        Ok(())
    }

    /// The rows that changed since the last call.
    pub fn take_rows(&mut self) -> Rows {
        std::mem::take(&mut self.rows)
    }

    fn put(&mut self, name: String, value: &impl Serialize) {
        self.rows.insert(name, json(value));
    }

    fn remove(&mut self, name: String) {
        self.rows.insert(name, None);
    }

    fn put_pending(&mut self) {
        let pending = self.pending.clone();
        self.put("owed".into(), &pending);
    }

    /// Adds a line to the audit log about something that changes nothing else.
    pub fn note(&mut self, entry: AuditEntry) {
        self.record(entry, &[], Affects::NoTrunk);
    }

    /// Records a change in the audit log, and who must be told about it.
    fn record(&mut self, entry: AuditEntry, records: &[RecordKey], affects: Affects) {
        let Some(org) = self.org.as_mut() else { return };
        org.version += 1;
        let (version, org) = (org.version, org.clone());
        self.put("org".into(), &org);
        self.put(audit_row(version), &entry);
        for key in records {
            self.pending.copy(key, version);
        }
        match affects {
            Affects::NoTrunk => {}
            Affects::Trunk(id) => self.pending.brief(id, version),
            Affects::AllTrunks => {
                let live = self.trunks.values().filter(|trunk| !trunk.deleted);
                live.for_each(|trunk| self.pending.brief(trunk.config.id, version));
            }
            Affects::TrunksOf(user) => {
                for trunk in self.trunks_of(user, entry.at) {
                    self.pending.brief(trunk, version);
                }
            }
        }
        self.put_pending();
    }

    /// Forgets what nobody needs to be reminded of any more.
    pub fn forget_old(&mut self, now: Timestamp) {
        if self.is_deleting() {
            return; // what the rows point to is emptied first
        }
        self.forget_received(now);
        self.forget_used(now, usize::MAX);
        self.forget_permits(now);
        self.forget_keys(now);
        self.date_deletions(now);
        self.forget_agents(now);
    }
}
