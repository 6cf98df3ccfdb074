//! What an object knows about a call in progress beyond its row.
//!
//! It is all that stays in memory of a call between two steps, and it is lost with the object: each field says what
//! applies after a restart, which must be safe.

use super::Call;
use crate::domain::ids::IdKey;
use crate::domain::settings::Settings;
use crate::domain::time::Timestamp;

/// What is known of a call beyond its row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volatile {
    /// Up to when its plan is known to have happened.
    pub planned_until: Timestamp,
    /// When it left the queue, while its row says that it waits. After a restart it is in the queue again, at its old
    /// place.
    pub promoted_at: Option<Timestamp>,
    /// When it goes to the dispatch queue again, while unclaimed. At once after a restart.
    pub dispatch_at: Timestamp,
    /// When the carrier is asked next. At once after a restart.
    pub inquire_at: Timestamp,
    /// When the carrier was last asked. Unknown after a restart.
    pub looked_at: Timestamp,
    /// When the callee was last seen in conversation, or later. An unknown moment sets no bound.
    pub seen_at: Timestamp,
    /// When the carrier is told to hang up again. At once after a restart.
    pub teardown_at: Timestamp,
    /// How often it has been told.
    pub teardown_tries: u32,
    /// The dialer is done with it. After a restart it may still be working on it.
    pub dialer_done: bool,
    /// Its phone has not been asked to ring yet. After a restart it may have been.
    pub silent: bool,
    /// The callee may be alone: the carrier is asked until it answers.
    pub alone: bool,
    /// The carrier sends webhooks about it. The row says so too, from its next write on.
    pub announced: bool,
}

impl Volatile {
    /// Takes over what is in flight from what was known before a write failed. `is_dialed` is what the row says.
    pub fn inherit(&mut self, known: &Self, is_dialed: bool) {
        let own = *self;
        *self = *known;
        // What a plan holds is not written yet.
        self.planned_until = own.planned_until;
        self.silent = known.silent && is_dialed;
        // What a failed step wanted to send was not sent, so it counts no tries.
        self.teardown_tries = own.teardown_tries;
        if known.promoted_at.is_some() && !is_dialed {
            // The row says that it waits, so it is in the queue.
            self.promoted_at = None;
            self.dispatch_at = own.dispatch_at;
        }
    }
}

impl Call {
    /// A row, combined with what is known beyond it.
    #[must_use]
    pub fn with(mut self, volatile: Volatile, settings: &Settings, key: &IdKey) -> Self {
        // A real ending was written when it came: one that the row still only plans has not happened.
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
