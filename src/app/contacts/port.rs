//! The way to the objects that know of numbers.

#![allow(
    async_fn_in_trait,
    reason = "a Worker has one thread: no future needs to be Send"
)]

use super::{ContactsCommand, ContactsReply};
use crate::app::host::Unavailable;
use crate::domain::contacts::Shard;
use crate::domain::ids::OrgId;

/// An organisation's objects that know of numbers.
pub trait Contacts {
    /// One request to one of them.
    async fn contacts(
        &self,
        _org: OrgId,
        _shard: Shard,
        _command: &ContactsCommand,
    ) -> Result<ContactsReply, Unavailable> {
        Err(Unavailable)
    }
}
