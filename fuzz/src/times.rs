//! Moments, zones and `redial` in a call's body, as documented.

use serde_json::{Map, Value};

use super::post_calls::{Expected, field, refused};
use super::support::START;

const DAY: i64 = 86_400_000;

/// Every time zone name, including old ones.
const ZONES: &str = include_str!("../../tests/golden/zones.txt");

/// The causes that may be listed.
const CAUSES: [&str; 8] = [
    "busy",
    "declined",
    "no_answer",
    "unreachable",
    "carrier_error",
    "dialer_unavailable",
    "agent_unavailable",
    "voicemail",
];

/// When a call may be dialed: milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Times {
    pub not_before: Option<i64>,
    pub not_after: Option<i64>,
}

/// As many digits as this from the front.
fn digits(text: &mut &[u8], count: usize) -> Option<i64> {
    let (first, rest) = text.split_at_checked(count)?;
    let all = first.iter().all(u8::is_ascii_digit);
    *text = rest;
    all.then(|| {
        first
            .iter()
            .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))
    })
}

fn one_of(text: &mut &[u8], marks: &[u8]) -> Option<u8> {
    let (first, rest) = text.split_first()?;
    *text = rest;
    marks.contains(first).then_some(*first)
}

/// Days from 1970 to a date, if there is such a date.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lasts = |month: i64| match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(1..=12).contains(&month) || !(1..=lasts(month)).contains(&day) {
        return None;
    }
    let span = |from: i64, to: i64| {
        (from..to)
            .map(|year| 365 + i64::from(is_leap(year)))
            .sum::<i64>()
    };
    let years = if year >= 1970 {
        span(1970, year)
    } else {
        -span(year, 1970)
    };
    Some(years + (1..month).map(lasts).sum::<i64>() + day - 1)
}

/// A moment with its offset, after a `T` or a space; the seconds may be left out, and anything below a millisecond is dropped.
fn moment(text: &str) -> Option<i64> {
    let text = &mut text.as_bytes();
    let year = digits(text, 4)?;
    one_of(text, b"-")?;
    let month = digits(text, 2)?;
    one_of(text, b"-")?;
    let day = days(year, month, digits(text, 2)?)?;
    one_of(text, b"Tt ")?;
    let hour = digits(text, 2)?;
    one_of(text, b":")?;
    let (minute, mut second, mut ms) = (digits(text, 2)?, 0, 0);
    if text.first() == Some(&b':') {
        one_of(text, b":")?;
        second = digits(text, 2)?;
        if text.first() == Some(&b'.') {
            one_of(text, b".")?;
            let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let (fraction, rest) = text.split_at_checked(count)?;
            *text = rest;
            fraction.first()?;
            let three = fraction.iter().chain(b"000").take(3);
            ms = three.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        }
    }
    let offset = match one_of(text, b"Zz+- ")? {
        b'Z' | b'z' => 0,
        sign => {
            let hours = digits(text, 2)?;
            if text.len() == 3 {
                one_of(text, b":")?;
            }
            let minutes = if text.is_empty() { 0 } else { digits(text, 2)? };
            let offset = (hours * 60 + minutes) * 60;
            (hours < 24 && minutes < 60).then_some(if sign == b'-' { -offset } else { offset })?
        }
    };
    let fits = text.is_empty() && hour < 24 && minute < 60 && second < 60;
    let secs = day * 86_400 + hour * 3_600 + minute * 60 + second - offset;
    (fits && secs >= 0).then_some(secs * 1_000 + ms)
}

fn read(body: &Map<String, Value>, name: &str) -> Result<Option<i64>, Expected> {
    let Some(value) = field(body, name) else {
        return Ok(None);
    };
    let text = value.as_str().unwrap_or_default();
    if let Some(at) = moment(text) {
        return Ok(Some(at));
    }
    // Only its offset is missing, or the time of day too.
    let spellings = [
        text.to_owned(),
        format!("{text}:00"),
        format!("{text}T00:00"),
    ];
    let mut spellings = spellings.into_iter();
    let hint = spellings.find(|text| moment(&format!("{text}Z")).is_some());
    let hint =
        hint.map(|time| format!(" with its offset from UTC, such as {time}Z or {time}+05:30"));
    let hint = hint.unwrap_or_default();
    refused(400, format!("{name} must be an ISO 8601 time{hint}")).map(|()| None)
}

