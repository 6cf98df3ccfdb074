//! The Gregorian calendar: days, and what they are called.

/// A day, as the number of days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub i64);

/// A day of the week as in ISO 8601: Monday is 0.
pub type Weekday = u8;

/// Days in 400 years, after which the calendar repeats itself.
const ERA: i64 = 146_097;
/// Days from 0000-03-01, where years begin when counting leap days, to 1970-01-01.
const EPOCH: i64 = 719_468;

impl Day {
    /// The day of a date. A month or day that does not exist leads to a neighbouring one: [`Day::date`] tells.
    #[must_use]
    pub const fn of(year: i64, month: i64, day: i64) -> Self {
        // February last, so that leap days are at the end of a year.
        let year = if month <= 2 { year - 1 } else { year };
        let of_era = year.rem_euclid(400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
        Self(year.div_euclid(400) * ERA + days - EPOCH)
    }

    /// Year, month and day.
    #[must_use]
    pub const fn date(self) -> (i64, i64, i64) {
        let days = self.0 + EPOCH;
        let of_era = days.rem_euclid(ERA);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = days.div_euclid(ERA) * 400 + year;
        (if month <= 2 { year + 1 } else { year }, month, day)
    }

    /// Its weekday: 1970-01-01 was a Thursday.
    #[must_use]
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a remainder by 7"
    )]
    pub const fn weekday(self) -> Weekday {
        (self.0 + 3).rem_euclid(7) as Weekday
    }

    /// Parses a date such as `2027-01-26`, if that day exists.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let &[a, b, c, d, b'-', e, f, b'-', g, h] = text.as_bytes() else {
            return None;
        };
        let number = |digits: &[u8]| {
            digits.iter().try_fold(0, |number, digit| {
                let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
                Some(number * 10 + i64::from(digit))
            })
        };
        let date = (number(&[a, b, c, d])?, number(&[e, f])?, number(&[g, h])?);
        let day = Self::of(date.0, date.1, date.2);
        (day.date() == date).then_some(day)
    }
}

#[cfg(test)]
mod tests {
    use super::Day;

    #[test]
    fn days_follow_each_other_through_leap_years_and_none() {
        let mut day = Day::of(1999, 12, 31);
        assert_eq!(day, Day(10_956));
        for year in 2000..2401 {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let february = if leap { 29 } else { 28 };
            let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            for (month, length) in (1..).zip(months) {
                for date in 1..=length {
                    day = Day(day.0 + 1);
                    assert_eq!(Day::of(year, month, date), day);
                    assert_eq!(day.date(), (year, month, date));
                }
            }
        }
    }

    #[test]
    fn weekdays_go_round_from_monday() {
        assert_eq!(Day::of(2026, 11, 30).weekday(), 0);
        assert_eq!(Day::of(1969, 12, 28).weekday(), 6);
        for day in -800..800 {
            assert_eq!(Day(day + 1).weekday(), (Day(day).weekday() + 1) % 7);
        }
    }

    #[test]
    fn a_date_is_read_only_where_there_is_such_a_day() {
        assert_eq!(Day::parse("2027-01-26"), Some(Day::of(2027, 1, 26)));
        assert_eq!(Day::parse("2028-02-29"), Some(Day::of(2028, 2, 29)));
        let none = [
            "2027-02-29",
            "2027-13-01",
            "2027-00-10",
            "2027-01-00",
            "2027-04-31",
            "2027-1-26",
            "20270126",
            "2027-01-26T00:00:00Z",
            " 2027-01-26",
            "2027/01/26",
            "+027-01-26",
            "２027-01-26",
            "",
        ];
        for text in none {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }
}
