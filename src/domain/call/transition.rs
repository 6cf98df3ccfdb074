//! What the live feed tells about a call: each change of its status and each result of its callback, with the moment at
//! which it became known.
//!
//! Kept in the call's own row, so that the feed costs no extra row. A transition from a simulated carrier's plan has the
//! planned moment: it is the same whether it is noted at once, late, or again after a crash.

use serde::{Deserialize, Serialize};

use super::{Call, CallStatus};
use crate::domain::callback::AttemptOutcome;
use crate::domain::time::{Span, Timestamp};

/// Callback results are told up to this many: the whole schedule, and more manual redeliveries than anybody asks for.
const RESULTS_TOLD: usize = 90;

/// What happened to a call, or to its callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transition {
    /// It was accepted.
    Initiating,
    /// The phone rings.
    Ringing,
    /// The person picked up.
    Answered,
    /// It reached its terminal status.
    Ended,
    /// A receiver took its callback.
    Delivered,
    /// An attempt at its callback failed; another is due, unless it was asked for by hand.
    Failed,
    /// The last attempt at its callback failed.
    Exhausted,
}

impl Transition {
    /// Whether it is the result of a callback attempt.
    #[must_use]
    pub const fn is_of_callback(self) -> bool {
        matches!(self, Self::Delivered | Self::Failed | Self::Exhausted)
    }
}

/// A transition and when it became known: no two of a call have the same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Pair", into = "Pair")]
pub struct FeedEntry {
    /// When it became known.
    pub at: Timestamp,
    /// What happened.
    pub transition: Transition,
}

/// The stored form: without field names, since rows hold many.
type Pair = (Timestamp, Transition);

impl From<Pair> for FeedEntry {
    fn from((at, transition): Pair) -> Self {
        Self { at, transition }
    }
}

impl From<FeedEntry> for Pair {
    fn from(entry: FeedEntry) -> Self {
        (entry.at, entry.transition)
    }
}

impl Call {
    /// Whether it was refused at once, and so was never in progress.
    pub(super) fn was_refused(&self) -> bool {
        let has_waited = self.waited_from().is_some() || self.slot().is_some();
        self.status == CallStatus::RejectedCapacity && !has_waited
    }

    /// All its transitions so far, oldest first.
    pub fn feed_entries(&self) -> impl Iterator<Item = FeedEntry> {
        let accepted = FeedEntry::from((self.created_at(), Transition::Initiating));
        // A call that its campaign handed over says when that was.
        let is_told = |first: &FeedEntry| first.transition == Transition::Initiating;
        let is_told = self.feed.first().is_some_and(is_told);
        let accepted = (!is_told && !self.was_refused()).then_some(accepted);
        accepted.into_iter().chain(self.feed.iter().copied())
    }

    /// When its latest transition became known.
    #[must_use]
    pub fn told_at(&self) -> Timestamp {
        self.feed.last().map_or(self.created_at(), |entry| entry.at)
    }

    /// Records the new transitions as known at `now`.
    pub fn record_transitions(&mut self, now: Timestamp) {
        let rings = self.ringing_at.is_some();
        self.tell_once(rings, Transition::Ringing, now);
        self.tell_once(self.answered_at.is_some(), Transition::Answered, now);
        self.tell_once(self.status.is_terminal(), Transition::Ended, now);
        let results = self
            .feed
            .iter()
            .filter(|entry| entry.transition.is_of_callback());
        let known = results.count();
        let news = self.callback.as_ref().filter(|_| known < RESULTS_TOLD);
        let result = news.and_then(|callback| callback.result_after(known));
        match result {
            Some(AttemptOutcome::Delivered) => self.tell(Transition::Delivered, now),
            Some(AttemptOutcome::Failed) => self.tell(Transition::Failed, now),
            Some(AttemptOutcome::Exhausted) => self.tell(Transition::Exhausted, now),
            None => {}
        }
    }

    fn tell_once(&mut self, is_so: bool, transition: Transition, now: Timestamp) {
        if is_so && !self.feed.iter().any(|told| told.transition == transition) {
            self.tell(transition, now);
        }
    }

    fn tell(&mut self, transition: Transition, now: Timestamp) {
        let first = self.feed.is_empty() && self.was_refused();
        let after = self.told_at() + Span(u64::from(!first));
        let at = now.max(after);
        self.feed.push(FeedEntry { at, transition });
    }
}
