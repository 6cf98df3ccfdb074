//! Getting rid of all that is kept of an organisation: what a deletion needs of the platform.

#![allow(
    async_fn_in_trait,
    reason = "a Worker has one thread: no future needs to be Send"
)]

use crate::app::host::Unavailable;
use crate::app::records::RecordKey;
use crate::domain::contacts::Shard;
use crate::domain::directory::Grave;
use crate::domain::ids::{CampaignId, OrgId, TrunkTag};

/// An object that keeps something of an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// A trunk's.
    Trunk(TrunkTag),
    /// One of those that know of numbers.
    Numbers(OrgId, Shard),
    /// A campaign's.
    Campaign(OrgId, CampaignId),
    /// The organisation's directory.
    Directory(OrgId),
}

/// What empties stores that are not one's own. None of it does harm when it is done again. Where nobody erases, nothing is.
pub trait Eraser {
    /// Whether an object keeps nothing.
    async fn is_empty(&self, _: Holder) -> Result<bool, Unavailable> {
        Err(Unavailable)
    }
    /// Has an object forget all that it keeps, and die. Only one that is asked afterwards can tell that it is empty.
    async fn wipe(&self, _: Holder) -> Result<(), Unavailable> {
        Err(Unavailable)
    }
    /// Removes some of the copies whose names begin so. Whether there were any.
    async fn remove_copies(&self, _prefix: &str) -> Result<bool, Unavailable> {
        Err(Unavailable)
    }
    /// Removes some of what the archive has under names that begin so. Whether there was any.
    async fn remove_archived(&self, _prefix: &str) -> Result<bool, Unavailable> {
        Err(Unavailable)
    }
    /// A copy as it lies there, not one of this isolate's.
    async fn stored_copy(&self, _: &RecordKey) -> Result<Option<String>, Unavailable> {
        Err(Unavailable)
    }
    /// Has the operator's own directory keep that an organisation was deleted.
    async fn bury(&self, _: &Grave) -> Result<(), Unavailable> {
        Err(Unavailable)
    }
}
