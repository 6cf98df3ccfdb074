//! Callbacks of calls that are over: which attempts are out, and which of those due go next.
//!
//! Few are out at a time, per trunk and per receiver's host; all others are rows, found by when they are due. So a
//! dead receiver costs its trunk no memory, and one that hangs delays only its own callbacks.

use super::step::{DueCallback, Step};
use super::{Effect, Kept, Trunk};
use crate::domain::call::{Call, CallEffect, Phase, RECENT};
use crate::domain::callback::{Lease, host_key};
use crate::domain::ids::CallId;
use crate::domain::media::CallbackDetail;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};

/// The most attempts that a trunk may have out.
const ATTEMPTS: usize = 20;
/// The most of them at one receiver's host.
const ATTEMPTS_OF_HOST: usize = 5;
/// How many rows are looked at when an attempt came back, at most: the next of the same host is among the first.
const AT_FRONT: usize = 50;
/// How many rows are looked at in one step beyond those whose hosts are busy, before others have their turn.
const IN_A_STEP: usize = 2_000;
/// How soon the search continues.
const GOES_ON: Span = Span(100);
/// The host of an attempt that came back: none.
const NOWHERE: u64 = 0;
/// How soon the search starts over when it skipped rows whose hosts were busy.
const BEGINS_ANEW: Span = Span(5_000);

/// How a call appears in its trunk's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its entry, if something other than its callback is still to happen to it.
    pub kept: Option<Kept>,
    /// An attempt at its callback is out and the call is young: a restart finds it by its age.
    pub is_out: bool,
    /// When an attempt at its callback is due, if a restart finds it by that.
    pub callback_due: Option<Timestamp>,
    /// When it is due and when it is too late, while it is on the schedule.
    pub scheduled: Option<(Timestamp, Timestamp)>,
    /// The moment under which its row was on the schedule.
    pub stood_at: Option<Timestamp>,
}

impl Place {
    /// Whether it is in progress: see [`Call::is_open`].
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.kept.is_some()
    }
}

#[derive(Clone, Copy)]
struct Flight {
    call: CallId,
    host: u64,
    lease: Lease,
    /// The row says that an attempt is due.
    is_indexed: bool,
}

/// The attempts that are out, and how far the search for others has got.
#[derive(Default)]
pub(super) struct Callbacks {
    flights: Vec<Flight>,
    look_at: Timestamp,
    cursor: (Timestamp, u64),
    /// How many slots came free.
    freed: usize,
    /// The look passed rows whose hosts were busy.
    has_passed: bool,
}

const START: (Timestamp, u64) = (Timestamp(0), 0);

impl Callbacks {
    fn of(&self, call: CallId) -> Option<&Flight> {
        self.flights.iter().find(|flight| flight.call == call)
    }

    pub fn lease(&self, call: CallId) -> Option<Lease> {
        self.of(call).map(|flight| flight.lease)
    }

    pub fn next_due(&self) -> Option<Timestamp> {
        let leases = self.flights.iter().map(|flight| flight.lease.until);
        let leases = leases.filter(|_| !planted(Fault::LeaseForEver));
        let look = Some(self.look_at).filter(|at| *at < Timestamp::MAX && self.has_room());
        let ages = self.flights.iter().filter(|flight| !flight.is_indexed);
        let ages = ages.map(|flight| grows_old(flight.call));
        let due = leases.chain(look).chain(ages);
        due.filter(|at| *at < Timestamp::MAX).min()
    }

    fn has_room(&self) -> bool {
        self.flights.len() < ATTEMPTS || planted(Fault::AttemptsUnbounded)
    }

    fn takes(&self, host: u64) -> bool {
        let at_host = self.flights.iter().filter(|flight| flight.host == host);
        self.has_room() && (at_host.count() < ATTEMPTS_OF_HOST || planted(Fault::HostUnbounded))
    }

    /// Keeps what is known of the attempt that a call has out.
    pub fn keep(&mut self, call: CallId, url: &str, lease: Lease) {
        match self.flights.iter_mut().find(|flight| flight.call == call) {
            Some(flight) => flight.lease = lease,
            None => self.flights.push(Flight {
                call,
                host: host_key(url),
                lease,
                is_indexed: true,
            }),
        }
    }

    pub fn lands(&mut self, call: CallId) {
        let out = self.flights.len();
        self.flights.retain(|flight| flight.call != call);
        self.freed += out - self.flights.len();
    }

    /// An attempt that came back no longer waits for a row to record it: the call's row does.
    pub fn lets_go(&mut self, call: CallId, number: u32) {
        let is_back = |lease: Lease| lease.number == number && lease.until == Timestamp::MAX;
        if self.lease(call).is_some_and(is_back) {
            self.lands(call);
            (self.look_at, self.cursor) = (Timestamp(0), START);
        }
    }

