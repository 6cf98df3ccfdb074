//! What calls add up to, as it is asked for and told.

use serde::{Deserialize, Serialize};

use crate::domain::usage::{GroupBy, Hour, Tally};

/// How many rows are read for one answer: whoever asks goes on where it ended.
pub const USAGE_SCAN: usize = 20_000;

/// What calls add up to, apart by what they are told by.
pub type Sums = Vec<(Option<String>, Tally)>;

/// Which calls are added up, and by what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsageFilter {
    /// From this hour on.
    pub from: Hour,
    /// Up to this hour, which is not among them.
    pub to: Hour,
    /// What they are told by.
    pub by: GroupBy,
    /// How many calls may be looked at.
    pub scan_limit: usize,
    /// What was added up before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub so_far: Option<UsageSoFar>,
}

/// What was added up, and how far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UsageSoFar {
    /// Of whole hours.
    pub sums: Sums,
    /// The hour that is next; the end, when all is told.
    pub hour: Hour,
    /// Where in it, if it was begun: see [`CallId::row`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// What it came to so far.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub part: Sums,
    /// As of which departure.
    #[serde(default)]
    pub departure: u64,
}

/// Adds what has the same key.
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
