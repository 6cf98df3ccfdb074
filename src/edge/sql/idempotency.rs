//! What is remembered of each `Idempotency-Key`.

use worker::SqlStorageValue;

use super::SqlStore;
use super::values::{count, millis};
use crate::app::trunk::{IdempotencyRecord, StoreFailed};
use crate::domain::time::Timestamp;
use crate::domain::to_json::to_json;

/// After this many keys, expired ones among the next [`SWEPT`] are removed: a few at a time, so that no request is delayed.
const SWEEP_EVERY: u64 = 100;
/// How many keys a sweep looks at: more than are added meanwhile, so that all are looked at again and again.
const SWEPT: usize = 200;
/// Sorts after all keys, which are visible ASCII.
const END_OF_KEYS: &str = "\u{7f}";

impl SqlStore {
    /// See [`TrunkStore::remember`](crate::app::trunk::TrunkStore::remember).
    pub(super) fn keep_key(
        &self,
        key: &str,
        what: &IdempotencyRecord,
        forget_before: Timestamp,
    ) -> Result<(), StoreFailed> {
        let doc = to_json(what).map_err(|_| StoreFailed)?;
        let query = "INSERT OR REPLACE INTO idempotency (key, at, doc) VALUES (?, ?, ?)";
        self.query(query, vec![key.into(), millis(what.at), doc.into()])?;
        self.remembered.set(self.remembered.get() + 1);
        match self.remembered.get().is_multiple_of(SWEEP_EVERY) {
            true => self.sweep(forget_before),
            false => Ok(()),
        }
    }

    fn sweep(&self, forget_before: Timestamp) -> Result<(), StoreFailed> {
        let from = self.swept.take();
        let query = "SELECT key FROM idempotency WHERE key > ? ORDER BY key LIMIT 1 OFFSET ?";
        let last = self.query(query, vec![from.as_str().into(), count(SWEPT - 1)])?;
        let last = last.into_iter().flatten().next();
        if let Some(SqlStorageValue::String(key)) = &last {
            self.swept.replace(key.clone()); // at the end of the table it begins anew
        }
        let last = last.unwrap_or_else(|| END_OF_KEYS.into());
        let query = "DELETE FROM idempotency WHERE key > ? AND key <= ? AND at < ?";
        self.query(query, vec![from.into(), last, millis(forget_before)])
            .map(drop)
    }
}