    /// An attempt came back, and no row could record its result: it is not made again, and counts as out until one does.
    /// If the next one is out already, its row did record it: the write only seemed to fail.
    pub fn came_back(&mut self, call: CallId, number: u32) {
        let lease = Lease::back(number);
        match self.flights.iter_mut().find(|flight| flight.call == call) {
            Some(flight) if flight.lease.number > number => {}
            Some(flight) => flight.lease = lease,
            None => self.flights.push(Flight {
                call,
                host: NOWHERE,
                lease,
                is_indexed: true,
            }),
        }
    }

    /// A sender is waiting for a slow receiver.
    pub fn extend(&mut self, call: CallId, number: u32, until: Timestamp) {
        let mut flights = self.flights.iter_mut();
        let flight = flights.find(|flight| flight.call == call && flight.lease.number == number);
        if let Some(flight) = flight {
            flight.lease.until = flight.lease.until.max(until);
        }
    }

    /// A row about to be written says that an attempt is due.
    fn heed(&mut self, call: CallId, due: Timestamp, now: Timestamp) {
        if self.of(call).is_some() {
            return;
        }
        let look_at = match due > now {
            true => due,
            // There was no room for it: it goes when some becomes free.
            false => now + BEGINS_ANEW,
        };
        self.has_passed |= due <= now;
        self.look_at = self.look_at.min(look_at);
    }

    /// Takes over what was known before a write failed, so that attempts that are out are not sent again. The rows say which are.
    pub fn inherit(&mut self, known: &Self) {
        for before in &known.flights {
            let mut own = self.flights.iter_mut();
            match own.find(|flight| flight.call == before.call) {
                Some(flight) if flight.lease.is_of(before.lease) => flight.lease = before.lease,
                Some(_) => {} // what its row says, or that it came back
                None => self.flights.push(*before),
            }
        }
    }
}

/// The moment from which a restart does not find a call by its age any more.
fn grows_old(call: CallId) -> Timestamp {
    call.address().at + RECENT
}

impl Trunk {
    /// How a call's row is found, as far as its callback is concerned.
    #[must_use]
    pub fn place(&self, call: &mut Call, stood_at: Option<Timestamp>) -> Place {
        let kept = Kept::of(call, &self.settings);
        let callback = call.callback.as_ref();
        let due = callback.and_then(|callback| callback.next_attempt_at);
        let flight = self.callbacks.of(call.id).filter(|_| due.is_some());
        let is_out = flight.is_some_and(|flight| !flight.is_indexed);
        Place {
            kept,
            is_out,
            callback_due: due.filter(|_| !is_out),
            scheduled: match call.phase() {
                Phase::Scheduled { at } => Some((at, call.wait_ends().unwrap_or(at))),
                _ => None,
            },
            stood_at,
        }
    }

    /// A call has just ended: decides how much its callback tells, whatever the setting says later.
    pub(super) fn judge_detail(&self, id: CallId, step: &mut Step<'_>) {
        let Some(held) = step.held(id) else { return };
        let ends = held.call.status.is_terminal() && !held.was_over;
        held.was_over |= ends;
        if let Some(callback) = held.call.callback.as_mut().filter(|_| ends) {
            let detail = self.brief.as_ref().map(|brief| brief.callback_detail);
            callback.is_full = detail == Some(CallbackDetail::Full);
        }
    }

    /// How many attempts are out.
    #[must_use]
    pub fn attempts_out(&self) -> usize {
        self.callbacks.flights.len()
    }

    /// The attempt of this call was out when the object was lost: it is due.
    pub(super) fn was_out(&mut self, call: &Call) {
        if let Some(callback) = call.callback.clone()
            && let Some(lease) = callback.overdue()
        {
            self.callbacks.flights.push(Flight {
                call: call.id,
                host: host_key(&callback.url),
                lease,
                is_indexed: false,
            });
        }
    }

    /// Takes over a call whose row, last written by the previous release, is about to be rewritten.
    pub fn take_over(&mut self, call: &Call, now: Timestamp) {
        if call.is_open() && !self.is_open(call.id) {
            self.reopen(call.clone(), false, now);
        }
        if let Some(due) = call.callback.as_ref().and_then(|it| it.next_attempt_at) {
            self.callbacks.look_at = self.callbacks.look_at.min(due);
            self.callbacks.cursor = START;
        }
    }

    /// Hands out what is due, as far as there is room.
    pub(super) fn hand_out(&mut self, now: Timestamp, step: &mut Step<'_>) {
        self.hand_out_again(now, step);
        self.look_for_due(now, step);
        self.index_the_old(now, step);
        let due = |call: &Call| Some((call.id, call.callback.as_ref()?.next_attempt_at?));
        for (call, due) in step.changed().filter_map(due) {
            self.callbacks.heed(call, due, now);
        }
    }

