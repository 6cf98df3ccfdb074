//! How often a number may be called: the limits, and how they judge the dials that are known.

use serde::{Deserialize, Serialize};

use crate::domain::ids::AgentId;
use crate::domain::numbering::facts;
use crate::domain::phone::E164;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};
use crate::domain::zones::calendar::Day;
use crate::domain::zones::{Clock, Zone};

/// The most limits an organisation or an agent may have.
pub const MOST_LIMITS: usize = 5;
/// The most dials that a limit may allow.
pub const MOST_DIALS: u32 = 100;
/// The longest gap between two dials that can be required, in seconds: a week.
pub const LONGEST_GAP: u32 = 604_800;

const HOUR: Span = Span::from_secs(3_600);

/// A limit: this many dials per hour, day or week, or this many seconds between two dials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactLimit(pub u32, pub Per);

/// What a limit's number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// Dials within any 3,600 seconds.
    Hour,
    /// Dials within a calendar day where the phone is.
    Day,
    /// Dials within a calendar week there, from Monday on.
    Week,
    /// Seconds from one dial to the next.
    Gap,
}

/// The limits of an organisation and of its agents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsBook {
    /// On all dials to a number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub org: Vec<ContactLimit>,
    /// On the dials of single agents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<(AgentId, Vec<ContactLimit>)>,
}

impl LimitsBook {
    /// Whether there are no limits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.org.is_empty() && self.agents.is_empty()
    }

    /// An agent's own limits.
    #[must_use]
    pub fn own(&self, agent: AgentId) -> &[ContactLimit] {
        let mut all = self.agents.iter();
        let own = all.find(|(known, _)| *known == agent);
        own.map_or(&[], |(_, limits)| limits)
    }
}

/// The zone whose calendar counts for a number: the westernmost of those where its phone may be.
#[must_use]
pub fn zone_of(phone: &E164, now: Timestamp) -> Option<Zone> {
    let names = facts(phone).time_zones.into_iter();
    let zones = names.filter_map(Zone::named);
    zones.min_by_key(|zone| zone.clock().stretch(now).offset)
}

/// The start of the day that contains `now` and of the next one; then the same for its week.
fn calendar(zone: Option<Zone>, now: Timestamp) -> [(Timestamp, Timestamp); 2] {
    let clock = zone.map_or(Clock::UTC, Zone::clock);
    let Day(today) = clock.local(now).day;
    let monday = today - i64::from(Day(today).weekday());
    let span = |from, days| (clock.begins(Day(from)), clock.begins(Day(from + days)));
    [span(today, 1), span(monday, 7)]
}

/// What limits say about the dials they count, given newest first with the time of each; dials of which it is not known
/// yet when they are made, or whether at all, come first. The error is the moment from which one more is allowed, if that is known.
pub(super) fn judge(
    dials: &[Option<Timestamp>],
    limits: &[ContactLimit],
    zone: Option<Zone>,
    now: Timestamp,
) -> Result<(), Option<Timestamp>> {
    let mut until: Result<(), Option<Timestamp>> = Ok(());
    let mut calendar_of = None;
    for ContactLimit(number, per) in limits {
        let (most, ends) = match per {
            Per::Gap => (1, Ok(Span::from_secs(u64::from(*number)))),
            Per::Hour => (*number, Ok(HOUR)),
            Per::Day | Per::Week => {
                let [day, week] = *calendar_of.get_or_insert_with(|| calendar(zone, now));
                let of = if *per == Per::Day { day } else { week };
                (*number, Err(of))
            }
        };
        let most = most as usize + usize::from(planted(Fault::ContactOffByOne));
        // The dial that must stop counting before one more is allowed.
        let Some(last) = dials.get(most.saturating_sub(1)) else {
            continue;
        };
        let free = match (*last, ends) {
            (None, _) => None,
            (Some(by), Ok(span)) if by + span > now => Some(by + span),
            (Some(by), Err((began, next))) if by >= began => Some(next),
            _ => continue,
        };
        until = Err(match until {
            Ok(()) => free,
            Err(known) => known.zip(free).map(|(known, free)| known.max(free)),
        });
    }
    until
}
