//! `POST /carrier/livekit`: LiveKit's reports about its rooms.
//!
//! A room's name is its call's id, which says whose object knows the call, and so whose secret must
//! have signed. An event about anything else is checked against the trunk that has its API key, and
//! dropped. The response is quick and, for whoever holds the secret, always 200: what is lost here
//! is found by inquiries.

use serde_json::{Map, Value};

use super::{BearerJwt, webhook};
use crate::app::http::{Request, Response};
use crate::app::ports::{Api, Unavailable};
use crate::app::records::RecordKey;
use crate::app::telemetry::Event;
use crate::app::trunk::{CarrierCredentials, ask, command};
use crate::domain::ids::CallId;
use crate::domain::refusal::Refusal;

/// Takes an event.
///
/// # Errors
/// 401: not signed by the holder of a trunk's secret. 503: it can't be decided now; LiveKit sends it again.
pub async fn receive(api: &impl Api, request: &Request) -> Result<Response, Refusal> {
    // LiveKit sends the bare token; a proxy may have made it a bearer token.
    let token = request.bearer().or(request.authorization.as_deref());
    let token = token
        .and_then(|token| BearerJwt::read(token.trim()))
        .ok_or(Refusal::InvalidWebhookSignature)?;
    let event: Value = serde_json::from_slice(request.plain_body()?).unwrap_or_default();
    let call = webhook::room(&event).and_then(|name| CallId::verify(name, &api.secrets().id_key));
    let credentials = sender(api, call, &token, request)
        .await
        .map_err(|Unavailable| Refusal::DirectoryUnavailable)?
        .ok_or(Refusal::InvalidWebhookSignature)?;
    if let Some(call) = call {
        if webhook::shows_a_room(&event) {
            room_seen(api, call).await?;
        }
        tell(api, &credentials, call, &event).await;
    }
    Ok(Response::json(200, &Map::new()))
}

/// The sender's credentials: those of the call's trunk, or those with the token's API key.
async fn sender(
    api: &impl Api,
    call: Option<CallId>,
    token: &BearerJwt<'_>,
    request: &Request,
) -> Result<Option<CarrierCredentials>, Unavailable> {
    let issuer = token.issuer().unwrap_or_default();
    // What this isolate remembers may have got a new secret since, and a call may have been dialed over a former carrier.
    for of in [None, call] {
        let credentials: Option<CarrierCredentials> = match call {
            Some(call) => ask(api, call.address().tag, command::Credentials(of)).await?,
            None => {
                let stored = api.read(&RecordKey::carrier(issuer)).await?;
                stored.and_then(|stored| crate::app::json::read(&stored).ok())
            }
        };
        let Some(credentials) = credentials else {
            break;
        };
        if credentials.api_key == issuer {
            let secret = api
                .open(&credentials.api_secret, &credentials.org.to_string())
                .await?;
            if webhook::is_genuine(token, &secret, &request.body, api.now()) {
                return Ok(Some(credentials));
            }
        }
        api.forget(credentials.org);
    }
    Ok(None)
}

/// A call that is over must have no room any more. If that can't be decided now, LiveKit sends the event again.
async fn room_seen(api: &impl Api, call: CallId) -> Result<(), Refusal> {
    let tag = call.address().tag;
    let told = ask(api, tag, command::RoomSeen(call)).await;
    told.map_err(|Unavailable| Refusal::DirectoryUnavailable)
}

async fn tell(api: &impl Api, credentials: &CarrierCredentials, call: CallId, event: &Value) {
    if let Some(location) = webhook::recorded(event) {
        let recorded = command::Recorded(call, location);
        let _ = ask(api, call.address().tag, recorded).await;
    }
    let events = webhook::events(call, event, api.now());
    if events.is_empty() {
        return;
    }
    let heard = command::CarrierEvents(vec![(call, events)]);
    if ask(api, call.address().tag, heard).await.is_err() {
        api.log(&Event::LiveKitEventLost {
            org: credentials.org,
            call,
        });
    }
}

#[cfg(feature = "openapi")]
pub mod describe {
    //! The OpenAPI description of it.

    use crate::app::description::{Description, accepted};
    use crate::domain::refusal::Refusal;

    pub fn receive() -> Description {
        Description::new(
            "Machines",
            "Receive a LiveKit webhook",
            "The webhook of a LiveKit server that a trunk is connected to, signed by LiveKit: the Authorization \
            header is a \
             token whose `iss` is the trunk's API key and whose `sha256` is that of the body (`application/webhook+json`). \
             Irrelevant, late, repeated or out-of-order events get 200, too.",
            accepted(),
        )
        .id("receiveLiveKitWebhook")
        .refuses([Refusal::EncodingUnsupported("X".into())])
    }
}
