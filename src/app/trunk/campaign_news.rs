//! Campaigns' reports for the live feed: their trunk keeps the latest of each for as long as the feed is kept, while somebody
//! listens or has within that time.

use super::feed::{Feed, KEPT, NOTED_EVERY};
use super::position::LoggedCampaign;
use super::reply::reply;
use super::watch::LISTENED_FOR;
use super::{Answer, Desk, StoreFailed, TrunkStore};
use crate::domain::ids::{CampaignId, OrgId};
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};

/// A campaign reports no more often than this,
const EVERY: Span = Span(1_000);
/// and less often if others do: by this much for each that reported
const EACH: u64 = 100;
/// within this time.
const LATELY: Span = Span::from_secs(60);
/// The most campaigns whose latest report is kept.
const MOST: usize = 100;

/// What became of a campaign's report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CampaignHeard {
    /// It is passed on to listeners; otherwise it came too soon.
    pub taken: bool,
    /// When it may report again.
    pub again_at: Timestamp,
    /// Somebody listens.
    pub listened: bool,
}

reply!(
    CampaignHeard {
        taken,
        again_at,
        listened
    } = CampaignHeard {
        taken,
        again_at,
        listened
    }
);

impl<S: TrunkStore> Desk<'_, '_, S> {
    pub(super) fn hear_campaign(
        &mut self,
        org: OrgId,
        campaign: CampaignId,
        view: String,
    ) -> Answer<CampaignHeard> {
        let own = self.trunk.brief().map(|brief| brief.config.org_id);
        match own == Some(org) {
            true => self.feed.hears(self.store, (campaign, view), self.now),
            // Nobody here would receive it.
            false => Ok(CampaignHeard::unlistened(self.now)),
        }
    }
}

impl CampaignHeard {
    fn unlistened(now: Timestamp) -> Self {
        Self {
            taken: true,
            again_at: now + EVERY,
            listened: false,
        }
    }
}

impl Feed {
    fn hears(
        &mut self,
        store: &impl TrunkStore,
        (id, view): (CampaignId, String),
        now: Timestamp,
    ) -> Result<CampaignHeard, StoreFailed> {
        let listened_at = self.notes.listened_at;
        let within = |span: Span| listened_at.is_some_and(|last| now < last + span);
        if !within(KEPT + NOTED_EVERY) {
            return Ok(CampaignHeard::unlistened(now));
        }
        let listened = within(LISTENED_FOR);
        let known = &mut self.notes.campaigns;
        let last = known.iter().find(|logged| logged.id == id);
        let last = last.map(|logged| logged.at);
        let others = known
            .iter()
            .filter(|logged| logged.id != id && now < logged.at + LATELY);
        let pause = EVERY.max(Span(EACH * others.count() as u64));
        // A clock that was set back is no reason to wait.
        let too_soon = last.filter(|at| *at <= now && now < *at + pause);
        if let Some(at) = too_soon.filter(|_| !planted(Fault::CampaignToldAtOnce)) {
            return Ok(CampaignHeard {
                taken: false,
                again_at: at + pause,
                listened,
            });
        }
        known.retain(|logged| logged.id != id && now < logged.at + KEPT);
        if known.len() >= MOST {
            known.remove(0);
        }
        let at = last.map_or(now, |last| now.max(last + Span(1)));
        known.push(LoggedCampaign { at, id, view });
        store.put_feed_notes(&self.notes)?;
        self.is_changed = true;
        Ok(CampaignHeard {
            taken: true,
            again_at: match planted(Fault::CampaignToldAtOnce) {
                true => now,
                false => now + pause,
            },
            listened,
        })
    }
}
