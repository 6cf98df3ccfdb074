//! Attempts that follow each other: the next one is put on the schedule in the step in which one ends.

use super::{Step, Trunk};
use crate::domain::call::{Call, CallRequest, FailureCode, ScheduleReason};
use crate::domain::ids::CallId;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};

impl Trunk {
    /// A call has changed: if it is over, another attempt may follow, in the same write.
    pub(super) fn redial(&mut self, id: CallId, step: &mut Step<'_>) {
        let Some(call) = step.peek(id).filter(|call| call.may_be_redialed()) else {
            return;
        };
        let at = call.redialed_at();
        let at = at.filter(|_| self.calls_again(&call.request));
        let now = self.clock;
        let next = at.and_then(|at| {
            let next = self.next_id(now);
            // It is a row before it is anything else.
            step.peek(id)?.successor(next, at.max(now + Span(1)), now)
        });
        if let Some(held) = step.held(id)
            && let Some(series) = &mut held.call.series
        {
            series.next = next.as_ref().map(|next| next.id);
            series.over = next.is_none();
        }
        if let Some(next) = next {
            let id = next.id;
            step.create(next);
            self.settle(id, step);
        }
    }

    /// Whether a request that was once valid still is: its key, its agent, its destination.
    fn calls_again(&self, request: &CallRequest) -> bool {
        let Some(brief) = &self.brief else {
            return false;
        };
        let config = &brief.config;
        !self.is_revoked(request.key)
            && !brief.inactive_agents.contains(&request.agent.id)
            && config
                .destinations
                .admit(&request.phone, config.carrier.simulates())
    }

    /// An attempt is due that must not be made after all: it ends.
    pub(super) fn goes_astray(&mut self, id: CallId, now: Timestamp, step: &mut Step<'_>) -> bool {
        let is_later = |call: &&Call| call.series.is_some_and(|series| series.previous.is_some());
        let Some(call) = step.peek(id).filter(is_later) else {
            return false;
        };
        let is_stray = self.is_stray(call, step);
        if !is_stray && self.calls_again(&call.request) {
            return false;
        }
        let key = self.key.clone();
        self.change_undialed(id, now, step, |call| {
            if is_stray {
                // Nobody has heard of it.
                call.request.callback_url = None;
            }
            match is_stray {
                true => call.cancel(now, &key),
                false => {
                    call.miss(FailureCode::DestinationNotAllowed, now, &key);
                    true
                }
            }
        })
    }

    /// A follow-up attempt is due on a day that takes no further call: it waits for the next day, if that is in time, or ends,
    /// and no longer belongs to any dialer. Any other counts today from now on.
    pub(super) fn waits_for_a_day(
        &mut self,
        id: CallId,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> bool {
        let Err(midnight) = self.counts_when_due(id, now, step) else {
            return false;
        };
        let key = self.key.clone();
        self.change_undialed(id, now, step, |call| {
            match midnight < call.may_be_put_off_until() {
                true => call.put_off(midnight, ScheduleReason::Redial, now),
                false => call.miss(FailureCode::DailyLimitReached, now, &key),
            }
            true
        })
    }

    /// Whether the attempt before does not know of this one: of its end and of this attempt, a failed write kept only this
    /// one, which is written first: see [`Step::into_changed`].
    fn is_stray(&self, call: &Call, step: &Step<'_>) -> bool {
        let previous = call.series.and_then(|series| series.previous);
        let previous = previous.and_then(|previous| step.rows().call(previous));
        let next = previous
            .and_then(|previous| previous.series)
            .map(|series| series.next);
        next.is_some_and(|next| next != Some(call.id)) && !planted(Fault::SuccessorDoubled)
    }
}
