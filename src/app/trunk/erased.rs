//! What is asked and told of one person's calls that are erased.

use serde::{Deserialize, Serialize};

use crate::domain::contacts::Number;
use crate::domain::directory::RecordingFile;
use crate::domain::ids::{CallId, OrgId};

/// What is to go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EraseCalls {
    /// Whose calls these are.
    pub org: OrgId,
    /// To which number.
    pub number: Number,
    /// Calls are looked for from this row on,
    pub from: u64,
    /// and up to this one; to the newest, when it is not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<u64>,
    /// These go: they were found before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<CallId>,
}

/// What there is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ErasedCalls {
    /// These may go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<CallId>,
    /// How many transcripts of them there are,
    #[serde(default)]
    pub transcripts: u64,
    /// and how many recordings.
    #[serde(default)]
    pub recordings: u64,
    /// Of these, where each is, if anybody has told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<RecordingFile>,
    /// Of those that were found before, these can't go yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<CallId>,
    /// The row from which on the look goes on, if it came to no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// The first row of a call that can't go yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<u64>,
    /// Up to which row calls are looked for.
    pub through: u64,
    /// The archive is being given calls just now: to be asked again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub busy: bool,
}
