//! `/agents`.

use serde_json::{Map, Value};

use super::body::{self, Body};
use super::create::Draw;
use super::views::{AgentDetail, AgentList, AgentView};
use super::{TRIES, Thing, ask, change, command};
use crate::app::copies;
use crate::app::directory::{Ask, Denied, DirectoryReply};
use crate::app::http::{Request, Response};
use crate::app::page::check_names;
use crate::app::ports::Api;
use crate::app::records::RecordKey;
use crate::domain::access::{KeyRecord, Role};
use crate::domain::agent::{Agent, InputSchema, Status};
use crate::domain::ids::AgentId;
use crate::domain::outcome;
use crate::domain::refusal::Refusal;
use crate::domain::time::Millis;

const THING: Thing = Thing {
    missing: Refusal::AgentNotFound,
    plural: "agents",
};
const MAX_FIELDS: usize = 100;
const MAX_SCRIPT: usize = 32_768;
const MAX_SAMPLE: usize = 16_384;
const MAX_MESSAGE: usize = 1_000;

// As the OpenAPI document describes it; `read` reads it. A change takes any subset.
/// The agent to create.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct CreateAgent {
    /// Human-readable display name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Internal identifier used to dispatch the agent on the LiveKit server.
    #[schema(min_length = 1, max_length = 200)]
    pub agent_code: String,
    /// What a call with this agent must bring along.
    #[schema(inline)]
    pub input_schema: CreateInputSchema,
    /// What the agent is to say and do; at most 32768 bytes. `{{key}}` is filled from a call's `metadata`, as text on one
    /// line; a key that it has no value for stays as it is, and a dry run names it in `unknown_keys`.
    #[schema(max_length = 32768)]
    pub script: Option<String>,
    /// The voice it speaks with.
    #[schema(min_length = 1, max_length = 200)]
    pub voice: Option<String>,
    /// What the outcome of its calls must be like: an object by a subset of JSON Schema (`type`, `enum`, `const`,
    /// `properties`, `required`, `additionalProperties`, `items`, lengths and bounds); at most 8192 bytes as JSON. A report
    /// with another outcome is refused.
    #[schema(value_type = Option<Object>)]
    pub outcome_schema: Option<Value>,
    /// What it does when a machine answers: `action` is `hang_up`, `continue` or `leave_message`, the last with a `message` of
    /// 1 to 1000 characters, in which `{{key}}` is filled as in `script`.
    #[schema(value_type = Option<Object>)]
    pub voicemail: Option<Value>,
    /// Only active agents can be used to trigger calls; `active` when left out.
    pub status: Option<Status>,
}

/// What a call with this agent must bring along.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct CreateInputSchema {
    /// Keys that must be present in `metadata`: at most 100 different ones of 1 to 200 characters.
    #[schema(max_items = 100)]
    pub fields: Vec<String>,
    /// Example values showing the expected format of each field; at most 16384 bytes as JSON.
    #[schema(value_type = Option<Object>)]
    pub sample_context: Option<Map<String, Value>>,
}

/// Whether a list shows inactive items too.
///
/// # Errors
/// A parameter that is unknown, a value that is not `inactive`, a caller who is no owner.
pub fn includes_inactive(caller: &KeyRecord, request: &Request) -> Result<bool, Refusal> {
    let mut included = false;
    let parameters = request.parameters();
    check_names(&parameters, |name| name == "include")?;
    for (_, value) in parameters {
        match value.as_str() {
            "inactive" => included = true,
            _ => return Err(Refusal::Invalid("include must be inactive".into())),
        }
    }
    match included && caller.role < Role::Owner {
        true => Err(Refusal::RoleTooLow {
            has: caller.role,
            needs: Role::Owner,
        }),
        false => Ok(included),
    }
}

/// `GET /agents`.
///
/// # Errors
/// As [`includes_inactive`].
pub async fn list(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let all = includes_inactive(caller, request)?;
    let stored = copies::ask(api, caller, &RecordKey::Agents(caller.org_id)).await?;
    let mut agents: Vec<AgentView> = stored
        .and_then(|json| crate::app::json::read(&json).ok())
        .unwrap_or_default();
    agents.retain(|agent| all || agent.status == Status::Active);
    Ok(Response::json(200, &AgentList { agents }))
}

/// `POST /agents`.
///
/// # Errors
/// A body of another shape; too many agents.
pub async fn create(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let id = AgentId::from_entropy(api.id_entropy());
    let body = Body::of(request)?;
    let draw = Draw::of(api, request)?;
    let save = Ask::SaveAgent {
        agent: Box::new(read(body, None, id, api.now())?),
        was: None,
    };
    let save = command(caller, request, save);
    draw.create(api, caller.org_id, save, &[], &THING).await
}

/// `GET /agents/{id}`.
///
/// # Errors
/// No such agent.
pub async fn get(api: &impl Api, caller: &KeyRecord, id: &str) -> Result<Response, Refusal> {
    let agent = find(api, caller, id).await?;
    Ok(Response::json(200, &AgentDetail::from(&agent)))
}

/// `PATCH /agents/{id}`.
///
/// # Errors
/// No such agent; a body of another shape.
pub async fn update(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    id: &str,
) -> Result<Response, Refusal> {
    // The body is read before anything is looked up.
    request.json_object()?;
    for _ in 0..TRIES {
        let was = find(api, caller, id).await?;
        let agent = read(Body::of(request)?, Some(&was), was.id, was.created_at)?;
        let save = Ask::SaveAgent {
            agent: Box::new(agent.clone()),
            was: Some(Box::new(was)),
        };
        match ask(api, caller, &request.id, save).await {
            Ok(DirectoryReply::Refused(Denied::Changed)) => {}
            Ok(DirectoryReply::Refused(denied)) => return Err(THING.refusal(denied)),
            Ok(_) => return Ok(Response::json(200, &AgentDetail::from(&agent))),
            Err(_) => break,
        }
    }
    Err(Refusal::AuthenticationUnavailable)
}

