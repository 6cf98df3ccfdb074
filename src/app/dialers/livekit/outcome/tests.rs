use serde_json::json;

use super::*;
use crate::domain::call::{CallStatus, FailureSource};
use crate::domain::time::Timestamp;

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
    let call = CallId::floor(Timestamp(0));
    let seen = |attributes: Value| {
        let callee = json!({"identity": identity(call), "kind": "SIP", "attributes": attributes});
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
    let call = CallId::floor(Timestamp(0));
    let answer = |status, body: Value| TwirpAnswer {
        status,
        body: body.to_string(),
    };
    let seen =
        |participants: Value| in_room(&answer(200, json!({"participants": participants})), call);
    let nobody = InRoom {
        agent: AgentSeen::Absent,
        callee: Callee::Gone,
    };
    let agent = |state: &str| json!({"identity": "agent-AJ_1", "kind": "AGENT", "state": state});
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
    // No other participant is an agent, whatever it calls itself.
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
