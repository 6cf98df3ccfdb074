//! Times and dates as written in the document.

use serde::{Deserialize, Serialize};

use crate::domain::zones::calendar::Day;

/// A wall-clock time, to the minute: `00:00` to `24:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WallTime(u16);

/// A local calendar date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date(pub(super) Day);

impl WallTime {
    /// The end of a day.
    pub const MIDNIGHT: Self = Self(24 * 60);

    /// A time such as `09:00`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let &[a, b, b':', c, d] = text.as_bytes() else {
            return None;
        };
        let digit = |byte: u8| byte.checked_sub(b'0').filter(|digit| *digit < 10);
        let pair = |tens, ones| Some(u16::from(digit(tens)?) * 10 + u16::from(digit(ones)?));
        let (hour, minute) = (pair(a, b)?, pair(c, d)?);
        let time = Self(hour * 60 + minute);
        (minute < 60 && time <= Self::MIDNIGHT).then_some(time)
    }

    /// Seconds since midnight.
    pub(super) fn second(self) -> i64 {
        i64::from(self.0) * 60
    }
}

impl Date {
    /// A date such as `2027-01-26`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Day::parse(text).map(Self)
    }
}

impl TryFrom<String> for WallTime {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("no time of the day")
    }
}

impl TryFrom<String> for Date {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("no date")
    }
}

impl From<WallTime> for String {
    fn from(time: WallTime) -> Self {
        format!("{:02}:{:02}", time.0 / 60, time.0 % 60)
    }
}

impl From<Date> for String {
    fn from(Date(day): Date) -> Self {
        let (year, month, day) = day.date();
        format!("{year:04}-{month:02}-{day:02}")
    }
}
