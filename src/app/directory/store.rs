//! What a directory needs of its storage, and of what keeps the copies.

use super::Rows;
use crate::app::host::Unavailable;
use crate::app::records::RecordKey;
use crate::app::trunk::StoreFailed;
use crate::domain::ids::OrgId;

/// The directory's rows.
pub trait DirectoryStore {
    /// All rows but the audit log's, and those named `answer/…` and `erased/…`: one by one, so that they need no room together. An agent's may
    /// be told without what its card does not hold.
    fn load(&self, row: &mut dyn FnMut(&str, &str)) -> Result<(), StoreFailed>;
    /// Writes and removes rows, together.
    fn commit(&self, rows: &Rows) -> Result<(), StoreFailed>;
    /// A row that is not held in memory: an agent's, or an answer to a request with an `Idempotency-Key`.
    fn row(&self, name: &str) -> Result<Option<String>, StoreFailed>;
    /// Rows with names from `from` on and below `before`, highest first.
    fn below(
        &self,
        from: &str,
        before: &str,
        limit: usize,
    ) -> Result<Vec<(String, String)>, StoreFailed>;
    /// Rows whose names begin so and whose documents have a word in them.
    fn having(&self, prefix: &str, word: &str) -> Result<Vec<(String, String)>, StoreFailed>;
}

/// What writes the copies, and wakes their writer.
#[allow(
    async_fn_in_trait,
    reason = "a Worker has one thread: no future needs to be Send"
)]
pub trait RecordWriter {
    /// Puts the JSON under a key, or removes it.
    async fn write(&self, key: &RecordKey, json: Option<String>) -> Result<(), Unavailable>;
    /// Names of the archive's objects that begin so, behind this one and in their order: at most so many. Nothing, without an
    /// archive.
    async fn archived(
        &self,
        _prefix: &str,
        _after: &str,
        _limit: usize,
    ) -> Result<Vec<String>, Unavailable> {
        Ok(Vec::new())
    }
    /// An object of the archive: its version, and its text.
    async fn archived_lines(&self, _name: &str) -> Result<Option<(String, String)>, Unavailable> {
        Ok(None)
    }
    /// Replaces an object's text, if it is of this version still. Returns whether it was.
    async fn archive_again(
        &self,
        _name: &str,
        _version: &str,
        _text: &str,
    ) -> Result<bool, Unavailable> {
        Ok(true)
    }
    /// Has the directory do what is due, in an invocation of its own: each has only so many requests.
    async fn poke(&self, org: OrgId);
}
