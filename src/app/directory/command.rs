//! The list of commands and replies: what an edge and a directory say to each other.

use serde::{Deserialize, Serialize};

use super::{Answered, AuditEntry, Once, Permit, Received, Watched};
use crate::app::asking::Replies;
use crate::app::records::RecordKey;
use crate::domain::access::{KeyDigest, Role, StoredKey};
use crate::domain::agent::Agent;
use crate::domain::callback::{
    AttemptResult, Delivery, DeliveryStatus, WebhookSecret, WebhookSecrets,
};
use crate::domain::ids::{AgentId, DeliveryId, KeyId, OrgId, TrunkId, TrunkTag};
use crate::domain::media::MediaSettings;
use crate::domain::time::{Span, Timestamp};
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
    /// Of [`RecordKey::Agents`], which slice: `Agents` is the answer. An earlier release does not know this, and tells all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slice: Option<AgentsAfter>,
    /// Of [`Ask::Tags`]: the answer waits for news. An earlier release does not know this, and answers at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watched: Option<Watched>,
}

/// Where a list of agents goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentsAfter {
    /// Behind the agent that was created then; at the beginning when there is none.
    pub after: Option<(Timestamp, AgentId)>,
    /// Whether inactive ones are listed too.
    pub inactive: bool,
}

/// What can be asked of a directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Ask {
    /// Keep what an `Idempotency-Key` stands for, of a request that no organisation's directory answers. `Settled`.
    Settle,
    /// Found the organisation. `Founded`.
    Found {
        /// Its id, which names the directory.
        org: OrgId,
        /// Its name.
        name: String,
        /// Its first owner key.
        owner: Box<NewKey>,
        /// Its first webhook secret.
        secret: WebhookSecret,
    },
    /// One agent. `Agent`.
    Agent(AgentId),
    /// Create an agent, or replace `was` by it. `Done`.
    SaveAgent {
        /// As it is to be.
        agent: Box<Agent>,
        /// As it was when the change was composed; none for a new one.
        was: Option<Box<Agent>>,
    },
    /// Delete an agent. `Done`.
    DeleteAgent(AgentId),
    /// One trunk. `Trunk`.
    Trunk(TrunkId),
    /// Create a trunk; its id may be drawn anew. `Trunk`.
    CreateTrunk(Box<TrunkConfig>),
    /// Replace `was` by `trunk`. `Done`.
    SaveTrunk {
        /// As it is to be.
        trunk: Box<TrunkConfig>,
        /// As it was when the change was composed.
        was: Box<TrunkConfig>,
    },
    /// Delete a trunk that carries no call. `Done`.
    DeleteTrunk(TrunkId),
    /// Create a key. `Keys`, with it alone.
    CreateKey(Box<NewKey>),
    /// A page of keys, newest first. `Keys`.
    Keys {
        /// Only older than this key.
        before: Option<(Timestamp, KeyId)>,
        /// Page size.
        limit: usize,
    },
    /// Revoke a key. `Done`.
    RevokeKey(KeyId),
    /// A key was used. `Done`.
    TouchKey(KeyId),
    /// Permit that the key which asks is used through a trunk. `Done`.
    Permit(Permit),
    /// The webhook secrets. `Secrets`.
    Secrets,
    /// A new webhook secret. `Secrets`.
    RotateSecret {
        /// The new one.
        secret: WebhookSecret,
        /// How long the present one signs beside it.
        overlap: Span,
    },
    /// What the organisation keeps of its calls. `Media`.
    Media,
    /// Change that. `Done`.
    SaveMedia(Box<MediaSettings>),
    /// What is known of numbers is about to change: the audit log's line of it. `Done`.
    NoteNumbers {
        /// What is done.
        action: String,
        /// To what.
        target: String,
        /// Some are suppressed: every trunk is to ask of numbers from now on.
        suppresses: bool,
    },
    /// Keep what a request was answered that others decided. `Answered`.
    Answer(Answered),
    /// A page of the audit log, newest first. `Audit`.
    Audit {
        /// Only entries before this one.
        before: Option<u64>,
        /// Page size.
        limit: usize,
    },
    /// Send a test event. `Delivery`.
    TestEvent {
        /// To this receiver.
        url: String,
    },
    /// One test delivery. `Delivery`.
    Delivery(DeliveryId),
    /// A page of test deliveries, newest first. `Deliveries`.
    Deliveries {
        /// Only with one of these statuses; with any when there is none.
        status: Vec<DeliveryStatus>,
        /// Only older than this one, which may be a call's.
        before: Option<DeliveryId>,
        /// Page size.
        limit: usize,
    },
    /// One more attempt of a test delivery. `Delivery`.
    Redeliver(DeliveryId),
    /// A sender is about to make an attempt of a test delivery. `Secrets`, which sign it.
    Begin(DeliveryId, u32),
    /// What signs the callbacks of a trunk that can't tell by itself. `Secrets`.
    SecretsOf(TrunkTag),
    /// The JSON under a KV key as it is now, whatever copies say. `Record`.
    Record(RecordKey),
    /// The result of an attempt. `Done`.
    Delivered(DeliveryId, u32, Box<AttemptResult>),
    /// A sender waits for a slow receiver. `Done`.
    Extend(DeliveryId, u32, Timestamp),
    /// What a key and its organisation are called. `Introduced`.
    #[serde(rename = "Introduce")]
    WhoAmI(KeyId),
    /// The built-in receiver took a notification. `Done`.
    Receive(Box<Received>),
    /// What the built-in receiver took lately, newest first. `Received`.
    Received,
    /// Which trunks the live feed is of, as of the directory's present: those deleted within the last day included. `Tags`; to whoever watches `Watched`,
    /// or `Quiet`.
    Tags,
    /// A trunk has news that became known at this moment. `Done`.
    Nudge(Timestamp),
    /// Do what is due. `Done`.
    Tick,
}

