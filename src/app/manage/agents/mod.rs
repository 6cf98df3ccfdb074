//! `/agents`.

#[cfg(feature = "openapi")]
pub(crate) mod describe;

use serde_json::{Map, Value};

use crate::app::body::{self, Body};
use crate::app::directory::{self, AgentsAfter, By, ListAgents, RunsWith, Slice, command};
use crate::app::http::{Request, Response};
use crate::app::manage::campaigns::run::once_at_rest;
use crate::app::manage::create::Draw;
use crate::app::manage::hours::read_hours;
use crate::app::manage::limits::read_limits;
use crate::app::manage::{Resource, by, change, change_by_comparison, unheard};
use crate::app::page::check_names;
use crate::app::ports::Api;
use crate::app::views::manage::AgentDetail;
use crate::domain::access::{KeyRecord, Role};
use crate::domain::agent::{Agent, InputSchema};
use crate::domain::ids::{AgentId, KeyId, OrgId};
use crate::domain::json_text::{JsonText, field, items};
use crate::domain::outcome;
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;

/// Their name in refusals.
pub(super) const PLURAL: &str = "agents";

const RESOURCE: Resource = Resource {
    missing: Refusal::AgentNotFound,
    plural: PLURAL,
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
    /// What a call with this agent must supply.
    #[schema(inline)]
    pub input_schema: CreateInputSchema,
    /// What the agent should say and do; at most 32768 bytes. `{{key}}` is filled from a call's `metadata`, as text
    /// on one line; a key without a value there stays as it is, and a dry run names it in `unknown_keys`.
    #[schema(max_length = 32768)]
    pub script: Option<String>,
    /// The voice it speaks with.
    #[schema(min_length = 1, max_length = 200)]
    pub voice: Option<String>,
    /// What the outcome of its calls must look like: a schema in a subset of JSON Schema (`type`, `enum`, `const`,
    /// `properties`, `required`, `additionalProperties`, `items`, lengths and bounds); at most 8192 bytes as JSON. A report
    /// with another outcome is refused.
    #[schema(value_type = Option<Object>)]
    pub outcome_schema: Option<Value>,
    /// What it does when a machine answers: `action` is `hang_up`, `continue` or `leave_message`, the last with a `message` of
    /// 1 to 1000 characters, in which `{{key}}` is filled as in `script`.
    #[schema(value_type = Option<Object>)]
    pub voicemail: Option<Value>,
    /// When phones of its calls may ring, within the organisation's calling hours as well; `null` for any time.
    pub calling_hours: Option<crate::domain::calling_hours::CallingHours>,
    /// How often its calls may dial a number, in addition to the organisation's contact limits: at most 5 limits, all of which hold;
    /// `null` for none.
    #[schema(max_items = 5)]
    pub contact_limits: Option<Vec<crate::app::views::limits::ContactLimitView>>,
    /// Only active agents can be used to trigger calls; `active` by default.
    pub status: Option<crate::domain::agent::Status>,
}

/// What a call with this agent must supply.
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

/// Whether a list includes inactive items.
///
/// # Errors
/// An unknown parameter, a value other than `inactive`, a caller who is not an owner.
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
        true => Err(Refusal::too_low(caller.role, Role::Owner)),
        false => Ok(included),
    }
}

