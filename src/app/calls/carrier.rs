//! `POST /carrier/livekit`: LiveKit tells what happens in its rooms.
//!
//! A room's name is its call's id, which says whose object knows the call, and so whose secret must
//! have signed. An event about anything else is checked against the trunk that has its API key, and
//! forgotten. The answer is quick and, for whoever holds the secret, always 200: what is lost here
//! is found by asking.

use serde_json::{Value, json};

use crate::app::dialers::livekit::{Presented, webhook};
use crate::app::http::{Request, Response};
use crate::app::ports::Api;
use crate::app::records::RecordKey;
use crate::app::trunk::{Line, TrunkCommand, TrunkReply};
use crate::domain::ids::CallId;
use crate::domain::refusal::Refusal;

/// Takes an event.
///
/// # Errors
/// 401: not signed by the holder of a trunk's secret.
pub async fn livekit(api: &impl Api, request: &Request) -> Result<Response, Refusal> {
    // LiveKit sends the bare token; a proxy may have made it a bearer's.
    let token = request.bearer().or(request.authorization.as_deref());
    let token = token
        .and_then(|token| Presented::read(token.trim()))
        .ok_or(Refusal::InvalidWebhookSignature)?;
    let event: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let call = webhook::room(&event).and_then(|name| CallId::verify(name, &api.secrets().id_key));
    let line = match call {
        Some(call) => line_of(api, call, &token, request).await,
        None => line_with(api, &token, request).await,
    };
    let line = line.ok_or(Refusal::InvalidWebhookSignature)?;
    if let Some(call) = call {
        tell(api, &line, call, &event).await;
    }
    Ok(Response::json(200, &json!({})))
}

/// The line of a call's trunk, if it sent this. A line that is remembered here may have got a new
/// secret meanwhile.
async fn line_of(
    api: &impl Api,
    call: CallId,
    token: &Presented<'_>,
    request: &Request,
) -> Option<Line> {
    for _ in 0..2 {
        let reply = api.trunk(call.address().tag, &TrunkCommand::Line).await;
        let Ok(TrunkReply::Line(Some(line))) = reply else {
            return None;
        };
        if is_from(api, &line, token, request).await {
            return Some(line);
        }
        api.forget(line.org);
    }
    None
}

/// The line that has the token's API key, if it sent this.
async fn line_with(api: &impl Api, token: &Presented<'_>, request: &Request) -> Option<Line> {
    let key = RecordKey::carrier(token.issuer()?);
    let stored = api.read(&key).await.ok()??;
    let line: Line = crate::app::json::read(&stored).ok()?;
    is_from(api, &line, token, request).await.then_some(line)
}

async fn is_from(api: &impl Api, line: &Line, token: &Presented<'_>, request: &Request) -> bool {
    if token.issuer() != Some(&line.api_key) {
        return false;
    }
    let secret = api.open(&line.api_secret, &line.org.to_string()).await;
    secret.is_ok_and(|secret| webhook::is_genuine(token, &secret, &request.body, api.now()))
}

async fn tell(api: &impl Api, line: &Line, call: CallId, event: &Value) {
    if let Some(location) = webhook::recorded(event) {
        let recorded = TrunkCommand::Recorded(call, location.to_owned());
        let _ = api.trunk(call.address().tag, &recorded).await;
    }
    let events = webhook::events(call, event, api.now());
    if events.is_empty() {
        return;
    }
    let heard = TrunkCommand::Carrier(vec![(call, events)]);
    if api.trunk(call.address().tag, &heard).await.is_err() {
        api.log(&format!(
            "livekit: an event of a call of {} was lost; its trunk will ask",
            line.org
        ));
    }
}
