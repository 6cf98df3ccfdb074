//! The rows of hours: calls that leave are added to their hour's row, and once nothing about an hour's calls can change on its
//! own, its row covers all of them.

use super::TrunkActor;
use super::store::{StoreFailed, TrunkStore};
use crate::domain::call::Call;
use crate::domain::ids::CallId;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};
use crate::domain::trunk::{Step, Trunk, Wanted};
use crate::domain::usage::{Hour, HourUsage, Share, Shares};

/// The cost of looking at an hour's row, in calls.
pub(super) const HOUR_COSTS: usize = 5;
/// How long after its end an hour is checked for whether its row may cover all of it.
const LATER: Span = Span(120_000);
/// How often hours are looked for, and how soon the search continues.
const LOOK: Span = Span(600_000);
const GOES_ON: Span = Span(1_000);
/// How many calls it looks at in one go.
const LOOKED_AT: usize = 200;

/// What an object remembers about usage.
pub(super) struct Usage {
    /// When hours are next looked at whose rows may cover them completely.
    look_at: Timestamp,
    /// The search continues soon.
    busy: bool,
    /// All hours before this one are done, as far as this object knows.
    done_before: Hour,
    /// The hour being looked at, how far, and the sums so far.
    hour: Hour,
    row: Option<u64>,
    all: Shares,
    /// The search has passed an hour that is not done.
    has_passed: bool,
    /// The latest departures of calls.
    departures: Vec<Departure>,
    pub(super) last: u64,
}

/// Calls of an hour that left together, each with its row.
struct Departure {
    which: u64,
    hour: Hour,
    calls: Vec<(u64, Share)>,
}

/// How many departures are remembered, and of how many calls in all.
const REMEMBERED: usize = 64;
const CALLS_REMEMBERED: usize = 1_000;

impl Usage {
    pub fn new(now: Timestamp) -> Self {
        Self {
            look_at: now,
            busy: false,
            done_before: Hour(0),
            hour: Hour(0),
            row: None,
            all: Shares::default(),
            has_passed: false,
            departures: Vec::new(),
            // No two lives of an object use the same numbers.
            last: now.0,
        }
    }

    /// All hours before this one are done, as far as this object knows.
    pub fn done_before(&self) -> Hour {
        self.done_before
    }

    pub fn due(&self) -> Option<Timestamp> {
        self.busy.then_some(self.look_at)
    }

    /// After a failed write: the hour being looked at is started over.
    pub fn begun_anew(mut self) -> Self {
        self.goes_to(self.done_before);
        self.busy = false;
        // The calls about to leave may still be there.
        self.departures.clear();
        self.last += 1;
        self
    }

    fn departs(&mut self, hour: Hour, calls: &[(u64, Share)]) {
        self.last += 1;
        self.departures.push(Departure {
            which: self.last,
            hour,
            calls: calls.to_vec(),
        });
        let mut many: usize = self.departures.iter().map(|left| left.calls.len()).sum();
        while many > CALLS_REMEMBERED || self.departures.len() > REMEMBERED {
            many -= self.departures.remove(0).calls.len();
        }
        self.interrupt(hour);
    }

    /// The calls of an hour that have left since a departure, from a row on. `None` if they are not known.
    pub fn departed_since(
        &self,
        (hour, row): (Hour, u64),
        departure: u64,
    ) -> Option<impl Iterator<Item = &Share>> {
        let before = |first: &Departure| first.which - 1;
        let oldest = self.departures.first().map_or(self.last, before);
        let since = self.departures.iter();
        let since = since.filter(move |left| left.which > departure && left.hour == hour);
        let calls = since.flat_map(|left| &left.calls);
        let gone = calls.filter(move |(at, _)| *at >= row);
        (oldest..=self.last)
            .contains(&departure)
            .then(|| gone.map(|(_, share)| share))
    }

    /// A call being looked at changed: that hour is started over another time.
    fn interrupt(&mut self, hour: Hour) {
        if hour == self.hour && self.row.is_some() {
            self.passes();
        }
    }

    fn passes(&mut self) {
        self.has_passed = true;
        self.goes_to(self.hour.next());
    }

    fn goes_to(&mut self, hour: Hour) {
        (self.hour, self.row, self.all) = (hour, None, Shares::default());
        if !self.has_passed {
            self.done_before = hour;
        }
    }

    /// Checks whether some hours' rows may cover them completely, and writes those.
    pub fn look(
        &mut self,
        store: &impl TrunkStore,
        trunk: &Trunk,
        now: Timestamp,
    ) -> Result<(), StoreFailed> {
        if now < self.look_at || !store.is_complete() {
            return Ok(());
        }
        if !self.busy {
            self.has_passed = false;
            self.goes_to(self.done_before);
        }
        let end = Hour::of(now - LATER);
        self.busy = self.look_at_some(store, trunk, end)?;
        self.look_at = now + if self.busy { GOES_ON } else { LOOK };
        Ok(())
    }

