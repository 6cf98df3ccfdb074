//! The longest that a call can take.

use super::{DISPATCH_DEADLINE, END_GRACE, REPORT_GRACE, RING_GRACE, SETUP_LIMIT};
use crate::domain::settings::Settings;
use crate::domain::time::Span;

/// The watchdogs' times, in the order in which a call meets them: until it is dialed, until its agent is there, ringing and
/// the grace after it, the conversation and the grace after it, the agent's report.
#[must_use]
pub fn watchdogs(settings: &Settings) -> [Span; 7] {
    [
        DISPATCH_DEADLINE,
        SETUP_LIMIT,
        settings.ring_timeout,
        RING_GRACE,
        settings.max_call,
        END_GRACE,
        REPORT_GRACE,
    ]
}

/// However much fails, a call is terminal within this time of its acceptance. A call that waits for
/// capacity has its wait on top.
#[must_use]
pub fn longest(settings: &Settings) -> Span {
    let sum = |total, part| total + part;
    watchdogs(settings).into_iter().fold(Span(0), sum)
}
