//! How a conversation ends, when, and what its agent says of it.
//!
//! Whose word on the end counts, in this order: the carrier's, with the time at which it happened; the agent's, which says
//! how long ago that was by its own clock, unless an inquiry saw the callee there later than that; the inquiry that found
//! the conversation over, which must have ended before it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    AT_ONCE, Call, CallStatus, Failure, FailureCode, FailureSource, Phase, REPORT_GRACE,
    REPORT_GRACE_AT_ONCE, RING_GRACE, SETUP_LIMIT,
};
use crate::domain::callback::Delivery;
use crate::domain::ids::IdKey;
use crate::domain::planted::{Fault, planted};
use crate::domain::settings::Settings;
use crate::domain::time::{Span, Timestamp};

/// What an agent reports of its call. Any part may be missing; the first report of each counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The call's outcome.
    pub outcome: Option<Value>,
    /// Where the transcript is.
    pub transcript_url: Option<String>,
    /// Where the recording is.
    pub recording_url: Option<String>,
    /// The agent broke off the call; its explanation, if it gave one.
    #[serde(default)]
    pub failure: Option<String>,
    /// How long before the report the conversation ended, as the agent saw it.
    #[serde(default)]
    pub ended_ago: Option<Span>,
}

/// An agent's word that it is done with a conversation which, as far as is known, goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Farewell {
    /// When the conversation was over at the latest, according to the agent.
    pub at: Timestamp,
    /// When the agent said so.
    pub heard: Timestamp,
}

/// An agent that breaks off within this time of the answer broke off at once.
pub const BROKEN_OFF_WITHIN: Span = Span(3_000);

/// What an answered call tells about its agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentVerdict {
    /// It broke off at once.
    BrokeOff,
    /// It stayed longer than agents that break off at once do.
    HeldOut,
    /// Neither: the callee hung up at once, or it broke off later.
    Unclear,
}

fn fill<T>(known: &mut Option<T>, said: Option<T>) -> bool {
    let news = known.is_none() && said.is_some();
    if news {
        *known = said;
    }
    news
}

impl Call {
    /// Takes the agent's report, which fills in what was missing. What is known stays, and a terminal call never changes.
    ///
    /// The report means that the agent is done, so a conversation that still seems to go on is looked into at once.
    pub fn report(&mut self, report: Report, now: Timestamp, key: &IdKey) -> bool {
        if self.status.is_terminal() {
            return false;
        }
        let over_by = now - report.ended_ago.unwrap_or_default();
        let broke_off = report.failure.is_some();
        let mut news = fill(&mut self.transcript_url, report.transcript_url)
            | fill(&mut self.recording_url, report.recording_url)
            | fill(&mut self.outcome, report.outcome)
            | self.blame_the_agent(report.failure);
        match self.phase() {
            Phase::AwaitingReport { ended_at: known } => {
                let ended_at = match self.found_over {
                    true => self.talked_until(known.min(over_by)),
                    false => known,
                };
                news |= ended_at != known;
                self.ended_at = Some(ended_at);
                if self.outcome.is_some() || broke_off {
                    self.complete(None, self.failure, ended_at, key);
                    news = true;
                }
            }
            Phase::SettingUp { .. } | Phase::Ringing { .. } | Phase::Talking { .. } => {
                news |= self.take_leave(over_by, broke_off, now, key);
            }
            // Nobody has dialed it, so no agent can be done with it.
            Phase::Scheduled { .. }
            | Phase::Queued { .. }
            | Phase::Unclaimed { .. }
            | Phase::Over => {}
        }
        if news {
            self.updated_at = self.updated_at.max(now);
        }
        news
    }

    /// The agent is done with a call that, as far as is known, is still in progress.
    fn take_leave(
        &mut self,
        over_by: Timestamp,
        broke_off: bool,
        now: Timestamp,
        key: &IdKey,
    ) -> bool {
        if !self.has_room {
            // A simulated callee has nobody left to talk to, and is hung up on here.
            let talks = self.answered_at.is_some();
            if talks {
                self.hang_up(None, now, key);
            }
            return talks;
        }
        if broke_off && self.status == CallStatus::Initiating {
            self.fail(Failure::of(FailureCode::AgentFailed), now, key);
            return true;
        }
        let at = self.farewell.map_or(over_by, |known| known.at.min(over_by));
        let heard = self.farewell.map_or(now, |known| known.heard);
        let farewell = Some(Farewell { at, heard });
        let is_news = self.farewell != farewell;
        self.farewell = farewell;
        if !planted(Fault::FarewellIgnored) {
            self.volatile.inquire_at = Timestamp(0);
        }
        is_news
    }

    /// When the agent's word that it is done is believed though the carrier could not be asked.
    pub(super) fn believed_at(&self) -> Timestamp {
        let farewell = self.farewell.filter(|_| self.is_agent_done());
        farewell.map_or(Timestamp::MAX, |farewell| farewell.heard + REPORT_GRACE)
    }

