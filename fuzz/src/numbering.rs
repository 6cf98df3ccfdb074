//! Facts about a number: whatever its digits, they are consistent with each other and with the ITU's list of country codes.

use audatec::domain::numbering::{NumberType, facts, normal_form};
use audatec::domain::phone::E164;

/// Three-digit country codes that are not assigned (ITU-T E.164, as of libphonenumber 9.0.43).
fn is_unassigned(code: u32) -> bool {
    matches!(code, 210 | 214 | 215 | 217 | 219 | 259 | 280..=289 | 292..=296 | 379 | 384 | 388 | 422 | 424..=429 | 671 | 684
        | 693..=699 | 801..=807 | 809 | 830..=839 | 851 | 854 | 857..=859 | 871..=877 | 879 | 884 | 885 | 887 | 889..=899 | 969
        | 978 | 990 | 991 | 997 | 999)
}

/// Any text is treated as a number, by its digits.
pub fn run(data: &[u8]) {
    let digits: String = data
        .iter()
        .filter(|byte| byte.is_ascii_digit())
        .map(|byte| char::from(*byte))
        .collect();
    let Some(phone) = E164::parse(&format!("+{digits}")) else {
        return;
    };
    let told = facts(&phone);
    let code: u32 = digits[..3].parse().expect("digits");
    match &told.country_code {
        None => {
            assert!(is_unassigned(code), "{digits}");
            assert!(
                told.is_high_risk && !told.is_possible && told.kind == NumberType::Unknown,
                "{digits}"
            );
            assert_eq!(normal_form(&phone), phone);
        }
        Some(known) => {
            assert!(
                !is_unassigned(code) && digits.starts_with(known),
                "{digits}"
            );
            assert!(
                normal_form(&phone).as_str()[1..].starts_with(known.as_str()),
                "{digits}"
            );
        }
    }
    // Countries have zones, and nothing else does.
    assert_eq!(
        told.country.is_some(),
        !told.time_zones.is_empty(),
        "{digits}: {told:?}"
    );
    assert!(
        told.time_zones
            .iter()
            .all(|zone| zone.split('/').count() >= 2),
        "{digits}: {told:?}"
    );
    let is_dear = matches!(
        told.kind,
        NumberType::Satellite | NumberType::PremiumRate | NumberType::SharedCost
    );
    assert!(told.is_high_risk || !is_dear, "{digits}");
}
