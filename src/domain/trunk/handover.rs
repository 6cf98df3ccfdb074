//! Campaigns' calls: how they come to a trunk, and how they go back.
//!
//! Of a campaign's calls only those being made are here: none waits in the queue or on the schedule. A call that can't be
//! dialed when it is handed over is not taken; one that can't be dialed any more when a dialer asks for it ends, and its
//! campaign gets it back.

use super::give_back::may_have_left;
use super::hours::Callee;
use super::share::AHEAD;
use super::{Brief, Effect, Step, Trunk};
use crate::domain::call::{Call, CallEffect, Window};
use crate::domain::calling_hours::{CallingHours, Verdict, ZoneName};
use crate::domain::campaign::HeldBy;
use crate::domain::campaign::handover::{Demand, Handed, MOST_AT_ONCE, Standing, Taken};
use crate::domain::contacts::{Contact, Question, Word};
use crate::domain::ids::{AgentId, CallId, CampaignId, KeyId, OrgId};
use crate::domain::numbering::is_possible;
use crate::domain::phone::E164;
use crate::domain::planted::{Fault, planted};
use crate::domain::refusal::Refusal;
use crate::domain::time::{Span, Timestamp};

/// How soon a campaign asks again if nothing is known to change for it.
const ASKS_AGAIN: Span = Span(1_000);
/// How soon if it waits for others to take their part.
const SOON: Span = Span(100);
/// How soon if it can't call anybody.
const LATER: Span = Span(5_000);
/// How long it takes at most from granting an id until it is handed over.
const LEAD: Span = Span(40);

/// A grant to a campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Granted {
    /// Ids for its next calls.
    pub calls: Vec<CallId>,
    /// When it should ask again.
    pub again_at: Timestamp,
    /// Why there are fewer than it wanted.
    pub held_by: Option<HeldBy>,
}

impl Trunk {
    /// A campaign begins a round.
    pub fn takes_round(&mut self, campaign: CampaignId, demand: Demand, now: Timestamp) {
        self.campaigns.asks(campaign, demand, self.limits(), now);
    }

    /// Checks that a campaign's agent may call at all, on behalf of the key that started it.
    ///
    /// # Errors
    /// As for [`Trunk::takes`].
    pub fn may_call_for(&self, org: OrgId, key: KeyId, agent: AgentId) -> Result<(), Refusal> {
        self.may_call_by(org, key, agent).map(drop)
    }

