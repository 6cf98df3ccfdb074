//! What others must still be told: a transactional outbox, kept in the rows.

use serde::{Deserialize, Serialize};

use super::{Directory, DirectoryRefusal};
use crate::domain::ids::{AgentId, CampaignId, KeyId, TrunkId};
use crate::domain::planted::{Fault, planted};
use crate::domain::record_key::RecordKey;

/// What others must still be told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Copies to write, each with the version that made it stale.
    pub records: Vec<(RecordKey, u64)>,
    /// Trunks still to be briefed.
    pub briefs: Vec<(TrunkId, u64)>,
    /// Campaigns still to be paused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<PendingHalt>,
}

/// A campaign to be paused because the key that started it was revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingHalt {
    /// The campaign to be told.
    pub campaign: CampaignId,
    /// Runs started after this version belong to another key.
    pub version: u64,
    /// Who revoked the key.
    pub by: Option<KeyId>,
    /// The request that revoked it.
    pub request: String,
}

impl Pending {
    /// Whether nobody is left to be told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.briefs.is_empty() && self.pauses.is_empty()
    }

    pub(super) fn brief(&mut self, trunk: TrunkId, version: u64) {
        self.briefs.retain(|(known, _)| *known != trunk);
        self.briefs.push((trunk, version));
    }

    pub(super) fn pause(&mut self, pause: PendingHalt) {
        self.pauses.retain(|known| known.campaign != pause.campaign);
        self.pauses.push(pause);
    }

    pub(super) fn copy(&mut self, key: &RecordKey, version: u64) {
        self.records.retain(|(known, _)| known != key);
        self.records.push((key.clone(), version));
    }

    /// The part that arose since this version.
    #[must_use]
    pub fn since(mut self, version: u64) -> Self {
        self.records.retain(|(_, at)| *at > version);
        self.briefs.retain(|(_, at)| *at > version);
        self.pauses.retain(|pause| pause.version > version);
        self
    }
}

impl Directory {
    /// What others must still be told.
    #[must_use]
    pub fn pending(&self) -> &Pending {
        &self.pending
    }

    /// Whether a trunk must be told about an agent before it is asked for a call: the agent has rules the trunk may not know.
    #[must_use]
    pub fn must_be_told_of(&self, agent: Option<&AgentId>) -> bool {
        agent.is_some_and(|agent| self.has_rules(agent))
    }

    /// Removes what was told, unless it has changed meanwhile.
    pub fn acknowledge(
        &mut self,
        told: &[(TrunkId, Option<u64>)],
        written: &[(&RecordKey, Option<u64>)],
    ) {
        let before = self.pending.clone();
        self.pending.briefs.retain(|(pending, at)| {
            !told
                .iter()
                .any(|(id, version)| id == pending && *version >= Some(*at))
        });
        // Whoever could not be told comes after all others.
        let was_tried = |(pending, _): &(TrunkId, u64)| told.iter().any(|(id, _)| id == pending);
        let (tried, mut briefs): (Vec<_>, Vec<_>) =
            self.pending.briefs.drain(..).partition(was_tried);
        briefs.extend(tried);
        self.pending.briefs = briefs;
        self.pending.records.retain(|(pending, at)| {
            !written
                .iter()
                .any(|(key, version)| *key == pending && *version >= Some(*at))
        });
        if planted(Fault::DebtForgotten) {
            self.pending = Pending::default();
        }
        if self.pending != before {
            self.put_pending();
        }
    }

    /// Forgets which trunks are still to be briefed: a planted fault.
    pub fn drop_briefs(&mut self) {
        self.pending.briefs.clear();
        self.put_pending();
    }

    /// Answers a restriction that is asked for again: done already, unless somebody has yet to be told.
    pub(super) fn repeated(&self, was_done: bool) -> Result<(), DirectoryRefusal> {
        let is_left = !self.pending.briefs.is_empty() || !self.pending.pauses.is_empty();
        match was_done && is_left {
            true => Ok(()),
            false => Err(DirectoryRefusal::Missing),
        }
    }
}
