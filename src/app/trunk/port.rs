//! The way to trunks' objects.

#![allow(
    async_fn_in_trait,
    reason = "a Worker has one thread: no future needs to be Send"
)]

use super::{TrunkCommand, TrunkReply};
use crate::app::asking::{Command, understood};
use crate::app::host::{Host, Unavailable};
use crate::domain::ids::TrunkTag;

/// The trunks' objects.
pub trait Trunks {
    /// One request to the object of the trunk with this tag.
    async fn trunk(&self, tag: TrunkTag, command: &TrunkCommand)
    -> Result<TrunkReply, Unavailable>;
}

/// A command to a trunk's object.
pub trait AskTrunk: Command<Asked = TrunkCommand, Answer = TrunkReply> {}
impl<C: Command<Asked = TrunkCommand, Answer = TrunkReply>> AskTrunk for C {}

/// One command to the object of the trunk with this tag.
///
/// # Errors
/// The object can't be reached, can't write its rows just now, or answers something else.
pub async fn ask<C: AskTrunk>(
    world: &(impl Host + Trunks),
    trunk: TrunkTag,
    command: C,
) -> Result<C::Reply, Unavailable> {
    let answer = send(world, trunk, command.into()).await?;
    understood::<C>(world, answer)
}

// The same for all commands, so that it is compiled once.
async fn send(
    world: &impl Trunks,
    trunk: TrunkTag,
    command: TrunkCommand,
) -> Result<TrunkReply, Unavailable> {
    written(world.trunk(trunk, &command).await)
}

/// What an object answered that could write its rows.
///
/// # Errors
/// It could not, or it can't be reached.
pub fn written(answer: Result<TrunkReply, Unavailable>) -> Result<TrunkReply, Unavailable> {
    match answer {
        Ok(TrunkReply::NotWritten) => Err(Unavailable),
        answer => answer,
    }
}
