//! JSON at the border: reading numbers, and views as values.

use std::ops::RangeInclusive;

use serde::Serialize;
use serde_json::Value;

pub use crate::domain::from_json::{Unreadable, from_value, read, read_bytes};
use crate::domain::to_json::to_json;

/// A whole number in this range. `5.0` is one too, as in JSON Schema: not every language writes it as `5`.
#[must_use]
pub fn whole(value: &Value, range: RangeInclusive<u64>) -> Option<u64> {
    let written_out = |number: &f64| number.fract() == 0.0 && (0.0..=EXACT).contains(number);
    let number = value.as_u64().or_else(|| {
        let number = value.as_f64().filter(written_out)?;
        Some(number as u64)
    });
    number.filter(|number| range.contains(number))
}

/// Up to here a double represents every whole number exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A view as a JSON value.
pub fn value(view: &impl Serialize) -> Value {
    let json = to_json(view).unwrap_or_default();
    read(&json).unwrap_or_default()
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
