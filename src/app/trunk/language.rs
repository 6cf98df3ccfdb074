//! What a trunk's object answers, all of it, and what requests and answers are made of: JSON.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    CarrierCredentials, DialOrder, ErasedCalls, FeedFilter, FeedPage, Shown, UsageFilter,
    UsageSoFar,
};
use crate::app::messages::CallbackMessage;
use crate::domain::call::{Call, CallRequest, CallStatus, Window};
use crate::domain::callback::WebhookSecrets;
use crate::domain::campaign::handover::{Became, RoundAnswer, Standing};
pub use crate::domain::idempotency::{IDEMPOTENCY_TTL, Idempotency};
use crate::domain::ids::{AgentId, CallId, KeyId, OrgId, TrunkTag};
use crate::domain::phone::E164;
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;
use crate::domain::trunk::{Admission, OnCapacity, Verdict};
use crate::domain::vitals::{Vitals, VitalsAsked};

/// A request for a call, and how it wants to be treated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// The call that is asked for, checked and complete.
    pub request: CallRequest,
    /// What happens without capacity.
    #[serde(default)]
    #[serde(rename = "wish")]
    pub on_capacity: OnCapacity,
    /// When it may be dialed, if that is not whenever there is capacity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Under which key a repeat of the request is known.
    #[serde(default)]
    pub idempotency: Option<Idempotency>,
    /// Until when its sender's word on the key and the agent is good: a request that was longer on its way starts nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good_until: Option<Timestamp>,
}

/// What is remembered of a request that had an `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IdempotencyRecord {
    /// When it was answered.
    pub at: Timestamp,
    /// SHA-256 of its body, in hex.
    pub body: String,
    /// What it was answered.
    pub admission: Admission,
}

/// Who reads or stops a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reader {
    /// The organisation; another's calls are not there.
    pub org: OrgId,
    /// The key; a revoked one is refused at once, whatever a stale copy says.
    pub key: KeyId,
    /// Until when the word on the key is good: what is longer on its way is told nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good_until: Option<Timestamp>,
}

/// What an object did, as Cloudflare would bill it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Requests served.
    pub requests: u64,
    /// Alarms that fired.
    pub alarms: u64,
    /// Rows read, as the storage counts them.
    pub rows_read: u64,
    /// Rows written, as the storage counts them.
    pub rows_written: u64,
    /// Alarms set; each is billed as one row more.
    pub alarms_set: u64,
    /// Messages sent to queues.
    pub queue_messages: u64,
}

/// A call that holds a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveCall {
    /// The call's id.
    pub id: CallId,
    /// Where it is.
    pub status: CallStatus,
    /// The number called.
    pub phone: E164,
    /// Since when it holds its channel.
    pub since: Timestamp,
}

/// What the object may answer, as it travels: which part of it belongs to which command, the list of commands says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TrunkReply {
    /// It is done, and written.
    Done,
    /// As asked; and these calls are over, whatever the carrier says.
    Over(Vec<CallId>),
    /// The phone may not ring before then.
    NotBefore(Timestamp),
    /// This tag belongs to another trunk.
    TagTaken,
    /// Not while calls are live.
    HasLiveCalls,
    /// The outcome of a request for a call.
    Admission(Admission),
    /// Its outcome the first time.
    Replayed(Admission),
    /// The `Idempotency-Key` was used for another request.
    KeyReused,
    /// What would come of a request for a call.
    Verdict(Verdict),
    /// Who holds a channel, and how many are queued; and the agents whose calls are held back, with when a call may find
    /// out whether each is back.
    Live(
        Vec<Call>,
        usize,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] Vec<(AgentId, Timestamp)>,
    ),
    /// Some of those who hold a channel, oldest first.
    LiveSlice {
        /// Each with what the list shows of it.
        calls: Vec<LiveCall>,
        /// The row at which the next begin, if there are more.
        next: Option<u64>,
        /// How many calls wait for a channel.
        waiting: usize,
        /// The agents whose calls are held back, with when a call may find out whether each is back.
        held_back: Vec<(AgentId, Timestamp)>,
    },
    /// How many bytes its calls take up, and when the oldest was accepted.
    Storage {
        /// Bytes in use.
        used: u64,
        /// When the oldest call was accepted; none while there is none.
        oldest: Option<Timestamp>,
    },
    /// Nothing was created, or shown.
    Refused(TrunkRefusal),
    /// Work for the dialer.
    Orders(Vec<DialOrder>),
    /// The call that was asked for.
    Call(Box<Call>),
    /// A page of calls, newest first. With an id the look ended there: older ones may be missing, it and newer ones are not.
    Calls(Vec<Call>, Option<CallId>),
    /// The same, each as its list shows it.
    Shown(Vec<Shown>, Option<CallId>),
    /// A part of the live feed.
    Feed(FeedPage),
    /// What calls add up to.
    Usage(UsageSoFar),
    /// What a trunk tells its operator of itself.
    Vitals(Box<Vitals>),
    /// What several do.
    AllVitals(Vec<Vitals>),
    /// The status of one call as its clients read it, in JSON.
    Status(String),
    /// What was said: a list of lines.
    Transcript(Value),
    /// The trunk's credentials, if its carrier speaks by itself.
    #[serde(rename = "Line")]
    Credentials(Option<CarrierCredentials>),
    /// Who talks in a call.
    #[serde(rename = "Talker")]
    AgentOf(OrgId, AgentId),
    /// The transcript's lines, and where the recording is.
    Media(Option<Value>, Option<String>),
    /// The attempt is its sender's, to be signed with these; without them, with the directory's.
    Begun(Option<Box<WebhookSecrets>>),
    /// As asked; and this attempt is its sender's, to be signed with these; without them, with the directory's.
    NextAttempt(Box<CallbackMessage>, Option<Box<WebhookSecrets>>),
    /// How far it is.
    Suppressed {
        /// The row from which on it is to be told again.
        next: Option<u64>,
        /// A phone may ring just now: it is to be told again then.
        again_at: Option<Timestamp>,
    },
    /// The outcome of a campaign's round.
    #[serde(rename = "CampaignTurn")]
    Round(RoundAnswer),
    /// How people stand whom a campaign is to call.
    Standings(Vec<Standing>),
    /// What became of a campaign's calls.
    Outcomes(Vec<(CallId, Became)>),
    /// How far the trunk is with giving calls back.
    TakenBack {
        /// A phone may ring just now: what is left of them is to be taken back then.
        again_at: Option<Timestamp>,
    },
    /// What becomes of a campaign's word for the live feed.
    CampaignHeard {
        /// It is told to whoever listens; else it was too soon.
        taken: bool,
        /// It may say something again from then on.
        again_at: Timestamp,
        /// Somebody listens.
        listened: bool,
    },
    /// Whose call it is, and to which number.
    NumberOf(OrgId, E164),
    /// How far a number's calls are erased.
    Erased(ErasedCalls),
    /// No such call here.
    Missing,
    /// Rows can't be written just now: nothing was done.
    NotWritten,
    /// See [`Work`].
    Work(Work),
}

