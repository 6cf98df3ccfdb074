//! Where a call is, as the code sees it: what the moments in its row say together.
//!
//! [`CallStatus`](super::CallStatus) is what clients see, and has three words for a call in progress; the code must tell
//! seven states apart. A phase is computed on demand and never stored, so it can't contradict the row.

use super::Call;
use crate::domain::time::Timestamp;

/// Where a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It is on its trunk's schedule.
    Scheduled {
        /// When it is due.
        at: Timestamp,
    },
    /// It waits for capacity in its trunk's queue.
    Queued {
        /// The latest it waits until.
        until: Timestamp,
    },
    /// It holds a channel, and no dialer has claimed it.
    Unclaimed {
        /// Since when a dialer could have claimed it.
        since: Timestamp,
    },
    /// A dialer has it; as far as is known, its phone does not ring yet.
    SettingUp {
        /// When the dialer claimed it.
        dialed_at: Timestamp,
    },
    /// Its phone rings.
    Ringing {
        /// When the dialer claimed it.
        dialed_at: Timestamp,
    },
    /// The callee picked up.
    Talking {
        /// When they did.
        since: Timestamp,
    },
    /// The conversation has ended, and its agent may still report the outcome.
    AwaitingReport {
        /// When it ended.
        ended_at: Timestamp,
    },
    /// Its status is final. Its room and its callback may still need attention.
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

    /// Whether nobody is waiting, ringing or talking any more.
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
    /// Where it is now.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self.ended_at {
            Some(_) if self.status.is_terminal() => Phase::Over,
            Some(ended_at) => Phase::AwaitingReport { ended_at },
            None => self.phase_before_its_end(),
        }
    }

    /// Where it is, or where it was when it ended.
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

    /// Since when its carrier should hold no room for it: it ended, or it was put off while it had one.
    pub(super) fn unwanted_since(&self) -> Option<Timestamp> {
        let put_off = self.slot().filter(|slot| slot.taken_at.is_none());
        self.ended_at.or(put_off.map(|slot| slot.noted_at))
    }

    /// Whether its carrier should hold no room for it and may still do so.
    #[must_use]
    pub fn left_a_room(&self) -> bool {
        self.has_room && self.unwanted_since().is_some()
    }
}
