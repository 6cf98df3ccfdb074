//! What senders of callbacks ask and report.

use super::Trunk;
use super::step::Step;
use crate::domain::callback::{AttemptResult, WebhookSecrets};
use crate::domain::ids::CallId;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::Timestamp;

impl Trunk {
    /// What signs callbacks, as of the directory's last brief. `None` where that may be outdated: before the first, and once the
    /// trunk was asked to retire.
    #[must_use]
    pub fn secrets(&self) -> Option<&WebhookSecrets> {
        let brief = self.brief.as_ref();
        let brief = brief.filter(|brief| brief.retired_until.is_none());
        brief.and_then(|brief| brief.secrets.as_ref())
    }

    /// A callback's sender is about to make an attempt: returns whether it may.
    pub fn begin(&mut self, id: CallId, number: u32, now: Timestamp, step: &mut Step<'_>) -> bool {
        let callback = self.take(id, step);
        let callback = callback.and_then(|held| held.call.callback.as_mut());
        let may = callback.is_some_and(|callback| callback.begin(number, now));
        self.index(id, step);
        may || planted(Fault::AttemptRepeated)
    }

    /// A callback's sender is waiting for a slow receiver.
    pub fn extend(&mut self, id: CallId, number: u32, until: Timestamp) {
        self.callbacks.extend(id, number, until);
    }

    /// Takes the result of a callback attempt.
    pub fn delivered(
        &mut self,
        id: CallId,
        number: u32,
        result: AttemptResult,
        now: Timestamp,
        step: &mut Step<'_>,
    ) {
        let callback = self.take(id, step);
        let callback = callback.and_then(|held| held.call.callback.as_mut());
        let schedule = &self.settings.webhook_retry;
        let is_news =
            callback.is_some_and(|callback| callback.finish(number, result, now, schedule));
        if is_news {
            self.settle(id, step);
            self.send(id, now, step); // one more may have been asked for meanwhile
        } else {
            self.callbacks.lets_go(id, number);
        }
    }

    /// See [`super::callbacks::Callbacks::came_back`].
    pub fn came_back(&mut self, id: CallId, number: u32) {
        self.callbacks.came_back(id, number);
    }

    /// Makes one more attempt at a call's callback due, whether the call is open or not. `false` if it has no callback.
    pub fn redeliver(&mut self, id: CallId, now: Timestamp, step: &mut Step<'_>) -> bool {
        let callback = self.take(id, step);
        let Some(callback) = callback.and_then(|held| held.call.callback.as_mut()) else {
            return false;
        };
        callback.redeliver(now);
        self.settle(id, step);
        self.send(id, now, step);
        true
    }
}
