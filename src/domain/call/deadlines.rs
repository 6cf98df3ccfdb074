//! When something about a call is due, and what is done then: its watchdogs.

use super::{Advance, Call, CallEffect, Failure, FailureCode, Phase};
use crate::domain::ids::IdKey;
use crate::domain::planted::{Fault, planted};
use crate::domain::settings::Settings;
use crate::domain::time::{Span, Timestamp};

/// How long a call may wait for a dialer to claim it.
pub const DISPATCH_DEADLINE: Span = Span(120_000);
/// How long an unclaimed call waits before it is handed to the queue again.
pub const DISPATCH_AGAIN: Span = Span(5_000);
/// How long after the ringing timeout the carrier may still report.
pub const RING_GRACE: Span = Span(5_000);
/// How long after the end of the longest conversation the carrier may still report.
pub const END_GRACE: Span = Span(5_000);
/// How long after the end the agent may take to report.
pub const REPORT_GRACE: Span = Span(10_000);
/// A conversation shorter than this was hung up at once: nothing can have been said in it.
pub const AT_ONCE: Span = Span(1_500);
/// How long the agent may take to report after such a conversation.
pub const REPORT_GRACE_AT_ONCE: Span = Span(3_000);
/// How long a carrier with rooms may take until the phone is asked to ring.
pub const SETUP_LIMIT: Span = Span(30_000);
/// How long a carrier that can't be reached goes on being told to hang up, beyond the longest conversation.
pub const TEARDOWN_PATIENCE: Span = Span(600_000);
/// It is told at least this many times, even if the object slept all that time.
const TEARDOWN_TRIES: u32 = 10;
/// How often it is told until it has hung up.
pub(super) const TEARDOWN_AGAIN: Span = Span(10_000);
/// A deleted room is deleted once more this long after the end: an agent on its way there creates it anew.
pub(super) const ROOM_RETURNS: Span = Span(10_000);
/// How often the carrier is asked about a conversation nothing is heard of.
const INQUIRE_EVERY: Span = Span(60_000);
/// How often it is asked about one in a room for which no webhook came: its end must not be noticed late.
const LOOK_UNANNOUNCED: Span = Span(20_000);
/// How often it is asked while somebody may be on the phone with nobody to talk to. The interval also begins at this for
/// a conversation without webhooks, and then grows to half of what the conversation has lasted.
const LOOK_AT_ONCE: Span = Span(2_000);
/// How often the carrier is asked about a call that was dialed and not answered yet.
const LOOK_UNANSWERED: Span = Span(20_000);
/// A call that is still open at this age is marked, so that it is found without a scan.
pub const RECENT: Span = Span(600_000);
/// How long the answer to the dial is awaited once the callee has left: only that answer has the SIP status.
pub const PRESUMED_AFTER: Span = Span(5_000);

impl Call {
    /// The moment from which a dialer could have claimed it.
    pub(super) fn ready_at(&self) -> Timestamp {
        self.promoted_at.unwrap_or(self.created_at())
    }

    /// Whether it is too late to claim it.
    #[must_use]
    pub fn missed_its_dispatch(&self, now: Timestamp) -> bool {
        now >= self.unclaimed_until(self.ready_at())
    }

    /// The deadline for claiming a call that could have been claimed since `since`.
    fn unclaimed_until(&self, since: Timestamp) -> Timestamp {
        (since + DISPATCH_DEADLINE).min(self.not_after())
    }

    /// The next moment at which [`Call::advance`] has something to do that the row does not already
    /// plan; `None` when nothing is left to do.
    #[must_use]
    pub fn due(&self, settings: &Settings) -> Option<Timestamp> {
        let owes = self.left_a_room() || !self.owes.is_empty();
        let release = owes.then_some(self.volatile.teardown_at);
        let deadlines = [self.next_deadline(settings), release];
        let deadline = deadlines.into_iter().flatten().min()?;
        Some(if self.long_lived {
            deadline
        } else {
            deadline.min(self.created_at() + RECENT)
        })
    }

