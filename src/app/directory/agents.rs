//! Agents, at the desk: their rows are read by key, and listed a slice at a time.

use super::port::asks;
use super::reply::reply;
use super::{AgentsAfter, Answer, Ask, Desk, DirectoryCommand, DirectoryReply};
use super::{DirectoryRefusal, DirectoryStore};
use crate::app::host::Host;
use crate::app::records::RecordKey;
use crate::app::trunk::StoreFailed;
use crate::app::views::manage::AgentDetail;
use crate::domain::agent::Agent;
use crate::domain::directory::{Directory, agent_row};
use crate::domain::ids::{AgentId, OrgId};
use crate::domain::json_text::field;
use crate::domain::to_json::to_json;

/// The size of a slice, which ends with the agent that exceeds it: a few are in memory at a time, and an agent adds at most
/// some 100 KB.
const SLICE: usize = 262_144;

/// An agent was saved.
pub enum Saved {
    /// As it was given.
    AsGiven,
    /// Under another id.
    Renamed(Box<Agent>),
}
reply!(
    Saved: saved => match saved {
        Saved::AsGiven => DirectoryReply::Done,
        Saved::Renamed(agent) => DirectoryReply::Agent(agent),
    },
    DirectoryReply::Done => Self::AsGiven,
    DirectoryReply::Agent(agent) => Self::Renamed(agent),
);

/// A slice of the agents' list.
pub struct ListAgents(pub OrgId, pub AgentsAfter);

/// The reply to it.
pub enum Slice {
    /// Agents as in lists, as JSON separated by commas; and where to continue, if there are more.
    Agents(String, Option<AgentsAfter>),
    /// All of them, as a JSON list: the reply of an object of an earlier release.
    Whole(Option<String>),
}
reply!(
    Slice: slice => match slice {
        Slice::Agents(agents, next) => DirectoryReply::Agents(agents, next),
        Slice::Whole(all) => DirectoryReply::Record(all),
    },
    DirectoryReply::Agents(agents, next) => Self::Agents(agents, next),
    DirectoryReply::Record(all) => Self::Whole(all),
);

impl From<ListAgents> for DirectoryCommand {
    fn from(ListAgents(org, slice): ListAgents) -> Self {
        Self {
            slice: Some(slice),
            ..Self::of_the_platform(Ask::Record(RecordKey::Agents(org)))
        }
    }
}

asks!(ListAgents => Slice);

/// An agent that has not been deleted, from its row.
pub(super) fn read_agent(
    directory: &Directory,
    store: &impl DirectoryStore,
    id: AgentId,
) -> Result<Option<Agent>, StoreFailed> {
    if !directory.has_agent(id) {
        return Ok(None);
    }
    let row = store.row(&agent_row(id))?.ok_or(StoreFailed)?;
    let agent = Directory::agent_of_row(&row).map_err(|_| StoreFailed)?;
    Ok(Some(agent))
}

/// A slice of the agents as in lists, in order of creation.
pub(super) fn list_agents(
    directory: &Directory,
    store: &impl DirectoryStore,
    from: &AgentsAfter,
) -> Result<(String, Option<AgentsAfter>), StoreFailed> {
    let listed = directory.listed_agents(from.after, from.inactive);
    let last = listed.last().copied();
    let mut text = String::new();
    for listed in listed {
        let row = store.row(&agent_row(listed.1))?.ok_or(StoreFailed)?;
        if !text.is_empty() {
            text.push(',');
        }
        match from.whole {
            true => text.push_str(&whole(&row).ok_or(StoreFailed)?),
            false => view(&row, &mut text).ok_or(StoreFailed)?,
        }
        if text.len() >= SLICE && Some(listed) != last {
            let next = AgentsAfter {
                after: Some(listed),
                ..*from
            };
            return Ok((text, Some(next)));
        }
    }
    Ok((text, None))
}

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    pub(super) fn agent(&self, id: AgentId) -> Answer<Agent> {
        let agent = read_agent(self.directory, self.store, id)?;
        Ok(agent.ok_or(DirectoryRefusal::Missing)?)
    }

    pub(super) fn save_agent(
        &mut self,
        agent: Box<Agent>,
        was: Option<Box<Agent>>,
    ) -> Answer<Saved> {
        let current = read_agent(self.directory, self.store, agent.id)?;
        let (was, settings, author) = (was.map(|was| *was), self.world.settings(), self.author());
        let saved = self
            .directory
            .save_agent(*agent, was, current, settings, author)?;
        Ok(match saved {
            None => Saved::AsGiven,
            Some(agent) => Saved::Renamed(Box::new(agent)),
        })
    }

    pub(super) fn delete_agent(&mut self, id: AgentId) -> Answer<()> {
        let current = read_agent(self.directory, self.store, id)?;
        Ok(self.directory.delete_agent(id, current, self.author())?)
    }

    /// A slice of the list.
    pub(super) fn list_agents(&self, from: &AgentsAfter) -> Answer<Slice> {
        let (agents, next) = list_agents(self.directory, self.store, from)?;
        Ok(Slice::Agents(agents, next))
    }
}

/// An agent's row with everything that its owner may see.
fn whole(row: &str) -> Option<String> {
    let agent = Directory::agent_of_row(row).ok()?;
    to_json(&AgentDetail::from(&agent)).ok()
}

/// An agent's row as `views::manage::AgentView` shows it, converted from text to text.
fn view(row: &str, text: &mut String) -> Option<()> {
    let agent = field(row, "agent")?;
    let mut comma = '{';
    for name in ["id", "name", "agent_code", "status"] {
        let value = field(agent, name)?;
        text.extend([&*format!("{comma}\"{name}\":"), value]);
        comma = ',';
    }
    let schema = field(agent, "input_schema")?;
    let (fields, sample) = (field(schema, "fields")?, field(schema, "sample_context"));
    let sample = sample.unwrap_or("{}");
    text.extend([
        r#","input_schema":{"fields":"#,
        fields,
        r#","sample_context":"#,
        sample,
        "}}",
    ]);
    Some(())
}
