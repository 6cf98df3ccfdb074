//! Each campaign's part of a trunk's capacity: channels and dials, shared evenly among those that have somebody to call.
//!
//! All of it is in memory, and rebuilt from the campaigns' next rounds. A campaign is granted its own part of what is free;
//! the others' parts are left to them for as long as they ask.

use super::share::Share;
use super::share_out::{Part, share_out};
use super::window::Window;
use crate::domain::campaign::handover::{Demand, GOOD_FOR};
use crate::domain::ids::{CallId, CampaignId};
use crate::domain::planted::{Fault, planted};
use crate::domain::sorting::oldest_first;
use crate::domain::time::{Span, Timestamp};
use crate::domain::vec_map::VecMap;

/// A campaign that has not asked for this long is forgotten.
const KNOWN: Span = Span(60_000);
/// How many seconds' worth of dials or channels a campaign that had fewer than others may catch up on.
const MADE_UP: u64 = 1;

/// A campaign that had this many dials fewer than another comes first.
const FEWER: u64 = 2;

/// The campaigns that call through a trunk.
#[derive(Clone, Default)]
pub(super) struct Campaigns {
    shares: Vec<Share>,
    /// This object does not remember what was dialed before it was loaded.
    loaded_at: Timestamp,
    /// The latest dials of campaigns that have not asked yet, so that their rate is unknown.
    unasked: Vec<(CampaignId, Timestamp)>,
    /// Until then calls are waiting, or were, for their dials.
    behind_until: Timestamp,
    /// How long calls usually hold their channels.
    usual: Span,
}

/// Calls that wait for their dials.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Turns {
    /// In the order in which they are dialed.
    pub now: Vec<CallId>,
    /// Those for which it is too early, and until when.
    pub later: Vec<(CallId, Timestamp)>,
}

impl Campaigns {
    pub fn loaded(&mut self, now: Timestamp) {
        self.loaded_at = now;
    }

    /// A dialer came too early for a call: others are dialed before it.
    pub fn falls_behind(&mut self, until: Timestamp) {
        self.behind_until = self.behind_until.max(until);
    }

    /// Until when there are calls waiting for their dials.
    pub fn behind_until(&self) -> Timestamp {
        self.behind_until
    }

    fn share(&mut self, id: CampaignId) -> Option<&mut Share> {
        self.shares.iter_mut().find(|share| share.id == id)
    }

    fn active(&self, now: Timestamp) -> impl Iterator<Item = &Share> {
        self.shares.iter().filter(move |share| share.is_active(now))
    }

    /// A campaign asks. One that is new, or had nobody to call, has no more to catch up on than the others; and one that
    /// had less than others catches up on a little.
    pub fn asks(&mut self, id: CampaignId, demand: Demand, limits: (u32, u32), now: Timestamp) {
        self.shares.retain(|share| now < share.asked_at + KNOWN);
        let busy = |share: &&Share| share.id != id && share.demand.ready > 0;
        let others = || self.active(now).filter(busy);
        let all = || others().map(|share| (share.dials(), share.held(now)));
        let least = all().reduce(|a, b| (a.0.min(b.0), a.1.min(b.1)));
        let most = all().reduce(|a, b| (a.0.max(b.0), a.1.max(b.1)));
        let ((dials, held), most) = (least.unwrap_or_default(), most.unwrap_or_default());
        let [channels, cps] = [limits.0, limits.1].map(u64::from);
        // Less than one call makes no difference.
        let channels = (channels * MADE_UP * 1_000).max(self.usual.0);
        let floor = (
            most.0.saturating_sub(MADE_UP * cps),
            most.1.saturating_sub(channels),
        );
        if self.share(id).is_none() {
            let dialed = Window::of(self.unasked(id).into_iter().collect());
            self.shares.push(Share {
                id,
                asked_at: Timestamp(0),
                demand: Demand::default(),
                live: 0,
                is_counted: false,
                granted: Vec::new(),
                undialed: Vec::new(),
                dials,
                pace: Window::default(),
                dialed,
                held,
                since: now,
                waits: false,
            });
        }
        if let Some(share) = self.share(id) {
            share.passes(now);
            if !share.is_active(now) || share.demand.ready == 0 {
                share.dials = share.dials.max(dials);
                share.held = share.held.max(held);
            }
            share.dials = share.dials.max(floor.0);
            share.held = share.held.max(floor.1);
            share.asked_at = now;
            share.demand = demand;
            share.waits = false;
        }
    }

    /// An id that is handed over: returns whether it was granted to that campaign and is valid. It is used up.
    pub fn takes_up(&mut self, id: CampaignId, call: CallId, now: Timestamp) -> bool {
        let Some(share) = self.share(id) else {
            return false;
        };
        let before = share.granted.len();
        share.granted.retain(|granted| *granted != call);
        let is_good = now < call.address().at + GOOD_FOR;
        share.granted.len() < before && is_good
    }

