//! The way to trunks' objects.

#![allow(
    async_fn_in_trait,
    reason = "a Worker has one thread: no future needs to be Send"
)]

use super::{TrunkCommand, TrunkReply};
use crate::app::host::Unavailable;
use crate::domain::ids::TrunkTag;

/// The trunks' objects.
pub trait Trunks {
    /// One request to the object of the trunk with this tag.
    async fn trunk(&self, tag: TrunkTag, command: &TrunkCommand)
    -> Result<TrunkReply, Unavailable>;
}
