//! What waits to be done: in an organisation, and in all of them.

use serde::{Deserialize, Serialize};

use crate::domain::ids::OrgId;
use crate::domain::time::Timestamp;

/// So much of something waits in an organisation, and since when the oldest of it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// How much.
    pub count: usize,
    /// Since when.
    pub since: Timestamp,
}

impl Waiting {
    /// What waits since these moments.
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

/// So much of something waits in all organisations, whose the oldest is, and since when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backlog {
    /// How much.
    pub count: usize,
    /// The oldest.
    pub oldest: Option<(OrgId, Timestamp)>,
}

impl Backlog {
    /// And what waits in this one.
    pub fn add(&mut self, org: OrgId, more: Option<Waiting>) {
        if let Some(Waiting { count, since }) = more {
            self.count += count;
            if self.oldest.is_none_or(|(_, oldest)| since < oldest) {
                self.oldest = Some((org, since));
            }
        }
    }
}

/// What waits to be done, beside trunks' calls and callbacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backlogs {
    /// Notifications that belong to no call: test events, and that campaigns are over.
    pub undelivered: Backlog,
    /// Erasures of people's data.
    pub erasures: Backlog,
    /// Organisations that are being deleted.
    pub deletions: Backlog,
    /// How many secrets a former key seals.
    pub former_secrets: usize,
}

impl Backlogs {
    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
