//! What a campaign and its trunk say to each other. The campaign asks; only the trunk admits.
//!
//! The trunk draws ids for as many calls as are free within the campaign's share. The campaign commits them with its
//! recipients before it hands the calls over, so that a repeat after a crash meets its own row. The trunk reports a call's
//! end as soon as it is over, and again whenever it is asked.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::HeldBy;
pub use crate::domain::call::GivenBack;
use crate::domain::call::{AnsweredBy, Call, CallRequest, CallStatus, Failure, FailureCode};
use crate::domain::calling_hours::{CallingHours, ZoneName};
use crate::domain::ids::{AgentId, CallId, CampaignId, KeyId, OrgId};
use crate::domain::phone::E164;
use crate::domain::time::{Span, Timestamp};

/// How long a granted id is valid, and no longer than until its campaign's next round: a call handed over later is not taken,
/// and another id is drawn for it.
pub const GOOD_FOR: Span = Span::from_secs(10);
/// How many calls are handed over at once.
pub const MOST_AT_ONCE: usize = 50;
/// How many recipients are checked at once.
pub const CHECKED_AT_ONCE: usize = 500;

/// How much of its trunk a campaign could use, and how much it is using.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    /// How many recipients could be called right now.
    pub ready: u32,
    /// How many are being called, including those handed over in this round.
    pub in_progress: u32,
    /// Its share of the channels, if limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_channels: Option<u32>,
    /// Its share of the dials per second, if limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cps: Option<u32>,
}

/// One round between a campaign and its trunk: it hands over calls, and asks for ids for the next ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// The organisation it belongs to.
    pub org: OrgId,
    /// Which campaign it is.
    pub campaign: CampaignId,
    /// The key that last started it.
    pub key: KeyId,
    /// Who talks.
    pub agent: AgentId,
    /// What it could use.
    pub demand: Demand,
    /// The calls handed over, [`MOST_AT_ONCE`] at most.
    pub calls: Vec<Handed>,
}

/// A call that a campaign hands over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Handed {
    /// Its id, granted by the trunk.
    pub call: CallId,
    /// The request; its `campaign` says whom it is for.
    pub request: CallRequest,
    /// It is not dialed from this moment on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
}

/// What the trunk answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoundAnswer {
    /// What became of each call handed over, in the same order.
    pub taken: Vec<(CallId, Taken)>,
    /// Ids for the next calls: as many as are free within the campaign's share, valid for [`GOOD_FOR`].
    pub granted: Vec<CallId>,
    /// When to ask again, if nothing is heard before.
    pub again_at: Timestamp,
    /// Why no more were granted, if more were wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<HeldBy>,
}

/// What became of a call that was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Taken {
    /// It is a call now, or already was one.
    Accepted,
    /// Nothing was created: what was free has gone to others meanwhile.
    NoRoom,
    /// Nothing was created: its id is too old, or was used for another.
    Stale,
    /// Nothing was created, for a reason that is not the recipient's.
    Held(HeldBy),
    /// Nothing was created: the key was revoked.
    KeyRevoked,
    /// Nothing was created, because of the recipient.
    Unfit(Standing),
}

/// Whether somebody may be called now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// They may be called.
    Ready,
    /// The trunk may not call their destination.
    NotAllowed,
    /// Their number can't exist, and the organisation refuses such numbers.
    Impossible,
    /// Their number is suppressed.
    Suppressed,
    /// Their number has reached a contact limit, until then if that is known.
    Limited(Option<Timestamp>),
    /// Calling hours are closed, until then if that is known.
    Closed(Option<Timestamp>),
    /// There are calling hours, and nobody knows what time it is there.
    ZoneUnknown,
    /// Their number could not be looked up: try again in a moment.
    NotAsked,
}

/// Asks how people who may be called soon stand now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The organisation whose campaign it is.
    pub org: OrgId,
    /// Who would talk.
    pub agent: AgentId,
    /// The campaign's own calling hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Box<CallingHours>>,
    /// Their numbers, each with its zone if one was given: [`CHECKED_AT_ONCE`] at most.
    pub people: Vec<(E164, Option<ZoneName>)>,
}

/// Why a campaign takes its calls back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TakeBack {
    /// It was paused: phones that are ringing go on ringing.
    Paused,
    /// It was cancelled: ringing phones are hung up, conversations go on.
    Canceled,
    /// It was cancelled together with all its calls.
    HungUp,
}

/// What became of a campaign's call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Became {
    /// It is in progress.
    Open,
    /// It is over.
    Over(Box<Ended>),
    /// There was no such call, and there will be none: asking withdraws an id that was granted.
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
    /// When it ended.
    pub ended_at: Timestamp,
    /// Who picked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<AnsweredBy>,
    /// Somebody picked up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_answered: bool,
    /// Its disposition, according to its agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition: Option<String>,
    /// Length of the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_secs: Option<u64>,
    /// Why it was given back undialed, if it was: taken back by its campaign, or put off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_back: Option<GivenBack>,
}

impl Ended {
    /// The end of a call that left its trunk before its campaign asked: how it ended is not known.
    #[must_use]
    pub fn unknown(now: Timestamp) -> Self {
        let failure = Failure::of(FailureCode::ResultUnknown);
        Self {
            status: failure.status(),
            failure: Some(failure),
            dialed_at: None,
            ended_at: now,
            answered_by: None,
            was_answered: false,
            disposition: None,
            duration_secs: None,
            given_back: None,
        }
    }

    /// Whether it is unknown how the call ended.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.failure
            .is_some_and(|failure| failure.code == FailureCode::ResultUnknown)
    }

    /// How a call ended; `None` while it goes on.
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
