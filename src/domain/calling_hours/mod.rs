//! Calling hours: when phones may ring.
//!
//! All times are wall-clock times of a zone: an hour that daylight saving skips does not exist, one that it repeats counts
//! both times. A window is open from `from` up to, but not including, `to`. [`judge`] decides whether all hours that apply
//! to a call are open.

mod book;
mod opening;
mod words;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use book::HoursBook;
pub use opening::{COMMON_WITHIN, HORIZON, MOST_APART, Verdict, judge};
pub use words::{Date, WallTime};

use super::planted::{Fault, planted};
use super::zones::Zone;
use super::zones::calendar::Day;

/// The most windows a document may have,
pub const MOST_WINDOWS: usize = 20;
/// and the most closed dates.
pub const MOST_CLOSED_DATES: usize = 366;

/// When phones may ring: the document that is set, stored and shown for an organisation, an agent or a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallingHours {
    /// Whose local time applies: `callee`, or an IANA time zone.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub time_zone: Place,
    /// The time zone to use if the callee's is not known.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub fallback_time_zone: Option<ZoneName>,
    /// Hours are open in any of these.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 20))]
    pub windows: Vec<Window>,
    /// Dates on which hours are closed all day.
    #[cfg_attr(feature = "openapi", schema(max_items = 366, value_type = Vec<String>))]
    pub closed_dates: Vec<Date>,
    /// What happens to a call that arrives while hours are closed.
    pub on_closed: OnClosed,
}

/// A time of the day on some days of the week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Window {
    /// The days of the week on which it is open.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 7))]
    pub days: Vec<Weekday>,
    /// Its first minute.
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub from: WallTime,
    /// The minute after its last: later than `from`, `24:00` at most.
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"))]
    pub to: WallTime,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "known to all")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// What happens to a call that arrives while hours are closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum OnClosed {
    /// It waits for the next opening.
    #[default]
    Wait,
    /// It is refused.
    Reject,
}

/// Whose clocks count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Place {
    /// Those where the phone is.
    Callee,
    /// Those of a zone.
    Zone(ZoneName),
}

/// What IANA calls a zone now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ZoneName(String);

const CALLEE: &str = "callee";

impl Place {
    /// `callee` or an IANA name, old ones included.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            CALLEE => Some(Self::Callee),
            name => ZoneName::parse(name).map(Self::Zone),
        }
    }
}

impl From<String> for Place {
    fn from(stored: String) -> Self {
        match stored.as_str() {
            CALLEE => Self::Callee,
            _ => Self::Zone(ZoneName(stored)),
        }
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        match place {
            Place::Callee => CALLEE.into(),
            Place::Zone(ZoneName(name)) => name,
        }
    }
}

impl ZoneName {
    /// An IANA name, old ones included.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Zone::named(text).map(Self::of)
    }

    /// What IANA calls a zone.
    #[must_use]
    pub fn of(zone: Zone) -> Self {
        Self(zone.name().into())
    }

    /// The zone; `None` if a later release, since rolled back, named it.
    #[must_use]
    pub fn zone(&self) -> Option<Zone> {
        Zone::named(&self.0)
    }

    /// The zone's IANA name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Window {
    /// The second at which it opens and the one at which it closes on a day, if it is open that day.
    fn on(&self, day: Day) -> Option<(i64, i64)> {
        let weekday = day.weekday();
        let is_meant = self.days.iter().any(|&on| on as u8 == weekday);
        let late = i64::from(planted(Fault::WindowEndsLate)) * 60;
        is_meant.then(|| (self.from.second(), self.to.second() + late))
    }
}