    /// The same for a call that no dialer has claimed, not counting its next dispatch.
    pub(crate) fn due_but_for_dispatch(&self) -> Timestamp {
        let deadline = self
            .queued_until
            .unwrap_or(self.unclaimed_until(self.ready_at()));
        match self.long_lived {
            true => deadline,
            false => deadline.min(self.created_at() + RECENT),
        }
    }

    fn next_deadline(&self, settings: &Settings) -> Option<Timestamp> {
        Some(match self.phase() {
            // The trunk's schedule keeps that moment.
            Phase::Scheduled { .. } => return None,
            Phase::Queued { until } => until.min(self.volatile.dispatch_at),
            Phase::Unclaimed { since } => {
                let until = self.unclaimed_until(since);
                self.volatile.dispatch_at.min(until)
            }
            Phase::SettingUp { dialed_at } | Phase::Ringing { dialed_at } => {
                self.next_word(self.rings_until(dialed_at, settings) + RING_GRACE)
            }
            Phase::Talking { since } => {
                let watchdog = since + settings.max_call + END_GRACE;
                self.next_word(watchdog.min(self.believed_at()))
            }
            Phase::AwaitingReport { .. } if planted(Fault::ReportAwaitedForEver) => return None,
            Phase::AwaitingReport { ended_at } => self.reported_by(ended_at),
            Phase::Over => return self.counts_against_cps_until,
        })
    }

    /// When a dialed call moves on: as its plan says, when its carrier is asked, or at its watchdog.
    fn next_word(&self, watchdog: Timestamp) -> Timestamp {
        let planned = self.planned().unwrap_or(Timestamp::MAX);
        planned.min(self.volatile.inquire_at).min(watchdog)
    }

    /// When a dialed phone stops ringing.
    fn rings_until(&self, dialed_at: Timestamp, settings: &Settings) -> Timestamp {
        let setup = if self.has_room { SETUP_LIMIT } else { Span(0) };
        dialed_at + setup + settings.ring_timeout
    }

    /// When the plan next has something that must be written: its first ending, or else its last event.
    fn planned(&self) -> Option<Timestamp> {
        let ending = self.plan.iter().find(|timed| timed.event.ends_the_call());
        ending.or(self.plan.last()).map(|timed| timed.at)
    }

    /// Does all that is due at `now`.
    pub fn advance(&mut self, now: Timestamp, settings: &Settings, key: &IdKey) -> Advance {
        let mut done = Advance {
            write: self.follow_plan(now, settings, key),
            ..Advance::default()
        };
        done.write |= self.watch(now, settings, key, &mut done);
        self.tear_down(now, settings, &mut done);
        if self
            .counts_against_cps_until
            .is_some_and(|until| now >= until)
        {
            self.counts_against_cps_until = None;
            done.write |= !self.is_open();
        }
        if self.is_open() && !self.long_lived && now >= self.created_at() + RECENT {
            self.long_lived = true;
            done.write = true;
        }
        done
    }

