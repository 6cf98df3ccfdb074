//! Whether hours are open, and when they next open.

use super::{CallingHours, Date, OnClosed, Place};
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};
use crate::domain::zones::calendar::Day;
use crate::domain::zones::{Clock, Local, Zone};

/// How far ahead an opening is searched for.
pub const HORIZON: Span = Span::from_secs(400 * 86_400);
/// If a number's possible zones have no opening in common within this time, it could be anywhere: its zone is unknown.
pub const COMMON_WITHIN: Span = Span::from_secs(8 * 86_400);
/// The same if their clocks are farther apart than this.
pub const MOST_APART: Span = Span::from_secs(6 * 3600);

/// What all hours that apply to a call say about a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All are open, or there are none.
    Open,
    /// Some are closed.
    Closed {
        /// The moment from which all are open; `None` if there is none within [`HORIZON`].
        opens_at: Option<Timestamp>,
        /// One that is closed refuses calls.
        rejects: bool,
        /// The first zone in which they are closed.
        zone: Zone,
    },
    /// Some depend on the callee's zone, which is not known, and name no fallback.
    ZoneUnknown,
}

/// Hours applied to particular clocks.
struct Applied<'a> {
    hours: &'a CallingHours,
    zones: Vec<Zone>,
}

/// Judges a moment by all hours that apply to a call; `callee` are the zones in which its phone may be.
///
/// Hours are open only if they are open in all possible zones.
#[must_use]
pub fn judge<'a>(
    all: impl IntoIterator<Item = &'a CallingHours>,
    callee: &[Zone],
    at: Timestamp,
) -> Verdict {
    let mut applied = Vec::new();
    for hours in all {
        match zones(hours, callee, at) {
            Some(zones) => applied.push(Applied { hours, zones }),
            None => return Verdict::ZoneUnknown,
        }
    }
    let closed = |one: &Applied<'_>| Some((one.closed_in(at)?, one.hours.on_closed));
    let mut closed = applied.iter().filter_map(closed);
    let Some((zone, on_closed)) = closed.next() else {
        return Verdict::Open;
    };
    let rejects = OnClosed::Reject;
    Verdict::Closed {
        rejects: on_closed == rejects || closed.any(|(_, on_closed)| on_closed == rejects),
        opens_at: opening(&applied, at, at + HORIZON, Dates::Closed),
        zone,
    }
}

/// The zones whose clocks count, one for each group that shares a clock; `None` where the zone is not known.
fn zones(hours: &CallingHours, callee: &[Zone], at: Timestamp) -> Option<Vec<Zone>> {
    if let Place::Zone(name) = &hours.time_zone {
        return name.zone().map(|zone| vec![zone]);
    }
    let fallback = || Some(vec![hours.fallback_time_zone.as_ref()?.zone()?]);
    if planted(Fault::FallbackFirst)
        && let Some(fallback) = fallback()
    {
        return Some(fallback);
    }
    let mut zones: Vec<Zone> = Vec::new();
    for zone in callee {
        if zones.iter().all(|known| known.clock() != zone.clock()) {
            zones.push(*zone);
        }
    }
    match tell_where(hours, &zones, at) {
        true => Some(zones),
        false => fallback(),
    }
}

/// Whether the possible zones agree well enough to say where a phone is.
fn tell_where(hours: &CallingHours, zones: &[Zone], at: Timestamp) -> bool {
    let offsets = || zones.iter().map(|zone| zone.clock().stretch(at).offset);
    let (Some(least), Some(most)) = (offsets().min(), offsets().max()) else {
        return false;
    };
    let apart = Span::from_secs(most.abs_diff(least));
    let zones = zones.to_vec();
    // A holiday says nothing about where somebody is.
    apart <= MOST_APART
        && (zones.len() == 1
            || opening(
                &[Applied { hours, zones }],
                at,
                at + COMMON_WITHIN,
                Dates::Ignored,
            )
            .is_some())
}

/// Whether closed dates are taken into account.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dates {
    Closed,
    Ignored,
}

/// The first moment in `at..until` at which all are open.
fn opening(
    all: &[Applied<'_>],
    at: Timestamp,
    until: Timestamp,
    dates: Dates,
) -> Option<Timestamp> {
    let mut at = at;
    loop {
        let mut latest = at;
        for Applied { hours, zones } in all {
            for zone in zones {
                latest = latest.max(hours.next(zone.clock(), at, until, dates)?);
            }
        }
        if latest == at {
            return Some(at);
        }
        // Until then at least one is closed.
        at = latest;
    }
}

impl Applied<'_> {
    /// The first zone in which they are closed.
    fn closed_in(&self, at: Timestamp) -> Option<Zone> {
        let next = Timestamp(at.0.saturating_add(1));
        let closed = |zone: &&Zone| {
            let open = self.hours.next(zone.clock(), at, next, Dates::Closed);
            open.is_none()
        };
        self.zones.iter().find(closed).copied()
    }
}

impl CallingHours {
    /// The first moment in `at..until` at which one clock has them open.
    fn next(
        &self,
        clock: Clock,
        at: Timestamp,
        until: Timestamp,
        dates: Dates,
    ) -> Option<Timestamp> {
        let mut at = at;
        while at < until {
            let stretch = clock.stretch(at);
            let end = stretch.until.min(until);
            let open = self.next_within(stretch.offset, at, end, dates);
            if open.is_some() {
                return open;
            }
            at = end;
        }
        None
    }

    /// The same while the clock's offset does not change.
    fn next_within(
        &self,
        offset: i64,
        at: Timestamp,
        end: Timestamp,
        dates: Dates,
    ) -> Option<Timestamp> {
        let mut shown = Local::at(at, offset);
        while shown.moment(offset) < end {
            if let Some(second) = self.next_on(shown, dates) {
                let opens = Local { second, ..shown }.moment(offset);
                return Some(opens.max(at)).filter(|opens| *opens < end);
            }
            shown = Local {
                day: Day(shown.day.0.saturating_add(1)),
                second: 0,
            };
        }
        None
    }

    /// The first second of the day shown, from the time shown on, at which they are open.
    fn next_on(&self, shown: Local, dates: Dates) -> Option<i64> {
        if dates == Dates::Closed && self.closed_dates.contains(&Date(shown.day)) {
            return None;
        }
        let windows = self
            .windows
            .iter()
            .filter_map(|window| window.on(shown.day));
        let to_come = windows.filter(|(_, to)| *to > shown.second);
        to_come.map(|(from, _)| from.max(shown.second)).min()
    }
}
