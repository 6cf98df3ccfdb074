//! What a response of LiveKit means for a call: the table of what a real stack was observed to do,
//! row by row in the tests beside it. The SIP status in the error's `meta` comes first, then Twirp's
//! `code`; the HTTP status says nothing (486 comes as 429, and is not a rate limit).

use serde_json::Value;

use super::requests::identity;
use crate::app::ports::TwirpAnswer;
use crate::domain::call::{Failure, FailureCode, Reason};
use crate::domain::ids::CallId;
use crate::domain::object::at;
use crate::domain::search;

/// The result of dialing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialed {
    /// The callee picked up.
    Answered,
    /// It did not connect, and why.
    Failed(Failure),
    /// Unknown: the request may have rung the phone, and may still.
    Unknown,
}

/// What the response to CreateSIPParticipant means. `rang` says whether the phone was seen ringing.
#[must_use]
pub fn dialed(answer: &TwirpAnswer, rang: bool) -> Dialed {
    let error = answer.json();
    if answer.status == 200 && error.is_object() {
        return Dialed::Answered;
    }
    let Some(code) = error.get("code").and_then(Value::as_str) else {
        // Not from LiveKit: something on the way to it gave up waiting.
        return Dialed::Unknown;
    };
    if let Some(status) = sip_status(&error) {
        return Dialed::Failed(Failure::sip(status));
    }
    let failure = match code {
        // A ringing timeout, or somebody hung up on this side.
        "canceled" if rang => Failure::of(FailureCode::NoAnswer),
        "canceled" => Failure::of(FailureCode::Unreachable),
        // The carrier was asked: it refused the credentials, or found no codec.
        "failed_precondition" => {
            let is_told = |reason: &Reason| {
                matches!(
                    reason,
                    Reason::CredentialsMissing | Reason::CredentialsRefused
                )
            };
            let told = Some(reason(answer)).filter(is_told);
            Failure::of(FailureCode::CarrierError).because(told)
        }
        _ => Failure::dialer(reason(answer)),
    };
    Dialed::Failed(failure)
}

/// Whether LiveKit did what it was asked: another server may answer 200 to anything.
#[must_use]
pub fn is_done(answer: &TwirpAnswer) -> bool {
    answer.status == 200 && answer.json().is_object()
}

/// Why no room was created: no SIP node is involved yet.
#[must_use]
pub fn room_refused(answer: &TwirpAnswer) -> Reason {
    match reason(answer) {
        Reason::NoSipNode | Reason::NodeSilent => Reason::NotReachable,
        Reason::UnknownTrunk => Reason::Refused,
        reason => reason,
    }
}

/// Why LiveKit, or whatever answers in its place, did not do what it was asked. The body is examined here and shown nowhere:
/// that of a 401 may contain the whole token.
#[must_use]
pub fn reason(answer: &TwirpAnswer) -> Reason {
    let error = answer.json();
    let text = |field| error.get(field).and_then(Value::as_str);
    let message = text("msg").unwrap_or(&answer.body);
    let says = |words: &str| search::contains(message, words);
    match (text("code"), answer.status) {
        (Some("not_found"), _) => Reason::UnknownTrunk,
        (Some("bad_route"), _) => Reason::NotLiveKit,
        (Some("resource_exhausted"), _) => Reason::NodeFull,
        // psrpc: every SIP node there is declined.
        (Some("unavailable"), _) if says("exhausted") || says("no servers available") => {
            Reason::NodeFull
        }
        (Some("unavailable"), _) => Reason::NoSipNode,
        (Some("internal"), _) if says("sip not connected") => Reason::NoSipNode,
        (Some("deadline_exceeded"), _) => Reason::NodeSilent,
        (Some("failed_precondition"), _) if says("no username or password") => {
            Reason::CredentialsMissing
        }
        (Some("failed_precondition"), _) if says("auth retry") => Reason::CredentialsRefused,
        (Some("permission_denied"), _) => Reason::NotPermitted,
        (Some("unauthenticated"), _) if says("permission") => Reason::NotPermitted,
        (Some("unauthenticated"), _) | (None, 401) => refused_token(message),
        (Some(_), _) => Reason::Refused,
        // A proxy in front of the server says that it is down.
        (None, 500..=599) => Reason::NotReachable,
        (None, _) => Reason::NotLiveKit,
    }
}

