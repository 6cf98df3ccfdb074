//! `POST /calls`: one request, checked in the documented order, and one hop to the trunk's object.

use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::app::calls::permit;
use crate::app::copies::{doubt, find};
use crate::app::directory::{Permit, RELIED_ON};
use crate::app::http::{Request, Response};
use crate::app::ports::{Api, Unavailable};
use crate::app::records::{RecordKey, TrunkRecord};
use crate::app::trunk::{Denial, Idempotency, Trigger, TrunkCommand, TrunkReply};
use crate::domain::access::KeyRecord;
use crate::domain::agent::{Agent, Status};
use crate::domain::call::{CallAgent, CallRequest, FailureCode};
use crate::domain::ids::{AgentId, CallId, TrunkId};
use crate::domain::mac::hex;
use crate::domain::phone::E164;
use crate::domain::refusal::Refusal;
use crate::domain::target::TargetRefused;
use crate::domain::tidy;
use crate::domain::time::Millis;
use crate::domain::trunk::{Admission, OnCapacity, Quota, Verdict};

/// The most that `metadata` may take up as JSON, in bytes.
const MAX_METADATA: usize = 16_384;
const DEFAULT_WAIT_SECS: u64 = 3_600;
const MAX_WAIT_SECS: u64 = 86_400;

/// The answer to an accepted call (201): `call_id`, `status` and `poll_url`. To a dry run (200): the other fields.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TriggeredCall {
    /// The call's UUID.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid"))]
    call_id: CallId,
    /// `triggered`, or `queued` when it waits for capacity.
    status: &'static str,
    /// Where to poll for the call's status.
    poll_url: String,
}

/// The answer to a call that was refused for want of capacity.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RejectedCall {
    /// What was exhausted.
    error: String,
    /// The UUID under which the refused call stays readable.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid"))]
    call_id: CallId,
    /// `rejected`.
    status: &'static str,
}

/// The answer to a dry run.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DryRun {
    /// True: nothing was created.
    dry_run: bool,
    /// `trigger`, `queue` or `reject`.
    would: &'static str,
    /// Why it would not be triggered at once.
    reason: Option<String>,
    /// Keys that the agent's `script` or its voicemail's `message` name as `{{key}}` and that `metadata` has no value for:
    /// they would be left as they stand. Only where there are any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown_keys: Vec<String>,
}

// As the OpenAPI document describes it; `read_fields` reads it.
/// The call to place. Other fields are ignored.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct TriggerCall {
    /// The number to call, in E.164 format: `+919876543210` for India, `+14155552671` for the US.
    #[schema(pattern = r"^\+[1-9][0-9]{6,14}$")]
    pub phone_number: String,
    /// ID of the agent that will handle the call. Obtain from List Agents.
    #[schema(format = "uuid")]
    pub agent_id: String,
    /// ID of the trunk to place the call through. Obtain from List SIP Trunks.
    #[schema(format = "uuid")]
    pub sip_trunk_id: String,
    /// Per-call variables injected into the agent's conversation, at most 16384 bytes as JSON. Keys must match all
    /// entries in the agent's `input_schema.fields`; a `null` counts as missing, extra keys are handed on. Required if
    /// the agent has any fields defined.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Map<String, Value>>,
    /// Your HTTPS endpoint, a URL of at most 8192 bytes. The call result is POSTed here when the call reaches a terminal
    /// state; it must not point to a private address, and name a host rather than an IP address. White space around it is
    /// dropped. Credentials in it (`https://user:password@…`) are sent as HTTP Basic and shown nowhere.
    pub callback_url: Option<String>,
    /// What happens when the trunk has no capacity: `reject` (the default) answers 429, `queue` lets the call wait its
    /// turn.
    #[schema(value_type = Option<String>, pattern = "^(reject|queue)$")]
    pub on_capacity: Option<String>,
    /// How long a queued call waits at most, in seconds; 3600 unless given.
    #[schema(minimum = 1, maximum = 86400)]
    pub max_wait_seconds: Option<u64>,
    /// All checks, and nothing is created: the answer says what would happen.
    pub dry_run: Option<bool>,
}

