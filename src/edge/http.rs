//! From the platform's request to the app's, and back again.

use wasm_bindgen::JsValue;
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
    head: String,
    body: Vec<u8>,
    incoming: Incoming,
    env: Env,
    context: Context,
) -> Result<JsValue, JsValue> {
    let request = read(&head, body, &incoming);
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
    match page.await? {
        page if page.is_undefined() => write(&request, response),
        page if request.is_read() => Ok(page),
        _ => write(
            &request,
            Refusal::MethodNotAllowed("GET, HEAD".into()).into(),
        ),
    }
}

/// Builds the request from its head as `platform.js` writes it.
fn read(head: &str, mut body: Vec<u8>, incoming: &Incoming) -> Request {
    let mut lines = head.split('\n');
    let [id, method, url] = [(); 3].map(|()| lines.next().unwrap_or_default());
    let (origin, path, query) = split(url);
    let [authorization, idempotency_key, content_type, encoding] =
        [(); 4].map(|()| header(lines.next()));
    let [cookie, page_origin, fetch_site] = [(); 3].map(|()| header(lines.next()));
    // No route accepts less.
    if body.len() > MAX_BODY {
        body.truncate(limit(method, &path) + 1);
    }
    let receiver_headers = match path.starts_with(receiver::PATH) {
        true => {
            let values = platform::headers(incoming, &HEADERS.join("\n"));
            values.split('\n').map(|line| header(Some(line))).collect()
        }
        false => Vec::new(),
    };
    let mut request = Request {
        cookie,
        page_origin,
        fetch_site,
        method: method.to_owned(),
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
        id: id.to_owned(),
    };
    request.is_secure = request.origin.starts_with("https://") || is_loopback(request.host());
    request
}

/// The most bytes that this route accepts as a body.
fn limit(method: &str, path: &str) -> usize {
    api::find(method, path).map_or(MAX_BODY, |route| route.max_body)
}

/// The same, given the URL.
pub fn body_limit(method: &str, url: &str) -> usize {
    limit(method, &split(url).1)
}

/// A header's value from its line in a request's head.
fn header(line: Option<&str>) -> Option<String> {
    Some(line?.strip_prefix('=')?.to_owned())
}

/// Whether a client that prefers a stream gets one from this route.
pub fn streams(method: &str, url: &str) -> bool {
    api::find(method, &split(url).1).is_some_and(|route| route.streams)
}

/// Scheme and authority, path, and query of a URL that the platform has already normalised.
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

fn write(request: &Request, response: Response) -> Result<JsValue, JsValue> {
    let mut headers = format!("X-Request-Id\n{}\nCache-Control\nno-store", request.id);
    let mut add = |name: &str, value: &str| {
        for part in ["\n", name, "\n", value] {
            headers.push_str(part);
        }
    };
    for (name, value) in &response.headers {
        add(name, value);
    }
    let mut body = Some(response.body).filter(|body| !body.is_empty());
    if let Some(json) = &body {
        let is_typed = |(name, _): &(&str, String)| *name == "Content-Type";
        if !response.headers.iter().any(is_typed) {
            add("Content-Type", "application/json");
        }
        if request.is_head() {
            if response.rest.is_none() {
                add("Content-Length", &json.len().to_string());
            }
            body = None;
        }
    }
    let rest = response.rest.filter(|_| !request.is_head());
    platform::respond(response.status, &headers, body, rest)
}

/// The next piece of a response's text, and how to continue.
pub async fn go_on(rest: String, env: Env, context: Context) -> Result<JsValue, JsValue> {
    let world = World::new(env, Some(context)).map_err(|Misconfigured| JsValue::UNDEFINED)?;
    let told = api::go_on(&world, &rest).await;
    let (piece, next) = told.map_err(|refusal| JsValue::from(refusal.text()))?;
    let next = next.map_or(JsValue::UNDEFINED, JsValue::from);
    Ok(js_sys::Array::of2(&piece.into(), &next).into())
}
