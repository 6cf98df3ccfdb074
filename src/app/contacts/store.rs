//! What a shard needs from its storage.

use crate::app::trunk::StoreFailed;
use crate::domain::contacts::{Dials, Number, Suppression};
use crate::domain::time::Timestamp;

/// A suppression's place in lists, newest first; no two have the same.
pub type Place = (Timestamp, Number);

/// Suppressions, and where the search for more of them ended early.
pub type Found = (Vec<Suppression>, Option<Place>);

/// The object's rows. Synchronous: writes with no await between them are one commit.
pub trait ContactsStore {
    /// A number's suppression, whether or not it has expired: one row is read.
    fn get(&self, number: Number) -> Result<Option<Suppression>, StoreFailed>;
    /// Stores a suppression in its number's row.
    fn put(&self, number: Number, row: &Suppression) -> Result<(), StoreFailed>;
    /// Removes the suppressions of these numbers, if there are any.
    fn remove(&self, numbers: &[Number]) -> Result<(), StoreFailed>;
    /// Suppressions in force at `now`, newest first: at most as many as the first limit says, from at most as many rows after
    /// this place as the second says; and the last place looked at, if fewer were found than wanted and there may be more.
    fn page(
        &self,
        before: Option<Place>,
        wanted: (usize, usize),
        now: Timestamp,
    ) -> Result<Found, StoreFailed>;
    /// At most this many numbers whose suppression has expired by `now`.
    fn ended(&self, now: Timestamp, limit: usize) -> Result<Vec<Number>, StoreFailed>;
    /// When the first suppression that expires does so.
    fn first_end(&self) -> Result<Option<Timestamp>, StoreFailed>;
    /// The dials to a number: one row is read.
    fn dials(&self, number: Number) -> Result<Dials, StoreFailed>;
    /// Stores them: one row is written, or removed if there are none.
    fn put_dials(&self, number: Number, dials: &Dials) -> Result<(), StoreFailed>;
    /// Whether any are stored.
    fn has_dials(&self) -> Result<bool, StoreFailed>;
    /// Looks at this many rows of dials from a number on, and removes those that no longer count. Returns the number of the next
    /// row, if there is one.
    fn forget_dials(
        &self,
        from: Number,
        now: Timestamp,
        limit: usize,
    ) -> Result<Option<Number>, StoreFailed>;
    /// Whether there is room for more rows.
    fn has_room(&self) -> bool;
}
