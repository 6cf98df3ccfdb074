//! Objects that are asked without any special handling: contacts' shards, and campaigns.

use super::World;
use crate::app::campaign::{CampaignCommand, CampaignReply};
use crate::app::contacts::{ContactsCommand, ContactsReply};
use crate::app::ports::{Campaigns, Contacts, Unavailable};
use crate::domain::contacts::Shard;
use crate::domain::ids::{CampaignId, OrgId};

impl Contacts for World {
    async fn contacts(
        &self,
        org: OrgId,
        shard: Shard,
        command: &ContactsCommand,
    ) -> Result<ContactsReply, Unavailable> {
        let name = format!("{org}/{shard}");
        self.ask_object("CONTACTS", &name, command).await
    }
}

impl Campaigns for World {
    async fn campaign(
        &self,
        org: OrgId,
        campaign: CampaignId,
        command: &CampaignCommand,
    ) -> Result<CampaignReply, Unavailable> {
        let name = format!("{org}/{campaign}");
        self.ask_object("CAMPAIGNS", &name, command).await
    }
}
