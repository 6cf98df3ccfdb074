//! A trunk: admission, pacing, and the calls that are open on it.
//!
//! A channel in use is a live call, and nothing else: there is no counter that could drift. All of
//! a trunk's open calls are in memory, rebuilt from their rows; every change goes through
//! [`Trunk::settle`], which keeps the two indexes (who holds a channel, what is due when) in step
//! and notes which rows to write.

mod admission;
mod agenda;
mod agents;
pub mod breaker;
mod config;
mod window;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use admission::{Admission, OnCapacity, Quota, Verdict};
use agenda::{Agenda, accepted};
pub use agents::AgentBreakers;
use breaker::Breaker;
pub use config::{Brief, Carrier, Sealed, TrunkConfig, TrunkState};
use window::Window;

use super::agent::Status;
use super::call::{
    AgentVerdict, Call, CallEffect, CallRequest, CallStatus, CarrierEvent, DISPATCH_AGAIN,
    FailureCode, Finding, Report, Timed,
};
use super::callback::{AttemptResult, WebhookSecrets};
use super::ids::{Address, AgentId, CallId, IdKey, KeyId};
use super::media::Keeps;
use super::planted::{Fault, planted};
use super::refusal::Refusal;
use super::sandbox;
use super::settings::Settings;
use super::time::Millis;

/// Something that must be done outside; safe to repeat, all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// For which call.
    pub call: CallId,
    /// What.
    pub what: CallEffect,
}

/// What a step changed: rows to write together, then effects to perform.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The calls whose rows must be written, as they are now.
    pub rows: Vec<Call>,
    /// What must be done once the rows are written.
    pub effects: Vec<Effect>,
    /// The directory's last word must be written too: the trunk's own notes in it changed.
    pub brief: bool,
}

/// What a dialer gets that asks for a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Claim {
    /// It is yours: dial it, once.
    Yours,
    /// It is claimed already, or over.
    NotYours,
    /// Too early for `max_cps`: it will be handed out again by itself.
    Later,
}

struct Open {
    call: Call,
    due: Option<Millis>,
    /// What it said of its agent so far.
    verdict: Option<AgentVerdict>,
}

impl Open {
    fn new(call: Call) -> Self {
        Self {
            verdict: call.agent_verdict(),
            due: None,
            call,
        }
    }
}

/// A trunk's object, as far as deciding goes.
pub struct Trunk {
    settings: Settings,
    key: IdKey,
    brief: Option<Brief>,
    open: BTreeMap<CallId, Open>,
    /// Calls that hold a channel.
    live: Agenda,
    /// Calls that wait for one.
    line: Agenda,
    /// All open calls, by when there is something to do.
    due: Agenda,
    accepted: Window,
    dialed: Window,
    /// Phones in rooms, which ring some time after their dial: when the agent is there.
    rung: Window,
    /// Some may have rung before this object remembers: none may for a second from its first word on.
    rings_from: Option<Millis>,
    last: Option<Address>,
    clock: Millis,
    /// How long channels were held lately: a moving average.
    held: Millis,
    breaker: Breaker,
}

/// What a trunk's rows tell of it.
#[derive(Default)]
pub struct Remembered {
    /// The directory's last word.
    pub brief: Option<Brief>,
    /// All calls that are open.
    pub open: Vec<Call>,
    /// Acceptances within the last second.
    pub accepted: Vec<Millis>,
    /// Dials within the last second.
    pub dialed: Vec<Millis>,
    /// The newest call's id.
    pub newest: Option<CallId>,
}

/// How long a trunk takes no call for the sake of a deletion that nobody confirms.
const RETIRED_FOR: Millis = Millis(600_000);
/// The line holds at most so many calls.
const LINE_MAX: usize = 10_000;
const RETRY_AFTER_SECS: std::ops::RangeInclusive<u64> = 1..=60;

