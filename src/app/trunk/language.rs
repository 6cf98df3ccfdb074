//! Everything that a trunk's object answers, and the parts of requests and answers: JSON.

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

/// A request for a call, and its terms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// The call, checked and complete.
    pub request: CallRequest,
    /// What happens if there is no capacity.
    #[serde(default)]
    #[serde(rename = "wish")]
    pub on_capacity: OnCapacity,
    /// When it may be dialed, unless that is whenever there is capacity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// What identifies a repeat of the request.
    #[serde(default)]
    pub idempotency: Option<Idempotency>,
    /// Until when the sender vouches for the key and the agent: a request that arrives later starts nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good_until: Option<Timestamp>,
}

/// What is remembered of a request with an `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IdempotencyRecord {
    /// When it was answered.
    pub at: Timestamp,
    /// SHA-256 of its body, in hex.
    pub body: String,
    /// Its answer.
    pub admission: Admission,
}

/// Who reads or stops a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reader {
    /// The organisation; another's calls are not there.
    pub org: OrgId,
    /// The key; a revoked one is refused at once, whatever a stale copy says.
    pub key: KeyId,
    /// Until when the key is vouched for: a request that arrives later is told nothing.
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
    /// Since when it has held its channel.
    pub since: Timestamp,
}

/// Everything the object may answer, as it travels. The list of commands says which part belongs to which command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TrunkReply {
    /// Done, and written.
    Done,
    /// Done; and these calls are over, whatever the carrier says.
    Over(Vec<CallId>),
    /// The phone may not ring before then.
    NotBefore(Timestamp),
    /// This tag belongs to another trunk.
    TagTaken,
    /// Not while calls are live.
    HasLiveCalls,
    /// The result of a request for a call.
    Admission(Admission),
    /// Its result the first time.
    Replayed(Admission),
    /// The `Idempotency-Key` was used for another request.
    KeyReused,
    /// What would become of a request for a call.
    Verdict(Verdict),
    /// The calls that hold a channel, and how many are queued; and the agents whose calls are held back, each with when a call
    /// may probe it.
    Live(
        Vec<Call>,
        usize,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] Vec<(AgentId, Timestamp)>,
    ),
    /// Some of the calls that hold a channel, oldest first.
    LiveSlice {
        /// Each with what the list shows of it.
        calls: Vec<LiveCall>,
        /// The row at which the next ones begin, if there are more.
        next: Option<u64>,
        /// How many calls wait for a channel.
        waiting: usize,
        /// The agents whose calls are held back, each with when a call may probe it.
        held_back: Vec<(AgentId, Timestamp)>,
    },
    /// How many bytes its calls take up, and when the oldest was accepted.
    Storage {
        /// Bytes in use.
        used: u64,
        /// When the oldest call was accepted; `None` if there is none.
        oldest: Option<Timestamp>,
    },
    /// Nothing was created, or shown.
    Refused(TrunkRefusal),
    /// Work for the dialer.
    Orders(Vec<DialOrder>),
    /// The call requested.
    Call(Box<Call>),
    /// A page of calls, newest first. With an id, the search ended there: older ones may be missing; that one and newer ones are
    /// not.
    Calls(Vec<Call>, Option<CallId>),
    /// The same, each as its list shows it.
    Shown(Vec<Shown>, Option<CallId>),
    /// A part of the live feed.
    Feed(FeedPage),
    /// Sums of calls.
    Usage(UsageSoFar),
    /// A trunk's report on itself.
    Vitals(Box<Vitals>),
    /// Several trunks' reports.
    AllVitals(Vec<Vitals>),
    /// The status of one call as clients see it, in JSON.
    Status(String),
    /// What was said: a list of lines.
    Transcript(Value),
    /// The trunk's credentials, if its carrier sends webhooks.
    #[serde(rename = "Line")]
    Credentials(Option<CarrierCredentials>),
    /// The agent of a call.
    #[serde(rename = "Talker")]
    AgentOf(OrgId, AgentId),
    /// The transcript's lines, and where the recording is.
    Media(Option<Value>, Option<String>),
    /// The attempt belongs to its sender, and is signed with these, or with the directory's.
    Begun(Option<Box<WebhookSecrets>>),
    /// Done; and this attempt belongs to its sender, and is signed with these, or with the directory's.
    NextAttempt(Box<CallbackMessage>, Option<Box<WebhookSecrets>>),
    /// How far taking back has got.
    Suppressed {
        /// The row from which to tell it again.
        next: Option<u64>,
        /// A phone may ring right now: tell it again at this moment.
        again_at: Option<Timestamp>,
    },
    /// The answer to a campaign's round.
    #[serde(rename = "CampaignTurn")]
    Round(RoundAnswer),
    /// How people stand whom a campaign is to call.
    Standings(Vec<Standing>),
    /// How a campaign's calls ended.
    Outcomes(Vec<(CallId, Became)>),
    /// How far giving calls back has got.
    TakenBack {
        /// A phone may ring right now: what is left of them must be taken back then.
        again_at: Option<Timestamp>,
    },
    /// What became of a campaign's report for the live feed.
    CampaignHeard {
        /// It is passed on to listeners; otherwise it came too soon.
        taken: bool,
        /// When it may report again.
        again_at: Timestamp,
        /// Somebody listens.
        listened: bool,
    },
    /// The organisation and the number of a call.
    NumberOf(OrgId, E164),
    /// How far a number's calls have been erased.
    Erased(ErasedCalls),
    /// No such call here.
    Missing,
    /// Rows can't be written at the moment: nothing was done.
    NotWritten,
    /// See [`Work`].
    Work(Work),
}

impl TrunkReply {
    /// Whether it answers a listener, with no news at all.
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
    /// [`Refusal::TrunkUnavailable`]: it was in transit too long.
    Late,
    /// [`Refusal::NumberSuppressed`]
    NumberSuppressed,
    /// [`Refusal::TrunkUnavailable`]: the number could not be looked up.
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

/// A question to several trunks: for the live feed, or for sums of their calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// The trunks that are asked.
    pub trunks: Vec<TrunkTag>,
    /// On whose behalf.
    pub reader: Reader,
    /// What is wanted of their feed.
    pub filter: FeedFilter,
    /// If sums of their calls are wanted instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<UsageFilter>,
    /// If their reports on themselves are wanted instead, from as many as answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vitals: Option<VitalsAsked>,
}
