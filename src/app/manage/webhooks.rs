//! `/webhooks/secret` and `/webhooks/test`.

use serde_json::Value;

use super::body::Body;
use super::views::SecretView;
use super::{Thing, ask, change};
use crate::app::calls::trigger::check_target;
use crate::app::calls::views::DeliveryView;
use crate::app::directory::{Ask, DirectoryReply};
use crate::app::http::{Request, Response};
use crate::app::json;
use crate::app::ports::Api;
use crate::domain::access::KeyRecord;
use crate::domain::callback::WebhookSecret;
use crate::domain::refusal::Refusal;
use crate::domain::time::Millis;

const THING: Thing = Thing {
    missing: Refusal::NotFound,
    plural: "webhook secrets",
};
const TEST: Thing = Thing {
    missing: Refusal::NotFound,
    plural: "test deliveries under way",
};
const DEFAULT_OVERLAP_SECS: u64 = 86_400;
const MAX_OVERLAP_SECS: u64 = 604_800;

// As the OpenAPI document describes it; `rotate` reads it.
/// How to rotate the secret.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct RotateSecret {
    /// How long the present secret signs beside the new one; 86400 when left out.
    #[schema(minimum = 0, maximum = 604800)]
    pub overlap_seconds: Option<u64>,
}

// As the OpenAPI document describes it; `test` reads it.
/// Where to send a test event.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct SendTestEvent {
    /// The receiver: an http or https URL that does not point to a private address.
    pub url: String,
}

/// `GET /webhooks/secret`.
///
/// # Errors
/// The directory can't be reached.
pub async fn secret(api: &impl Api, caller: &KeyRecord) -> Result<Response, Refusal> {
    match ask(api, caller, "", Ask::Secrets).await {
        Ok(DirectoryReply::Secrets(secrets)) => {
            Ok(Response::json(200, &SecretView::new(&secrets, api.now())))
        }
        Ok(DirectoryReply::Refused(denied)) => Err(THING.refusal(denied)),
        _ => Err(Refusal::AuthenticationUnavailable),
    }
}

/// `POST /webhooks/secret/rotate`.
///
/// # Errors
/// A body of another shape.
pub async fn rotate(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let mut body = Body::of(request)?;
    let what = "a whole number from 0 to 604800";
    let overlap = body.optional("overlap_seconds", None, what, |value: Value| {
        json::whole(&value, 0..=MAX_OVERLAP_SECS)
    })?;
    body.finish()?;
    let secret = WebhookSecret::from_entropy(api.entropy());
    let overlap = Millis::from_secs(overlap.unwrap_or(DEFAULT_OVERLAP_SECS));
    match change(
        api,
        caller,
        request,
        Ask::RotateSecret { secret, overlap },
        &THING,
    )
    .await
    .map_err(|refusal| match refusal {
        Refusal::TooMany(_) => Refusal::TooManySecrets,
        other => other,
    })? {
        DirectoryReply::Secrets(secrets) => {
            Ok(Response::json(200, &SecretView::new(&secrets, api.now())))
        }
        _ => Err(Refusal::AuthenticationUnavailable),
    }
}

/// `POST /webhooks/test`: a signed example event to any receiver.
///
/// # Errors
/// A body of another shape; a URL that callbacks may not go to.
pub async fn test(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let mut body = Body::of(request)?;
    let given = body.required("url", None, "a valid http or https URL", Some)?;
    let Value::String(url) = given else {
        return Err(Refusal::UrlInvalid("url"));
    };
    body.finish()?;
    check_target(api, request, &url, "url")?;
    match change(api, caller, request, Ask::TestEvent { url }, &TEST).await? {
        DirectoryReply::Delivery(delivery) => {
            Ok(Response::json(202, &DeliveryView::of(&delivery, None)))
        }
        _ => Err(Refusal::AuthenticationUnavailable),
    }
}
