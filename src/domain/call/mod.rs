//! The life of one call, as its row tells it.
//!
//! A call takes events from the carrier, each with the time at which it happened, and moves forward
//! only: a late or repeated event changes nothing, and a terminal state is final. What it waits for
//! is [`Call::due`]; what is to be done when that moment comes is [`Call::advance`].

mod bound;
mod end;
mod event;
mod reason;
mod status;
mod turn;
mod volatile;
mod words;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use bound::{longest, watchdogs};
pub use end::{AgentVerdict, BROKEN_OFF_WITHIN, Farewell, Report};
pub use event::{CarrierEvent, Finding, Timed};
pub use reason::Reason;
pub use status::{AnsweredBy, CallStatus, Failure, FailureCode, FailureSource};
pub use turn::{Told, Turn};
pub use volatile::Volatile;

use super::callback::Delivery;
use super::ids::{AgentId, CallId, IdKey, KeyId, OrgId, TrunkId};
use super::media::Keeps;
use super::phone::E164;
use super::planted::{Fault, planted};
use super::settings::Settings;
use super::time::Millis;

/// How long a call may wait for a dialer to claim it.
pub const DISPATCH_DEADLINE: Millis = Millis(120_000);
/// How long an unclaimed call waits before it is handed to the queue again.
pub const DISPATCH_AGAIN: Millis = Millis(5_000);
/// How long after the ringing timeout the carrier's own word is awaited.
pub const RING_GRACE: Millis = Millis(5_000);
/// How long after the end of the longest conversation the carrier's own word is awaited.
pub const END_GRACE: Millis = Millis(5_000);
/// How long the agent may take to report after the end.
pub const REPORT_GRACE: Millis = Millis(10_000);
/// A conversation shorter than this was hung up at once: nothing can have been said in it.
pub const AT_ONCE: Millis = Millis(1_500);
/// How long the agent may take to report of such a one.
pub const REPORT_GRACE_AT_ONCE: Millis = Millis(3_000);
/// How long a carrier with rooms may take until the phone is asked to ring.
pub const SETUP: Millis = Millis(30_000);
/// How long after the end a carrier that can't be reached is told to hang up, beyond the longest conversation.
pub const RELEASE_PATIENCE: Millis = Millis(600_000);
/// But so often at least, should the object have slept for that long.
const RELEASE_TRIES: u32 = 10;
/// How often it is told, until it is done.
const RELEASE_AGAIN: Millis = Millis(10_000);
/// A room that was deleted is deleted once more so long after the end: an agent on its way there makes it anew.
const ROOM_RETURNS: Millis = Millis(10_000);
/// How often the carrier is asked about a conversation that says nothing.
const LOOK_EVERY: Millis = Millis(60_000);
/// How often it is asked about one in a room of which it announced nothing: its end must not wait for long.
const LOOK_UNANNOUNCED: Millis = Millis(20_000);
/// How often while somebody may be on the phone with nobody to talk to; and about one of which nothing is announced as soon
/// as that: then each time after half as long again as it has lasted.
const LOOK_AT_ONCE: Millis = Millis(2_000);
/// How often the carrier is asked about a call that was dialed and not answered.
const LOOK_UNANSWERED: Millis = Millis(20_000);
/// A call that is still open when it is this old is marked, so that it is found without a scan.
pub const RECENT: Millis = Millis(600_000);

/// The agent as the call needs it: a copy, so that a call runs as it was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallAgent {
    /// Which agent.
    pub id: AgentId,
    /// Its name on the LiveKit server.
    pub code: String,
    /// The fields it needs.
    pub fields: Vec<String>,
}

/// A request for a call, checked and complete.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallRequest {
    /// Whose call.
    pub org: OrgId,
    /// The trunk to place it through.
    pub trunk: TrunkId,
    /// The key that asked for it.
    pub key: KeyId,
    /// The number to call.
    pub phone: E164,
    /// Who talks.
    pub agent: CallAgent,
    /// What the agent is told; kept as given.
    pub metadata: Option<Map<String, Value>>,
    /// Where the result goes.
    pub callback_url: Option<String>,
}

