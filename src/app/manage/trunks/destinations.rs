//! The field `destinations` of a body.

use serde_json::{Map, Value};

use crate::app::body::{self, Body};
use crate::domain::refusal::Refusal;
use crate::domain::trunk::Destinations;
#[cfg(feature = "openapi")]
use crate::domain::trunk::HighRisk;

/// What a list of prefixes must be.
pub const PREFIXES: &str = "an array of at most 500 prefixes such as +91";
/// What a day's limit must be.
pub const PER_DAY: &str = "a whole number from 1 to 1000000";
/// The most prefixes in a list.
const MOST: usize = 500;

// As the OpenAPI document describes it; `read` reads it.
/// Where a trunk may call: any subset. The longest prefix that matches a number decides, and `deny` where both lists have it.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct ChangeDestinations {
    /// Where it may call, as prefixes of numbers: `+91` for India. `null` for every country; if empty, nothing but a
    /// simulator's ten test numbers.
    #[schema(max_items = 500, pattern = r"^\+[1-9][0-9]{0,14}$")]
    pub allow: Option<Vec<String>>,
    /// Where it may not; `null` for nowhere.
    #[schema(max_items = 500, pattern = r"^\+[1-9][0-9]{0,14}$")]
    pub deny: Option<Vec<String>>,
    /// Whether satellites, premium-rate and shared-cost numbers and country codes that are not assigned may be called;
    /// `null` is `deny`.
    pub high_risk: Option<HighRisk>,
}

/// Reads them: what is left out stays as it was.
///
/// # Errors
/// It is not such an object.
pub fn read(body: &mut Body, before: Option<&Destinations>) -> Result<Destinations, Refusal> {
    let given = body.optional("destinations", Some(Map::new()), "an object", body::object)?;
    let Some(given) = given else {
        return Ok(Destinations::default());
    };
    let before = before.cloned().unwrap_or_default();
    let mut body = Body::nested(given, "destinations.");
    let allow = body.optional("allow", before.allow, PREFIXES, |value| prefixes(&value))?;
    let deny = body.optional("deny", Some(before.deny), PREFIXES, |value| {
        prefixes(&value)
    })?;
    let high_risk = body.optional(
        "high_risk",
        Some(before.high_risk),
        "deny or allow",
        body::word,
    )?;
    body.finish()?;
    Ok(Destinations {
        allow,
        deny: deny.unwrap_or_default(),
        high_risk: high_risk.unwrap_or_default(),
    })
}

/// Prefixes of numbers: `+` and 1 to 15 digits, the first not 0.
fn prefixes(value: &Value) -> Option<Vec<String>> {
    let given = value.as_array().filter(|given| given.len() <= MOST)?;
    let is_prefix = |text: &&str| {
        let digits = text.strip_prefix('+').unwrap_or_default();
        (1..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0')
    };
    given
        .iter()
        .map(|prefix| prefix.as_str().filter(is_prefix).map(str::to_owned))
        .collect()
}
