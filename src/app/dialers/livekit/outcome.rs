//! What an answer of LiveKit means for a call: the table of what a real stack was seen to do,
//! row by row in the tests below. The SIP status in the error's `meta` comes first, then Twirp's
//! `code`; the HTTP status says nothing (486 comes as 429, and is no rate limit).

use serde_json::Value;

use super::requests::identity;
use crate::app::ports::TwirpAnswer;
use crate::domain::call::{Failure, FailureCode, Reason};
use crate::domain::ids::CallId;
use crate::domain::object::at;
use crate::domain::search;

/// What came of dialing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialed {
    /// The person picked up.
    Answered,
    /// It did not connect, and why.
    Failed(Failure),
    /// Nobody can say: the request may have rung the phone, and may ring it still.
    Unknown,
}

/// What the answer to CreateSIPParticipant means. `rang` says whether the phone was seen ringing.
#[must_use]
pub fn dialed(answer: &TwirpAnswer, rang: bool) -> Dialed {
    let error = answer.json();
    if answer.status == 200 && error.is_object() {
        return Dialed::Answered;
    }
    let Some(code) = error.get("code").and_then(Value::as_str) else {
        // Not LiveKit's: something on the way there gave up waiting.
        return Dialed::Unknown;
    };
    if let Some(status) = sip_status(&error) {
        return Dialed::Failed(Failure::sip(status));
    }
    let failure = match code {
        // A ringing timeout, or somebody hung up here.
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

/// Whether LiveKit did what it was asked: another server may say 200 to anything.
#[must_use]
pub fn is_done(answer: &TwirpAnswer) -> bool {
    answer.status == 200 && answer.json().is_object()
}

/// Why no room was made: no SIP node has a part in that yet.
#[must_use]
pub fn room_refused(answer: &TwirpAnswer) -> Reason {
    match reason(answer) {
        Reason::NoSipNode | Reason::NodeSilent => Reason::NotReachable,
        Reason::UnknownTrunk => Reason::Refused,
        reason => reason,
    }
}

/// Why LiveKit, or what answers in its place, did not do what it was asked. The body is looked at here and shown nowhere:
/// that of a 401 may hold the whole token.
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
        // psrpc: each SIP node that there is declined.
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
        // What stands in front of the server says that it is away.
        (None, 500..=599) => Reason::NotReachable,
        (None, _) => Reason::NotLiveKit,
    }
}

/// What a LiveKit server has against a token, in plain words. No base64 holds any of these, so a token in them does no harm.
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

/// `meta.sip_status_code`: a number in a string, or just a number.
fn sip_status(error: &Value) -> Option<u16> {
    let status = error.get("meta")?.get("sip_status_code")?;
    let number = match status {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_u64().and_then(|number| u16::try_from(number).ok()),
    };
    number.filter(|status| (300..700).contains(status))
}

/// How the person called fares, as `sip.callStatus` says; in the order in which that comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Callee {
    /// Not ringing yet.
    Dialing,
    /// The phone rings.
    Ringing,
    /// In conversation.
    Active,
    /// Gone, or on the way out.
    Gone,
}

impl Callee {
    /// Reads the status; what a newer server may call it is taken for one that goes on.
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
        // A bare 404 is a wrong address, not a word about a room.
        None => status == 404 && body.is_object(),
    }
}

/// Whether a room is gone after DeleteRoom.
#[must_use]
pub fn deleted(answer: &TwirpAnswer) -> bool {
    is_done(answer) || is_not_found(answer.status, &answer.json())
}

/// Whether a call's agent is in its room. That a worker took the job says nothing of it: its process may never connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentSeen {
    /// No agent at all.
    Absent,
    /// On the way in: it can neither hear nor speak yet.
    Coming,
    /// In the room.
    There,
}

/// Who is in a call's room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InRoom {
    /// The agent; of several, the one that is furthest in.
    pub agent: AgentSeen,
    /// The person called; [`Callee::Gone`] when nobody is there, any more or yet.
    pub callee: Callee,
}

