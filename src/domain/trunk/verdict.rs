//! What a request for a call wants, what a trunk decides on it, and the answer.

use serde::{Deserialize, Serialize};

use crate::domain::call::{FailureCode, ScheduleReason, Window};
use crate::domain::ids::CallId;
use crate::domain::time::{Span, Timestamp};

/// What is left of a trunk's capacity, for the `RateLimit` headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// The trunk's `max_channels`.
    pub channels: u32,
    /// How many of them are free.
    pub channels_left: u32,
    /// The trunk's `max_cps`.
    pub cps: u32,
    /// How many acceptances this second still has room for.
    pub cps_left: u32,
}

/// The outcome of a request for a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Admission {
    /// It is accepted, and will be dialed.
    Accepted {
        /// The new call's id.
        call: CallId,
        /// What is left.
        quota: Quota,
    },
    /// It is accepted, and is in the queue.
    Queued {
        /// The new call's id.
        call: CallId,
        /// What is left.
        quota: Quota,
    },
    /// It is accepted, and is on the schedule.
    Scheduled {
        /// The new call's id.
        call: CallId,
        /// When it is due.
        at: Timestamp,
        /// What is left.
        quota: Quota,
    },
    /// It is refused while calling hours are closed; nothing was created.
    Closed {
        /// When they open, if that is known.
        opens_at: Option<Timestamp>,
    },
    /// It is refused because the callee's local time is unknown; nothing was created.
    ZoneUnknown,
    /// It is refused for lack of capacity, and stays readable.
    Rejected {
        /// The refused call's id.
        call: CallId,
        /// Which limit: channels or rate.
        code: FailureCode,
        /// Seconds until a retry makes sense.
        #[serde(rename = "retry_after")]
        retry_after_secs: u64,
        /// What is left.
        quota: Quota,
    },
    /// Its number has reached a contact limit; nothing was created.
    Limited {
        /// When it may be called again, if that is known.
        next_allowed_at: Option<Timestamp>,
    },
    /// It is refused while the dialer's breaker is open; nothing was created.
    Down {
        /// Seconds until a retry makes sense.
        #[serde(rename = "retry_after")]
        retry_after_secs: u64,
        /// It is the agent's breaker that is open.
        #[serde(default)]
        is_agent: bool,
    },
}

impl Admission {
    /// The call's id, when one was created.
    #[must_use]
    pub fn call(&self) -> Option<CallId> {
        match self {
            Self::Accepted { call, .. }
            | Self::Queued { call, .. }
            | Self::Scheduled { call, .. }
            | Self::Rejected { call, .. } => Some(*call),
            Self::Closed { .. } | Self::ZoneUnknown | Self::Limited { .. } | Self::Down { .. } => {
                None
            }
        }
    }
}

/// What a call asks for when there is no capacity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnCapacity {
    /// To be refused.
    #[default]
    Reject,
    /// To wait in the queue.
    Queue {
        /// How long at most.
        max_wait: Span,
    },
}

/// How a call wants to be treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// What happens if there is no capacity.
    pub on_capacity: OnCapacity,
    /// When it may be dialed, unless that is whenever there is capacity.
    pub window: Option<Window>,
    /// Contact limits don't allow it to be dialed now; with when they will, if that is known.
    pub limited: Option<Option<Timestamp>>,
    /// Its place among its number's dials, if one was reserved.
    pub ticket: Option<u64>,
}

/// What a trunk decides on a request for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Dial it at once.
    Go,
    /// Put it in the queue.
    Wait {
        /// Until then at most.
        until: Timestamp,
        /// What is lacking: channels or rate.
        code: FailureCode,
    },
    /// Put it on the schedule.
    Schedule {
        /// When it is due.
        at: Timestamp,
        /// Why it is dialed then rather than at once.
        reason: ScheduleReason,
        /// If its number has reached a contact limit: when it may be called again, if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_allowed_at: Option<Timestamp>,
    },
    /// Refuse it while calling hours are closed.
    Closed {
        /// When they open, if that is known.
        opens_at: Option<Timestamp>,
    },
    /// Refuse it because the callee's local time is unknown.
    ZoneUnknown,
    /// Refuse it because its number has reached a contact limit.
    Limited {
        /// When it may be called again, if that is known.
        next_allowed_at: Option<Timestamp>,
    },
    /// Refuse it for lack of capacity.
    Refuse {
        /// Which limit: channels or rate.
        code: FailureCode,
        /// Seconds until a retry makes sense.
        #[serde(rename = "retry_after")]
        retry_after_secs: u64,
    },
    /// Refuse it while the dialer's breaker is open.
    Down {
        /// Seconds until a retry makes sense.
        #[serde(rename = "retry_after")]
        retry_after_secs: u64,
        /// It is the agent's breaker that is open.
        #[serde(default)]
        is_agent: bool,
    },
}

impl Verdict {
    /// The answer once the call exists.
    pub(super) fn admits(self, call: CallId, quota: Quota) -> Admission {
        match self {
            Self::Refuse {
                code,
                retry_after_secs,
            } => Admission::Rejected {
                call,
                code,
                retry_after_secs,
                quota,
            },
            Self::Wait { .. } => Admission::Queued { call, quota },
            Self::Schedule { at, .. } => Admission::Scheduled { call, at, quota },
            Self::Go
            | Self::Closed { .. }
            | Self::ZoneUnknown
            | Self::Limited { .. }
            | Self::Down { .. } => Admission::Accepted { call, quota },
        }
    }

    /// The answer if nothing is created.
    pub(super) fn refused_with_nothing(self) -> Option<Admission> {
        match self {
            Self::Down {
                retry_after_secs,
                is_agent,
            } => Some(Admission::Down {
                retry_after_secs,
                is_agent,
            }),
            Self::Closed { opens_at } => Some(Admission::Closed { opens_at }),
            Self::ZoneUnknown => Some(Admission::ZoneUnknown),
            Self::Limited { next_allowed_at } => Some(Admission::Limited { next_allowed_at }),
            Self::Go | Self::Wait { .. } | Self::Schedule { .. } | Self::Refuse { .. } => None,
        }
    }
}

impl Terms {
    /// Until when a call with these terms may not be dialed, and why.
    pub(super) fn put_off_until(&self, now: Timestamp) -> Option<(Timestamp, ScheduleReason)> {
        let not_before = self.window?.not_before.filter(|at| *at > now)?;
        Some((not_before, ScheduleReason::NotBefore))
    }

    /// How long a call waits for capacity, if its terms say so.
    pub(super) fn max_wait(&self) -> Option<Span> {
        match self.on_capacity {
            OnCapacity::Queue { max_wait } => Some(max_wait),
            OnCapacity::Reject => None,
        }
    }
}
