//! Times as the API writes and reads them: ISO 8601 in UTC, with milliseconds.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::domain::time::Millis;

/// `2026-06-14T10:33:42.000Z`.
#[must_use]
pub fn format(at: Millis) -> String {
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

/// Reads a time with its offset (RFC 3339), or a date alone (its first moment in UTC); `None` for
/// anything else, and for times before 1970.
#[must_use]
pub fn parse(text: &str) -> Option<Millis> {
    let midnight = format!("{text}T00:00:00Z");
    let text = if text.len() == "2026-06-14".len() {
        &midnight
    } else {
        text
    };
    let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    u64::try_from(at.unix_timestamp_nanos() / 1_000_000)
        .ok()
        .map(Millis)
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
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "yesterday",
            "2026-13-01",
            "2026-06-14T10:33:42",
            "1969-12-31T23:59:59Z",
            "1781433222",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
