//! What an edge and a directory say to each other: a command with who gives it, and all that may be answered.

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
    /// The key that asked; none for the platform itself.
    pub by: Option<KeyId>,
    /// The request's id, for the audit log.
    pub request: String,
    /// What is asked.
    pub what: Ask,
    /// Under which key a repeat is known.
    #[serde(default)]
    pub once: Option<Once>,
    /// Of `RecordKey::Agents`, which slice: `Agents` is the answer. An earlier release does not know this, and tells all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slice: Option<AgentsAfter>,
    /// Of [`Ask::Tags`]: the answer waits for news. An earlier release does not know this, and answers at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watched: Option<Watched>,
}

/// A request's `Idempotency-Key`, and from what it draws what its answer shows once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Once {
    /// The key, and what it is used for.
    pub given: Idempotency,
    /// 32 random bytes in hex.
    pub seed: String,
}

/// An answer, but for what it shows once: that stands there as `""`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// The JSON of its body.
    pub body: String,
}

/// Who asks, and by which request.
#[derive(Clone, Copy, Debug)]
pub struct By<'a> {
    /// The key that asks; none for the platform itself.
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

    /// A key, for what the audit log does not tell of.
    #[must_use]
    pub const fn key(key: KeyId) -> Self {
        Self {
            key: Some(key),
            request: "",
        }
    }
}

/// Where a list of agents goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentsAfter {
    /// Behind the agent that was created then; at the beginning when there is none.
    pub after: Option<(Timestamp, AgentId)>,
    /// Whether inactive ones are listed too.
    pub inactive: bool,
    /// Each with all that is kept of it, not as lists show it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
}

impl DirectoryCommand {
    /// What the platform itself asks for.
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

    /// What a key asks for itself.
    #[must_use]
    pub fn of_the_key(key: KeyId, what: Ask) -> Self {
        Self::of_the_platform(what).by(By::key(key))
    }

    /// The same, asked for by whom it says.
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

/// What whoever reminds it hears.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticked {
    /// The campaigns to look after.
    pub campaigns: Vec<CampaignCard>,
    /// The names of the keys that seal its secrets, and how many each seals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seals: Vec<(String, usize)>,
    /// Test events that are on their way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undelivered: Option<Waiting>,
    /// Erasures that are not completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erasures: Option<Waiting>,
    /// Since when the organisation is being deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleting_since: Option<Timestamp>,
    /// It had something to do, and nothing would have woken it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lost_alarm: bool,
}

/// The directory's answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum DirectoryReply {
    /// As asked, and told to all who must know.
    Done,
    /// Permitted, until then by the directory's clock.
    Permitted(Timestamp),
    /// Nothing was changed, or not everybody could be told; why.
    Refused(DirectoryRefusal),
    /// To a request with a key, its answer, and the seed from which what it shows once was drawn.
    Answered {
        /// What the first request was answered.
        answer: Answered,
        /// See [`Once::seed`].
        seed: String,
        /// Whether it was given before.
        again: bool,
    },
    /// The seed of the first request under its key.
    Settled(String),
    /// When the organisation was founded, and whether that was before.
    Founded(Timestamp, bool),
    /// The organisation, as its operator sees it.
    Org(Box<OrgCard>),
    /// The agent that was asked for, or that was saved under another id.
    Agent(Box<Agent>),
    /// The trunk that was asked for or created.
    Trunk(Box<TrunkConfig>),
    /// A campaign is marked as running; which start that is, and who is to talk.
    Marked(u64, Box<Agent>),
    /// What is known of a campaign.
    Campaign(CampaignCard),
    /// What is known of campaigns.
    Campaigns(Vec<CampaignCard>),
    /// What a directory that was reminded says of itself.
    Ticked(Box<Ticked>),
    /// Trunks whose secret a former key seals, and the settings, if one does.
    SealedBefore(Vec<TrunkConfig>, Option<Box<MediaSettings>>),
    /// A page of keys, or the one that was created.
    Keys(Vec<StoredKey>),
    /// The webhook secrets.
    Secrets(WebhookSecrets),
    /// What the organisation keeps of its calls.
    Media(Box<MediaSettings>),
    /// The JSON of a record, if there is one.
    Record(Option<String>),
    /// Agents as lists show them, as JSON with commas between them; and where to go on, if there are more.
    Agents(String, Option<AgentsAfter>),
    /// Entries and their positions.
    Audit(Vec<(u64, AuditEntry)>),
    /// That a number was erased, or is being.
    Erasure(Box<Erasure>),
    /// That numbers were, or are being.
    Erasures(Vec<Erasure>),
    /// A test delivery.
    Delivery(Box<Delivery>),
    /// A page of test deliveries, newest first.
    Deliveries(Vec<Delivery>),
    /// What a key and its organisation are called.
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
    /// There is news. The directory's epoch , the trunks' tags, and when there were no others.
    Watched(u64, Vec<TrunkTag>, Timestamp),
    /// There was no news.
    Quiet,
    /// What the platform knows of itself.
    Oversight(Box<Oversight>),
}
