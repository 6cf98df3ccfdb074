//! The recordings' files that an erasure deletes from the organisation's own storage. They are noted together with the calls
//! found, so that each is known until it is gone or given up, whatever happens to its call's row meanwhile.

use serde::{Deserialize, Serialize};

use super::erasing_work::{RecordingFile, Work};
use crate::domain::ids::CallId;
use crate::domain::time::{Span, Timestamp};

/// From this many on, no more are searched for.
const MANY: usize = 500;
/// How many are deleted at a time.
const AT_ONCE: usize = 6;
/// A storage that does not answer is asked again after a tenth of the time it has taken so far, but no sooner or later than this.
const SOONEST: Span = Span(5_000);
const LATEST: Span = Span(600_000);
/// How long after the request a file is given up that could not be deleted.
const PATIENCE: Span = Span(86_400_000);

/// All files that an erasure knows of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Files {
    waiting: Vec<RecordingFile>,
    due: Timestamp,
}

impl Files {
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub fn is_full(&self) -> bool {
        self.waiting.len() >= MANY
    }

    pub fn add(&mut self, files: Vec<RecordingFile>, now: Timestamp) {
        if self.waiting.is_empty() {
            self.due = now;
        }
        self.waiting.extend(files);
    }

    /// When the next ones are to be deleted, if there are any.
    pub fn due_at(&self) -> Option<Timestamp> {
        (!self.is_empty()).then_some(self.due)
    }

    /// The next ones, if they are due.
    pub fn due(&self, now: Timestamp) -> Option<Work> {
        let is_due = self.due_at().is_some_and(|due| due <= now);
        is_due.then(|| Work::Files(self.waiting.iter().take(AT_ONCE).cloned().collect()))
    }

    /// These files were tried, and those of the `settled` calls are done: the others go to the end of the list. Returns how many
    /// are given up.
    pub fn note(
        &mut self,
        asked: &[RecordingFile],
        settled: &[CallId],
        since: Timestamp,
        now: Timestamp,
    ) -> u64 {
        self.waiting.retain(|file| !settled.contains(&file.call));
        let (failed, others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|file| asked.contains(file));
        self.waiting = others;
        if failed.is_empty() {
            return 0;
        }
        if now >= since + PATIENCE {
            return failed.len() as u64;
        }
        self.waiting.extend(failed);
        self.due = now + Span((now - since).0 / 10).clamp(SOONEST, LATEST);
        0
    }
}
