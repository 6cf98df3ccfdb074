//! How many calls a trunk accepted on a day, by UTC.

use serde::{Deserialize, Serialize};

use super::{Step, Trunk};
use crate::domain::ids::{Address, CallId, TrunkTag};
use crate::domain::planted::{Fault, planted};
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

const fn day(at: Timestamp) -> u64 {
    at.0 / DAY.0
}

impl Trunk {
    /// The moment for which the day's acceptances are to be counted from rows: there is a limit, and they are not known.
    #[must_use]
    pub fn lacks_day(&self, now: Timestamp) -> Option<Timestamp> {
        let is_limited = self.max_calls_per_day().is_some();
        (is_limited && self.today.is_none()).then(|| self.next_at(now))
    }

    /// What a row says of the day of a moment, and how many rows of calls that were accepted on it are behind that.
    pub fn know_day(&mut self, noted: DayCount, more: u32, at: Timestamp, step: &mut Step<'_>) {
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
    pub(super) fn day_wait(&self, now: Timestamp) -> Option<u64> {
        let (most, at) = (self.max_calls_per_day()?, self.next_at(now));
        let is_full = self.today.unwrap_or_default().on(at) >= most;
        let midnight = Timestamp((day(at) + 1) * DAY.0);
        is_full.then(|| (midnight - now).as_secs_ceil().max(1))
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
