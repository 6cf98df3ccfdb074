//! What becomes of a request for a call.

use serde::{Deserialize, Serialize};

use crate::domain::call::FailureCode;
use crate::domain::ids::CallId;
use crate::domain::time::Millis;

/// What is left of a trunk's capacity, for the `RateLimit` headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// `max_channels`.
    pub channels: u32,
    /// Channels free.
    pub channels_left: u32,
    /// `max_cps`.
    pub cps: u32,
    /// Acceptances that this second still has room for.
    pub cps_left: u32,
}

/// What came of a request for a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Admission {
    /// It is accepted, and will be dialed.
    Accepted {
        /// Its id.
        call: CallId,
        /// What is left.
        quota: Quota,
    },
    /// It is accepted, and stands in line.
    Queued {
        /// Its id.
        call: CallId,
        /// What is left.
        quota: Quota,
    },
    /// It is refused for want of capacity, and stays readable.
    Rejected {
        /// Its id.
        call: CallId,
        /// Which limit: channels or rate.
        code: FailureCode,
        /// Seconds until a retry makes sense.
        retry_after: u64,
        /// What is left.
        quota: Quota,
    },
    /// It is refused while the dialer is down; nothing was created.
    Down {
        /// Seconds until a retry makes sense.
        retry_after: u64,
        /// It is the agent that is down.
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
            | Self::Rejected { call, .. } => Some(*call),
            Self::Down { .. } => None,
        }
    }
}

/// What a call wants when there is no capacity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnCapacity {
    /// To be refused.
    #[default]
    Reject,
    /// To stand in line.
    Queue {
        /// For so long at most.
        max_wait: Millis,
    },
}

/// What a trunk decides on a request for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It is dialed at once.
    Go,
    /// It stands in line.
    Wait {
        /// Until then at most.
        until: Millis,
        /// For want of what: channels or rate.
        code: FailureCode,
    },
    /// It is refused.
    Refuse {
        /// Which limit: channels or rate.
        code: FailureCode,
        /// Seconds until a retry makes sense.
        retry_after: u64,
    },
    /// It is refused while the dialer is down.
    Down {
        /// Seconds until a retry makes sense.
        retry_after: u64,
        /// It is the agent that is down.
        #[serde(default)]
        is_agent: bool,
    },
}