/// The body, field by field, before anything is looked up.
struct Fields {
    phone: E164,
    agent: AgentId,
    trunk: TrunkId,
    metadata: Option<Map<String, Value>>,
    callback_url: Option<String>,
    wish: OnCapacity,
    dry_run: bool,
}

/// Places a call.
///
/// # Errors
/// The first check that fails, in the documented order; nothing is created then.
pub async fn trigger(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let body = request.json_object()?;
    let idempotency = read_idempotency(request)?;
    let fields = read_fields(api, request, body)?;
    let good_until = api.now() + RELIED_ON;
    let (agent, trunk, unknown_keys) = match find_parts(api, caller, &fields).await {
        Ok(found) => found,
        Err(Refusal::InvalidKey) => return Err(Refusal::InvalidKey),
        Err(refusal) => return recall(api, caller, &fields, idempotency, refusal).await,
    };
    let parts = (
        RecordKey::Agent(caller.org_id, agent.id),
        RecordKey::Trunk(caller.org_id, trunk.id),
    );
    let permit = permit_for(&fields);
    let call = CallRequest {
        org: caller.org_id,
        trunk: trunk.id,
        key: caller.key_id,
        phone: fields.phone,
        agent: CallAgent {
            id: agent.id,
            code: agent.agent_code,
            fields: agent.input_schema.fields,
        },
        metadata: fields.metadata,
        callback_url: fields.callback_url,
    };
    let trigger = Box::new(Trigger {
        request: call,
        wish: fields.wish,
        idempotency,
        good_until: Some(good_until),
    });
    let command = if fields.dry_run {
        TrunkCommand::Foresee(trigger)
    } else {
        TrunkCommand::Admit(trigger)
    };
    let mut reply = api.trunk(trunk.id.tag(), &command).await;
    if let Ok(TrunkReply::Refused(Denial::AgentInactive)) = reply
        && permit::is_needed(caller, &permit)
    {
        // It need not have been told that the agent is active again.
        let refused = Permit {
            refused: true,
            ..permit
        };
        if permit::ask(api, caller, refused).await.is_ok() {
            reply = api.trunk(trunk.id.tag(), &command).await;
        }
    }
    match reply {
        Ok(TrunkReply::Admission(admission)) => Ok(answer(admission)),
        Ok(TrunkReply::Replayed(admission)) => Ok(replay(admission)),
        Ok(TrunkReply::KeyReused) => Err(Refusal::IdempotencyKeyReused),
        Ok(TrunkReply::Verdict(Verdict::Down {
            retry_after,
            is_agent,
        })) => Ok(down(retry_after, is_agent)),
        Ok(TrunkReply::Verdict(verdict)) => {
            Ok(Response::json(200, &foretell(verdict, unknown_keys)))
        }
        Ok(TrunkReply::Refused(denial)) => {
            // The object knows better than the copies: they are stale.
            api.forget(caller.org_id);
            Err(in_right_words(api, caller, &parts, denial.into()).await)
        }
        Ok(_) | Err(Unavailable) => Err(Refusal::DialerUnavailable),
    }
}

/// A trunk's object does not tell what takes no calls from what is no longer there; the directory does.
async fn in_right_words(
    api: &impl Api,
    caller: &KeyRecord,
    (agent, trunk): &(RecordKey, RecordKey),
    refusal: Refusal,
) -> Refusal {
    match refusal {
        Refusal::AgentInactive => match doubt::<Agent>(api, caller, agent).await {
            Ok(Some(None)) => Refusal::AgentNotFound,
            _ => refusal,
        },
        Refusal::TrunkInactive => match doubt::<TrunkRecord>(api, caller, trunk).await {
            Ok(Some(trunk)) if trunk.as_ref().is_none_or(|trunk| trunk.deleted) => {
                Refusal::TrunkNotFound
            }
            _ => refusal,
        },
        other => other,
    }
}

