//! Whether any trunk has news for listeners. Trunks say when there is some; which of them did does not matter: all are asked
//! then, because what one tells can only be passed on where all others are complete.
//!
//! In memory only. Whoever waits names the epoch in which it asked all trunks: if the epoch has changed, words may have been
//! lost, or a trunk may have been added that was not asked, and all are asked again.

use serde::{Deserialize, Serialize};

use super::Directory;
use crate::domain::ids::KeyId;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};

/// A question for news of any trunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// The directory's epoch in which all trunks were asked.
    pub epoch: u64,
    /// Nothing from before this moment will become known any more; 0 if nobody was asked yet.
    pub through: Timestamp,
    /// How long the answer may wait.
    pub wait: Span,
}

/// What a directory knows about news.
#[derive(Default)]
pub(super) struct Watch {
    /// Drawn when somebody first asks; 0 before.
    epoch: u64,
    /// The latest moment that a trunk reported.
    latest: Timestamp,
}

impl Watch {
    /// There is a trunk that nobody has asked yet.
    pub fn begin_anew(&mut self) {
        self.epoch = 0;
    }

    fn has_news(&self, watched: &Watched) -> bool {
        self.epoch == 0 || self.epoch != watched.epoch || self.latest >= watched.through
    }
}

impl Directory {
    /// Whether the caller must wait: there is no news, and its key is valid.
    #[must_use]
    pub fn is_to_wait(&self, by: Option<KeyId>, watched: &Watched) -> bool {
        let is_vouched = by.is_none_or(|key| self.key(key).is_some());
        is_vouched && !self.watch.has_news(watched)
    }

    /// The epoch, if there is news; `draw` makes one that is very unlikely to have been used before.
    pub fn epoch_with_news(
        &mut self,
        watched: &Watched,
        draw: impl FnOnce() -> u64,
    ) -> Option<u64> {
        let watch = &mut self.watch;
        if !watch.has_news(watched) {
            return None;
        }
        if watch.epoch == 0 {
            watch.epoch = draw().max(1);
        }
        Some(watch.epoch)
    }

    /// A trunk has news from this moment.
    pub fn nudge(&mut self, at: Timestamp) {
        if !planted(Fault::NudgeDropped) {
            self.watch.latest = self.watch.latest.max(at);
        }
    }
}
