//! The campaign's object: a list of people, and how they are called within a share of a trunk.

pub mod command;
mod language;
mod port;
mod reply;
mod tell;

pub use command::CampaignCommand;
pub use language::{
    Added, CampaignRefusal, CampaignReply, People, Recipient, RecipientPage, Shown, Snapshot,
};
pub use port::{AskCampaign, Campaigns, ask};
pub use tell::tell;