    /// Calls whose attempts have been out for long are indexed by when these were due, in case the object is lost.
    fn index_the_old(&mut self, now: Timestamp, step: &mut Step<'_>) {
        let mut old = Vec::new();
        for flight in &mut self.callbacks.flights {
            if !flight.is_indexed && now >= grows_old(flight.call) {
                flight.is_indexed = true;
                old.push(flight.call);
            }
        }
        for call in old {
            self.change_row(call, step);
        }
    }

    fn look_for_due(&mut self, now: Timestamp, step: &mut Step<'_>) {
        let freed = std::mem::take(&mut self.callbacks.freed);
        if freed > 0 && self.callbacks.has_passed {
            // Mostly the next is right behind those whose attempts are out.
            let filled = self.callbacks.flights.len() + freed;
            let near = self.look(START, filled + freed, now, step);
            if let Some(far) = near.filter(|_| self.callbacks.flights.len() < filled) {
                self.look(far, AT_FRONT, now, step);
            }
        }
        if now < self.callbacks.look_at || !self.callbacks.has_room() {
            return;
        }
        let begins = self.callbacks.cursor == START;
        self.callbacks.has_passed &= !begins;
        match self.look(self.callbacks.cursor, IN_A_STEP, now, step) {
            Some(cursor) => {
                self.callbacks.cursor = cursor;
                self.callbacks.look_at = match self.callbacks.has_room() {
                    true => now + GOES_ON,
                    false => now,
                };
            }
            None => {
                self.callbacks.cursor = START;
                let next = step.rows().next_callback(now).unwrap_or(Timestamp::MAX);
                self.callbacks.look_at = match self.callbacks.has_passed {
                    true => next.min(now + BEGINS_ANEW),
                    false => next,
                };
            }
        }
    }

    /// Hands out attempts again that nobody took up, or whose sender died.
    fn hand_out_again(&mut self, now: Timestamp, step: &mut Step<'_>) {
        let flights = self.callbacks.flights.iter();
        let overdue = flights.filter(|flight| flight.lease.until <= now);
        let overdue: Vec<CallId> = overdue.map(|flight| flight.call).collect();
        for call in overdue {
            if planted(Fault::LeaseForEver) {
                continue;
            }
            if !self.send(call, now, step) {
                self.callbacks.lands(call);
                step.let_go_of(call);
            }
        }
    }

    /// Searches the rows whose callbacks are due, and hands out what may go. Returns where to continue, if there are more.
    fn look(
        &mut self,
        from: (Timestamp, u64),
        most: usize,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> Option<(Timestamp, u64)> {
        let due = step.rows().due_callbacks(from, now, most);
        let (mut cursor, ends) = (from, due.len() < most);
        for DueCallback { due, row, host } in due {
            if !self.callbacks.has_room() {
                return Some(cursor);
            }
            cursor = (due, row);
            let flights = &self.callbacks.flights;
            if flights.iter().any(|flight| flight.call.row() == row) {
                continue;
            }
            if !self.callbacks.takes(host) {
                self.callbacks.has_passed = true;
                continue;
            }
            let Some(id) = self.take_at(row, step) else {
                continue;
            };
            // Few are sent, and reported in this step, so their rows are read once.
            if !self.send(id, now, step) {
                step.let_go_of(id);
            }
        }
        (!ends).then_some(cursor)
    }

    /// Hands out a due attempt if it may go. One that is out already goes again in its own slot.
    pub(super) fn send(&mut self, id: CallId, now: Timestamp, step: &mut Step<'_>) -> bool {
        let is_out = self.callbacks.of(id).copied();
        let Some(held) = self.take(id, step) else {
            return false;
        };
        let Some(callback) = held.call.callback.as_mut() else {
            return false;
        };
        let may = is_out.is_some() || self.callbacks.takes(host_key(&callback.url));
        let Some(number) = may.then(|| callback.take(now)).flatten() else {
            return false;
        };
        let (url, lease) = (callback.url.clone(), callback.lease());
        // A restart finds a young call by its age.
        let is_young = now < grows_old(id);
        let is_indexed = is_out.is_some_and(|flight| flight.is_indexed);
        let is_changed = held.is_changed;
        step.effects.push(Effect {
            call: id,
            what: CallEffect::Callback(number),
        });
        if let Some(lease) = lease {
            self.callbacks.keep(id, &url, lease);
        }
        let mut flights = self.callbacks.flights.iter_mut();
        if let Some(flight) = flights.find(|flight| flight.call == id) {
            // The row is written anyway, or says so already.
            flight.is_indexed = match (is_out, is_changed) {
                (None, false) => true,
                (None, true) => !is_young,
                (Some(_), _) => is_indexed || !is_young,
            };
            if is_out.is_some() && flight.is_indexed && !is_indexed {
                self.change_row(id, step);
            }
        }
        true
    }
}
