//! What an erasure is made of: pieces of work, and the result of each.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{CallId, CampaignId, TrunkTag};

/// How much was erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// How many calls.
    pub calls: u64,
    /// How many transcripts of them.
    pub transcripts: u64,
    /// How many recordings of them: the references to these are removed.
    pub recordings: u64,
    /// How many recordings' files could not be deleted.
    #[serde(default)]
    pub recordings_left: u64,
    /// How many calls from the archive.
    pub archived_calls: u64,
    /// How many campaign recipients.
    pub recipients: u64,
}

impl Erased {
    pub(super) fn add(&mut self, more: Self) {
        self.calls += more.calls;
        self.transcripts += more.transcripts;
        self.recordings += more.recordings;
        self.recordings_left += more.recordings_left;
        self.archived_calls += more.archived_calls;
        self.recipients += more.recipients;
    }
}

/// A recording's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingFile {
    /// Whose recording it is.
    pub call: CallId,
    /// Where it is, as LiveKit or the call's agent reported. If neither did, it may be under the name that the platform gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

/// A piece of work. What it finds is noted before the next piece erases it, so that each item is counted once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Work {
    /// A campaign's recipients.
    Recipients {
        /// The campaign.
        campaign: CampaignId,
        /// After this row.
        after: u64,
        /// Recipients to be erased.
        gone: Vec<u64>,
        /// One who is being called.
        left: Option<u64>,
    },
    /// A trunk's calls.
    Calls {
        /// The trunk they went through.
        trunk: TrunkTag,
        /// From this row on,
        from: u64,
        /// and up to this one, once that is known.
        through: Option<u64>,
        /// Calls to be erased.
        gone: Vec<CallId>,
        /// The first that can't be erased yet.
        left: Option<u64>,
    },
    /// Archived calls.
    Archive {
        /// After the object of this name.
        after: String,
        /// Objects that contain some.
        gone: Vec<String>,
    },
    /// The directory's notes about requests.
    Notes,
    /// What is known of the number.
    Number,
    /// Recordings' files to delete. Never in the list of work: see [`RecordingFile`].
    Files(Vec<RecordingFile>),
}

/// The result of a piece of work.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// What was found; the next piece erases it.
    pub found: Erased,
    /// The recordings' files of what was found.
    pub files: Vec<RecordingFile>,
    /// Calls whose files are gone, or can't be deleted.
    pub settled: Vec<CallId>,
    /// The piece of work that follows.
    pub next: Option<Work>,
    /// Whether that waits for a call to end.
    pub waits: bool,
    /// Whether the number is suppressed.
    pub suppressed: Option<bool>,
}
