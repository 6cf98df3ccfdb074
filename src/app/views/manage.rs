//! The JSON of the management routes' answers, field by field in the documents' order. The OpenAPI
//! document is made from these types and their comments.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::app::iso8601;
use crate::app::records::TrunkRecord;
use crate::app::views::limits::{ContactLimitView, shown};
use crate::domain::agent::{Agent, InputSchema, Status};
use crate::domain::callback::WebhookSecrets;
use crate::domain::calling_hours::CallingHours;
use crate::domain::ids::{AgentId, TrunkId};
use crate::domain::json_text::JsonText;
use crate::domain::time::Timestamp;
use crate::domain::trunk::{Carrier, Destinations, HighRisk, TrunkConfig};

/// An agent, as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgentView {
    /// Unique agent UUID. Pass this as `agent_id` when triggering a call.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid"))]
    pub id: AgentId,
    /// Human-readable display name.
    pub name: String,
    /// Internal identifier used to dispatch the agent on the LiveKit server.
    pub agent_code: String,
    /// Only active agents can be used to trigger calls.
    pub status: Status,
    /// What a call with this agent must supply.
    pub input_schema: InputSchema,
}

impl From<&Agent> for AgentView {
    fn from(agent: &Agent) -> Self {
        Self {
            id: agent.id,
            name: agent.name.clone(),
            agent_code: agent.agent_code.clone(),
            status: agent.status,
            input_schema: agent.input_schema.clone(),
        }
    }
}

// For the OpenAPI document: what `agents::list` answers.
/// All agents, in the order they were created.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct AgentList {
    /// At most 1,000.
    pub agents: Vec<AgentView>,
}

/// One agent, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgentDetail {
    /// The fields of the list.
    #[serde(flatten)]
    pub agent: AgentView,
    /// What the agent should say and do; at most 32768 bytes.
    pub script: Option<String>,
    /// The voice it speaks with.
    pub voice: Option<String>,
    /// What the outcome of its calls must look like, as JSON Schema; absent if any outcome is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub outcome_schema: Option<JsonText>,
    /// What it does when a machine answers; absent if the agent decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub voicemail: Option<Value>,
    /// When phones of its calls may ring; absent if they may at any time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub calling_hours: Option<CallingHours>,
    /// How often its calls may dial a number; absent if it has no limits of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contact_limits: Vec<ContactLimitView>,
}

impl From<&Agent> for AgentDetail {
    fn from(agent: &Agent) -> Self {
        Self {
            agent: agent.into(),
            script: agent.script.clone(),
            voice: agent.voice.clone(),
            outcome_schema: agent.outcome_schema.clone(),
            voicemail: agent.voicemail.clone(),
            calling_hours: agent.calling_hours.clone(),
            contact_limits: shown(&agent.contact_limits),
        }
    }
}

/// A trunk, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrunkView {
    /// Unique trunk UUID. Pass this as `sip_trunk_id` when triggering a call.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid"))]
    pub id: TrunkId,
    /// Display name.
    pub name: String,
    /// The caller ID shown to the recipient.
    pub trunk_phone: String,
    /// Maximum calls per second this trunk accepts. Exceed it and you receive 429.
    pub max_cps: u32,
    /// Maximum simultaneous active calls. Exceed it and you receive 429.
    pub max_channels: u32,
    /// Only active trunks can be used.
    pub status: Status,
}

impl From<&TrunkConfig> for TrunkView {
    fn from(config: &TrunkConfig) -> Self {
        Self {
            id: config.id,
            name: config.name.clone(),
            trunk_phone: config.trunk_phone.clone(),
            max_cps: config.max_cps,
            max_channels: config.max_channels,
            status: config.status,
        }
    }
}

impl From<TrunkRecord> for TrunkView {
    fn from(record: TrunkRecord) -> Self {
        let TrunkRecord {
            id,
            name,
            trunk_phone,
            max_cps,
            max_channels,
            status,
            destinations: _,
            simulates: _,
            deleted: _,
            holds_no_calls: _,
            calls_until: _,
        } = record;
        Self {
            id,
            name,
            trunk_phone,
            max_cps,
            max_channels,
            status,
        }
    }
}

