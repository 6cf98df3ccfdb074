//! What a directory needs of its storage, and of what keeps the copies.

use super::Rows;
use crate::app::host::Unavailable;
use crate::app::records::RecordKey;
use crate::app::trunk::StoreFailed;
use crate::domain::ids::OrgId;

/// The directory's rows.
pub trait DirectoryStore {
    /// All rows except the audit log's and those named `answer/…` and `erased/…`: one by one, so that they need no memory together. An
    /// agent's may lack what its card does not hold.
    fn load(&self, row: &mut dyn FnMut(&str, &str)) -> Result<(), StoreFailed>;
    /// Writes and removes rows, together.
    fn commit(&self, rows: &Rows) -> Result<(), StoreFailed>;
    /// A row that is not held in memory: an agent's, or a stored response to a request with an `Idempotency-Key`.
    fn row(&self, name: &str) -> Result<Option<String>, StoreFailed>;
    /// Rows with names from `from` on and below `before`, highest first.
    fn below(
        &self,
        from: &str,
        before: &str,
        limit: usize,
    ) -> Result<Vec<(String, String)>, StoreFailed>;
    /// Rows with this prefix whose documents contain a word.
    fn having(&self, prefix: &str, word: &str) -> Result<Vec<(String, String)>, StoreFailed>;
}

/// Writes the copies, and wakes whoever writes them.
#[allow(
    async_fn_in_trait,
    reason = "a Worker has one thread: no future needs to be Send"
)]
pub trait RecordWriter {
    /// Puts the JSON under a key, or removes it.
    async fn write(&self, key: &RecordKey, json: Option<String>) -> Result<(), Unavailable>;
    /// Names of the archive's objects with this prefix, after this one, in order: at most `limit`. None if there is no
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
    /// Replaces an object's text, if it still has this version. Returns whether it had.
    async fn archive_again(
        &self,
        _name: &str,
        _version: &str,
        _text: &str,
    ) -> Result<bool, Unavailable> {
        Ok(true)
    }
    /// Has the directory do what is due, in an invocation of its own, since each has only so many subrequests.
    async fn poke(&self, org: OrgId);
}