/// The agent and the trunk that a call asks for, whether they will do, and the keys that the agent's texts name in vain.
async fn find_parts(
    api: &impl Api,
    caller: &KeyRecord,
    fields: &Fields,
) -> Result<(Agent, TrunkRecord, Vec<String>), Refusal> {
    let mut agent = find_agent(api, caller, fields.agent).await?;
    let missing = agent.input_schema.missing_keys(fields.metadata.as_ref());
    if !missing.is_empty() {
        return Err(Refusal::MetadataMissing(missing));
    }
    let filling = agent.fill(fields.metadata.as_ref());
    if !filling.fits {
        return Err(Refusal::Invalid(TOO_LONG_FILLED.into()));
    }
    let trunk = find_trunk(api, caller, fields.trunk).await?;
    permit::ask(api, caller, permit_for(fields)).await?;
    Ok((agent, trunk, filling.unknown))
}

/// What the directory may have to permit.
fn permit_for(fields: &Fields) -> Permit {
    Permit {
        trunk: fields.trunk.tag(),
        agent: Some(fields.agent),
        waits: match fields.wish {
            OnCapacity::Queue { max_wait } => max_wait,
            OnCapacity::Reject => Millis(0),
        },
        refused: false,
    }
}

/// The refusal of a call whose agent would be told more than its job can hold.
pub const TOO_LONG_FILLED: &str =
    "metadata makes the agent's script or message longer than 65536 bytes";

/// A request that is refused by what agent or trunk are now, but may have been answered when they were otherwise: then
/// that answer holds. Asked for only with an `Idempotency-Key`, and of a trunk that is the caller's own or was.
async fn recall(
    api: &impl Api,
    caller: &KeyRecord,
    fields: &Fields,
    idempotency: Option<Idempotency>,
    refusal: Refusal,
) -> Result<Response, Refusal> {
    let Some(given) = idempotency.filter(|_| !fields.dry_run) else {
        return Err(refusal);
    };
    let key = RecordKey::Trunk(caller.org_id, fields.trunk);
    let known = find(api, caller, &key, |_: &TrunkRecord| true).await;
    if !known.is_ok_and(|trunk| trunk.is_some()) {
        return Err(refusal);
    }
    let command = TrunkCommand::Recall(caller.org_id, caller.key_id, given);
    match api.trunk(fields.trunk.tag(), &command).await {
        Ok(TrunkReply::Replayed(admission)) => Ok(replay(admission)),
        Ok(TrunkReply::KeyReused) => Err(Refusal::IdempotencyKeyReused),
        Ok(TrunkReply::Refused(denial)) => Err(denial.into()),
        Ok(TrunkReply::Missing) => Err(refusal),
        Ok(_) | Err(Unavailable) => Err(Refusal::DialerUnavailable),
    }
}

fn replay(admission: Admission) -> Response {
    answer(admission).with_header("Idempotent-Replayed", "true")
}

