//! Stopping a call: the integrator cancels it, or the operator releases its channel.

use crate::app::body::Body;
use crate::app::calls::{AboutCall, ask_about};
use crate::app::http::{Request, Response};
use crate::app::ports::Api;
use crate::app::trunk::command::{Cancel, Read};
use crate::app::views::call::StatusView;
use crate::domain::access::KeyRecord;
use crate::domain::ids::CallId;
use crate::domain::refusal::Refusal;

/// `POST /calls/{call_id}/cancel`.
///
/// # Errors
/// No such call, or it is over already.
pub async fn cancel(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    call: &str,
) -> Result<Response, Refusal> {
    Body::none(request)?;
    end(api, caller, call).await
}

async fn end(api: &impl Api, caller: &KeyRecord, call: &str) -> Result<Response, Refusal> {
    let command = |reader, id| AboutCall::of(Cancel(reader, id));
    let call = match ask_about(api, caller, call, command).await {
        Err(Refusal::CallAlreadyTerminal) => return is_over(api, caller, call).await,
        call => call?,
    };
    Ok(Response::json(
        200,
        &StatusView::of(&call, api.now(), api.settings()),
    ))
}

/// A call that was already over, and the attempt that followed it, if any.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallIsOver {
    /// `Call is already in a terminal state`.
    error: String,
    /// The attempt that followed. Only present if the call was redialed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid", required = false))]
    next_call_id: Option<CallId>,
}

async fn is_over(api: &impl Api, caller: &KeyRecord, call: &str) -> Result<Response, Refusal> {
    let command = |reader, id| AboutCall::of(Read(reader, id));
    let series = ask_about(api, caller, call, command).await?.series;
    let refusal = Refusal::CallAlreadyTerminal;
    let next_call_id = series.and_then(|series| series.next);
    let body = CallIsOver {
        error: refusal.text(),
        next_call_id,
    };
    let response = Response::json(refusal.status(), &body);
    Ok(response.with_header("X-Error-Code", refusal.code()))
}

/// `POST /sip-trunks/{id}/live/{call_id}/release`.
///
/// # Errors
/// No such trunk, no such call on it, or it is over already.
pub async fn release(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    trunk: &str,
    call: &str,
) -> Result<Response, Refusal> {
    Body::none(request)?;
    let trunk = super::read::own_trunk(api, caller, trunk).await?;
    let on_trunk = crate::domain::ids::CallId::verify(call, &api.secrets().id_key)
        .is_some_and(|id| id.address().tag == trunk.id.tag());
    if !on_trunk {
        return Err(Refusal::CallNotFound);
    }
    end(api, caller, call).await
}

#[cfg(feature = "openapi")]
pub(crate) mod describe {
    //! The OpenAPI description of them.

    use super::CallIsOver;
    use crate::app::description::examples;
    use crate::app::description::{Description, Schema, Success, ok};
    use crate::app::views::call::StatusView;
    use crate::domain::refusal::Refusal;

    fn stopped() -> Success {
        ok::<StatusView<'static>>("The call as it is now.", examples::canceled())
    }

    pub fn cancel() -> Description {
        Description::new(
            "Calls",
            "Cancel a call",
            "A call that was never dialed ends `Trigger Failed`; a ringing or answered one is hung up (`SIP Call Failed`, \
             `Completed`). A conversation that is hung up stays `Answered` until its agent reports, 10 seconds at most, and \
             keeps that outcome. For a call that is terminal, or has hung up and waits for its report, the response is a 409, \
             which names the attempt that followed it, if any. Cancelling an attempt that is yet to be made ends the \
             series.",
            stopped(),
        )
        .no_fields()
        .refused_as(409, Schema::of::<CallIsOver>(), examples::is_over)
        .refuses([
            Refusal::CallAlreadyTerminal,
            Refusal::CallNotFound,
            Refusal::TrunkUnavailable,
        ])
    }

    pub fn release() -> Description {
        Description::new(
            "SIP trunks",
            "Release a channel",
            "Hangs up and frees the call's channel. As with a cancelled call, a conversation keeps the outcome that its agent reports.",
            stopped(),
        )
        .no_fields()
        .refused_as(409, Schema::of::<CallIsOver>(), examples::is_over)
        .refuses([
            Refusal::TrunkNotFound,
            Refusal::CallNotFound,
            Refusal::CallAlreadyTerminal,
            Refusal::TrunkUnavailable,
        ])
    }
}
