//! `GET /healthz`: for whoever watches a deployment.

use serde_json::json;

use crate::app::http::Response;
use crate::domain::refusal::Refusal;

/// Whether the Worker is up. Touches no storage.
///
/// # Errors
/// None.
pub async fn check() -> Result<Response, Refusal> {
    Ok(Response::json(200, &json!({"status": "ok"})))
}