/// `DELETE /agents/{id}`.
///
/// # Errors
/// No such agent.
pub async fn delete(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    id: &str,
) -> Result<Response, Refusal> {
    let id = id.parse::<AgentId>().map_err(|_| Refusal::AgentNotFound)?;
    change(api, caller, request, Ask::DeleteAgent(id), &THING).await?;
    Ok(Response::no_content())
}

async fn find(api: &impl Api, caller: &KeyRecord, id: &str) -> Result<Agent, Refusal> {
    let id = id.parse::<AgentId>().map_err(|_| Refusal::AgentNotFound)?;
    match ask(api, caller, "", Ask::Agent(id)).await {
        Ok(DirectoryReply::Agent(agent)) => Ok(*agent),
        Ok(DirectoryReply::Refused(denied)) => Err(THING.refusal(denied)),
        _ => Err(Refusal::AuthenticationUnavailable),
    }
}

fn read(
    mut body: Body,
    before: Option<&Agent>,
    id: AgentId,
    created_at: Millis,
) -> Result<Agent, Refusal> {
    let was = |field: fn(&Agent) -> Option<String>| before.and_then(field);
    let name = body.required(
        "name",
        was(|agent| Some(agent.name.clone())),
        body::NAME,
        body::name,
    )?;
    let code_before = was(|agent| Some(agent.agent_code.clone()));
    let agent_code = body.token("agent_code", code_before)?;
    let schema_before = before.map(|agent| Map::from_iter(schema_fields(&agent.input_schema)));
    let given = body.required("input_schema", schema_before, "an object", body::object)?;
    let input_schema = read_schema(given, before.map(|agent| &agent.input_schema))?;
    let script = body.optional(
        "script",
        was(|agent| agent.script.clone()),
        "a string of at most 32768 bytes",
        |value| body::text(value).filter(|text| text.len() <= MAX_SCRIPT),
    )?;
    let voice = body.optional(
        "voice",
        was(|agent| agent.voice.clone()),
        body::NAME,
        body::name,
    )?;
    let status_before = before.map(|agent| agent.status);
    let status = body
        .optional("status", status_before, "active or inactive", body::word)?
        .unwrap_or_default();
    let outcome_schema = body.optional(
        "outcome_schema",
        before.and_then(|agent| agent.outcome_schema.clone()),
        "an object",
        |value| value.is_object().then_some(value),
    )?;
    if let Some(schema) = &outcome_schema {
        outcome::check_schema(schema)
            .map_err(|what| Refusal::Invalid(format!("outcome_schema{what}")))?;
    }
    let voicemail = body.optional(
        "voicemail",
        before.and_then(|agent| agent.voicemail.clone()),
        VOICEMAIL,
        |value| is_voicemail(&value).then_some(value),
    )?;
    body.finish()?;
    Ok(Agent {
        id,
        name,
        agent_code,
        status,
        input_schema,
        script,
        voice,
        outcome_schema,
        voicemail,
        created_at,
    })
}

const VOICEMAIL: &str = "an object: action is hang_up, continue or leave_message, the last with a message of 1 to 1000 characters";

/// `{"action": "hang_up"}`, `{"action": "continue"}` or `{"action": "leave_message", "message": "…"}`.
fn is_voicemail(value: &Value) -> bool {
    let Some(fields) = value.as_object() else {
        return false;
    };
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    match (text("action"), fields.len()) {
        (Some("hang_up" | "continue"), 1) => true,
        (Some("leave_message"), 2) => text("message")
            .is_some_and(|message| (1..=MAX_MESSAGE).contains(&message.chars().count())),
        _ => false,
    }
}

fn schema_fields(schema: &InputSchema) -> [(String, Value); 2] {
    [
        ("fields".into(), Value::from(schema.fields.clone())),
        (
            "sample_context".into(),
            Value::Object(schema.sample_context.clone()),
        ),
    ]
}

fn read_schema(
    given: Map<String, Value>,
    before: Option<&InputSchema>,
) -> Result<InputSchema, Refusal> {
    let mut body = Body::nested(given, "input_schema.");
    let fields_before = before.map(|schema| schema.fields.clone());
    let what = "an array of at most 100 different strings of 1 to 200 characters";
    let fields = body.required("fields", fields_before, what, read_field_names)?;
    let sample_before = before.map(|schema| schema.sample_context.clone());
    let sample = body.optional(
        "sample_context",
        sample_before,
        "an object of at most 16384 bytes",
        |value| {
            body::object(value).filter(|object| {
                serde_json::to_vec(object).is_ok_and(|json| json.len() <= MAX_SAMPLE)
            })
        },
    )?;
    body.finish()?;
    Ok(InputSchema {
        fields,
        sample_context: sample.unwrap_or_default(),
    })
}

fn read_field_names(value: Value) -> Option<Vec<String>> {
    let Value::Array(items) = value else {
        return None;
    };
    let names: Vec<String> = items.into_iter().map(body::name).collect::<Option<_>>()?;
    let repeats = |(at, name): (usize, &String)| names.iter().take(at).any(|other| other == name);
    let fits = names.len() <= MAX_FIELDS && !names.iter().enumerate().any(repeats);
    fits.then_some(names)
}
