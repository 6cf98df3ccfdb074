//! Why a directory refuses.

use serde::{Deserialize, Serialize};

/// Why a directory refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DirectoryRefusal {
    /// No such thing.
    Missing,
    /// It changed meanwhile: read it again.
    Changed,
    /// The organisation holds as many as it may.
    TooMany,
    /// Trunks can't be told of more calling hours of agents.
    TooManyHours,
    /// The last owner key.
    LastOwner,
    /// An end that is past.
    Past,
    /// The `Idempotency-Key` was used for another request.
    KeyReused,
    /// The first request under the `Idempotency-Key` is not decided yet.
    InProgress,
    /// The trunk carries calls.
    LiveCalls,
    /// The change is kept, but a trunk could not be told yet; it will be.
    #[serde(rename = "Untold")]
    NotPropagated,
    /// The key that asks was revoked, whatever a stale copy says.
    InvalidKey,
    /// The agent takes no calls.
    Inactive,
    /// Campaigns run with it.
    RunningCampaigns,
    /// The campaign's agent was deleted.
    NoAgent,
    /// The campaign's trunk was deleted.
    NoTrunk,
    /// The organisation may call nobody.
    Suspended,
    /// The organisation is being deleted, or was.
    Deleted,
}
