//! Erasing one person's calls: those that nobody has dialed end, and those that are over may be removed.

use super::{Step, Trunk};
use crate::domain::call::Phase;
use crate::domain::contacts::Number;
use crate::domain::ids::CallId;
use crate::domain::time::{Span, Timestamp};

/// By this time after a call's end LiveKit has reported where the recording is, if it ever does.
const UPLOADED: Span = Span(300_000);

/// Whether a call was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It was not.
    No,
    /// It was, and the recording is where the agent reported.
    At(String),
    /// It was, if recording could be started.
    Presumed,
    /// Not known yet: it may still be being written.
    Writing,
}

/// A call that may still count against `max_cps` stays for now: an object loaded anew counts it from its row.
const COUNTED: Span = Span(2_000);

impl Trunk {
    /// The call with this row, if it is to this number; and the attempt that follows it, if there is one.
    #[must_use]
    pub fn call_to(
        &self,
        row: u64,
        number: Number,
        step: &Step<'_>,
    ) -> Option<(CallId, Option<CallId>)> {
        let call = step.rows().call_at(row)?;
        let next = call.series.and_then(|series| series.next);
        (Number::of(&call.request.phone) == number).then_some((call.id, next))
    }

    /// Whether a call that has ended was recorded.
    pub fn recorded(&mut self, id: CallId, now: Timestamp, step: &mut Step<'_>) -> Recorded {
        let carrier = |at| Some(self.brief()?.carrier_at(at).simulates());
        let Some(call) = self.call(id, step) else {
            return Recorded::No;
        };
        let is_heard = call.media_policy.recording && call.answered_at.is_some();
        let recorded = match &call.recording_url {
            Some(location) => Recorded::At(location.clone()),
            None if !is_heard || carrier(call.dialed_at) != Some(false) => Recorded::No,
            None if now < call.ended_at.unwrap_or(call.updated_at) + UPLOADED => Recorded::Writing,
            None => Recorded::Presumed,
        };
        step.let_go_of(id);
        recorded
    }

    /// Rewrites a call's row from the call as it is.
    pub fn write_anew(&mut self, id: CallId, step: &mut Step<'_>) {
        self.change_row(id, step);
    }

    /// A call's row is to be removed. Returns whether it may be: nothing more happens to the call, and no attempt at its callback
    /// is out. Attempts that are due are dropped with it. A call that nobody has dialed ends at once, and none follows one that was dialed.
    pub fn may_go(&mut self, id: CallId, now: Timestamp, step: &mut Step<'_>) -> bool {
        if self.is_open(id) {
            self.advance(id, now, step);
        }
        let Some(call) = self.take(id, step).map(|held| &mut held.call) else {
            return true;
        };
        match call.phase() {
            Phase::Scheduled { .. } | Phase::Queued { .. } | Phase::Unclaimed { .. } => {
                self.cancel(id, now, step);
                false
            }
            Phase::SettingUp { .. }
            | Phase::Ringing { .. }
            | Phase::Talking { .. }
            | Phase::AwaitingReport { .. } => {
                if call.is_the_last() {
                    self.change_row(id, step);
                }
                step.let_go_of(id);
                false
            }
            Phase::Over => {
                let counts = now < call.updated_at + COUNTED;
                let rests = !call.is_open() && self.callbacks.lease(id).is_none() && !counts;
                let is_written = !step.changed().any(|changed| changed.id == id);
                step.let_go_of(id);
                rests && is_written
            }
        }
    }
}