/// `GET /agents`. A thousand agents may be a hundred megabytes: the list is sent slice by slice, as fast as the client reads
/// it, and passed on as text without parsing.
///
/// # Errors
/// As for [`includes_inactive`].
pub async fn list(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let question = AgentsAfter {
        after: None,
        whole: false,
        inactive: includes_inactive(caller, request)?,
    };
    let (agents, next) = slice(api, caller.org_id, caller.key_id, &question).await?;
    let mut body = format!(r#"{{"agents":[{agents}"#);
    if next.is_none() {
        body.push_str("]}");
    }
    Ok(Response {
        status: 200,
        headers: Vec::new(),
        body: body.into_bytes(),
        rest: next.map(|next| rest(caller.org_id, caller.key_id, &next)),
    })
}

/// The next piece of a list that was begun, and how to continue.
///
/// # Errors
/// The directory can't be reached; the key was revoked meanwhile. The list then ends unfinished.
pub async fn go_on(api: &impl Api, rest: &str) -> Result<(String, Option<String>), Refusal> {
    let (org, key, question) = read_rest(rest).ok_or(Refusal::NotFound)?;
    let (agents, next) = slice(api, org, key, &question).await?;
    let comma = if agents.is_empty() { "" } else { "," };
    Ok(match next {
        Some(next) => (
            format!("{comma}{agents}"),
            Some(self::rest(org, key, &next)),
        ),
        None => (format!("{comma}{agents}]}}"), None),
    })
}

/// The next agents of a list, as JSON separated by commas, and where to continue.
///
/// # Errors
/// The directory can't be reached; the key was revoked.
pub async fn slice(
    api: &impl Api,
    org: OrgId,
    key: KeyId,
    question: &AgentsAfter,
) -> Result<(String, Option<AgentsAfter>), Refusal> {
    let list = ListAgents(org, question.clone());
    match directory::ask(api, org, By::key(key), list).await {
        Ok(Ok(Slice::Agents(agents, next))) => Ok((agents, next)),
        Ok(Ok(Slice::Whole(all))) => {
            let all = all.unwrap_or_default();
            let inactive = |agent: &&str| field(agent, "status") == Some(r#""inactive""#);
            let shown = items(&all).filter(|agent| question.inactive || !inactive(agent));
            Ok((shown.collect::<Vec<_>>().join(","), None))
        }
        Ok(Err(denied)) => Err(RESOURCE.refusal(denied)),
        Err(unavailable) => Err(unheard(unavailable)),
    }
}

fn rest(org: OrgId, key: KeyId, next: &AgentsAfter) -> String {
    let after = next.after.map(|(at, id)| format!("{} {id}", at.0));
    format!(
        "{org} {key} {} {}",
        after.unwrap_or_default(),
        next.inactive
    )
}

fn read_rest(text: &str) -> Option<(OrgId, KeyId, AgentsAfter)> {
    let mut words = text.split(' ');
    let (org, key) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let at = Timestamp(words.next()?.parse().ok()?);
    let question = AgentsAfter {
        after: Some((at, words.next()?.parse().ok()?)),
        inactive: words.next()? == "true",
        whole: false,
    };
    Some((org, key, question))
}

/// `POST /agents`.
///
/// # Errors
/// An invalid body; too many agents.
pub async fn create(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let id = AgentId::from_entropy(api.id_entropy()).guarded(false);
    let body = Body::of(request)?;
    let draw = Draw::of(api, request)?;
    let save = command::SaveAgent {
        agent: Box::new(read(body, None, id, api.now())?),
        was: None,
    };
    let by = by(caller, request);
    draw.create(api, caller.org_id, by, save, &[], &RESOURCE)
        .await
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
/// No such agent; an invalid body.
pub async fn update(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    id: &str,
) -> Result<Response, Refusal> {
    let agent = change_by_comparison(api, caller, request, &RESOURCE, async || {
        let was = find(api, caller, id).await?;
        let agent = read(Body::of(request)?, Some(&was), was.id, was.created_at)?;
        let save = command::SaveAgent {
            agent: Box::new(agent.clone()),
            was: Some(Box::new(was)),
        };
        Ok((save, agent))
    });
    Ok(Response::json(200, &AgentDetail::from(&agent.await?)))
}

/// `DELETE /agents/{id}`.
///
/// # Errors
/// No such agent; running campaigns use it.
pub async fn delete(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    id: &str,
) -> Result<Response, Refusal> {
    let id = id.parse::<AgentId>().map_err(|_| Refusal::AgentNotFound)?;
    let delete = async || change(api, caller, request, command::DeleteAgent(id), &RESOURCE).await;
    once_at_rest(api, caller, RunsWith::Agent(id), delete).await?;
    Ok(Response::no_content())
}

async fn find(api: &impl Api, caller: &KeyRecord, id: &str) -> Result<Agent, Refusal> {
    let id = id.parse::<AgentId>().map_err(|_| Refusal::AgentNotFound)?;
    super::get(api, caller, command::Agent(id), &RESOURCE).await
}

fn read(
    mut body: Body,
    before: Option<&Agent>,
    id: AgentId,
    created_at: Timestamp,
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
    let schema_before = before.map(|agent| &agent.input_schema);
    let input_schema = match schema_before.filter(|_| !body.has("input_schema")) {
        Some(before) => before.clone(),
        None => {
            let given = body.required("input_schema", None, "an object", body::object)?;
            read_schema(given, schema_before)?
        }
    };
    let script = body.optional(
        "script",
        was(|agent| agent.script.clone()),
        "a string of at most 32768 bytes",
        |value| body::text(value).filter(|text| text.len() <= MAX_SCRIPT),
    )?;
    let voice = body.token_if_any("voice", was(|agent| agent.voice.clone()))?;
    let status_before = before.map(|agent| agent.status);
    let status = body
        .optional("status", status_before, "active or inactive", body::word)?
        .unwrap_or_default();
    let outcome_schema = match body.has("outcome_schema") {
        false => before.and_then(|agent| agent.outcome_schema.clone()),
        true => read_outcome_schema(&mut body)?,
    };
    let voicemail = body.optional(
        "voicemail",
        before.and_then(|agent| agent.voicemail.clone()),
        VOICEMAIL,
        |value| is_voicemail(&value).then_some(value),
    )?;
    let calling_hours = read_hours(
        &mut body,
        before.and_then(|agent| agent.calling_hours.clone()),
    )?;
    let limits_before = before.map(|agent| agent.contact_limits.clone());
    let contact_limits = read_limits(&mut body, limits_before.unwrap_or_default())?;
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
        calling_hours,
        contact_limits,
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

fn read_outcome_schema(body: &mut Body) -> Result<Option<JsonText>, Refusal> {
    let is_object = |value: Value| value.is_object().then_some(value);
    let given = body.optional("outcome_schema", None, "an object", is_object)?;
    let Some(schema) = given else { return Ok(None) };
    outcome::check_schema(&schema)
        .map_err(|what| Refusal::Invalid(format!("outcome_schema{what}")))?;
    Ok(Some(JsonText::of(&schema)))
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
            let text = JsonText::of(&Value::Object(body::object(value)?));
            Some(text).filter(|text| text.get().len() <= MAX_SAMPLE)
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