    /// A campaign hands over a call whose id it was granted. Its number was looked up before, where that is needed.
    pub fn hand_over(
        &mut self,
        campaign: CampaignId,
        handed: Handed,
        known: Option<Word>,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> Taken {
        let id = handed.call;
        let was_granted = self.campaigns.has_granted(campaign, id);
        if !self.campaigns.takes_up(campaign, id, now) {
            let own = |call: &Call| call.is_of_campaign(campaign);
            let is_own = self.call(id, step).is_some_and(own);
            step.let_go_of(id);
            return match is_own || !was_granted && may_have_left(id, step) {
                true => Taken::Accepted,
                false => Taken::Stale,
            };
        }
        let own = handed.request.campaign.as_ref();
        if own.is_none_or(|own| own.id != campaign) || !self.is_of_today(id, now) {
            return Taken::Stale;
        }
        if let Some(why_not) = self.why_not(&handed, known, now, step) {
            return why_not;
        }
        self.takes_on(campaign, handed, now, step);
        Taken::Accepted
    }

    /// What keeps a call from being taken, in the order of checks of any request.
    fn why_not(
        &mut self,
        handed: &Handed,
        known: Option<Word>,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> Option<Taken> {
        let request = &handed.request;
        match self.may_call(request) {
            Ok(_) => {}
            Err(Refusal::InvalidKey) => return Some(Taken::KeyRevoked),
            Err(Refusal::AgentInactive) => return Some(Taken::Held(HeldBy::AgentInactive)),
            Err(_) => return Some(Taken::Held(HeldBy::TrunkInactive)),
        }
        let hours = request
            .campaign
            .as_ref()
            .and_then(|own| own.hours.as_deref());
        let hours = hours.filter(|_| !request.ignores_hours);
        match self.stands(&Callee::of(request), hours, known, now) {
            Standing::Ready => {}
            unfit => return Some(Taken::Unfit(unfit)),
        }
        if self.day_wait(now, step).is_some() {
            return Some(Taken::Held(HeldBy::Capacity));
        }
        if self.dialer_takes(request.agent.id, now, step).is_err() {
            return Some(Taken::Held(HeldBy::DialerDown));
        }
        let (max_channels, _) = self.limits();
        let is_full = self.live.len() >= max_channels as usize;
        let is_over = handed.not_after.is_some_and(|end| end <= now);
        let lacks = is_full || is_over || self.next_in_queue(now, step).is_some();
        lacks.then_some(Taken::NoRoom)
    }

    fn takes_on(
        &mut self,
        campaign: CampaignId,
        handed: Handed,
        now: Timestamp,
        step: &mut Step<'_>,
    ) {
        let Handed {
            call: id,
            mut request,
            not_after,
        } = handed;
        // Redialing is the campaign's own business.
        request.redial = None;
        let agent = request.agent.id;
        let previous = request.campaign.as_ref().and_then(|own| own.previous);
        let window = not_after.map(|not_after| Window {
            not_before: None,
            not_after,
            max_wait: not_after - now,
        });
        self.last = self.last.max(Some(id.address()));
        self.count_handed(id, step);
        self.started(id, agent, now, step);
        if planted(Fault::CampaignBlocks) {
            self.accepted.push(now);
        }
        self.campaigns.holds(campaign, id, now);
        let mut call = Call::accepted(id, request, now).within(window);
        call.is_handed_over(self.clock);
        self.note(&call);
        step.create(call);
        self.follow(id, now, step);
        match self.campaigns.behind_until() {
            // After those that already wait.
            at if at > now => self.dispatch_again(id, at),
            _ => step.effects.push(Effect {
                call: id,
                what: CallEffect::Dispatch,
            }),
        }
        if let Some(previous) = previous {
            self.is_followed_by(previous, id, campaign, step);
        }
    }

    /// Whether the attempt before a call knows it as its successor.
    fn is_followed_by(
        &mut self,
        previous: CallId,
        next: CallId,
        campaign: CampaignId,
        step: &mut Step<'_>,
    ) {
        let Some(held) = self.take(previous, step) else {
            return;
        };
        if let Some(own) = &mut held.call.request.campaign
            && own.id == campaign
            && own.next.is_none()
        {
            own.next = Some(next);
            self.settle(previous, step);
        }
    }

    /// Whether a call with this id counts on the present day.
    fn is_of_today(&self, id: CallId, now: Timestamp) -> bool {
        super::day_count::day(id.address().at) == super::day_count::day(self.next_at(now))
    }

    /// How a recipient stands. Their number was looked up before, where that is needed.
    pub(super) fn stands(
        &self,
        callee: &Callee<'_>,
        hours: Option<&CallingHours>,
        known: Option<Word>,
        now: Timestamp,
    ) -> Standing {
        let Some(brief) = &self.brief else {
            return Standing::NotAllowed;
        };
        // In the order in which a preview counts them.
        let config = &brief.config;
        let simulates = config.carrier.simulates();
        if !config.destinations.admit(callee.phone, simulates) {
            return Standing::NotAllowed;
        }
        if brief.refuses_impossible && !is_possible(callee.phone) {
            return Standing::Impossible;
        }
        let contact = match known {
            Some(word) if word.suppressed && !planted(Fault::SuppressedCalled) => {
                return Standing::Suppressed;
            }
            Some(word) => word.contact,
            None if self.asks_of_numbers() => return Standing::NotAsked,
            None => Contact::Free,
        };
        if let Contact::Limited(until) = contact {
            return Standing::Limited(until);
        }
        match self.hours_of(callee, hours, now) {
            Verdict::Open => Standing::Ready,
            Verdict::Closed { opens_at, .. } => Standing::Closed(opens_at),
            Verdict::ZoneUnknown => Standing::ZoneUnknown,
        }
    }

    /// How somebody stands whom an agent is to call for a campaign.
    #[must_use]
    pub fn stands_for(
        &self,
        agent: AgentId,
        (phone, time_zone): (&E164, Option<&ZoneName>),
        hours: Option<&CallingHours>,
        known: Option<Word>,
        now: Timestamp,
    ) -> Standing {
        let callee = Callee {
            agent,
            phone,
            time_zone,
        };
        self.stands(&callee, hours, known, now)
    }

    /// What must be known of a number before that is said.
    pub fn question_for(
        &mut self,
        agent: AgentId,
        phone: &E164,
        time_zone: Option<&ZoneName>,
        now: Timestamp,
    ) -> Question {
        let callee = Callee {
            agent,
            phone,
            time_zone,
        };
        self.look_at(&callee, now)
    }

    /// Whether a call with this id may be handed over for the first time.
    #[must_use]
    pub fn is_granted(&self, campaign: CampaignId, id: CallId) -> bool {
        self.campaigns.has_granted(campaign, id)
    }

    /// Draws ids for as many calls as are free for a campaign right now. `not_taken` counts the calls of this round that were not taken.
    pub fn grant(
        &mut self,
        (campaign, agent): (CampaignId, AgentId),
        may_call: Result<(), Refusal>,
        (demand, not_taken): (Demand, u32),
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> Granted {
        let in_progress = demand.in_progress.saturating_sub(not_taken);
        self.campaigns.drops_grants(campaign);
        self.campaigns.counts(campaign, in_progress);
        if let Err(held) = self.calls_nobody(agent, may_call, now, step) {
            return held;
        }
        let (channels, dials) = self.free_for_campaigns(now, step);
        let free = (channels.min(self.probes(agent)), dials);
        let all = self.campaigns.allots_to(campaign, free, now);
        let count = all.min(MOST_AT_ONCE as u64);
        let calls: Vec<CallId> = (0..count).map(|_| self.next_id(now)).collect();
        let (_, max_cps) = self.limits();
        for _ in &calls {
            let at = self.paced.next_free(now, max_cps);
            self.paced.book(at, now);
        }
        let waits = u64::from(demand.ready) > count && all <= count;
        self.campaigns.grants(campaign, &calls, waits, now);
        let again_at = match (u64::from(demand.ready) > count, waits) {
            (false, _) => now + ASKS_AGAIN,
            (true, false) => now,
            // It is told when one of its own calls is over.
            (true, true) if demand.max_channels.is_some_and(|most| most <= in_progress) => {
                now + ASKS_AGAIN
            }
            (true, true) => self.more_at(campaign, (channels, dials), max_cps, now),
        };
        Granted {
            calls,
            again_at,
            held_by: waits.then_some(HeldBy::Capacity),
        }
    }

    /// What keeps a campaign from calling anybody, if anything does.
    fn calls_nobody(
        &mut self,
        agent: AgentId,
        may_call: Result<(), Refusal>,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> Result<(), Granted> {
        let held = |held_by, again_at| Granted {
            calls: Vec::new(),
            again_at,
            held_by,
        };
        match may_call {
            Ok(()) => {}
            Err(Refusal::InvalidKey) => return Err(held(None, now + LATER)),
            Err(Refusal::AgentInactive) => {
                return Err(held(Some(HeldBy::AgentInactive), now + LATER));
            }
            Err(_) => return Err(held(Some(HeldBy::TrunkInactive), now + LATER)),
        }
        if self.day_wait(now, step).is_some() {
            return Err(held(Some(HeldBy::Capacity), now + LATER));
        }
        match self.dialer_takes(agent, now, step) {
            Ok(()) => Ok(()),
            Err((until, _)) => Err(held(Some(HeldBy::DialerDown), until.max(now + SOON))),
        }
    }

    /// How many calls of an agent may be in progress at once while its dialer is being probed: one.
    fn probes(&self, agent: AgentId) -> u64 {
        let is_down = self.breaker.open_until().is_some();
        let down = |brief: &Brief| brief.agents.open().any(|(open, _)| open == agent);
        match is_down || self.brief.as_ref().is_some_and(down) {
            true => 1,
            false => u64::MAX,
        }
    }

    /// How many channels and dials campaigns may share: none while anybody is in the queue.
    pub(super) fn free_for_campaigns(&self, now: Timestamp, step: &mut Step<'_>) -> (u64, u64) {
        if !self.queue.is_empty() && self.next_in_queue(now, step).is_some() {
            return (0, 0);
        }
        let (max_channels, max_cps) = self.limits();
        let taken = self.live.len() + self.campaigns.promised(now);
        let channels = (max_channels as usize).saturating_sub(taken);
        let dials = match self.campaigns.behind_until() > now + AHEAD {
            true => 0,
            false => self.paced.room(now + AHEAD, max_cps),
        };
        // Calls that dialers have not got round to hold channels in vain: no more than two seconds' dials of them.
        let undialed = self.open.values().filter(|entry| entry.is_unclaimed());
        let dials = dials.min((2 * max_cps as usize).saturating_sub(undialed.count()));
        (channels as u64, dials as u64)
    }

    /// When a campaign that wants more may get it, as far as is known; it is told if a channel becomes free before.
    fn more_at(
        &self,
        campaign: CampaignId,
        (channels, dials): (u64, u64),
        max_cps: u32,
        now: Timestamp,
    ) -> Timestamp {
        let own = self.campaigns.own_rate_at(campaign, now);
        let at = match (channels, dials) {
            (0, _) => now + ASKS_AGAIN,
            (_, 0) => {
                let paced = self.paced.next_free(now, max_cps);
                let at = own.max(paced).max(self.campaigns.behind_until()) - LEAD;
                if at > now { at } else { now + SOON }
            }
            _ if own > now + AHEAD => own - LEAD,
            // What is free belongs to others, for now.
            _ => now + SOON,
        };
        at.max(now + Span(1))
    }
}
