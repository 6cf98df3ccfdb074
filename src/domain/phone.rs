//! Phone numbers in E.164 (ITU-T E.164): `+`, then 7 to 15 digits, the first not 0.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A number that was checked on entry. Its `Debug` output is masked; [`E164::as_str`] is the number.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct E164(String);

impl E164 {
    /// Parses a number. Nothing is trimmed or guessed: `None` unless the text is exactly that.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('+')?;
        let valid = (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        valid.then(|| Self(text.to_owned()))
    }

    /// A number from a query string, where its `+` may have been decoded to the space it stands for there.
    #[must_use]
    pub fn parse_decoded(text: &str) -> Option<Self> {
        match text.strip_prefix(' ') {
            Some(digits) => Self::parse(&format!("+{digits}")),
            None => Self::parse(text),
        }
    }

    /// The whole number, for the carrier and for the organisation that gave it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.get(..3).unwrap_or_default();
        let last = self
            .0
            .get(self.0.len().saturating_sub(2)..)
            .unwrap_or_default();
        write!(f, "{shown}…{last}")
    }
}

/// The last digits of a number, 4 to 15 of them: what people read out or remember of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LastDigits(String);

impl LastDigits {
    /// Parses the digits. Nothing is trimmed or guessed: `None` unless the text is exactly that.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let valid = (4..=15).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        valid.then(|| Self(text.to_owned()))
    }

    /// The digits, without anything in between.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the number ends in these digits.
    #[must_use]
    pub fn end(&self, number: &E164) -> bool {
        number.0.ends_with(&self.0)
    }
}

/// Masked like a number: enough digits to tell two apart, and no more.
impl fmt::Debug for LastDigits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.0.get(self.0.len().saturating_sub(2)..);
        write!(f, "…{}", last.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn e164_and_nothing_near_it() {
        for good in [
            "+919876543210",
            "+14155552671",
            "+1234567",
            "+123456789012345",
        ] {
            assert_eq!(E164::parse(good).expect(good).as_str(), good);
        }
        for bad in [
            "",
            "+",
            "919876543210",
            "+0919876543",
            "+123456",
            "+1234567890123456",
            " +919876543210",
            "+91 9876543210",
            "+91-9876543210",
            "+91987654321a",
            "+٩١٩٨٧٦٥٤٣٢١٠",
            "++919876543210",
            "+919876543210\n",
        ] {
            assert_eq!(E164::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn last_digits_end_a_number_or_are_none() {
        let number = E164::parse("+919876543210").expect("a number");
        for (digits, ends) in [
            ("3210", true),
            ("919876543210", true),
            ("3211", false),
            ("9198765432100", false),
        ] {
            assert_eq!(LastDigits::parse(digits).expect(digits).end(&number), ends);
        }
        for bad in [
            "",
            "210",
            "1234567890123456",
            "+3210",
            "32 10",
            "٣٢١٠",
            "321%",
        ] {
            assert_eq!(LastDigits::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_plus_that_came_as_a_space_is_understood_in_a_query_alone() {
        let number = E164::parse("+919876543210");
        for text in ["+919876543210", " 919876543210"] {
            assert_eq!(E164::parse_decoded(text), number, "{text:?}");
        }
        for text in ["919876543210", "  919876543210", " +919876543210", " ", ""] {
            assert_eq!(E164::parse_decoded(text), None, "{text:?}");
        }
        assert_eq!(E164::parse(" 919876543210"), None);
    }

    #[test]
    fn a_log_line_shows_no_whole_number() {
        let number = E164::parse("+919876543210").expect("a number");
        assert_eq!(format!("{number:?}"), "+91…10");
        let digits = LastDigits::parse("9876543210").expect("digits");
        assert_eq!(format!("{digits:?}"), "…10");
    }

    proptest! {
        #[test]
        fn what_is_accepted_has_the_form(text in "[+0-9 ]{0,20}") {
            if let Some(number) = E164::parse(&text) {
                prop_assert!(number.as_str().len() >= 8 && number.as_str().len() <= 16);
            }
        }
    }
}
