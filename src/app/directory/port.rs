//! The way to organisations' directories.

#![allow(
    async_fn_in_trait,
    reason = "a Worker has one thread: no future needs to be Send"
)]

use super::{By, DirectoryCommand, DirectoryRefusal, DirectoryReply};
use crate::app::asking::{Asked, Command, Reply, Sent};
use crate::app::host::{Host, Unavailable};
use crate::domain::ids::OrgId;

/// The organisations' directory objects.
pub trait Directories {
    /// One request to the organisation's directory.
    async fn directory(
        &self,
        org: OrgId,
        command: &DirectoryCommand,
    ) -> Result<DirectoryReply, Unavailable>;
}

/// A command to a directory, which may refuse any.
pub trait AskDirectory:
    Command<
        Asked = DirectoryCommand,
        Answer = DirectoryReply,
        Reply = Result<Self::Told, DirectoryRefusal>,
    >
{
    /// Its reply, if it is not refused.
    type Told: Reply<DirectoryReply>;
}

/// A command, and its reply.
macro_rules! asks {
    ($command:ty => $told:ty) => {
        impl $crate::app::asking::Command for $command {
            type Asked = $crate::app::directory::DirectoryCommand;
            type Answer = $crate::app::directory::DirectoryReply;
            type Reply = Result<$told, $crate::app::directory::DirectoryRefusal>;
        }

        impl $crate::app::directory::AskDirectory for $command {
            type Told = $told;
        }
    };
}
pub(super) use asks;

/// Sends one command to an organisation's directory. Fails if the object can't be reached, can't write its rows, or
/// answers something else.
pub fn ask<'w, W: Host + Directories, C: AskDirectory>(
    world: &'w W,
    org: OrgId,
    by: By<'_>,
    command: C,
) -> Asked<'w, W, C> {
    Asked::new(world, send(world, org, command.into().by(by)))
}

// Shared by all commands, so that it is compiled once.
fn send<W: Directories>(
    world: &W,
    org: OrgId,
    command: DirectoryCommand,
) -> Sent<'_, DirectoryReply> {
    Box::pin(async move { world.directory(org, &command).await })
}