/// A key that was just made; the key itself stays with its holder.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewKey {
    /// Its id.
    pub id: KeyId,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Under which it is found.
    pub digest: KeyDigest,
    /// Its first characters.
    pub prefix: String,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
}

/// The directory's answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum DirectoryReply {
    /// As asked, and told to all who must know.
    Done,
    /// Nothing was changed, or not everybody could be told; why.
    Refused(DirectoryRefusal),
    /// To a request with a key, its answer, and the seed from which what it shows once was drawn.
    Answered {
        /// The answer.
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
    /// An agent.
    Agent(Box<Agent>),
    /// A trunk.
    Trunk(Box<TrunkConfig>),
    /// Keys.
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
    /// A test delivery.
    Delivery(Box<Delivery>),
    /// Test deliveries.
    Deliveries(Vec<Delivery>),
    /// Names.
    Introduced {
        /// The organisation's.
        org: String,
        /// The key's.
        key: String,
    },
    /// Notifications.
    Received(Vec<Received>),
    /// The trunks' tags, and when there were no others.
    Tags(Vec<TrunkTag>, Timestamp),
    /// There is news. The directory's epoch (see [`super::Seen`]), the trunks' tags, and when there were no others.
    Watched(u64, Vec<TrunkTag>, Timestamp),
    /// There was no news.
    Quiet,
}

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
}

impl Ask {
    /// Whether it changes nothing that is kept.
    #[must_use]
    pub fn is_read(&self) -> bool {
        matches!(
            self,
            Self::Agent(_)
                | Self::Trunk(_)
                | Self::Keys { .. }
                | Self::Secrets
                | Self::Media
                | Self::Record(_)
                | Self::Audit { .. }
                | Self::Delivery(_)
                | Self::Deliveries { .. }
                | Self::WhoAmI(_)
                | Self::Received
                | Self::Tags
                | Self::Nudge(_)
        )
    }

    /// Whether it is answered only when the trunks that must know of it were told. A trunk that
    /// was just created or deleted has given its word already.
    pub(super) fn waits_for_trunks(&self) -> bool {
        matches!(
            self,
            Self::SaveAgent { .. }
                | Self::DeleteAgent(_)
                | Self::SaveTrunk { .. }
                | Self::SaveMedia(_)
                | Self::NoteNumbers {
                    suppresses: true,
                    ..
                }
                | Self::RotateSecret { .. }
                | Self::RevokeKey(_)
                | Self::Permit(_)
        )
    }
}

impl Replies for DirectoryReply {
    const OBJECT: &'static str = "DIRECTORIES";
}

/// Questions, in their resources' files: the question, how it travels, and its reply, unless it is refused.
macro_rules! question {
    ($question:ty, $asked:pat => $ask:expr, $answer:pat => $reply:expr, $type:ty) => {
        impl From<$question> for super::Ask {
            fn from($asked: $question) -> Self {
                $ask
            }
        }

        impl $crate::app::asking::Command for $question {
            type Asked = super::Ask;
            type Answer = super::DirectoryReply;
            type Reply = $type;
        }

        impl $crate::app::asking::Reply<super::DirectoryReply> for $type {
            fn read(answer: super::DirectoryReply) -> Option<Self> {
                match answer {
                    $answer => Some($reply),
                    _ => None,
                }
            }
        }
    };
}
pub(super) use question;
