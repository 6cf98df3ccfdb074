//! A trunk: admission, pacing, and the calls that are open on it.
//!
//! A call is its row. In memory an [`Entry`] stands for each call that is open: when something is due, whether it holds a
//! channel, what is known of it beside its row. A channel in use is such an entry, and nothing else: there is no counter
//! that could drift. A [`Step`] reads by key what it needs; every change goes through [`Trunk::settle`], which keeps the
//! entries in step and notes which rows to write.

mod admission;
mod agenda;
mod agents;
pub mod breaker;
mod callbacks;
mod carrier;
mod config;
mod dispatch;
mod index;
mod queue;
mod step;
mod window;

use std::collections::BTreeMap;

pub use admission::{Admission, OnCapacity, Quota, Verdict};
use agenda::{Agenda, accepted};
pub use agents::AgentBreakers;
use breaker::Breaker;
use callbacks::Callbacks;
pub use callbacks::Place;
pub use config::{Brief, Carrier, Sealed, TrunkConfig, TrunkState};
pub use dispatch::Claim;
use index::Entry;
use step::Held;
pub use step::{DueCallback, Rows, Step};
use window::Window;

use super::call::{AgentVerdict, Call, CallEffect, CallStatus};
use super::ids::{Address, AgentId, CallId, IdKey, KeyId};
use super::phone::{E164, LastDigits};
use super::planted::{Fault, planted};
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

/// A trunk's object, as far as deciding goes.
pub struct Trunk {
    settings: Settings,
    key: IdKey,
    brief: Option<Brief>,
    open: BTreeMap<CallId, Entry>,
    /// Calls that hold a channel.
    live: Agenda,
    /// Calls that wait for one.
    queue: Agenda,
    /// All open calls, by when there is something to do.
    due: Agenda,
    callbacks: Callbacks,
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

/// What a trunk's rows tell of it, its open calls aside.
#[derive(Default)]
pub struct Remembered {
    /// The directory's last word.
    pub brief: Option<Brief>,
    /// Acceptances within the last second.
    pub accepted: Vec<Millis>,
    /// Where the newest call stands.
    pub newest: Option<Address>,
}

/// How long a trunk takes no call for the sake of a deletion that nobody confirms.
const RETIRED_FOR: Millis = Millis(600_000);

/// Which open calls a reader wants, as far as their entries tell.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// With one of these statuses; with any when there is none.
    pub status: &'a [CallStatus],
    /// Of this agent.
    pub agent: Option<AgentId>,
    /// To this number.
    pub phone: Option<&'a E164>,
    /// To a number that ends so.
    pub phone_ends: Option<&'a LastDigits>,
    /// Older than this call.
    pub below: Option<CallId>,
    /// Whose newest turn is not before that.
    pub told_since: Millis,
}

impl Trunk {
    /// Rebuilds a trunk from its rows; its open calls follow, one by one: see [`Trunk::reopen`].
    #[must_use]
    pub fn restore(remembered: Remembered, settings: Settings, key: IdKey) -> Self {
        Self {
            settings,
            key,
            brief: remembered.brief,
            open: BTreeMap::new(),
            live: Agenda::default(),
            queue: Agenda::default(),
            due: Agenda::default(),
            callbacks: Callbacks::default(),
            accepted: Window::of(remembered.accepted),
            dialed: Window::default(),
            rung: Window::default(),
            rings_from: Some(Millis(0)),
            last: remembered.newest,
            clock: Millis(0),
            held: Millis::from_secs(60),
            breaker: Breaker::default(),
        }
    }

    /// Takes a call from its row: one that is open, or whose attempt was out.
    pub fn reopen(&mut self, mut call: Call, was_out: bool) {
        if was_out {
            self.was_out(&call);
        }
        if !call.is_open() && !planted(Fault::TerminalKept) {
            return;
        }
        if call.room && call.ended_at.is_none() {
            self.rings_from = None;
        }
        if call.is_waiting() {
            // The queue moves by itself.
            call.volatile.dispatch_at = Millis::MAX;
        }
        self.note(&call);
    }

