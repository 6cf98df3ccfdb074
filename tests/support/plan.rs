//! A campaign with only the fields that are required.

use audatec::domain::campaign::Plan;
use audatec::domain::ids::{AgentId, TrunkId};

/// "Reminders", by an agent through a trunk.
pub fn bare_plan(agent: AgentId, trunk: TrunkId) -> Plan {
    Plan {
        name: "Reminders".into(),
        agent,
        trunk,
        callback_url: None,
        completion_url: None,
        not_before: None,
        not_after: None,
        hours: None,
        redial: None,
        max_channels: None,
        max_cps: None,
    }
}