    pub(super) fn take_its_word(&mut self, key: &IdKey) {
        if let Some(farewell) = self.farewell {
            self.found_over(farewell.at, key);
        }
    }

    /// An agent left. Nobody who picked up should be left alone, so the carrier is asked at once, and until it answers.
    pub(super) fn look_after(&mut self) -> bool {
        if self.has_room && !planted(Fault::AgentLeftIgnored) {
            self.volatile.alone = true;
            self.volatile.inquire_at = Timestamp(0);
        }
        false
    }

    /// A conversation lasted at least until it was last seen.
    pub(super) fn talked_until(&self, at: Timestamp) -> Timestamp {
        at.max(self.volatile.seen_at)
            .max(self.answered_at.unwrap_or_default())
    }

    /// No call lasts longer than the carrier allows, however late its end is found.
    pub(super) fn no_later(&self, now: Timestamp, settings: &Settings) -> Timestamp {
        let longest = SETUP_LIMIT + settings.ring_timeout + settings.max_call + RING_GRACE;
        match self.dialed_at {
            Some(dialed_at) if self.has_room => now.min(dialed_at + longest),
            _ => now,
        }
    }

    /// Whether its agent said that it is done while, as far as is known, the conversation goes on.
    #[must_use]
    pub fn is_agent_done(&self) -> bool {
        self.farewell.is_some() && !planted(Fault::FarewellIgnored)
    }

    /// The conversation is over, and ended at `at` at the latest.
    pub(super) fn found_over(&mut self, at: Timestamp, key: &IdKey) {
        let at = match self.farewell {
            Some(farewell) if !planted(Fault::EndAsFound) => at.min(farewell.at),
            _ => at,
        };
        self.found_over = true;
        self.hang_up(None, self.talked_until(at), key);
    }

    /// The callee was hung up on because nobody was there to talk to.
    pub(super) fn desert(&mut self, at: Timestamp, key: &IdKey) {
        if self.farewell.is_none() {
            let absent = Failure::of(FailureCode::AgentUnavailable);
            self.failure = self.failure.or(Some(absent));
        }
        self.hang_up(None, at, key);
    }

    /// Why nobody was there to talk to.
    pub(super) fn absence(&self) -> Failure {
        let absent = Failure::of(FailureCode::AgentUnavailable);
        self.failure.unwrap_or(absent)
    }

    /// An answered call that was cut short: the dialer lost it.
    pub(super) fn blame_the_dialer(&mut self, failure: Failure) {
        let is_its_fault = failure.source() == FailureSource::Dialer;
        self.failure = self.failure.or(Some(failure).filter(|_| is_its_fault));
    }

    /// The agent says that it broke off; whoever had stopped the call before that still counts.
    fn blame_the_agent(&mut self, said: Option<String>) -> bool {
        let may_be = |failure: Failure| failure.code == FailureCode::AgentUnavailable;
        let Some(said) = said.filter(|_| self.failure.is_none_or(may_be)) else {
            return false;
        };
        self.failure = Some(Failure::of(FailureCode::AgentFailed));
        self.failure_detail = Some(said).filter(|said| !said.is_empty());
        true
    }

    /// The deadline for the agent's report on a conversation that ended at `ended_at`.
    pub(super) fn reported_by(&self, ended_at: Timestamp) -> Timestamp {
        ended_at
            + match self.at_once {
                true => REPORT_GRACE_AT_ONCE,
                false => REPORT_GRACE,
            }
    }

    /// The conversation ended. Without its agent's report, the call waits for that.
    pub(super) fn hang_up(&mut self, outcome: Option<Value>, at: Timestamp, key: &IdKey) {
        let broke_off = |failure: Failure| failure.code == FailureCode::AgentFailed;
        let is_told = self.outcome.is_some() || self.failure.is_some_and(broke_off);
        if outcome.is_some() || is_told {
            self.complete(outcome, self.failure, at, key);
        } else {
            let lasted = at - self.answered_at.unwrap_or_default();
            self.at_once = self.has_room && self.failure.is_none() && lasted < AT_ONCE;
            self.ended_at = Some(at);
            self.plan.clear();
        }
    }

    /// The carrier was asked, and reports no event. Returns whether that changed anything.
    pub fn learn(
        &mut self,
        is_there: bool,
        now: Timestamp,
        settings: &Settings,
        key: &IdKey,
    ) -> bool {
        use super::CarrierEvent::{Failed, Vanished};
        let timed_out = Failure::of(FailureCode::TimedOut);
        match (self.phase(), is_there) {
            (Phase::Talking { since }, true) => {
                self.learn_that_it_goes_on(since, now, settings, key)
            }
            (Phase::Talking { .. }, false) => self.apply(Vanished, now, settings, key),
            (Phase::SettingUp { .. } | Phase::Ringing { .. }, false) => {
                self.apply(Failed(timed_out), now, settings, key)
            }
            (Phase::SettingUp { .. } | Phase::Ringing { .. }, true)
            | (Phase::Scheduled { .. } | Phase::Queued { .. } | Phase::Unclaimed { .. }, _)
            | (Phase::AwaitingReport { .. } | Phase::Over, _) => false,
        }
    }

