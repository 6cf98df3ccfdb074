//! A call that is one of several attempts to reach somebody.

use super::{AnsweredBy, Call, CallStatus, FailureCode, ScheduleReason};
use crate::domain::ids::CallId;
use crate::domain::planted::{Fault, planted};
use crate::domain::redial::{Cause, Series};
use crate::domain::time::Timestamp;

/// What a call ended with, if another attempt may follow it.
#[must_use]
pub fn cause(
    failure: Option<FailureCode>,
    status: CallStatus,
    answered_by: Option<AnsweredBy>,
) -> Option<Cause> {
    Some(match failure {
        Some(FailureCode::Busy) => Cause::Busy,
        Some(FailureCode::Declined) => Cause::Declined,
        Some(FailureCode::NoAnswer) => Cause::NoAnswer,
        Some(FailureCode::Unreachable) => Cause::Unreachable,
        Some(FailureCode::CarrierError) => Cause::CarrierError,
        Some(FailureCode::DialerUnavailable) => Cause::DialerUnavailable,
        Some(FailureCode::AgentUnavailable) => Cause::AgentUnavailable,
        Some(FailureCode::Canceled) if planted(Fault::CancelledGoesOn) => Cause::Busy,
        Some(_) => return None,
        None => match answered_by {
            Some(AnsweredBy::Machine) if status == CallStatus::Completed => Cause::Voicemail,
            _ => return None,
        },
    })
}

impl Call {
    fn cause(&self) -> Option<Cause> {
        let failure = self.failure.map(|failure| failure.code);
        cause(failure, self.status, self.answered_by())
    }

    /// For a call that is over: when the next attempt is due, if there is one.
    #[must_use]
    pub fn redialed_at(&self) -> Option<Timestamp> {
        let (series, redial) = (self.series?, self.request.redial.as_ref()?);
        redial.next_at(
            series.attempt,
            self.cause()?,
            self.ended_at?,
            self.not_after(),
        )
    }

    /// Whether it is over, and whether another attempt follows is still undecided.
    #[must_use]
    pub fn may_be_redialed(&self) -> bool {
        self.status.is_terminal() && self.series.is_some_and(Series::is_undecided)
    }

    /// The next attempt, due at `at`, with the same request.
    #[must_use]
    pub fn successor(&self, id: CallId, at: Timestamp, now: Timestamp) -> Option<Self> {
        let (mut window, series) = (self.schedule?.window, self.series?);
        window.not_before = None;
        let due = (at, ScheduleReason::Redial);
        let mut next = Self::scheduled(id, self.request.clone(), window, due, now);
        next.series = Some(series.after(self.id));
        Some(next)
    }

    /// No attempt follows this one, whatever happens to it. Returns whether that changed anything.
    pub fn is_the_last(&mut self) -> bool {
        match &mut self.series {
            Some(series) if series.is_undecided() => {
                series.over = true;
                true
            }
            _ => false,
        }
    }
}
