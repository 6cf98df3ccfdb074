//! What is waiting to be done: in one organisation, and across all.

use serde::{Deserialize, Serialize};

use crate::domain::ids::OrgId;
use crate::domain::time::Timestamp;

/// How much of something is waiting in an organisation, and since when the oldest has been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// How much.
    pub count: usize,
    /// Since when.
    pub since: Timestamp,
}

impl Waiting {
    /// What has been waiting since these moments.
    #[must_use]
    pub fn of(since: impl Iterator<Item = Timestamp>) -> Option<Self> {
        since.fold(None, |known, since| {
            let (count, oldest) =
                known.map_or((0, since), |known: Self| (known.count, known.since));
            Some(Self {
                count: count + 1,
                since: oldest.min(since),
            })
        })
    }
}

/// How much of something is waiting across all organisations, and whose is the oldest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backlog {
    /// How much.
    pub count: usize,
    /// The organisation with the oldest, and since when that has been waiting.
    pub oldest: Option<(OrgId, Timestamp)>,
}

impl Backlog {
    /// Adds what is waiting in this organisation.
    pub fn add(&mut self, org: OrgId, more: Option<Waiting>) {
        if let Some(Waiting { count, since }) = more {
            self.count += count;
            if self.oldest.is_none_or(|(_, oldest)| since < oldest) {
                self.oldest = Some((org, since));
            }
        }
    }
}

/// What is waiting to be done, apart from trunks' calls and callbacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backlogs {
    /// Notifications that belong to no call: test events, and ends of campaigns.
    pub undelivered: Backlog,
    /// Erasures of people's data.
    pub erasures: Backlog,
    /// Organisations that are being deleted.
    pub deletions: Backlog,
    /// How many secrets are still sealed with a former key.
    pub former_secrets: usize,
}

impl Backlogs {
    /// Whether nothing is waiting.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
