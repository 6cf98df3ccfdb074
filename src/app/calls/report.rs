//! `POST /agent-reports/{call_id}`: an agent reports the outcome of its call.

use serde_json::{Map, Value};

use crate::app::calls::{reader, unreached};
use crate::app::http::{Request, Response};
use crate::app::ports::{Api, Secrets};
use crate::app::records::RecordKey;
use crate::app::suppressing::{self, AllAsk, Note, ask_directory};
use crate::app::trunk::{ask, command};
use crate::domain::access::KeyRecord;
use crate::domain::agent::Agent;
use crate::domain::call::Report;
use crate::domain::contacts::{Source, Suppression};
use crate::domain::ids::CallId;
use crate::domain::mac::constant_time_eq;
use crate::domain::object::object;
use crate::domain::outcome;
use crate::domain::refusal::Refusal;
use crate::domain::time::Span;
use crate::domain::to_json;
use crate::domain::tokens::report::report_token;

/// The largest outcome that is kept, in bytes of JSON: it must fit a callback.
const MAX_OUTCOME: usize = 32_768;
/// The largest transcript that is kept, in bytes of JSON.
const MAX_TRANSCRIPT: usize = 57_344;

/// The longest link that is kept, in bytes.
const MAX_LINK: usize = 2_048;
/// The longest failure message that is kept, in characters.
const MAX_FAILURE: usize = 500;
/// No conversation ended longer before its report than agents keep trying to deliver one, in seconds.
const MAX_AGO_SECS: u32 = 86_400;

/// What was said in a call.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct Transcript {
    /// The call in which it was said.
    #[schema(format = "uuid")]
    pub call_id: String,
    /// Line by line; empty when nothing was reported.
    pub transcript: Vec<ReportedLine>,
}

// As the OpenAPI document describes it; `Report::read` reads it.
/// The result of a call: any subset of these fields.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct ReportCall {
    /// The result of the conversation, the call's `call_outcome`: at most 32768 bytes as JSON.
    #[schema(value_type = Option<Object>)]
    pub outcome: Option<Value>,
    /// What was said: at most 57344 bytes as JSON; kept where the organisation has transcripts enabled.
    pub transcript: Option<Vec<ReportedLine>>,
    /// Where the transcript is.
    pub transcript_url: Option<String>,
    /// Where the recording is.
    pub recording_url: Option<String>,
    /// Set if the agent broke off the call. Leave it out if the call ran its course, whatever its outcome.
    pub failure: Option<ReportedFailure>,
    /// How many seconds before this request the conversation ended, as the agent saw it: measured by a monotonic
    /// clock, and recomputed for each retry. Without it, the call counts as over by the time the report arrives.
    #[schema(minimum = 0, maximum = 86400)]
    pub ended_seconds_ago: Option<f64>,
    /// The person asked not to be called: the number is suppressed, with the source `agent`.
    pub suppress: Option<bool>,
}

/// Why an agent broke off its call.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct ReportedFailure {
    /// `agent_failed`.
    #[schema(pattern = "^agent_failed$")]
    pub code: String,
    /// What happened, for people: at most 500 characters, shown in the call's timeline. No secrets.
    pub message: Option<String>,
}

/// One line of a transcript.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct ReportedLine {
    /// Who spoke.
    pub role: String,
    /// What was said.
    pub text: String,
    /// When it was said.
    #[schema(format = DateTime)]
    pub at: String,
}

/// Takes a report. Repeatable: each later one fills in what was missing and changes nothing that was
/// delivered.
///
/// # Errors
/// 401 for a wrong token as well as for an unknown call; 400 for an invalid body.
pub async fn report(api: &impl Api, request: &Request, call: &str) -> Result<Response, Refusal> {
    let id = CallId::verify(call, &api.secrets().id_key).ok_or(Refusal::InvalidReportToken)?;
    let given = request.bearer().unwrap_or_default();
    let is_good = |secrets: &Secrets| {
        let token = report_token(&secrets.report_key, id);
        constant_time_eq(given.as_bytes(), token.as_bytes())
    };
    if !api.secrets().every().any(is_good) {
        return Err(Refusal::InvalidReportToken);
    }
    let Reported {
        report,
        transcript,
        suppress,
    } = read(api, request)?;
    if let Some(outcome) = &report.outcome {
        check_outcome(api, id, outcome).await?;
    }
    let command = command::Report {
        call: id,
        report,
        transcript,
    };
    let known = ask(api, id.address().tag, command).await;
    let known = known.map_err(unreached)?;
    known.ok_or(Refusal::InvalidReportToken)?;
    if suppress {
        not_to_be_called(api, request, id).await?;
    }
    Ok(Response::json(200, &Map::new()))
}

