//! What a dialed call's carrier, agent and organisation say about it.

use super::{Brief, Carrier, Step, Trunk};
use crate::domain::call::{
    CallStatus, CarrierEvent, Failure, FailureCode, InquiryResult, Reason, Report, Timed,
};
use crate::domain::ids::CallId;
use crate::domain::planted::{Fault, planted};
use crate::domain::sandbox;
use crate::domain::time::Timestamp;

impl Trunk {
    /// Takes what the carrier says about a call; events in the future are its plan.
    pub fn apply_carrier_events(
        &mut self,
        id: CallId,
        events: Vec<Timed>,
        now: Timestamp,
        step: &mut Step<'_>,
    ) {
        self.advance(id, now, step);
        let Some(call) = self.open_call(id, step) else {
            return;
        };
        let is_new = call.status == CallStatus::Initiating;
        if call.ended_at.is_none() {
            let fails_by_itself = call.request.phone.as_str() == sandbox::DIALER_ERROR;
            match dialed(&events) {
                Some(false) if !(fails_by_itself && self.is_simulated()) => {
                    self.breaker.failed(id, now);
                }
                // What an older call does says nothing about the dialer as it is now.
                Some(true) if is_new => self.breaker.worked(id),
                _ => {}
            }
        }
        let Some(call) = self.open_call(id, step) else {
            return;
        };
        // An agent that has left has left, whatever its server's clock says.
        let is_to_come = |timed: &Timed| timed.at > now && timed.event != CarrierEvent::AgentLeft;
        let (plan, happened): (Vec<_>, Vec<_>) = events.into_iter().partition(is_to_come);
        let mut changed = false;
        for Timed { at, event } in happened {
            changed |= call.apply(event, at, &self.settings, &self.key);
        }
        // Of two reports about the same end, one that says why is kept, or else the first: a repeated one delays nothing.
        let says = |plan: &[Timed]| {
            let of = |timed: &Timed| match timed.event {
                CarrierEvent::Failed(_) | CarrierEvent::Deserted => 2,
                CarrierEvent::HungUp(_) | CarrierEvent::Vanished => 1,
                _ => 0,
            };
            plan.iter().map(of).max().unwrap_or(0)
        };
        let known = says(&call.plan);
        let is_more = known == 0 || says(&plan) > known;
        if call.ended_at.is_none() && !plan.is_empty() && is_more {
            call.plan = plan;
            changed = true;
        }
        if changed {
            self.follow(id, now, step);
        } else {
            self.index(id, step);
        }
    }

    /// Whether it goes to the sandbox number that fails on its own, which says nothing about the dialer.
    fn is_simulated(&self) -> bool {
        let simulated = |brief: &Brief| matches!(brief.config.carrier, Carrier::Simulator);
        self.brief.as_ref().is_some_and(simulated)
    }

    /// Takes the carrier's answer to an inquiry.
    pub fn learn(
        &mut self,
        id: CallId,
        finding: InquiryResult,
        now: Timestamp,
        step: &mut Step<'_>,
    ) {
        let is_there = match finding {
            InquiryResult::Happened(events) => {
                return self.apply_carrier_events(id, events, now, step);
            }
            InquiryResult::StillThere => true,
            InquiryResult::Unknown => false,
        };
        if planted(Fault::RedialOnUnknown)
            && let Some(call) = self.open_call(id, step)
            && call.ringing_at.is_none()
        {
            call.dialed_at = None;
            return self.settle(id, step);
        }
        self.change(id, now, step, |call, settings, key| {
            call.learn(is_there, now, settings, key)
        });
    }

    /// Whether a call is in progress, as far as is known.
    #[must_use]
    pub fn in_progress(&self, id: CallId) -> bool {
        self.open.get(&id).is_some_and(|entry| !entry.is_over())
    }

    /// The carrier hung up a call that was over, and cleaned up after it.
    pub fn torn_down(&mut self, id: CallId, now: Timestamp, step: &mut Step<'_>) {
        self.change(id, now, step, |call, _, _| call.torn_down(now));
    }

    /// The carrier reports that a call's room exists. If the call is over, with or without an entry, its room must be deleted again.
    pub fn room_seen(&mut self, id: CallId, now: Timestamp, step: &mut Step<'_>) {
        if !self.is_open(id) {
            let closed = self.take(id, step).map(|held| &mut held.call);
            if closed.is_some_and(|call| call.room_seen(now)) {
                self.settle(id, step);
                self.advance(id, now, step);
            }
            return;
        }
        self.change(id, now, step, |call, _, _| call.room_seen(now));
        self.advance(id, now, step);
    }

    /// Takes the agent's report.
    pub fn report(&mut self, id: CallId, report: Report, now: Timestamp, step: &mut Step<'_>) {
        self.change(id, now, step, |call, _, key| call.report(report, now, key));
    }

    /// Cancels or releases a call. `false` if it is over already.
    pub fn cancel(&mut self, id: CallId, now: Timestamp, step: &mut Step<'_>) -> bool {
        if !self.is_open(id) {
            return self.cancel_scheduled(id, now, step);
        }
        self.change(id, now, step, |call, _, key| call.cancel(now, key))
    }
}

/// Whether the dialer did its part, as far as these events tell. A phone that we gave no turn to ring says nothing.
fn dialed(events: &[Timed]) -> Option<bool> {
    let failures = events.iter().filter_map(|timed| match timed.event {
        CarrierEvent::Failed(failure) => Some(failure),
        _ => None,
    });
    let has_no_turn = |failure: Failure| failure.reason == Some(Reason::NoTurn);
    if failures.clone().any(has_no_turn) {
        return None;
    }
    let mut failures = failures;
    let failed = failures.any(|failure| failure.code == FailureCode::DialerUnavailable);
    let says = |timed: &Timed| timed.event != CarrierEvent::AgentLeft;
    events.iter().any(says).then_some(!failed)
}
