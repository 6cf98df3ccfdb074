//! The body of `POST /calls`, through the API's own parser to a real trunk: always a documented response, and the one that an
//! oracle of the documented order expects.

use audatec::app::http::Response;
use audatec::app::iso8601;
use audatec::app::trunk::TrunkCommand;
use audatec::domain::access::Role;
use audatec::domain::ids::CallId;
use audatec::domain::refusal::Refusal;
use serde_json::{Map, Value};

use super::phone::is_e164;
use super::support;
use super::target::{Verdict, verdict};
use super::times::{self, Times};
use super::urls::parse_url;
use super::world::{DENIED, OWN_HOST, World, agent_ids, missing_keys, trunk_ids};

/// What the document says of a body.
#[derive(Debug, PartialEq)]
pub enum Expected {
    Refused(u16, String),
    DryRun(Times),
    Placed(Times),
}

pub fn refused(status: u16, text: impl Into<String>) -> Result<(), Expected> {
    Err(Expected::Refused(status, text.into()))
}

pub fn field<'a>(body: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    body.get(name).filter(|value| !value.is_null())
}

fn is_uuid(text: &str) -> bool {
    let bytes = text.as_bytes();
    let hyphens = [8, 13, 18, 23];
    let fits = |(at, byte): (usize, &u8)| match hyphens.contains(&at) {
        true => *byte == b'-',
        false => byte.is_ascii_hexdigit(),
    };
    bytes.len() == 36 && bytes.iter().enumerate().all(fits)
}

fn check_id(body: &Map<String, Value>, name: &str) -> Result<(), Expected> {
    match field(body, name) {
        None => refused(400, format!("{name} is required")),
        Some(Value::String(text)) if text.is_empty() => refused(400, format!("{name} is required")),
        Some(Value::String(text)) if is_uuid(text) => Ok(()),
        Some(_) => refused(400, format!("{name} must be a UUID")),
    }
}

/// The fields in the order of the reference's table.
fn check_fields(body: &Map<String, Value>) -> Result<Times, Expected> {
    match field(body, "phone_number") {
        None => refused(400, "phone_number is required"),
        Some(Value::String(text)) if text.is_empty() => refused(400, "phone_number is required"),
        Some(Value::String(text)) if is_e164(text) => Ok(()),
        Some(_) => refused(400, "phone_number must be in E.164 format"),
    }?;
    check_id(body, "agent_id")?;
    check_id(body, "sip_trunk_id")?;
    match field(body, "metadata") {
        Some(Value::Object(metadata))
            if Value::from(metadata.clone()).to_string().len() > 16_384 =>
        {
            refused(400, "metadata must be at most 16384 bytes")
        }
        None | Some(Value::Object(_)) => Ok(()),
        Some(_) => refused(400, "metadata must be an object"),
    }?;
    match field(body, "callback_url") {
        None => Ok(()),
        Some(Value::String(url)) => check_url(url),
        Some(_) => refused(400, "callback_url must be a valid http or https URL"),
    }?;
    match field(body, "on_capacity") {
        None => Ok(()),
        Some(Value::String(word)) if word == "reject" || word == "queue" => Ok(()),
        Some(_) => refused(400, "on_capacity must be reject or queue"),
    }?;
    let is_whole = |value: &Value| {
        value
            .as_f64()
            .is_some_and(|number| number.fract() == 0.0 && (1.0..=86_400.0).contains(&number))
    };
    match field(body, "max_wait_seconds") {
        Some(value) if !is_whole(value) => refused(
            400,
            "max_wait_seconds must be a whole number from 1 to 86400",
        ),
        _ => Ok(()),
    }?;
    match field(body, "dry_run") {
        None | Some(Value::Bool(_)) => Ok(()),
        Some(_) => refused(400, "dry_run must be true or false"),
    }?;
    let times = times::check(body)?;
    match field(body, "ignore_calling_hours") {
        Some(Value::Bool(true)) => {
            refused(403, Refusal::too_low(Role::Member, Role::Admin).text()).map(|()| times)
        }
        _ => Ok(times),
    }
}

