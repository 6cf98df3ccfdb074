//! What is kept in memory of open calls, in step with their rows: an [`Entry`] each, and its place among those that hold a
//! channel, those that wait for one, and those with something to do.

use super::call_index::{self, accepted};
use super::index::Entry;
use super::step::Held;
use super::{Kept, Step, Trunk, agent_bits};
use crate::domain::call::{Call, CallStatus, Phase};
use crate::domain::ids::{AgentId, CallId};
use crate::domain::phone::{E164, LastDigits};
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};

/// The memory an open call takes: its entry under its id, one index entry for holding a channel or waiting, one for having
/// something to do.
const _: () = assert!(
    size_of::<(CallId, Entry)>() + 2 * size_of::<call_index::Entry>() <= 100,
    "a call in memory is small"
);

/// After a restart carriers are asked about some calls at a time (`asked_together` in the settings), at this interval.
const ASKED_EVERY: Span = Span(50);

/// Which open calls a reader wants, as far as their entries tell.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// With one of these statuses; with any if empty.
    pub status: &'a [CallStatus],
    /// Of this agent.
    pub agent: Option<AgentId>,
    /// To this number.
    pub phone: Option<&'a E164>,
    /// To a number that ends in these digits.
    pub phone_ends: Option<&'a LastDigits>,
    /// Older than this call.
    pub below: Option<CallId>,
    /// From this row on: see [`CallId::row`].
    pub from_row: u64,
    /// Whose latest transition is from this moment or later.
    pub told_since: Timestamp,
}

impl Trunk {
    /// Takes a call from its row: one that is open, or whose attempt was out.
    pub fn reopen(&mut self, mut call: Call, was_out: bool, now: Timestamp) {
        if was_out {
            self.was_out(&call);
        }
        if !call.is_open() && !planted(Fault::TerminalKept) {
            return;
        }
        match call.phase() {
            // The queue moves on its own.
            Phase::Queued { .. } => call.volatile.dispatch_at = Timestamp::MAX,
            Phase::SettingUp { .. } | Phase::Ringing { .. } | Phase::Talking { .. } => {
                if call.has_room {
                    self.rings.may_have_been();
                }
            }
            Phase::Scheduled { .. }
            | Phase::Unclaimed { .. }
            | Phase::AwaitingReport { .. }
            | Phase::Over => {}
        }
        call.volatile.inquire_at = self.asked_in_its_turn(now);
        self.note(&call);
    }

    /// Takes an open call from what its row keeps of it.
    pub fn reopen_kept(&mut self, kept: &Kept, now: Timestamp) {
        let mut entry = kept.entry();
        if entry.is_asked_about() {
            entry.ask_by(self.asked_in_its_turn(now), kept.id().address().at);
        }
        if kept.has_room() && !entry.is_over() {
            self.rings.may_have_been();
        }
        self.place_entry(kept.id(), entry, false);
    }

    /// Carriers say what happened to calls while the object was away. They are asked about a few calls at a time, so that a
    /// trunk with thousands is not busy with that alone.
    fn asked_in_its_turn(&self, now: Timestamp) -> Timestamp {
        let before = self.open.len().checked_div(self.settings.asked_together);
        let before = u64::try_from(before.unwrap_or_default()).unwrap_or_default();
        match before {
            1.. if planted(Fault::AskedAtOnce) => now,
            1.. if planted(Fault::TurnNeverComes) => Timestamp::MAX,
            before => now + Span(ASKED_EVERY.0 * before),
        }
    }

    /// What is in memory of each open call, as text, for comparing two trunks.
    #[must_use]
    pub fn outline(&self) -> Vec<(CallId, String)> {
        let all = self.open.iter();
        all.map(|(id, entry)| (*id, entry.outline())).collect()
    }