/// A call. Stored as JSON: a new field needs a default, and a golden file of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Its id, which says when it was accepted.
    pub id: CallId,
    /// What was asked for.
    pub request: CallRequest,
    /// Where it is.
    pub status: CallStatus,
    /// Until when it waits for capacity, while it stands in its trunk's line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_until: Option<Millis>,
    /// When it left the line for the dialer, if it ever stood there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promoted_at: Option<Millis>,
    /// When a dialer claimed it; from then on it is never dialed again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialed_at: Option<Millis>,
    /// When the phone began to ring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ringing_at: Option<Millis>,
    /// When the person picked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Millis>,
    /// When it was over; an answered call may still wait for its agent's report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Millis>,
    /// When it last changed.
    pub updated_at: Millis,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Value>,
    /// Where its agent says the transcript is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript_url: Option<String>,
    /// Where its agent says the recording is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording_url: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What was said of the failure, for the timeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_detail: Option<String>,
    /// What a simulated carrier is going to do. Committed with the dial, so each of these events is
    /// known from the row alone, and none but the last needs a write of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plan: Vec<Timed>,
    /// How its callback fares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<Delivery>,
    /// What the live feed tells of it, from when it rang on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<Told>,
    /// Until then its dial counts against `max_cps`, if it stood in line: it stays open for so long,
    /// so that a restart finds it, however old it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paced_until: Option<Millis>,
    /// Open for so long that an index holds it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// What is kept of it.
    #[serde(default, skip_serializing_if = "Keeps::nothing")]
    pub keeps: Keeps,
    /// The carrier may hold a room for it, which is to be deleted once it is over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub room: bool,
    /// The carrier announces by itself what happens to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub announced: bool,
    /// Its agent's word that it is done with a conversation that goes on, as far as is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub farewell: Option<Farewell>,
    /// That it was over was found by looking: it ended no later than that, and its agent may know better.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub found_over: bool,
    /// It was hung up at once: its agent's report is not waited for as long.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_once: bool,
    /// What is known of it beside its row.
    #[serde(skip)]
    pub volatile: Volatile,
}

/// What a call wants done; each is safe to repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEffect {
    /// Hand it to the dispatch queue.
    Dispatch,
    /// Ask the carrier about it.
    Inquire,
    /// Have the carrier hang up, and leave nothing behind.
    Release,
    /// Send attempt number n of its callback.
    Callback(u32),
}

/// What [`Call::advance`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advance {
    /// The row must be written: something happened that it does not foretell.
    pub write: bool,
    /// What is to be done.
    pub effects: Vec<CallEffect>,
}

/// One line of a call's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineEntry {
    /// When.
    pub at: Millis,
    /// What: `accepted`, `queued`, `dialing`, `ringing`, `answered`, `ended`, `rejected`, `callback_attempt`.
    pub event: &'static str,
    /// More about it.
    pub detail: Option<String>,
}

impl Call {
    /// A call that was accepted and waits for a dialer; its first dispatch is already under way.
    #[must_use]
    pub fn accepted(id: CallId, request: CallRequest, now: Millis) -> Self {
        Self {
            id,
            request,
            status: CallStatus::Initiating,
            waits_until: None,
            promoted_at: None,
            dialed_at: None,
            ringing_at: None,
            answered_at: None,
            ended_at: None,
            updated_at: now,
            outcome: None,
            transcript_url: None,
            recording_url: None,
            failure: None,
            failure_detail: None,
            plan: Vec::new(),
            callback: None,
            told: Vec::new(),
            paced_until: None,
            late: false,
            keeps: Keeps::default(),
            room: false,
            announced: false,
            farewell: None,
            found_over: false,
            at_once: false,
            volatile: Volatile {
                dispatch_at: now + DISPATCH_AGAIN,
                ..Volatile::default()
            },
        }
    }

    /// A call that was accepted and stands in line until there is capacity, or until `until`.
    #[must_use]
    pub fn queued(id: CallId, request: CallRequest, until: Millis, now: Millis) -> Self {
        let mut call = Self::accepted(id, request, now);
        call.waits_until = Some(until);
        call.volatile.dispatch_at = Millis::MAX;
        call
    }

    /// A call that was refused for want of capacity: terminal from the first.
    #[must_use]
    pub fn rejected(
        id: CallId,
        request: CallRequest,
        code: FailureCode,
        key: &IdKey,
        now: Millis,
    ) -> Self {
        let mut call = Self::accepted(id, request, now);
        call.end(
            CallStatus::RejectedCapacity,
            Some(Failure::of(code)),
            now,
            key,
        );
        call
    }

