//! How fast a campaign's recipients have been decided lately.

use serde::{Deserialize, Serialize};

use crate::domain::time::{Span, Timestamp};

/// How often a look is taken; the pace is measured since the look before the last.
const LOOKS: Span = Span::from_secs(120);

/// Two looks at how many recipients were decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    before: (Timestamp, u64),
    last: (Timestamp, u64),
}

impl Pace {
    /// It begins, or resumes after a while.
    pub const fn begins(&mut self, decided: u64, now: Timestamp) {
        self.before = (now, decided);
        self.last = (now, decided);
    }

    /// `decided` recipients are decided by now.
    pub fn goes_on(&mut self, decided: u64, now: Timestamp) {
        if now >= self.last.0 + LOOKS {
            (self.before, self.last) = (self.last, (now, decided));
        }
    }

    /// When the remaining recipients will be decided.
    #[must_use]
    pub fn ends_at(&self, left: u64, decided: u64, now: Timestamp) -> Option<Timestamp> {
        let (since, then) = self.before;
        let lately = decided.checked_sub(then).filter(|lately| *lately > 0)?;
        let (Span(took), left) = (now - since, u128::from(left));
        let takes = left * u128::from(took.max(1)) / u128::from(lately);
        Some(now + Span(u64::try_from(takes).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_left_takes_as_long_as_others_did_of_late() {
        let mut pace = Pace::default();
        let start = Timestamp(1_000_000);
        pace.begins(5, start);
        assert_eq!(pace.ends_at(10, 5, start), None);
        assert_eq!(
            pace.ends_at(10, 7, start + Span(4_000)),
            Some(start + Span(24_000))
        );
        pace.goes_on(105, start + LOOKS);
        pace.goes_on(305, start + LOOKS + LOOKS);
        let now = start + LOOKS + LOOKS;
        assert_eq!(pace.ends_at(200, 305, now), Some(now + LOOKS));
    }
}
