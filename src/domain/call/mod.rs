//! The life of one call, as told by its row.
//!
//! A call takes events from the carrier, each with the time at which it happened, and only moves
//! forward: a late or repeated event changes nothing, and a terminal state is final. [`Call::due`] is
//! the moment it waits for; [`Call::advance`] does what is to be done then.

mod bound;
mod campaign;
mod contact;
mod deadlines;
mod end;
mod event;
mod phase;
mod reason;
mod schedule;
mod series;
mod status;
mod timeline;
mod transition;
mod transitions;
mod volatile;
mod words;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use bound::{longest, watchdogs};
pub use campaign::{CampaignCall, GivenBack};
pub use deadlines::{
    AT_ONCE, DISPATCH_AGAIN, DISPATCH_DEADLINE, END_GRACE, PRESUMED_AFTER, RECENT, REPORT_GRACE,
    REPORT_GRACE_AT_ONCE, RING_GRACE, SETUP_LIMIT, TEARDOWN_PATIENCE,
};
pub use end::{AgentVerdict, BROKEN_OFF_WITHIN, Farewell, Report};
pub use event::{CarrierEvent, InquiryResult, Timed};
pub use phase::Phase;
pub use reason::Reason;
pub use schedule::{LONGEST_UNASKED, Schedule, ScheduleReason, Slot, Window};
pub use series::cause;
pub use status::{AnsweredBy, CallStatus, Failure, FailureCode, FailureSource};
pub use timeline::TimelineEntry;
pub use transition::{FeedEntry, Transition};
pub use volatile::Volatile;

use super::callback::Delivery;
use super::calling_hours::ZoneName;
use super::ids::{AgentId, CallId, IdKey, KeyId, OrgId, TrunkId};
use super::media::MediaPolicy;
use super::phone::E164;
use super::redial::{Redial, Series};
use super::settings::Settings;
use super::time::Timestamp;

/// The parts of an agent that a call needs: a copy, so that the call runs as it was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallAgent {
    /// Which agent.
    pub id: AgentId,
    /// Its name on the LiveKit server.
    pub code: String,
    /// The fields it requires.
    pub fields: Vec<String>,
}

/// A request for a call, complete and checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallRequest {
    /// The organisation the call belongs to.
    pub org: OrgId,
    /// The trunk it goes out through.
    pub trunk: TrunkId,
    /// The key that requested it.
    pub key: KeyId,
    /// The number to call.
    pub phone: E164,
    /// Who talks.
    pub agent: CallAgent,
    /// What the agent is told; kept as given.
    pub metadata: Option<Map<String, Value>>,
    /// Where the result goes.
    pub callback_url: Option<String>,
    /// The time zone of the phone, if the request gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<ZoneName>,
    /// It may ring outside calling hours.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignores_hours: bool,
    /// When to call again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redial: Option<Redial>,
    /// The campaign it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<Box<CampaignCall>>,
}

/// A call. Stored as JSON: a new field needs a default, and a golden file of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Its id, which says when it was accepted.
    pub id: CallId,
    /// What was asked for.
    pub request: CallRequest,
    /// Where it is.
    pub status: CallStatus,
    /// How long it waits for capacity at most, while it is in its trunk's queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "waits_until")]
    pub queued_until: Option<Timestamp>,
    /// When it left the queue for the dialer, if it was ever queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promoted_at: Option<Timestamp>,
    /// When a dialer claimed it; from then on it is never dialed again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialed_at: Option<Timestamp>,
    /// When the phone began to ring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ringing_at: Option<Timestamp>,
    /// When the person picked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Timestamp>,
    /// When it ended; an answered call may still wait for its agent's report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Its outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Value>,
    /// Where the transcript is, according to its agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript_url: Option<String>,
    /// Where the recording is, according to its agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording_url: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What was reported about the failure, for the timeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_detail: Option<String>,
    /// What a simulated carrier is going to do. It is committed with the dial, so each of these events
    /// is known from the row alone, and only the last needs a write of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plan: Vec<Timed>,
    /// The state of its callback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<Delivery>,
    /// What the live feed tells about it, from ringing on.
    #[serde(default, skip_serializing_if = "Vec::is_empty", rename = "told")]
    pub feed: Vec<FeedEntry>,
    /// Until then its dial counts against `max_cps`, if it was queued: the call stays open that long,
    /// so that a restart finds it, however old it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "paced_until")]
    pub counts_against_cps_until: Option<Timestamp>,
    /// Open for longer than [`RECENT`]: an index finds it after a restart.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[serde(rename = "late")]
    pub long_lived: bool,
    /// What is kept of it: transcript, recording.
    #[serde(default, skip_serializing_if = "MediaPolicy::nothing")]
    #[serde(rename = "keeps")]
    pub media_policy: MediaPolicy,
    /// The carrier may hold a room for it, which must be deleted once the call is over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[serde(rename = "room")]
    pub has_room: bool,
    /// The carrier sends webhooks about it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub announced: bool,
    /// Its agent's word that it is done with a conversation which, as far as is known, goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub farewell: Option<Farewell>,
    /// Its end was found by an inquiry: it may have ended earlier, and its agent may know when.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub found_over: bool,
    /// It was hung up at once: its agent's report is awaited for less long.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_once: bool,
    /// When it may be dialed, unless that is whenever there is capacity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// The zone where calling hours were closed when it was last put off, by its current name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_in: Option<ZoneName>,
    /// The ticket of its place among the dials to its number, where limits apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<u64>,
    /// Tickets of places that it does not need and that must be given back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owes: Vec<u64>,
    /// Which attempt it is, if it is one of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<Series>,
    /// What is known of it that its row does not hold.
    #[serde(skip)]
    pub volatile: Volatile,
}

