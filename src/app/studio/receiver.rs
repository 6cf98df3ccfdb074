//! `/studio/receiver`: takes an organisation's own callbacks and shows the latest of them.

use serde_json::{Map, Value};

use crate::app::directory::{By, Received, ask, command};
use crate::app::http::{MAX_BODY, Request, Response};
use crate::app::iso8601;
use crate::app::ports::{Api, Directories, Host, Unavailable};
use crate::domain::access::KeyRecord;
use crate::domain::ids::OrgId;
use crate::domain::object::object;
use crate::domain::refusal::Refusal;
use crate::domain::tokens::receiver;

/// The headers of a notification that are kept.
pub const HEADERS: [&str; 7] = [
    "content-type",
    "user-agent",
    "x-audatec-signature",
    "x-audatec-failure",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
];

// For the OpenAPI document: what `show` answers.
/// The organisation's built-in receiver.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct StudioReceiver {
    /// Its address: a `callback_url` for test calls. Whoever knows it can write to it.
    pub callback_url: String,
    /// What came, newest first: at most 20, of the last 24 hours.
    pub received: Vec<ReceivedNotification>,
}

// For the OpenAPI document: what `show` answers.
/// A notification that the built-in receiver accepted.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct ReceivedNotification {
    /// When it came.
    #[schema(format = DateTime)]
    pub at: String,
    /// Whether both signatures are the organisation's, and not older than five minutes.
    pub verified: bool,
    /// The headers that matter, with lower-case names.
    #[schema(value_type = Object)]
    pub headers: Map<String, Value>,
    /// The exact body.
    pub body: String,
}

/// `POST /studio/receiver/{token}`: takes a notification.
///
/// # Errors
/// A token that was not issued for this host; a body above 64 KiB or not in UTF-8.
pub async fn take(
    api: &(impl Host + Directories),
    request: &Request,
    token: &str,
) -> Result<Response, Refusal> {
    let org = api
        .secrets()
        .every()
        .find_map(|secrets| receiver::org_of(token, request.host(), &secrets.studio_key));
    let org = org.ok_or(Refusal::NotFound)?;
    request.plain_body()?;
    if request.body.len() > MAX_BODY {
        return Err(Refusal::BodyTooLarge);
    }
    let body = String::from_utf8(request.body.clone()).map_err(|_| Refusal::BodyNotJson)?;
    let headers = HEADERS.iter().zip(&request.receiver_headers);
    let headers = headers.filter_map(|(name, value)| Some(((*name).to_owned(), value.clone()?)));
    keep(api, org, headers.collect(), body)
        .await
        .map(|()| Response::no_content())
        .map_err(|Unavailable| Refusal::DirectoryUnavailable)
}

/// Stores a notification, however it arrived.
///
/// # Errors
/// The directory can't be reached.
pub async fn keep(
    world: &(impl Host + Directories),
    org: OrgId,
    headers: Vec<(String, String)>,
    body: String,
) -> Result<(), Unavailable> {
    let received = Received {
        at: world.now(),
        verified: false,
        headers,
        body,
    };
    let receive = command::Receive(Box::new(received));
    let taken = ask(world, org, By::PLATFORM, receive).await?;
    taken.map_err(|_| Unavailable)
}

/// `GET /studio/receiver`: its address, and what arrived.
///
/// # Errors
/// The directory can't be reached; the key was revoked a moment ago.
pub async fn show(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let by = By::key(caller.key_id);
    let received = ask(api, caller.org_id, by, command::Received).await;
    let received = received
        .map_err(|Unavailable| Refusal::DirectoryUnavailable)?
        .map_err(|_| Refusal::InvalidKey)?;
    let token = receiver::token(caller.org_id, request.host(), &api.secrets().studio_key);
    let received: Vec<Value> = received.into_iter().map(view).collect();
    Ok(Response::json(
        200,
        &object! {
            "callback_url": format!("{}{}{token}", request.origin, receiver::PATH),
            "received": received,
        },
    ))
}

fn view(received: Received) -> Value {
    let headers = received.headers.into_iter();
    let headers: Map<String, Value> = headers
        .map(|(name, value)| (name, Value::String(value)))
        .collect();
    object! {
        "at": iso8601::format(received.at),
        "verified": received.verified,
        "headers": headers,
        "body": received.body,
    }
}

#[cfg(feature = "openapi")]
pub(crate) mod describe {
    //! The OpenAPI description of it.

    use serde_json::{Value, json};

    use super::StudioReceiver;
    use crate::app::description::examples;
    use crate::app::description::{Description, Success, ok};
    use crate::domain::refusal::Refusal;

    const TAG: &str = "Studio";

    pub fn show() -> Description {
        Description::new(
            TAG,
            "Get the receiver",
            "A `callback_url` for a first test call, which needs no server of yours, and what was received there. It is \
             the one address of this deployment that callbacks may go to.",
            ok::<StudioReceiver>("The receiver.", receiver()),
        )
    }

    pub fn take() -> Description {
        Description::new(
            TAG,
            "Receive a notification",
            "The built-in receiver: accepts a callback of the organisation that the token names, and keeps it for a day.",
            Success::nothing("Accepted."),
        )
        .id("receiveCallback")
        .refuses([
            Refusal::NotFound,
            Refusal::EncodingUnsupported("X".into()),
            Refusal::BodyTooLarge,
            Refusal::BodyNotJson,
        ])
    }

    fn receiver() -> Value {
        json!({
            "callback_url": "https://api.audatec.in/studio/receiver/6f2d4c1a-93b8-4e57-8a10-5d7c9e2b4f63-0123456789abcdef0123456789abcdef",
            "received": [{
                "at": "2026-06-14T10:33:42.000Z",
                "verified": true,
                "headers": {
                    "content-type": "application/json",
                    "webhook-id": "5c0e9f34-2f6b-4d0a-8d57-0f6a7f1b2c3d",
                },
                "body": examples::notification("call.completed").to_string(),
            }],
        })
    }
}
