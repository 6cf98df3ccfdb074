//! The built-in receiver: the latest notifications, for a day.

use serde::{Deserialize, Serialize};

use super::{Directory, DirectoryRefusal};
use crate::domain::time::{Span, Timestamp};
use crate::domain::tokens::receiver::is_authentic;

/// How many are kept,
const KEPT: usize = 20;
/// and for how long.
const KEPT_FOR: Span = Span(24 * 3_600_000);

/// A notification that arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// When it arrived.
    pub at: Timestamp,
    /// Whether the organisation's secrets signed it; decided by the directory, which knows them.
    pub verified: bool,
    /// The relevant headers, with lower-case names.
    pub headers: Vec<(String, String)>,
    /// The exact body.
    pub body: String,
}

impl Directory {
    /// Stores a notification and checks whether it is authentic.
    ///
    /// # Errors
    /// There is no organisation.
    pub fn receive(
        &mut self,
        mut received: Received,
        now: Timestamp,
    ) -> Result<(), DirectoryRefusal> {
        let secrets = self.secrets().ok_or(DirectoryRefusal::Missing)?;
        received.verified = is_authentic(secrets, &received.headers, &received.body, now);
        let number = self.received.keys().next_back().map_or(0, |last| last + 1);
        self.put(format!("received/{number}"), &received);
        self.received.insert(number, received);
        while self.received.len() > KEPT
            && let Some((oldest, _)) = self.received.pop_first()
        {
            self.remove(format!("received/{oldest}"));
        }
        Ok(())
    }

    /// The notifications of the last day, newest first.
    #[must_use]
    pub fn received_lately(&self, now: Timestamp) -> Vec<Received> {
        let recent = |received: &&Received| now < received.at + KEPT_FOR;
        let newest_first = self.received.values().rev();
        newest_first.filter(recent).cloned().collect()
    }

    /// Forgets notifications that are too old.
    pub(super) fn forget_received(&mut self, now: Timestamp) {
        let old = |received: &Received| now >= received.at + KEPT_FOR;
        while self.received.values().next().is_some_and(old)
            && let Some((number, _)) = self.received.pop_first()
        {
            self.remove(format!("received/{number}"));
        }
    }
}