    /// Whether an id may still be handed over.
    pub fn has_granted(&self, id: CampaignId, call: CallId) -> bool {
        let mut shares = self.shares.iter();
        let share = shares.find(|share| share.id == id);
        share.is_some_and(|share| share.granted.contains(&call))
    }

    /// Withdraws what was granted before this round and is not handed over in it.
    pub fn drops_grants(&mut self, id: CampaignId) {
        if let Some(share) = self.share(id) {
            share.granted.clear();
        }
    }

    /// A campaign calls nobody from now on: its part goes to the others.
    pub fn rests(&mut self, id: CampaignId) {
        if let Some(share) = self.share(id) {
            share.granted.clear();
            share.demand.ready = 0;
            share.waits = false;
        }
    }

    /// A campaign has at most this many calls in progress.
    pub fn counts(&mut self, id: CampaignId, in_progress: u32) {
        if let Some(share) = self.share(id) {
            share.live = match share.is_counted {
                true => share.live.min(in_progress),
                false => in_progress,
            };
            share.is_counted = true;
        }
    }

    /// A campaign's call takes a channel.
    pub fn holds(&mut self, id: CampaignId, call: CallId, now: Timestamp) {
        if let Some(share) = self.share(id) {
            share.passes(now);
            share.live += 1;
            share.undialed.push(call);
        }
    }

    /// A campaign's call frees its channel.
    pub fn frees(&mut self, id: CampaignId, call: CallId, now: Timestamp) {
        let took = now - call.address().at;
        self.usual = Span((self.usual.0 * 7 + took.0) / 8);
        if let Some(share) = self.share(id) {
            share.passes(now);
            share.live = share.live.saturating_sub(1);
            share.undialed.retain(|known| *known != call);
        }
    }

    /// How many campaigns with calls waiting for their dials have had noticeably fewer dials than this one.
    pub fn are_before(&self, id: CampaignId, now: Timestamp) -> usize {
        let own = self.shares.iter().find(|share| share.id == id);
        let own = own.map_or(0, |share| share.dials);
        let is_before = |share: &&Share| {
            let waits = !share.undialed.is_empty() && share.dials + FEWER < own;
            waits && self.dials_at(share.id, now) <= now
        };
        self.active(now).filter(is_before).count()
    }

    /// Calls that wait for their dials, in the order in which they get them: each time one of the campaign with the fewest.
    /// Those held back by their campaign's own rate come apart, soonest first, each with when it may go: until then a dial is
    /// the others'.
    pub fn in_turn(&self, waiting: Vec<CallId>, now: Timestamp) -> Turns {
        let mut whose: VecMap<CallId, usize> = VecMap::default();
        for (at, share) in self.shares.iter().enumerate() {
            for id in &share.undialed {
                whose.insert(*id, at);
            }
        }
        let own_slots = |share: &Share| {
            let most = share.demand.max_cps.filter(|most| *most > 0);
            most.map_or_else(Vec::new, |most| share.dialed.slots(now, most))
        };
        let slots: Vec<Vec<Timestamp>> = self.shares.iter().map(own_slots).collect();
        let known = self.loaded_at + Span(1_000);
        let mut dials: Vec<(u64, usize)> =
            self.shares.iter().map(|share| (share.dials, 0)).collect();
        let mut ranked: Vec<(u64, CallId)> = Vec::new();
        let mut later: Vec<(CallId, Timestamp)> = Vec::new();
        for id in waiting {
            let at = whose.get(&id).copied();
            let own = at.and_then(|at| dials.get_mut(at).zip(slots.get(at)));
            let Some(((rank, place), slots)) = own else {
                ranked.push((0, id));
                continue;
            };
            let rounds = place.checked_div(slots.len()).unwrap_or_default();
            let slot = slots.get(*place - rounds * slots.len());
            let free = slot.map_or(now, |at| (*at + Span::from_secs(rounds as u64)).max(known));
            *place += 1;
            match free > now {
                true => later.push((id, free)),
                false => {
                    ranked.push((*rank, id));
                    *rank += 1;
                }
            }
        }
        oldest_first(&mut ranked, |(rank, _)| u128::from(*rank));
        oldest_first(&mut later, |(_, at)| at.0.into());
        Turns {
            now: ranked.into_iter().map(|(_, id)| id).collect(),
            later,
        }
    }

    /// The same after a failed write, which may have counted calls as over that go on: the campaigns' next rounds say how many there are.
    pub fn recounted(&self) -> Self {
        let mut known = self.clone();
        for share in &mut known.shares {
            share.is_counted = false;
        }
        known
    }

    /// How many channels have been promised.
    pub fn promised(&self, now: Timestamp) -> usize {
        self.active(now).map(|share| share.granted.len()).sum()
    }