/// The `Idempotency-Key` of a request.
///
/// # Errors
/// It has another form.
pub fn read_idempotency(request: &Request) -> Result<Option<Idempotency>, Refusal> {
    let Some(key) = request.idempotency_key.clone() else {
        return Ok(None);
    };
    let visible = (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if !visible {
        return Err(Refusal::IdempotencyKeyInvalid);
    }
    Ok(Some(Idempotency {
        key,
        body: hex(&Sha256::digest(&request.body)),
    }))
}

fn read_fields(
    api: &impl Api,
    request: &Request,
    mut body: Map<String, Value>,
) -> Result<Fields, Refusal> {
    // null is the same as leaving a field out.
    let mut take = |field: &str| body.remove(field).filter(|value| !value.is_null());
    let phone = match take("phone_number") {
        None => Err(Refusal::Required("phone_number")),
        Some(Value::String(text)) if text.is_empty() => Err(Refusal::Required("phone_number")),
        Some(value) => value
            .as_str()
            .and_then(E164::parse)
            .ok_or(Refusal::PhoneNotE164),
    }?;
    let agent = read_id(take("agent_id"), "agent_id")?;
    let trunk = read_id(take("sip_trunk_id"), "sip_trunk_id")?;
    let metadata = take("metadata").map(read_metadata).transpose()?;
    let callback_url = take("callback_url")
        .map(|url| read_callback_url(api, request, url))
        .transpose()?;
    let wish = read_wish(take("on_capacity"), take("max_wait_seconds"))?;
    let dry_run = match take("dry_run") {
        None => false,
        Some(value) => value
            .as_bool()
            .ok_or_else(|| Refusal::Invalid("dry_run must be true or false".into()))?,
    };
    Ok(Fields {
        phone,
        agent,
        trunk,
        metadata,
        callback_url,
        wish,
        dry_run,
    })
}

fn read_wish(on_capacity: Option<Value>, max_wait: Option<Value>) -> Result<OnCapacity, Refusal> {
    let queue = match on_capacity.as_ref().map(Value::as_str) {
        None | Some(Some("reject")) => false,
        Some(Some("queue")) => true,
        Some(_) => {
            return Err(Refusal::Invalid(
                "on_capacity must be reject or queue".into(),
            ));
        }
    };
    let seconds = match max_wait {
        None => DEFAULT_WAIT_SECS,
        Some(value) => crate::app::json::whole(&value, 1..=MAX_WAIT_SECS).ok_or_else(|| {
            Refusal::Invalid(format!(
                "max_wait_seconds must be a whole number from 1 to {MAX_WAIT_SECS}"
            ))
        })?,
    };
    Ok(match queue {
        true => OnCapacity::Queue {
            max_wait: Millis::from_secs(seconds),
        },
        false => OnCapacity::Reject,
    })
}

fn foretell(verdict: Verdict, unknown_keys: Vec<String>) -> DryRun {
    let (would, reason) = match verdict {
        Verdict::Go | Verdict::Down { .. } => ("trigger", None),
        Verdict::Wait { code, .. } => ("queue", Some(exhausted(code).text())),
        Verdict::Refuse { code, .. } => ("reject", Some(exhausted(code).text())),
    };
    DryRun {
        dry_run: true,
        would,
        reason,
        unknown_keys,
    }
}

fn exhausted(code: FailureCode) -> Refusal {
    match code {
        FailureCode::RateExceeded => Refusal::RateExceeded,
        _ => Refusal::ChannelsExhausted,
    }
}

fn read_id<T: std::str::FromStr>(value: Option<Value>, field: &'static str) -> Result<T, Refusal> {
    match value {
        None => Err(Refusal::Required(field)),
        Some(Value::String(text)) if text.is_empty() => Err(Refusal::Required(field)),
        Some(value) => value
            .as_str()
            .and_then(|text| text.parse().ok())
            .ok_or(Refusal::NotAUuid(field)),
    }
}

fn read_metadata(value: Value) -> Result<Map<String, Value>, Refusal> {
    let Value::Object(metadata) = value else {
        return Err(Refusal::MetadataNotObject);
    };
    let size = serde_json::to_vec(&metadata).map_or(usize::MAX, |json| json.len());
    if size > MAX_METADATA {
        Err(Refusal::MetadataTooLarge)
    } else {
        Ok(metadata)
    }
}

fn read_callback_url(api: &impl Api, request: &Request, value: Value) -> Result<String, Refusal> {
    let Value::String(url) = value else {
        return Err(Refusal::UrlInvalid("callback_url"));
    };
    check_target(api, request, &url, "callback_url")
}

/// The longest URL that callbacks go to, in bytes: with the body it must fit a message of the queue.
const MAX_URL: usize = 8_192;

/// A URL that callbacks may go to, without white space around it. Of the service's own addresses, a built-in receiver's alone.
///
/// # Errors
/// It is no http or https URL, it points into a private network, or to an IP address.
pub fn check_target(
    api: &impl Api,
    request: &Request,
    url: &str,
    field: &'static str,
) -> Result<String, Refusal> {
    let url = tidy::url(url).into_owned();
    let target = api.parse_url(&url).filter(|_| url.len() <= MAX_URL);
    let target = target.ok_or(Refusal::UrlInvalid(field))?;
    if target.receiver_of(&api.secrets().studio_key).is_some() {
        return Ok(url);
    }
    match target.judge(request.host(), api.settings().allow_loopback) {
        Ok(()) => Ok(url),
        Err(TargetRefused::NotHttp) => Err(Refusal::UrlInvalid(field)),
        Err(TargetRefused::Private) => Err(Refusal::UrlPrivate(field)),
        Err(TargetRefused::Address) => Err(Refusal::UrlAddress(field)),
    }
}

async fn find_agent(api: &impl Api, caller: &KeyRecord, id: AgentId) -> Result<Agent, Refusal> {
    let key = RecordKey::Agent(caller.org_id, id);
    let active = |agent: &Agent| agent.status == Status::Active;
    let agent: Option<Agent> = find(api, caller, &key, active).await?;
    match agent {
        None => Err(Refusal::AgentNotFound),
        Some(agent) if agent.status != Status::Active => Err(Refusal::AgentInactive),
        Some(agent) => Ok(agent),
    }
}

async fn find_trunk(
    api: &impl Api,
    caller: &KeyRecord,
    id: TrunkId,
) -> Result<TrunkRecord, Refusal> {
    let key = RecordKey::Trunk(caller.org_id, id);
    let usable = |trunk: &TrunkRecord| trunk.status == Status::Active && !trunk.deleted;
    let trunk: Option<TrunkRecord> = find(api, caller, &key, usable).await?;
    match trunk.filter(|trunk| !trunk.deleted) {
        None => Err(Refusal::TrunkNotFound),
        Some(trunk) if trunk.status != Status::Active => Err(Refusal::TrunkInactive),
        Some(trunk) => Ok(trunk),
    }
}

fn answer(admission: Admission) -> Response {
    match admission {
        Admission::Accepted { call, quota } => created(call, "triggered", quota),
        Admission::Queued { call, quota } => created(call, "queued", quota),
        Admission::Down {
            retry_after,
            is_agent,
        } => down(retry_after, is_agent),
        Admission::Rejected {
            call,
            code,
            retry_after,
            quota,
        } => {
            let refusal = exhausted(code);
            let body = RejectedCall {
                error: refusal.text(),
                call_id: call,
                status: "rejected",
            };
            let response = Response::json(refusal.status(), &body)
                .with_header("X-Error-Code", refusal.code())
                .with_header("Retry-After", retry_after.to_string());
            with_quota(response, quota)
        }
    }
}

/// The dialer is down, or the agent: nothing was created.
fn down(retry_after: u64, is_agent: bool) -> Response {
    let mut response = Response::from(match is_agent {
        true => Refusal::AgentUnavailable,
        false => Refusal::DialerUnavailable,
    });
    response.headers.retain(|(name, _)| *name != "Retry-After");
    response.with_header("Retry-After", retry_after.to_string())
}

fn created(call: CallId, status: &'static str, quota: Quota) -> Response {
    let poll_url = format!("/integration/v1/calls/{call}/status");
    with_quota(
        Response::json(
            201,
            &TriggeredCall {
                call_id: call,
                status,
                poll_url,
            },
        ),
        quota,
    )
}

/// The trunk's figures, as draft-ietf-httpapi-ratelimit-headers writes them.
fn with_quota(response: Response, quota: Quota) -> Response {
    let Quota {
        channels,
        channels_left,
        cps,
        cps_left,
    } = quota;
    response
        .with_header(
            "RateLimit-Policy",
            format!(r#""channels";q={channels}, "cps";q={cps};w=1"#),
        )
        .with_header(
            "RateLimit",
            format!(r#""channels";r={channels_left}, "cps";r={cps_left}"#),
        )
}
