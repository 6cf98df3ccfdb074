//! Times as the API writes and reads them: ISO 8601 in UTC, with milliseconds.

use time::{Date, Month, OffsetDateTime, Time};

use crate::domain::time::{Span, Timestamp};

/// A moment as in responses: `2026-06-14T10:33:42.000Z`.
#[must_use]
pub fn format(at: Timestamp) -> String {
    let nanos = i128::from(at.0).saturating_mul(1_000_000);
    let at = OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (date, time) = (at.date(), at.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.millisecond()
    )
}

/// Parses a time with its offset (RFC 3339; the seconds may be left out, and the offset written `+0530` or `+05`), or a date
/// alone (its first moment in UTC); `None` for anything else, and for times before 1970. A space in place of the offset's sign
/// is the `+` that decoding a query turned into it.
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    let (date, time) = match text.split_at_checked(10)? {
        (date, "") => (date, "T00:00:00Z"),
        parts => parts,
    };
    let date = Date::from_calendar_date(
        number(date.get(..4)?)?,
        Month::try_from(number::<u8>(after(date.get(4..7)?, '-')?)?).ok()?,
        number(after(date.get(7..)?, '-')?)?,
    )
    .ok()?;
    let clock = time.strip_prefix(['T', 't', ' '])?;
    let zone_at = clock.find(['Z', 'z', '+', '-', ' '])?;
    let (clock, zone) = clock.split_at_checked(zone_at)?;
    let (hour, minute, second, fraction) = match clock.split_once('.') {
        None => {
            let (hour, minute, second) = fields(clock)?;
            (hour, minute, second.unwrap_or(0), "0")
        }
        Some((clock, fraction)) => {
            let (hour, minute, second) = fields(clock)?;
            (hour, minute, second?, fraction)
        }
    };
    let clock = Time::from_hms(hour, minute, second).ok()?;
    let local = date.with_time(clock).assume_utc().unix_timestamp();
    let secs = u64::try_from(local - offset_secs(zone)?).ok()?;
    Some(Timestamp::from_secs(secs) + Span(millis(fraction)?))
}

/// For a text that would be a time if it had an offset, so that nobody can tell which moment it means: that text, with minutes
/// added if it has only hours.
#[must_use]
pub fn without_offset(text: &str) -> Option<String> {
    if parse(text).is_some() {
        return None;
    }
    let spellings = [text.to_owned(), format!("{text}:00")];
    let mut spellings = spellings.into_iter();
    spellings.find(|time| parse(&format!("{time}Z")).is_some())
}

fn after(text: &str, mark: char) -> Option<&str> {
    text.strip_prefix(mark)
}

/// Digits alone, without a sign.
fn number<T: std::str::FromStr>(digits: &str) -> Option<T> {
    let all = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| all)
}

/// `hh:mm:ss` or, with the seconds left out, `hh:mm`.
fn fields(text: &str) -> Option<(u8, u8, Option<u8>)> {
    let mut parts = text.split(':').map(two_digits);
    let (hour, minute) = (parts.next()??, parts.next()??);
    match (parts.next(), parts.next()) {
        (None, _) => Some((hour, minute, None)),
        (Some(second), None) => Some((hour, minute, Some(second?))),
        _ => None,
    }
}

fn two_digits(text: &str) -> Option<u8> {
    number(text).filter(|_| text.len() == 2)
}

fn offset_secs(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, zone) = zone.split_at_checked(1)?;
    let (hours, minutes) = match (zone.len(), zone.split_at_checked(2)?) {
        (2, _) => (two_digits(zone)?, 0),
        (4, (hours, minutes)) => (two_digits(hours)?, two_digits(minutes)?),
        (_, (hours, minutes)) => (two_digits(hours)?, two_digits(after(minutes, ':')?)?),
    };
    let secs = i64::from(hours) * 3_600 + i64::from(minutes) * 60;
    let fits = hours < 24 && minutes < 60;
    fits.then_some(if sign == "-" { -secs } else { secs })
}

/// The first three digits of a fraction.
fn millis(fraction: &str) -> Option<u64> {
    let all = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    number(format!("{fraction:0<3}").get(..3)?).filter(|_| all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_references_own_timestamp_goes_both_ways() {
        let text = "2026-06-14T10:33:42.000Z";
        assert_eq!(format(parse(text).expect(text)), text);
        assert_eq!(
            parse("2026-06-14T16:03:42.5+05:30").map(format),
            Some("2026-06-14T10:33:42.500Z".into())
        );
        assert_eq!(
            parse("2026-06-14").map(format),
            Some("2026-06-14T00:00:00.000Z".into())
        );
    }

    #[test]
    fn one_moment_is_understood_in_each_spelling() {
        for text in [
            "2026-06-14T10:33:00Z",
            "2026-06-14T10:33Z",
            "2026-06-14 10:33z",
            "2026-06-14T10:33:00+0000",
            "2026-06-14T10:33:00 00:00",
            "2026-06-14T10:33 0000",
            "2026-06-14T10:33:00+00",
            "2026-06-14T16:03:00+0530",
            "2026-06-14T16:03 05:30",
            "2026-06-14 16:03:00.000 05:30",
            "2026-06-14T02:33:00-08",
            "2026-06-14T02:33-0800",
        ] {
            let read = parse(text).map(format);
            assert_eq!(read.as_deref(), Some("2026-06-14T10:33:00.000Z"), "{text}");
        }
    }

    #[test]
    fn a_time_that_lacks_its_offset_is_told_from_what_is_none() {
        for (text, time) in [
            ("2026-06-14T10:33:42", "2026-06-14T10:33:42"),
            ("2026-06-14 10:33", "2026-06-14 10:33"),
            ("2026-06-14T10:33:42.5", "2026-06-14T10:33:42.5"),
            ("2026-06-14T10", "2026-06-14T10:00"),
            ("2026-06-14 00", "2026-06-14 00:00"),
        ] {
            assert_eq!(without_offset(text).as_deref(), Some(time), "{text}");
            assert!(parse(&format!("{time}+05:30")).is_some(), "{time}");
        }
        for text in [
            "2026-06-14",
            "2026-06-14T10:33:42Z",
            "2026-06-14T25:00",
            "2026-06-14T25",
            "2026-06-14T1",
            "2026-06-14T10:33:42:00",
            "2026-06-14T",
            "soon",
            "",
        ] {
            assert_eq!(without_offset(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "yesterday",
            "2026-13-01",
            "2026-06-14T10:33:42",
            "1969-12-31T23:59:59Z",
            "1781433222",
            "2026-06-14T10:33:42+24:00",
            "2026-06-14T10:33:42.Z",
            "2026-02-29",
            "2026-06-14T24:00:00Z",
            "2026-06-14T1:02:03Z",
            "+026-06-14",
            "2026-06-1é",
            "2026-06-14T10Z",
            "2026-06-14T10:33.5Z",
            "2026-06-14T10:33:42:00Z",
            "2026-06-14T10:33:42+5:30",
            "2026-06-14T10:33:42+053",
            "2026-06-14T10:33:42+05300",
            "2026-06-14T10:33:42 ",
            "2026-06-14T10:33:42  05:30",
            "2026-06-14T10:33:42+é",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
