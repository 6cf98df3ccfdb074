//! All calling hours of an organisation, in the form its trunks receive.

use serde::{Deserialize, Serialize};

use super::CallingHours;
use crate::domain::ids::AgentId;

/// An organisation's calling hours, and its agents'.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoursBook {
    /// Those of all its calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    organisation: Option<CallingHours>,
    /// Those of its agents; identical ones are kept once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    agents: Vec<AgentsHours>,
}

/// Hours that one or more agents share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct AgentsHours {
    hours: CallingHours,
    of: Vec<AgentId>,
}

impl HoursBook {
    /// A book with the organisation's hours, if it has any.
    #[must_use]
    pub const fn of(organisation: Option<CallingHours>) -> Self {
        Self {
            organisation,
            agents: Vec::new(),
        }
    }

    /// Adds an agent's hours.
    pub fn add(&mut self, agent: AgentId, hours: &CallingHours) {
        let alike = self.agents.iter_mut().find(|known| known.hours == *hours);
        match alike {
            Some(known) => known.of.push(agent),
            None => self.agents.push(AgentsHours {
                hours: hours.clone(),
                of: vec![agent],
            }),
        }
    }

    /// Whether there are no hours at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.organisation.is_none() && self.agents.is_empty()
    }

    /// The hours that apply to an agent's calls.
    pub fn of_calls_by(&self, agent: AgentId) -> impl Iterator<Item = &CallingHours> {
        let own = self
            .agents
            .iter()
            .filter(move |known| known.of.contains(&agent));
        let own = own.map(|known| &known.hours);
        self.organisation.iter().chain(own)
    }
}
