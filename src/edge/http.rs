//! From the platform's request to the app's, and back.

use futures_util::StreamExt;
use worker::{Context, Env, Headers};

use super::world::{Misconfigured, World};
use crate::app::api;
use crate::app::http::{MAX_BODY, Request, Response};
use crate::app::studio::receiver::HEADERS;
use crate::domain::receiver;
use crate::domain::refusal::Refusal;

/// How much of a body is read before its sender is cut off.
const MAX_DRAINED: usize = 16 << 20;

/// Serves one request.
pub async fn serve(
    request: worker::Request,
    env: Env,
    context: Context,
) -> worker::Result<worker::Response> {
    let request = read(request).await?;
    let response = match World::new(env, Some(context)) {
        Ok(world) => api::serve(&world, &request).await,
        Err(Misconfigured) => Refusal::AuthenticationUnavailable.into(),
    };
    write(&request, response)
}

async fn read(mut request: worker::Request) -> worker::Result<Request> {
    let url = request.inner().url();
    let headers = request.headers();
    let header = |name: &str| headers.get(name).ok().flatten();
    let (authorization, content_type) = (header("authorization"), header("content-type"));
    // Each look at a header is a crossing into JavaScript: those that a key makes needless stay unread.
    let by_page = |name: &str| match authorization {
        Some(_) => None,
        None => header(name),
    };
    let (cookie, page_origin) = (by_page("cookie"), by_page("origin"));
    let fetch_site = by_page("sec-fetch-site");
    let idempotency_key = header("idempotency-key");
    let length = header("content-length").and_then(|text| text.parse::<usize>().ok());
    let (origin, path, query) = split(&url);
    let receiver_headers = match path.starts_with(receiver::PATH) {
        true => HEADERS.iter().map(|name| header(name)).collect(),
        false => Vec::new(),
    };
    let body = match length {
        Some(length) if length <= MAX_BODY => request.bytes().await?,
        _ => read_bounded(&mut request).await,
    };
    let mut request = Request {
        method: request.inner().method(),
        path,
        query,
        is_secure: false,
        origin,
        authorization,
        cookie,
        page_origin,
        fetch_site,
        receiver_headers,
        idempotency_key,
        content_type,
        body,
        id: request_id(),
    };
    request.is_secure = request.origin.starts_with("https://") || is_loopback(request.host());
    Ok(request)
}

/// A random UUID.
fn request_id() -> String {
    let entropy = super::world::entropy();
    let bytes = std::array::from_fn(|at| entropy.get(at).copied().unwrap_or_default());
    uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string()
}

/// A large body, or one of unknown length: cut off one byte above the limit. The rest is read and
/// forgotten, as far as is decent: a client that is refused while it still sends would see its
/// connection reset instead of the answer.
async fn read_bounded(request: &mut worker::Request) -> Vec<u8> {
    let (mut body, mut read) = (Vec::new(), 0);
    let Ok(mut stream) = request.stream() else {
        return body;
    };
    while let Some(Ok(chunk)) = stream.next().await {
        let room = (MAX_BODY + 1).saturating_sub(body.len());
        body.extend(chunk.iter().take(room));
        read += chunk.len();
        if read > MAX_DRAINED {
            break;
        }
    }
    body
}

/// Scheme and authority, path, query: of a URL that the platform has already put in order.
fn split(url: &str) -> (String, String, String) {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
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

fn write(request: &Request, response: Response) -> worker::Result<worker::Response> {
    let headers = Headers::new();
    headers.set("X-Request-Id", &request.id)?;
    headers.set("Cache-Control", "no-store")?;
    for (name, value) in &response.headers {
        headers.set(name, value)?;
    }
    if response.body.is_empty() {
        return Ok(worker::Response::builder()
            .with_status(response.status)
            .with_headers(headers)
            .empty());
    }
    headers.set("Content-Type", "application/json")?;
    Ok(worker::Response::builder()
        .with_status(response.status)
        .with_headers(headers)
        .fixed(response.body))
}
