//! What KV holds: copies that requests are served from, written by the directory alone. A copy may be a minute old and more,
//! and so may its absence: what it would refuse is asked of the directory, and what it allows is decided by the trunk.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::access::KeyDigest;
use crate::domain::agent::Status;
use crate::domain::ids::{AgentId, OrgId, TrunkId};
use crate::domain::mac::hex;
use crate::domain::time::Timestamp;
use crate::domain::trunk::Destinations;

/// A key of the KV namespace. Each names, in its comment, the type whose JSON it holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RecordKey {
    /// [`KeyRecord`](crate::domain::access::KeyRecord)
    ApiKey(KeyDigest),
    /// [`Agent`](crate::domain::agent::Agent)
    Agent(OrgId, AgentId),
    /// [`TrunkRecord`]
    Trunk(OrgId, TrunkId),
    /// The organisation's agents, active or not, as a list of `views::AgentView`. Asked of the directory alone: no copy.
    Agents(OrgId),
    /// The organisation's trunks, deleted ones too, as a list of [`TrunkRecord`]. Its text is asked of the directory; the
    /// names of these copies tell the cron which organisations there are.
    Trunks(OrgId),
    /// Of earlier days: there is none any more. What signs is told by trunks, and by the directory.
    WebhookSecrets(OrgId),
    /// [`MediaSettings`](crate::domain::media::MediaSettings)
    Media(OrgId),
    /// [`CarrierCredentials`](crate::app::trunk::CarrierCredentials), under the hex SHA-256 of its carrier's API key
    Carrier(String),
}

impl RecordKey {
    /// Where a line is found by its carrier's API key.
    #[must_use]
    pub fn carrier(api_key: &str) -> Self {
        Self::Carrier(hex(&Sha256::digest(api_key)))
    }
}

impl std::fmt::Display for RecordKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ApiKey(digest) => write!(f, "key/{}", digest.0),
            Self::Agent(org, agent) => write!(f, "agent/{org}/{agent}"),
            Self::Trunk(org, trunk) => write!(f, "trunk/{org}/{trunk}"),
            Self::Agents(org) => write!(f, "agents/{org}"),
            Self::Trunks(org) => write!(f, "trunks/{org}"),
            Self::WebhookSecrets(org) => write!(f, "webhook-secrets/{org}"),
            Self::Media(org) => write!(f, "media/{org}"),
            Self::Carrier(digest) => write!(f, "carrier/{digest}"),
        }
    }
}

/// A trunk as requests see it: the reference's fields, and whether it was deleted (its calls stay
/// readable, so lists still look into it). The carrier's secrets are not here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrunkRecord {
    /// Its id.
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
    /// No call was ever permitted through it: whoever lists calls need not ask it. Told by the directory alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub holds_no_calls: bool,
    /// None was accepted through it later than then, as far as the directory knows, which alone tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_until: Option<Timestamp>,
}
