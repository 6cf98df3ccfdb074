//! The way to trunks' objects.

#![allow(
    async_fn_in_trait,
    reason = "a Worker has one thread: no future needs to be Send"
)]

use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Look, TrunkCommand, TrunkReply};
use crate::app::asking::{Command, understood};
use crate::app::host::{Host, Unavailable};
use crate::domain::ids::TrunkTag;

/// The trunks' objects.
pub trait Trunks {
    /// One request to the object of the trunk with this tag.
    async fn trunk(&self, tag: TrunkTag, command: &TrunkCommand)
    -> Result<TrunkReply, Unavailable>;

    /// Has a helper of this name look; where there is none, whoever asks does it.
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

type Sent<'w> = Pin<Box<dyn Future<Output = Result<TrunkReply, Unavailable>> + 'w>>;

/// A reply that is on its way.
#[must_use = "nothing is asked until it is awaited"]
pub struct Asked<'w, W, C> {
    world: &'w W,
    sent: Sent<'w>,
    command: PhantomData<fn() -> C>,
}

impl<W: Host, C: AskTrunk> Future for Asked<'_, W, C> {
    type Output = Result<C::Reply, Unavailable>;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.sent.as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(Unavailable)) => Poll::Ready(Err(Unavailable)),
            Poll::Ready(Ok(answer)) => Poll::Ready(understood::<C>(self.world, answer)),
        }
    }
}

/// One command to the object of the trunk with this tag. Fails when the object can't be reached, can't write its rows just now,
/// or answers something else.
pub fn ask<W: Host + Trunks, C: AskTrunk>(
    world: &W,
    trunk: TrunkTag,
    command: C,
) -> Asked<'_, W, C> {
    Asked {
        world,
        sent: send(world, trunk, command.into()),
        command: PhantomData,
    }
}

// The same for all commands, so that it is compiled once.
fn send<W: Trunks>(world: &W, trunk: TrunkTag, command: TrunkCommand) -> Sent<'_> {
    Box::pin(async move { written(world.trunk(trunk, &command).await) })
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
