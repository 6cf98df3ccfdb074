//! Where a trunk may call.

use serde::{Deserialize, Serialize};

use crate::domain::numbering::{facts, normal_form};
use crate::domain::phone::E164;
use crate::domain::sandbox::TEST_NUMBERS;

/// Where a trunk may call: prefixes of numbers, each `+` and digits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destinations {
    /// Where it may; `None` for everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow: Option<Vec<String>>,
    /// Where it may not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deny: Vec<String>,
    /// Whether it may call numbers at which a call can cost far more than elsewhere.
    #[serde(default)]
    pub high_risk: HighRisk,
}

/// What happens to calls to satellites, premium-rate and shared-cost numbers, and country codes that are not
/// assigned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum HighRisk {
    /// They are refused, whatever `allow` says.
    #[default]
    Deny,
    /// They are judged as others are.
    Allow,
}

impl Destinations {
    /// Whether nothing was set.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a number may be called over a carrier. The ten test numbers of a simulator always may.
    #[must_use]
    pub fn admit(&self, phone: &E164, carrier_simulates: bool) -> bool {
        let is_test_number = || TEST_NUMBERS.iter().any(|row| row.number == phone.as_str());
        if carrier_simulates && is_test_number() {
            return true;
        }
        if self.high_risk == HighRisk::Deny && facts(phone).is_high_risk {
            return false;
        }
        // The same phone may be written in two ways: what is denied for one of them is not allowed for the other.
        let (given, normal) = (self.judge(phone), self.judge(&normal_form(phone)));
        given != Judged::Denied
            && normal != Judged::Denied
            && (given == Judged::Allowed || normal == Judged::Allowed)
    }

    fn judge(&self, phone: &E164) -> Judged {
        let longest = |prefixes: &[String]| {
            let matching = prefixes
                .iter()
                .filter(|prefix| phone.as_str().starts_with(prefix.as_str()));
            matching.map(String::len).max()
        };
        let (allowed, denied) = (self.allow.as_deref().map(longest), longest(&self.deny));
        match (allowed, denied) {
            (None, None) => Judged::Allowed,
            (None, Some(_)) => Judged::Denied,
            (Some(allowed), denied) if allowed > denied => Judged::Allowed,
            (Some(None), None) => Judged::Elsewhere,
            (Some(_), _) => Judged::Denied,
        }
    }
}

/// What the longest matching prefix says about a number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Judged {
    Allowed,
    Denied,
    /// No prefix matches.
    Elsewhere,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(destinations: &Destinations, digits: &str) -> bool {
        let phone = E164::parse(digits).expect(digits);
        destinations.admit(&phone, false)
    }

    fn of(allow: Option<&[&str]>, deny: &[&str], high_risk: HighRisk) -> Destinations {
        let owned = |list: &[&str]| {
            list.iter()
                .map(|&prefix| prefix.to_owned())
                .collect::<Vec<_>>()
        };
        Destinations {
            allow: allow.map(owned),
            deny: owned(deny),
            high_risk,
        }
    }

    #[test]
    fn the_longest_prefix_wins_and_deny_wins_a_tie() {
        let some = of(
            Some(&["+91", "+1", "+1415555"]),
            &["+1415", "+91"],
            HighRisk::Deny,
        );
        for (number, admitted) in [
            ("+12125550123", true),
            ("+14155552671", true),
            ("+14152345678", false),
            ("+919876543210", false),
            ("+447911123456", false),
        ] {
            assert_eq!(admits(&some, number), admitted, "{number}");
        }
        let none = of(Some(&[]), &[], HighRisk::Deny);
        assert!(!admits(&none, "+12125550123"));
        let all = of(None, &["+44", "+1900"], HighRisk::Deny);
        assert!(admits(&all, "+919876543210") && !admits(&all, "+447911123456"));
    }

    #[test]
    fn high_risk_is_judged_before_what_is_allowed() {
        let default = Destinations::default();
        let risky = [
            "+19002345678",
            "+881612345678",
            "+8821612345",
            "+979123456789",
            "+80812345678",
            "+21012345678",
            "+448451234567",
            "+61131234",
        ];
        let named = of(
            Some(&["+1", "+8", "+9", "+2", "+4", "+6"]),
            &[],
            HighRisk::Deny,
        );
        let open = of(None, &[], HighRisk::Allow);
        for number in risky {
            assert!(
                !admits(&default, number) && !admits(&named, number) && admits(&open, number),
                "{number}"
            );
        }
        // Popular with fraudsters; by its type it is a mobile like others.
        assert!(admits(&default, "+37120123456") && admits(&default, "+919876543210"));
        assert!(!admits(
            &of(None, &["+371"], HighRisk::Allow),
            "+37120123456"
        ));
    }

    /// A number written as it is dialed within its country is the same phone.
    #[test]
    fn no_spelling_gets_round_what_is_denied() {
        let some = of(None, &["+4479"], HighRisk::Deny);
        assert!(!admits(&some, "+4407911123456") && !admits(&some, "+447911123456"));
        let home = of(Some(&["+4479"]), &[], HighRisk::Deny);
        assert!(admits(&home, "+4407911123456"));
        assert!(!admits(&Destinations::default(), "+4409012345678"));
    }

    #[test]
    fn the_ten_numbers_are_always_allowed_on_a_simulator_alone() {
        let none = of(Some(&[]), &["+1"], HighRisk::Deny);
        for row in &TEST_NUMBERS {
            let phone = E164::parse(row.number).expect("a number");
            assert!(
                none.admit(&phone, true) && !none.admit(&phone, false),
                "{}",
                row.number
            );
            assert!(
                Destinations::default().admit(&phone, false),
                "{}",
                row.number
            );
        }
        let other = E164::parse("+15005550010").expect("a number");
        assert!(!none.admit(&other, true));
    }
}
