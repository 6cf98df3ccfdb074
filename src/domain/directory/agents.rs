//! Agents. The row is the agent; memory holds only a card of each.

use serde::{Deserialize, Serialize};

use super::permits::User;
use super::{
    Affects, AuditEntry, Author, Directory, DirectoryRefusal, MOST, RunsWith, forgotten, json,
};
use crate::domain::agent::{Agent, Status};
use crate::domain::calling_hours::{CallingHours, HoursBook};
use crate::domain::contacts::ContactLimit;
use crate::domain::from_json::{self, Unreadable};
use crate::domain::ids::{AgentId, TrunkTag};
use crate::domain::record_key::RecordKey;
use crate::domain::settings::Settings;
use crate::domain::sorting::oldest_first;
use crate::domain::time::Timestamp;

/// The most bytes of JSON that all agents' calling hours may take together, in the form trunks receive.
const MOST_HOURS: usize = 1_000_000;

/// An agent's row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct StoredAgent {
    agent: Agent,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Timestamp>,
}

/// The parts of an agent that decisions need, and the order of lists.
#[derive(Clone, Copy, Debug)]
pub(super) struct AgentCard {
    pub(super) id: AgentId,
    status: Status,
    created_at: Timestamp,
    deleted_at: Option<Timestamp>,
}

/// The part of an agent's row that is kept in memory.
#[derive(Deserialize)]
struct CardRow {
    agent: CardFields,
    #[serde(default)]
    deleted_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct CardFields {
    id: AgentId,
    status: Status,
    created_at: Timestamp,
    #[serde(default)]
    calling_hours: Option<CallingHours>,
    #[serde(default)]
    contact_limits: Vec<ContactLimit>,
}

/// The name of an agent's row.
#[must_use]
pub fn agent_row(id: AgentId) -> String {
    format!("agent/{id}")
}

impl AgentCard {
    fn is_active(&self) -> bool {
        self.deleted_at.is_none() && self.status == Status::Active
    }
}

impl Directory {
    pub(super) fn read_agent(&mut self, doc: &str) -> Result<(), Unreadable> {
        let CardRow { agent, deleted_at } = from_json::read(doc)?;
        let card = AgentCard {
            id: agent.id,
            status: agent.status,
            created_at: agent.created_at,
            deleted_at,
        };
        self.keep_card(card, agent.calling_hours, agent.contact_limits);
        Ok(())
    }

    fn keep_card(
        &mut self,
        card: AgentCard,
        hours: Option<CallingHours>,
        limits: Vec<ContactLimit>,
    ) {
        self.agents.insert(card.id, card);
        match card.deleted_at.is_some() || limits.is_empty() {
            true => drop(self.agent_limits.remove(&card.id)),
            false => drop(self.agent_limits.insert(card.id, limits)),
        }
        match hours.filter(|_| card.deleted_at.is_none()) {
            Some(hours) => drop(self.agent_hours.insert(card.id, hours)),
            None => drop(self.agent_hours.remove(&card.id)),
        }
    }

    /// Whether its calls may have to wait for an opening or because of their number.
    pub(super) fn has_hours(&self) -> bool {
        let media = self.org.as_ref().and_then(|org| org.media.as_ref());
        !self.agent_hours.is_empty()
            || media.is_some_and(|media| media.calling_hours.is_some())
            || self.has_limits()
    }

    /// Whether the trunks can be told an agent's hours on top of all others': identical ones are sent once.
    fn has_room_for(&self, agent: &Agent) -> bool {
        let Some(hours) = &agent.calling_hours else {
            return true;
        };
        if self.agent_hours.get(&agent.id) == Some(hours) {
            return true;
        }
        let others = self.agent_hours.iter().filter(|(id, _)| **id != agent.id);
        let mut book = HoursBook::default();
        for (id, hours) in others {
            book.add(*id, hours);
        }
        book.add(agent.id, hours);
        json(&book).is_some_and(|told| told.len() <= MOST_HOURS)
    }

