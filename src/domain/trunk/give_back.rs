//! How campaigns get calls back and hear how they ended.

use super::suppression::GRANT;
use super::{Effect, Step, Trunk};
use crate::domain::call::{Call, CallEffect, GivenBack, Phase};
use crate::domain::calling_hours::Verdict;
use crate::domain::campaign::handover::{Became, Ended, TakeBack};
use crate::domain::ids::{CallId, CampaignId};
use crate::domain::time::Timestamp;

/// Whether a campaign's call without a row may have had one.
pub(super) fn may_have_left(id: CallId, step: &Step<'_>) -> bool {
    id.row() <= step.rows().campaigns_gone()
}

impl Trunk {
    /// A call that nobody dialed ends, and its campaign gets it back.
    pub(super) fn give_back(
        &mut self,
        id: CallId,
        why: GivenBack,
        now: Timestamp,
        step: &mut Step<'_>,
    ) {
        let key = self.key.clone();
        self.change_undialed(id, now, step, |call| {
            call.give_back(why, now, &key);
            true
        });
    }

    /// The same if calling hours say that it may not ring. `false` when it may.
    pub(super) fn give_back_if_closed(
        &mut self,
        id: CallId,
        said: Verdict,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> bool {
        let opens_at = match said {
            Verdict::Open => return false,
            Verdict::Closed { opens_at, .. } => opens_at,
            Verdict::ZoneUnknown => None,
        };
        self.give_back(id, GivenBack::Closed(opens_at), now, step);
        true
    }

    /// A call has changed: if it is a campaign's and has just become terminal, the campaign is told, and what it held is freed.
    pub(super) fn tells_campaign(&mut self, id: CallId, step: &mut Step<'_>) {
        let Some(entry) = self.open.get(&id) else {
            return;
        };
        let (held, was_over) = (entry.holds_channel(), entry.status().is_terminal());
        let Some(call) = step.peek(id) else { return };
        let Some(campaign) = call.request.campaign.as_ref().map(|own| own.id) else {
            return;
        };
        let frees = held && !call.holds_channel();
        let is_over = call.status.is_terminal() && !was_over;
        let Some(held) = step.held(id) else { return };
        if frees && !std::mem::replace(&mut held.has_freed, true) {
            self.campaigns.frees(campaign, id, self.clock);
        }
        if is_over && !std::mem::replace(&mut held.is_told, true) {
            step.effects.push(Effect {
                call: id,
                what: CallEffect::TellCampaign,
            });
        }
    }

    /// The campaigns that wait for more than they were granted and may have some of it now.
    pub fn wakes_campaigns(&mut self, now: Timestamp, step: &mut Step<'_>) -> Vec<CampaignId> {
        if !self.campaigns.any_waits() {
            return Vec::new();
        }
        let free = self.free_for_campaigns(now, step);
        self.campaigns.wakes(free, now)
    }

    /// How a campaign's call ended. An id that was granted and not handed over is withdrawn: there will be no such call. If the
    /// call may have left the trunk, its end is not known, and its recipient is not called again.
    pub fn became(
        &mut self,
        campaign: CampaignId,
        id: CallId,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> Became {
        let was_granted = self.campaigns.has_granted(campaign, id);
        self.campaigns.takes_up(campaign, id, now);
        if self.is_open(id) {
            self.refresh(id, now, step);
        }
        let own = |call: &&Call| call.is_of_campaign(campaign);
        let became = self
            .call(id, step)
            .filter(own)
            .map(|call| match Ended::of(call) {
                Some(ended) => Became::Over(Box::new(ended)),
                None => Became::Open,
            });
        step.let_go_of(id);
        became.unwrap_or_else(|| match !was_granted && may_have_left(id, step) {
            true => Became::Over(Box::new(Ended::unknown(now))),
            false => Became::Nothing,
        })
    }

    /// A campaign takes back some of its calls. Some may still ring for a while; what is left of them must be taken back after that.
    pub fn take_back(
        &mut self,
        campaign: CampaignId,
        calls: &[CallId],
        (why, last): (TakeBack, bool),
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> Option<Timestamp> {
        // Nothing that was granted is handed over any more.
        self.campaigns.rests(campaign);
        let open = &self.open;
        self.grants.taken_back.retain(|id| open.contains_key(id));
        let mut again_at = None;
        for id in calls {
            again_at = again_at.max(self.take_one_back(campaign, *id, (why, last), now, step));
        }
        again_at
    }

    fn take_one_back(
        &mut self,
        campaign: CampaignId,
        id: CallId,
        (why, last): (TakeBack, bool),
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> Option<Timestamp> {
        if !self.is_open(id) {
            return None;
        }
        self.refresh(id, now, step);
        let is_silent = self.open.get(&id).is_some_and(super::Entry::is_silent);
        let call = self.open_call(id, step)?;
        if !call.is_of_campaign(campaign) {
            step.let_go_of(id);
            return None;
        }
        let may_ring_until = match call.phase() {
            Phase::Unclaimed { .. } => {
                self.give_back(id, GivenBack::TakenBack, now, step);
                return None;
            }
            Phase::SettingUp { .. } if is_silent => {
                self.never_rings(id, now, step);
                return None;
            }
            Phase::SettingUp { .. } => self.grants.until(id),
            Phase::Ringing { .. } if why != TakeBack::Paused => now,
            Phase::Talking { .. } if why == TakeBack::HungUp => {
                self.cancel(id, now, step);
                return None;
            }
            // Calls in the queue and on the schedule never belong to a campaign.
            Phase::Ringing { .. }
            | Phase::Talking { .. }
            | Phase::Scheduled { .. }
            | Phase::Queued { .. }
            | Phase::AwaitingReport { .. }
            | Phase::Over => return None,
        };
        let again_at = match last {
            true => Some(may_ring_until).filter(|until| *until > now),
            false => Some(may_ring_until.max(now + GRANT)),
        };
        match again_at {
            Some(_) if !self.is_taken_back(id) => self.grants.taken_back.push(id),
            Some(_) => {}
            // Whoever has it was allowed to ring its phone, which by now rings or never will.
            None if why == TakeBack::Paused => {}
            None => {
                self.cancel(id, now, step);
            }
        }
        again_at
    }

    /// Whether a dialer's call was taken back by its campaign: its phone must not ring.
    #[must_use]
    pub fn is_taken_back(&self, id: CallId) -> bool {
        self.grants.taken_back.contains(&id)
    }

    /// A dialer has a call whose phone was not allowed to ring, and never will be.
    pub fn never_rings(&mut self, id: CallId, now: Timestamp, step: &mut Step<'_>) {
        self.grants.taken_back.retain(|call| *call != id);
        self.change(id, now, step, |call, _, key| {
            if !matches!(call.phase(), Phase::SettingUp { .. }) {
                return false;
            }
            call.undial();
            call.give_back(GivenBack::TakenBack, now, key);
            true
        });
    }
}
