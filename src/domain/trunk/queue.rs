//! The queue of calls that wait for capacity, and what lets one of them go.

use super::{Brief, Effect, Step, Trunk, agent_bits, index};
use crate::domain::call::{AgentVerdict, CallEffect, DISPATCH_AGAIN, FailureCode, Phase};
use crate::domain::ids::{AgentId, CallId};
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};

impl Trunk {
    /// How many calls wait for capacity.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Moves the queue: as many calls leave it, first come first served, as there is capacity for.
    ///
    /// An inactive trunk holds its queue; a call whose key was revoked or whose agent was deactivated
    /// meanwhile leaves it undialed.
    pub(super) fn dequeue(&mut self, now: Timestamp, step: &mut Step<'_>) {
        if !self.brief.as_ref().is_some_and(Brief::is_active) {
            return;
        }
        let (max_channels, max_cps) = self.limits();
        loop {
            if self.live.len() >= max_channels as usize {
                self.timetable.lacks(FailureCode::ChannelsExhausted);
                break;
            }
            let Some(first) = self.next_in_queue(now, step) else {
                break;
            };
            let Some(call) = self.open_call(first, step) else {
                self.forget(first);
                continue;
            };
            let until = call.queued_until;
            let agent = call.request.agent.id;
            let was_scheduled = call.slot().is_some();
            let request = &call.request;
            let allowed = self.may_call(request).is_ok();
            if !allowed {
                self.cancel(first, now, step);
                continue;
            }
            let wait_expired = until.is_some_and(|until| until <= now);
            if wait_expired && !planted(Fault::ImpatientDialed) {
                // Capacity came too late, or the object slept: its wait is over.
                self.advance(first, now, step);
                continue;
            }
            if step.may_take == 0 && self.has_hours() {
                // Enough calls were put off in this step that the others get their turn first.
                self.dispatch_again(first, now + Span(1));
                break;
            }
            if self.put_off_if_closed(first, now, step) {
                step.may_take = step.may_take.saturating_sub(1);
                continue;
            }
            if let Err(at) = self.may_dial(was_scheduled, max_cps, now) {
                self.timetable.lacks(FailureCode::RateExceeded);
                self.dispatch_again(first, at);
                step.let_go_of(first);
                break;
            }
            if let Some(call) = self.open_call(first, step) {
                call.dequeue(now);
            }
            self.index(first, step);
            self.started(first, agent, now, step);
            if !was_scheduled {
                self.accepted.push(now);
            }
            self.paced.push(now);
            self.advance(first, now, step);
            step.let_go_of(first);
        }
        self.hold_back(now, step);
    }

    /// Whether the dialer works and the trunk's rate lets a call go now; if not, when to look again.
    fn may_dial(&self, was_scheduled: bool, max_cps: u32, now: Timestamp) -> Result<(), Timestamp> {
        self.breaker.check(now, |id| self.is_live(id))?;
        let pace = match was_scheduled {
            true => &self.paced,
            false => &self.accepted,
        };
        match pace.room(now, max_cps) > 0 {
            true => Ok(()),
            false => Err(pace.next_free(now, max_cps)),
        }
    }

    /// A queued call from the schedule has waited as long as it may.
    pub(super) fn misses(&self, id: CallId, now: Timestamp, step: &mut Step<'_>) -> bool {
        let Some(call) = step.peek(id) else {
            return false;
        };
        let waited = matches!(call.phase(), Phase::Queued { until } if until <= now);
        if !waited || call.slot().is_none() {
            return false;
        }
        let why = self.why_undialed(call.request.agent.id, now, step);
        if let Some(held) = step.held(id) {
            held.call.miss(why, now, &self.key);
        }
        true
    }

    /// Brings a call up to `now` that may be on the schedule: it may have to end there.
    pub fn refresh_scheduled(&mut self, id: CallId, now: Timestamp, step: &mut Step<'_>) {
        let known = self.take(id, step).map(|held| &held.call);
        if known.is_some_and(|call| call.is_scheduled()) {
            self.end_on_schedule(id, now, step);
        }
    }