impl Trunk {
    /// Rebuilds a trunk from its rows.
    #[must_use]
    pub fn restore(remembered: Remembered, settings: Settings, key: IdKey) -> Self {
        let mut trunk = Self {
            settings,
            key,
            brief: remembered.brief,
            open: BTreeMap::new(),
            live: Agenda::default(),
            line: Agenda::default(),
            due: Agenda::default(),
            accepted: Window::of(remembered.accepted),
            dialed: Window::of(remembered.dialed),
            rung: Window::default(),
            rings_from: Some(Millis(0)),
            last: remembered.newest.map(CallId::address),
            clock: Millis(0),
            held: Millis::from_secs(60),
            breaker: Breaker::default(),
        };
        for call in remembered.open {
            let id = call.id;
            if call.room && call.ended_at.is_none() {
                trunk.rings_from = None;
            }
            trunk.open.insert(id, Open::new(call));
            trunk.index(id);
        }
        trunk
    }

    /// Takes over what is on its way, from what was known before a write failed: else each failure would send all of it
    /// again, and a storage that fails often would drown in the answers.
    pub fn inherit(&mut self, known: &Self) {
        for (id, before) in &known.open {
            if let Some(open) = self.open.get_mut(id) {
                open.call.inherit(&before.call);
                self.index(*id);
            }
        }
        self.breaker = known.breaker.clone();
        self.rung = known.rung.clone();
        self.rings_from = known.rings_from;
    }

    /// The directory's last word.
    #[must_use]
    pub fn brief(&self) -> Option<&Brief> {
        self.brief.as_ref()
    }

    /// Its state for who watches it; none before the directory's first word.
    #[must_use]
    pub fn state(&self) -> Option<TrunkState> {
        let config = &self.brief.as_ref()?.config;
        Some(TrunkState {
            status: config.status,
            max_cps: config.max_cps,
            max_channels: config.max_channels,
            open_until: self.breaker.open_until(),
        })
    }

    /// Takes the directory's word, unless a newer one came first. `false` for another trunk's.
    pub fn take_brief(&mut self, mut brief: Brief) -> bool {
        match &self.brief {
            Some(known) if known.config.id != brief.config.id => return false,
            Some(known) if known.version > brief.version => return true,
            Some(known) => brief.follow(known, self.clock),
            None => {}
        }
        self.brief = Some(brief);
        true
    }

    /// Takes no call until the directory's next word, or for [`RETIRED_FOR`]: the request may come
    /// late, when the directory gave up on it. `false`, and unchanged, while calls are live.
    pub fn retire(&mut self, now: Millis) -> bool {
        if !self.live.is_empty() || !self.line.is_empty() {
            return false;
        }
        if let Some(brief) = &mut self.brief {
            brief.retired_until = Some(now + RETIRED_FOR);
        }
        true
    }

    /// Whether a key was revoked, whatever a stale copy says.
    #[must_use]
    pub fn is_revoked(&self, key: KeyId) -> bool {
        self.brief
            .as_ref()
            .is_some_and(|brief| brief.revoked_keys.contains(&key))
            && !planted(Fault::StaleKeyHonoured)
    }

    /// A call that is open.
    #[must_use]
    pub fn open_call(&self, id: CallId) -> Option<&Call> {
        self.open.get(&id).map(|open| &open.call)
    }

    fn is_live(&self, id: CallId) -> bool {
        self.live.has(accepted(id))
    }

    /// All open calls, newest first.
    pub fn open_calls(&self) -> impl Iterator<Item = &Call> {
        self.open.values().rev().map(|open| &open.call)
    }

    /// The calls that hold a channel, oldest first.
    pub fn live_calls(&self) -> impl Iterator<Item = &Call> {
        self.live.calls().filter_map(|id| self.open_call(id))
    }

    /// When [`Trunk::tick`] has something to do next.
    #[must_use]
    pub fn next_due(&self) -> Option<Millis> {
        self.due.first().map(|(at, _)| at)
    }

    /// The present as this trunk knows it: it never goes back.
    pub fn observe(&mut self, now: Millis) -> Millis {
        self.clock = self.clock.max(now);
        self.clock
    }

