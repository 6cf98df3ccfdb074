//! What an edge and a directory say to each other: a command with its author, and all possible replies.

use serde::{Deserialize, Serialize};

use super::{
    Ask, AuditEntry, CampaignCard, DirectoryRefusal, Erasure, OrgCard, Oversight, Received, Watched,
};
use crate::app::trunk::Idempotency;
use crate::domain::access::StoredKey;
use crate::domain::agent::Agent;
use crate::domain::callback::{Delivery, WebhookSecrets};
use crate::domain::directory::Waiting;
use crate::domain::ids::{AgentId, KeyId, TrunkTag};
use crate::domain::media::MediaSettings;
use crate::domain::time::Timestamp;
use crate::domain::trunk::TrunkConfig;

/// A request to a directory, and who made it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DirectoryCommand {
    /// The key that asked; `None` for the platform itself.
    pub by: Option<KeyId>,
    /// The request's id, for the audit log.
    pub request: String,
    /// The command.
    pub what: Ask,
    /// What identifies a repeat.
    #[serde(default)]
    pub once: Option<Once>,
    /// For `RecordKey::Agents`: the slice wanted; the reply is `Agents`. An earlier release ignores this, and returns all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slice: Option<AgentsAfter>,
    /// For [`Ask::Tags`]: the reply waits for news. An earlier release ignores this, and replies at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watched: Option<Watched>,
}

/// A request's `Idempotency-Key`, and the seed of whatever its response shows only once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Once {
    /// The key, and the request it is used for.
    pub given: Idempotency,
    /// 32 random bytes in hex.
    pub seed: String,
}

/// A response without what it shows only once, which appears as `""`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// The JSON of its body.
    pub body: String,
}

/// Who asks, and with which request.
#[derive(Clone, Copy, Debug)]
pub struct By<'a> {
    /// The key that asks; `None` for the platform itself.
    pub key: Option<KeyId>,
    /// The request's id, for the audit log.
    pub request: &'a str,
}

impl By<'_> {
    /// The platform itself.
    pub const PLATFORM: Self = Self {
        key: None,
        request: "",
    };

    /// A key, for requests that the audit log does not record.
    #[must_use]
    pub const fn key(key: KeyId) -> Self {
        Self {
            key: Some(key),
            request: "",
        }
    }
}

/// Where a list of agents continues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentsAfter {
    /// After the agent created then; `None` for the beginning.
    pub after: Option<(Timestamp, AgentId)>,
    /// Whether inactive ones are included.
    pub inactive: bool,
    /// Each with everything that is stored, instead of as lists show it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
}

impl DirectoryCommand {
    /// A request by the platform itself.
    #[must_use]
    pub fn of_the_platform(what: Ask) -> Self {
        Self {
            by: None,
            request: String::new(),
            what,
            once: None,
            slice: None,
            watched: None,
        }
    }

    /// A request by a key on its own behalf.
    #[must_use]
    pub fn of_the_key(key: KeyId, what: Ask) -> Self {
        Self::of_the_platform(what).by(By::key(key))
    }

    /// The same, requested by somebody in particular.
    #[must_use]
    pub fn by(self, by: By<'_>) -> Self {
        Self {
            by: by.key,
            request: by.request.to_owned(),
            ..self
        }
    }

    /// Do what is due.
    #[must_use]
    pub fn tick() -> Self {
        Self::of_the_platform(Ask::Tick)
    }
}

/// The reply to a reminder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticked {
    /// The campaigns to remind.
    pub campaigns: Vec<CampaignCard>,
    /// The names of the keys that seal its secrets, each with how many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seals: Vec<(String, usize)>,
    /// Undelivered test events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undelivered: Option<Waiting>,
    /// Erasures in progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erasures: Option<Waiting>,
    /// Since when the organisation is being deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleting_since: Option<Timestamp>,
    /// It had something to do, and no alarm would have woken it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lost_alarm: bool,
}

/// The directory's answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum DirectoryReply {
    /// Done, and told to all who must know.
    Done,
    /// Permitted, until then by the directory's clock.
    Permitted(Timestamp),
    /// Nothing was changed, or not everybody could be told; with the reason.
    Refused(DirectoryRefusal),
    /// For a request with a key: its response, and the seed of what it shows only once.
    Answered {
        /// The first request's response.
        answer: Answered,
        /// See [`Once::seed`].
        seed: String,
        /// Whether it was given before.
        again: bool,
    },
    /// The seed of the first request under its key.
    Settled(String),
    /// When the organisation was founded, and whether it had been founded before.
    Founded(Timestamp, bool),
    /// The organisation, as its operator sees it.
    Org(Box<OrgCard>),
    /// The agent requested, or the one saved under another id.
    Agent(Box<Agent>),
    /// The trunk requested or created.
    Trunk(Box<TrunkConfig>),
    /// A campaign was marked as running: the mark of this start, and the agent.
    Marked(u64, Box<Agent>),
    /// What is known of a campaign.
    Campaign(CampaignCard),
    /// What is known of campaigns.
    Campaigns(Vec<CampaignCard>),
    /// The reply to a reminder.
    Ticked(Box<Ticked>),
    /// Trunks whose secret is sealed with a former key, and the settings if theirs is.
    SealedBefore(Vec<TrunkConfig>, Option<Box<MediaSettings>>),
    /// A page of keys, or the one that was created.
    Keys(Vec<StoredKey>),
    /// The webhook secrets.
    Secrets(WebhookSecrets),
    /// What the organisation keeps of its calls.
    Media(Box<MediaSettings>),
    /// The JSON of a record, if there is one.
    Record(Option<String>),
    /// Agents as in lists, as JSON separated by commas; and where to continue, if there are more.
    Agents(String, Option<AgentsAfter>),
    /// Entries and their positions.
    Audit(Vec<(u64, AuditEntry)>),
    /// An erasure, done or in progress.
    Erasure(Box<Erasure>),
    /// Erasures, done or in progress.
    Erasures(Vec<Erasure>),
    /// A test delivery.
    Delivery(Box<Delivery>),
    /// A page of test deliveries, newest first.
    Deliveries(Vec<Delivery>),
    /// The names of a key and its organisation.
    Introduced {
        /// The organisation's.
        org: String,
        /// The key's.
        key: String,
    },
    /// What the built-in receiver took, newest first.
    Received(Vec<Received>),
    /// The trunks' tags, and when there were no others.
    Tags(Vec<TrunkTag>, Timestamp),
    /// There is news: the directory's epoch, the trunks' tags, and when there were no others.
    Watched(u64, Vec<TrunkTag>, Timestamp),
    /// There was no news.
    Quiet,
    /// What the platform knows of itself.
    Oversight(Box<Oversight>),
}
