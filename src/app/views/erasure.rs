//! An erasure as clients see it.

use serde::{Deserialize, Serialize};

use crate::app::iso8601;
use crate::domain::directory::Erasure;
use crate::domain::ids::ErasureId;

/// An erasure's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ErasureStatus {
    /// Something is left.
    Pending,
    /// All is erased.
    Completed,
}

/// The erasure of one person's data. The number is not part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErasureView {
    /// Its id.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid"))]
    pub id: ErasureId,
    /// `completed` when nothing is left.
    pub status: ErasureStatus,
    /// When it was asked for.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub requested_at: String,
    /// When all was erased; null while it is pending.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub completed_at: Option<String>,
    /// How many calls were erased, or are about to be.
    pub calls: u64,
    /// How many of them had a transcript.
    pub transcripts: u64,
    /// How many calls had a recording, archived ones included. Its location is erased, and its file deleted from your own storage.
    pub recordings: u64,
    /// How many of these files could not be deleted, and are yours to delete: your storage refused it, or the file is not in the bucket of
    /// your settings.
    pub recordings_left: u64,
    /// How many calls were erased from the archive.
    pub archived_calls: u64,
    /// How many recipients of campaigns.
    pub recipients: u64,
    /// Whether the number is suppressed, which is the one thing kept; null until all else is gone.
    pub suppression_kept: Option<bool>,
}

impl From<&Erasure> for ErasureView {
    fn from(erasure: &Erasure) -> Self {
        let erased = erasure.erased;
        Self {
            id: erasure.id,
            status: match erasure.completed_at {
                Some(_) => ErasureStatus::Completed,
                None => ErasureStatus::Pending,
            },
            requested_at: iso8601::format(erasure.requested_at),
            completed_at: erasure.completed_at.map(iso8601::format),
            calls: erased.calls,
            transcripts: erased.transcripts,
            recordings: erased.recordings,
            recordings_left: erased.recordings_left,
            archived_calls: erased.archived_calls,
            recipients: erased.recipients,
            suppression_kept: erasure.suppression_kept,
        }
    }
}