    /// What would become of a request for a call, without doing it.
    ///
    /// # Errors
    /// A revoked key, an agent or a trunk that takes no calls.
    pub fn foresee(
        &self,
        request: &CallRequest,
        wish: OnCapacity,
        now: Millis,
    ) -> Result<Verdict, Refusal> {
        let config = self.may_call(request)?;
        if let Err((until, is_agent)) = self.dialer_takes(request.agent.id, now) {
            let retry_after = (until - now).as_secs_ceil().max(1);
            return Ok(Verdict::Down {
                retry_after,
                is_agent,
            });
        }
        let is_full = self.live.len() >= config.max_channels as usize;
        let lacking = if is_full || self.next_in_line(now).is_some() {
            Some((FailureCode::ChannelsExhausted, self.channel_wait(now)))
        } else if self.accepted.room(now, config.max_cps) == 0 {
            Some((FailureCode::RateExceeded, 1))
        } else {
            None
        };
        Ok(match (lacking, wish) {
            (None, _) => Verdict::Go,
            (Some((code, _)), OnCapacity::Queue { max_wait }) if self.line.len() < LINE_MAX => {
                Verdict::Wait {
                    until: now + max_wait,
                    code,
                }
            }
            (Some((code, retry_after)), _) => Verdict::Refuse { code, retry_after },
        })
    }

    /// Decides on a request for a call.
    ///
    /// # Errors
    /// A revoked key, an agent or a trunk that takes no calls: nothing is created.
    pub fn admit(
        &mut self,
        request: CallRequest,
        wish: OnCapacity,
        now: Millis,
        changes: &mut Changes,
    ) -> Result<Admission, Refusal> {
        let verdict = self.foresee(&request, wish, now)?;
        if let Verdict::Down {
            retry_after,
            is_agent,
        } = verdict
        {
            return Ok(Admission::Down {
                retry_after,
                is_agent,
            });
        }
        let (id, agent) = (self.next_id(now), request.agent.id);
        let call = match verdict {
            Verdict::Refuse { code, .. } => Call::rejected(id, request, code, &self.key, now),
            Verdict::Wait { until, .. } => Call::queued(id, request, until, now),
            Verdict::Go | Verdict::Down { .. } => {
                self.started(id, agent, now, changes);
                self.accepted.push(id.address().at);
                changes.effects.push(Effect {
                    call: id,
                    what: CallEffect::Dispatch,
                });
                Call::accepted(id, request, now)
            }
        };
        self.open.insert(id, Open::new(call));
        self.advance(id, now, changes);
        self.settle(id, changes);
        let quota = self.quota(now);
        Ok(match verdict {
            Verdict::Refuse { code, retry_after } => Admission::Rejected {
                call: id,
                code,
                retry_after,
                quota,
            },
            Verdict::Wait { .. } => Admission::Queued { call: id, quota },
            Verdict::Go | Verdict::Down { .. } => Admission::Accepted { call: id, quota },
        })
    }

    fn quota(&self, now: Millis) -> Quota {
        let (channels, cps) = self.limits();
        let in_use = u32::try_from(self.live.len()).unwrap_or(u32::MAX);
        Quota {
            channels,
            channels_left: channels.saturating_sub(in_use),
            cps,
            cps_left: u32::try_from(self.accepted.room(now, cps)).unwrap_or(u32::MAX),
        }
    }

    /// `max_channels` and `max_cps`; none of either before the directory's first word.
    fn limits(&self) -> (u32, u32) {
        self.brief.as_ref().map_or((0, 0), |brief| {
            (brief.config.max_channels, brief.config.max_cps)
        })
    }

    /// Moves the line: as many calls leave it, first come first served, as there is capacity for.
    ///
    /// An inactive trunk holds its line; a call whose key was revoked or whose agent was deactivated
    /// meanwhile leaves it undialed.
    fn promote(&mut self, now: Millis, changes: &mut Changes) {
        let active = |brief: &Brief| brief.config.status == Status::Active;
        if !self.brief.as_ref().is_some_and(active) {
            return;
        }
        let (max_channels, max_cps) = self.limits();
        while self.live.len() < max_channels as usize
            && let Some(first) = self.next_in_line(now)
        {
            let allowed = self
                .open_call(first)
                .is_some_and(|call| self.may_call(&call.request).is_ok());
            if !allowed {
                self.cancel(first, now, changes);
                continue;
            }
            if self.is_impatient(first, now) && !planted(Fault::ImpatientDialed) {
                // Capacity came too late, or the object slept: its wait is over.
                self.advance(first, now, changes);
                continue;
            }
            let free_at = self
                .breaker
                .check(now, |id| self.is_live(id))
                .and_then(|()| match self.accepted.room(now, max_cps) > 0 {
                    true => Ok(()),
                    false => Err(self.accepted.next_free(now, max_cps)),
                });
            let Some(open) = self.open.get_mut(&first) else {
                break;
            };
            if let Err(at) = free_at {
                open.call.dispatch_at = at;
                self.index(first);
                break;
            }
            open.call.promote(now);
            let agent = open.call.request.agent.id;
            self.started(first, agent, now, changes);
            self.accepted.push(now);
            self.advance(first, now, changes);
        }
        self.hold_back(now);
    }

