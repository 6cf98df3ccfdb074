//! The question and answer about erasing one person's calls.

use serde::{Deserialize, Serialize};

use crate::domain::contacts::Number;
use crate::domain::directory::RecordingFile;
use crate::domain::ids::{CallId, OrgId};

/// What to erase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EraseCalls {
    /// The organisation of these calls.
    pub org: OrgId,
    /// The number they are to.
    pub number: Number,
    /// Calls are searched from this row on,
    pub from: u64,
    /// and up to this one; to the newest, if it is not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<u64>,
    /// These, found before, are removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<CallId>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ErasedCalls {
    /// Calls that may be removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<CallId>,
    /// How many of them have transcripts,
    #[serde(default)]
    pub transcripts: u64,
    /// and how many have recordings.
    #[serde(default)]
    pub recordings: u64,
    /// The location of each of these recordings, as far as it was reported.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<RecordingFile>,
    /// Calls found before that can't be removed yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<CallId>,
    /// The row at which the search continues, if it has not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// The first row of a call that can't be removed yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<u64>,
    /// The row up to which calls are searched.
    pub through: u64,
    /// The archive is being given calls right now: ask again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub busy: bool,
}
