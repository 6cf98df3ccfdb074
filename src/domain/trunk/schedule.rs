//! The schedule: calls to be dialed later. They are rows; what is here only knows where they begin.
//!
//! Those that are due are taken into the queue in the order of their moments, in bounded steps, and only as many as keep the
//! queue from running dry: the others stay rows, however many are due at once. So they follow the queue's order, and the
//! memory they take is bounded.

use super::step::Held;
use super::{Brief, Step, Trunk, TrunkRows};
use crate::domain::call::{Call, FailureCode, Phase, ScheduleReason};
use crate::domain::ids::{AgentId, CallId};
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};

/// The most calls on a trunk's schedule.
const MOST: usize = 100_000;
/// With this many in the queue before the next on the schedule, no more are taken in for now.
const AHEAD: usize = 500;
/// How many narrow rows are searched at a time for calls whose time has run out while they wait behind others.
const OVERDUE: usize = 2_000;
const OVERDUE_EVERY: Span = Span(1_000);
/// A moment on the schedule, and the call by its row.
pub(super) type Place = (Timestamp, u64);

pub(super) const START: Place = (Timestamp(0), 0);

pub(super) fn behind((at, row): Place) -> Place {
    (at, row + 1)
}

/// What is known of the schedule.
pub(super) struct Timetable {
    /// The position of its first call: none is earlier, though that one may have left.
    next: Option<Place>,
    /// How many there are, once somebody has asked.
    count: Option<usize>,
    /// Until when due calls had to wait behind those in the queue.
    crowded_until: Timestamp,
    /// How far the search for overdue ones among these has got, and when it continues.
    overdue: (Place, Timestamp),
    /// What the queue lacked when it last moved.
    lacking: FailureCode,
}

impl Timetable {
    pub fn new(known: &TrunkRows) -> Self {
        let first = known.scheduled.map(|first| (first.at, first.row));
        Self {
            next: first.filter(|_| !planted(Fault::ScheduleForgotten)),
            count: None,
            crowded_until: Timestamp(0),
            overdue: (START, Timestamp(0)),
            lacking: FailureCode::ChannelsExhausted,
        }
    }

    /// Keeps the count in step with a call held by the step.
    pub fn counts(&mut self, held: &mut Held) {
        let is_there = held.call.is_scheduled();
        if let (Some(slot), true) = (held.call.slot(), is_there) {
            self.begins_by((slot.at, held.call.id.row()));
        }
        if let Some(count) = &mut self.count {
            *count = match (held.is_counted, is_there) {
                (false, true) => *count + 1,
                (true, false) => count.saturating_sub(1),
                _ => *count,
            };
        }
        held.is_counted = is_there;
    }

    fn begins_by(&mut self, place: Place) {
        self.next = Some(self.next.map_or(place, |next| next.min(place)));
    }

    /// Notes what the queue lacks as it moves.
    pub fn lacks(&mut self, what: FailureCode) {
        self.lacking = what;
    }
}

