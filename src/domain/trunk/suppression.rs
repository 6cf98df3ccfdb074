//! Suppressed numbers: what becomes of the open calls to them.
//!
//! What is known of numbers is kept in objects of its own, which are asked before a call is admitted and before a dialer gets
//! it. So once they have been told of a suppression, no dialer gets a call any more. Calls that dialers already have are
//! taken back here, before the suppression is answered: a phone that was not allowed to ring yet is refused, and one that was
//! may ring for a moment longer. Whoever was allowed to ring a phone does so within that moment; after it, the phone is hung
//! up if it rings.

use super::{Step, Trunk};
use crate::domain::call::Phase;
use crate::domain::contacts::Told;
use crate::domain::ids::CallId;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};

/// Whoever was allowed to ring a phone has requested that within this time, or asks again.
pub const GRANT: Span = Span(2_000);
/// How many calls are looked at in one step, and how many on the schedule.
const AT_ONCE: usize = 500;
const SCHEDULED_AT_ONCE: usize = 250;
/// A call whose number could not be looked up is handed out again after this.
const ASKED_AGAIN: Span = Span(2_000);

/// How far a trunk has got with taking back its calls to some numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withdrawn {
    /// The row at which to continue, if there are more.
    pub next: Option<u64>,
    /// Some may ring until then: what is left of them must be taken back at that time.
    pub again_at: Option<Timestamp>,
}

/// Who was allowed to ring a phone and is not known to have done so.
#[derive(Clone, Default)]
pub(super) struct Grants {
    given: Vec<(Timestamp, CallId)>,
    /// Whoever asked before this object remembers may ring until then.
    unknown_until: Timestamp,
    /// Calls that must not be allowed to ring again.
    pub withdrawn: Vec<CallId>,
    /// Those that their campaign took back.
    pub taken_back: Vec<CallId>,
}

impl Grants {
    pub fn give(&mut self, id: CallId, now: Timestamp) {
        self.given.retain(|(at, _)| *at + GRANT > now);
        self.given.push((now, id));
    }

    /// Until when the phone of this call may begin to ring.
    pub fn until(&self, id: CallId) -> Timestamp {
        let mut given = self.given.iter().rev();
        let given = given.find(|(_, call)| *call == id);
        let until = given.map_or(Timestamp(0), |(at, _)| *at + GRANT);
        until.max(self.unknown_until)
    }
}

impl Trunk {
    /// This object does not remember what was allowed before it was loaded.
    pub fn loaded(&mut self, now: Timestamp) {
        self.grants.unknown_until = now + GRANT;
        self.campaigns.loaded(now);
    }

    /// Whether numbers are looked up before they are called.
    #[must_use]
    pub fn asks_of_numbers(&self) -> bool {
        let asks = self
            .brief
            .as_ref()
            .is_some_and(|brief| brief.asks_of_numbers);
        asks && !planted(Fault::NumbersUnasked)
    }

    /// Whether a dialer could get this call.
    #[must_use]
    pub fn may_be_claimed(&self, id: CallId) -> bool {
        self.is_unclaimed(id)
    }

    /// The number of an unclaimed call could not be looked up: it is handed out again.
    pub fn not_asked(&mut self, id: CallId, now: Timestamp) {
        if self.is_unclaimed(id) {
            self.dispatch_again(id, now + ASKED_AGAIN);
        }
    }

    /// A call's number is suppressed. `false` if the callee has picked up, or the call is over.
    pub fn suppress_call(&mut self, id: CallId, now: Timestamp, step: &mut Step<'_>) -> bool {
        self.grants.withdrawn.retain(|call| *call != id);
        self.change(id, now, step, |call, _, key| call.suppress(now, key))
    }

    /// Whether a dialer's call was taken back.
    #[must_use]
    pub fn is_withdrawn(&self, id: CallId) -> bool {
        self.grants.withdrawn.contains(&id)
    }

    /// These numbers are suppressed: takes back the open calls to them, from the row `from` on. A phone that may begin to ring
    /// right now, or rings, is left alone at first, and hung up in the `last` request.
    pub fn withdraw(
        &mut self,
        told: &Told,
        from: u64,
        last: bool,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> Withdrawn {
        let open = &self.open;
        self.grants.withdrawn.retain(|id| open.contains_key(id));
        if planted(Fault::SuppressionIgnored) {
            return Withdrawn {
                next: None,
                again_at: None,
            };
        }
        let fits = |(_, entry): &(&CallId, &super::Entry)| entry.may_be_one_of(told);
        let may_be = self.open.range(CallId::floor_of(from)..).filter(fits);
        let mut may_be = may_be.map(|(id, _)| *id);
        let these: Vec<CallId> = may_be.by_ref().take(AT_ONCE).collect();
        let next = may_be.next().map(CallId::row);
        let next = [next, self.withdraw_scheduled(told, from, now, step)];
        let next = next.into_iter().flatten().min();
        let again = these
            .into_iter()
            .filter_map(|id| self.withdraw_one(id, told, last, now, step));
        let again_at = again.max();
        Withdrawn { next, again_at }
    }

    /// Those on the schedule are not in memory. Returns the row at which to continue, if there are more.
    fn withdraw_scheduled(
        &mut self,
        told: &Told,
        from: u64,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> Option<u64> {
        if !self.may_have_scheduled() || planted(Fault::ScheduledNotWithdrawn) {
            return None;
        }
        let rows = step.rows().scheduled_to(told, from, SCHEDULED_AT_ONCE + 1);
        for row in rows.iter().take(SCHEDULED_AT_ONCE) {
            if let Some(call) = step.rows().call_at(*row)
                && told.holds(&call.request.phone)
            {
                self.suppress_scheduled(call.id, now, step);
                step.let_go_of(call.id);
            }
        }
        rows.get(SCHEDULED_AT_ONCE).copied()
    }

    /// When a call that may ring right now must be taken back.
    fn withdraw_one(
        &mut self,
        id: CallId,
        told: &Told,
        last: bool,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> Option<Timestamp> {
        self.advance(id, now, step);
        let is_silent = self.open.get(&id).is_some_and(super::Entry::is_silent);
        let call = self.open_call(id, step)?;
        if !told.holds(&call.request.phone) {
            step.let_go_of(id);
            return None;
        }
        let may_ring_until = match call.phase() {
            Phase::SettingUp { .. } if !is_silent => self.grants.until(id),
            Phase::Ringing { .. } => now,
            Phase::Scheduled { .. }
            | Phase::Queued { .. }
            | Phase::Unclaimed { .. }
            | Phase::SettingUp { .. }
            | Phase::Talking { .. }
            | Phase::AwaitingReport { .. }
            | Phase::Over => {
                self.suppress_call(id, now, step);
                return None;
            }
        };
        let again_at = match last {
            true => Some(may_ring_until).filter(|until| *until > now),
            false => Some(may_ring_until.max(now + GRANT)),
        };
        match again_at {
            Some(_) if !self.is_withdrawn(id) => self.grants.withdrawn.push(id),
            Some(_) => {}
            None => {
                self.suppress_call(id, now, step);
            }
        }
        again_at
    }
}
