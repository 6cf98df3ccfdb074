//! A trunk's report on itself, for its operator.
//!
//! Nothing is stored for it but a row that says when others were last heard from, which is written now and then. The counts of
//! calls are in memory once somebody has asked: added up from the rows of hours and of calls ([`Counters`]), and then kept up to
//! date with each change. So they are the same after a restart, and take no row.

use super::hours::{HOUR_COSTS, settle};
use super::reply::reply;
use super::store::{StoreFailed, TrunkStore};
use super::trouble::Way;
use super::{Answer, Desk, TrunkActor};
use crate::domain::agent::Status;
use crate::domain::call::Call;
use crate::domain::ids::CallId;
use crate::domain::time::Timestamp;
use crate::domain::trunk::{Carrier, Step, Trunk, Wanted};
use crate::domain::usage::Hour;
use crate::domain::vitals::{Counts, Seen, Vitals, VitalsAsked};

reply!(Box<Vitals>: vitals = Vitals(vitals));

/// How many rows are searched at a time for the oldest callback still to be delivered.
const LOOKED_AT: usize = 2_000;

/// What an object remembers for its operator.
#[derive(Default)]
pub(super) struct Health {
    pub seen: Seen,
    /// How much of that is in a row.
    written: Seen,
    counters: Counters,
    /// No callback of a call before this row is still to be delivered.
    undelivered_from: u64,
}

impl Health {
    pub fn load(seen: Seen) -> Self {
        Self {
            seen,
            written: seen,
            ..Self::default()
        }
    }

    /// Calls are about to leave.
    pub fn departs(&mut self, calls: &[Call]) {
        if self.counters.is_under_way() {
            calls.iter().for_each(|call| self.counters.departs(call));
        }
    }
}

/// The counts of calls: those before a row.
#[derive(Default)]
struct Counters {
    /// Calls before this row are counted; all of them, once it is the last.
    below: u64,
    /// The hour that this row is in: those of its calls that had left when it was begun are counted.
    begun: Option<Hour>,
    counts: Counts,
}

impl Counters {
    /// Above all rows, which have 53 bits.
    const ALL: u64 = 1 << 53;

    fn is_under_way(&self) -> bool {
        self.begun.is_some() && self.below < Self::ALL
    }

    /// A call changes that was counted by its old row.
    fn changes(&mut self, was: &Counts, call: &Call) {
        if call.id.row() < self.below {
            self.counts.change(was, &Counts::of(call));
        }
    }

    /// A call leaves; once it has, it can't be found in the hour being looked at.
    fn departs(&mut self, call: &Call) {
        let is_ahead = call.id.row() >= self.below;
        if is_ahead && self.begun == Some(Hour::of_call(call.id)) {
            self.counts.add(&Counts::of(call));
        }
    }

    /// Counts some more calls: at most `limit`.
    fn go_on(
        &mut self,
        store: &impl TrunkStore,
        trunk: &Trunk,
        limit: usize,
    ) -> Result<(), StoreFailed> {
        let mut left = limit.max(HOUR_COSTS);
        while left > 0 && self.below < Self::ALL {
            match self.begun {
                Some(hour) if self.below < hour.next().row() => {
                    left -= self.count_some(store, trunk, hour, left)?.clamp(1, left);
                }
                _ => {
                    left = left.saturating_sub(HOUR_COSTS);
                    self.begin_hour(store, trunk)?;
                }
            }
        }
        Ok(())
    }

    /// Moves to the next hour in which there is anything to count.
    fn begin_hour(&mut self, store: &impl TrunkStore, trunk: &Trunk) -> Result<(), StoreFailed> {
        let from = match self.begun {
            Some(hour) => hour.next(),
            None => Hour(0),
        };
        let kept = store.next_usage(from)?;
        let first = store.calls_from(from.row(), Self::ALL, 1)?;
        let rows = first.first().map(|call| call.id);
        let calls = rows.into_iter().chain(open(trunk, from.row(), Self::ALL));
        let hours = calls.map(Hour::of_call);
        let hours = hours.chain(kept.iter().map(|(hour, _)| *hour));
        let Some(hour) = hours.min() else {
            self.below = Self::ALL;
            return Ok(());
        };
        (self.begun, self.below) = (Some(hour), hour.row());
        let Some((_, mut kept)) = kept.filter(|(known, _)| *known == hour) else {
            return Ok(());
        };
        settle(&mut kept, store)?;
        let shares = match &kept.all {
            Some(all) => {
                self.below = hour.next().row();
                all
            }
            None => &kept.left,
        };
        for share in &shares.0 {
            self.counts.over.add(&share.tally);
        }
        Ok(())
    }

