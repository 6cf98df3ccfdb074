//! Why a directory refuses a request.

use serde::{Deserialize, Serialize};

/// The reason; handlers turn it into a `Refusal` with a public text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DirectoryRefusal {
    /// There is no such thing.
    Missing,
    /// It has changed meanwhile: read it again.
    Changed,
    /// The organisation has as many as it may.
    TooMany,
    /// Trunks can't be told any more calling hours of agents.
    TooManyHours,
    /// The last owner key.
    LastOwner,
    /// An expiry in the past.
    Past,
    /// The `Idempotency-Key` was used for another request.
    KeyReused,
    /// The first request under the `Idempotency-Key` is not decided yet.
    InProgress,
    /// The trunk carries calls.
    LiveCalls,
    /// The change is stored, but a trunk could not be told yet; it will be.
    #[serde(rename = "Untold")]
    NotPropagated,
    /// The requesting key was revoked, whatever a stale copy says.
    InvalidKey,
    /// The agent takes no calls.
    Inactive,
    /// Running campaigns use it.
    RunningCampaigns,
    /// The campaign's agent was deleted.
    NoAgent,
    /// The campaign's trunk was deleted.
    NoTrunk,
    /// The organisation is suspended.
    Suspended,
    /// The organisation is being deleted, or was.
    Deleted,
}