/// What a LiveKit server objects to in a token, in plain words. No base64 contains any of these, so a token among them does no harm.
fn refused_token(words: &str) -> Reason {
    let has = |part: &str| search::contains(words, part);
    if has("API key") {
        Reason::WrongKey
    } else if has("token is expired") || has("not valid yet") {
        Reason::WrongClock
    } else if words.trim_start().starts_with('<') {
        Reason::NotLiveKit
    } else {
        Reason::WrongSecret
    }
}

/// `meta.sip_status_code`: a number in a string, or a plain number.
fn sip_status(error: &Value) -> Option<u16> {
    let status = error.get("meta")?.get("sip_status_code")?;
    let number = match status {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_u64().and_then(|number| u16::try_from(number).ok()),
    };
    number.filter(|status| (300..700).contains(status))
}

/// The callee's state according to `sip.callStatus`, in the order of progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Callee {
    /// Not ringing yet.
    Dialing,
    /// The phone rings.
    Ringing,
    /// In conversation.
    Active,
    /// Gone, or leaving.
    Gone,
}

impl Callee {
    /// Parses the status; one that only a newer server knows is taken for a call that goes on.
    #[must_use]
    pub fn of(status: &str) -> Self {
        match status {
            "ringing" | "automation" => Self::Ringing,
            "active" => Self::Active,
            "hangup" => Self::Gone,
            _ => Self::Dialing,
        }
    }
}

fn is_not_found(status: u16, body: &Value) -> bool {
    match body.get("code").and_then(Value::as_str) {
        Some(code) => code == "not_found",
        // A bare 404 means a wrong address, and says nothing about a room.
        None => status == 404 && body.is_object(),
    }
}

/// Whether a room is gone after DeleteRoom.
#[must_use]
pub fn deleted(answer: &TwirpAnswer) -> bool {
    is_done(answer) || is_not_found(answer.status, &answer.json())
}

/// Whether a call's agent is in its room. A worker that took the job proves nothing: its process may never connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentSeen {
    /// No agent at all.
    Absent,
    /// Joining: it can neither hear nor speak yet.
    Coming,
    /// In the room.
    There,
}

/// Who is in a call's room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InRoom {
    /// The agent; if there are several, the one furthest along.
    pub agent: AgentSeen,
    /// The callee; [`Callee::Gone`] if they are not there, any more or yet.
    pub callee: Callee,
}

/// What the response to ListParticipants says about a call's room; `None` if it says nothing.
#[must_use]
pub fn in_room(answer: &TwirpAnswer, call: CallId) -> Option<InRoom> {
    let body = answer.json();
    let participants = body.get("participants").and_then(Value::as_array)?;
    if answer.status != 200 {
        return None;
    }
    let identity = identity(call);
    let mut seen = InRoom {
        agent: AgentSeen::Absent,
        callee: Callee::Gone,
    };
    for participant in participants {
        let text = |pointer: &str| at(participant, pointer).and_then(Value::as_str);
        let state = text("/state").unwrap_or_default();
        if state == "DISCONNECTED" {
            continue;
        }
        if text("/identity") == Some(&identity) {
            seen.callee = Callee::of(text("/attributes/sip.callStatus").unwrap_or_default());
        } else if text("/kind") == Some("AGENT") && seen.agent != AgentSeen::There {
            seen.agent = match state {
                "ACTIVE" => AgentSeen::There,
                _ => AgentSeen::Coming,
            };
        }
    }
    Some(seen)
}

#[cfg(test)]
mod tests;
