//! What a directory needs of its storage, and of what keeps the copies.

use super::Rows;
use crate::app::host::Unavailable;
use crate::app::records::RecordKey;
use crate::app::trunk::StoreFailed;
use crate::domain::ids::OrgId;

/// The directory's rows.
pub trait DirectoryStore {
    /// All rows but the audit log's, and those named `answer/…`: one by one, so that they need no room together. An agent's may
    /// be told without what its card does not hold.
    fn load(&self, row: &mut dyn FnMut(&str, &str)) -> Result<(), StoreFailed>;
    /// Writes and removes rows, together.
    fn commit(&self, rows: &Rows) -> Result<(), StoreFailed>;
    /// A row that is not held in memory: an agent's, or an answer to a request with an `Idempotency-Key`.
    fn row(&self, name: &str) -> Result<Option<String>, StoreFailed>;
    /// Rows of the audit log with names below `before`, highest first.
    fn audit(&self, before: &str, limit: usize) -> Result<Vec<(String, String)>, StoreFailed>;
}

/// What writes the copies, and wakes their writer.
#[allow(
    async_fn_in_trait,
    reason = "a Worker has one thread: no future needs to be Send"
)]
pub trait RecordWriter {
    /// Puts the JSON under a key, or removes it.
    async fn write(&self, key: &RecordKey, json: Option<String>) -> Result<(), Unavailable>;
    /// Has the directory do what is due, in an invocation of its own: each has only so many requests.
    async fn poke(&self, org: OrgId);
}
