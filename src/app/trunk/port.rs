//! The way to trunks' objects.

#![allow(
    async_fn_in_trait,
    reason = "a Worker has one thread: no future needs to be Send"
)]

use super::{Look, TrunkCommand, TrunkReply};
use crate::app::asking::{Asked, Command, Sent};
use crate::app::host::{Host, Unavailable};
use crate::domain::ids::TrunkTag;

/// The trunks' objects.
pub trait Trunks {
    /// One request to the object of the trunk with this tag.
    async fn trunk(&self, tag: TrunkTag, command: &TrunkCommand)
    -> Result<TrunkReply, Unavailable>;

    /// Has the helper of this name ask the trunks; without helpers, the caller asks them itself.
    async fn look(&self, _helper: &str, look: &Look) -> Result<TrunkReply, Unavailable>
    where
        Self: Sized,
    {
        look.by(self).await
    }
}

/// A command to a trunk's object.
pub trait AskTrunk: Command<Asked = TrunkCommand, Answer = TrunkReply> {}
impl<C: Command<Asked = TrunkCommand, Answer = TrunkReply>> AskTrunk for C {}

/// Sends one command to the object of the trunk with this tag. Fails if the object can't be reached, can't write its rows at
/// the moment, or answers with another command's reply.
pub fn ask<W: Host + Trunks, C: AskTrunk>(
    world: &W,
    trunk: TrunkTag,
    command: C,
) -> Asked<'_, W, C> {
    Asked::new(world, send(world, trunk, command.into()))
}

// Not generic over the command, so that it is compiled once.
fn send<W: Trunks>(world: &W, trunk: TrunkTag, command: TrunkCommand) -> Sent<'_, TrunkReply> {
    Box::pin(async move { written(world.trunk(trunk, &command).await) })
}

/// The answer of an object that could write its rows.
///
/// # Errors
/// It could not write them, or can't be reached.
pub fn written(answer: Result<TrunkReply, Unavailable>) -> Result<TrunkReply, Unavailable> {
    match answer {
        Ok(TrunkReply::NotWritten) => Err(Unavailable),
        answer => answer,
    }
}