fn check_url(url: &str) -> Result<(), Expected> {
    let is_own = parse_url(url).is_some_and(|target| target.host.trim_end_matches('.') == OWN_HOST);
    let secret = |target: &audatec::domain::target::Target| match target.password.is_empty() {
        true => target.user.clone(),
        false => target.password.clone(),
    };
    let is_masked = parse_url(url).is_some_and(|target| secret(&target) == "***");
    match verdict(url) {
        None | Some(Verdict::NotHttp) => {
            refused(400, "callback_url must be a valid http or https URL")
        }
        Some(Verdict::Public) if !is_own && is_masked => refused(
            400,
            "callback_url must be a URL with the password itself, not the asterisks that answers show",
        ),
        Some(Verdict::Public) if !is_own => Ok(()),
        Some(Verdict::Address) => refused(
            400,
            "callback_url must name a host, not an IP address: Cloudflare can't reach it",
        ),
        Some(_) => refused(400, "callback_url must not point to a private address"),
    }
}

/// Whether the ids name something, and whether what the agent requires is there.
fn check_parts(body: &Map<String, Value>) -> Result<(), Expected> {
    let id = |name| {
        field(body, name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_lowercase()
    };
    let [active, inactive] = agent_ids().map(|id| id.to_string());
    match id("agent_id") {
        id if id == active => Ok(()),
        id if id == inactive => refused(400, "Agent is not active"),
        _ => refused(404, "Agent not found"),
    }?;
    let metadata = field(body, "metadata").and_then(Value::as_object);
    let missing = missing_keys(metadata);
    if !missing.is_empty() {
        return refused(
            400,
            format!("metadata missing required keys: {}", missing.join(", ")),
        );
    }
    let [active, inactive, _] = trunk_ids().map(|id| id.to_string());
    match id("sip_trunk_id") {
        id if id == active => Ok(()),
        id if id == inactive => refused(400, "SIP trunk is not active"),
        _ => refused(404, "SIP trunk not found"),
    }?;
    let phone = field(body, "phone_number")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match DENIED.iter().any(|prefix| phone.starts_with(prefix)) {
        true => refused(400, "Destination not allowed"),
        false => Ok(()),
    }
}

fn expected(data: &[u8]) -> Expected {
    let checked = if data.is_empty() {
        check_fields(&Map::new()).map(drop)
    } else if data.len() > 65_536 {
        refused(413, "Request body must be at most 65536 bytes")
    } else {
        match serde_json::from_slice(data) {
            Ok(Value::Object(body)) => {
                let checked = check_fields(&body);
                let checked = checked.and_then(|times| check_parts(&body).map(|()| times));
                let dry_run = field(&body, "dry_run") == Some(&Value::Bool(true));
                return match (checked, dry_run) {
                    (Err(refused), _) => refused,
                    (Ok(times), true) => Expected::DryRun(times),
                    (Ok(times), false) => Expected::Placed(times),
                };
            }
            Ok(_) => refused(400, "Request body must be a JSON object"),
            Err(_) => refused(400, "Request body must be valid JSON"),
        }
    };
    checked.expect_err("a body without a phone number is refused")
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    let mut headers = response.headers.iter();
    headers
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value.as_str())
}

/// A refusal that the document lists, with its status, this text and nothing else.
fn expect_refusal(response: &Response, body: &Value, status: u16, text: &str) {
    assert_eq!(
        (response.status, body),
        (status, &serde_json::json!({ "error": text }))
    );
    let code = header(response, "X-Error-Code").unwrap_or_default();
    let listed = Refusal::examples()
        .into_iter()
        .find(|refusal| refusal.code() == code);
    assert_eq!(
        listed.map(|refusal| refusal.status()),
        Some(status),
        "{code:?} is not documented"
    );
}

/// A number, however it is written.
fn plain(value: &Value) -> Value {
    value.as_f64().map_or_else(|| value.clone(), Value::from)
}

