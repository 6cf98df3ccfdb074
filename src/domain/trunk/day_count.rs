//! What a trunk's rows say about a day: how many calls were accepted on it, and how many follow-up attempts were due.

use serde::{Deserialize, Serialize};

use crate::domain::ids::CallId;
use crate::domain::time::{Span, Timestamp};

pub(super) const DAY: Span = Span::from_secs(86_400);

/// A day's acceptances: a row of the trunk, written together with each call that it counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayCount {
    /// Days since the Unix epoch.
    pub day: u64,
    /// Calls accepted on it.
    pub accepted: u32,
    /// The row of the last call that was counted. Calls after it are not counted, though they exist: this could not be written.
    pub last: u64,
    /// The rows of those calls from campaigns that were counted last. They are written after this: if this is all that was kept
    /// of a failed commit, it tells which of them don't exist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handed: Vec<u64>,
}

impl DayCount {
    /// The row from which calls must be counted in addition, for the day of a moment.
    #[must_use]
    pub fn goes_on_from(&self, at: Timestamp) -> u64 {
        match self.day == day(at) {
            true => self.last + 1,
            false => CallId::floor(Timestamp(day(at) * DAY.0)).row(),
        }
    }

    pub(super) const fn on(&self, at: Timestamp) -> u32 {
        if self.day == day(at) {
            self.accepted
        } else {
            0
        }
    }

    pub(super) fn count(&mut self, call: CallId) {
        let at = call.address().at;
        self.accepted = self.on(at).saturating_add(1);
        self.day = day(at);
        // The id of a call from a campaign was drawn before others'.
        self.last = self.last.max(call.row());
    }

    /// Takes back calls that were counted and don't exist: they were never accepted.
    pub(super) fn without_unkept(mut self, is_kept: impl Fn(u64) -> bool) -> Self {
        let counted = self.handed.len();
        self.handed.retain(|row| is_kept(*row));
        let unkept = u32::try_from(counted - self.handed.len()).unwrap_or_default();
        self.accepted = self.accepted.saturating_sub(unkept);
        self
    }
}

/// A day's attempts that follow others: a row of the trunk, written before theirs, so that none is missed. It names those
/// counted last, so that none is counted twice if this is all that was kept of a failed commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedialCount {
    /// Days since the Unix epoch.
    pub day: u64,
    /// Attempts that were due on it.
    pub count: u32,
    /// The rows of those counted last.
    pub rows: Vec<u64>,
}

impl RedialCount {
    pub(super) const fn on(&self, at: Timestamp) -> u32 {
        if self.day == day(at) { self.count } else { 0 }
    }

    pub(super) fn count(&mut self, row: u64, at: Timestamp) {
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

pub(super) const fn day(at: Timestamp) -> u64 {
    at.0 / DAY.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{Address, IdKey, TrunkTag};

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
        today.handed = vec![1, 2, 3];
        today.accepted = 5;
        let kept = today.without_unkept(|row| row == 2);
        assert_eq!((kept.accepted, kept.handed), (3, vec![2]));
    }
}
