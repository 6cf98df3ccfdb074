//! Facts about a number: its country, its type, whether it can exist, its time zones.
//!
//! They come from libphonenumber, from whose metadata the table is made; corrections are in `scripts/numbering/table.py`, each
//! with its reason. A number is read in its normal form.

mod normal;
mod table;

use serde::Serialize;

use super::phone::E164;
pub use normal::normal_form;
pub use table::version as metadata_version;
use table::{Code, Country, Zones};

/// What kind of number it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NumberType {
    /// A mobile phone.
    Mobile,
    /// A landline, by its country's numbering plan.
    FixedLine,
    /// Either: the country does not tell them apart.
    FixedOrMobile,
    /// Free for the caller.
    TollFree,
    /// Premium rate: the caller pays the callee as well.
    PremiumRate,
    /// The caller pays a part.
    SharedCost,
    /// A phone on the internet.
    Voip,
    /// A satellite phone.
    Satellite,
    /// A personal number, a pager, a company's number, a voicemail's.
    Other,
    /// Not known.
    Unknown,
}

/// Facts about a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberFacts {
    /// Its country's two letters; `None` for a number that belongs to no single country, or whose shared code assigns it to
    /// none.
    pub country: Option<&'static str>,
    /// Its country code; `None` if it is not assigned.
    pub country_code: Option<String>,
    /// What kind of number it is.
    pub kind: NumberType,
    /// Whether numbers with that country code can have this length.
    pub is_possible: bool,
    /// Where its phone may be: names of IANA zones.
    pub time_zones: Vec<&'static str>,
    /// Whether a call to it may cost far more than others.
    pub is_high_risk: bool,
}

/// The satellite codes, Ellipso's and Thuraya's among them, which libphonenumber has as mobile or VoIP.
const SATELLITE: [&str; 4] = ["870", "881", "88213", "88216"];
/// Codes of nothing but international premium-rate and shared-cost numbers.
const INTERNATIONAL: [&str; 2] = ["979", "808"];
/// Countries where a mobile's number shows in which area it was issued: China, Mexico, Argentina, Brazil, Indonesia.
const AREA_CODED_MOBILES: [&str; 5] = ["86", "52", "54", "55", "62"];

/// The facts about a number.
#[must_use]
pub fn facts(phone: &E164) -> NumberFacts {
    let phone = normal_form(phone);
    let digits = phone.as_str().get(1..).unwrap_or_default();
    let begins_as = |known: &[&str]| known.iter().any(|prefix| digits.starts_with(prefix));
    let Some(code) = Code::of(digits.as_bytes()) else {
        return NumberFacts {
            country: None,
            country_code: None,
            kind: NumberType::Unknown,
            is_possible: false,
            time_zones: Vec::new(),
            is_high_risk: true,
        };
    };
    let (prefix, national) = digits.split_at_checked(code.digits).unwrap_or_default();
    let (country, kind) = code.look_up(national.as_bytes());
    let kind = match kind {
        _ if begins_as(&SATELLITE) => NumberType::Satellite,
        1 => NumberType::Mobile,
        2 => NumberType::FixedLine,
        3 => NumberType::FixedOrMobile,
        4 => NumberType::TollFree,
        5 => NumberType::PremiumRate,
        6 => NumberType::SharedCost,
        7 => NumberType::Voip,
        8 => NumberType::Other,
        _ => NumberType::Unknown,
    };
    let located = match kind {
        NumberType::FixedLine | NumberType::FixedOrMobile => digits,
        NumberType::Mobile if AREA_CODED_MOBILES.contains(&prefix) => digits,
        _ => prefix,
    };
    let zones = country.map(|country| zones(country, kind, located));
    NumberFacts {
        country: country.map(Country::name),
        country_code: Some(prefix.to_owned()),
        kind,
        is_possible: code.has_length(national.len()),
        time_zones: zones.unwrap_or_default(),
        is_high_risk: matches!(
            kind,
            NumberType::Satellite | NumberType::PremiumRate | NumberType::SharedCost
        ) || begins_as(&INTERNATIONAL),
    }
}

/// [`NumberFacts::is_possible`] alone: everything else takes a walk through the table, digit by digit. (Measured: 5 % of the
/// time that an isolate spends on `POST /calls`.)
#[must_use]
pub fn is_possible(phone: &E164) -> bool {
    let phone = normal_form(phone);
    let digits = phone.as_str().get(1..).unwrap_or_default();
    let code = Code::of(digits.as_bytes());
    code.is_some_and(|code| code.has_length(digits.len() - code.digits))
}

/// Those of libphonenumber's zones for the number that belong to its country; if there are none, all of the country's.
fn zones(country: Country, kind: NumberType, located: &str) -> Vec<&'static str> {
    let own = country.zones();
    let said = match kind {
        NumberType::Unknown => None,
        _ => Some(Zones::of(located.as_bytes())),
    };
    let is_own = |place: &usize| own.places().any(|own| own == *place);
    let kept = said.map_or_else(Vec::new, |said| said.places().filter(is_own).collect());
    let places = match kept.is_empty() {
        true => own.places().collect(),
        false => kept,
    };
    places.into_iter().map(table::zone_name).collect()
}
