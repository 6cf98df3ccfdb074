//! Time zones: what clocks show where, by the rules of one IANA release.
//!
//! The rules are built in (`table.bin`, made by `npm run zones`) rather than the runtime's: those are as old as the runtime,
//! and the same number would be called at different hours on different machines.

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

/// Local date and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Local {
    /// The local date, which may differ from UTC's.
    pub day: Day,
    /// Seconds since midnight as the clock shows them, whatever was skipped or repeated since.
    pub second: i64,
}

impl Zone {
    /// The zone with an IANA name, old names included.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        table::zone(name)
    }

    /// Its current IANA name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Its clock, which zones may share.
    #[must_use]
    pub const fn clock(self) -> Clock {
        self.clock
    }
}

impl Local {
    /// The local time at a moment, with clocks `offset` seconds ahead of UTC.
    #[must_use]
    pub fn at(moment: Timestamp, offset: i64) -> Self {
        let shown = clock::secs(moment).saturating_add(offset);
        Self {
            day: Day(shown.div_euclid(DAY_SECS)),
            second: shown.rem_euclid(DAY_SECS),
        }
    }

    /// The moment of a local time, with clocks `offset` seconds ahead of UTC.
    #[must_use]
    pub fn moment(self, offset: i64) -> Timestamp {
        let shown = self.day.0.saturating_mul(DAY_SECS);
        clock::timestamp(shown.saturating_add(self.second).saturating_sub(offset))
    }
}