/// The callee asked not to be called again. If storing that fails, the agent gets an error and reports again.
async fn not_to_be_called(api: &impl Api, request: &Request, id: CallId) -> Result<(), Refusal> {
    let known = ask(api, id.address().tag, command::NumberOf(id)).await;
    let known = known.map_err(unreached)?;
    let (org, phone) = known.ok_or(Refusal::InvalidReportToken)?;
    let target = format!("{} (call {id})", phone.as_str());
    let note = Note {
        action: "suppression.create",
        target,
        suppresses: true,
        by: None,
        request: &request.id,
    };
    let noted = ask_directory(api, org, note.by(), note.command()).await;
    let (_, all_ask) = AllAsk::unless_untold(noted)?;
    let row = Suppression {
        phone,
        reason: None,
        source: Source::Agent,
        created_at: api.now(),
        expires_at: None,
    };
    let kept = suppressing::suppress(api, org, None, vec![row], all_ask).await;
    kept.map(drop)
}

/// Validates an outcome against its agent's `outcome_schema`. An agent that was deleted meanwhile, or
/// can't be read, has none.
async fn check_outcome(api: &impl Api, call: CallId, outcome: &Value) -> Result<(), Refusal> {
    let talking = ask(api, call.address().tag, command::AgentOf(call)).await;
    let talking = talking.map_err(unreached)?;
    let (org, agent) = talking.ok_or(Refusal::InvalidReportToken)?;
    let stored = api.read(&RecordKey::Agent(org, agent)).await.ok().flatten();
    let agent: Option<Agent> = stored.and_then(|stored| crate::app::json::read(&stored).ok());
    let Some(schema) = agent.and_then(|agent| agent.outcome_schema) else {
        return Ok(());
    };
    outcome::validate(&schema.value(), outcome)
        .map_err(|what| Refusal::Invalid(format!("outcome{what}")))
}

fn check(
    field: &str,
    value: &Option<Value>,
    is: fn(&Value) -> bool,
    what: &str,
    max: usize,
) -> Result<(), Refusal> {
    match value {
        Some(value) if !is(value) => Err(Refusal::Invalid(format!("{field} must be {what}"))),
        Some(value) if to_json::text(value).len() > max => Err(Refusal::Invalid(format!(
            "{field} must be at most {max} bytes"
        ))),
        _ => Ok(()),
    }
}

/// The contents of an agent's report: the result, the transcript, which is stored separately, and whether to suppress the number.
struct Reported {
    report: Report,
    transcript: Option<Value>,
    suppress: bool,
}

fn read(api: &impl Api, request: &Request) -> Result<Reported, Refusal> {
    let mut body = request.json_object()?;
    let mut take = |field: &str| body.remove(field).filter(|value| !value.is_null());
    let (outcome, transcript) = (take("outcome"), take("transcript"));
    // An empty transcript leaves room for a later one.
    let transcript =
        transcript.filter(|lines| lines.as_array().is_none_or(|lines| !lines.is_empty()));
    let (transcript_url, recording_url) = (take("transcript_url"), take("recording_url"));
    let (failure, ended_ago) = (take("failure"), take("ended_seconds_ago"));
    let suppress = take("suppress").map_or(Some(false), |value| value.as_bool());
    if let Some((field, _)) = body.into_iter().next() {
        return Err(Refusal::UnknownField(field));
    }
    check(
        "outcome",
        &outcome,
        Value::is_object,
        "an object",
        MAX_OUTCOME,
    )?;
    let lines = "an array of role, text and at";
    check(
        "transcript",
        &transcript,
        is_transcript,
        lines,
        MAX_TRANSCRIPT,
    )?;
    let suppress =
        suppress.ok_or_else(|| Refusal::Invalid("suppress must be true or false".into()))?;
    let report = Report {
        outcome,
        transcript_url: read_link(api, transcript_url, "transcript_url")?,
        recording_url: read_link(api, recording_url, "recording_url")?,
        failure: failure.map(read_failure).transpose()?,
        ended_ago: ended_ago.map(read_ago).transpose()?,
    };
    Ok(Reported {
        report,
        transcript,
        suppress,
    })
}

