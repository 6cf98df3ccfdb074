//! Retention: finished calls leave their trunk's object when they are old, so that it never grows without bound.
//!
//! In bounded batches, looked for when the object wakes anyway (its alarm, or the cron's knock), so that an idle trunk needs
//! no alarm of its own. A batch goes to the archive first, and its rows go when the archive has it: a crash between the two
//! sends the same batch again.

use super::store::{Expired, StoreFailed, TrunkStore};
use super::{Answer, Desk, TrunkReply};
use crate::domain::ids::CallId;
use crate::domain::time::Millis;

/// How many calls leave at once: few, so that no admission waits for it. `bench/million.mjs` measures it.
pub const BATCH: usize = 20;
/// How soon a batch that the archive did not take is sent again.
const AGAIN: Millis = Millis(60_000);
/// How often one looks whether a call has grown old; more often where calls are kept for a short time.
const LOOK: Millis = Millis(600_000);

/// When old calls are looked for next.
pub struct Retention {
    keep: Millis,
    look_at: Millis,
    /// More is known to be there: the object must wake for it.
    busy: bool,
}

impl Retention {
    /// Calls are kept for so long.
    pub fn new(keep: Millis, now: Millis) -> Self {
        Self {
            keep,
            look_at: now,
            busy: false,
        }
    }

    /// When the object must wake for the next batch.
    pub fn due(&self) -> Option<Millis> {
        self.busy.then_some(self.look_at)
    }

    /// The next batch for the archive, when it is time to look.
    pub fn batch(
        &mut self,
        store: &impl TrunkStore,
        now: Millis,
    ) -> Result<Vec<Expired>, StoreFailed> {
        if now < self.look_at {
            return Ok(Vec::new());
        }
        let batch = store.expired(CallId::floor(now - self.keep), BATCH)?;
        self.busy = !batch.is_empty();
        let look = LOOK.min(Millis(self.keep.0 / 100 + 1_000));
        self.look_at = now + if self.busy { AGAIN } else { look };
        Ok(batch)
    }

    /// The batch is gone: the next follows.
    pub fn forgot(&mut self, now: Millis) {
        self.look_at = now;
    }
}

impl<S: TrunkStore> Desk<'_, '_, S> {
    pub(super) fn forget(&mut self, calls: &[CallId]) -> Answer {
        self.store.forget(calls)?;
        self.retention.forgot(self.now);
        Ok(TrunkReply::Done)
    }
}