    /// The watchdogs: what happens when nobody reports. Returns whether it must be written.
    fn watch(
        &mut self,
        now: Timestamp,
        settings: &Settings,
        key: &IdKey,
        done: &mut Advance,
    ) -> bool {
        match self.phase() {
            Phase::Scheduled { .. } => false,
            Phase::Queued { until } => {
                // The queue moves as capacity frees; all that ends here is the call's own wait.
                self.volatile.dispatch_at = Timestamp::MAX;
                now >= until && self.give_up(FailureCode::ChannelsExhausted, now, key)
            }
            Phase::Unclaimed { .. } if self.has_missed_its_window(now) => {
                self.give_up(FailureCode::WindowClosed, now, key)
            }
            Phase::Unclaimed { since } if now >= since + DISPATCH_DEADLINE => {
                self.give_up(FailureCode::TimedOut, now, key)
            }
            Phase::Unclaimed { .. } => {
                self.dispatch_again(now, done);
                false
            }
            Phase::SettingUp { dialed_at } if self.rang_out(dialed_at, now, settings) => {
                self.give_up(FailureCode::TimedOut, now, key)
            }
            Phase::Ringing { dialed_at } if self.rang_out(dialed_at, now, settings) => {
                self.give_up(FailureCode::NoAnswer, now, key)
            }
            Phase::Talking { .. } if now >= self.believed_at() => {
                self.take_its_word(key);
                true
            }
            Phase::Talking { since } if now >= since + settings.max_call + END_GRACE => {
                self.stop(FailureCode::TimedOut, self.no_later(now, settings), key);
                true
            }
            Phase::SettingUp { .. } | Phase::Ringing { .. } | Phase::Talking { .. } => {
                self.look(now, settings, done);
                false
            }
            Phase::AwaitingReport { .. } if planted(Fault::ReportAwaitedForEver) => false,
            Phase::AwaitingReport { ended_at } => {
                let is_late = now >= self.reported_by(ended_at);
                if is_late {
                    self.complete(None, self.failure, ended_at, key);
                }
                is_late
            }
            Phase::Over => false,
        }
    }

    /// It did not connect, and nobody says why.
    fn give_up(&mut self, code: FailureCode, now: Timestamp, key: &IdKey) -> bool {
        self.fail(Failure::of(code), now, key);
        true
    }

    fn rang_out(&self, dialed_at: Timestamp, now: Timestamp, settings: &Settings) -> bool {
        now >= self.rings_until(dialed_at, settings) + RING_GRACE
    }

    fn dispatch_again(&mut self, now: Timestamp, done: &mut Advance) {
        if now >= self.volatile.dispatch_at {
            self.volatile.dispatch_at = now + DISPATCH_AGAIN;
            if !planted(Fault::LostIntent) {
                done.effects.push(CallEffect::Dispatch);
            }
        }
    }

    /// A call that is over leaves no room behind and keeps no place it does not need: those concerned are told until it is done.
    fn tear_down(&mut self, now: Timestamp, settings: &Settings, done: &mut Advance) {
        if now < self.volatile.teardown_at {
            return;
        }
        if !self.owes.is_empty() {
            self.volatile.teardown_at = now + TEARDOWN_AGAIN;
            done.effects.push(CallEffect::GiveBack);
        }
        let Some(since) = self.unwanted_since().filter(|_| self.has_room) else {
            return;
        };
        let is_late = now >= since + settings.max_call + TEARDOWN_PATIENCE;
        if is_late && self.volatile.teardown_tries >= TEARDOWN_TRIES {
            self.has_room = false;
            done.write = true;
        } else {
            self.volatile.teardown_at = now + TEARDOWN_AGAIN;
            self.volatile.teardown_tries = self.volatile.teardown_tries.saturating_add(1);
            done.effects.push(CallEffect::TearDown);
        }
    }

    fn look(&mut self, now: Timestamp, settings: &Settings, done: &mut Advance) {
        if now >= self.volatile.inquire_at {
            self.volatile.looked_at = now;
            self.volatile.inquire_at = self.next_inquiry(now, settings);
            done.effects.push(CallEffect::Inquire);
        }
    }

    /// Often enough to find a lost hang-up before the call counts as stalled, and once more at the
    /// end of the longest conversation.
    pub(super) fn next_inquiry(&self, now: Timestamp, settings: &Settings) -> Timestamp {
        let Some(answered_at) = self.answered_at else {
            return now + LOOK_UNANSWERED;
        };
        let half = Span((now - answered_at).0 / 2);
        let wait = match (self.has_room, self.announced) {
            (true, _) if self.volatile.alone || self.farewell.is_some() => LOOK_AT_ONCE,
            (true, true) => INQUIRE_EVERY,
            (true, false) => half.clamp(LOOK_AT_ONCE, LOOK_UNANNOUNCED),
            (false, _) => INQUIRE_EVERY.min(settings.stalled_after).max(Span(10)),
        };
        let next = now + wait;
        let last = answered_at + settings.max_call;
        if now < last { next.min(last) } else { next }
    }
}
