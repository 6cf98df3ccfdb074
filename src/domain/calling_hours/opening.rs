//! Whether it is open, and when it opens next.

use super::{CallingHours, Date, OnClosed, Place};
use crate::domain::time::{Span, Timestamp};
use crate::domain::zones::calendar::Day;
use crate::domain::zones::{Clock, Local, Zone};

/// How far ahead an opening is looked for.
pub const HORIZON: Span = Span::from_secs(400 * 86_400);
/// A number whose possible zones have no opening in common for so long could be anywhere: its zone is not known.
pub const COMMON_WITHIN: Span = Span::from_secs(8 * 86_400);
/// Likewise where their clocks are farther apart.
pub const MOST_APART: Span = Span::from_secs(6 * 3600);

/// What all hours that apply to a call say of a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All are open, if there are any.
    Open,
    /// Some are closed.
    Closed {
        /// From when on all are open; none within [`HORIZON`].
        opens_at: Option<Timestamp>,
        /// One that is closed refuses calls.
        rejects: bool,
    },
    /// Some ask for the callee's zone, which is not known, and have no other.
    ZoneUnknown,
}

/// Hours where certain clocks are.
struct Applied<'a> {
    hours: &'a CallingHours,
    clocks: Vec<Clock>,
}

/// Judges a moment by all hours that apply to a call; `callee` are the zones in which its phone may be.
///
/// It is open only where all possible zones are.
#[must_use]
pub fn judge<'a>(
    all: impl IntoIterator<Item = &'a CallingHours>,
    callee: &[Zone],
    at: Timestamp,
) -> Verdict {
    let mut applied = Vec::new();
    for hours in all {
        match clocks(hours, callee, at) {
            Some(clocks) => applied.push(Applied { hours, clocks }),
            None => return Verdict::ZoneUnknown,
        }
    }
    let mut closed = applied.iter().filter(|one| !one.is_open(at)).peekable();
    if closed.peek().is_none() {
        return Verdict::Open;
    }
    Verdict::Closed {
        rejects: closed.any(|one| one.hours.on_closed == OnClosed::Reject),
        opens_at: opening(&applied, at, at + HORIZON, Dates::Closed),
    }
}

/// The clocks that count, each once; none where the zone is not known.
fn clocks(hours: &CallingHours, callee: &[Zone], at: Timestamp) -> Option<Vec<Clock>> {
    if let Place::Zone(name) = &hours.time_zone {
        return name.zone().map(|zone| vec![zone.clock()]);
    }
    let mut clocks: Vec<Clock> = Vec::new();
    for zone in callee {
        if !clocks.contains(&zone.clock()) {
            clocks.push(zone.clock());
        }
    }
    if tell_where(hours, &clocks, at) {
        return Some(clocks);
    }
    let fallback = hours.fallback_time_zone.as_ref()?.zone()?;
    Some(vec![fallback.clock()])
}

/// Whether the possible clocks say enough of where a phone is.
fn tell_where(hours: &CallingHours, clocks: &[Clock], at: Timestamp) -> bool {
    let offsets = || clocks.iter().map(|clock| clock.stretch(at).offset);
    let (Some(least), Some(most)) = (offsets().min(), offsets().max()) else {
        return false;
    };
    let apart = Span::from_secs(most.abs_diff(least));
    let clocks = clocks.to_vec();
    // A holiday says nothing of where somebody is.
    apart <= MOST_APART
        && (clocks.len() == 1
            || opening(
                &[Applied { hours, clocks }],
                at,
                at + COMMON_WITHIN,
                Dates::Ignored,
            )
            .is_some())
}

/// Whether closed dates count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dates {
    Closed,
    Ignored,
}

/// The first moment from `at` on, before `until`, at which all are open.
fn opening(
    all: &[Applied<'_>],
    at: Timestamp,
    until: Timestamp,
    dates: Dates,
) -> Option<Timestamp> {
    let mut at = at;
    loop {
        let mut latest = at;
        for Applied { hours, clocks } in all {
            for clock in clocks {
                latest = latest.max(hours.next(*clock, at, until, dates)?);
            }
        }
        if latest == at {
            return Some(at);
        }
        // Until then one at least is closed.
        at = latest;
    }
}

impl Applied<'_> {
    fn is_open(&self, at: Timestamp) -> bool {
        let next = Timestamp(at.0.saturating_add(1));
        let is_open = |clock: &Clock| self.hours.next(*clock, at, next, Dates::Closed).is_some();
        self.clocks.iter().all(is_open)
    }
}

impl CallingHours {
    /// The first moment from `at` on, before `until`, at which it is open by a clock.
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

    /// Likewise while nobody changes the clock.
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

    /// The first second of a day, from the one that is shown on, at which it is open.
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
