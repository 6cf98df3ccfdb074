//! How a call moves on: it leaves its trunk's queue, a dialer takes it, its carrier reports on it.

use super::deadlines::{PRESUMED_AFTER, ROOM_RETURNS, SETUP_LIMIT, TEARDOWN_AGAIN};
use super::{Call, CallStatus, CarrierEvent, Failure, FailureCode, Phase, Timed};
use crate::domain::ids::IdKey;
use crate::domain::planted::{Fault, planted};
use crate::domain::settings::Settings;
use crate::domain::time::{Span, Timestamp};

impl Call {
    /// It leaves the queue, since there is capacity. Not written before the claim: after a crash it is in
    /// the queue again, at its old place.
    pub fn dequeue(&mut self, now: Timestamp) {
        self.queued_until = None;
        self.promoted_at = Some(now);
        self.volatile.promoted_at = Some(now);
        self.volatile.dispatch_at = now;
    }

    /// A dialer takes it: from now on nobody else will dial it.
    /// `has_room` says whether its carrier makes a room for it.
    pub fn claim(&mut self, has_room: bool, now: Timestamp, settings: &Settings) {
        self.has_room = has_room;
        self.volatile.silent = has_room;
        self.dialed_at = Some(now);
        self.updated_at = now;
        self.volatile.inquire_at = self.next_inquiry(now, settings);
        if self.promoted_at.is_some() {
            self.counts_against_cps_until = Some(now + Span::from_secs(1));
        }
    }

    /// Its number must not be called any more: it ends, unless the callee has picked up. `false` when it goes on or was over already.
    pub fn suppress(&mut self, now: Timestamp, key: &IdKey) -> bool {
        match self.phase() {
            Phase::Scheduled { .. }
            | Phase::Queued { .. }
            | Phase::Unclaimed { .. }
            | Phase::SettingUp { .. }
            | Phase::Ringing { .. } => {
                self.fail(Failure::of(FailureCode::NumberSuppressed), now, key);
                true
            }
            // There will be no further attempt.
            Phase::Talking { .. } | Phase::AwaitingReport { .. } => self.is_the_last(),
            Phase::Over => false,
        }
    }

    /// When the carrier's last event moved it on; an agent's report is not such an event.
    fn moved_on_at(&self) -> Timestamp {
        let moments = [self.dialed_at, self.ringing_at, self.answered_at];
        moments.into_iter().flatten().max().unwrap_or_default()
    }

    /// Takes an event that happened at `at`, moved to no earlier than those before it, whatever the
    /// carrier's clock says. Returns whether it changed anything.
    pub fn apply(
        &mut self,
        event: CarrierEvent,
        at: Timestamp,
        settings: &Settings,
        key: &IdKey,
    ) -> bool {
        let (said_at, at) = (at, at.max(self.moved_on_at()));
        match event {
            CarrierEvent::Released => return std::mem::take(&mut self.has_room),
            CarrierEvent::Deleted => {
                self.volatile.dialer_done = true;
                self.volatile.teardown_at = self.volatile.teardown_at.max(at + TEARDOWN_AGAIN);
                return false;
            }
            // Known from now on, and written with whatever comes next.
            CarrierEvent::Announced => {
                self.announced = true;
                return false;
            }
            _ => {}
        }
        let phase = match planted(Fault::TerminalOverwritten) {
            true => self.phase_before_its_end(),
            false => self.phase(),
        };
        let moves_on = match phase {
            Phase::SettingUp { .. } | Phase::Ringing { .. } => {
                self.apply_unanswered(event, at, settings, key)
            }
            Phase::Talking { .. } => self.apply_answered(event, said_at, at, settings, key),
            Phase::Scheduled { .. }
            | Phase::Queued { .. }
            | Phase::Unclaimed { .. }
            | Phase::AwaitingReport { .. }
            | Phase::Over => false,
        };
        if moves_on {
            self.updated_at = self.updated_at.max(at);
        }
        moves_on
    }

    /// An event of a call that was dialed but not answered.
    fn apply_unanswered(
        &mut self,
        event: CarrierEvent,
        at: Timestamp,
        settings: &Settings,
        key: &IdKey,
    ) -> bool {
        match event {
            CarrierEvent::Ringing if self.ringing_at.is_none() => self.rings(at),
            CarrierEvent::Answered => {
                let over_by = self.presumed_over();
                self.status = CallStatus::Answered;
                self.answered_at = Some(at);
                if let Some(over_by) = over_by {
                    self.found_over(over_by, key);
                    return true;
                }
                self.volatile.inquire_at = match self.volatile.alone || self.farewell.is_some() {
                    true => Timestamp(0),
                    false => self.next_inquiry(at, settings),
                };
            }
            CarrierEvent::AgentLeft => return self.look_after(),
            CarrierEvent::Failed(failure) => self.fail(failure, at, key),
            CarrierEvent::Deserted => self.fail(self.absence(), at, key),
            // It stopped ringing, and nobody says why.
            CarrierEvent::HungUp(_) | CarrierEvent::Vanished => {
                self.fail(Failure::of(FailureCode::NoAnswer), at, key);
            }
            CarrierEvent::Ringing
            | CarrierEvent::RoomClosed
            | CarrierEvent::Announced
            | CarrierEvent::Released
            | CarrierEvent::Deleted => return false,
        }
        true
    }

