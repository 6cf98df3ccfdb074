//! The field `calling_hours` of a body.

use serde_json::{Map, Value};

use crate::app::body::{self, Body};
use crate::domain::calling_hours::{
    CallingHours, Date, MOST_CLOSED_DATES, MOST_WINDOWS, OnClosed, Place, WallTime, Weekday,
    Window, ZoneName,
};
use crate::domain::refusal::Refusal;

/// What `time_zone` must be.
pub const TIME_ZONE: &str = "callee or an IANA time zone";
/// What `fallback_time_zone` must be.
pub const FALLBACK: &str = "an IANA time zone";
/// What `windows` must be.
pub const WINDOWS: &str = "an array of 1 to 20 objects";
/// What `closed_dates` must be.
pub const CLOSED_DATES: &str = "an array of at most 366 dates such as 2027-01-26";
/// What `on_closed` must be.
pub const ON_CLOSED: &str = "wait or reject";
/// What a window's `days` must be.
pub const DAYS: &str = "an array of 1 to 7 of mon, tue, wed, thu, fri, sat and sun";
/// What a window's `from` must be.
pub const FROM: &str = "a time from 00:00 to 23:59";
/// What a window's `to` must be.
pub const TO: &str = "a time after from, up to 24:00";

const PREFIX: &str = "calling_hours.";
const WINDOW: &str = "calling_hours.windows.";

/// Reads the field: a change replaces all of it, and `null` clears it.
///
/// # Errors
/// The first part that is invalid.
pub fn read_hours(
    body: &mut Body,
    before: Option<CallingHours>,
) -> Result<Option<CallingHours>, Refusal> {
    if !body.has("calling_hours") {
        return Ok(before);
    }
    let given = body.optional("calling_hours", None, "an object", body::object)?;
    given.map(read).transpose()
}

fn read(given: Map<String, Value>) -> Result<CallingHours, Refusal> {
    let mut body = Body::nested(given, PREFIX);
    let time_zone = body.required("time_zone", None, TIME_ZONE, |value| {
        Place::parse(value.as_str()?)
    })?;
    let fallback_time_zone = body.optional("fallback_time_zone", None, FALLBACK, |value| {
        ZoneName::parse(value.as_str()?)
    })?;
    let windows = body.required("windows", None, WINDOWS, |value| {
        let windows = body::array(value)?;
        let windows: Option<Vec<_>> = windows.into_iter().map(body::object).collect();
        windows.filter(|windows| (1..=MOST_WINDOWS).contains(&windows.len()))
    })?;
    let windows = windows.into_iter().map(read_window);
    let windows = windows.collect::<Result<Vec<_>, _>>()?;
    let closed_dates = body.optional("closed_dates", None, CLOSED_DATES, |value| {
        let dates = body::array(value)?;
        let fits = dates.len() <= MOST_CLOSED_DATES;
        let date = |value: &Value| Date::parse(value.as_str()?);
        let dates: Option<Vec<_>> = dates.iter().map(date).collect();
        dates.filter(|_| fits)
    })?;
    let on_closed: Option<OnClosed> = body.optional("on_closed", None, ON_CLOSED, body::word)?;
    body.finish()?;
    Ok(CallingHours {
        time_zone,
        fallback_time_zone,
        windows,
        closed_dates: closed_dates.unwrap_or_default(),
        on_closed: on_closed.unwrap_or_default(),
    })
}

fn read_window(given: Map<String, Value>) -> Result<Window, Refusal> {
    let mut body = Body::nested(given, WINDOW);
    let days = body.required("days", None, DAYS, |value| {
        let days = body::array(value)?;
        let days: Option<Vec<Weekday>> = days.into_iter().map(body::word).collect();
        days.filter(|days| (1..=7).contains(&days.len()))
    })?;
    let from = body.required("from", None, FROM, time)?;
    let to = body.required("to", None, TO, time)?;
    body.finish()?;
    let wrong =
        |field: &str, what: &str| Refusal::Invalid(format!("{WINDOW}{field} must be {what}"));
    if from == WallTime::MIDNIGHT {
        return Err(wrong("from", FROM));
    }
    if from >= to {
        return Err(wrong("to", TO));
    }
    Ok(Window { days, from, to })
}

fn time(value: Value) -> Option<WallTime> {
    WallTime::parse(value.as_str()?)
}

#[cfg(feature = "openapi")]
pub(crate) mod describe {
    //! The OpenAPI description of it.

    use super::{CLOSED_DATES, DAYS, FALLBACK, FROM, ON_CLOSED, TIME_ZONE, TO, WINDOWS};
    use crate::app::description::refusals::{must, nested_required};
    use crate::domain::refusal::Refusal;

    /// The ways the field is refused.
    pub fn hours() -> Vec<Refusal> {
        let mut all = vec![must("calling_hours", "an object")];
        let fields = [
            ("time_zone", TIME_ZONE, true),
            ("fallback_time_zone", FALLBACK, false),
            ("windows", WINDOWS, true),
            ("windows.days", DAYS, true),
            ("windows.from", FROM, true),
            ("windows.to", TO, true),
            ("closed_dates", CLOSED_DATES, false),
            ("on_closed", ON_CLOSED, false),
        ];
        for (field, what, is_required) in fields {
            let field = format!("calling_hours.{field}");
            all.extend(is_required.then(|| nested_required(&field)));
            all.push(must(&field, what));
        }
        let unknown = ["calling_hours.X", "calling_hours.windows.X"];
        all.extend(unknown.map(|field| Refusal::UnknownField(field.into())));
        all
    }
}
