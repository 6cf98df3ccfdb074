//! What a campaign's object needs of its storage.

use crate::app::trunk::StoreFailed;
use crate::domain::campaign::{RecipientStatus, Record, Row};
use crate::domain::time::Timestamp;

/// The object's rows: its own, one a recipient, and one for the metadata of each recipient that has some. Synchronous: writes with
/// no await between them are one commit.
pub trait CampaignStore {
    /// The campaign's own row.
    fn record(&self) -> Result<Option<Record>, StoreFailed>;
    /// Writes that, and the rows of recipients that changed, together.
    fn commit(&self, record: &Record, rows: &[Row]) -> Result<(), StoreFailed>;
    /// Adds recipients, each with metadata as JSON where there is some.
    fn add(&self, rows: &[(Row, Option<&str>)]) -> Result<(), StoreFailed>;
    /// Recipients behind a row whose numbers end in these digits, among so many; and the last that was looked at, if there may be
    /// more.
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
    /// Those of these references that recipients bear.
    fn known(&self, references: &[&str]) -> Result<Vec<String>, StoreFailed>;
    /// All that are being called: looks at all rows.
    fn in_progress(&self) -> Result<Vec<Row>, StoreFailed>;
    /// Pending ones behind this row, in the order of rows.
    fn pending(&self, after: u64, limit: usize) -> Result<Vec<Row>, StoreFailed>;
    /// Those who waited until then, or less long.
    fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Row>, StoreFailed>;
    /// When the first is due who waits until later than that.
    fn next_due(&self, after: Timestamp) -> Result<Option<Timestamp>, StoreFailed>;
    /// One of them.
    fn row(&self, row: u64) -> Result<Option<Row>, StoreFailed>;
    /// The one with this reference.
    fn by_reference(&self, reference: &str) -> Result<Option<Row>, StoreFailed>;
    /// Some whose row has one of these statuses, any if there is none, behind one row and up to another.
    fn page(
        &self,
        status: &[RecipientStatus],
        between: (u64, u64),
        limit: usize,
    ) -> Result<Vec<Row>, StoreFailed>;
    /// The metadata of recipients, as JSON.
    fn metadata(&self, row: u64) -> Result<Option<String>, StoreFailed>;
}