    fn learn_that_it_goes_on(
        &mut self,
        since: Timestamp,
        now: Timestamp,
        settings: &Settings,
        key: &IdKey,
    ) -> bool {
        if self.farewell.is_some() {
            // Seen before its agent said that it is done; the inquiry that this prompted is on its way.
            return false;
        }
        if now >= since + settings.max_call {
            self.stop(FailureCode::TimedOut, now, key);
            return true;
        }
        self.volatile.seen_at = self.volatile.looked_at;
        if std::mem::take(&mut self.volatile.alone) {
            self.volatile.inquire_at = self.next_inquiry(now, settings);
        }
        false
    }

    /// Ends it because somebody asked for that. `false` when it is too late.
    pub fn cancel(&mut self, now: Timestamp, key: &IdKey) -> bool {
        let canceled = Some(Failure::of(FailureCode::Canceled));
        match self.phase() {
            Phase::Talking { .. } => self.stop(FailureCode::Canceled, now, key),
            Phase::SettingUp { .. } | Phase::Ringing { .. } => {
                self.end(CallStatus::SipCallFailed, canceled, now, key);
            }
            Phase::Scheduled { .. } | Phase::Queued { .. } | Phase::Unclaimed { .. } => {
                self.end(CallStatus::TriggerFailed, canceled, now, key);
            }
            Phase::AwaitingReport { .. } | Phase::Over => return false,
        }
        true
    }

    /// A conversation is ended from this side. Its agent may still report the outcome; a simulated one has nothing to add.
    pub(super) fn stop(&mut self, why: FailureCode, at: Timestamp, key: &IdKey) {
        self.failure = Some(Failure::of(why));
        self.failure_detail = None;
        if self.outcome.is_some() || !self.has_room || planted(Fault::StoppedOutcomeLost) {
            self.complete(None, self.failure, at, key);
        } else {
            self.ended_at = Some(at);
            self.updated_at = self.updated_at.max(at);
            self.plan.clear();
        }
    }

    pub(super) fn complete(
        &mut self,
        outcome: Option<Value>,
        failure: Option<Failure>,
        at: Timestamp,
        key: &IdKey,
    ) {
        // An agent that reports the call's outcome was the one that ended it.
        let absent = |failure: &Failure| failure.code == FailureCode::AgentUnavailable;
        let has_ended_it = self.outcome.is_some();
        let failure = failure.filter(|failure| !(has_ended_it && absent(failure)));
        let unknown = || json!({"disposition": "unknown", "summary": null, "sentiment": null});
        self.outcome = Some(self.outcome.take().or(outcome).unwrap_or_else(unknown));
        self.end(CallStatus::Completed, failure, at, key);
    }

    /// What the call tells about its agent, if somebody picked up: that it broke off, as soon as it has, since the next
    /// callee may be about to be called; anything else once all is known.
    #[must_use]
    pub fn agent_verdict(&self) -> Option<AgentVerdict> {
        let lasted = self.ended_at? - self.answered_at?;
        let broke_off = |failure: Failure| {
            matches!(
                failure.code,
                FailureCode::AgentUnavailable | FailureCode::AgentFailed
            )
        };
        let verdict = match self.failure.is_some_and(broke_off) {
            true if lasted <= BROKEN_OFF_WITHIN => AgentVerdict::BrokeOff,
            false if lasted > BROKEN_OFF_WITHIN => AgentVerdict::HeldOut,
            _ => AgentVerdict::Unclear,
        };
        let is_final = self.status.is_terminal() || verdict == AgentVerdict::BrokeOff;
        is_final.then_some(verdict)
    }

    /// Whether a conversation has lasted so long that its agent can't have broken it off at once.
    #[must_use]
    pub fn agent_holds_out(&self, now: Timestamp) -> bool {
        let until = self.ended_at.unwrap_or(now);
        let holds = |answered_at| until > answered_at + BROKEN_OFF_WITHIN;
        !self.volatile.alone && self.failure.is_none() && self.answered_at.is_some_and(holds)
    }

    /// It did not connect.
    pub(super) fn fail(&mut self, failure: Failure, at: Timestamp, key: &IdKey) {
        self.end(failure.status(), Some(failure), at, key);
    }

    pub(super) fn end(
        &mut self,
        status: CallStatus,
        failure: Option<Failure>,
        at: Timestamp,
        key: &IdKey,
    ) {
        let (status, failure) = self.in_the_right_words(status, failure);
        self.status = status;
        self.failure = failure;
        self.settles_its_place();
        if status != CallStatus::Completed {
            // An agent may report on a call that then does not connect.
            self.outcome = None;
        }
        self.ended_at = Some(at);
        self.updated_at = self.updated_at.max(at);
        self.plan.clear();
        if let (Some(url), Some(event)) = (self.request.callback_url.clone(), status.event()) {
            self.callback = Some(Delivery::new(self.id.delivery(key), event, url, at));
        }
    }
}
