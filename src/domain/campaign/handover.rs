//! What a campaign and its trunk say to each other. The campaign asks; the trunk alone admits.
//!
//! The trunk draws the ids of as many calls as are free within the campaign's share. The campaign commits them with its
//! recipients before it hands the calls over, so that a repeat after a crash meets its own row. What became of a call, the
//! trunk says as soon as it is over, and again as often as it is asked.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::HeldBy;
pub use crate::domain::call::GivenBack;
use crate::domain::call::{AnsweredBy, Call, CallRequest, CallStatus, Failure};
use crate::domain::calling_hours::{CallingHours, ZoneName};
use crate::domain::ids::{AgentId, CallId, CampaignId, KeyId, OrgId};
use crate::domain::phone::E164;
use crate::domain::time::{Span, Timestamp};

/// An id that was granted is good for so long, and until its campaign's next round: what is handed over later is not taken, and
/// another id is drawn for it.
pub const GOOD_FOR: Span = Span::from_secs(10);
/// How many calls are handed over at once.
pub const MOST_AT_ONCE: usize = 50;
/// How many recipients are checked at once.
pub const CHECKED_AT_ONCE: usize = 500;

/// What a campaign could use of its trunk, and what it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    /// How many recipients could be called at once.
    pub ready: u32,
    /// How many are being called, those that are handed over now among them.
    pub in_progress: u32,
    /// Its share of the channels, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_channels: Option<u32>,
    /// Its share of the dials in a second, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cps: Option<u32>,
}

/// A round of a campaign at its trunk: it hands over calls, and asks for ids for the next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// Whose it is.
    pub org: OrgId,
    /// Which campaign it is.
    pub campaign: CampaignId,
    /// The key that started it last.
    pub key: KeyId,
    /// Who talks.
    pub agent: AgentId,
    /// What it could use.
    pub demand: Demand,
    /// The calls it hands over, [`MOST_AT_ONCE`] at most.
    pub calls: Vec<Handed>,
}

/// A call that a campaign hands over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Handed {
    /// Its id, which the trunk had granted.
    pub call: CallId,
    /// What is asked for; its `campaign` says for whom.
    pub request: CallRequest,
    /// It is not dialed from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
}

/// What the trunk answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoundAnswer {
    /// What became of each call that was handed over, in their order.
    pub taken: Vec<(CallId, Taken)>,
    /// Ids for the next calls: as many as are free within the campaign's share, and good for [`GOOD_FOR`].
    pub granted: Vec<CallId>,
    /// When to ask again, if nothing is heard before; and why no more were granted.
    pub again_at: Timestamp,
    /// Why no more were granted than that, if more were wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<HeldBy>,
}

/// What became of a call that was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Taken {
    /// It is a call now, or was one before.
    Accepted,
    /// Nothing was created: what was free went to others meanwhile.
    NoRoom,
    /// Nothing was created: its id is too old, or was used for another.
    Stale,
    /// Nothing was created: for another reason than the recipient.
    Held(HeldBy),
    /// Nothing was created: the key was revoked.
    KeyRevoked,
    /// Nothing was created: for the recipient's sake.
    Unfit(Standing),
}

/// How somebody stands who is to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// They may be called.
    Ready,
    /// The trunk may not call there.
    NotAllowed,
    /// Their number can't exist, and the organisation refuses such numbers.
    Impossible,
    /// The number is not to be called.
    Suppressed,
    /// It was called as often as it may be, until then, if that is known.
    Limited(Option<Timestamp>),
    /// Calling hours are closed, until then, if ever.
    Closed(Option<Timestamp>),
    /// Nobody knows what time it is there, and there are calling hours.
    ZoneUnknown,
    /// What is known of the number could not be asked: look again in a moment.
    NotAsked,
}

/// People who may be called soon: how do they stand now?
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Whose campaign it is.
    pub org: OrgId,
    /// Who would talk.
    pub agent: AgentId,
    /// The campaign's own calling hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Box<CallingHours>>,
    /// Their numbers, each with its zone, if that was said: [`CHECKED_AT_ONCE`] at most.
    pub people: Vec<(E164, Option<ZoneName>)>,
}

/// Why a campaign takes back its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TakeBack {
    /// It was paused: phones that ring, ring on.
    Paused,
    /// It was called off: those who ring are hung up, those who talk go on.
    Canceled,
    /// It was called off with all its calls.
    HungUp,
}

/// What became of a campaign's call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Became {
    /// It is in progress.
    Open,
    /// It is over.
    Over(Box<Ended>),
    /// There is no such call, and there will be none: asking takes back an id that was granted.
    Nothing,
}

/// How a campaign's call ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// Its terminal status.
    pub status: CallStatus,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// When it was dialed, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialed_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Timestamp,
    /// Who picked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<AnsweredBy>,
    /// Somebody picked up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_answered: bool,
    /// What its agent said came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition: Option<String>,
    /// Length of the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_secs: Option<u64>,
    /// It was given back undialed: taken back by its campaign, or put off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_back: Option<GivenBack>,
}

impl Ended {
    /// How a call ended, if it is over.
    #[must_use]
    pub fn of(call: &Call) -> Option<Self> {
        let ended_at = call.ended_at.filter(|_| call.status.is_terminal())?;
        let word = |outcome: &Value| Some(outcome.get("disposition")?.as_str()?.to_owned());
        let own = call.request.campaign.as_ref();
        Some(Self {
            status: call.status,
            failure: call.failure,
            dialed_at: call.dialed_at,
            ended_at,
            answered_by: call.answered_by(),
            was_answered: call.answered_at.is_some(),
            disposition: call.outcome.as_ref().and_then(word),
            duration_secs: call.duration_secs(),
            given_back: own.and_then(|own| own.given_back),
        })
    }
}