impl TrunkReply {
    /// Whether it is an answer to a listener, and there is no news at all.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        matches!(self, Self::Feed(page) if page.is_quiet())
    }
}

/// The refusals that an object can give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrunkRefusal {
    /// [`Refusal::InvalidKey`]
    InvalidKey,
    /// [`Refusal::AgentInactive`]
    AgentInactive,
    /// [`Refusal::TrunkInactive`]
    TrunkInactive,
    /// [`Refusal::CallAlreadyTerminal`]
    CallAlreadyTerminal,
    /// [`Refusal::TrunkNotFound`]
    TrunkNotFound,
    /// [`Refusal::TrunkUnavailable`]: it was too long on its way.
    Late,
    /// [`Refusal::NumberSuppressed`]
    NumberSuppressed,
    /// [`Refusal::TrunkUnavailable`]: what is known of the number could not be asked.
    NotAsked,
    /// [`Refusal::OrganisationSuspended`]
    OrganisationSuspended,
}

impl From<TrunkRefusal> for Refusal {
    fn from(denial: TrunkRefusal) -> Self {
        match denial {
            TrunkRefusal::InvalidKey => Self::InvalidKey,
            TrunkRefusal::AgentInactive => Self::AgentInactive,
            TrunkRefusal::TrunkInactive => Self::TrunkInactive,
            TrunkRefusal::CallAlreadyTerminal => Self::CallAlreadyTerminal,
            TrunkRefusal::TrunkNotFound => Self::TrunkNotFound,
            TrunkRefusal::Late | TrunkRefusal::NotAsked => Self::TrunkUnavailable,
            TrunkRefusal::NumberSuppressed => Self::NumberSuppressed,
            TrunkRefusal::OrganisationSuspended => Self::OrganisationSuspended,
        }
    }
}

impl From<Refusal> for TrunkRefusal {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::InvalidKey => Self::InvalidKey,
            Refusal::AgentInactive => Self::AgentInactive,
            Refusal::TrunkInactive => Self::TrunkInactive,
            Refusal::CallAlreadyTerminal => Self::CallAlreadyTerminal,
            Refusal::NumberSuppressed => Self::NumberSuppressed,
            Refusal::OrganisationSuspended => Self::OrganisationSuspended,
            _ => Self::TrunkNotFound,
        }
    }
}

/// A question for the live feed of some trunks, or for what their calls add up to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// The trunks that are asked.
    pub trunks: Vec<TrunkTag>,
    /// For whom it looks.
    pub reader: Reader,
    /// What is wanted of their feed.
    pub filter: FeedFilter,
    /// What their calls add up to is wanted instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<UsageFilter>,
    /// What they tell their operator of themselves is wanted instead, of as many as answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vitals: Option<VitalsAsked>,
}
