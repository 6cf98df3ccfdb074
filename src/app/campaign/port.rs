//! The way to campaigns' objects.

#![allow(
    async_fn_in_trait,
    reason = "a Worker has one thread: no future needs to be Send"
)]

use super::command::CampaignCommand;
use super::language::{CampaignRefusal, CampaignReply};
use crate::app::asking::{Asked, Command, Reply, Sent};
use crate::app::host::{Host, Unavailable};
use crate::domain::ids::{CampaignId, OrgId};

/// The campaigns' objects.
pub trait Campaigns {
    /// One request to a campaign's object.
    async fn campaign(
        &self,
        _org: OrgId,
        _campaign: CampaignId,
        _command: &CampaignCommand,
    ) -> Result<CampaignReply, Unavailable> {
        Err(Unavailable)
    }
}

/// A command to a campaign's object, which may refuse any.
pub trait AskCampaign:
    Command<
        Asked = CampaignCommand,
        Answer = CampaignReply,
        Reply = Result<Self::Told, CampaignRefusal>,
    >
{
    /// Its reply, if it is not refused.
    type Told: Reply<CampaignReply>;
}

/// A command, and what it is answered.
macro_rules! asks {
    ($command:ty => $told:ty) => {
        impl $crate::app::asking::Command for $command {
            type Asked = $crate::app::campaign::CampaignCommand;
            type Answer = $crate::app::campaign::CampaignReply;
            type Reply = Result<$told, $crate::app::campaign::CampaignRefusal>;
        }

        impl $crate::app::campaign::AskCampaign for $command {
            type Told = $told;
        }
    };
}
pub(super) use asks;

/// Sends one command to a campaign's object. Fails if the object can't be reached, can't write its rows, or
/// answers something else.
pub fn ask<W: Host + Campaigns, C: AskCampaign>(
    world: &W,
    org: OrgId,
    campaign: CampaignId,
    command: C,
) -> Asked<'_, W, C> {
    Asked::new(world, send(world, org, campaign, command.into()))
}

// Shared by all commands, so that it is compiled once.
fn send<W: Campaigns>(
    world: &W,
    org: OrgId,
    campaign: CampaignId,
    command: CampaignCommand,
) -> Sent<'_, CampaignReply> {
    Box::pin(async move {
        match world.campaign(org, campaign, &command).await {
            Ok(CampaignReply::NotWritten) => Err(Unavailable),
            answer => answer,
        }
    })
}