    /// The calling hours that this trunk's calls need.
    pub(super) fn hours_for(&self, trunk: TrunkTag, now: Timestamp) -> HoursBook {
        let media = self.org.as_ref().and_then(|org| org.media.as_ref());
        let mut book = HoursBook::of(media.and_then(|media| media.calling_hours.clone()));
        for agent in self.agents_for(trunk, now, |card| self.agent_hours.contains_key(&card.id)) {
            if let Some(hours) = self.agent_hours.get(&agent) {
                book.add(agent, hours);
            }
        }
        book
    }

    fn agent_card(&self, id: AgentId) -> Option<&AgentCard> {
        self.agents
            .get(&id)
            .filter(|card| card.deleted_at.is_none())
    }

    /// Whether the agent exists and was not deleted.
    #[must_use]
    pub fn has_agent(&self, id: AgentId) -> bool {
        self.agent_card(id).is_some()
    }

    /// Reads an agent from its row.
    ///
    /// # Errors
    /// The row can't be read.
    pub fn agent_of_row(row: &str) -> Result<Agent, Unreadable> {
        from_json::read(row).map(|StoredAgent { agent, .. }| agent)
    }

    /// How many agents there are.
    #[must_use]
    pub fn agent_count(&self) -> usize {
        let cards = self.agents.values();
        cards.filter(|card| card.deleted_at.is_none()).count()
    }

    /// Whether an agent takes calls; `None` if it does not exist.
    pub(super) fn is_active(&self, id: AgentId) -> Option<bool> {
        self.agent_card(id).map(AgentCard::is_active)
    }

    /// Agents that no call may use, but that a stale copy might still vouch for at this trunk.
    pub(super) fn inactive_for(&self, trunk: TrunkTag, now: Timestamp) -> Vec<AgentId> {
        self.agents_for(trunk, now, |card| !card.is_active())
    }

    /// Those of them that were deleted.
    pub(super) fn deleted_for(&self, trunk: TrunkTag, now: Timestamp) -> Vec<AgentId> {
        self.agents_for(trunk, now, |card| card.deleted_at.is_some())
    }

    pub(super) fn agents_for(
        &self,
        trunk: TrunkTag,
        now: Timestamp,
        are: impl Fn(&AgentCard) -> bool,
    ) -> Vec<AgentId> {
        let cards = self.agents.values().filter(|card| are(card));
        let may_come =
            |id: &AgentId| !id.is_guarded() || self.is_permitted(User::Agent(*id), trunk, now);
        cards.map(|card| card.id).filter(may_come).collect()
    }

    fn guarded_agent(&self, id: AgentId, settings: &Settings) -> AgentId {
        let known = self.agents.values().filter(|card| !card.id.is_guarded());
        id.guarded(known.count() >= settings.unguarded)
    }

    fn keep_agent(
        &mut self,
        agent: Agent,
        deleted_at: Option<Timestamp>,
        entry: AuditEntry,
        status_changed: bool,
    ) {
        let Some(org) = self.org_id() else { return };
        let limits = self.agent_limits.get(&agent.id);
        let rules_changed = deleted_at.is_none()
            && (self.agent_hours.get(&agent.id) != agent.calling_hours.as_ref()
                || limits.map_or(&[][..], |limits| limits) != agent.contact_limits);
        let affects = match (rules_changed, status_changed) {
            (true, _) => Affects::AllTrunks,
            (false, true) => Affects::TrunksOf(User::Agent(agent.id)),
            (false, false) => Affects::NoTrunk,
        };
        let card = AgentCard {
            id: agent.id,
            status: agent.status,
            created_at: agent.created_at,
            deleted_at,
        };
        let (hours, limits) = (agent.calling_hours.clone(), agent.contact_limits.clone());
        if (hours.is_some() || !limits.is_empty()) && !self.has_hours() {
            self.lengthen_permits(entry.at);
        }
        self.put(agent_row(card.id), &StoredAgent { agent, deleted_at });
        self.keep_card(card, hours, limits);
        self.record(entry, &[RecordKey::Agent(org, card.id)], affects);
    }

