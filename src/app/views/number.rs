//! Facts about a number, as clients see them.

use serde::Serialize;

use crate::domain::numbering::{NumberType, facts, metadata_version};
use crate::domain::phone::E164;
use crate::domain::zones;

/// What a number reveals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NumberView {
    /// The number, as it was given.
    pub phone_number: String,
    /// Its country (ISO 3166-1, two letters); null for a number that belongs to no single country.
    pub country: Option<&'static str>,
    /// Its country code, without `+`; null for one that is not assigned.
    pub country_code: Option<String>,
    /// What kind of number it is. `fixed_or_mobile` where the country does not tell them apart; `other` is a personal number, a
    /// pager, a company's number or a voicemail's.
    pub r#type: NumberType,
    /// Whether a number with this country code can have this length.
    pub is_possible: bool,
    /// Where its phone may be: names of IANA's time zones.
    pub time_zones: Vec<&'static str>,
    /// Whether it is a satellite, premium-rate or shared-cost number, or one of a country code that is not assigned: what a
    /// trunk's `destinations.high_risk` decides about.
    pub high_risk: bool,
    /// Whether it is on the organisation's list of suppressed numbers.
    pub suppressed: bool,
    /// When the organisation's contact limits allow it to be called again; null while they allow it, and while that
    /// depends on pending calls.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub next_allowed_at: Option<String>,
    /// The release of libphonenumber's metadata that this is based on.
    pub metadata_version: &'static str,
    /// The release of IANA's time zone rules that apply.
    pub tzdata_version: &'static str,
}

impl NumberView {
    /// The facts that follow from the number alone.
    #[must_use]
    pub fn of(phone: &E164) -> Self {
        let told = facts(phone);
        Self {
            phone_number: phone.as_str().to_owned(),
            country: told.country,
            country_code: told.country_code,
            r#type: told.kind,
            is_possible: told.is_possible,
            time_zones: told.time_zones,
            high_risk: told.is_high_risk,
            // The caller fills these in.
            suppressed: false,
            next_allowed_at: None,
            metadata_version: metadata_version(),
            tzdata_version: zones::VERSION,
        }
    }
}
