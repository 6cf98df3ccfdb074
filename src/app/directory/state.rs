//! What a directory holds and how it changes: pure, with its rows and what is still to be told as values.

use serde::Serialize;

use super::agents::AgentCard;
use super::answered::Used;
use super::audit::audit_row;
use super::orgs::Org;
use super::permits::User;
use super::propagation::Pending;
use super::trunks::StoredTrunk;
use super::vec_map::VecMap;
use super::watch::Watch;
use super::{AuditEntry, Received};
use crate::app::json;
use crate::app::records::RecordKey;
use crate::domain::access::StoredKey;
use crate::domain::callback::Delivery;
use crate::domain::calling_hours::CallingHours;
use crate::domain::contacts::ContactLimit;
use crate::domain::ids::{AgentId, DeliveryId, KeyId, TrunkId, TrunkTag};
use crate::domain::sorting::newest_first;
use crate::domain::time::{Span, Timestamp};
use crate::domain::to_json::to_json;

/// How long trunks are reminded of a revoked key or a deleted agent that is not guarded: far longer than any copy is stale.
const REVOCATION_TTL: Span = Span(7 * 86_400_000);
/// When there are many of them, the oldest are forgotten: but none within this time, sixty times as long as KV says it takes.
const REMEMBERED_AT_LEAST: Span = Span(3_600_000);
/// So many are remembered for the whole time.
const MOST_REMEMBERED: usize = 300;

/// Of what ended, each with when: what nobody needs to be reminded of any more.
pub(super) fn forgotten<T: Copy>(mut ended: Vec<(Timestamp, T)>, now: Timestamp) -> Vec<T> {
    newest_first(&mut ended, |(at, _)| u128::from(at.0));
    let ended = ended.into_iter().enumerate();
    let old = ended.filter(|(nth, (at, _))| {
        now >= *at + REVOCATION_TTL || *nth >= MOST_REMEMBERED && now >= *at + REMEMBERED_AT_LEAST
    });
    old.map(|(_, (_, what))| what).collect()
}

/// An organisation holds at most so many agents, trunks or keys.
pub const MOST: usize = 1000;

/// Which trunks must be told of a change.
pub(super) enum Affects {
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
pub type Rows = VecMap<String, Option<String>>;

/// An organisation's directory.
#[derive(Default)]
pub struct Directory {
    pub(super) org: Option<Org>,
    pub(super) agents: VecMap<AgentId, AgentCard>,
    /// Calling hours of those agents that have some and were not deleted.
    pub(super) agent_hours: VecMap<AgentId, CallingHours>,
    /// Likewise contact limits.
    pub(super) agent_limits: VecMap<AgentId, Vec<ContactLimit>>,
    pub(super) trunks: VecMap<TrunkId, StoredTrunk>,
    pub(super) keys: VecMap<KeyId, StoredKey>,
    pub(super) tests: VecMap<DeliveryId, Delivery>,
    pub(super) received: VecMap<u64, Received>,
    pub(super) used: VecMap<String, Used>,
    pub(super) permits: VecMap<(User, TrunkTag), Timestamp>,
    pub(super) owed: Pending,
    pub(super) watch: Watch,
    rows: Rows,
}

pub(super) fn json(value: &impl Serialize) -> Option<String> {
    to_json(value).ok()
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

    pub(super) fn read_row(&mut self, name: &str, doc: &str) -> Result<(), json::Unreadable> {
        match name.split('/').next().unwrap_or_default() {
            "org" => self.org = Some(json::read(doc)?),
            "once" => self.read_used(name, doc)?,
            "permit" => self.read_permit(name, doc)?,
            "owed" => self.owed = json::read(doc)?,
            "agent" => self.read_agent(doc)?,
            "trunk" => {
                let trunk: StoredTrunk = json::read(doc)?;
                self.trunks.insert(trunk.config.id, trunk);
            }
            "key" => {
                let key: StoredKey = json::read(doc)?;
                self.keys.insert(key.id, key);
            }
            "test" => {
                let delivery: Delivery = json::read(doc)?;
                self.tests.insert(delivery.id, delivery);
            }
            "received" => {
                let number = name.rsplit('/').next().and_then(|text| text.parse().ok());
                self.received
                    .insert(number.unwrap_or_default(), json::read(doc)?);
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

    /// Notes a change in the audit log, and who must be told of it.
    pub(super) fn record(&mut self, entry: AuditEntry, records: &[RecordKey], concerns: Affects) {
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
            Affects::NoTrunk => {}
            Affects::Trunk(id) => self.owed.brief(id, version),
            Affects::AllTrunks => {
                let live = self.trunks.values().filter(|trunk| !trunk.deleted);
                live.for_each(|trunk| self.owed.brief(trunk.config.id, version));
            }
            Affects::TrunksOf(user) => {
                for trunk in self.trunks_of(user, entry.at) {
                    self.owed.brief(trunk, version);
                }
            }
        }
        self.put_owed();
    }

    /// Forgets what nobody needs to be reminded of any more.
    pub fn forget_old(&mut self, now: Timestamp) {
        self.forget_received(now);
        self.forget_used(now, usize::MAX);
        self.forget_permits(now);
        self.forget_keys(now);
        self.date_deletions(now);
        self.forget_agents(now);
    }
}
