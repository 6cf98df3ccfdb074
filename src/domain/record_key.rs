//! The keys of the copies that requests are served from.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::access::KeyDigest;
use super::ids::{AgentId, OrgId, TrunkId};
use super::mac::hex;

/// The prefix of the names that tell which organisations exist: each has a [`RecordKey::Trunks`] from its founding on.
pub const ORGANISATIONS: &str = "trunks/";

/// A key in the KV namespace. Each variant's comment names the type whose JSON is stored there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RecordKey {
    /// [`KeyRecord`](crate::domain::access::KeyRecord)
    ApiKey(KeyDigest),
    /// [`Agent`](crate::domain::agent::Agent)
    Agent(OrgId, AgentId),
    /// `TrunkRecord`
    Trunk(OrgId, TrunkId),
    /// The organisation's agents, active or not, as a list of `views::AgentView`. Only ever asked of the directory: not a copy.
    Agents(OrgId),
    /// The organisation's trunks, deleted ones too, as a list of `TrunkRecord`. The content is asked of the directory; the
    /// names of these copies tell which organisations exist.
    Trunks(OrgId),
    /// No longer written; trunks and the directory know what signs. Kept so that copies of earlier releases are removed.
    WebhookSecrets(OrgId),
    /// [`MediaSettings`](crate::domain::media::MediaSettings)
    Media(OrgId),
    /// `CarrierCredentials`, under the hex SHA-256 of its carrier's API key
    Carrier(String),
}

impl RecordKey {
    /// The key under which credentials are found by their carrier's API key.
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
            Self::Trunks(org) => write!(f, "{ORGANISATIONS}{org}"),
            Self::WebhookSecrets(org) => write!(f, "webhook-secrets/{org}"),
            Self::Media(org) => write!(f, "media/{org}"),
            Self::Carrier(digest) => write!(f, "carrier/{digest}"),
        }
    }
}
