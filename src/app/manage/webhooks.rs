//! `/webhooks/secret` and `/webhooks/test`.

use serde_json::Value;

use super::create::Draw;
use super::{Resource, by};
use crate::app::body::Body;
use crate::app::directory::command;
use crate::app::http::{Request, Response};
use crate::app::json;
use crate::app::ports::Api;
use crate::app::target::check_target;
use crate::app::views::manage::SecretView;
use crate::domain::access::KeyRecord;
use crate::domain::refusal::Refusal;
use crate::domain::time::Span;

pub(super) const RESOURCE: Resource = Resource {
    missing: Refusal::NotFound,
    plural: "webhook secrets",
};
const TEST: Resource = Resource {
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
    /// How long the current secret keeps signing alongside the new one; 86400 by default.
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
    let secrets = super::get(api, caller, command::Secrets, &RESOURCE).await?;
    Ok(Response::json(200, &SecretView::new(&secrets, api.now())))
}

/// `POST /webhooks/secret/rotate`.
///
/// # Errors
/// An invalid body.
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
    let overlap = Span::from_secs(overlap.unwrap_or(DEFAULT_OVERLAP_SECS));
    let text = secret.clone();
    let shown = [("secret", text.reveal())];
    let rotate = command::RotateSecret { secret, overlap };
    let by = by(caller, request);
    draw.create(api, caller.org_id, by, rotate, &shown, &RESOURCE)
        .await
        .map_err(|refusal| match refusal {
            Refusal::TooMany(_) => Refusal::TooManySecrets,
            other => other,
        })
}

/// `POST /webhooks/test`: a signed example event to any receiver.
///
/// # Errors
/// An invalid body; a URL that callbacks may not go to.
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
    let send = command::TestEvent { url };
    let by = by(caller, request);
    draw.create(api, caller.org_id, by, send, &[], &TEST).await
}

#[cfg(feature = "openapi")]
pub(crate) mod describe {
    //! The OpenAPI description of them.

    use serde_json::json;

    use super::{RotateSecret, SendTestEvent};
    use crate::app::description::examples;
    use crate::app::description::refusals::{must, unknown_field};
    use crate::app::description::{Description, answer, ok};
    use crate::app::target::WHOLE_URL;
    use crate::app::views::delivery::DeliveryView;
    use crate::app::views::manage::SecretView;
    use crate::domain::refusal::Refusal;

    const TAG: &str = "Webhooks";

    pub fn secret() -> Description {
        Description::new(
            TAG,
            "Get the webhook secret",
            "The secret that signs callbacks.",
            ok::<SecretView>("The secret.", examples::secret()),
        )
    }

    pub fn rotate() -> Description {
        Description::new(
            TAG,
            "Rotate the webhook secret",
            "Creates a new secret, which signs each attempt that begins after the answer. `webhook-signature` also holds \
             a signature by each earlier secret, newest first, until the overlap given when it was replaced is over; \
             `overlap_seconds: 0` ends all of them at once. `X-Audatec-Signature` is always the newest secret's.",
            ok::<SecretView>("The new secret.", examples::secret()),
        )
        .optional_body::<RotateSecret>(json!({"overlap_seconds": 86400}))
        .once()
        .refuses([
            must("overlap_seconds", "a whole number from 0 to 604800"),
            unknown_field(),
            Refusal::TooManySecrets,
        ])
    }

    pub fn test() -> Description {
        Description::new(
            TAG,
            "Send a test event",
            "A signed `call.completed` with example data and a made-up `call_id`, visible as a delivery whose `call_id` \
             is null. The `url` must meet the same rules as a `callback_url`.",
            answer::<DeliveryView<'static>>(202, "The attempt is due.", examples::test_delivery()),
        )
        .id("sendTestEvent")
        .body::<SendTestEvent>(json!({"url": "https://your-server.com/hooks/call-done"}))
        .once()
        .refuses([
            Refusal::Required("url"),
            Refusal::UrlInvalid("url"),
            Refusal::UrlPrivate("url"),
            Refusal::UrlAddress("url"),
            must("url", WHOLE_URL),
            unknown_field(),
        ])
    }
}
