//! The list of campaigns, and which of them run. Everything else about a campaign is known to its own object.
//!
//! A campaign is marked as running here before its object starts it, and until that has come to rest. So whatever runs is
//! marked: no agent and no trunk is deleted from under it, and revoking a key leaves none of its campaigns running.

use serde::{Deserialize, Serialize};

use super::permits::User;
use super::{Affects, Author, Directory, DirectoryRefusal, PendingHalt};
use crate::domain::campaign::MOST_CAMPAIGNS;
use crate::domain::from_json::{self, Unreadable};
use crate::domain::ids::{AgentId, CampaignId, KeyId, TrunkId, TrunkTag};
use crate::domain::sorting::newest_first;
use crate::domain::time::{Span, Timestamp};

/// The audit log's word for pausing a campaign.
pub const PAUSE: &str = "campaign.pause";
/// The audit log's word for cancelling one.
const CANCEL: &str = "campaign.cancel";

/// A campaign at rest may have had a call accepted until a moment ago, by another object's clock.
const LAST_CALLS: Span = Span(240_000);

/// What a directory knows of a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignCard {
    /// The campaign's id, which names its object.
    pub id: CampaignId,
    /// When it was created.
    pub created_at: Timestamp,
    /// The run in progress, if it is running.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
    /// Since when it has been at rest or cancelled: it may still have to tell that it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rested_at: Option<Timestamp>,
}

/// A campaign's run, in progress or about to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Tells one start from another.
    pub mark: u64,
    /// Since when.
    pub at: Timestamp,
    /// The key that started it.
    pub key: KeyId,
    /// Who talks.
    pub agent: AgentId,
    /// The trunk its calls go out through.
    pub trunk: TrunkId,
}

impl Run {
    fn uses(&self, user: User) -> bool {
        match user {
            User::Key(key) => self.key == key,
            User::Agent(agent) => self.agent == agent,
        }
    }
}

/// Selects campaigns by what they run with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunsWith {
    /// Any agent and any trunk.
    All,
    /// This agent.
    Agent(AgentId),
    /// This trunk.
    Trunk(TrunkId),
}

impl RunsWith {
    fn is_of(self, run: &Run) -> bool {
        match self {
            Self::All => true,
            Self::Agent(agent) => run.agent == agent,
            Self::Trunk(trunk) => run.trunk == trunk,
        }
    }
}

impl Directory {
    pub(super) fn read_campaign(&mut self, doc: &str) -> Result<(), Unreadable> {
        let card: CampaignCard = from_json::read(doc)?;
        self.hold_campaign(card);
        Ok(())
    }

    fn hold_campaign(&mut self, card: CampaignCard) {
        self.campaigns.insert(card.id, card.created_at);
        match card.run {
            Some(run) => drop(self.runs.insert(card.id, run)),
            None => drop(self.runs.remove(&card.id)),
        }
        match card.rested_at {
            Some(at) => drop(self.rested.insert(card.id, at)),
            None => drop(self.rested.remove(&card.id)),
        }
    }

    fn keep_campaign(&mut self, card: CampaignCard) {
        self.put(format!("campaign/{}", card.id), &card);
        self.hold_campaign(card);
    }

    /// A campaign that has not been deleted.
    #[must_use]
    pub fn campaign(&self, id: CampaignId) -> Option<CampaignCard> {
        Some(CampaignCard {
            id,
            created_at: *self.campaigns.get(&id)?,
            run: self.runs.get(&id).copied(),
            rested_at: self.rested.get(&id).copied(),
        })
    }

    /// Campaigns, newest first.
    #[must_use]
    pub fn campaigns_page(
        &self,
        before: Option<(Timestamp, CampaignId)>,
        limit: usize,
    ) -> Vec<CampaignCard> {
        let before = before.map(|(at, id)| id.born(at));
        let all = self.campaigns.iter().map(|(id, at)| (*id, id.born(*at)));
        let mut older: Vec<_> = all
            .filter(|(_, born)| before.is_none_or(|before| *born < before))
            .collect();
        newest_first(&mut older, |(_, born)| *born);
        let page = older.into_iter().take(limit);
        page.filter_map(|(id, _)| self.campaign(id)).collect()
    }

    /// The campaigns that run with it, or are about to.
    pub fn running(&self, with: RunsWith) -> impl Iterator<Item = CampaignCard> {
        let runs = self.runs.iter().filter(move |(_, run)| with.is_of(run));
        runs.filter_map(|(id, _)| self.campaign(*id))
    }

    /// The campaigns that have come to rest since then: one of them may still have to tell that it is over.
    pub fn resting_since(&self, since: Timestamp) -> impl Iterator<Item = CampaignCard> {
        let rested = self.rested.iter().filter(move |(_, at)| **at >= since);
        rested.filter_map(|(id, _)| self.campaign(*id))
    }

    /// Checks that nothing runs with what is about to be deleted.
    ///
    /// # Errors
    /// Something does.
    pub fn check_at_rest(&self, with: RunsWith) -> Result<(), DirectoryRefusal> {
        match self.running(with).next() {
            None => Ok(()),
            Some(_) => Err(DirectoryRefusal::RunningCampaigns),
        }
    }

    /// Whether a running campaign may use this key or agent through a trunk.
    pub(super) fn runs_through(&self, user: User, trunk: TrunkTag) -> bool {
        let mut runs = self.runs.values();
        runs.any(|run| run.trunk.tag() == trunk && run.uses(user))
    }

    /// Whether a running campaign may use this key or agent.
    pub(super) fn is_run_with(&self, user: User) -> bool {
        let mut runs = self.runs.values();
        runs.any(|run| run.uses(user))
    }