/// The call exists, as requested.
fn expect_call(world: &World, answer: &Value, data: &[u8], times: Times) {
    let id = answer["call_id"].as_str().unwrap_or_default();
    let call = CallId::verify(id, &support::World::key()).expect("an id of ours");
    let mut expected = serde_json::json!({ "call_id": id, "status": "triggered", "poll_url": format!("/integration/v1/calls/{id}/status") });
    if let Some(at) = times.not_before {
        expected["status"] = "scheduled".into();
        expected["scheduled_for"] = answer["scheduled_for"].clone();
        let scheduled_for = answer["scheduled_for"].as_str().and_then(iso8601::parse);
        assert_eq!(scheduled_for.map(|at| at.0), u64::try_from(at).ok());
    }
    assert_eq!(*answer, expected);
    let rows = world.trunk.borrow().rows.all();
    let [row] = &rows[..] else {
        panic!("{} rows", rows.len())
    };
    let asked: Value = serde_json::from_slice(data).expect("it was read");
    let given = |name: &str| asked.get(name).filter(|value| !value.is_null()).cloned();
    let asked_for = asked.as_object().expect("an object");
    let is_timed = ["not_before", "not_after", "redial"]
        .iter()
        .any(|name| match *name {
            // A beginning in the past means now.
            "not_before" => times.not_before.is_some(),
            name => given(name).is_some(),
        });
    let window = row.schedule.map(|schedule| schedule.window);
    let until = window.map(|window| window.not_after.0);
    let ends = u64::try_from(times::ends(asked_for, times)).ok();
    assert_eq!(until, ends.filter(|_| is_timed || until.is_some()));
    let redial = serde_json::to_value(&row.request.redial).expect("JSON");
    assert_eq!(redial.is_null(), given("redial").is_none());
    for (name, kept) in redial.as_object().into_iter().flatten() {
        let numbers = |value: &Value| match value {
            Value::Array(all) => all.iter().map(plain).collect(),
            value => plain(value),
        };
        assert_eq!(numbers(kept), numbers(&asked["redial"][name]));
    }
    assert_eq!(row.series.is_some(), given("redial").is_some());
    assert_eq!(row.id, call);
    assert_eq!(
        Some(Value::from(row.request.phone.as_str())),
        given("phone_number")
    );
    assert_eq!(
        row.request.metadata.clone().map(Value::from),
        given("metadata")
    );
    assert_eq!(
        row.request.callback_url.clone().map(Value::from),
        given("callback_url")
    );
}

/// Any bytes as the body: the expected response, and a call only if one was expected.
pub fn run(data: &[u8]) {
    let world = World::simulated();
    let response = world.send_as_member("POST", "/integration/v1/calls", data);
    let body: Value = serde_json::from_slice(&response.body).expect("an answer is JSON");
    let placed = world
        .asked
        .borrow()
        .iter()
        .filter(|(_, command)| {
            matches!(
                command,
                TrunkCommand::Admit(_) | TrunkCommand::Schedule(_) | TrunkCommand::Redial(_)
            )
        })
        .count();
    let rows = world.trunk.borrow().rows.all().len();
    match expected(data) {
        Expected::Refused(status, text) => {
            expect_refusal(&response, &body, status, &text);
            assert_eq!(
                world.asked.borrow().len(),
                0,
                "a refused request woke a trunk"
            );
        }
        Expected::DryRun(times) => {
            let mut would =
                serde_json::json!({ "dry_run": true, "would": "trigger", "reason": null });
            if times.not_before.is_some() {
                would["would"] = "schedule".into();
                would["reason"] = "not_before".into();
                would["scheduled_for"] = body["scheduled_for"].clone();
            }
            // Facts about a number have an oracle of their own.
            would["number"] = body["number"].clone();
            let told = &would["number"]["phone_number"];
            assert!(told.as_str().is_some_and(super::phone::is_e164), "{told}");
            assert_eq!((response.status, body, placed, rows), (200, would, 0, 0));
        }
        Expected::Placed(times) => {
            assert_eq!((response.status, placed), (201, 1));
            expect_call(&world, &body, data, times);
        }
    }
}
