//! From the platform's request to the app's, and back.

use wasm_bindgen::{JsCast, JsValue};
use worker::Env;
use worker::worker_sys::Context;

use super::faults;
use super::platform::{self, Incoming};
use super::world::{Misconfigured, World};
use crate::app::api::{self, pages, pages::Page};
use crate::app::http::{MAX_BODY, Request, Response};
use crate::app::studio::receiver::HEADERS;
use crate::domain::refusal::Refusal;
use crate::domain::search;
use crate::domain::tokens::receiver;

/// Serves one request.
pub async fn serve(
    incoming: Incoming,
    env: Env,
    context: Context,
) -> Result<web_sys::Response, JsValue> {
    let request = read(&incoming).await?;
    let response = match World::new(env.clone(), Some(context)) {
        Ok(world) => match faults::serve(&world, &request) {
            Some(response) => response,
            None => api::serve(&world, &request).await,
        },
        Err(Misconfigured) => Refusal::AuthenticationUnavailable.into(),
    };
    if response.status != 404 || !api::offered(&request.path).is_empty() {
        return write(&request, response);
    }
    let Page {
        file,
        names_origin,
        may_be_kept,
    } = pages::at(&request.path);
    let page = platform::page(
        &env,
        &incoming,
        &request.id,
        file,
        names_origin,
        may_be_kept,
    );
    match page.await?.dyn_into::<web_sys::Response>() {
        Ok(page) if request.is_read() => Ok(page),
        Ok(_) => write(
            &request,
            Refusal::MethodNotAllowed("GET, HEAD".into()).into(),
        ),
        Err(_) => write(&request, response),
    }
}

/// What is looked at of a request's headers, those of a notification to the built-in receiver aside.
const READ: [&str; 7] = [
    "authorization",
    "idempotency-key",
    "content-type",
    "content-encoding",
    "cookie",
    "origin",
    "sec-fetch-site",
];

async fn read(incoming: &Incoming) -> Result<Request, JsValue> {
    let head = platform::head(incoming, &READ.join("\n"));
    let mut lines = head.split('\n');
    let method = lines.next().unwrap_or_default().to_owned();
    let (origin, path, query) = split(lines.next().unwrap_or_default());
    let [
        authorization,
        idempotency_key,
        content_type,
        encoding,
        cookie,
        page_origin,
        fetch_site,
    ] = READ.map(|_| header(lines.next()));
    let max_body = api::find(&method, &path).map_or(MAX_BODY, |route| route.max_body);
    let body = platform::read_body(incoming, max_body).await?.to_vec();
    let receiver_headers = match path.starts_with(receiver::PATH) {
        true => {
            let head = platform::head(incoming, &HEADERS.join("\n"));
            let values = head.split('\n').skip(2);
            values.map(|line| header(Some(line))).collect()
        }
        false => Vec::new(),
    };
    // A key says who asks: then nothing is asked of a page.
    let by_page = |value: Option<String>| value.filter(|_| authorization.is_none());
    let mut request = Request {
        cookie: by_page(cookie),
        page_origin: by_page(page_origin),
        fetch_site: by_page(fetch_site),
        method,
        path,
        query,
        is_secure: false,
        origin,
        authorization,
        receiver_headers,
        idempotency_key,
        content_type,
        content_encoding: encoding.filter(|_| !body.is_empty()),
        body,
        id: request_id(),
    };
    request.is_secure = request.origin.starts_with("https://") || is_loopback(request.host());
    Ok(request)
}

/// A header's value, of its line in a request's head.
fn header(line: Option<&str>) -> Option<String> {
    Some(line?.strip_prefix('=')?.to_owned())
}

/// Whether a client that prefers a stream gets one here.
pub fn streams(method: &str, url: &str) -> bool {
    api::find(method, &split(url).1).is_some_and(|route| route.streams)
}

/// A random UUID.
fn request_id() -> String {
    let entropy = platform::entropy();
    let bytes = std::array::from_fn(|at| entropy.get(at).copied().unwrap_or_default());
    uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string()
}

/// Scheme and authority, path, query: of a URL that the platform has already put in order.
fn split(url: &str) -> (String, String, String) {
    let after_scheme = search::split_once(url, "://").map_or(0, |(scheme, _)| scheme.len() + 3);
    let path_at = url
        .get(after_scheme..)
        .and_then(|rest| rest.find(['/', '?', '#']))
        .map_or(url.len(), |at| at + after_scheme);
    let (origin, rest) = url.split_at_checked(path_at).unwrap_or((url, ""));
    let rest = rest.split('#').next().unwrap_or_default();
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    (origin.to_owned(), path.to_owned(), query.to_owned())
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn write(request: &Request, response: Response) -> Result<web_sys::Response, JsValue> {
    let mut headers = vec![("X-Request-Id", request.id.clone())];
    headers.push(("Cache-Control", "no-store".to_owned()));
    headers.extend(response.headers);
    let mut body = Some(response.body).filter(|body| !body.is_empty());
    if let Some(json) = &body {
        headers.push(("Content-Type", "application/json".to_owned()));
        if request.is_head() {
            if response.rest.is_none() {
                headers.push(("Content-Length", json.len().to_string()));
            }
            body = None;
        }
    }
    let headers = headers
        .into_iter()
        .flat_map(|(name, value)| [name.to_owned(), value]);
    let rest = response.rest.filter(|_| !request.is_head());
    platform::respond(response.status, headers.collect(), body, rest)
}

/// What follows an answer: a piece of text, and how to go on.
pub async fn go_on(rest: String, env: Env, context: Context) -> Result<JsValue, JsValue> {
    let world = World::new(env, Some(context)).map_err(|Misconfigured| JsValue::UNDEFINED)?;
    let told = api::go_on(&world, &rest).await;
    let (piece, next) = told.map_err(|refusal| JsValue::from(refusal.text()))?;
    let next = next.map_or(JsValue::UNDEFINED, JsValue::from);
    Ok(js_sys::Array::of2(&piece.into(), &next).into())
}