    /// The first in line that may go, as far as its agent is concerned: those of one that breaks off keep their place, and
    /// the line passes them.
    fn next_in_line(&self, now: Millis) -> Option<CallId> {
        if planted(Fault::LineOvertaken) {
            return self.line.last().map(|(_, id)| id);
        }
        if !self.holds_back() {
            return self.line.first().map(|(_, id)| id);
        }
        self.line.calls().find(|id| {
            let call = self.open_call(*id);
            call.is_some_and(|call| self.agent_takes(call.request.agent.id, now).is_ok())
        })
    }

    /// Those in line that are passed are due again when their agents may be called.
    fn hold_back(&mut self, now: Millis) {
        if self.line.is_empty() || !self.holds_back() {
            return;
        }
        let waiting: Vec<CallId> = self.line.calls().collect();
        for id in waiting {
            let Some(call) = self.open_call(id) else {
                continue;
            };
            let Err(until) = self.agent_takes(call.request.agent.id, now) else {
                continue;
            };
            let again = until.max(now + DISPATCH_AGAIN);
            if call.dispatch_at <= now || call.dispatch_at > again {
                if let Some(open) = self.open.get_mut(&id) {
                    open.call.dispatch_at = again;
                }
                self.index(id);
            }
        }
    }

    fn holds_back(&self) -> bool {
        self.brief
            .as_ref()
            .is_some_and(|brief| brief.agents.holds_back())
    }

    /// When the dialer takes a call of this agent: now, or not before then; and whether that is the agent's fault.
    fn dialer_takes(&self, agent: AgentId, now: Millis) -> Result<(), (Millis, bool)> {
        let dialer = self.breaker.check(now, |id| self.is_live(id));
        dialer.map_err(|until| (until, false))?;
        self.agent_takes(agent, now).map_err(|until| (until, true))
    }

    fn agent_takes(&self, agent: AgentId, now: Millis) -> Result<(), Millis> {
        let Some(brief) = &self.brief else {
            return Ok(());
        };
        brief.agents.check(agent, now, |id| {
            let is_open = |call: &Call| !call.status.is_terminal() && !call.agent_holds_out(now);
            self.open_call(id).is_some_and(is_open)
        })
    }

    /// A call goes to the dialer: where that, or its agent, was down, it is the probe.
    fn started(&mut self, id: CallId, agent: AgentId, now: Millis, changes: &mut Changes) {
        self.breaker.started(id);
        let proof = self.proof(agent, now);
        if let Some(brief) = &mut self.brief {
            let back = proof
                .is_some_and(|probe| brief.agents.judge(agent, probe, AgentVerdict::HeldOut, now));
            changes.brief |= brief.agents.started(agent, id) || back;
        }
    }

    /// The probe that shows by its length that this agent is back; the breaker learns it from the next call that starts.
    fn proof(&self, agent: AgentId, now: Millis) -> Option<CallId> {
        let probe = self.brief.as_ref()?.agents.probe(agent)?;
        let holds_out = self.open_call(probe)?.agent_holds_out(now);
        holds_out.then_some(probe)
    }

    /// The agents whose calls are held back for having broken off, and when a call may find out whether each is back, or
    /// began to.
    #[must_use]
    pub fn agents_held_back(&self, now: Millis) -> Vec<(AgentId, Millis)> {
        let Some(brief) = &self.brief else {
            return Vec::new();
        };
        let open = brief.agents.open();
        open.filter(|(agent, _)| self.proof(*agent, now).is_none())
            .collect()
    }