impl Trunk {
    /// Puts a call that nobody has dialed on the schedule: it is due at `at`, because of `reason`, and until then it holds no
    /// channel and no place in the queue. If its time is over by then, it ends at once. `false` when it is too late for that.
    pub fn schedule(
        &mut self,
        id: CallId,
        at: Timestamp,
        reason: ScheduleReason,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> bool {
        let key = self.key.clone();
        self.change_undialed(id, now, step, |call| {
            match at < call.gives_up_at() {
                true => call.put_on_schedule(at, reason, now),
                false => call.miss(FailureCode::WindowClosed, now, &key),
            }
            true
        })
    }

    /// Changes a call that nobody has dialed, wherever it waits.
    pub(super) fn change_undialed(
        &mut self,
        id: CallId,
        now: Timestamp,
        step: &mut Step<'_>,
        with: impl FnOnce(&mut Call) -> bool,
    ) -> bool {
        let Some(held) = self.take(id, step) else {
            return false;
        };
        let changed = match held.call.phase() {
            Phase::Scheduled { .. } | Phase::Queued { .. } | Phase::Unclaimed { .. } => {
                with(&mut held.call)
            }
            Phase::SettingUp { .. }
            | Phase::Ringing { .. }
            | Phase::Talking { .. }
            | Phase::AwaitingReport { .. }
            | Phase::Over => false,
        };
        if changed {
            self.goes_if_gone(id, now, step);
            self.settle(id, step);
            self.send(id, now, step);
        }
        changed
    }

    /// Whether any call may be on the schedule, as far as memory tells.
    pub(super) fn may_have_scheduled(&self) -> bool {
        self.timetable.next.is_some()
    }

    /// Whether any call is on the schedule.
    pub(super) fn has_scheduled(&self, step: &Step<'_>) -> bool {
        let (put, taken) = step.drift();
        self.may_have_scheduled() && step.rows().count_scheduled() + put > taken
    }

    /// Whether the schedule has room for another call.
    pub(super) fn takes_scheduled(&mut self, step: &Step<'_>) -> bool {
        let (put, taken) = step.drift();
        let count = self
            .timetable
            .count
            .get_or_insert_with(|| (step.rows().count_scheduled() + put).saturating_sub(taken));
        *count < MOST
    }

    /// Seconds until the next of them makes room.
    pub(super) fn schedule_wait(&self, now: Timestamp) -> u64 {
        let next = self.timetable.next.map_or(now, |(at, _)| at);
        (next - now).as_secs_ceil().clamp(1, 3_600)
    }

    /// When the schedule has something to do.
    pub(super) fn schedule_due(&self) -> Option<Timestamp> {
        let review = self.review_due();
        let next = self
            .timetable
            .next
            .map(|first| match self.is_crowded(first) {
                true => self.timetable.overdue.1,
                false => first.0,
            });
        next.into_iter().chain(review).min()
    }

    /// Whether a call is due, but enough others are before it in the queue.
    fn is_crowded(&self, first: Place) -> bool {
        first.0 <= self.clock && self.queue.nth(AHEAD - 1).is_some_and(|entry| entry < first)
    }

    /// Whether a call's row says that it is on the schedule though it no longer is.
    #[must_use]
    pub fn has_left_the_schedule(&self, call: &Call, now: Timestamp) -> bool {
        let is_late = call.wait_ends().is_some_and(|ends| ends <= now);
        call.is_scheduled() && (is_late || self.is_gone(&call.request))
    }

    /// Ends a call that must not be on the schedule any more. `false` if it may stay.
    pub(super) fn end_on_schedule(
        &mut self,
        id: CallId,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> bool {
        let Some(call) = step.peek(id) else {
            return false;
        };
        let (agent, ends) = (call.request.agent.id, call.wait_ends());
        if self.is_gone(&call.request) {
            return self.cancel(id, now, step);
        }
        let Some(ends) = ends.filter(|ends| *ends <= now) else {
            return false;
        };
        // It was due, and waited behind others to the last.
        let why = match self.timetable.crowded_until >= ends {
            true => self.why_undialed(agent, now, step),
            false => FailureCode::WindowClosed,
        };
        let key = self.key.clone();
        self.change_undialed(id, now, step, |call| {
            call.miss(why, now, &key);
            true
        })
    }

    /// What a due call lacked.
    pub(super) fn why_undialed(
        &self,
        agent: AgentId,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> FailureCode {
        let is_active = self.brief.as_ref().is_some_and(Brief::is_active);
        match is_active && self.dialer_takes(agent, now, step).is_ok() {
            true => self.timetable.lacking,
            false => FailureCode::WindowClosed,
        }
    }

    /// Takes those that are due into the queue, as far as it would run dry without them.
    pub(super) fn take_in(&mut self, now: Timestamp, step: &mut Step<'_>) {
        let until = match planted(Fault::DialedEarly) {
            true => now + Span(5_000),
            false => now,
        };
        while let Some(first) = self.timetable.next
            && first.0 <= until
            && step.may_take > 0
        {
            if self.is_crowded(first) {
                self.timetable.crowded_until = now;
                return;
            }
            let most = step.may_take.min(AHEAD / 2);
            let mut next = None;
            for row in step.rows().scheduled(first, most + 1) {
                let place = (row.at, row.row);
                if row.at > until || next.is_some() {
                    next = next.or(Some(place));
                    break;
                }
                if step.may_take == 0 {
                    next = Some(place);
                    continue;
                }
                step.may_take -= 1;
                if let Some(id) = self.take_at(row.row, step) {
                    self.take_one(id, now, step);
                }
            }
            self.timetable.next = next;
            // Those that this step put there have no rows yet.
            while let Some((place, id)) = step.first_scheduled() {
                if place.0 > until || step.may_take == 0 {
                    self.timetable.begins_by(place);
                    break;
                }
                step.may_take -= 1;
                self.take_one(id, now, step);
            }
        }
    }

    /// Takes in one that is due.
    fn take_one(&mut self, id: CallId, now: Timestamp, step: &mut Step<'_>) {
        let Some(call) = self.take(id, step).map(|held| &held.call) else {
            return;
        };
        let agent = call.request.agent.id;
        if !call.is_scheduled() || self.end_on_schedule(id, now, step) {
            return;
        }
        let inactive = |brief: &Brief| brief.inactive_agents.contains(&agent);
        if self.brief.as_ref().is_some_and(inactive) {
            self.cancel(id, now, step);
        } else if !self.goes_astray(id, now, step)
            && !self.put_off_if_closed(id, now, step)
            && !self.waits_for_a_day(id, now, step)
        {
            self.enters_queue(id, now, step);
            self.settle(id, step);
        }
    }

    /// What the schedule has to do apart from handing out what is due.
    pub(super) fn look_at_schedule(&mut self, now: Timestamp, step: &mut Step<'_>) {
        self.look_for_gone(now, step);
        self.end_overdue(now, step);
    }

    /// Calls waiting behind others that are due end when their wait does, though their turn never comes.
    fn end_overdue(&mut self, now: Timestamp, step: &mut Step<'_>) {
        let (from, at) = self.timetable.overdue;
        let crowded = |first: &Place| self.is_crowded(*first);
        let Some(first) = self.timetable.next.filter(crowded).filter(|_| at <= now) else {
            return;
        };
        self.timetable.crowded_until = now;
        let rows = step.rows().scheduled(from.max(first), OVERDUE);
        let goes_on = (rows.len() == OVERDUE).then(|| rows.last()).flatten();
        let mut stopped = None;
        for row in rows.iter().take_while(|row| row.at <= now) {
            if row.ends > now {
                continue;
            }
            if step.may_take == 0 {
                stopped = Some((row.at, row.row));
                break;
            }
            step.may_take -= 1;
            if let Some(id) = self.take_at(row.row, step)
                && self
                    .take(id, step)
                    .is_some_and(|held| held.call.is_scheduled())
            {
                self.end_on_schedule(id, now, step);
                step.let_go_of(id);
            }
        }
        let again = now + stopped.map_or(OVERDUE_EVERY, |_| Span(0));
        let goes_on = goes_on.filter(|last| last.at <= now);
        let next = stopped.or(goes_on.map(|last| behind((last.at, last.row))));
        self.timetable.overdue = (next.unwrap_or(START), again);
    }
}
