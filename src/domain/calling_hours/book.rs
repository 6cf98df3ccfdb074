//! All calling hours of an organisation, as its trunks know them.

use serde::{Deserialize, Serialize};

use super::CallingHours;
use crate::domain::ids::AgentId;

/// An organisation's calling hours, and its agents'.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoursBook {
    /// Those of all its calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    organisation: Option<CallingHours>,
    /// Those of agents: alike ones once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    agents: Vec<AgentsHours>,
}

/// Hours that one or more agents have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct AgentsHours {
    hours: CallingHours,
    of: Vec<AgentId>,
}

impl HoursBook {
    /// With the organisation's, if it has any.
    #[must_use]
    pub const fn of(organisation: Option<CallingHours>) -> Self {
        Self {
            organisation,
            agents: Vec::new(),
        }
    }

    /// And an agent's.
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

    /// Whether nobody has any.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.organisation.is_none() && self.agents.is_empty()
    }

    /// Those that apply to an agent's calls.
    pub fn of_calls_by(&self, agent: AgentId) -> impl Iterator<Item = &CallingHours> {
        let own = self
            .agents
            .iter()
            .filter(move |known| known.of.contains(&agent));
        let own = own.map(|known| &known.hours);
        self.organisation.iter().chain(own)
    }
}
