//! A zone's offset from UTC, and how long it applies.

use super::calendar::Day;
use super::reader::Reader;
use super::{DAY_SECS, Local};
use crate::domain::time::{Span, Timestamp};

/// No clock differs from UTC by more than this.
const NOON: Span = Span::from_secs(15 * 3_600);

/// What the clocks of one or more zones show, and when they change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Seconds ahead of UTC outside summer time.
    pub(super) standard: i64,
    pub(super) summer: Option<Summer>,
    /// Changes that follow no rule: the offset before the first, and the rest of the table, which begins with them.
    pub(super) told: Option<Told>,
}

/// Daylight saving time according to a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Summer {
    /// Seconds ahead of UTC.
    pub(super) offset: i64,
    pub(super) begin: Turn,
    pub(super) end: Turn,
}

/// When a rule changes the clocks: on the first, second … or last (5) such weekday of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) month: i64,
    pub(super) week: i64,
    /// From Sunday, 0.
    pub(super) weekday: i64,
    /// Seconds since midnight on the clock being changed; may fall on another day.
    pub(super) second: i64,
}

/// Changes one by one. After the last, the rule applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// Seconds ahead of UTC before the first.
    pub(super) before: i64,
    pub(super) changes: &'static [u8],
}

/// A period in which the clocks are not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Seconds ahead of UTC.
    pub offset: i64,
    /// When it ends: from that moment on another offset may apply.
    pub until: Timestamp,
}

impl Clock {
    /// UTC's own clock.
    pub const UTC: Self = Self {
        standard: 0,
        summer: None,
        told: None,
    };

    /// When a day begins: at midnight, or after the part of it that is skipped.
    #[must_use]
    pub fn begins(self, day: Day) -> Timestamp {
        let midnight = Local { day, second: 0 };
        let noon_before = midnight.moment(0) - NOON;
        let (before, after) = (
            self.stretch(noon_before),
            self.stretch(midnight.moment(0) + NOON),
        );
        let by_either = [before.offset, after.offset].map(|offset| midnight.moment(offset));
        let [first, second] = by_either;
        let all = [first, second, before.until].into_iter();
        let begun = all.filter(|at| self.local(*at).day >= day);
        begun.min().unwrap_or(second)
    }

    /// The offset at a moment. Before 2026, the zone's rule applies, or the offset from its beginning.
    #[must_use]
    pub fn stretch(self, at: Timestamp) -> Stretch {
        let now = secs(at);
        self.told(now).unwrap_or_else(|| self.by_rule(now))
    }

    /// The local time at a moment.
    #[must_use]
    pub fn local(self, at: Timestamp) -> Local {
        Local::at(at, self.stretch(at).offset)
    }

    fn told(self, now: i64) -> Option<Stretch> {
        let told = self.told?;
        let mut offset = told.before;
        let mut rest = Reader(told.changes);
        while let Some((until, next)) = rest.change() {
            if now < until {
                let until = timestamp(until);
                return Some(Stretch { offset, until });
            }
            offset = next;
        }
        None
    }

    fn by_rule(self, now: i64) -> Stretch {
        let mut holds = Stretch {
            offset: self.standard,
            until: Timestamp::MAX,
        };
        let Some(summer) = self.summer else {
            return holds;
        };
        let (year, ..) = Day(now.div_euclid(DAY_SECS)).date();
        let mut latest = i64::MIN;
        for year in [year - 1, year, year + 1] {
            let begin = summer.begin.in_year(year) - self.standard;
            let end = summer.end.in_year(year) - summer.offset;
            for (moment, offset) in [(begin, summer.offset), (end, self.standard)] {
                if moment > now {
                    holds.until = holds.until.min(timestamp(moment));
                } else if moment > latest {
                    latest = moment;
                    holds.offset = offset;
                }
            }
        }
        holds
    }
}

impl Turn {
    /// When this change happens in a year, on the clock being changed, in seconds as if it were UTC's.
    fn in_year(self, year: i64) -> i64 {
        let first = Day::of(year, self.month, 1);
        // The rule counts from Sunday, the calendar from Monday.
        let weekday = i64::from(first.weekday()) + 1;
        let mut day = Day(first.0 + (self.weekday - weekday).rem_euclid(7) + (self.week - 1) * 7);
        if day.date().1 != self.month {
            // There is no fifth: the last is meant.
            day = Day(day.0 - 7);
        }
        day.0 * DAY_SECS + self.second
    }
}

#[allow(
    clippy::cast_possible_wrap,
    reason = "a thousandth of what a u64 holds"
)]
pub(super) const fn secs(at: Timestamp) -> i64 {
    at.as_secs() as i64
}

/// The moment at the beginning of a second; the epoch for anything before it.
pub(super) fn timestamp(secs: i64) -> Timestamp {
    Timestamp::from_secs(u64::try_from(secs).unwrap_or_default())
}
