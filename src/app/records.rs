//! What KV holds: copies that requests are served from, written by the directory alone. A copy may be a minute old or more,
//! and so may its absence: before it refuses anything the directory is asked, and what it allows is decided by the trunk.

use serde::{Deserialize, Serialize};

use crate::domain::agent::Status;
use crate::domain::ids::TrunkId;
pub use crate::domain::record_key::{ORGANISATIONS, RecordKey};
use crate::domain::time::Timestamp;
use crate::domain::trunk::Destinations;

/// A trunk as requests see it: the reference's fields, and whether it was deleted (its calls stay
/// readable, so lists still include it). The carrier's secrets are not here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrunkRecord {
    /// The trunk's id.
    pub id: TrunkId,
    /// Display name.
    pub name: String,
    /// The caller ID shown to the recipient.
    pub trunk_phone: String,
    /// Maximum calls per second.
    pub max_cps: u32,
    /// Maximum simultaneous calls.
    pub max_channels: u32,
    /// Only active trunks take calls.
    pub status: Status,
    /// Where it may call.
    #[serde(default, skip_serializing_if = "Destinations::is_default")]
    pub destinations: Destinations,
    /// It dials nobody.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub simulates: bool,
    /// No longer listed, no longer usable.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// No call was ever permitted through it, so lists of calls need not ask it. Only the directory's answer has this.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub holds_no_calls: bool,
    /// No call was accepted through it later than this, as far as the directory knows; only its answer has this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_until: Option<Timestamp>,
}
