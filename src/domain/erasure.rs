//! Erasing one person's data, identified by their phone number: nothing else tells people apart here.

use crate::domain::contacts::Number;
use crate::domain::phone::E164;

/// Why a request about erasures is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErasureRefusal {
    /// There is no such erasure.
    NotFound,
    /// Too many are in progress.
    TooMany,
}

impl ErasureRefusal {
    pub(super) const fn status(self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::TooMany => 429,
        }
    }

    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::NotFound => "erasure_not_found",
            Self::TooMany => "too_many_erasures",
        }
    }

    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::NotFound => "Erasure not found",
            Self::TooMany => "100 erasures are pending already",
        }
    }
}

/// What replaces an erased number in the audit log.
const ERASED: &str = "[erased]";
/// How many last digits all forms of a number share: forms only differ in their beginnings.
const LAST: usize = 5;

/// The last digits of a number, for a first search of texts and rows.
#[must_use]
pub fn last_digits(number: Number) -> String {
    let digits = number.0.to_string();
    digits
        .get(digits.len().saturating_sub(LAST)..)
        .unwrap_or_default()
        .to_owned()
}

/// Whether a text contains the number: a `+` and its digits, in any form.
#[must_use]
pub fn mentions(text: &str, number: Number) -> bool {
    without(text, number).is_some()
}

/// The text with the number replaced; `None` if it does not contain it.
#[must_use]
pub fn without(text: &str, number: Number) -> Option<String> {
    let mut parts = text.split('+');
    let mut rest = parts.next().unwrap_or_default().to_owned();
    let mut found = false;
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, behind) = part.split_at_checked(digits).unwrap_or((part, ""));
        let phone = E164::parse(&["+", digits].concat());
        match phone.is_some_and(|phone| Number::of(&phone) == number) {
            true => {
                found = true;
                rest.push_str(ERASED);
            }
            false => {
                rest.push('+');
                rest.push_str(digits);
            }
        }
        rest.push_str(behind);
    }
    found.then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::of(&E164::parse(text).expect("a number"))
    }

    #[test]
    fn a_number_is_found_in_a_text_in_each_of_its_forms_and_no_other_is() {
        let own = number("+4915112345678");
        for text in [
            r#"{"target":"+4915112345678"}"#,
            "+4915112345678",
            "a +49015112345678, as it is dialed at home",
        ] {
            let rest = without(text, own).expect(text);
            assert!(
                !rest.contains("12345678") && rest.contains(ERASED),
                "{rest}"
            );
        }
        for text in [
            "",
            "+",
            "4 + 5",
            "+49151123456789",
            "+491511234567",
            "15112345678",
        ] {
            assert_eq!(without(text, own), None, "{text}");
        }
        let two = "from +4915112345678 to +919876543210+";
        assert_eq!(
            without(two, own).as_deref(),
            Some("from [erased] to +919876543210+")
        );
    }

    #[test]
    fn the_last_digits_are_those_of_each_form() {
        for text in ["+4915112345678", "+49015112345678"] {
            assert!(text.ends_with(&last_digits(number(text))));
        }
        assert_eq!(last_digits(number("+1000002")).len(), 5);
    }
}