    /// How many more calls each campaign that asks may begin if this many channels and dials are free.
    fn allots(
        &self,
        channels: u64,
        dials: u64,
        now: Timestamp,
    ) -> impl Iterator<Item = (CampaignId, u64)> {
        let shares: Vec<&Share> = self.active(now).collect();
        let is_unfair = planted(Fault::UnfairShare);
        let part = |share: &&Share| {
            let has = share.has();
            // What it may not dial yet is of no use to it.
            let wanted = has + u64::from(share.demand.ready).min(share.room(now));
            let own = share
                .demand
                .max_channels
                .filter(|_| !planted(Fault::ShareExceeded));
            let own = own.map_or(u64::MAX, u64::from);
            Part {
                has: if is_unfair { 0 } else { has },
                most: wanted.min(own.max(has)),
                turn: if is_unfair { 0 } else { share.held(now) },
            }
        };
        let parts: Vec<Part> = shares.iter().map(part).collect();
        let places = share_out(&parts, channels);
        let part = |(share, places): (&&Share, u64)| Part {
            has: if is_unfair { 0 } else { share.dials() },
            most: share.dials().saturating_add(places),
            turn: if is_unfair { 0 } else { share.held(now) },
        };
        let parts: Vec<Part> = shares.iter().zip(places).map(part).collect();
        let gets = share_out(&parts, dials);
        let ids: Vec<CampaignId> = shares.iter().map(|share| share.id).collect();
        ids.into_iter().zip(gets)
    }

    /// How many calls a campaign may begin.
    pub fn allots_to(&self, id: CampaignId, free: (u64, u64), now: Timestamp) -> u64 {
        let mut all = self.allots(free.0, free.1, now);
        all.find(|(other, _)| *other == id)
            .map_or(0, |(_, gets)| gets)
    }

    /// Those that were granted less than they wanted and may begin some calls now: each is told once.
    pub fn wakes(&mut self, free: (u64, u64), now: Timestamp) -> Vec<CampaignId> {
        let all: Vec<(CampaignId, u64)> = self.allots(free.0, free.1, now).collect();
        let mut woken = Vec::new();
        for (id, _) in all.into_iter().filter(|(_, gets)| *gets > 0) {
            if let Some(share) = self.share(id).filter(|share| share.waits) {
                share.waits = false;
                woken.push(id);
            }
        }
        woken
    }

    /// Whether any was granted less than it wanted.
    pub fn any_waits(&self) -> bool {
        self.shares.iter().any(|share| share.waits)
    }

    /// It was granted these; `waits` if it would have taken more.
    pub fn grants(&mut self, id: CampaignId, calls: &[CallId], waits: bool, now: Timestamp) {
        let Some(share) = self.share(id) else { return };
        for _ in calls {
            let most = share.demand.max_cps.unwrap_or(u32::MAX);
            let at = share.pace.next_free(now, most);
            share.pace.book(at, now);
        }
        let count = u32::try_from(calls.len()).unwrap_or(u32::MAX);
        share.demand.ready = share.demand.ready.saturating_sub(count);
        share.granted.extend_from_slice(calls);
        share.waits = waits;
    }

    /// When its own rate has room for another dial.
    pub fn own_rate_at(&self, id: CampaignId, now: Timestamp) -> Timestamp {
        let share = self.shares.iter().find(|share| share.id == id);
        let at = share.and_then(|share| Some(share.pace.next_free(now, share.demand.max_cps?)));
        at.unwrap_or(now)
    }

    /// When a dialer may get a call of this campaign, by the campaign's own rate.
    pub fn dials_at(&self, id: CampaignId, now: Timestamp) -> Timestamp {
        let known = self.loaded_at + Span(1_000);
        match self.shares.iter().find(|share| share.id == id) {
            Some(_) if planted(Fault::RateExceeded) => now,
            Some(share) => share.demand.max_cps.map_or(now, |most| {
                share.dialed.next_free(now, most).max(known).max(now)
            }),
            None => {
                let before = self.unasked(id).map_or(known, |at| at + Span(1_000));
                before.max(known).max(now)
            }
        }
    }

    fn unasked(&self, id: CampaignId) -> Option<Timestamp> {
        let mut dials = self.unasked.iter();
        dials.find(|(known, _)| *known == id).map(|(_, at)| *at)
    }

    /// A dialer got a call of this campaign.
    pub fn dials(&mut self, id: CampaignId, call: CallId, now: Timestamp) {
        match self.share(id) {
            Some(share) => {
                share.dials += 1;
                share.undialed.retain(|known| *known != call);
                if share.demand.max_cps.is_some() {
                    share.dialed.push(now);
                }
            }
            None => {
                self.unasked
                    .retain(|(known, at)| *known != id && now < *at + Span(1_000));
                self.unasked.push((id, now));
            }
        }
    }
}

#[cfg(test)]
#[path = "campaigns_tests.rs"]
mod tests;
