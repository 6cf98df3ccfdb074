//! Whether an organisation suppresses or limits calls to numbers. The numbers themselves are known to other objects.

use super::agents::AgentCard;
use super::{Affects, AuditEntry, Directory};
use crate::domain::contacts::LimitsBook;
use crate::domain::ids::{AgentId, TrunkTag};
use crate::domain::planted::{Fault, planted};
use crate::domain::time::Timestamp;

impl Directory {
    /// Whether the organisation's trunks look up each number.
    #[must_use]
    pub fn asks_of_numbers(&self) -> bool {
        self.org.as_ref().is_some_and(|org| org.asks_of_numbers) || self.has_limits()
    }

    /// Whether there are contact limits.
    pub(super) fn has_limits(&self) -> bool {
        let media = self.org.as_ref().and_then(|org| org.media.as_ref());
        !self.agent_limits.is_empty() || media.is_some_and(|media| !media.contact_limits.is_empty())
    }

    /// Whether trunks must know about an agent by the time its calls may be dialed.
    pub(super) fn has_rules(&self, agent: &AgentId) -> bool {
        self.agent_hours.contains_key(agent) || self.agent_limits.contains_key(agent)
    }

    /// The contact limits that this trunk's calls need.
    pub(super) fn limits_for(&self, trunk: TrunkTag, now: Timestamp) -> LimitsBook {
        let media = self.org.as_ref().and_then(|org| org.media.as_ref());
        let has_some = |card: &AgentCard| self.agent_limits.contains_key(&card.id);
        let agents = self.agents_for(trunk, now, has_some).into_iter();
        LimitsBook {
            org: media
                .map(|media| media.contact_limits.clone())
                .unwrap_or_default(),
            agents: agents
                .filter_map(|agent| Some((agent, self.agent_limits.get(&agent)?.clone())))
                .collect(),
        }
    }

    /// Records what is done; if it `suppresses`, all trunks look up numbers from now on.
    pub fn note_numbers(&mut self, entry: AuditEntry, suppresses: bool) {
        let Some(org) = self.org.as_mut() else { return };
        let is_first = suppresses && !org.asks_of_numbers;
        org.asks_of_numbers |= suppresses;
        let affects = match is_first && !planted(Fault::AskingUntold) {
            true => Affects::AllTrunks,
            false => Affects::NoTrunk,
        };
        self.record(entry, &[], affects);
    }
}
