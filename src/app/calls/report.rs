//! `POST /agent-reports/{call_id}`: the agent tells what came of its call.

use hmac::Mac;
use serde_json::{Value, json};

use crate::app::http::{Request, Response};
use crate::app::ports::Api;
use crate::app::trunk::{TrunkCommand, TrunkReply};
use crate::domain::access::{constant_time_eq, hex, hmac_sha256};
use crate::domain::ids::CallId;
use crate::domain::refusal::Refusal;

/// The largest outcome that is kept, as JSON in bytes: it must fit a callback.
const MAX_OUTCOME: usize = 32_768;

// As the OpenAPI document describes it; `read_outcome` reads it.
/// What came of a call: any subset.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct ReportCall {
    /// What came of the conversation, the call's `call_outcome`: at most 32768 bytes as JSON.
    #[schema(value_type = Option<Object>)]
    pub outcome: Option<Value>,
    /// What was said.
    pub transcript: Option<Vec<ReportedLine>>,
    /// Where the transcript is.
    pub transcript_url: Option<String>,
    /// Where the recording is.
    pub recording_url: Option<String>,
}

/// One line of a transcript.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct ReportedLine {
    /// Who spoke.
    pub role: String,
    /// What was said.
    pub text: String,
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
}

/// The token of one call's agent: nobody else can make it, and nothing stores it.
#[must_use]
pub fn report_token(report_key: &[u8], call: CallId) -> String {
    let mut mac = hmac_sha256(report_key);
    mac.update(call.to_string().as_bytes());
    hex(&mac.finalize().into_bytes())
}

/// Takes a report. Repeatable: each later one fills what was missing and changes nothing that was
/// delivered.
///
/// # Errors
/// 401 for a wrong token and for an unknown call alike; 400 for a body of another shape.
pub async fn report(api: &impl Api, request: &Request, call: &str) -> Result<Response, Refusal> {
    let id = CallId::verify(call, &api.secrets().id_key).ok_or(Refusal::InvalidReportToken)?;
    let token = report_token(&api.secrets().report_key, id);
    if !constant_time_eq(
        request.bearer().unwrap_or_default().as_bytes(),
        token.as_bytes(),
    ) {
        return Err(Refusal::InvalidReportToken);
    }
    let command = TrunkCommand::Report {
        call: id,
        outcome: read_outcome(request)?,
    };
    match api.trunk(id.address().tag, &command).await {
        Ok(TrunkReply::Done) => Ok(Response::json(200, &json!({}))),
        Ok(TrunkReply::Missing) => Err(Refusal::InvalidReportToken),
        _ => Err(Refusal::DialerUnavailable),
    }
}

fn read_outcome(request: &Request) -> Result<Option<Value>, Refusal> {
    let mut body = request.json_object()?;
    let outcome = body.remove("outcome").filter(|value| !value.is_null());
    for known in ["transcript", "transcript_url", "recording_url"] {
        body.remove(known);
    }
    if let Some((field, _)) = body.into_iter().next() {
        return Err(Refusal::UnknownField(field));
    }
    match outcome {
        Some(value) if !value.is_object() => {
            Err(Refusal::Invalid("outcome must be an object".into()))
        }
        Some(value) if value.to_string().len() > MAX_OUTCOME => Err(Refusal::Invalid(format!(
            "outcome must be at most {MAX_OUTCOME} bytes"
        ))),
        outcome => Ok(outcome),
    }
}
