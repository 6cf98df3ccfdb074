//! `POST /sip-trunks/{id}/test`: whether a trunk's connection would carry a call, without making one.

use serde::Serialize;

use super::trunks::find;
use crate::app::body::Body;
use crate::app::dialers::livekit;
use crate::app::http::{Request, Response};
use crate::app::ports::Api;
use crate::domain::access::KeyRecord;
use crate::domain::refusal::Refusal;
use crate::domain::trunk::Carrier;

/// What a test of a trunk's connection found.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrunkTest {
    /// Whether all checks passed.
    ok: bool,
    /// The checks, in order; after one that failed, the rest were not made.
    checks: Vec<CheckView>,
}

/// One check.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct CheckView {
    /// `server`, `api_key`, `api_secret` and `sip_trunk`; for a simulated trunk, `simulator` alone.
    name: &'static str,
    /// Whether it passed.
    ok: bool,
    /// What was found, and what to fix.
    message: String,
}

/// Tests the connection, even of an inactive trunk. Rings nobody and changes nothing.
///
/// # Errors
/// No such trunk.
pub async fn test(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    id: &str,
) -> Result<Response, Refusal> {
    Body::none(request)?;
    let trunk = find(api, caller, id).await?;
    let found = match trunk.carrier {
        Carrier::Simulator => vec![(
            "simulator",
            true,
            "Calls are simulated: nobody is dialed, and the number decides what happens".to_owned(),
        )],
        Carrier::LiveKit { .. } => livekit::check(api, &trunk.carrier, trunk.org_id).await,
    };
    let view = |(name, ok, message)| CheckView { name, ok, message };
    let checks: Vec<CheckView> = found.into_iter().map(view).collect();
    let ok = checks.iter().all(|check| check.ok);
    Ok(Response::json(200, &TrunkTest { ok, checks }))
}

#[cfg(feature = "openapi")]
pub(crate) mod describe {
    //! The OpenAPI description of it.

    use super::TrunkTest;
    use crate::app::description::examples;
    use crate::app::description::{Description, ok};
    use crate::domain::refusal::Refusal;

    pub fn test() -> Description {
        Description::new(
            "SIP trunks",
            "Test a SIP trunk's connection",
            "Connects to the trunk's LiveKit server, whether the trunk is active or not, and checks the API key, its \
             secret and the SIP trunk. Rings nobody and changes nothing. Only a call can tell whether a SIP node is \
             running. Answers within 10 seconds.",
            ok::<TrunkTest>("The results of the checks.", examples::trunk_test()),
        )
        .no_fields()
        .refuses([Refusal::TrunkNotFound])
    }
}