    /// Takes over what is on its way, from what was known before a write failed: else each failure would send all of it
    /// again, and a storage that fails often would drown in the answers.
    pub fn inherit(&mut self, known: &Self) {
        for (id, before) in &known.open {
            if let Some(entry) = self.open.get(id).copied() {
                self.set(*id, entry, entry.inherit(before, id.address().at));
            }
        }
        self.callbacks.inherit(&known.callbacks);
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
        if !self.live.is_empty() || !self.queue.is_empty() {
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

    /// Whether a call is open.
    #[must_use]
    pub fn is_open(&self, id: CallId) -> bool {
        self.open.contains_key(&id)
    }

    /// How many calls are held in memory, each by its entry.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.open.len()
    }

    /// A call, open or not, as it is now.
    pub fn call<'s>(&self, id: CallId, step: &'s mut Step<'_>) -> Option<&'s Call> {
        self.take(id, step).map(|held| &held.call)
    }

    fn take<'s>(&self, id: CallId, step: &'s mut Step<'_>) -> Option<&'s mut Held> {
        if step.peek(id).is_none() {
            let mut call = step.rows().call(id)?;
            if let Some(entry) = self.open.get(&id) {
                let volatile = entry.volatile(call.created_at());
                call = call.with(volatile, &self.settings, &self.key);
            }
            if let (Some(callback), Some(lease)) = (&mut call.callback, self.callbacks.lease(id)) {
                callback.lend(lease);
            }
            let verdict = call.agent_verdict();
            step.hold(call, verdict);
        }
        step.held(id)
    }

    /// A call that is open.
    fn open_call<'s>(&self, id: CallId, step: &'s mut Step<'_>) -> Option<&'s mut Call> {
        self.open.get(&id)?;
        self.take(id, step).map(|held| &mut held.call)
    }

    fn is_live(&self, id: CallId) -> bool {
        self.live.has(accepted(id))
    }

    /// The open calls that a reader may want, newest first.
    pub fn open_calls<'a>(&'a self, wanted: Wanted<'a>) -> impl Iterator<Item = CallId> + 'a {
        let below = wanted.below.unwrap_or(CallId::floor(Millis::MAX));
        let ends = wanted.phone_ends.map(LastDigits::as_str);
        let fits = move |(id, entry): &(&CallId, &Entry)| {
            let accepted = id.address().at;
            (wanted.status.is_empty() || wanted.status.contains(&entry.status()))
                && wanted
                    .agent
                    .is_none_or(|agent| index::agent_bits(agent) == entry.agent())
                && entry.may_be_to(wanted.phone, ends)
                && entry.told_at(accepted) >= wanted.told_since
        };
        let below = self.open.range(..below).rev();
        below.filter(fits).map(|(id, _)| *id)
    }

    /// The calls that hold a channel, oldest first.
    pub fn live_calls(&self) -> impl Iterator<Item = CallId> {
        self.live.calls()
    }

    /// When [`Trunk::tick`] has something to do next.
    #[must_use]
    pub fn next_due(&self) -> Option<Millis> {
        let call = self.due.first().map(|(at, _)| at);
        call.into_iter().chain(self.callbacks.next_due()).min()
    }

    /// The present as this trunk knows it: it never goes back.
    pub fn observe(&mut self, now: Millis) -> Millis {
        self.clock = self.clock.max(now);
        self.clock
    }

    /// Does all that is due at `now`.
    pub fn tick(&mut self, now: Millis, step: &mut Step<'_>) {
        loop {
            self.promote(now, step);
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
            self.advance(next.1, now, step);
            step.let_go_of(next.1);
        }
        self.hand_out(now, step);
    }

    fn first_due(&self, now: Millis) -> Option<(Millis, CallId)> {
        self.due.first().filter(|(at, _)| *at <= now)
    }

    fn is_unclaimed(&self, id: CallId) -> bool {
        self.open.get(&id).is_some_and(Entry::is_unclaimed)
    }

    /// Brings one call up to `now`: its plan may have told more than it was woken for.
    pub fn refresh(&mut self, id: CallId, now: Millis, step: &mut Step<'_>) {
        self.advance(id, now, step);
    }

    /// Brings all open calls up to `now`.
    pub fn refresh_all(&mut self, now: Millis, step: &mut Step<'_>) {
        let is_stale = |(id, entry): &(&CallId, &Entry)| entry.is_stale(id.address().at, now);
        let stale = self.open.iter().filter(is_stale);
        let stale: Vec<CallId> = stale.map(|(id, _)| *id).collect();
        for id in stale {
            self.advance(id, now, step);
            step.let_go_of(id);
        }
    }

    /// Brings one open call up to `now`.
    fn advance(&mut self, id: CallId, now: Millis, step: &mut Step<'_>) {
        let Some(call) = self.open_call(id, step) else {
            self.forget(id);
            return;
        };
        let done = call.advance(now, &self.settings, &self.key);
        let effects = done.effects.into_iter();
        step.effects
            .extend(effects.map(|what| Effect { call: id, what }));
        if done.write {
            self.settle(id, step);
        } else {
            self.index(id, step);
        }
        self.send(id, now, step);
    }

    fn change(
        &mut self,
        id: CallId,
        now: Millis,
        step: &mut Step<'_>,
        with: impl FnOnce(&mut Call, &Settings, &IdKey) -> bool,
    ) -> bool {
        self.advance(id, now, step);
        let Some(call) = self.open_call(id, step) else {
            return false;
        };
        let changed = with(call, &self.settings, &self.key);
        if changed {
            self.follow(id, now, step);
        } else {
            self.index(id, step);
        }
        changed
    }

    /// A call changed: what follows at once is in the same write.
    fn follow(&mut self, id: CallId, now: Millis, step: &mut Step<'_>) {
        self.change_row(id, step);
        self.advance(id, now, step);
        self.settle(id, step);
        self.send(id, now, step);
    }

    /// Notes that a call's row must be written, and what the change means for the trunk.
    fn settle(&mut self, id: CallId, step: &mut Step<'_>) {
        let clock = self.clock;
        let Some(held) = self.take(id, step) else {
            return;
        };
        held.call.note(clock);
        held.is_changed = true;
        let before = held.verdict;
        let verdict = held.call.agent_verdict();
        held.verdict = verdict.or(before);
        self.judge_agent(id, before, verdict, step);
        if let Some(call) = step.peek(id) {
            let freed = self.is_live(id) && !call.holds_channel();
            if freed && call.status != CallStatus::RejectedCapacity {
                let began = call.promoted_at.unwrap_or(call.created_at());
                let held = call.ended_at.unwrap_or_default() - began;
                self.held = Millis((self.held.0 * 7 + held.0) / 8);
            }
        }
        self.index(id, step);
    }

    /// A row must be written, though what it tells does not change.
    fn change_row(&mut self, id: CallId, step: &mut Step<'_>) {
        if let Some(held) = self.take(id, step) {
            held.is_changed = true;
        }
    }

    /// A call that is over says something of its agent, and may take it back when the agent reports.
    fn judge_agent(
        &mut self,
        id: CallId,
        before: Option<AgentVerdict>,
        verdict: Option<AgentVerdict>,
        step: &mut Step<'_>,
    ) {
        let agent = step.peek(id).map(|call| call.request.agent.id);
        let (Some(verdict), Some(agent), Some(brief)) = (verdict, agent, &mut self.brief) else {
            return;
        };
        step.brief |= match before {
            None => brief.agents.judge(agent, id, verdict, self.clock),
            Some(AgentVerdict::BrokeOff) if verdict != AgentVerdict::BrokeOff => {
                brief.agents.pardon(agent)
            }
            Some(_) => false,
        };
    }

    /// Keeps memory in step with a call in hand.
    fn index(&mut self, id: CallId, step: &Step<'_>) {
        let Some(call) = step.peek(id) else {
            return;
        };
        match call.callback.as_ref().map(|callback| callback.lease()) {
            Some(Some(lease)) => {
                let url = call.callback.as_ref().map(|callback| callback.url.as_str());
                self.callbacks.keep(id, url.unwrap_or_default(), lease);
            }
            Some(None) => self.callbacks.lands(id),
            None => {}
        }
        if call.is_open() || planted(Fault::TerminalKept) {
            self.note(call);
        } else {
            self.forget(id);
        }
    }

    /// Keeps the entry of a call that is open.
    fn note(&mut self, call: &Call) {
        let entry = Entry::of(call, &self.settings);
        let before = self.open.get(&call.id).copied().unwrap_or(entry);
        self.set(call.id, before, entry);
        let is_leaked = planted(Fault::ChannelLeak)
            && call.status == CallStatus::TriggerFailed
            && self.is_live(call.id);
        self.live
            .set(accepted(call.id), entry.holds_channel() || is_leaked);
        self.queue.set(accepted(call.id), entry.waits());
    }

    /// Replaces an entry.
    fn set(&mut self, id: CallId, before: Entry, entry: Entry) {
        let at = id.address().at;
        self.due.set((before.due(at), id), false);
        self.open.insert(id, entry);
        let due = entry.due(at);
        if due < Millis::MAX {
            self.due.set((due, id), true);
        }
    }

    fn forget(&mut self, id: CallId) {
        if let Some(entry) = self.open.remove(&id) {
            self.due.set((entry.due(id.address().at), id), false);
        }
        let is_leaked = planted(Fault::ChannelLeak) && self.is_live(id);
        self.live.set(accepted(id), is_leaked);
        self.queue.set(accepted(id), false);
    }
}