/// All trunks, in the order they were created.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrunkList {
    /// At most 1,000.
    pub sip_trunks: Vec<TrunkView>,
}

/// One trunk, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrunkDetail {
    /// The fields of the list.
    #[serde(flatten)]
    pub trunk: TrunkView,
    /// The carrier behind it.
    pub carrier: CarrierView,
    /// Where it may call.
    pub destinations: DestinationsView,
    /// Calls accepted per day (UTC); beyond that, you receive 429. Null: no daily limit.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1_000_000))]
    pub max_calls_per_day: Option<u32>,
}

/// Where a trunk may call, as prefixes of numbers: the longest that matches decides, and `deny` wins a tie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DestinationsView {
    /// Where it may call; null for every country.
    pub allow: Option<Vec<String>>,
    /// Where it may not.
    pub deny: Vec<String>,
    /// `deny`: numbers at which a call can cost far more than elsewhere (satellite, premium rate, shared cost, country codes
    /// that are not assigned) are refused, whatever `allow` says. `allow`: they are treated like any other.
    pub high_risk: HighRisk,
}

impl From<&Destinations> for DestinationsView {
    fn from(destinations: &Destinations) -> Self {
        let Destinations {
            allow,
            deny,
            high_risk,
        } = destinations.clone();
        Self {
            allow,
            deny,
            high_risk,
        }
    }
}

/// One trunk, and how much room its calls take up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StoredTrunkView {
    /// The trunk, as `GET /sip-trunks/{id}` shows it.
    #[serde(flatten)]
    pub trunk: TrunkDetail,
    /// Null while the trunk can't be reached.
    pub storage: Option<TrunkStorageView>,
}

/// How much room a trunk's calls take up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrunkStorageView {
    /// Bytes in use.
    pub used_bytes: u64,
    /// Bytes allowed. From 70 % on, refused calls leave first, then the oldest.
    pub limit_bytes: u64,
    /// When the oldest call was accepted; null while there is none.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub oldest_call_at: Option<String>,
}

impl From<&TrunkConfig> for TrunkDetail {
    fn from(config: &TrunkConfig) -> Self {
        Self {
            trunk: config.into(),
            carrier: (&config.carrier).into(),
            destinations: (&config.destinations).into(),
            max_calls_per_day: config.max_calls_per_day,
        }
    }
}

/// The carrier behind a trunk, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum CarrierView {
    /// Dials nobody; the number decides what happens.
    Simulator,
    /// A LiveKit server and its SIP trunk.
    LiveKit {
        /// Where the LiveKit server is reached.
        url: String,
        /// Its API key.
        api_key: String,
        /// LiveKit's own id for the outbound trunk.
        sip_trunk_id: String,
    },
}

impl From<&Carrier> for CarrierView {
    fn from(carrier: &Carrier) -> Self {
        match carrier {
            Carrier::Simulator => Self::Simulator,
            Carrier::LiveKit {
                url,
                api_key,
                sip_trunk_id,
                api_secret: _,
            } => Self::LiveKit {
                url: url.clone(),
                api_key: api_key.clone(),
                sip_trunk_id: sip_trunk_id.clone(),
            },
        }
    }
}

/// The secret that signs callbacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SecretView {
    /// `whsec_…`, the newest.
    pub secret: String,
    /// When it was created, ISO 8601.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// When the last earlier secret stops signing; null when none signs any more.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub previous_valid_until: Option<String>,
}

impl SecretView {
    /// The secrets as they are at `now`.
    #[must_use]
    pub fn new(secrets: &WebhookSecrets, now: Timestamp) -> Self {
        Self {
            secret: secrets.current.reveal().to_owned(),
            created_at: iso8601::format(secrets.created_at),
            previous_valid_until: secrets.previous_valid_until(now).map(iso8601::format),
        }
    }
}
