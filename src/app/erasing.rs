//! Removing everything kept of an organisation: what a deletion needs of the platform.

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

/// Empties other parts' stores. Repeating any of it does no harm. By default, nothing is erased.
pub trait Eraser {
    /// Whether an object keeps nothing.
    async fn is_empty(&self, _: Holder) -> Result<bool, Unavailable> {
        Err(Unavailable)
    }
    /// Makes an object forget everything and stop. Whether it is empty can only be told by asking it afterwards.
    async fn wipe(&self, _: Holder) -> Result<(), Unavailable> {
        Err(Unavailable)
    }
    /// Removes some of the copies with this prefix. Returns whether there were any.
    async fn remove_copies(&self, _prefix: &str) -> Result<bool, Unavailable> {
        Err(Unavailable)
    }
    /// Removes some of the archive's objects with this prefix. Returns whether there were any.
    async fn remove_archived(&self, _prefix: &str) -> Result<bool, Unavailable> {
        Err(Unavailable)
    }
    /// A copy as stored, bypassing this isolate's cache.
    async fn stored_copy(&self, _: &RecordKey) -> Result<Option<String>, Unavailable> {
        Err(Unavailable)
    }
    /// Records in the operator's own directory that an organisation was deleted.
    async fn bury(&self, _: &Grave) -> Result<(), Unavailable> {
        Err(Unavailable)
    }
}
