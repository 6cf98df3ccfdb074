//! Contact limits, as clients see them.

use serde::{Deserialize, Serialize};

use crate::domain::contacts::{ContactLimit, Per};

/// How often a number may be called: `max_dials` and `per`, or `min_gap_seconds`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContactLimitView {
    /// The most dials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100))]
    pub max_dials: Option<u32>,
    /// Within any 3,600 seconds (`hour`), on a calendar day, or in a calendar week that begins on Monday, by the
    /// phone's local time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, pattern = "^(hour|day|week)$"))]
    pub per: Option<LimitPer>,
    /// How many seconds from one dial to the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 604800))]
    pub min_gap_seconds: Option<u32>,
}

/// What `max_dials` is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitPer {
    /// Any 3,600 seconds.
    Hour,
    /// A calendar day.
    Day,
    /// A calendar week.
    Week,
}

impl From<&ContactLimit> for ContactLimitView {
    fn from(ContactLimit(number, per): &ContactLimit) -> Self {
        let per = match per {
            Per::Hour => Some(LimitPer::Hour),
            Per::Day => Some(LimitPer::Day),
            Per::Week => Some(LimitPer::Week),
            Per::Gap => None,
        };
        Self {
            max_dials: per.map(|_| *number),
            per,
            min_gap_seconds: per.is_none().then_some(*number),
        }
    }
}

/// As they are shown.
#[must_use]
pub fn shown(limits: &[ContactLimit]) -> Vec<ContactLimitView> {
    limits.iter().map(ContactLimitView::from).collect()
}
