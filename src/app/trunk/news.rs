//! The events of the live feed, as clients see them.

use serde_json::Value;

use super::position::{Logged, LoggedCampaign, Position};
use crate::app::iso8601;
use crate::app::json::{self, value};
use crate::app::views::call::ListedCall;
use crate::domain::call::{Call, CallStatus, FeedEntry, Transition};
use crate::domain::ids::TrunkId;
use crate::domain::object::object;
use crate::domain::settings::Settings;

/// The type of a trunk's own events.
pub const TRUNK_UPDATED: &str = "trunk.updated";

/// The type of campaigns' events.
pub const CAMPAIGN_UPDATED: &str = "campaign.updated";

/// The types of events.
pub const TYPES: [&str; 12] = [
    "call.initiating",
    "call.ringing",
    "call.answered",
    "call.completed",
    "call.declined",
    "call.rejected",
    "call.failed",
    "callback.delivered",
    "callback.failed",
    "callback.exhausted",
    TRUNK_UPDATED,
    CAMPAIGN_UPDATED,
];

/// A type's index in [`TYPES`], as the log stores it: new ones are added at the end.
pub(super) fn kind(name: &str) -> Option<u8> {
    let place = TYPES.iter().position(|known| *known == name)?;
    u8::try_from(place).ok()
}

/// Something that listeners are told about.
pub enum FeedItem<'a> {
    /// A call's transition.
    Transition(&'a Call, FeedEntry),
    /// A trunk's new state.
    State(TrunkId, &'a Logged),
    /// A campaign, as it last reported itself.
    Campaign(&'a LoggedCampaign),
}

impl FeedItem<'_> {
    /// Its place in the feed.
    pub fn place(&self) -> Position {
        match self {
            Self::Transition(call, told) => Position::new(told.at, call.id),
            Self::State(trunk, logged) => Position::of_state(logged.at, *trunk),
            Self::Campaign(logged) => Position::of_campaign(logged.at, logged.id),
        }
    }

    /// Its type, one of [`TYPES`].
    pub fn name(&self) -> &'static str {
        match self {
            Self::Transition(call, told) => name(call, told.transition),
            Self::State(..) => TRUNK_UPDATED,
            Self::Campaign(_) => CAMPAIGN_UPDATED,
        }
    }

    /// `{"id", "type", "at", "data"}`.
    pub fn view(&self, settings: &Settings) -> Value {
        let data = match self {
            Self::Transition(call, told) if told.transition.is_of_callback() => {
                attempt(call, *told)
            }
            Self::Transition(call, told) => {
                value(&ListedCall::of(&as_of(call, *told), told.at, settings))
            }
            Self::State(trunk, logged) => state(logged, *trunk),
            Self::Campaign(logged) => json::read(&logged.view).unwrap_or_default(),
        };
        let place = self.place();
        object! {"id": place.cursor(), "type": self.name(), "at": iso8601::format(place.at), "data": data}
    }
}

/// The type of a transition's event: at the end, that of the call's callback.
pub(super) fn name(call: &Call, transition: Transition) -> &'static str {
    match transition {
        Transition::Initiating => "call.initiating",
        Transition::Ringing => "call.ringing",
        Transition::Answered => "call.answered",
        Transition::Ended => match call.status {
            CallStatus::Completed => "call.completed",
            CallStatus::Decline => "call.declined",
            CallStatus::RejectedCapacity => "call.rejected",
            // Only terminal calls have an end to report: the last three never occur.
            CallStatus::TriggerFailed
            | CallStatus::SipCallFailed
            | CallStatus::Initiating
            | CallStatus::Ringing
            | CallStatus::Answered => "call.failed",
        },
        Transition::Delivered => "callback.delivered",
        Transition::Failed => "callback.failed",
        Transition::Exhausted => "callback.exhausted",
    }
}

/// The call as it was at a transition.
fn as_of(call: &Call, told: FeedEntry) -> Call {
    let mut then = call.clone();
    if told.transition == Transition::Ended {
        return then;
    }
    then.ended_at = None;
    then.outcome = None;
    then.transcript_url = None;
    then.recording_url = None;
    then.updated_at = told.at;
    then.dialed_at = then
        .dialed_at
        .filter(|_| told.transition != Transition::Initiating);
    then.status = match told.transition {
        Transition::Answered => CallStatus::Answered,
        Transition::Ringing => CallStatus::Ringing,
        _ => CallStatus::Initiating,
    };
    then.answered_at = then
        .answered_at
        .filter(|_| told.transition == Transition::Answered);
    then
}

fn attempt(call: &Call, told: FeedEntry) -> Value {
    let up_to = call.feed.iter().take_while(|known| known.at <= told.at);
    let number = up_to
        .filter(|known| known.transition.is_of_callback())
        .count();
    let callback = call.callback.as_ref();
    let attempt = callback.and_then(|callback| callback.attempt(number));
    object! {
        "call_id": call.id,
        "delivery_id": callback.map(|callback| callback.id),
        "attempt": number,
        "status_code": attempt.and_then(|attempt| attempt.status_code),
        "error": attempt.and_then(|attempt| attempt.error.as_deref()),
    }
}

fn state(Logged { state, .. }: &Logged, trunk: TrunkId) -> Value {
    object! {
        "sip_trunk_id": trunk,
        "status": value(&state.status),
        "max_cps": state.max_cps,
        "max_channels": state.max_channels,
        "breaker": if state.open_until.is_some() { "open" } else { "closed" },
        "retry_at": state.open_until.map(iso8601::format),
    }
}