    /// When its room was found gone, if it was: what ends an unanswered call should arrive soon after.
    fn presumed_over(&self) -> Option<Timestamp> {
        let mut planned = self.plan.iter().filter(|_| self.has_room);
        let end = planned.find(|timed| matches!(timed.event, CarrierEvent::HungUp(_)))?;
        Some(end.at - PRESUMED_AFTER)
    }

    /// An event during a conversation.
    fn apply_answered(
        &mut self,
        event: CarrierEvent,
        said_at: Timestamp,
        at: Timestamp,
        settings: &Settings,
        key: &IdKey,
    ) -> bool {
        match event {
            CarrierEvent::Ringing if planted(Fault::CallMovesBack) => self.rings(at),
            CarrierEvent::AgentLeft => return self.look_after(),
            CarrierEvent::HungUp(outcome) => {
                self.hang_up(outcome, self.talked_until(said_at), key);
            }
            CarrierEvent::Vanished | CarrierEvent::RoomClosed => {
                self.found_over(self.no_later(said_at, settings), key);
            }
            CarrierEvent::Deserted => self.desert(at, key),
            CarrierEvent::Failed(failure) => {
                self.blame_the_dialer(failure);
                self.hang_up(None, self.talked_until(said_at), key);
            }
            CarrierEvent::Ringing
            | CarrierEvent::Answered
            | CarrierEvent::Announced
            | CarrierEvent::Released
            | CarrierEvent::Deleted => return false,
        }
        true
    }

    fn rings(&mut self, at: Timestamp) {
        self.status = CallStatus::Ringing;
        self.ringing_at = Some(at);
    }

    /// Applies what its plan says has happened. Returns whether it must be written: the row does not hold a planned ending.
    pub(super) fn follow_plan(
        &mut self,
        until: Timestamp,
        settings: &Settings,
        key: &IdKey,
    ) -> bool {
        let turn = self.volatile.inquire_at;
        let is_over = self.plan_until(until, true, settings, key);
        // After a restart, calls are asked about in turn, however long ago their plans had them answered.
        let inquire_at = &mut self.volatile.inquire_at;
        if (Timestamp(1)..=until).contains(inquire_at) {
            *inquire_at = turn.max(*inquire_at);
        }
        self.volatile.planned_until = self.volatile.planned_until.max(until);
        is_over
    }

    /// The same, up to the plan's end or including it.
    pub(super) fn plan_until(
        &mut self,
        until: Timestamp,
        ends: bool,
        settings: &Settings,
        key: &IdKey,
    ) -> bool {
        let mut is_over = false;
        let goes = |timed: &Timed| timed.at <= until && (ends || !timed.event.ends_the_call());
        while self.plan.first().is_some_and(goes) {
            let Timed { at, event } = self.plan.remove(0);
            is_over |= event.ends_the_call();
            self.apply(event, at, settings, key);
            self.record_transitions(at);
        }
        is_over
    }

    /// The carrier hung up and cleaned up. In the first seconds the dialer may still be working, and its agent may be on its
    /// way: either would create the room anew, so it is deleted once more. Returns whether the tear-down is done.
    pub fn torn_down(&mut self, now: Timestamp) -> bool {
        let is_settled = |dialed_at| {
            self.volatile.dialer_done
                || self.answered_at.is_some()
                || now >= dialed_at + SETUP_LIMIT
        };
        let returns_until = self.unwanted_since().map(|since| since + ROOM_RETURNS);
        let is_empty =
            returns_until.is_some_and(|until| now >= until) || planted(Fault::DeletedOnce);
        let done = self.left_a_room() && is_empty && self.dialed_at.is_none_or(is_settled);
        self.has_room &= !done;
        done
    }

    /// The carrier reports that its room exists. If the call is over or was put off, the room has come back and is deleted
    /// again at once. Returns whether that is news.
    pub fn room_seen(&mut self, now: Timestamp) -> bool {
        let is_unwanted = self.ended_at.is_none() || self.dialed_at.is_some();
        let is_unwanted = is_unwanted && self.unwanted_since().is_some();
        if !is_unwanted || planted(Fault::RoomReturns) {
            return false;
        }
        self.volatile.teardown_at = self.volatile.teardown_at.min(now);
        let is_news = !self.has_room;
        if is_news {
            self.has_room = true;
            self.volatile.teardown_tries = 0;
        }
        is_news
    }
}
