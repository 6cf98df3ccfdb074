//! Campaigns: lists of people to call, each once or as often as it takes, within a share of a trunk.
//!
//! A campaign is an object of its own. Its recipients are rows that wait there, never in the trunk's queue: it asks its
//! trunk what is free within its share, and hands over that many calls. [`handover`] is what they say to each other.

pub mod handover;
mod pace;
mod record;
mod refusal;
mod row;

pub use record::Record;
pub use refusal::CampaignRefusal;
pub use row::{LOOK_AGAIN, Row, Rules, STATUSES};

use serde::{Deserialize, Serialize};

use super::call::{AnsweredBy, CallStatus, Failure};
use super::calling_hours::{CallingHours, ZoneName};
use super::ids::{AgentId, CallId, CampaignId, KeyId, OrgId, TrunkId};
use super::phone::E164;
use super::redial::Redial;
use super::time::Timestamp;

/// The most campaigns an organisation may have.
pub const MOST_CAMPAIGNS: usize = 10_000;
/// The most recipients a campaign may have.
pub const MOST_RECIPIENTS: u64 = 200_000;
/// The most rows a request may add.
pub const MOST_ROWS: usize = 20_000;
/// The most characters a reference may have.
pub const LONGEST_REFERENCE: usize = 128;

/// What its owner sets, and may change while it is a draft or paused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Display name.
    pub name: String,
    /// Who talks.
    pub agent: AgentId,
    /// The trunk its calls go out through.
    pub trunk: TrunkId,
    /// Where the result of each call goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<String>,
    /// Who is notified when it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_url: Option<String>,
    /// Nobody is called before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// Nobody is called from this moment on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
    /// When its phones may ring, on top of the organisation's and the agent's hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Box<CallingHours>>,
    /// When a recipient is called again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redial: Option<Redial>,
    /// Its share of the trunk's channels, unless it may use all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_channels: Option<u32>,
    /// Its share of the trunk's dials per second, unless it may use all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cps: Option<u32>,
}

/// A campaign's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = CampaignStatus))]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It was not started yet.
    Draft,
    /// It calls people, unless something holds it.
    Running,
    /// It calls nobody until it is started again.
    Paused,
    /// All its recipients are decided.
    Completed,
    /// It was called off.
    Canceled,
}

impl Status {
    /// As clients read it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Canceled => "canceled",
        }
    }

    /// Whether it is over for good.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Canceled)
    }
}

/// Why a running campaign is calling nobody at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum HeldBy {
    /// Its time has not come.
    NotBefore,
    /// All who are left wait for calling hours.
    CallingHours,
    /// Its share of the trunk is in use.
    Capacity,
    /// The trunk takes no calls.
    TrunkInactive,
    /// The agent takes no calls.
    AgentInactive,
    /// Calls fail one after another, for the dialer's sake or the agent's.
    DialerDown,
}

/// How many of its recipients have which status. They add up to `total`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = CampaignCounts))]
pub struct Counts {
    /// All recipients.
    pub total: u64,
    /// Nobody has called them yet.
    pub pending: u64,
    /// They are being called.
    pub in_progress: u64,
    /// They wait for their next attempt.
    pub waiting: u64,
    /// They were reached.
    pub completed: u64,
    /// All attempts were used up.
    pub unreached: u64,
    /// Their numbers are suppressed.
    pub suppressed: u64,
    /// The campaign's time was over before they were called.
    pub expired: u64,
    /// The campaign, or their call, was cancelled.
    pub canceled: u64,
}

/// A recipient's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RecipientStatus {
    /// Nobody has called them yet.
    Pending,
    /// They are being called.
    InProgress,
    /// They wait for their next attempt.
    Waiting,
    /// They were reached.
    Completed,
    /// All attempts were used up, or none may be made.
    Unreached,
    /// Their number is not to be called.
    Suppressed,
    /// The campaign's time was over before.
    Expired,
    /// The campaign, or their call, was cancelled.
    Canceled,
}

/// Somebody on the list, as they are added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewRecipient {
    /// What they are known by in the campaign: the number, if nothing else was given.
    pub reference: String,
    /// The number to call.
    pub phone: E164,
    /// Where their phone is, if that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<ZoneName>,
    /// What the agent is told, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
}

/// One attempt to reach a recipient: a call, or why there was none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The call; none where nothing was dialed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallId>,
    /// When it was handed over, or given up.
    pub at: Timestamp,
    /// What became of the call, once it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<CallStatus>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Who picked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<AnsweredBy>,
    /// What its agent said came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition: Option<String>,
    /// Length of the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_secs: Option<u64>,
    /// It was given back undialed, and counts for nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub given_back: bool,
}

/// A campaign, as stored in its one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Campaign {
    /// The campaign's id, which names its object.
    pub id: CampaignId,
    /// The organisation it belongs to.
    pub org: OrgId,
    /// What its owner set.
    pub plan: Plan,
    /// Its status.
    pub status: Status,
    /// Its recipients, counted.
    pub counts: Counts,
    /// The key that last started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_by: Option<KeyId>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was first started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}
