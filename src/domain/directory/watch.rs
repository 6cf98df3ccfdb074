//! Whether any trunk has news for those who listen. Trunks tell when there is some; which ones have it, nobody needs to know: all
//! are asked then, because what one tells can be passed on only where all others are complete.
//!
//! In memory alone. Whoever waits names the epoch in which it asked all trunks: where it is another one by now, words may have
//! been lost, or a trunk may have come that was not asked, and all are asked anew.

use serde::{Deserialize, Serialize};

use super::Directory;
use crate::domain::ids::KeyId;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};

/// A question for news of any trunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// In which epoch of the directory all trunks were asked.
    pub epoch: u64,
    /// Before this moment nothing will become known any more: 0 for whoever asked nobody yet.
    pub through: Timestamp,
    /// How long the answer may wait.
    pub wait: Span,
}

/// What a directory knows of news.
#[derive(Default)]
pub(super) struct Watch {
    /// Drawn when somebody asks for the first time; 0 before.
    epoch: u64,
    /// The latest moment of which a trunk told.
    latest: Timestamp,
}

impl Watch {
    /// There is a trunk that nobody has asked.
    pub fn begin_anew(&mut self) {
        self.epoch = 0;
    }

    fn has_news(&self, watched: &Watched) -> bool {
        self.epoch == 0 || self.epoch != watched.epoch || self.latest >= watched.through
    }
}

impl Directory {
    /// Whether whoever asks is to wait: there is no news, and its key is good.
    #[must_use]
    pub fn is_to_wait(&self, by: Option<KeyId>, watched: &Watched) -> bool {
        let is_vouched = by.is_none_or(|key| self.key(key).is_some());
        is_vouched && !self.watch.has_news(watched)
    }

    /// The epoch, if there is news; `draw` makes one that is most likely no other's.
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

    /// A trunk has news, of this moment.
    pub fn nudge(&mut self, at: Timestamp) {
        if !planted(Fault::NudgeDropped) {
            self.watch.latest = self.watch.latest.max(at);
        }
    }
}
