//! From a request to its response: routing, access, and the handler.

pub mod health;
pub mod pages;
pub mod routes;

use crate::app::authenticate::{self, Access};
use crate::app::calls::read::csv;
use crate::app::export;
use crate::app::http::{Request, Response};
use crate::app::manage::agents;
use crate::app::manage::campaigns::results;
use crate::app::ports::Api;
use crate::domain::refusal::Refusal;

pub use routes::{Action, ROUTES, Route, allow, choose, find, offered};

/// Answers a request. Never fails: errors are responses too.
pub async fn serve(api: &impl Api, request: &Request) -> Response {
    match answer(api, request).await {
        Ok(response) => response,
        Err(refusal) => refusal.into(),
    }
}

/// The next piece of a response that had a `rest`, and how to continue from there.
///
/// # Errors
/// It can't be read: the response ends unfinished.
pub async fn go_on(api: &impl Api, rest: &str) -> Result<(String, Option<String>), Refusal> {
    if rest.starts_with(export::FILE) {
        return export::go_on(api, rest).await;
    }
    if rest.starts_with(results::FILE) {
        return results::go_on(api, rest).await;
    }
    match csv::go_on(api, rest).await {
        Some(told) => told,
        None => agents::go_on(api, rest).await,
    }
}

/// The documented order of checks: transport, path and method, key, role; the rest is the route's own.
async fn answer(api: &impl Api, request: &Request) -> Result<Response, Refusal> {
    if !request.is_secure {
        return Err(Refusal::HttpsRequired);
    }
    let offered = offered(&request.path);
    if offered.is_empty() {
        return Err(Refusal::NotFound);
    }
    let route = choose(offered, &request.method);
    let route = route.ok_or_else(|| Refusal::MethodNotAllowed(allow(offered)))?;
    let variables = route.variables(&request.path).unwrap_or_default();
    act(api, request, route.access, route.action, variables).await
}

/// Carries out a route's action, if its access allows that. `variables` are the path's variable segments.
///
/// # Errors
/// The caller has no access; otherwise the action's own.
pub async fn act(
    api: &impl Api,
    request: &Request,
    access: Access,
    action: Action,
    variables: [&str; 2],
) -> Result<Response, Refusal> {
    let who = authenticate::admit(api, request, access).await?;
    routes::perform(api, action, &who, request, variables).await
}