    /// Returns whether there is more to look at before this hour.
    fn look_at_some(
        &mut self,
        store: &impl TrunkStore,
        trunk: &Trunk,
        end: Hour,
    ) -> Result<bool, StoreFailed> {
        let mut left = LOOKED_AT;
        while left > 0 && self.hour < end {
            let Some(row) = self.row else {
                left = left.saturating_sub(HOUR_COSTS);
                if !self.begin(store, trunk, end)? {
                    return Ok(false);
                }
                continue;
            };
            let calls = store.calls_from(row, self.hour.next().row(), left)?;
            let is_whole = calls.len() < left;
            left -= calls.len().min(left);
            if !calls.iter().all(Call::is_counted_for_good) {
                self.passes();
                continue;
            }
            calls.iter().for_each(|call| self.all.add(&Share::of(call)));
            match calls.last().filter(|_| !is_whole) {
                Some(last) => self.row = Some(last.id.row() + 1),
                None => self.close(store)?,
            }
        }
        Ok(self.hour < end)
    }

    /// Moves on to the next hour that has calls and is not done. `false` if there is none.
    fn begin(
        &mut self,
        store: &impl TrunkStore,
        trunk: &Trunk,
        end: Hour,
    ) -> Result<bool, StoreFailed> {
        let first = store.calls_from(self.hour.row(), end.row(), 1)?;
        let Some(first) = first.first() else {
            return Ok(false);
        };
        self.goes_to(Hour::of_call(first.id).max(self.hour));
        match store.usage(self.hour)? {
            Some(known) if known.all.is_some() => self.goes_to(self.hour.next()),
            // Calls in progress are not among those looked at.
            _ if has_open(trunk, self.hour) => self.passes(),
            _ => self.row = Some(self.hour.row()),
        }
        Ok(true)
    }

    fn close(&mut self, store: &impl TrunkStore) -> Result<(), StoreFailed> {
        let mut known = store.usage(self.hour)?.unwrap_or_default();
        settle(&mut known, store)?;
        let mut all = known.left.clone();
        self.all.0.iter().for_each(|share| all.add(share));
        known.all = Some(all);
        store.put_usage(self.hour, &known)?;
        self.goes_to(self.hour.next());
        Ok(())
    }
}

fn has_open(trunk: &Trunk, hour: Hour) -> bool {
    let wanted = Wanted {
        below: Some(CallId::floor(hour.next().start())),
        from_row: hour.row(),
        ..Wanted::default()
    };
    trunk.open_calls(wanted).next().is_some()
}

/// Records which of those about to leave have left.
pub(super) fn settle(known: &mut HourUsage, store: &impl TrunkStore) -> Result<(), StoreFailed> {
    let mut still = Vec::new();
    for (row, _) in &known.leaving {
        if store.get_at(*row)?.is_some() {
            still.push(*row);
        }
    }
    known.settle(&still);
    Ok(())
}

impl TrunkActor {
    /// Calls are about to change: first drops what was recorded of their hours as final.
    pub(super) fn reopen_hours(
        &mut self,
        store: &impl TrunkStore,
        step: &Step<'_>,
        now: Timestamp,
    ) -> Result<(), StoreFailed> {
        let old = |hour: &Hour| hour.next().start() < now;
        let hours = step.changed().map(|call| Hour::of_call(call.id));
        let mut last = None;
        for hour in hours.filter(old) {
            if last.replace(hour) == Some(hour) {
                continue;
            }
            self.usage.interrupt(hour);
            self.usage.done_before = self.usage.done_before.min(hour);
            if let Some(mut known) = store.usage(hour)?
                && known.all.take().is_some()
                && !planted(Fault::UsageStale)
            {
                store.put_usage(hour, &known)?;
            }
        }
        Ok(())
    }
}

/// Removes calls, and counts them.
pub(super) fn forget(
    usage: &mut Usage,
    store: &impl TrunkStore,
    leaving: &[Call],
) -> Result<(), StoreFailed> {
    let calls: Vec<CallId> = leaving.iter().map(|call| call.id).collect();
    let mut hours: Vec<(Hour, HourUsage)> = Vec::new();
    for call in leaving {
        let hour = Hour::of_call(call.id);
        let place = hours.iter().position(|(known, _)| *known == hour);
        if place.is_none() {
            let mut known = store.usage(hour)?.unwrap_or_default();
            settle(&mut known, store)?;
            hours.push((hour, known));
        }
        let place = place.unwrap_or(hours.len().saturating_sub(1));
        if let Some((_, known)) = hours.get_mut(place) {
            known.leaving.push((call.id.row(), Share::of(call)));
        }
    }
    if planted(Fault::UsageLost) {
        return store.forget(&calls);
    }
    let mut noted = Ok(());
    for (hour, known) in &hours {
        usage.departs(*hour, known.leaving.as_slice());
        // If there is no room for it now, there is once they have left.
        noted = noted.and(store.put_usage(*hour, known));
    }
    store.forget(&calls)?;
    for (hour, mut known) in hours {
        known.settle(&[]);
        store.put_usage(hour, &known)?;
    }
    Ok(())
}
