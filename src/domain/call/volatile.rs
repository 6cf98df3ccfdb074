//! What an object knows of a call in progress beside its row.
//!
//! It is all that stays in memory of a call between two steps, and it is gone with the object: each field says what holds
//! after a restart, which must be safe.

use super::Call;
use crate::domain::ids::IdKey;
use crate::domain::settings::Settings;
use crate::domain::time::Timestamp;

/// What is known of a call beside its row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volatile {
    /// Up to when its plan is known to have happened.
    pub planned_until: Timestamp,
    /// When it left the queue, while its row says that it waits. After a restart it stands in the queue again, at its old
    /// place.
    pub promoted_at: Option<Timestamp>,
    /// When it goes to the dispatch queue again, while unclaimed. At once after a restart.
    pub dispatch_at: Timestamp,
    /// When the carrier is asked next. At once after a restart.
    pub inquire_at: Timestamp,
    /// When the carrier was last asked. Unknown after a restart.
    pub looked_at: Timestamp,
    /// When the person called was last seen in conversation, or later. What is not known bounds nothing.
    pub seen_at: Timestamp,
    /// When the carrier is told to hang up again. At once after a restart.
    pub teardown_at: Timestamp,
    /// How often it was told so.
    pub teardown_tries: u32,
    /// Whoever dialed is done with it. After a restart it may still be at it.
    pub dialer_done: bool,
    /// Its phone was not asked to ring yet. After a restart it may have been.
    pub silent: bool,
    /// The person called may be alone: the carrier is asked until it says.
    pub alone: bool,
    /// The carrier announces by itself what happens to it. The row says so too, from its next write on.
    pub announced: bool,
}

impl Volatile {
    /// Takes over what is on its way, from what was known before a write failed. `is_dialed` says what the row tells.
    pub fn inherit(&mut self, known: &Self, is_dialed: bool) {
        let own = *self;
        *self = *known;
        // What a plan holds is not written yet.
        self.planned_until = own.planned_until;
        self.silent = known.silent && is_dialed;
        // What a step that failed wanted sent was not: its tries are none.
        self.teardown_tries = own.teardown_tries;
        if known.promoted_at.is_some() && !is_dialed {
            // The row says that it waits: it stands in the queue.
            self.promoted_at = None;
            self.dispatch_at = own.dispatch_at;
        }
    }
}

impl Call {
    /// A row, with what is known beside it.
    #[must_use]
    pub fn with(mut self, volatile: Volatile, settings: &Settings, key: &IdKey) -> Self {
        // Its end was written when it came: one that the row still plans has not.
        self.plan_until(volatile.planned_until, false, settings, key);
        self.volatile = volatile;
        self.announced |= volatile.announced;
        if let Some(at) = volatile.promoted_at
            && self.queued_until.is_some()
        {
            self.queued_until = None;
            self.promoted_at = Some(at);
        }
        self
    }
}
