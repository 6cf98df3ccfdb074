//! Erasing recipients with a number, some at a time: what was found is reported first, and removed by the next command.

use serde::{Deserialize, Serialize};

use super::{Answer, CampaignStore, Desk};
use crate::domain::campaign::RecipientStatus;
use crate::domain::contacts::Number;
use crate::domain::erasure::last_digits;

/// How many rows one command looks at.
const LOOKED_AT: usize = 5_000;

/// Whom to erase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EraseRecipients {
    /// Those with this number,
    pub number: Number,
    /// after this row.
    pub after: u64,
    /// These rows, found before, are removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<u64>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasedRecipients {
    /// Rows that may be removed: nobody is calling them any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<u64>,
    /// The row after which the search continues, if it has not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// The first recipient who is being called right now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<u64>,
}

impl<S: CampaignStore> Desk<'_, S> {
    /// The counts stay as they are; recipients not decided yet become canceled.
    pub(super) fn erase(&mut self, asked: EraseRecipients) -> Answer<ErasedRecipients> {
        use RecipientStatus::{InProgress, Pending, Waiting};
        let (now, store) = (self.now, self.store);
        self.record()?;
        if !asked.gone.is_empty() {
            store.remove(&asked.gone)?;
        }
        let digits = last_digits(asked.number);
        let (rows, next) = store.ending_in(&digits, asked.after, LOOKED_AT)?;
        let mut erased = ErasedRecipients {
            next,
            ..ErasedRecipients::default()
        };
        let record = self.record()?;
        let mut changed = Vec::new();
        for mut row in rows {
            let before = (row.status, row.for_hours);
            match row.status {
                _ if row.number() != asked.number => continue,
                InProgress => {
                    erased.left = erased.left.or(Some(row.row));
                    continue;
                }
                Pending | Waiting if record.left_as.is_none() => {
                    row.leaves(now);
                    record.recount(before, (row.status, row.for_hours));
                    erased.found.push(row.row);
                    changed.push(row);
                }
                _ => erased.found.push(row.row),
            }
        }
        if !changed.is_empty() {
            self.actor.people.forget();
            self.actor.more_pending = true;
            self.actor.write(store, &changed, now)?;
        }
        Ok(erased)
    }
}