/// An agent's explanation of its failure, on one line.
fn read_failure(value: Value) -> Result<String, Refusal> {
    let invalid = |what: &str| Refusal::Invalid(format!("failure{what}"));
    let Value::Object(mut fields) = value else {
        return Err(invalid(" must be an object"));
    };
    if fields.remove("code") != Some("agent_failed".into()) {
        return Err(invalid(".code must be agent_failed"));
    }
    let message = match fields.remove("message") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(message)) => message,
        Some(_) => return Err(invalid(".message must be a string")),
    };
    if let Some((field, _)) = fields.into_iter().next() {
        return Err(Refusal::UnknownField(format!("failure.{field}")));
    }
    if message.chars().count() > MAX_FAILURE {
        return Err(invalid(&format!(
            ".message must be at most {MAX_FAILURE} characters"
        )));
    }
    Ok(message.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn read_ago(value: Value) -> Result<Span, Refusal> {
    let seconds = value
        .as_f64()
        .filter(|ago| (0.0..=f64::from(MAX_AGO_SECS)).contains(ago));
    let seconds = seconds.ok_or_else(|| {
        Refusal::Invalid(format!(
            "ended_seconds_ago must be a number from 0 to {MAX_AGO_SECS}"
        ))
    })?;
    Ok(Span((seconds * 1_000.0) as u64))
}

/// A link to show: nothing is ever fetched from it.
fn read_link(
    api: &impl Api,
    value: Option<Value>,
    field: &'static str,
) -> Result<Option<String>, Refusal> {
    let is_link = |text: &String| {
        let target = api.parse_url(text).filter(|_| text.len() <= MAX_LINK);
        target.is_some_and(|target| matches!(target.scheme.as_str(), "http" | "https"))
    };
    match value {
        None => Ok(None),
        Some(Value::String(text)) if is_link(&text) => Ok(Some(text)),
        Some(_) => Err(Refusal::UrlInvalid(field)),
    }
}

fn is_transcript(value: &Value) -> bool {
    let is_line = |line: &Value| {
        line.as_object().is_some_and(|line| {
            line.len() == 3
                && ["role", "text", "at"]
                    .iter()
                    .all(|field| line.get(*field).is_some_and(Value::is_string))
        })
    };
    value
        .as_array()
        .is_some_and(|lines| lines.iter().all(is_line))
}

/// `GET /calls/{call_id}/transcript`: what was said, as far as the agent reported it; otherwise an empty list.
///
/// # Errors
/// No such call.
pub async fn transcript(
    api: &impl Api,
    caller: &KeyRecord,
    call: &str,
) -> Result<Response, Refusal> {
    let id = CallId::verify(call, &api.secrets().id_key).ok_or(Refusal::CallNotFound)?;
    let command = command::Transcript(reader(caller), id);
    let lines = ask(api, id.address().tag, command).await;
    let lines = lines.map_err(unreached)??;
    let lines = lines.ok_or(Refusal::CallNotFound)?;
    Ok(Response::json(
        200,
        &object! {"call_id": id, "transcript": lines},
    ))
}

#[cfg(feature = "openapi")]
pub(crate) mod describe {
    //! The OpenAPI description of them.

    use super::{ReportCall, Transcript};
    use crate::app::description::examples;
    use crate::app::description::refusals::{must, unknown_field};
    use crate::app::description::{Description, accepted, ok};
    use crate::domain::refusal::Refusal;

    pub fn report() -> Description {
        Description::new(
            "Machines",
            "Report a call's result",
            "The agent reports the result of its call. It may report again: each later report fills in what was \
            missing and changes nothing that was already delivered. A report means that the agent is done: if the \
            call is still \
             in conversation, the person called is hung up on. A wrong token and an unknown call both get 401.",
            accepted(),
        )
        .id("reportCall")
        .optional_body::<ReportCall>(examples::report())
        .refuses([
            must("failure", "an object"),
            must("failure.code", "agent_failed"),
            must("failure.message", "a string"),
            must("failure.message", "at most 500 characters"),
            must("ended_seconds_ago", "a number from 0 to 86400"),
            must("outcome", "an object"),
            must("outcome", "at most 32768 bytes"),
            must("outcome.disposition", "one of interested, not_interested"),
            must("transcript", "at most 57344 bytes"),
            must("suppress", "true or false"),
            Refusal::TooManySuppressions,
            Refusal::SuppressionUntold,
            unknown_field(),
            Refusal::TrunkUnavailable,
        ])
    }

    pub fn transcript() -> Description {
        Description::new(
            "Calls",
            "Get a call's transcript",
            "What was said, as far as the agent reported it; an empty list otherwise.",
            ok::<Transcript>("The transcript.", examples::transcript()),
        )
        .id("getTranscript")
        .refuses([Refusal::CallNotFound, Refusal::TrunkUnavailable])
    }
}
