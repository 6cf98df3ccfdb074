//! A call's history, for people.

use super::{Call, Failure};
use crate::domain::time::Timestamp;

/// One line of a call's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineEntry {
    /// When it became known.
    pub at: Timestamp,
    /// What: `accepted`, `scheduled`, `queued`, `dialing`, `ringing`, `answered`, `ended`, `rejected`, `callback_attempt`.
    pub event: &'static str,
    /// More about it.
    pub detail: Option<String>,
}

impl Call {
    /// When it began to wait for capacity, if it did.
    pub(super) fn waited_from(&self) -> Option<Timestamp> {
        let left = self.queued_until.or(self.promoted_at)?;
        match self.slot().and_then(|slot| slot.taken_at) {
            None => Some(self.created_at()),
            // A call that found capacity the moment it was due did not wait.
            Some(taken_at) => (left > taken_at).then_some(taken_at),
        }
    }

    /// Why it failed, with what was reported about it.
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
            |at: Option<Timestamp>, event, detail| at.map(|at| TimelineEntry { at, event, detail });
        let mut entries: Vec<TimelineEntry> = if self.was_refused() {
            let detail = self.failure.map(|failure| failure.message().to_owned());
            entry(self.ended_at, "rejected", detail)
                .into_iter()
                .collect()
        } else {
            let why = self.failure.map(|failure| self.in_words(failure));
            let scheduled = self.slot().map(|slot| TimelineEntry {
                at: slot.noted_at,
                event: "scheduled",
                detail: Some(slot.reason.as_str().to_owned()),
            });
            [
                entry(Some(self.created_at()), "accepted", None),
                scheduled,
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
