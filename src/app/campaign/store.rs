//! What a campaign's object needs of its storage.

use crate::app::trunk::StoreFailed;
use crate::domain::campaign::{RecipientStatus, Record, Row};
use crate::domain::time::Timestamp;

/// The object's rows: its own, one per recipient, and one for each recipient's metadata. Synchronous: writes with
/// no await between them are one commit.
pub trait CampaignStore {
    /// The campaign's own row.
    fn record(&self) -> Result<Option<Record>, StoreFailed>;
    /// Writes it together with the rows of recipients that changed.
    fn commit(&self, record: &Record, rows: &[Row]) -> Result<(), StoreFailed>;
    /// Adds recipients, each with metadata as JSON if there is some.
    fn add(&self, rows: &[(Row, Option<&str>)]) -> Result<(), StoreFailed>;
    /// Searches `limit` recipients after a row for numbers that end in these digits. Also returns the last row searched, if there
    /// may be more.
    fn ending_in(
        &self,
        digits: &str,
        after: u64,
        limit: usize,
    ) -> Result<(Vec<Row>, Option<u64>), StoreFailed>;
    /// Removes recipients, and their metadata.
    fn remove(&self, rows: &[u64]) -> Result<(), StoreFailed>;
    /// Removes everything.
    fn clear(&self) -> Result<(), StoreFailed>;
    /// Those of these references that recipients already have.
    fn known(&self, references: &[&str]) -> Result<Vec<String>, StoreFailed>;
    /// All that are being called: looks at all rows.
    fn in_progress(&self) -> Result<Vec<Row>, StoreFailed>;
    /// Pending recipients after this row, in the order of rows.
    fn pending(&self, after: u64, limit: usize) -> Result<Vec<Row>, StoreFailed>;
    /// Recipients who are due by now.
    fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Row>, StoreFailed>;
    /// When the first recipient after that moment is due.
    fn next_due(&self, after: Timestamp) -> Result<Option<Timestamp>, StoreFailed>;
    /// One recipient.
    fn row(&self, row: u64) -> Result<Option<Row>, StoreFailed>;
    /// The recipient with this reference.
    fn by_reference(&self, reference: &str) -> Result<Option<Row>, StoreFailed>;
    /// Recipients with one of these statuses, or any if empty, between two rows.
    fn page(
        &self,
        status: &[RecipientStatus],
        between: (u64, u64),
        limit: usize,
    ) -> Result<Vec<Row>, StoreFailed>;
    /// A recipient's metadata, as JSON.
    fn metadata(&self, row: u64) -> Result<Option<String>, StoreFailed>;
}
