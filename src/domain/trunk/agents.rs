//! Breakers for the agents that hold a trunk's calls: an agent that breaks off at once, call after call, gets no more
//! until a probe shows that it is back.
//!
//! Separate for each trunk: an agent is a name at the LiveKit server behind the trunk, and the same name at another server is
//! another worker. Stored in the trunk's rows, since an idle object loses its memory: otherwise three more people
//! would hear silence after each pause.

use serde::{Deserialize, Serialize};

use super::breaker::Breaker;
use super::{Step, Trunk};
use crate::domain::call::AgentVerdict;
use crate::domain::ids::{AgentId, CallId};
use crate::domain::planted::{Fault, planted};
use crate::domain::time::Timestamp;

/// The most agents whose failures are remembered.
const AGENTS_MAX: usize = 100;

/// The agents that have broken off calls lately.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AgentBreakers(Vec<(AgentId, Breaker)>);

impl AgentBreakers {
    /// Whether no failures are remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The agents whose breaker is open, each with when it will be probed or since when it is being probed.
    pub(super) fn open(&self) -> impl Iterator<Item = (AgentId, Timestamp)> {
        let all = self.0.iter();
        all.filter_map(|(agent, breaker)| Some((*agent, breaker.open_until()?)))
    }

    fn of(&self, agent: AgentId) -> Option<&Breaker> {
        let mut all = self.0.iter();
        all.find(|(known, _)| *known == agent)
            .map(|(_, breaker)| breaker)
    }

    /// The call that shows, or will show, whether this agent is back.
    pub(super) fn probe(&self, agent: AgentId) -> Option<CallId> {
        self.of(agent)?.probe()
    }

    /// The agents whose calls may not go out now, and until when. `is_open` says whether a probe is still undecided.
    pub(super) fn held_back(
        &self,
        now: Timestamp,
        mut is_open: impl FnMut(CallId) -> bool,
    ) -> Vec<(AgentId, Timestamp)> {
        let open = self
            .0
            .iter()
            .filter(|(_, breaker)| breaker.open_until().is_some());
        open.filter_map(|(agent, breaker)| {
            let is_judging = breaker.probe().is_some_and(&mut is_open);
            let is_live = is_judging || planted(Fault::AgentBreakerNeverCloses);
            let until = breaker.check(now, |_| is_live).err()?;
            Some((*agent, until))
        })
        .collect()
    }

    /// A call of this agent goes to the dialer. Returns whether it is a probe.
    pub(super) fn started(&mut self, agent: AgentId, call: CallId) -> bool {
        self.change(agent, |breaker| breaker.started(call))
    }

    /// A call of this agent was answered, and is over. Returns whether that is worth remembering.
    pub(super) fn judge(
        &mut self,
        agent: AgentId,
        call: CallId,
        verdict: AgentVerdict,
        now: Timestamp,
    ) -> bool {
        if planted(Fault::AgentBreakerNeverOpens) {
            return false;
        }
        self.change(agent, |breaker| match verdict {
            AgentVerdict::BrokeOff => breaker.failed(call, now),
            AgentVerdict::HeldOut if planted(Fault::AgentBreakerNeverCloses) => {}
            AgentVerdict::HeldOut => breaker.worked(call),
            // Not a failure, so it interrupts a row of them; but no proof that an agent is back either.
            AgentVerdict::Unclear if breaker.open_until().is_none() => breaker.worked(call),
            AgentVerdict::Unclear => {}
        })
    }

    /// It did not break off after all. Returns whether it was thought to have.
    pub(super) fn pardon(&mut self, agent: AgentId) -> bool {
        self.change(agent, |breaker| *breaker = Breaker::default())
    }

    fn change(&mut self, agent: AgentId, with: impl FnOnce(&mut Breaker)) -> bool {
        let before = self.of(agent).cloned().unwrap_or_default();
        let mut breaker = before.clone();
        with(&mut breaker);
        let changed = breaker != before;
        if changed {
            self.0.retain(|(known, _)| *known != agent);
            if breaker != Breaker::default() {
                self.0.push((agent, breaker));
            }
            let too_many = self.0.len().saturating_sub(AGENTS_MAX);
            self.0.drain(..too_many);
        }
        changed
    }
}

impl Trunk {
    /// A call that is over says something about its agent, and may revise it when the agent reports.
    pub(super) fn judge_agent(
        &mut self,
        id: CallId,
        before: Option<AgentVerdict>,
        verdict: Option<AgentVerdict>,
        step: &mut Step<'_>,
    ) {
        let agent = step.peek(id).map(|call| call.request.agent.id);
        let (Some(verdict), Some(agent), Some(brief)) = (verdict, agent, &mut self.brief) else {
            return;
        };
        step.brief |= match before {
            None => brief.agents.judge(agent, id, verdict, self.clock),
            Some(AgentVerdict::BrokeOff) if verdict != AgentVerdict::BrokeOff => {
                brief.agents.pardon(agent)
            }
            Some(_) => false,
        };
    }
}
