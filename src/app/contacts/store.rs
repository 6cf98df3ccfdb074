//! What such an object needs of its storage.

use crate::app::trunk::StoreFailed;
use crate::domain::contacts::{Dials, Number, Suppression};
use crate::domain::time::Timestamp;

/// Where a suppression stands in lists, newest first: no two stand at one place.
pub type Place = (Timestamp, Number);

/// Suppressions, and where the look for more of them ended early.
pub type Found = (Vec<Suppression>, Option<Place>);

/// The object's rows. Synchronous: writes with no await between them are one commit.
pub trait ContactsStore {
    /// What is known of a number, whether or not its end has come: one row is read.
    fn get(&self, number: Number) -> Result<Option<Suppression>, StoreFailed>;
    /// Keeps a suppression in its number's row.
    fn put(&self, number: Number, row: &Suppression) -> Result<(), StoreFailed>;
    /// Removes the suppressions of these numbers, where there are any.
    fn remove(&self, numbers: &[Number]) -> Result<(), StoreFailed>;
    /// At most as many suppressions that hold then, newest first, as the first of the numbers says, among as many behind this
    /// place as the second says; and the last place that was looked at, where not all were found that are wanted and there may
    /// be more.
    fn page(
        &self,
        before: Option<Place>,
        wanted: (usize, usize),
        now: Timestamp,
    ) -> Result<Found, StoreFailed>;
    /// At most this many numbers whose suppression has ended by then.
    fn ended(&self, now: Timestamp, limit: usize) -> Result<Vec<Number>, StoreFailed>;
    /// When the first suppression ends that has an end.
    fn first_end(&self) -> Result<Option<Timestamp>, StoreFailed>;
    /// The dials to a number: one row is read.
    fn dials(&self, number: Number) -> Result<Dials, StoreFailed>;
    /// Keeps them: one row is written, or removed where there are none.
    fn put_dials(&self, number: Number, dials: &Dials) -> Result<(), StoreFailed>;
    /// Whether any are kept.
    fn has_dials(&self) -> Result<bool, StoreFailed>;
    /// Looks at so many rows of dials from a number on, and removes those that count for nothing any more. Returns the number
    /// of the next row, if there is one.
    fn forget_dials(
        &self,
        from: Number,
        now: Timestamp,
        limit: usize,
    ) -> Result<Option<Number>, StoreFailed>;
    /// Whether there is room for more rows.
    fn has_room(&self) -> bool;
}
