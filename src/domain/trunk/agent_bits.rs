//! The bits of an agent's id that entries keep.

use crate::domain::ids::AgentId;

/// The bits of an agent's id that tell it from others: the first, except for guarded agents, whose ids all begin alike.
pub(super) fn agent_bits(agent: AgentId) -> u32 {
    match agent.is_guarded() {
        true => agent.number() as u32,
        false => (agent.number() >> 96) as u32,
    }
}

/// Whether these bits are those of an agent. Rows of earlier releases keep the first bits of guarded agents too.
pub(super) fn is_of(agent: AgentId, bits: u32) -> bool {
    bits == agent_bits(agent) || bits == u32::MAX && agent.is_guarded()
}