    /// Adds a campaign that its object already knows.
    ///
    /// # Errors
    /// There are too many.
    pub fn add_campaign(
        &mut self,
        (id, created_at): (CampaignId, Timestamp),
        author: Author<'_>,
    ) -> Result<(), DirectoryRefusal> {
        if self.campaigns.len() >= MOST_CAMPAIGNS {
            return Err(DirectoryRefusal::TooMany);
        }
        let card = CampaignCard {
            id,
            created_at,
            run: None,
            rested_at: None,
        };
        self.keep_campaign(card);
        self.record(author.entry("campaign.create", id), &[], Affects::NoTrunk);
        Ok(())
    }

    /// Notes in the audit log what is about to be done to a campaign.
    ///
    /// # Errors
    /// There is no such campaign.
    pub fn note_campaign(
        &mut self,
        id: CampaignId,
        action: &str,
        author: Author<'_>,
    ) -> Result<CampaignCard, DirectoryRefusal> {
        let card = self.campaign(id).ok_or(DirectoryRefusal::Missing)?;
        if action == CANCEL {
            let rested_at = Some(author.at);
            self.keep_campaign(CampaignCard { rested_at, ..card });
        }
        self.record(author.entry(action, id), &[], Affects::NoTrunk);
        Ok(card)
    }

    /// Marks a campaign as running, before its object starts it. Its trunk is told whatever it may not know about the agent.
    ///
    /// # Errors
    /// There is no such campaign; its agent or trunk was deleted; the organisation is suspended.
    pub fn start_campaign(
        &mut self,
        id: CampaignId,
        (agent, trunk): (AgentId, TrunkId),
        author: Author<'_>,
    ) -> Result<u64, DirectoryRefusal> {
        let card = self.campaign(id).ok_or(DirectoryRefusal::Missing)?;
        let key = author.key.ok_or(DirectoryRefusal::InvalidKey)?;
        if self.is_suspended() {
            return Err(DirectoryRefusal::Suspended);
        }
        if !self.has_agent(agent) {
            return Err(DirectoryRefusal::NoAgent);
        }
        if self.trunk(trunk).is_none() {
            return Err(DirectoryRefusal::NoTrunk);
        }
        let run = Run {
            mark: self.version() + 1,
            at: author.at,
            key,
            agent,
            trunk,
        };
        let run = Some(run);
        self.keep_campaign(CampaignCard {
            run,
            rested_at: None,
            ..card
        });
        self.use_for_campaigns(trunk, Timestamp::MAX);
        let guarded = key.is_guarded() || agent.is_guarded() || trunk.is_guarded();
        let affects = match guarded {
            true => Affects::Trunk(trunk),
            false => Affects::NoTrunk,
        };
        self.record(author.entry("campaign.start", id), &[], affects);
        Ok(self.version())
    }

    /// The run marked `mark` has come to rest in the campaign's object, or never started.
    pub fn rest_campaign(&mut self, id: CampaignId, mark: u64, now: Timestamp) {
        let card = self.campaign(id);
        let Some((card, run)) = card.and_then(|card| Some((card, card.run?))) else {
            return;
        };
        if run.mark != mark {
            return;
        }
        self.keep_campaign(CampaignCard {
            run: None,
            rested_at: Some(now),
            ..card
        });
        if self.running(RunsWith::Trunk(run.trunk)).next().is_none() {
            self.use_for_campaigns(run.trunk, now + LAST_CALLS);
        }
    }

    /// Removes a campaign whose object is gone.
    ///
    /// # Errors
    /// There is no such campaign.
    pub fn delete_campaign(
        &mut self,
        id: CampaignId,
        author: Author<'_>,
    ) -> Result<(), DirectoryRefusal> {
        let card = self.campaign(id).ok_or(DirectoryRefusal::Missing)?;
        if let Some(run) = card.run {
            self.rest_campaign(id, run.mark, author.at);
        }
        self.campaigns.remove(&id);
        self.rested.remove(&id);
        self.remove(format!("campaign/{id}"));
        self.record(author.entry("campaign.delete", id), &[], Affects::NoTrunk);
        Ok(())
    }

    /// Queues a pause for each campaign that a revoked key last started.
    pub(super) fn pause_campaigns_of(&mut self, key: KeyId, author: Author<'_>) {
        let version = self.version();
        for (campaign, _) in self.runs.iter().filter(|(_, run)| run.key == key) {
            self.pending.pause(PendingHalt {
                campaign: *campaign,
                version,
                by: author.key,
                request: author.request.to_owned(),
            });
        }
        self.put_pending();
    }

    /// Removes pauses that were carried out; the audit log gets a line for each campaign that was running.
    pub fn acknowledge_pauses(&mut self, paused: &[(PendingHalt, bool)], now: Timestamp) {
        for (pause, did_run) in paused {
            if !self.pending.pauses.contains(pause) {
                continue; // it was told by another attempt
            }
            self.pending.pauses.retain(|pending| pending != pause);
            let run = self.runs.get(&pause.campaign);
            let mark = run.map(|run| run.mark).filter(|mark| *mark < pause.version);
            if let Some(mark) = mark {
                self.rest_campaign(pause.campaign, mark, now);
            }
            let author = Author {
                at: now,
                key: pause.by,
                request: &pause.request,
            };
            match did_run {
                true => {
                    let entry = author.entry(PAUSE, pause.campaign);
                    self.record(entry, &[], Affects::NoTrunk);
                }
                false => self.put_pending(),
            }
        }
    }
}