    /// Counts calls of the hour; returns how many were looked at. Those in progress are counted by their rows.
    fn count_some(
        &mut self,
        store: &impl TrunkStore,
        trunk: &Trunk,
        hour: Hour,
        limit: usize,
    ) -> Result<usize, StoreFailed> {
        let mut to = hour.next().row();
        let rows = store.calls_from(self.below, to, limit)?;
        if let Some(last) = rows.last().filter(|_| rows.len() >= limit) {
            to = last.id.row() + 1;
        }
        for call in &rows {
            self.counts.add(&Counts::of(call));
        }
        let is_over = |id: &CallId| rows.iter().all(|call| call.id != *id);
        let own: Vec<CallId> = open(trunk, self.below, to).filter(is_over).collect();
        for id in &own {
            if let Some(call) = store.get(*id)? {
                self.counts.add(&Counts::of(&call));
            }
        }
        self.below = to;
        Ok(rows.len() + own.len())
    }
}

/// The calls between these rows that may be over and are open for what is left to do after their end.
fn open(trunk: &Trunk, from: u64, to: u64) -> impl Iterator<Item = CallId> + '_ {
    let wanted = Wanted {
        below: (to < Counters::ALL).then(|| CallId::floor_of(to)),
        from_row: from,
        ..Wanted::default()
    };
    trunk.over_calls(wanted)
}

impl<S: TrunkStore> Desk<'_, '_, S> {
    pub(super) fn vitals(&mut self, asked: VitalsAsked) -> Answer<Box<Vitals>> {
        let Some(brief) = self.trunk.brief() else {
            return Ok(Box::default());
        };
        let config = &brief.config;
        let mut vitals = Vitals {
            of: Some((config.org_id, config.id)),
            is_active: config.status == Status::Active,
            has_rooms: config.carrier.has_rooms(),
            max_channels: config.max_channels,
            storage_bytes: self.store.used_bytes(),
            open_until: self.trunk.state().and_then(|state| state.open_until),
            seen: self.health.seen,
            unclaimed_since: self.trunk.unclaimed_since(),
            channels_in_use: self.trunk.channels_in_use(),
            waiting: self.trunk.waiting(),
            open: self.trunk.entries(),
            ..Vitals::default()
        };
        let held_back = self.trunk.agents_held_back(self.now, self.step);
        vitals.held_back = held_back.into_iter().map(|(agent, _)| agent).collect();
        vitals.undelivered_since = self.undelivered_since()?;
        if asked.counts() && self.store.is_complete() {
            let slice = self.settings.slice;
            let counters = &mut self.health.counters;
            counters.go_on(self.store, self.trunk, slice)?;
            vitals.counts =
                (counters.below == Counters::ALL).then(|| Box::new(counters.counts.clone()));
        }
        Ok(Box::new(vitals))
    }

    /// Since when the oldest callback has been waiting for delivery; while the search for it continues, one of the oldest.
    fn undelivered_since(&mut self) -> Answer<Option<Timestamp>> {
        let due = self
            .store
            .due_callbacks((Timestamp(0), 0), Timestamp::MAX, 1)?;
        if due.is_empty() && self.trunk.attempts_out() == 0 {
            self.health.undelivered_from = CallId::floor(self.now).row();
            return Ok(None);
        }
        let done = self.counted.done_before().row();
        let from = self.health.undelivered_from.max(done);
        let (found, goes_on) = self.store.undelivered(from, LOOKED_AT)?;
        self.health.undelivered_from = found.unwrap_or(goes_on);
        let row = found.or(due.first().map(|due| due.row));
        let call = match row {
            Some(row) => self.store.get_at(row)?,
            None => None,
        };
        Ok(call.and_then(|call| Some(call.callback?.created_at)))
    }

    /// Somebody was heard from that only a carrier with rooms has.
    pub(super) fn sees(&mut self, what: impl FnOnce(&mut Seen) -> &mut Option<Timestamp>) {
        let carrier = self.trunk.brief().map(|brief| &brief.config.carrier);
        if carrier.is_some_and(Carrier::has_rooms) {
            *what(&mut self.health.seen) = Some(self.now);
        }
    }
}

impl TrunkActor {
    /// Keeps hours, and what is known for the operator, up to date with what a command changed.
    pub(super) fn keep_counts(
        &mut self,
        store: &impl TrunkStore,
        step: &Step<'_>,
        now: Timestamp,
        way: Way,
    ) -> Result<(), StoreFailed> {
        self.reopen_hours(store, step, now)?;
        let may_note = way == Way::Whole && !self.trouble.is_there();
        let health = &mut self.health;
        for (was, call) in step.counted() {
            health.counters.changes(was, call);
            let is = Counts::of(call);
            if is.over.exhausted > was.over.exhausted {
                health.seen.exhausted_at = Some(now);
            }
            if is.pending > 0 {
                health.undelivered_from = health.undelivered_from.min(call.id.row());
            }
        }
        // While writes fail, only what must be written is.
        if may_note && health.seen.differs(&health.written) {
            store.put_seen(&health.seen)?;
            health.written = health.seen;
        }
        Ok(())
    }
}
