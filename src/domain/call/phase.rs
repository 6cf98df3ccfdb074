//! Where a call is, for the code: what its row's moments say together.
//!
//! [`CallStatus`](super::CallStatus) is what clients see, and has three words for what is in progress; the code must tell seven
//! apart. A phase is computed when it is asked for and stored nowhere, so it can't contradict the row.

use super::Call;
use crate::domain::time::Timestamp;

/// Where a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It stands on its trunk's schedule.
    Scheduled {
        /// When it is due.
        at: Timestamp,
    },
    /// It waits for capacity in its trunk's queue.
    Queued {
        /// Until then at most.
        until: Timestamp,
    },
    /// It holds a channel, and no dialer has claimed it.
    Unclaimed {
        /// Since when one could have.
        since: Timestamp,
    },
    /// A dialer has it; as far as is known its phone does not ring.
    SettingUp {
        /// When the dialer claimed it.
        dialed_at: Timestamp,
    },
    /// Its phone rings.
    Ringing {
        /// When the dialer claimed it.
        dialed_at: Timestamp,
    },
    /// The person called picked up.
    Talking {
        /// When they did.
        since: Timestamp,
    },
    /// The conversation ended, and its agent may still report its outcome.
    AwaitingReport {
        /// When it ended.
        ended_at: Timestamp,
    },
    /// Its status is final. Its room and its callback may still have to be seen to.
    Over,
}

impl Phase {
    /// Whether the call takes up one of its trunk's channels.
    #[must_use]
    pub const fn holds_channel(self) -> bool {
        match self {
            Self::Unclaimed { .. }
            | Self::SettingUp { .. }
            | Self::Ringing { .. }
            | Self::Talking { .. } => true,
            Self::Scheduled { .. }
            | Self::Queued { .. }
            | Self::AwaitingReport { .. }
            | Self::Over => false,
        }
    }

    /// Whether nobody waits, rings or talks any more.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        match self {
            Self::AwaitingReport { .. } | Self::Over => true,
            Self::Scheduled { .. }
            | Self::Queued { .. }
            | Self::Unclaimed { .. }
            | Self::SettingUp { .. }
            | Self::Ringing { .. }
            | Self::Talking { .. } => false,
        }
    }
}

impl Call {
    /// Where it is.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self.ended_at {
            Some(_) if self.status.is_terminal() => Phase::Over,
            Some(ended_at) => Phase::AwaitingReport { ended_at },
            None => self.phase_before_its_end(),
        }
    }

    /// Where it is, or was when it ended.
    pub(super) fn phase_before_its_end(&self) -> Phase {
        if let Some(slot) = self.slot().filter(|slot| slot.taken_at.is_none()) {
            return Phase::Scheduled { at: slot.at };
        }
        if let Some(until) = self.queued_until {
            return Phase::Queued { until };
        }
        match (self.dialed_at, self.ringing_at, self.answered_at) {
            (_, _, Some(since)) => Phase::Talking { since },
            (Some(dialed_at), Some(_), None) => Phase::Ringing { dialed_at },
            (Some(dialed_at), None, None) => Phase::SettingUp { dialed_at },
            (None, _, None) => Phase::Unclaimed {
                since: self.ready_at(),
            },
        }
    }

    /// Since when its carrier is to hold no room for it: it ended, or was put off when it had one.
    pub(super) fn unwanted_since(&self) -> Option<Timestamp> {
        let put_off = self.slot().filter(|slot| slot.taken_at.is_none());
        self.ended_at.or(put_off.map(|slot| slot.noted_at))
    }

    /// Whether its carrier is to hold no room for it, and may do so.
    #[must_use]
    pub fn left_a_room(&self) -> bool {
        self.has_room && self.unwanted_since().is_some()
    }
}
