//! Time zones: what clocks show where, by the rules of one IANA release.
//!
//! The rules are built in (`table.bin`, which `npm run zones` makes), not the runtime's: a runtime's are as old as the runtime, and the
//! same number would be called at another hour on another machine.

pub mod calendar;
mod clock;
mod reader;
mod table;

pub use clock::{Clock, Stretch};

use calendar::Day;

use crate::domain::time::Timestamp;

/// The IANA release whose rules these are.
pub const VERSION: &str = "2026f";

const DAY_SECS: i64 = 86_400;

/// A time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    name: &'static str,
    clock: Clock,
}

/// What clocks and calendars on the wall show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Local {
    /// The date there, which may be another than by UTC.
    pub day: Day,
    /// Seconds since midnight as the clock shows them, whatever was skipped or repeated since.
    pub second: i64,
}

impl Zone {
    /// The zone of an IANA name, old names included.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        table::zone(name)
    }

    /// What IANA calls it now.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Its clock: zones that share one are never told apart by it.
    #[must_use]
    pub const fn clock(self) -> Clock {
        self.clock
    }
}

impl Local {
    /// What is shown at a moment where clocks are so many seconds ahead of UTC.
    #[must_use]
    pub fn at(moment: Timestamp, offset: i64) -> Self {
        let shown = clock::secs(moment).saturating_add(offset);
        Self {
            day: Day(shown.div_euclid(DAY_SECS)),
            second: shown.rem_euclid(DAY_SECS),
        }
    }

    /// When that is shown, where clocks are so many seconds ahead of UTC.
    #[must_use]
    pub fn moment(self, offset: i64) -> Timestamp {
        let shown = self.day.0.saturating_mul(DAY_SECS);
        clock::timestamp(shown.saturating_add(self.second).saturating_sub(offset))
    }
}