    /// A call that is over says something of its agent, and may take it back when the agent reports.
    fn judge_agent(&mut self, id: CallId, changes: &mut Changes) {
        let Some(open) = self.open.get_mut(&id) else {
            return;
        };
        let (before, verdict) = (open.verdict, open.call.agent_verdict());
        let agent = open.call.request.agent.id;
        let (Some(verdict), Some(brief)) = (verdict, &mut self.brief) else {
            return;
        };
        open.verdict = Some(verdict);
        changes.brief |= match before {
            None => brief.agents.judge(agent, id, verdict, self.clock),
            Some(AgentVerdict::BrokeOff) if verdict != AgentVerdict::BrokeOff => {
                brief.agents.pardon(agent)
            }
            Some(_) => false,
        };
    }

    fn is_impatient(&self, id: CallId, now: Millis) -> bool {
        let until = self.open_call(id).and_then(|call| call.waits_until);
        until.is_some_and(|until| until <= now)
    }

    /// How many calls stand in line.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.line.len()
    }

    fn may_call(&self, request: &CallRequest) -> Result<&TrunkConfig, Refusal> {
        let brief = self.brief.as_ref().ok_or(Refusal::TrunkNotFound)?;
        if brief.config.org_id != request.org {
            return Err(Refusal::TrunkNotFound);
        }
        if self.is_revoked(request.key) {
            return Err(Refusal::InvalidKey);
        }
        if brief.inactive_agents.contains(&request.agent.id) {
            return Err(Refusal::AgentInactive);
        }
        let is_retired = brief.retired_until.is_some_and(|until| self.clock < until);
        if is_retired || brief.config.status != Status::Active {
            return Err(Refusal::TrunkInactive);
        }
        Ok(&brief.config)
    }

    fn next_id(&mut self, now: Millis) -> CallId {
        let tag = self
            .brief
            .as_ref()
            .map_or(super::ids::TrunkTag::DIRECTORY, |brief| {
                brief.config.id.tag()
            });
        let address = Address::next(self.last, now, tag);
        self.last = Some(address);
        CallId::mint(address, &self.key)
    }

    /// Seconds until the oldest live call has lasted as long as calls did lately.
    fn channel_wait(&self, now: Millis) -> u64 {
        let oldest = self.live.first().map_or(now, |(at, _)| at);
        let left = (oldest + self.held) - now;
        left.as_secs_ceil()
            .clamp(*RETRY_AFTER_SECS.start(), *RETRY_AFTER_SECS.end())
    }

    /// A dialer asks for a call. After [`Claim::Yours`] nobody else ever gets it.
    pub fn claim(&mut self, id: CallId, now: Millis, changes: &mut Changes) -> Claim {
        let config = self.brief.as_ref().map(|brief| &brief.config);
        let max_cps = config.map_or(0, |config| config.max_cps);
        let keeps = self
            .brief
            .as_ref()
            .map_or(Keeps::default(), |brief| brief.keeps);
        let room = config.is_some_and(|config| config.carrier.has_rooms());
        let Some(open) = self.open.get_mut(&id) else {
            return Claim::NotYours;
        };
        let is_dialed = open.call.dialed_at.is_some() && !planted(Fault::DoubleClaim);
        if is_dialed || !open.call.holds_channel() {
            return Claim::NotYours;
        }
        if open.call.missed_its_dispatch(now) && !planted(Fault::ClaimedTooLate) {
            // Its message was quicker than its watchdog.
            self.advance(id, now, changes);
            return Claim::NotYours;
        }
        if self.dialed.room(now, max_cps) == 0 {
            open.call.dispatch_at = self.dialed.next_free(now, max_cps);
            self.index(id);
            return Claim::Later;
        }
        open.call.keeps = keeps;
        open.call.claim(room, now, &self.settings);
        self.dialed.push(now);
        self.settle(id, changes);
        Claim::Yours
    }

    /// The agent is there, and a phone is about to ring. In no second do more than `max_cps`.
    ///
    /// # Errors
    /// When it may, at the soonest.
    pub fn ring(&mut self, id: CallId, now: Millis) -> Result<(), Millis> {
        let max_cps = self.brief.as_ref().map_or(0, |brief| brief.config.max_cps);
        let from = *self.rings_from.get_or_insert(now + Millis(1_000));
        let free = self.rung.next_free(now, max_cps).max(from);
        if now < free && !planted(Fault::RingsUnpaced) {
            return Err(free);
        }
        self.rung.push(now);
        if let Some(open) = self.open.get_mut(&id) {
            open.call.silent = false;
        }
        Ok(())
    }

    /// Takes what the carrier says of a call; events in the future are its plan.
    pub fn carrier(&mut self, id: CallId, events: Vec<Timed>, now: Millis, changes: &mut Changes) {
        self.advance(id, now, changes);
        let Some(open) = self.open.get_mut(&id) else {
            return;
        };
        let is_new = open.call.status == CallStatus::Initiating;
        if open.call.ended_at.is_none() {
            match dialed(&events) {
                Some(false) if !self.is_sandbox(id) => self.breaker.failed(id, now),
                // What an older call does says nothing of the dialer as it is now.
                Some(true) if is_new => self.breaker.worked(id),
                _ => {}
            }
        }
        let Some(open) = self.open.get_mut(&id) else {
            return;
        };
        // An agent that left has left, whatever its server's clock says.
        let is_to_come = |timed: &Timed| timed.at > now && timed.event != CarrierEvent::AgentLeft;
        let (plan, happened): (Vec<_>, Vec<_>) = events.into_iter().partition(is_to_come);
        let mut changed = false;
        for Timed { at, event } in happened {
            changed |= open.call.apply(event, at, &self.settings, &self.key);
        }
        // Of two words about one end, that which says why stays, else the first: a repeated one puts nothing off.
        let says = |plan: &[Timed]| {
            let of = |timed: &Timed| match timed.event {
                CarrierEvent::Failed(_) | CarrierEvent::Deserted => 2,
                CarrierEvent::HungUp(_) | CarrierEvent::Vanished => 1,
                _ => 0,
            };
            plan.iter().map(of).max().unwrap_or(0)
        };
        let known = says(&open.call.plan);
        let is_more = known == 0 || says(&plan) > known;
        if open.call.ended_at.is_none() && !plan.is_empty() && is_more {
            open.call.plan = plan;
            changed = true;
        }
        if changed {
            self.advance(id, now, changes);
            self.settle(id, changes);
        } else {
            self.index(id);
        }
    }

    /// Whether a call is to the sandbox's number that fails by itself: no word on the dialer.
    fn is_sandbox(&self, id: CallId) -> bool {
        let simulated = |brief: &Brief| matches!(brief.config.carrier, Carrier::Simulator);
        let fails = |call: &Call| call.request.phone.as_str() == sandbox::DIALER_ERROR;
        self.brief.as_ref().is_some_and(simulated) && self.open_call(id).is_some_and(fails)
    }

    /// Takes the carrier's answer to an inquiry.
    pub fn learn(&mut self, id: CallId, finding: Finding, now: Millis, changes: &mut Changes) {
        let is_there = match finding {
            Finding::Happened(events) => return self.carrier(id, events, now, changes),
            Finding::StillThere => true,
            Finding::Unknown => false,
        };
        if planted(Fault::RedialOnUnknown)
            && let Some(open) = self.open.get_mut(&id)
            && open.call.ringing_at.is_none()
        {
            open.call.dialed_at = None;
            return self.settle(id, changes);
        }
        self.change(id, now, changes, |call, settings, key| {
            call.learn(is_there, now, settings, key)
        });
    }

    /// Whether a call is in progress, as far as is known.
    #[must_use]
    pub fn in_progress(&self, id: CallId) -> bool {
        self.open_call(id)
            .is_some_and(|call| call.ended_at.is_none())
    }

    /// The carrier hung up a call that was over, and left nothing behind.
    pub fn released(&mut self, id: CallId, now: Millis, changes: &mut Changes) {
        self.change(id, now, changes, |call, _, _| call.released(now));
    }

    /// The carrier tells that a call's room is there. A call that is over, closed or not, owes its deletion again.
    pub fn room_seen(
        &mut self,
        id: CallId,
        closed: Option<Call>,
        now: Millis,
        changes: &mut Changes,
    ) {
        if let Some(call) = closed.filter(|call| call.dialed_at.is_some()) {
            self.open.insert(id, Open::new(call));
        }
        self.change(id, now, changes, |call, _, _| call.room_seen(now));
        self.advance(id, now, changes);
    }

    /// Takes the agent's report.
    pub fn report(&mut self, id: CallId, report: Report, now: Millis, changes: &mut Changes) {
        self.change(id, now, changes, |call, _, key| {
            call.report(report, now, key)
        });
    }

    /// Cancels or releases a call. `false` when it is over already.
    pub fn cancel(&mut self, id: CallId, now: Millis, changes: &mut Changes) -> bool {
        self.change(id, now, changes, |call, _, key| call.cancel(now, key))
    }

    /// Takes the result of a callback's attempt.
    pub fn delivered(
        &mut self,
        id: CallId,
        number: u32,
        result: AttemptResult,
        now: Millis,
        changes: &mut Changes,
    ) {
        self.change(id, now, changes, |call, settings, _| {
            let callback = call.callback.as_mut();
            callback.is_some_and(|callback| {
                callback.finish(number, result, now, &settings.webhook_retry)
            })
        });
    }

    /// A callback's sender is about to make an attempt: whether it may.
    pub fn begin(&mut self, id: CallId, number: u32, now: Millis) -> bool {
        let callback = self.open.get_mut(&id);
        let callback = callback.and_then(|open| open.call.callback.as_mut());
        let may = callback.is_some_and(|callback| callback.begin(number, now));
        self.index(id);
        may || planted(Fault::AttemptRepeated)
    }

    /// What signs callbacks, as of the directory's last word. None where that is not the last: before the first, and once the
    /// trunk was asked to retire.
    #[must_use]
    pub fn secrets(&self) -> Option<&WebhookSecrets> {
        let brief = self.brief.as_ref();
        let brief = brief.filter(|brief| brief.retired_until.is_none());
        brief.and_then(|brief| brief.secrets.as_ref())
    }

    /// A callback's sender waits for a slow receiver.
    pub fn extend(&mut self, id: CallId, number: u32, until: Millis) {
        if let Some(callback) = self
            .open
            .get_mut(&id)
            .and_then(|open| open.call.callback.as_mut())
        {
            callback.extend(number, until);
            self.index(id);
        }
    }

    /// Makes one more attempt of a call's callback due; the call may have been closed. `false` when
    /// it has no callback.
    pub fn redeliver(&mut self, mut call: Call, now: Millis, changes: &mut Changes) -> bool {
        let Some(callback) = call.callback.as_mut() else {
            return false;
        };
        callback.redeliver(now);
        let id = call.id;
        // It may be open: what it was due for before must not stay behind.
        let due = self.open.remove(&id).and_then(|open| open.due);
        self.open.insert(
            id,
            Open {
                due,
                ..Open::new(call)
            },
        );
        self.advance(id, now, changes);
        self.settle(id, changes);
        true
    }

    /// Does all that is due at `now`.
    pub fn tick(&mut self, now: Millis, changes: &mut Changes) {
        loop {
            self.promote(now, changes);
            // Only before a call that would be handed out: it looks at all that is due, and after a restart that may be
            // every call there is.
            if self
                .first_due(now)
                .is_some_and(|(_, id)| self.is_unclaimed(id))
            {
                self.space_out(now);
            }
            let Some(next) = self.first_due(now) else {
                break;
            };
            self.due.set(next, false);
            self.advance(next.1, now, changes);
        }
    }

    fn first_due(&self, now: Millis) -> Option<(Millis, CallId)> {
        self.due.first().filter(|(at, _)| *at <= now)
    }

    fn is_unclaimed(&self, id: CallId) -> bool {
        self.open_call(id)
            .is_some_and(|call| call.dialed_at.is_none() && call.holds_channel())
    }

    /// Brings one call up to `now`: its plan may have told more than it was woken for.
    pub fn refresh(&mut self, id: CallId, now: Millis, changes: &mut Changes) {
        self.advance(id, now, changes);
    }

    /// Brings all open calls up to `now`.
    pub fn refresh_all(&mut self, now: Millis, changes: &mut Changes) {
        let behind = |open: &&Open| open.call.plan.first().is_some_and(|timed| timed.at <= now);
        let ids: Vec<CallId> = self
            .open
            .values()
            .filter(behind)
            .map(|open| open.call.id)
            .collect();
        for id in ids {
            self.advance(id, now, changes);
        }
    }

    /// Of the calls that are due to be handed out again, only as many go now as `max_cps` lets
    /// through; each of the others has a moment of its own, for those before it to be claimed by.
    fn space_out(&mut self, now: Millis) {
        let max_cps = self.brief.as_ref().map_or(1, |brief| brief.config.max_cps);
        let room = self.dialed.room(now, max_cps);
        let due = self.due.until(now);
        let waiting: Vec<CallId> = due.filter(|id| self.is_unclaimed(*id)).collect();
        let soonest = now + Millis(if room > 0 { 1_000 } else { 1 });
        let next = self.dialed.next_free(now, max_cps).max(soonest);
        for (place, id) in (0..).zip(waiting.into_iter().skip(room)) {
            if let Some(open) = self.open.get_mut(&id) {
                open.call.dispatch_at = next + Millis::from_secs(place / u64::from(max_cps.max(1)));
            }
            self.index(id);
        }
    }

    /// Brings one call up to `now`.
    fn advance(&mut self, id: CallId, now: Millis, changes: &mut Changes) {
        let Some(open) = self.open.get_mut(&id) else {
            return;
        };
        let done = open.call.advance(now, &self.settings, &self.key);
        changes.effects.extend(
            done.effects
                .into_iter()
                .map(|what| Effect { call: id, what }),
        );
        if done.write {
            self.settle(id, changes);
        } else {
            self.index(id);
        }
    }

    fn change(
        &mut self,
        id: CallId,
        now: Millis,
        changes: &mut Changes,
        with: impl FnOnce(&mut Call, &Settings, &IdKey) -> bool,
    ) -> bool {
        self.advance(id, now, changes);
        let Some(open) = self.open.get_mut(&id) else {
            return false;
        };
        let changed = with(&mut open.call, &self.settings, &self.key);
        if changed {
            self.advance(id, now, changes);
            self.settle(id, changes);
        } else {
            self.index(id);
        }
        changed
    }

    /// Notes that a call's row must be written, and what the change means for the trunk. A call
    /// with nothing left to do leaves memory; its row stays.
    fn settle(&mut self, id: CallId, changes: &mut Changes) {
        let Some(open) = self.open.get_mut(&id) else {
            return;
        };
        open.call.note(self.clock);
        self.judge_agent(id, changes);
        let Some(open) = self.open.get_mut(&id) else {
            return;
        };
        let freed = self.live.has(accepted(id)) && !open.call.holds_channel();
        if freed && open.call.status != CallStatus::RejectedCapacity {
            let began = open.call.promoted_at.unwrap_or(open.call.created_at());
            let held = open.call.ended_at.unwrap_or_default() - began;
            self.held = Millis((self.held.0 * 7 + held.0) / 8);
        }
        changes.rows.retain(|row| row.id != id);
        changes.rows.push(open.call.clone());
        self.index(id);
        if self.open_call(id).is_some_and(|call| !call.is_open()) {
            self.open.remove(&id);
        }
    }

    /// Keeps the indexes in step with one call.
    fn index(&mut self, id: CallId) {
        let Some(open) = self.open.get_mut(&id) else {
            return;
        };
        let due = open.call.due(&self.settings);
        if let Some(before) = std::mem::replace(&mut open.due, due) {
            self.due.set((before, id), false);
        }
        if let Some(at) = due {
            self.due.set((at, id), true);
        }
        let (holds_channel, waits) = (open.call.holds_channel(), open.call.is_waiting());
        let is_leaked = planted(Fault::ChannelLeak)
            && open.call.status == CallStatus::TriggerFailed
            && self.live.has(accepted(id));
        self.live.set(accepted(id), holds_channel || is_leaked);
        self.line.set(accepted(id), waits);
    }
}

/// Whether the dialer did its part, as far as these events tell.
fn dialed(events: &[Timed]) -> Option<bool> {
    let failed = events.iter().any(|timed| {
        matches!(timed.event, CarrierEvent::Failed(failure) if failure.code == FailureCode::DialerUnavailable)
    });
    let says = |timed: &Timed| timed.event != CarrierEvent::AgentLeft;
    events.iter().any(says).then_some(!failed)
}