    /// Takes over what is in flight from what was known before a write failed: otherwise each failure would send everything
    /// again, and a store that fails often would drown in the answers.
    pub fn inherit(&mut self, known: &Self) {
        for (id, before) in &known.open {
            if let Some(entry) = self.open.get(id).copied() {
                self.set(*id, entry, entry.inherit(before, id.address().at));
            }
        }
        self.callbacks.inherit(&known.callbacks);
        self.breaker = known.breaker.clone();
        self.rings = known.rings.clone();
        self.grants = known.grants.clone();
        self.campaigns = known.campaigns.recounted();
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

    /// A call as it is now, open or not.
    pub fn call<'s>(&self, id: CallId, step: &'s mut Step<'_>) -> Option<&'s Call> {
        self.take(id, step).map(|held| &held.call)
    }

    pub(super) fn take<'s>(&self, id: CallId, step: &'s mut Step<'_>) -> Option<&'s mut Held> {
        if step.peek(id).is_none() {
            let call = step.rows().call(id)?;
            self.hold(call, step);
        }
        step.held(id)
    }

    /// Takes in hand the call with this row, unless it is: which one it is.
    pub(super) fn take_at(&self, row: u64, step: &mut Step<'_>) -> Option<CallId> {
        if let Some(id) = step.at_row(row) {
            return Some(id);
        }
        let call = step.rows().call_at(row)?;
        let id = call.id;
        self.hold(call, step);
        Some(id)
    }

    fn hold(&self, mut call: Call, step: &mut Step<'_>) {
        if let Some(entry) = self.open.get(&call.id) {
            let volatile = entry.volatile(call.created_at());
            call = call.with(volatile, &self.settings, &self.key);
        }
        if let (Some(callback), Some(lease)) = (&mut call.callback, self.callbacks.lease(call.id)) {
            callback.lend(lease);
        }
        let verdict = call.agent_verdict();
        step.hold(call, verdict);
    }

    /// A call that is open.
    pub(super) fn open_call<'s>(&self, id: CallId, step: &'s mut Step<'_>) -> Option<&'s mut Call> {
        self.open.get(&id)?;
        self.take(id, step).map(|held| &mut held.call)
    }

    pub(super) fn is_live(&self, id: CallId) -> bool {
        self.live.has(accepted(id))
    }

    /// The open calls that a reader may want, newest first.
    pub fn open_calls<'a>(&'a self, wanted: Wanted<'a>) -> impl Iterator<Item = CallId> + 'a {
        let below = wanted.below.unwrap_or(CallId::floor(Timestamp::MAX));
        let ends = wanted.phone_ends.map(LastDigits::as_str);
        let fits = move |(id, entry): &(&CallId, &Entry)| {
            let accepted = id.address().at;
            (wanted.status.is_empty() || wanted.status.contains(&entry.status()))
                && wanted
                    .agent
                    .is_none_or(|agent| agent_bits::is_of(agent, entry.agent()))
                && entry.may_be_to(wanted.phone, ends)
                && entry.told_at(accepted) >= wanted.told_since
        };
        let from = CallId::floor_of(wanted.from_row).min(below);
        let all = self.open.range(from..below).rev();
        all.filter(fits).map(|(id, _)| *id)
    }

    /// The open calls that may be over and are here for what is left to do after their end.
    pub fn over_calls<'a>(&'a self, wanted: Wanted<'a>) -> impl Iterator<Item = CallId> + 'a {
        let is_over = |id: &CallId| self.open.get(id).is_some_and(Entry::is_over);
        self.open_calls(wanted).filter(is_over)
    }

    /// How many calls hold a channel.
    #[must_use]
    pub fn channels_in_use(&self) -> usize {
        self.live.len()
    }

    /// Since when the oldest unclaimed call has been available to dialers.
    #[must_use]
    pub fn unclaimed_since(&self) -> Option<Timestamp> {
        let unclaimed = self.open.iter().filter(|(_, entry)| entry.is_unclaimed());
        let since = unclaimed.map(|(id, entry)| {
            let accepted = id.address().at;
            entry.volatile(accepted).promoted_at.unwrap_or(accepted)
        });
        since.min()
    }

    /// The calls that hold a channel, oldest first.
    pub fn live_calls(&self) -> impl Iterator<Item = CallId> {
        self.live.rows().filter_map(|row| self.at_row(row))
    }

    /// The open call with this row.
    pub(super) fn at_row(&self, row: u64) -> Option<CallId> {
        let (id, _) = self.open.range(CallId::floor_of(row)..).next()?;
        (id.row() == row).then_some(*id)
    }

    pub(super) fn first_due(&self, now: Timestamp) -> Option<call_index::Entry> {
        self.due.first().filter(|(at, _)| *at <= now)
    }

    pub(super) fn is_unclaimed(&self, id: CallId) -> bool {
        self.open.get(&id).is_some_and(Entry::is_unclaimed)
    }

    /// Keeps memory in step with a call held by the step.
    pub(super) fn index(&mut self, id: CallId, step: &Step<'_>) {
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

    /// Keeps an open call's entry.
    pub(super) fn note(&mut self, call: &Call) {
        let entry = Entry::of(call, &self.settings);
        let is_leaked = planted(Fault::ChannelLeak)
            && call.status == CallStatus::TriggerFailed
            && self.is_live(call.id);
        self.place_entry(call.id, entry, is_leaked);
    }

    fn place_entry(&mut self, id: CallId, entry: Entry, is_leaked: bool) {
        let before = self.open.get(&id).copied().unwrap_or(entry);
        self.set(id, before, entry);
        self.live
            .set(accepted(id), entry.holds_channel() || is_leaked);
        let is_direct = entry.is_unclaimed() && !entry.was_scheduled();
        self.direct.set(accepted(id), is_direct);
        if before.waits() {
            self.queue.set(queued(id, &before), false);
        }
        self.queue.set(queued(id, &entry), entry.waits());
    }

    /// Replaces an entry.
    pub(super) fn set(&mut self, id: CallId, before: Entry, entry: Entry) {
        let at = id.address().at;
        self.due.set((before.due(at), id.row()), false);
        self.open.insert(id, entry);
        let due = entry.due(at);
        if due < Timestamp::MAX {
            self.due.set((due, id.row()), true);
        }
    }

    pub(super) fn forget(&mut self, id: CallId) {
        if let Some(entry) = self.open.remove(&id) {
            self.due.set((entry.due(id.address().at), id.row()), false);
            self.queue.set(queued(id, &entry), false);
        }
        let is_leaked = planted(Fault::ChannelLeak) && self.is_live(id);
        self.live.set(accepted(id), is_leaked);
        self.direct.set(accepted(id), false);
    }
}

/// A call's place in the queue.
fn queued(id: CallId, entry: &Entry) -> call_index::Entry {
    (entry.queued_from(id.address().at), id.row())
}
