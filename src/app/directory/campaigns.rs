//! Campaigns, at the desk; and pausing those that a revoked key started.

use super::agents::read_agent;
use super::reply::reply;
use super::{Answer, Desk, DirectoryActor, DirectoryRefusal, DirectoryReply, DirectoryStore};
use crate::app::campaign::{CampaignRefusal, Campaigns, ask, command};
use crate::app::concurrent::share_of;
use crate::app::host::Host;
use crate::app::trunk::StoreFailed;
use crate::domain::agent::Agent;
use crate::domain::campaign::{Campaign, Status};
use crate::domain::directory::{CampaignCard, PendingHalt, RunsWith};
use crate::domain::ids::{AgentId, CampaignId, KeyId, OrgId, TrunkId};
use crate::domain::time::{Span, Timestamp};

/// How many campaigns are reminded at once, in case their alarms were lost.
const LOOKED_AFTER: usize = 400;
/// How many of those at rest.
const RESTING: usize = 40;
/// How long a campaign is reminded after the last attempt to notify its end.
const LINGERS: Span = Span::from_secs(86_400);
/// How many campaigns one invocation pauses.
pub(super) const PAUSED_AT_ONCE: usize = 100;

/// The reply when a campaign was marked as running.
pub struct Marked {
    /// Tells this start from another.
    pub mark: u64,
    /// Who is to talk.
    pub agent: Box<Agent>,
}
reply!(
    Marked: marked => DirectoryReply::Marked(marked.mark, marked.agent),
    DirectoryReply::Marked(mark, agent) => Self { mark, agent },
);
reply!(
    CampaignCard: card => DirectoryReply::Campaign(card),
    DirectoryReply::Campaign(card) => card,
);
reply!(
    Vec<CampaignCard>: cards => DirectoryReply::Campaigns(cards),
    DirectoryReply::Campaigns(cards) => cards,
);

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    pub(super) fn create_campaign(&mut self, campaign: Box<Campaign>) -> Answer<()> {
        let author = self.author();
        Ok(self
            .directory
            .add_campaign((campaign.id, campaign.created_at), author)?)
    }

    pub(super) fn campaign(&self, id: CampaignId) -> Answer<CampaignCard> {
        let card = self.directory.campaign(id);
        Ok(card.ok_or(DirectoryRefusal::Missing)?)
    }

    pub(super) fn campaigns(
        &self,
        before: Option<(Timestamp, CampaignId)>,
        limit: usize,
    ) -> Answer<Vec<CampaignCard>> {
        Ok(self.directory.campaigns_page(before, limit))
    }

    /// Running campaigns, and those whose end may still have to be notified, to be reminded: if there are many, different ones
    /// each minute.
    pub(super) fn looked_after(&self) -> Vec<CampaignCard> {
        let all: Vec<CampaignCard> = self.directory.running(RunsWith::All).collect();
        let waits = self.world.settings().webhook_retry.iter();
        let tells = waits.fold(LINGERS, |sum, wait| Span(sum.0 + wait.0));
        let over = self.directory.resting_since(self.now - tells);
        let over = over.filter(|card| card.run.is_none()).collect();
        let looked_after = share_of(all, LOOKED_AFTER, self.now);
        looked_after
            .chain(share_of(over, RESTING, self.now))
            .collect()
    }

    pub(super) fn running_campaigns(&self, with: RunsWith) -> Answer<Vec<CampaignCard>> {
        Ok(self.directory.running(with).collect())
    }

    pub(super) fn note_campaign(&mut self, id: CampaignId, action: String) -> Answer<CampaignCard> {
        let author = self.author();
        Ok(self.directory.note_campaign(id, &action, author)?)
    }

    pub(super) fn start_campaign(
        &mut self,
        id: CampaignId,
        agent: AgentId,
        trunk: TrunkId,
    ) -> Answer<Marked> {
        let author = self.author();
        let mark = self.directory.start_campaign(id, (agent, trunk), author)?;
        let agent = read_agent(self.directory, self.store, agent)?.ok_or(StoreFailed)?;
        let agent = Box::new(agent);
        Ok(Marked { mark, agent })
    }

    pub(super) fn rest_campaign(&mut self, id: CampaignId, mark: u64) -> Answer<()> {
        self.directory.rest_campaign(id, mark, self.now);
        Ok(())
    }

    pub(super) fn delete_campaign(&mut self, id: CampaignId) -> Answer<()> {
        let author = self.author();
        Ok(self.directory.delete_campaign(id, author)?)
    }
}

impl DirectoryActor {
    /// Pauses a campaign that a revoked key started. Once it no longer runs for that key, returns whether it had.
    pub(super) async fn pause(
        &self,
        store: &impl DirectoryStore,
        world: &(impl Host + Campaigns),
        pause: &PendingHalt,
    ) -> Option<(PendingHalt, bool)> {
        let id = pause.campaign;
        let who = self.with(store, |directory| {
            let run = directory.campaign(id).and_then(|card| card.run);
            let run = run.filter(|run| run.mark < pause.version);
            (directory.org_id(), run.map(|run| run.key))
        });
        let (org, key): (Option<OrgId>, Option<KeyId>) = who.ok()?;
        let (Some(org), Some(key)) = (org, key) else {
            return Some((pause.clone(), false)); // it rests, or runs for another key
        };
        match ask(world, org, id, command::RevokeKey(key)).await {
            Err(_) | Ok(Err(CampaignRefusal::NotTakenBack)) => None,
            Ok(Ok(shown)) => {
                let campaign = shown.campaign;
                let is_paused = campaign.status == Status::Paused;
                let did_run = is_paused && campaign.started_by == Some(key);
                Some((pause.clone(), did_run))
            }
            Ok(Err(_)) => Some((pause.clone(), false)),
        }
    }
}