    /// When it was accepted, or refused.
    #[must_use]
    pub fn created_at(&self) -> Millis {
        self.id.address().at
    }

    /// Whether it takes up one of its trunk's channels.
    #[must_use]
    pub fn holds_channel(&self) -> bool {
        self.ended_at.is_none() && self.waits_until.is_none()
    }

    /// Whether it stands in its trunk's line.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.ended_at.is_none() && self.waits_until.is_some()
    }

    /// It leaves the line: there is capacity. Not written before the claim: after a crash it stands
    /// in line again, at its old place.
    pub fn promote(&mut self, now: Millis) {
        self.waits_until = None;
        self.promoted_at = Some(now);
        self.volatile.promoted_at = Some(now);
        self.volatile.dispatch_at = now;
    }

    /// Since when a dialer could have claimed it.
    fn ready_at(&self) -> Millis {
        self.promoted_at.unwrap_or(self.created_at())
    }

    /// Whether it is too late for a dialer to claim it.
    #[must_use]
    pub fn missed_its_dispatch(&self, now: Millis) -> bool {
        now >= self.ready_at() + DISPATCH_DEADLINE
    }

    /// Whether anything is still to happen to it, its callback aside.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.status.is_terminal() || self.room || self.paced_until.is_some()
    }

    /// Whether it was answered, goes on, and has had no news for longer than is healthy.
    #[must_use]
    pub fn is_stalled(&self, now: Millis, settings: &Settings) -> bool {
        self.status == CallStatus::Answered
            && self.ended_at.is_none()
            && now > self.updated_at + settings.stalled_after
    }

    /// Length of the conversation in whole seconds, rounded down; `None` unless answered and over.
    #[must_use]
    pub fn duration_secs(&self) -> Option<u64> {
        Some((self.ended_at? - self.answered_at?).as_secs())
    }

    /// Who picked up, once the call is terminal and all of its result is known; `None` when nobody did. The agent's outcome
    /// says it in `answered_by`; without that, the disposition `voicemail` does.
    #[must_use]
    pub fn answered_by(&self) -> Option<AnsweredBy> {
        self.answered_at.filter(|_| self.status.is_terminal())?;
        let outcome = self.outcome.as_ref();
        let word = |field: &str| outcome.and_then(|outcome| outcome.get(field)?.as_str());
        Some(match (word("answered_by"), word("disposition")) {
            (Some("human"), _) => AnsweredBy::Human,
            (Some("voicemail"), _) | (None, Some("voicemail")) => AnsweredBy::Voicemail,
            _ => AnsweredBy::Unknown,
        })
    }

    /// Why it failed, or was ended before its time, once it is terminal.
    #[must_use]
    pub fn final_failure(&self) -> Option<Failure> {
        self.failure.filter(|_| self.status.is_terminal())
    }

    /// The next moment at which [`Call::advance`] has something to do that the row does not already
    /// foretell; `None` when all is done.
    #[must_use]
    pub fn due(&self, settings: &Settings) -> Option<Millis> {
        let release = (self.room && self.ended_at.is_some()).then_some(self.volatile.release_at);
        let duties = [self.next_duty(settings), release];
        let duty = duties.into_iter().flatten().min()?;
        Some(if self.late {
            duty
        } else {
            duty.min(self.created_at() + RECENT)
        })
    }

    /// Likewise for a call that no dialer has claimed, but for when it goes to the dispatch queue again.
    pub(crate) fn due_but_for_dispatch(&self) -> Millis {
        let deadline = self
            .waits_until
            .unwrap_or(self.ready_at() + DISPATCH_DEADLINE);
        match self.late {
            true => deadline,
            false => deadline.min(self.created_at() + RECENT),
        }
    }

    fn next_duty(&self, settings: &Settings) -> Option<Millis> {
        if self.status.is_terminal() {
            return self.paced_until;
        }
        if let Some(ended_at) = self.ended_at {
            return (!planted(Fault::ReportAwaitedForEver)).then(|| self.reported_by(ended_at));
        }
        if let Some(until) = self.waits_until {
            return Some(until.min(self.volatile.dispatch_at));
        }
        let Some(dialed_at) = self.dialed_at else {
            return Some(
                self.volatile
                    .dispatch_at
                    .min(self.ready_at() + DISPATCH_DEADLINE),
            );
        };
        let watchdog = match self.answered_at {
            Some(answered_at) => {
                (answered_at + settings.max_call + END_GRACE).min(self.believed_at())
            }
            None => self.rings_until(dialed_at, settings) + RING_GRACE,
        };
        Some(
            self.planned()
                .unwrap_or(Millis::MAX)
                .min(self.volatile.look_at)
                .min(watchdog),
        )
    }

    /// When a phone that was dialed stops ringing.
    fn rings_until(&self, dialed_at: Millis, settings: &Settings) -> Millis {
        let setup = if self.room { SETUP } else { Millis(0) };
        dialed_at + setup + settings.ring_timeout
    }

    /// When the plan has a word that must be written down: its first ending, else its last event.
    fn planned(&self) -> Option<Millis> {
        let ending = self.plan.iter().find(|timed| timed.event.ends_the_call());
        ending.or(self.plan.last()).map(|timed| timed.at)
    }

    /// Does all that is due at `now`.
    pub fn advance(&mut self, now: Millis, settings: &Settings, key: &IdKey) -> Advance {
        let mut done = Advance {
            write: self.follow_plan(now, settings, key),
            ..Advance::default()
        };
        if !self.status.is_terminal() {
            self.watch(now, settings, key, &mut done);
        }
        self.clear_up(now, settings, &mut done);
        if self.paced_until.is_some_and(|until| now >= until) {
            self.paced_until = None;
            done.write |= !self.is_open();
        }
        if self.is_open() && !self.late && now >= self.created_at() + RECENT {
            self.late = true;
            done.write = true;
        }
        done
    }

    /// What its plan foretold happens. Returns whether that is to be written: the row does not foretell an ending.
    fn follow_plan(&mut self, until: Millis, settings: &Settings, key: &IdKey) -> bool {
        let is_over = self.plan_until(until, true, settings, key);
        self.volatile.planned_until = self.volatile.planned_until.max(until);
        is_over
    }

    /// Likewise, up to its end, or through it.
    fn plan_until(&mut self, until: Millis, ends: bool, settings: &Settings, key: &IdKey) -> bool {
        let mut is_over = false;
        let goes = |timed: &Timed| timed.at <= until && (ends || !timed.event.ends_the_call());
        while self.plan.first().is_some_and(goes) {
            let Timed { at, event } = self.plan.remove(0);
            is_over |= event.ends_the_call();
            self.apply(event, at, settings, key);
            self.note(at);
        }
        is_over
    }

    /// The watchdogs: what happens when nobody says anything.
    fn watch(&mut self, now: Millis, settings: &Settings, key: &IdKey, done: &mut Advance) {
        let timed_out = Some(Failure::of(FailureCode::TimedOut));
        if let Some(ended_at) = self.ended_at {
            if now >= self.reported_by(ended_at) && !planted(Fault::ReportAwaitedForEver) {
                self.complete(None, self.failure, ended_at, key);
                done.write = true;
            }
        } else if let Some(answered_at) = self.answered_at {
            if now >= self.believed_at() {
                self.take_its_word(key);
                done.write = true;
            } else if now >= answered_at + settings.max_call + END_GRACE {
                self.stop(FailureCode::TimedOut, self.no_later(now, settings), key);
                done.write = true;
            } else {
                self.look(now, settings, done);
            }
        } else if let Some(dialed_at) = self.dialed_at {
            if now >= self.rings_until(dialed_at, settings) + RING_GRACE {
                let failure = match self.ringing_at {
                    Some(_) => Failure::of(FailureCode::NoAnswer),
                    None => Failure::of(FailureCode::TimedOut),
                };
                self.end(failure.status(), Some(failure), now, key);
                done.write = true;
            } else {
                self.look(now, settings, done);
            }
        } else if let Some(until) = self.waits_until {
            // The line moves when there is capacity; all that ends here is its patience.
            self.volatile.dispatch_at = Millis::MAX;
            if now >= until {
                let failure = Failure::of(FailureCode::ChannelsExhausted);
                self.end(failure.status(), Some(failure), now, key);
                done.write = true;
            }
        } else if self.missed_its_dispatch(now) {
            self.end(CallStatus::TriggerFailed, timed_out, now, key);
            done.write = true;
        } else if now >= self.volatile.dispatch_at {
            self.volatile.dispatch_at = now + DISPATCH_AGAIN;
            if !planted(Fault::LostIntent) {
                done.effects.push(CallEffect::Dispatch);
            }
        }
    }

    /// What is over leaves no room behind: the carrier is told until it is done.
    fn clear_up(&mut self, now: Millis, settings: &Settings, done: &mut Advance) {
        let Some(ended_at) = self
            .ended_at
            .filter(|_| self.room && now >= self.volatile.release_at)
        else {
            return;
        };
        let is_late = now >= ended_at + settings.max_call + RELEASE_PATIENCE;
        if is_late && self.volatile.release_tries >= RELEASE_TRIES {
            self.room = false;
            done.write = true;
        } else {
            self.volatile.release_at = now + RELEASE_AGAIN;
            self.volatile.release_tries = self.volatile.release_tries.saturating_add(1);
            done.effects.push(CallEffect::Release);
        }
    }

    /// The carrier hung up and left nothing behind. Whoever dials may still be at it in the first seconds, and its agent on
    /// its way: either makes the room anew, so it is told once more. Returns whether it is done.
    pub fn released(&mut self, now: Millis) -> bool {
        let is_settled = |dialed_at| {
            self.volatile.dialer_done || self.answered_at.is_some() || now >= dialed_at + SETUP
        };
        let returns_until = self.ended_at.map(|ended_at| ended_at + ROOM_RETURNS);
        let is_empty =
            returns_until.is_some_and(|until| now >= until) || planted(Fault::DeletedOnce);
        let done = self.room
            && self.ended_at.is_some()
            && is_empty
            && self.dialed_at.is_none_or(is_settled);
        self.room &= !done;
        done
    }

    /// The carrier tells that there is a room for it. One of a call that is over has come back: it is deleted again, at once.
    /// Returns whether that is news.
    pub fn room_seen(&mut self, now: Millis) -> bool {
        let is_over = self.ended_at.is_some() && self.dialed_at.is_some();
        if !is_over || planted(Fault::RoomReturns) {
            return false;
        }
        self.volatile.release_at = self.volatile.release_at.min(now);
        let is_news = !self.room;
        if is_news {
            self.room = true;
            self.volatile.release_tries = 0;
        }
        is_news
    }

    fn look(&mut self, now: Millis, settings: &Settings, done: &mut Advance) {
        if now >= self.volatile.look_at {
            self.volatile.looked_at = now;
            self.volatile.look_at = self.next_look(now, settings);
            done.effects.push(CallEffect::Inquire);
        }
    }

    /// Often enough to find a lost hang-up before the call counts as stalled, and once more at the
    /// end of the longest conversation.
    fn next_look(&self, now: Millis, settings: &Settings) -> Millis {
        let Some(answered_at) = self.answered_at else {
            return now + LOOK_UNANSWERED;
        };
        let half = Millis((now - answered_at).0 / 2);
        let wait = match (self.room, self.announced) {
            (true, _) if self.volatile.alone || self.farewell.is_some() => LOOK_AT_ONCE,
            (true, true) => LOOK_EVERY,
            (true, false) => half.clamp(LOOK_AT_ONCE, LOOK_UNANNOUNCED),
            (false, _) => LOOK_EVERY.min(settings.stalled_after).max(Millis(10)),
        };
        let next = now + wait;
        let last = answered_at + settings.max_call;
        if now < last { next.min(last) } else { next }
    }

    /// A dialer takes it: whatever happens now, nobody else will dial it.
    /// `room` says whether its carrier makes a room for it.
    pub fn claim(&mut self, room: bool, now: Millis, settings: &Settings) {
        self.room = room;
        self.volatile.silent = room;
        self.dialed_at = Some(now);
        self.updated_at = now;
        self.volatile.look_at = self.next_look(now, settings);
        if self.promoted_at.is_some() {
            self.paced_until = Some(now + Millis::from_secs(1));
        }
    }

    /// When the carrier's last event was that moved it on; a report of its agent is none.
    fn moved_on_at(&self) -> Millis {
        let moments = [self.dialed_at, self.ringing_at, self.answered_at];
        moments.into_iter().flatten().max().unwrap_or_default()
    }

    /// Takes an event that happened at `at`: no earlier than those before it, whatever the
    /// carrier's clock says. Returns whether it changed anything.
    pub fn apply(
        &mut self,
        event: CarrierEvent,
        at: Millis,
        settings: &Settings,
        key: &IdKey,
    ) -> bool {
        let is_over = self.ended_at.is_some() && !planted(Fault::TerminalOverwritten);
        let (said_at, at) = (at, at.max(self.moved_on_at()));
        match event {
            CarrierEvent::Released => return std::mem::take(&mut self.room),
            CarrierEvent::Deleted => {
                self.volatile.dialer_done = true;
                self.volatile.release_at = self.volatile.release_at.max(at + RELEASE_AGAIN);
                return false;
            }
            // Known from now on; written with whatever comes next.
            CarrierEvent::Announced => {
                self.announced = true;
                return false;
            }
            _ if is_over || self.dialed_at.is_none() => return false,
            CarrierEvent::Ringing
                if self.status == CallStatus::Initiating || planted(Fault::CallMovesBack) =>
            {
                self.status = CallStatus::Ringing;
                self.ringing_at = Some(at);
            }
            CarrierEvent::Answered if self.status != CallStatus::Answered => {
                self.status = CallStatus::Answered;
                self.answered_at = Some(at);
                self.volatile.look_at = match self.volatile.alone || self.farewell.is_some() {
                    true => Millis(0),
                    false => self.next_look(at, settings),
                };
            }
            CarrierEvent::AgentLeft => return self.look_after(),
            CarrierEvent::HungUp(outcome) if self.answered_at.is_some() => {
                self.hang_up(outcome, self.talked_until(said_at), key);
            }
            CarrierEvent::Vanished | CarrierEvent::RoomClosed if self.answered_at.is_some() => {
                self.found_over(self.no_later(said_at, settings), key);
            }
            CarrierEvent::Deserted if self.answered_at.is_some() => self.desert(at, key),
            CarrierEvent::Failed(failure) if self.answered_at.is_some() => {
                self.blame_the_dialer(failure);
                self.hang_up(None, self.talked_until(said_at), key);
            }
            CarrierEvent::Failed(failure) => self.fail(failure, at, key),
            CarrierEvent::Deserted => self.fail(self.absence(), at, key),
            // It stopped ringing, and nobody says why.
            CarrierEvent::HungUp(_) | CarrierEvent::Vanished => {
                self.fail(Failure::of(FailureCode::NoAnswer), at, key);
            }
            CarrierEvent::Ringing | CarrierEvent::Answered | CarrierEvent::RoomClosed => {
                return false;
            }
        }
        self.updated_at = self.updated_at.max(at);
        true
    }

    /// When it began to wait for capacity, if it ever did.
    fn waited_from(&self) -> Option<Millis> {
        self.waits_until
            .or(self.promoted_at)
            .map(|_| self.created_at())
    }

    /// Why it failed, and what was said of that.
    fn in_words(&self, failure: Failure) -> String {
        match &self.failure_detail {
            Some(detail) => format!("{}: {detail}", failure.message()),
            None => failure.detail(),
        }
    }

    /// Its history, oldest first.
    #[must_use]
    pub fn timeline(&self) -> Vec<TimelineEntry> {
        let entry =
            |at: Option<Millis>, event, detail| at.map(|at| TimelineEntry { at, event, detail });
        let mut entries: Vec<TimelineEntry> = if self.was_refused() {
            let detail = self.failure.map(|failure| failure.message().to_owned());
            entry(self.ended_at, "rejected", detail)
                .into_iter()
                .collect()
        } else {
            let why = self.failure.map(|failure| self.in_words(failure));
            [
                entry(Some(self.created_at()), "accepted", None),
                entry(self.waited_from(), "queued", None),
                entry(self.dialed_at, "dialing", None),
                entry(self.ringing_at, "ringing", None),
                entry(self.answered_at, "answered", None),
                entry(self.ended_at, "ended", why),
            ]
            .into_iter()
            .flatten()
            .collect()
        };
        let attempts = self.callback.iter().flat_map(|callback| &callback.attempts);
        entries.extend(attempts.map(|attempt| {
            TimelineEntry {
                at: attempt.at,
                event: "callback_attempt",
                detail: attempt
                    .status_code
                    .map(|code| format!("HTTP {code}"))
                    .or_else(|| attempt.error.clone()),
            }
        }));
        entries
    }
}