    /// Forgets deleted agents that nobody can use any more.
    pub(super) fn forget_agents(&mut self, now: Timestamp) {
        let deleted = |card: &AgentCard| Some((card.deleted_at?, card.id));
        let deleted: Vec<_> = self.agents.values().filter_map(deleted).collect();
        let (guarded, known): (Vec<_>, Vec<_>) =
            deleted.into_iter().partition(|(_, id)| id.is_guarded());
        let unused = guarded.into_iter().map(|(_, id)| id);
        let unused = unused.filter(|id| !self.is_used(User::Agent(*id), now));
        let gone: Vec<AgentId> = unused.chain(forgotten(known, now)).collect();
        for id in gone {
            self.agents.remove(&id);
            self.remove(agent_row(id));
        }
    }

    /// Agents in the order of lists, oldest first, each with the moment it was created, from after this position on.
    #[must_use]
    pub fn listed_agents(
        &self,
        after: Option<(Timestamp, AgentId)>,
        with_inactive: bool,
    ) -> Vec<(Timestamp, AgentId)> {
        let cards = self.agents.values();
        let listed = |card: &&AgentCard| {
            card.deleted_at.is_none() && (with_inactive || card.status == Status::Active)
        };
        let mut cards: Vec<AgentCard> = cards.filter(listed).copied().collect();
        oldest_first(&mut cards, |card| card.id.born(card.created_at));
        let before = after.map(|(at, id)| id.born(at));
        cards.retain(|card| before.is_none_or(|before| card.id.born(card.created_at) > before));
        let cards = cards.into_iter();
        cards.map(|card| (card.created_at, card.id)).collect()
    }

    /// Creates an agent, or replaces `was` with it; `current` is its row. Returns the agent if it was given another id.
    ///
    /// # Errors
    /// There are too many agents; it was deleted; it changed since the change was composed.
    pub fn save_agent(
        &mut self,
        mut agent: Agent,
        was: Option<Agent>,
        current: Option<Agent>,
        settings: &Settings,
        author: Author<'_>,
    ) -> Result<Option<Agent>, DirectoryRefusal> {
        let given = agent.id;
        let action = match (&current, was) {
            (None, None) if self.agent_count() >= MOST => return Err(DirectoryRefusal::TooMany),
            (None, None) => {
                agent.id = self.guarded_agent(given, settings);
                "agent.create"
            }
            (None, Some(_)) => return Err(DirectoryRefusal::Missing),
            (Some(current), Some(was)) if *current == was => "agent.update",
            (Some(_), _) => return Err(DirectoryRefusal::Changed),
        };
        if !self.has_room_for(&agent) {
            return Err(DirectoryRefusal::TooManyHours);
        }
        let entry = author.entry(action, agent.id);
        let changes = current.is_some_and(|current| current.status != agent.status);
        let renamed = (agent.id != given).then(|| agent.clone());
        self.keep_agent(agent, None, entry, changes);
        Ok(renamed)
    }

    /// Deletes an agent; `current` is its row.
    ///
    /// # Errors
    /// There is no such agent; running campaigns use it.
    pub fn delete_agent(
        &mut self,
        id: AgentId,
        current: Option<Agent>,
        author: Author<'_>,
    ) -> Result<(), DirectoryRefusal> {
        let Some(agent) = current else {
            return self.repeated(self.agents.contains_key(&id));
        };
        self.check_at_rest(RunsWith::Agent(id))?;
        let entry = author.entry("agent.delete", id);
        self.keep_agent(agent, Some(author.at), entry, true);
        Ok(())
    }
}
