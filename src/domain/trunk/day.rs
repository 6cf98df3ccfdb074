//! How many calls a trunk accepted on a day, by UTC.
//!
//! A call counts on the day on which it is accepted. An attempt that follows another is asked for by nobody: it counts on the day
//! on which it is first due, and where that day is full, it waits for the next.

use serde::{Deserialize, Serialize};

use super::{Step, Trunk};
use crate::domain::ids::{Address, CallId, TrunkTag};
use crate::domain::planted::{Fault, planted};
use crate::domain::redial::Series;
use crate::domain::time::{Span, Timestamp};

const DAY: Span = Span::from_secs(86_400);

/// A day's acceptances: a row of the trunk, written along with each call that it counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayCount {
    /// Days since the Unix epoch.
    pub day: u64,
    /// Calls accepted on it.
    pub accepted: u32,
    /// The row of the last call that was counted. Calls behind it are not, though they are there: this could not be written.
    pub last: u64,
}

impl DayCount {
    /// The row from which on calls are to be counted beside it, for the day of a moment.
    #[must_use]
    pub fn goes_on_from(&self, at: Timestamp) -> u64 {
        match self.day == day(at) {
            true => self.last + 1,
            false => CallId::floor(Timestamp(day(at) * DAY.0)).row(),
        }
    }

    const fn on(self, at: Timestamp) -> u32 {
        if self.day == day(at) {
            self.accepted
        } else {
            0
        }
    }

    fn count(&mut self, call: CallId) {
        let at = call.address().at;
        *self = Self {
            day: day(at),
            accepted: self.on(at).saturating_add(1),
            last: call.row(),
        };
    }
}

/// A day's attempts that follow others: a row of the trunk, written before theirs, so that none is left out. It names those that
/// were counted last, so that none is counted twice where this is all that was kept of a commit that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedialCount {
    /// Days since the Unix epoch.
    pub day: u64,
    /// Attempts that were due on it.
    pub count: u32,
    /// The rows of those that were counted last.
    pub rows: Vec<u64>,
}

impl RedialCount {
    const fn on(&self, at: Timestamp) -> u32 {
        if self.day == day(at) { self.count } else { 0 }
    }

    fn count(&mut self, row: u64, at: Timestamp) {
        if self.day != day(at) {
            *self = Self {
                day: day(at),
                ..Self::default()
            };
        }
        if !self.rows.contains(&row) {
            self.rows.push(row);
            self.count = self.count.saturating_add(1);
        }
    }
}

const fn day(at: Timestamp) -> u64 {
    at.0 / DAY.0
}

impl Trunk {
    /// Where there is a limit, how many calls the day took is known before anything is decided: what a row says of the day, and
    /// the calls that were accepted on it whose rows are behind that.
    pub fn know_day(&mut self, now: Timestamp, step: &mut Step<'_>) {
        if self.max_calls_per_day().is_none() || self.today.is_some() {
            return;
        }
        let at = self.next_at(now);
        let noted = step.rows().day();
        let more = step.rows().accepted_from(noted.goes_on_from(at));
        let mut today = noted;
        if day(at) != noted.day || more > 0 {
            today = DayCount {
                day: day(at),
                accepted: noted.on(at).saturating_add(more),
                last: self.last.map_or(0, |last| last.row()),
            };
        }
        if planted(Fault::DayForgotten) {
            today.accepted = 0;
        }
        step.day |= today != noted;
        self.today = Some(today);
    }

    /// The day's acceptances, as they are to be noted.
    #[must_use]
    pub fn today(&self) -> Option<DayCount> {
        self.today
    }

    fn max_calls_per_day(&self) -> Option<u32> {
        self.brief.as_ref()?.config.max_calls_per_day
    }

    /// When the next call would be accepted, as its id would tell.
    fn next_at(&self, now: Timestamp) -> Timestamp {
        Address::next(self.last, now, TrunkTag::DIRECTORY).at
    }

    pub(super) fn count_today(&mut self, call: CallId, step: &mut Step<'_>) {
        if let Some(today) = &mut self.today {
            today.count(call);
            step.day = true;
        }
    }

    /// Seconds until the day is over, if it takes no further call.
    pub(super) fn day_wait(&mut self, now: Timestamp, step: &mut Step<'_>) -> Option<u64> {
        let midnight = self.full_until(now, step)?;
        Some((midnight - now).as_secs_ceil().max(1))
    }

    /// When the day is over, if it takes no further call.
    fn full_until(&mut self, now: Timestamp, step: &mut Step<'_>) -> Option<Timestamp> {
        let (most, at) = (self.max_calls_per_day()?, self.next_at(now));
        self.know_day(now, step);
        let accepted = self.today.unwrap_or_default().on(at);
        let redialed = self.redialed(step).on(at);
        let midnight = Timestamp((day(at) + 1) * DAY.0);
        (accepted.saturating_add(redialed) >= most).then_some(midnight)
    }

    fn redialed(&mut self, step: &Step<'_>) -> &mut RedialCount {
        self.redialed.get_or_insert_with(|| step.rows().redialed())
    }

    /// The day's attempts that follow others, as they are to be noted.
    #[must_use]
    pub fn redialed_today(&self) -> Option<&RedialCount> {
        self.redialed.as_ref()
    }

    /// An attempt that follows another is due, and counts today, once.
    ///
    /// # Errors
    /// When the next day begins, where this one takes no further call.
    pub(super) fn counts_when_due(
        &mut self,
        id: CallId,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> Result<(), Timestamp> {
        let series = step.peek(id).and_then(|call| call.series);
        if series.is_none_or(Series::is_counted) || planted(Fault::RedialUncounted) {
            return Ok(());
        }
        if let Some(midnight) = self.full_until(now, step) {
            return Err(midnight);
        }
        let (at, rows) = (self.next_at(now), step.rows());
        let is_first = !std::mem::replace(&mut step.redialed, true);
        let known = self.redialed(step);
        if is_first {
            let is_kept = |row: &u64| {
                let series = rows.call_at(*row).and_then(|call| call.series);
                series.is_none_or(Series::is_counted)
            };
            known.rows.retain(|row| !is_kept(row));
        }
        known.count(id.row(), at);
        if let Some(series) = step.held(id).and_then(|held| held.call.series.as_mut()) {
            series.counted = true;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::IdKey;

    #[test]
    fn a_day_begins_at_midnight_by_utc() {
        let key = IdKey::new(b"key");
        let call = |at| CallId::mint(Address::next(None, at, TrunkTag::DIRECTORY), &key);
        let noon = Timestamp(1_800_000_000_000);
        let midnight = Timestamp((day(noon) + 1) * DAY.0);
        let mut today = DayCount::default();
        today.count(call(noon));
        today.count(call(midnight - Span(1)));
        assert_eq!((today.on(noon), today.on(midnight)), (2, 0));
        assert_eq!(today.goes_on_from(noon), call(midnight - Span(1)).row() + 1);
        assert_eq!(today.goes_on_from(midnight), CallId::floor(midnight).row());
        today.count(call(midnight));
        assert_eq!((today.on(midnight), today.on(midnight + DAY)), (1, 0));
    }
}