/// What the answer to ListParticipants says of a call's room; `None` when it says nothing.
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
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::call::{CallStatus, FailureSource};
    use crate::domain::time::Millis;

    #[test]
    fn what_kept_livekit_from_it_is_told_apart() {
        use Reason::*;
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJBUEkifQ.c2lnbmF0dXJl";
        let twirp = |code: &str, msg: &str| json!({"code": code, "msg": msg}).to_string();
        let html = "<html>502 Bad Gateway</html>".to_owned();
        for (status, body, expected) in [
            (401, "invalid API key: APIother".into(), WrongKey),
            (
                401,
                twirp("unauthenticated", "invalid API key: x"),
                WrongKey,
            ),
            (
                401,
                format!("invalid token: {token}, error: go-jose: error in cryptographic primitive"),
                WrongSecret,
            ),
            (
                401,
                "invalid authorization token: signature is invalid".into(),
                WrongSecret,
            ),
            (
                401,
                format!("invalid token: {token}, error: token is expired (exp)"),
                WrongClock,
            ),
            (
                401,
                format!("invalid token: {token}, error: token not valid yet (nbf)"),
                WrongClock,
            ),
            (
                401,
                twirp("unauthenticated", "permissions denied"),
                NotPermitted,
            ),
            (401, "<html>please sign in</html>".into(), NotLiveKit),
            (403, twirp("permission_denied", "…"), NotPermitted),
            (
                404,
                twirp("not_found", "requested sip trunk does not exist"),
                UnknownTrunk,
            ),
            (404, twirp("bad_route", "no handler for path"), NotLiveKit),
            (
                503,
                twirp("unavailable", "no response from servers"),
                NoSipNode,
            ),
            (
                500,
                twirp("internal", "sip not connected (redis required)"),
                NoSipNode,
            ),
            (503, twirp("unavailable", "cpu exhausted"), NodeFull),
            (
                503,
                twirp("unavailable", "no servers available (received 2 responses)"),
                NodeFull,
            ),
            (429, twirp("resource_exhausted", "…"), NodeFull),
            (408, twirp("deadline_exceeded", "…"), NodeSilent),
            (
                412,
                twirp(
                    "failed_precondition",
                    "sip server required auth, but no username or password was provided",
                ),
                CredentialsMissing,
            ),
            (
                412,
                twirp(
                    "failed_precondition",
                    "max auth retry attempts reached for SIP invite",
                ),
                CredentialsRefused,
            ),
            (500, twirp("internal", "…"), Refused),
            (400, twirp("invalid_argument", "…"), Refused),
            (502, html.clone(), NotReachable),
            (530, html.clone(), NotReachable),
            (200, html.clone(), NotLiveKit),
            (200, String::new(), NotLiveKit), // too long to be read
            (404, html.clone(), NotLiveKit),
            (301, String::new(), NotLiveKit),
            (
                404,
                json!({"error": "no such page"}).to_string(),
                NotLiveKit,
            ),
        ] {
            let answer = TwirpAnswer { status, body };
            assert_eq!(reason(&answer), expected, "{status} {}", answer.body);
            assert!(!format!("{answer:?}").contains(&answer.body) || answer.body.is_empty());
        }
        let unavailable = TwirpAnswer {
            status: 503,
            body: twirp("unavailable", "no response from servers"),
        };
        assert_eq!(room_refused(&unavailable), NotReachable);
        assert!(!is_done(&TwirpAnswer {
            status: 200,
            body: html
        }));
    }

    fn error(status: u16, code: &str, sip: Option<&str>) -> TwirpAnswer {
        let mut body = json!({"code": code, "msg": "…"});
        if let Some(sip) = sip {
            body["meta"] = json!({"sip_status": "…", "sip_status_code": sip, "error_details": "…"});
        }
        TwirpAnswer {
            status,
            body: body.to_string(),
        }
    }

    #[test]
    fn the_table_row_by_row() {
        use CallStatus::{Decline, SipCallFailed, TriggerFailed};
        use FailureCode::*;
        use FailureSource::{Callee, Carrier, Dialer};
        for (answer, rang, status, code, source, sip) in [
            (
                error(429, "resource_exhausted", Some("486")),
                true,
                Decline,
                Busy,
                Callee,
                Some(486),
            ),
            (
                error(429, "resource_exhausted", Some("600")),
                true,
                Decline,
                Busy,
                Callee,
                Some(600),
            ),
            (
                error(403, "permission_denied", Some("603")),
                true,
                Decline,
                Declined,
                Callee,
                Some(603),
            ),
            (
                error(403, "permission_denied", Some("607")),
                true,
                Decline,
                Declined,
                Callee,
                Some(607),
            ),
            (
                error(403, "permission_denied", Some("608")),
                false,
                Decline,
                Declined,
                Callee,
                Some(608),
            ),
            (
                error(412, "failed_precondition", Some("503")),
                false,
                SipCallFailed,
                CarrierError,
                Carrier,
                Some(503),
            ),
            (
                error(500, "internal", Some("500")),
                false,
                SipCallFailed,
                CarrierError,
                Carrier,
                Some(500),
            ),
            (
                error(429, "resource_exhausted", Some("480")),
                true,
                SipCallFailed,
                NoAnswer,
                Callee,
                Some(480),
            ),
            (
                error(408, "deadline_exceeded", Some("408")),
                true,
                SipCallFailed,
                NoAnswer,
                Callee,
                Some(408),
            ),
            (
                error(404, "not_found", Some("404")),
                false,
                SipCallFailed,
                Unreachable,
                Carrier,
                Some(404),
            ),
            (
                error(408, "canceled", None),
                true,
                SipCallFailed,
                NoAnswer,
                Callee,
                None,
            ),
            (
                error(408, "canceled", None),
                false,
                SipCallFailed,
                Unreachable,
                Carrier,
                None,
            ),
            (
                error(408, "deadline_exceeded", None),
                true,
                SipCallFailed,
                DialerUnavailable,
                Dialer,
                None,
            ),
            (
                error(408, "deadline_exceeded", None),
                false,
                SipCallFailed,
                DialerUnavailable,
                Dialer,
                None,
            ),
            (
                error(412, "failed_precondition", None),
                false,
                SipCallFailed,
                CarrierError,
                Carrier,
                None,
            ),
            (
                error(412, "failed_precondition", None),
                true,
                SipCallFailed,
                CarrierError,
                Carrier,
                None,
            ),
            (
                error(404, "not_found", Some("302")),
                false,
                SipCallFailed,
                CarrierError,
                Carrier,
                Some(302),
            ),
            (
                error(400, "invalid_argument", Some("400")),
                false,
                SipCallFailed,
                CarrierError,
                Carrier,
                Some(400),
            ),
            (
                error(400, "invalid_argument", Some("484")),
                false,
                SipCallFailed,
                Unreachable,
                Carrier,
                Some(484),
            ),
            (
                error(400, "invalid_argument", Some("488")),
                false,
                SipCallFailed,
                CarrierError,
                Carrier,
                Some(488),
            ),
            (
                error(400, "invalid_argument", Some("606")),
                true,
                SipCallFailed,
                CarrierError,
                Carrier,
                Some(606),
            ),
            (
                error(400, "invalid_argument", Some("699")),
                true,
                SipCallFailed,
                CarrierError,
                Carrier,
                Some(699),
            ),
            (
                error(409, "aborted", Some("487")),
                true,
                SipCallFailed,
                CarrierError,
                Carrier,
                Some(487),
            ),
            (
                error(404, "not_found", Some("604")),
                false,
                SipCallFailed,
                Unreachable,
                Carrier,
                Some(604),
            ),
            (
                error(410, "not_found", Some("410")),
                false,
                SipCallFailed,
                Unreachable,
                Carrier,
                Some(410),
            ),
            (
                error(503, "unavailable", None),
                false,
                TriggerFailed,
                DialerUnavailable,
                Dialer,
                None,
            ),
            (
                error(401, "unauthenticated", None),
                false,
                TriggerFailed,
                DialerUnavailable,
                Dialer,
                None,
            ),
            (
                error(500, "internal", None),
                false,
                TriggerFailed,
                DialerUnavailable,
                Dialer,
                None,
            ),
            (
                error(404, "not_found", None),
                false,
                TriggerFailed,
                DialerUnavailable,
                Dialer,
                None,
            ),
            (
                error(400, "invalid_argument", None),
                false,
                TriggerFailed,
                DialerUnavailable,
                Dialer,
                None,
            ),
            (
                error(429, "resource_exhausted", None),
                false,
                TriggerFailed,
                DialerUnavailable,
                Dialer,
                None,
            ),
        ] {
            let Dialed::Failed(failure) = dialed(&answer, rang) else {
                panic!("{answer:?}")
            };
            let seen = (
                failure.status(),
                failure.code,
                failure.source(),
                failure.sip_status_code,
            );
            assert_eq!(seen, (status, code, source, sip), "{answer:?}");
        }
        let ok = TwirpAnswer {
            status: 200,
            body: json!({"participant_id": "PA_1", "sip_call_id": "SCL_1"}).to_string(),
        };
        assert_eq!(dialed(&ok, false), Dialed::Answered);
    }

    #[test]
    fn what_a_proxy_says_is_no_outcome() {
        for (status, body) in [
            (200, "<html>"),
            (502, "<html>"),
            (504, ""),
            (429, "{}"),
            (408, "[]"),
            (500, "null"),
        ] {
            let answer = TwirpAnswer {
                status,
                body: body.into(),
            };
            assert_eq!(dialed(&answer, true), Dialed::Unknown, "{status} {body}");
        }
    }

    #[test]
    fn the_callee_is_seen_by_its_attribute() {
        let call = CallId::floor(Millis(0));
        let seen = |attributes: Value| {
            let callee =
                json!({"identity": identity(call), "kind": "SIP", "attributes": attributes});
            let answer = TwirpAnswer {
                status: 200,
                body: json!({"participants": [callee]}).to_string(),
            };
            in_room(&answer, call).map(|room| room.callee)
        };
        let with = |word: &str| json!({"sip.callStatus": word});
        assert_eq!(seen(with("dialing")), Some(Callee::Dialing));
        assert_eq!(seen(with("ringing")), Some(Callee::Ringing));
        assert_eq!(seen(with("active")), Some(Callee::Active));
        assert_eq!(seen(with("automation")), Some(Callee::Ringing));
        assert_eq!(seen(with("hangup")), Some(Callee::Gone));
        assert_eq!(seen(with("levitating")), Some(Callee::Dialing));
        assert_eq!(seen(json!({})), Some(Callee::Dialing));
    }

    #[test]
    fn an_agent_is_there_once_it_is_active_in_the_room() {
        let call = CallId::floor(Millis(0));
        let answer = |status, body: Value| TwirpAnswer {
            status,
            body: body.to_string(),
        };
        let seen = |participants: Value| {
            in_room(&answer(200, json!({"participants": participants})), call)
        };
        let nobody = InRoom {
            agent: AgentSeen::Absent,
            callee: Callee::Gone,
        };
        let agent =
            |state: &str| json!({"identity": "agent-AJ_1", "kind": "AGENT", "state": state});
        let callee = |status: &str| {
            json!({"identity": identity(call), "kind": "SIP", "state": "ACTIVE",
                   "attributes": {"sip.callStatus": status}})
        };
        let with = |seen| {
            Some(InRoom {
                agent: seen,
                ..nobody
            })
        };
        assert_eq!(seen(json!([])), Some(nobody));
        assert_eq!(seen(json!([agent("ACTIVE")])), with(AgentSeen::There));
        assert_eq!(seen(json!([agent("JOINING")])), with(AgentSeen::Coming));
        assert_eq!(seen(json!([agent("JOINED")])), with(AgentSeen::Coming));
        assert_eq!(seen(json!([agent("DISCONNECTED")])), Some(nobody));
        let two = json!([agent("ACTIVE"), agent("JOINING")]);
        assert_eq!(seen(two), with(AgentSeen::There));
        // Whoever else is there is no agent, whatever it calls itself.
        for kind in ["STANDARD", "SIP", "EGRESS", "INGRESS", "CONNECTOR"] {
            let other = json!([{"identity": "agent-AJ_1", "kind": kind, "state": "ACTIVE"}]);
            assert_eq!(seen(other), Some(nobody), "{kind}");
        }
        let both = seen(json!([callee("ringing"), agent("ACTIVE")]));
        let ringing = InRoom {
            agent: AgentSeen::There,
            callee: Callee::Ringing,
        };
        assert_eq!(both, Some(ringing));
        for (status, body) in [
            (200, json!({})),
            (200, json!("<html>")),
            (503, json!({"code": "unavailable"})),
            (401, json!({"code": "unauthenticated"})),
        ] {
            assert_eq!(in_room(&answer(status, body), call), None, "{status}");
        }
    }

    #[test]
    fn a_deleted_room_is_deleted_twice() {
        let answer = |status, body: &str| TwirpAnswer {
            status,
            body: body.into(),
        };
        assert!(deleted(&answer(200, "{}")));
        assert!(deleted(&answer(
            404,
            r#"{"code":"not_found","msg":"room not found"}"#
        )));
        assert!(!deleted(&answer(503, r#"{"code":"unavailable"}"#)));
        assert!(!deleted(&answer(404, "not here")));
    }
}