    /// Cancels a call on the schedule.
    pub(super) fn cancel_scheduled(
        &mut self,
        id: CallId,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> bool {
        let key = self.key.clone();
        self.change_undialed(id, now, step, |call| call.cancel(now, &key))
    }

    /// The number of a call on the schedule is suppressed.
    pub(super) fn suppress_scheduled(&mut self, id: CallId, now: Timestamp, step: &mut Step<'_>) {
        let key = self.key.clone();
        self.change_undialed(id, now, step, |call| call.suppress(now, &key));
    }

    /// The first in the queue that its agent's breaker lets go: calls of an agent that breaks off keep their place, and the
    /// queue passes them.
    pub(super) fn next_in_queue(&self, now: Timestamp, step: &mut Step<'_>) -> Option<CallId> {
        if planted(Fault::LineOvertaken) {
            return self.queue.last().and_then(|(_, row)| self.at_row(row));
        }
        let held_back = self.held_back(now, step);
        let goes = |id: &CallId| held_back_until(&held_back, self.agent_of(*id)).is_none();
        let mut waiting = self.queue.rows().filter_map(|row| self.at_row(row));
        waiting.find(goes)
    }

    /// Queued calls that are passed are due again when their agents may be called.
    fn hold_back(&mut self, now: Timestamp, step: &mut Step<'_>) {
        if self.queue.is_empty() {
            return;
        }
        let held_back = self.held_back(now, step);
        if held_back.is_empty() {
            return;
        }
        let rows = self.queue.rows();
        let waiting: Vec<CallId> = rows.filter_map(|row| self.at_row(row)).collect();
        for id in waiting {
            let Some(until) = held_back_until(&held_back, self.agent_of(id)) else {
                continue;
            };
            let again = until.max(now + DISPATCH_AGAIN);
            let entry = self.open.get(&id);
            let known = entry.map(|entry| entry.dispatch_at(id.address().at));
            if known.is_some_and(|known| known <= now || known > again) {
                self.dispatch_again(id, again);
            }
        }
    }

    /// Postpones the next look at an unclaimed call.
    pub(super) fn dispatch_again(&mut self, id: CallId, at: Timestamp) {
        if let Some(entry) = self.open.get(&id).copied() {
            let mut put_off = entry;
            put_off.dispatch_again(at, id.address().at);
            self.set(id, entry, put_off);
        }
    }

    /// Sends a call to the dialers again, if that is all that is due: its entry says so, and no row is read.
    pub(super) fn goes_out_again(
        &mut self,
        id: CallId,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> bool {
        let entry = self.open.get(&id);
        let is_all = entry.is_some_and(|entry| entry.is_only_unclaimed(id.address().at, now));
        // Only its row knows of a place among its number's dials that it owes.
        let is_plain = is_all && step.peek(id).is_none() && !self.asks_of_numbers();
        if is_plain {
            self.dispatch_again(id, now + DISPATCH_AGAIN);
            if !planted(Fault::LostIntent) {
                step.effects.push(Effect {
                    call: id,
                    what: CallEffect::Dispatch,
                });
            }
        }
        is_plain
    }

    fn agent_of(&self, id: CallId) -> u32 {
        self.open.get(&id).map_or(0, index::Entry::agent)
    }

    /// The agents whose calls may not go now, and until when.
    fn held_back(&self, now: Timestamp, step: &mut Step<'_>) -> Vec<(AgentId, Timestamp)> {
        let Some(Brief { agents, .. }) = &self.brief else {
            return Vec::new();
        };
        agents.held_back(now, |probe| {
            let is_judging = |call: &mut crate::domain::call::Call| {
                !call.status.is_terminal() && !call.is_scheduled() && !call.agent_holds_out(now)
            };
            self.open_call(probe, step).is_some_and(is_judging)
        })
    }

    /// When the dialer takes a call of this agent, now or later; and whether a delay is the agent's fault.
    pub(super) fn dialer_takes(
        &self,
        agent: AgentId,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> Result<(), (Timestamp, bool)> {
        let dialer = self.breaker.check(now, |id| self.is_live(id));
        dialer.map_err(|until| (until, false))?;
        let held_back = self.held_back(now, step).into_iter();
        let until = held_back.into_iter().find(|(known, _)| *known == agent);
        until.map_or(Ok(()), |(_, until)| Err((until, true)))
    }

    /// A call goes to the dialer: if the breaker of that or of its agent was open, it is the probe.
    pub(super) fn started(
        &mut self,
        id: CallId,
        agent: AgentId,
        now: Timestamp,
        step: &mut Step<'_>,
    ) {
        self.breaker.started(id);
        let proof = self.proof(agent, now, step);
        if let Some(brief) = &mut self.brief {
            let back = proof
                .is_some_and(|probe| brief.agents.judge(agent, probe, AgentVerdict::HeldOut, now));
            step.brief |= brief.agents.started(agent, id) || back;
        }
    }

    /// The probe that proves by its length that this agent is back; the breaker learns of it from the next call that starts.
    fn proof(&self, agent: AgentId, now: Timestamp, step: &mut Step<'_>) -> Option<CallId> {
        let probe = self.brief.as_ref()?.agents.probe(agent)?;
        let holds_out = self.open_call(probe, step)?.agent_holds_out(now);
        holds_out.then_some(probe)
    }

    /// The agents whose calls are held back for breaking off, each with when it will be probed or since when it is being
    /// probed.
    #[must_use]
    pub fn agents_held_back(
        &self,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> Vec<(AgentId, Timestamp)> {
        let Some(brief) = &self.brief else {
            return Vec::new();
        };
        let open = brief.agents.open();
        open.filter(|(agent, _)| self.proof(*agent, now, step).is_none())
            .collect()
    }
}

fn held_back_until(held_back: &[(AgentId, Timestamp)], agent: u32) -> Option<Timestamp> {
    let mut all = held_back.iter();
    all.find(|(known, _)| agent_bits::is_of(*known, agent))
        .map(|(_, until)| *until)
}
