//! `GET /healthz`: for whoever watches a deployment.

use crate::app::http::Response;
use crate::app::ports::Api;
use crate::domain::object::object;
use crate::domain::refusal::Refusal;

/// Says that the Worker is up, and which deployment it is. Touches no storage.
///
/// # Errors
/// None.
pub async fn check(api: &impl Api) -> Result<Response, Refusal> {
    let up = Response::json(200, &object! {"status": "ok"});
    Ok(up.with_header("X-Deployment", api.secrets().deployment()))
}

#[cfg(feature = "openapi")]
pub(crate) mod describe {
    //! The OpenAPI description of it.

    use serde_json::json;

    use crate::app::description::{Description, by_hand};

    pub fn check() -> Description {
        let health = json!({
            "type": "object",
            "required": ["status"],
            "properties": {"status": {"type": "string", "enum": ["ok"]}},
            "additionalProperties": false,
        });
        let up = by_hand(200, "The Worker is up.", "Health", json!({"status": "ok"}));
        Description::new(
            "Machines",
            "Health",
            "Whether the Worker is up. Touches no storage. The `X-Deployment` header names the deployment that \
            answers, as `GET /platform/v1/health` does, so that you can check whether `PUBLIC_URL` leads to it.",
            up,
        )
        .id("getHealth")
        .schemas([("Health", health)])
    }
}
