//! `redial` of `POST /calls`: when somebody is called again.

use serde_json::Value;

use crate::app::body::{self, Body};
use crate::app::json::whole;
use crate::domain::redial::{ATTEMPTS, Cause, Redial, WAIT_SECONDS};
use crate::domain::refusal::Refusal;

/// What the parts of `redial` must be.
const NO_OBJECT: &str = "an object";
const NO_ATTEMPTS: &str = "a whole number from 2 to 10";
const NO_CAUSES: &str = "a list of one or more of busy, declined, no_answer, unreachable, carrier_error, \
                             dialer_unavailable, agent_unavailable and voicemail, each once";
const NO_WAITS: &str = "a list of 1 to 10 whole numbers from 1 to 604800";

/// The most waits in a request.
const MOST_WAITS: usize = 10;

// As the OpenAPI document describes it; [`read_redial`] reads it.
/// When the same number is called again: each attempt is a call of its own, with an id and a callback of its own.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct RedialFields {
    /// The maximum number of attempts, this call included, however each of them ended.
    #[schema(minimum = 2, maximum = 10)]
    pub max_attempts: u32,
    /// The outcomes after which another attempt follows: failure codes, and `voicemail` if a machine answered.
    #[schema(min_items = 1, max_items = 8)]
    pub on: Vec<Cause>,
    /// Seconds from the end of the first attempt to the second, from the end of the second to the third, and so on;
    /// the last one repeats.
    #[schema(min_items = 1, max_items = 10)]
    pub wait_seconds: Vec<u32>,
}

/// Reads it.
///
/// # Errors
/// The first part that is invalid.
pub fn read_redial(value: Value) -> Result<Redial, Refusal> {
    let given = body::object(value);
    let given = given.ok_or_else(|| Refusal::Invalid(format!("redial must be {NO_OBJECT}")))?;
    let mut body = Body::nested(given, "redial.");
    let max_attempts = body.required("max_attempts", None, NO_ATTEMPTS, |value| {
        u32::try_from(whole(&value, ATTEMPTS)?).ok()
    })?;
    let on = body.required("on", None, NO_CAUSES, |value| {
        let on = each(&value, |value| Cause::named(value.as_str()?))?;
        let is_new = |(nth, cause)| on.iter().take(nth).all(|known| known != cause);
        let once = on.iter().enumerate().all(is_new);
        once.then_some(on)
    })?;
    let wait_seconds = body.required("wait_seconds", None, NO_WAITS, |value| {
        let waits = each(&value, |value| {
            u32::try_from(whole(value, WAIT_SECONDS)?).ok()
        })?;
        (waits.len() <= MOST_WAITS).then_some(waits)
    })?;
    body.finish()?;
    Ok(Redial {
        max_attempts,
        on,
        wait_seconds,
    })
}

/// A list of at least one item.
fn each<T>(value: &Value, read: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    let values = value.as_array().filter(|values| !values.is_empty())?;
    values.iter().map(read).collect()
}

#[cfg(feature = "openapi")]
pub(crate) mod describe {
    //! The OpenAPI description of it.

    use super::{NO_ATTEMPTS, NO_CAUSES, NO_OBJECT, NO_WAITS};
    use crate::app::description::refusals::{must, nested_required};
    use crate::domain::refusal::Refusal;

    /// The ways the field is refused.
    pub fn redial() -> Vec<Refusal> {
        let mut all = vec![must("redial", NO_OBJECT)];
        for (field, what) in [
            ("redial.max_attempts", NO_ATTEMPTS),
            ("redial.on", NO_CAUSES),
            ("redial.wait_seconds", NO_WAITS),
        ] {
            all.extend([nested_required(field), must(field, what)]);
        }
        all.push(Refusal::UnknownField("redial.X".into()));
        all
    }
}
