//! Sums of calls: the question and its answer.

use serde::{Deserialize, Serialize};

use crate::domain::usage::{GroupBy, Hour, Tally};

/// The most rows read for one answer: the caller continues where it ended.
pub const USAGE_SCAN: usize = 20_000;

/// Sums of calls, by the key that they are grouped by, in its order.
pub type Sums = Vec<(Option<String>, Tally)>;

/// Which calls are added up, and how they are grouped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsageFilter {
    /// From this hour on.
    pub from: Hour,
    /// Up to this hour, exclusive.
    pub to: Hour,
    /// How they are grouped.
    pub by: GroupBy,
    /// The most calls to read.
    pub scan_limit: usize,
    /// What has been added up already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub so_far: Option<UsageSoFar>,
}

/// What has been added up, and how far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UsageSoFar {
    /// The sums of whole hours.
    pub sums: Sums,
    /// The next hour; the end if all is done.
    pub hour: Hour,
    /// The row to continue at, if the hour was begun: see [`CallId::row`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// What that hour has come to so far.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub part: Sums,
    /// The last departure that it takes into account.
    #[serde(default)]
    pub departure: u64,
}

/// Adds a tally to the sum with the same key.
pub fn add(sums: &mut Sums, key: Option<String>, tally: &Tally) {
    match sums.binary_search_by(|(known, _)| known.cmp(&key)) {
        Ok(at) => {
            if let Some((_, known)) = sums.get_mut(at) {
                known.add(tally);
            }
        }
        Err(at) => sums.insert(at, (key, tally.clone())),
    }
}
