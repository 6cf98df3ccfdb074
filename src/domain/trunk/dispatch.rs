//! Handing calls to dialers: claims, and the pace of dials.

use serde::{Deserialize, Serialize};

use super::call_index::accepted;
use super::window::Window;
use super::{Step, Trunk};
use crate::domain::call::{DISPATCH_DEADLINE, Phase};
use crate::domain::ids::{CallId, CampaignId};
use crate::domain::media::MediaPolicy;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};

/// The answer to a dialer that asks for a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Claim {
    /// Granted: dial it, once.
    Yours,
    /// Claimed already, or over.
    NotYours,
    /// Too early for `max_cps`: it will be handed out again without asking.
    Later,
}

/// How long a scheduled call lets others be dialed before it; any longer, and it might end undialed.
const LETS_OTHERS: Span = Span(DISPATCH_DEADLINE.0 / 2);
/// How soon it is handed out again.
pub(super) const BEHIND: Span = Span(1_000);
/// How soon if another campaign's call comes first.
const YIELDS: Span = Span(50);
/// How long its message is in transit at least.
const RIDES: Span = Span(20);

/// When to send the message for a call to be dialed at `turn`: ahead by its time in transit, unless one came too early before.
fn sent_for(turn: Timestamp, now: Timestamp) -> Timestamp {
    match turn - RIDES > now {
        true => turn - RIDES,
        false => turn.max(now + Span(1)),
    }
}

impl Trunk {
    /// Dials of the last second, from before the object was lost.
    pub fn remember_dials(&mut self, dialed: Vec<Timestamp>) {
        self.dialed = Window::of(dialed);
    }

    /// A dialer asks for a call. After [`Claim::Yours`] nobody else ever gets it.
    pub fn claim(&mut self, id: CallId, now: Timestamp, step: &mut Step<'_>) -> Claim {
        let config = self.brief.as_ref().map(|brief| &brief.config);
        let max_cps = config.map_or(0, |config| config.max_cps);
        let media_policy = self
            .brief
            .as_ref()
            .map_or(MediaPolicy::default(), |brief| brief.media_policy);
        let room = config.is_some_and(|config| config.carrier.has_rooms());
        let Some(call) = self.open_call(id, step) else {
            return Claim::NotYours;
        };
        let campaign = call.request.campaign.as_ref().map(|own| own.id);
        let mut lets_others = call.lets_others_go() && !planted(Fault::ScheduledFirst);
        match call.phase() {
            Phase::Unclaimed { since } => lets_others &= now < since + LETS_OTHERS,
            Phase::SettingUp { .. } | Phase::Ringing { .. } | Phase::Talking { .. }
                if planted(Fault::DoubleClaim) => {}
            Phase::Scheduled { .. }
            | Phase::Queued { .. }
            | Phase::SettingUp { .. }
            | Phase::Ringing { .. }
            | Phase::Talking { .. }
            | Phase::AwaitingReport { .. }
            | Phase::Over => return Claim::NotYours,
        }
        if call.missed_its_dispatch(now) && !planted(Fault::ClaimedTooLate) {
            // Its message was quicker than its watchdog.
            self.advance(id, now, step);
            return Claim::NotYours;
        }
        // A call with a room is checked again when its agent is there; other phones ring at once.
        let is_put_off = !planted(Fault::HoursIgnoredAtClaim)
            && match room {
                true => self.put_off_if_closed(id, now, step),
                false => self.put_off_if_closing(id, now, step),
            };
        if is_put_off {
            return Claim::NotYours;
        }
        if self.is_suspended() {
            self.dispatch_again(id, now + BEHIND);
            step.let_go_of(id);
            return Claim::Later;
        }
        if let Err(at) = self.may_be_dialed(campaign, lets_others, max_cps, now) {
            self.dispatch_again(id, sent_for(at, now));
            step.let_go_of(id);
            return Claim::Later;
        }
        let Some(call) = self.open_call(id, step) else {
            return Claim::NotYours;
        };
        call.media_policy = media_policy;
        call.claim(room, now, &self.settings);
        self.dialed.push(now);
        if let Some(campaign) = campaign {
            self.campaigns.dials(campaign, id, now);
        }
        if !room {
            // Whoever has it rings the phone at once.
            self.grants.give(id, now);
        }
        self.settle(id, step);
        Claim::Yours
    }

    /// Whether the organisation is suspended: waiting calls go on waiting, for as long as they may.
    pub(super) fn is_suspended(&self) -> bool {
        self.brief.as_ref().is_some_and(|brief| brief.suspended)
    }

    /// Checks that there is room for another dial: in the trunk's second and in its campaign's. A call that lets others go
    /// first waits for those that no dialer has.
    ///
    /// # Errors
    /// When to ask again.
    fn may_be_dialed(
        &mut self,
        campaign: Option<CampaignId>,
        lets_others: bool,
        max_cps: u32,
        now: Timestamp,
    ) -> Result<(), Timestamp> {
        let others = match lets_others {
            true => self.direct.len(),
            false => 0,
        };
        let left = self.dialed.room(now, max_cps);
        if left <= others {
            let again = self.dialed.next_free(now, max_cps);
            self.campaigns.falls_behind(again);
            let behind = if left > 0 { BEHIND } else { Span(0) };
            return Err(again + behind);
        }
        if campaign.is_some_and(|campaign| left <= self.campaigns.are_before(campaign, now)) {
            return Err(now + YIELDS);
        }
        let at = campaign.map_or(now, |campaign| self.campaigns.dials_at(campaign, now));
        if at > now { Err(at) } else { Ok(()) }
    }

    /// Of the calls due to be handed out again, only as many go now as `max_cps` allows; each of the others gets a moment of
    /// its own, by which those before it can be claimed. Scheduled calls come last.
    pub(super) fn space_out(&mut self, now: Timestamp) {
        let max_cps = self.brief.as_ref().map_or(1, |brief| brief.config.max_cps);
        let room = self.dialed.room(now + RIDES, max_cps);
        let due = self.due.until(now).filter_map(|row| self.at_row(row));
        let waiting = due.filter(|id| self.is_unclaimed(*id));
        let (mut waiting, last): (Vec<CallId>, Vec<CallId>) =
            waiting.partition(|id| self.direct.has(accepted(*id)));
        let turns = self.campaigns.in_turn(last, now + RIDES);
        waiting.extend(turns.now);
        let slots = self.dialed.slots(now + RIDES, max_cps);
        let mut waiting = waiting.into_iter();
        let mut later = turns.later.into_iter().peekable();
        for place in 0.. {
            let Some(at) = slots.get(place % slots.len().max(1)) else {
                break;
            };
            let turn = *at + Span::from_secs((place / slots.len().max(1)) as u64);
            let own = later.next_if(|(_, own)| *own <= turn).map(|(id, _)| id);
            match own.or_else(|| waiting.next()) {
                Some(_) if place < room => {}
                Some(id) => {
                    self.campaigns.falls_behind(turn);
                    self.dispatch_again(id, sent_for(turn, now));
                }
                None => break,
            }
        }
        // Nobody waits behind these.
        for (id, own) in later {
            self.dispatch_again(id, sent_for(own, now));
        }
    }
}
