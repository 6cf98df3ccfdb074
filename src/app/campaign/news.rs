//! What a campaign tells the live feed's listeners. Its trunk keeps it for them, so that listeners ask nobody else.
//!
//! It reports its state, never what changed: a report that fails is made good by the next, and a campaign that is over
//! repeats its last one until the trunk has it.

use super::{CampaignActor, CampaignStore, Exchange};
use crate::app::trunk::{CampaignHeard, StoreFailed};
use crate::app::views::campaign::CampaignView;
use crate::domain::campaign::{Campaign, HeldBy, Status};
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};
use crate::domain::to_json::to_json;

/// While nobody listens, changed counts are reported no more often than this.
const SELDOM: Span = Span(10_000);
/// A report that was not received is repeated after this.
const AGAIN: Span = Span(5_000);
/// While calls are being handed over, it waits for a pause of this length,
const PAUSE: Span = Span(50);
/// but no longer than this.
const PATIENCE: Span = Span(1_000);
/// A trunk whose clock is slow is not asked again at once.
const SOON: Span = Span(20);

/// The state as reported.
type State = (Campaign, Option<HeldBy>);

/// What the trunk knows of its campaign.
#[derive(Default)]
pub(super) struct News {
    told: Option<State>,
    telling: Option<State>,
    /// The state differs from what was reported.
    is_there: bool,
    /// No calls are being handed over right now.
    is_handy: bool,
    /// Nothing is reported before this moment,
    at: Timestamp,
    /// and nothing but a changed status before this one.
    seldom_at: Timestamp,
}

impl CampaignActor {
    /// Checks whether the state differs from what its trunk has.
    pub(super) fn looks_for_news(&mut self, now: Timestamp) {
        let held = self.held_by(now);
        let turns = !self.people.ready.is_empty() && self.again_at < now + PAUSE;
        self.news.is_handy = self.calls.handing() == 0 && !turns;
        self.news.is_there = match (self.living(), &self.news.told) {
            (None, _) => false,
            (Some(record), Some((campaign, by))) => record.campaign != *campaign || held != *by,
            // After a restart. A reported status is stored, except for those that report anyway.
            (Some(record), None) => {
                let is_untold = record.told != Some(record.campaign.status);
                let goes_on = record.is_running() || record.campaign.counts.in_progress > 0;
                goes_on || is_untold && !planted(Fault::CampaignEndUntold)
            }
        };
    }

    /// When the next report is due.
    pub(super) fn tells_at(&self) -> Option<Timestamp> {
        let record = self.living().filter(|_| self.news.is_there)?;
        let known = self.news.told.as_ref().map(|(campaign, _)| campaign.status);
        let is_same = known == Some(record.campaign.status);
        let at = match is_same {
            true => self.news.at.max(self.news.seldom_at),
            false => self.news.at,
        };
        let at = match self.news.is_handy {
            true => at,
            false => at + PATIENCE,
        };
        record.takes_back.is_none().then_some(at)
    }

    pub(super) fn tell(&mut self, now: Timestamp) -> Option<Exchange> {
        let held = self.held_by(now);
        let record = self.living()?;
        let (campaign, ends_at) = (&record.campaign, record.projected_end_at(now));
        let exchange = Exchange::Tell {
            trunk: campaign.plan.trunk.tag(),
            org: campaign.org,
            campaign: campaign.id,
            view: to_json(&CampaignView::of(campaign, held, ends_at)).ok()?,
        };
        let state = (campaign.clone(), held);
        self.news.telling = Some(state);
        Some(exchange)
    }

    /// The trunk has the report; or it must be repeated, if it came too soon.
    pub(super) fn is_told(
        &mut self,
        store: &impl CampaignStore,
        heard: CampaignHeard,
        now: Timestamp,
    ) -> Result<(), StoreFailed> {
        self.news.at = heard.again_at.max(now + SOON);
        let told = self.news.telling.take().filter(|_| heard.taken);
        let Some((campaign, held)) = told else {
            return Ok(());
        };
        self.news.seldom_at = match heard.listened {
            true => Timestamp(0),
            false => now + SELDOM,
        };
        let status = campaign.status;
        self.news.told = Some((campaign, held));
        match &mut self.record {
            Some(record) if status != Status::Running && record.told != Some(status) => {
                record.told = Some(status);
                self.write(store, &[], now)
            }
            _ => Ok(()),
        }
    }

    /// Nobody received the report. Other questions don't wait for it.
    pub(super) fn is_untold(&mut self, now: Timestamp) {
        self.news.telling = None;
        self.news.at = now + AGAIN;
    }
}
