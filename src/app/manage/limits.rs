//! The field `contact_limits` of a body.

use serde_json::Value;

use crate::app::body::{self, Body};
use crate::app::json;
use crate::domain::contacts::{ContactLimit, LONGEST_GAP, MOST_DIALS, MOST_LIMITS, Per};
use crate::domain::refusal::Refusal;

/// What the field must be.
pub const LIMITS: &str = "an array of at most 5 limits such as {\"max_dials\": 3, \"per\": \"day\"} (1 to 100, per hour, day or week) \
     or {\"min_gap_seconds\": 3600} (1 to 604800)";

/// Reads the field: a change replaces all of it, and `null` clears it.
///
/// # Errors
/// The first part that is invalid.
pub fn read_limits(
    body: &mut Body,
    before: Vec<ContactLimit>,
) -> Result<Vec<ContactLimit>, Refusal> {
    let given = body.optional("contact_limits", Some(before), LIMITS, |value| {
        let all = body::array(value)?;
        let all: Option<Vec<_>> = all.iter().map(read).collect();
        all.filter(|all| all.len() <= MOST_LIMITS)
    })?;
    Ok(given.unwrap_or_default())
}

fn read(value: &Value) -> Option<ContactLimit> {
    let given = value.as_object()?;
    let number = |name: &str, most: u32| {
        let number = json::whole(given.get(name)?, 1..=u64::from(most))?;
        u32::try_from(number).ok()
    };
    // `null` is the same as leaving it out.
    let fields = given.values().filter(|value| !value.is_null()).count();
    if let (1, Some(gap)) = (fields, number("min_gap_seconds", LONGEST_GAP)) {
        return Some(ContactLimit(gap, Per::Gap));
    }
    let per = match given.get("per")?.as_str()? {
        "hour" => Per::Hour,
        "day" => Per::Day,
        "week" => Per::Week,
        _ => return None,
    };
    (fields == 2).then_some(ContactLimit(number("max_dials", MOST_DIALS)?, per))
}