/// What a call wants done; each effect is safe to repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEffect {
    /// Hand it to the dispatch queue.
    Dispatch,
    /// Ask the carrier about it.
    Inquire,
    /// Have the carrier hang up and clean up after it.
    TearDown,
    /// Send attempt number n of its callback.
    Callback(u32),
    /// Keep its place among the dials to its number.
    KeepPlace,
    /// Give back the places that it does not need.
    GiveBack,
    /// Tell its campaign how it ended.
    TellCampaign,
}

/// What [`Call::advance`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advance {
    /// The row must be written: something happened that its plan does not contain.
    pub write: bool,
    /// What is to be done.
    pub effects: Vec<CallEffect>,
}

impl Call {
    /// An accepted call that waits for a dialer; its first dispatch is already under way.
    #[must_use]
    pub fn accepted(id: CallId, request: CallRequest, now: Timestamp) -> Self {
        Self {
            id,
            series: request.redial.as_ref().map(|_| Series::begins(id)),
            request,
            status: CallStatus::Initiating,
            queued_until: None,
            promoted_at: None,
            dialed_at: None,
            ringing_at: None,
            answered_at: None,
            ended_at: None,
            updated_at: now,
            outcome: None,
            transcript_url: None,
            recording_url: None,
            failure: None,
            failure_detail: None,
            plan: Vec::new(),
            callback: None,
            feed: Vec::new(),
            counts_against_cps_until: None,
            long_lived: false,
            media_policy: MediaPolicy::default(),
            has_room: false,
            announced: false,
            farewell: None,
            found_over: false,
            at_once: false,
            schedule: None,
            closed_in: None,
            ticket: None,
            owes: Vec::new(),
            volatile: Volatile {
                dispatch_at: now + DISPATCH_AGAIN,
                ..Volatile::default()
            },
        }
    }

    /// An accepted call that waits in the queue for capacity, until `until` at most.
    #[must_use]
    pub fn queued(id: CallId, request: CallRequest, until: Timestamp, now: Timestamp) -> Self {
        let mut call = Self::accepted(id, request, now);
        call.queued_until = Some(until);
        call.volatile.dispatch_at = Timestamp::MAX;
        call
    }

    /// A call that was refused for lack of capacity: terminal from the start.
    #[must_use]
    pub fn rejected(
        id: CallId,
        request: CallRequest,
        code: FailureCode,
        key: &IdKey,
        now: Timestamp,
    ) -> Self {
        let mut call = Self::accepted(id, request, now);
        call.end(
            CallStatus::RejectedCapacity,
            Some(Failure::of(code)),
            now,
            key,
        );
        call
    }

    /// Whether it was accepted, whatever happened to it since: a refused call never waited for anything.
    #[must_use]
    pub fn was_accepted(&self) -> bool {
        let waited = self.queued_until.is_some() || self.schedule.is_some();
        self.status != CallStatus::RejectedCapacity || waited
    }

    /// Whether it counts as one of the calls of the day on which it was accepted. An attempt that follows another counts when it is due.
    #[must_use]
    pub fn counts_from_the_first(&self) -> bool {
        self.was_accepted() && !self.series.is_some_and(Series::follows)
    }

    /// When it was accepted, or refused.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.id.address().at
    }

    /// Whether it takes up one of its trunk's channels.
    #[must_use]
    pub fn holds_channel(&self) -> bool {
        self.phase().holds_channel()
    }

    /// Whether it is in progress or about to be, so that its trunk holds an entry for it: apart from its callback, something
    /// is still to happen to it, and it is not waiting on the schedule.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let is_at_rest = matches!(self.phase(), Phase::Over | Phase::Scheduled { .. });
        !is_at_rest
            || self.has_room
            || self.counts_against_cps_until.is_some()
            || !self.owes.is_empty()
    }

    /// Whether it was answered, still goes on, and has had no news for suspiciously long.
    #[must_use]
    pub fn is_stalled(&self, now: Timestamp, settings: &Settings) -> bool {
        let talks = matches!(self.phase(), Phase::Talking { .. });
        talks && now > self.updated_at + settings.stalled_after
    }

    /// Length of the conversation in whole seconds, rounded down; `None` unless answered and over.
    #[must_use]
    pub fn duration_secs(&self) -> Option<u64> {
        Some((self.ended_at? - self.answered_at?).as_secs())
    }

    /// Who picked up, once the call is terminal and its result is complete; `None` when nobody did. The agent's outcome
    /// says it in `answered_by`; failing that, the disposition `voicemail` does.
    #[must_use]
    pub fn answered_by(&self) -> Option<AnsweredBy> {
        self.answered_at.filter(|_| self.status.is_terminal())?;
        let outcome = self.outcome.as_ref();
        let word = |field: &str| outcome.and_then(|outcome| outcome.get(field)?.as_str());
        Some(match (word("answered_by"), word("disposition")) {
            (Some("human"), _) => AnsweredBy::Human,
            (Some("voicemail" | "machine"), _) | (None, Some("voicemail")) => AnsweredBy::Machine,
            _ => AnsweredBy::Unknown,
        })
    }

    /// The conversation's outcome in one word, once the call is terminal, if its agent gave one.
    #[must_use]
    pub fn disposition(&self) -> Option<&str> {
        let outcome = self.outcome.as_ref();
        let outcome = outcome.filter(|_| self.status.is_terminal())?;
        outcome.get("disposition")?.as_str()
    }

    /// Why it failed, or was ended early, once it is terminal.
    #[must_use]
    pub fn final_failure(&self) -> Option<Failure> {
        self.failure.filter(|_| self.status.is_terminal())
    }
}