fn whole(value: &Value, most: f64, least: f64) -> bool {
    let fits = |number: f64| number.fract() == 0.0 && (least..=most).contains(&number);
    value.as_f64().is_some_and(fits)
}

fn check_redial(body: &Map<String, Value>) -> Result<(), Expected> {
    let redial = match field(body, "redial") {
        None => return Ok(()),
        Some(Value::Object(redial)) => redial,
        Some(_) => return refused(400, "redial must be an object"),
    };
    let part = |name: &str| match field(redial, name) {
        None => Err(Expected::Refused(400, format!("redial.{name} is required"))),
        Some(value) => Ok(value),
    };
    let must = |name: &str, is: bool, what: &str| match is {
        true => Ok(()),
        false => refused(400, format!("redial.{name} must be {what}")),
    };
    let list = |value: &Value, fits: &dyn Fn(&Value) -> bool, most: usize| {
        let all = value.as_array();
        all.is_some_and(|all| (1..=most).contains(&all.len()) && all.iter().all(fits))
    };
    must(
        "max_attempts",
        whole(part("max_attempts")?, 10.0, 2.0),
        "a whole number from 2 to 10",
    )?;
    let on = part("on")?;
    let is_cause = |value: &Value| value.as_str().is_some_and(|word| CAUSES.contains(&word));
    let once = |all: &Vec<Value>| {
        all.iter()
            .all(|one| all.iter().filter(|other| *other == one).count() == 1)
    };
    must(
        "on",
        list(on, &is_cause, 8) && on.as_array().is_some_and(once),
        "a list of one or more of busy, declined, no_answer, unreachable, carrier_error, dialer_unavailable, agent_unavailable \
         and voicemail, each once",
    )?;
    let waits = |value: &Value| whole(value, 604_800.0, 1.0);
    must(
        "wait_seconds",
        list(part("wait_seconds")?, &waits, 10),
        "a list of 1 to 10 whole numbers from 1 to 604800",
    )?;
    let known = ["max_attempts", "on", "wait_seconds"];
    match redial.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => refused(400, format!("unknown field: redial.{name}")),
        None => Ok(()),
    }
}

/// Checks the fields that say when a call is dialed, one by one, and then in combination.
pub fn check(body: &Map<String, Value>) -> Result<Times, Expected> {
    let mut times = Times {
        not_before: read(body, "not_before")?,
        not_after: read(body, "not_after")?,
    };
    let is_zone = |value: &Value| {
        let names = ZONES
            .lines()
            .skip(1)
            .filter_map(|line| line.split(' ').next());
        value
            .as_str()
            .is_some_and(|name| names.into_iter().any(|known| known == name))
    };
    if field(body, "time_zone").is_some_and(|value| !is_zone(value)) {
        refused(400, "time_zone must be an IANA time zone")?;
    }
    if field(body, "ignore_calling_hours").is_some_and(|value| !value.is_boolean()) {
        refused(400, "ignore_calling_hours must be true or false")?;
    }
    check_redial(body)?;
    let now = i64::try_from(START.0).unwrap_or_default();
    if times.not_before.is_some_and(|at| at > now + 30 * DAY) {
        refused(400, "not_before must be at most 30 days ahead")?;
    }
    times.not_before = times.not_before.filter(|at| *at > now);
    let begins = times.not_before.unwrap_or(now);
    if times.not_after.is_some_and(|at| at <= begins) {
        refused(400, "not_after must be after not_before and in the future")?;
    }
    Ok(times)
}

/// When a call that may be dialed from `begins` on may no longer be dialed: as it says, or by default.
pub fn ends(body: &Map<String, Value>, times: Times) -> i64 {
    let now = i64::try_from(START.0).unwrap_or_default();
    let begins = times.not_before.unwrap_or(now);
    let waits = field(body, "max_wait_seconds").and_then(Value::as_f64);
    let waits = waits.map_or(3_600_000, |secs| secs as i64 * 1_000);
    let own = match field(body, "redial") {
        Some(_) if begins + waits < now + 7 * DAY => now + 7 * DAY,
        Some(_) => begins + 7 * DAY,
        None => begins + waits,
    };
    times.not_after.unwrap_or(own)
}
