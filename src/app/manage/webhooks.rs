//! `/webhooks/secret` and `/webhooks/test`.

use serde_json::Value;

use super::body::Body;
use super::create::Draw;
use super::views::SecretView;
use super::{Thing, command};
use crate::app::calls::trigger::check_target;
use crate::app::directory::{Ask, GetSecrets};
use crate::app::http::{Request, Response};
use crate::app::json;
use crate::app::ports::Api;
use crate::domain::access::KeyRecord;
use crate::domain::refusal::Refusal;
use crate::domain::time::Millis;

pub(super) const THING: Thing = Thing {
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
    /// The receiver: an http or https URL of at most 8192 bytes that does not point to a private address, as a `callback_url`.
    pub url: String,
}

/// `GET /webhooks/secret`.
///
/// # Errors
/// The directory can't be reached.
pub async fn secret(api: &impl Api, caller: &KeyRecord) -> Result<Response, Refusal> {
    let secrets = super::get(api, caller, GetSecrets, &THING).await?;
    Ok(Response::json(200, &SecretView::new(&secrets, api.now())))
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
    let draw = Draw::of(api, request)?;
    let what = "a whole number from 0 to 604800";
    let overlap = body.optional("overlap_seconds", None, what, |value: Value| {
        json::whole(&value, 0..=MAX_OVERLAP_SECS)
    })?;
    body.finish()?;
    let secret = draw.secret(api, "secret");
    let overlap = Millis::from_secs(overlap.unwrap_or(DEFAULT_OVERLAP_SECS));
    let (text, ask) = (secret.clone(), Ask::RotateSecret { secret, overlap });
    let shown = [("secret", text.reveal())];
    let ask = command(caller, request, ask);
    draw.create(api, caller.org_id, ask, &shown, &THING)
        .await
        .map_err(|refusal| match refusal {
            Refusal::TooMany(_) => Refusal::TooManySecrets,
            other => other,
        })
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
    let draw = Draw::of(api, request)?;
    let given = body.required("url", None, "a valid http or https URL", Some)?;
    let Value::String(url) = given else {
        return Err(Refusal::UrlInvalid("url"));
    };
    body.finish()?;
    let url = check_target(api, request, &url, "url")?;
    let ask = command(caller, request, Ask::TestEvent { url });
    draw.create(api, caller.org_id, ask, &[], &TEST).await
}
