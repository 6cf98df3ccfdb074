//! The responses of a route: its success, and every refusal it can give, by status.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::app::api::Route;
use crate::app::authenticate::Access;
use crate::app::description::reference::{INTERNAL_ERROR, reference};
use crate::app::description::refusals::too_low;
use crate::app::description::{Description, Success};
use crate::domain::refusal::Refusal;

type Texts = Vec<(&'static str, String)>;

/// The responses of one operation.
pub fn of(route: &Route, described: &Description) -> Value {
    let mut all: BTreeMap<String, Value> = BTreeMap::new();
    let mut answer = |success: &Success, headers| {
        all.insert(success.status.to_string(), good(success, headers));
    };
    answer(&described.success, own_headers(described));
    for (success, headers) in &described.also {
        answer(success, headers.clone());
    }

    let mut refusals: BTreeMap<u16, Texts> = BTreeMap::new();
    for refusal in every_refusal(route, described) {
        let texts = refusals.entry(refusal.status()).or_default();
        let entry = (refusal.code(), refusal.text());
        if !texts.contains(&entry) {
            texts.push(entry);
        }
    }
    for (status, texts) in refusals {
        all.insert(status.to_string(), refused(status, &texts, described));
    }
    let (code, text) = INTERNAL_ERROR;
    let broken = error(500, &vec![(code, text.to_owned())], Map::new(), described);
    all.insert("500".to_owned(), broken);
    Value::Object(all.into_iter().collect())
}

type Headers = Vec<(&'static str, &'static str)>;

/// The headers of the success, besides those of all responses.
fn own_headers(described: &Description) -> Headers {
    let mut headers = Headers::new();
    if described.tells_quota {
        headers.extend(QUOTA_HEADERS);
    }
    headers.extend(&described.headers);
    if described.takes_key() {
        headers.push(("Idempotent-Replayed", "IdempotentReplayed"));
    }
    headers
}

fn good(success: &Success, own: Headers) -> Value {
    let mut headers = common_headers();
    headers.extend(own.into_iter().map(named));
    let mut response = json!({"description": success.description, "headers": headers});
    let content = match (&success.schema, success.text) {
        (Some(schema), _) => Some(("application/json", reference(&schema.name))),
        (None, Some(media_type)) => Some((media_type, json!({"type": "string"}))),
        (None, None) => None,
    };
    if let (Some((media_type, schema)), Some(response)) = (content, response.as_object_mut()) {
        let content = json!({media_type: {"schema": schema, "example": success.example}});
        response.insert("content".to_owned(), content);
    }
    response
}

/// The route's own refusals, after those of its access and of its body.
fn every_refusal(route: &Route, described: &Description) -> Vec<Refusal> {
    let mut all = vec![
        Refusal::HttpsRequired,
        Refusal::MethodNotAllowed(String::new()),
        // The response of a deployment without its secrets to anything.
        Refusal::AuthenticationUnavailable,
    ];
    match route.access {
        Access::Public | Access::Link => {}
        Access::Operator => all.push(Refusal::InvalidPlatformToken),
        Access::Agent => all.push(Refusal::InvalidReportToken),
        Access::Carrier => all.push(Refusal::InvalidWebhookSignature),
        Access::Key(needs) => {
            all.push(Refusal::InvalidKey);
            all.extend(too_low(needs));
            all.extend(Some(Refusal::CrossOrigin).filter(|_| route.method != "GET"));
        }
    }
    // A body that may also be a file says itself what it accepts.
    if described.body.is_some() && described.file.is_empty() {
        all.extend([
            Refusal::NotJsonContentType,
            Refusal::EncodingUnsupported("X".into()),
            Refusal::BodyTooLarge,
            Refusal::BodyNotJson,
            Refusal::BodyTooDeep,
            Refusal::BodyNotObject,
        ]);
    }
    all.extend(described.refusals.iter().cloned());
    all
}

fn refused(status: u16, texts: &Texts, described: &Description) -> Value {
    let mut more = Map::new();
    if matches!(status, 429 | 502 | 503) {
        more.insert("Retry-After".to_owned(), header("RetryAfter"));
    }
    if status == 401 {
        more.insert("WWW-Authenticate".to_owned(), header("WwwAuthenticate"));
    }
    if status == 405 {
        more.insert("Allow".to_owned(), header("Allow"));
    }
    if status == 429 && described.tells_quota {
        more.extend(QUOTA_HEADERS.map(named));
    }
    error(status, texts, more, described)
}

fn error(status: u16, texts: &Texts, more: Map<String, Value>, described: &Description) -> Value {
    let own = described
        .refused
        .iter()
        .find(|refused| refused.status == status);
    let mut headers = common_headers();
    headers.insert("X-Error-Code".to_owned(), header("ErrorCode"));
    headers.extend(more);
    let mut text_of_all = reason(status, described).to_owned();
    let mut examples = Map::new();
    for (code, text) in texts {
        text_of_all += &format!("\n- `{code}`: {text}");
        let body = own.map_or_else(|| json!({"error": text}), |own| (own.example)(text));
        let same = examples
            .keys()
            .filter(|known| known.split('-').next() == Some(code))
            .count();
        let name = match same {
            0 => (*code).to_owned(),
            n => format!("{code}-{}", n + 1),
        };
        examples.insert(name, json!({"value": body}));
    }
    let schema = own.map_or("ErrorBody", |own| &own.schema.name);
    json!({
        "description": text_of_all,
        "headers": headers,
        "content": {"application/json": {"schema": reference(schema), "examples": examples}},
    })
}

fn reason(status: u16, described: &Description) -> &'static str {
    match status {
        400 => "Bad Request: do not retry, fix the request.",
        401 => "Unauthorized: do not retry, check the credentials.",
        403 => "Forbidden.",
        404 => "Not Found: it does not exist or does not belong to your organisation.",
        405 => "Method Not Allowed: for any method that this path does not list.",
        409 => "Conflict.",
        410 => {
            "Gone: continue from the body's `oldest_cursor`, which is just before the oldest event kept; the events in \
            between are lost."
        }
        413 => "Content Too Large.",
        415 => "Unsupported Media Type.",
        422 => "Unprocessable Content: do not retry.",
        429 if described.tells_quota => {
            "Too Many Requests: the trunk is at capacity. Retry after `Retry-After` seconds."
        }
        429 => "Too Many Requests: retry after `Retry-After` seconds.",
        502 => "Bad Gateway: retry with exponential backoff.",
        503 => "Service Unavailable: retry after a short delay.",
        _ => "Internal Server Error.",
    }
}

fn header(name: &str) -> Value {
    json!({"$ref": format!("#/components/headers/{name}")})
}

fn common_headers() -> Map<String, Value> {
    Map::from_iter([
        ("X-Request-Id".to_owned(), header("RequestId")),
        ("Cache-Control".to_owned(), header("CacheControl")),
    ])
}

const QUOTA_HEADERS: [(&str, &str); 2] = [
    ("RateLimit-Policy", "RateLimitPolicy"),
    ("RateLimit", "RateLimit"),
];

fn named((name, component): (&'static str, &'static str)) -> (String, Value) {
    (name.to_owned(), header(component))
}

/// Headers that several responses share.
pub fn headers() -> Value {
    let mut codes: Vec<_> = Refusal::examples().iter().map(Refusal::code).collect();
    codes.push(INTERNAL_ERROR.0);
    json!({
        "ErrorCode": {
            "description": "The error's name, for machines; each operation lists those of each status.",
            "required": true,
            "schema": {"type": "string", "enum": codes},
        },
        "Allow": {
            "description": "The methods that the path takes.",
            "required": true,
            "schema": {"type": "string", "pattern": "^[A-Z]+(, [A-Z]+)*$"},
        },
        "Location": {
            "description": "Where the recording is.",
            "required": true,
            "schema": {"type": "string", "format": "uri"},
        },
        "RequestId": {
            "description": "Identifies this request; quote it to support.",
            "required": true,
            "schema": {"type": "string", "format": "uuid"},
        },
        "CacheControl": {
            "description": "Nothing may be cached.",
            "required": true,
            "schema": {"type": "string", "enum": ["no-store"]},
        },
        "RetryAfter": {
            "description": "Seconds to wait before retrying.",
            "required": true,
            "schema": {"type": "integer", "minimum": 1},
        },
        "WwwAuthenticate": {
            "description": "The scheme to authenticate with.",
            "required": true,
            "schema": {"type": "string", "enum": ["Bearer"]},
        },
        "SetCookie": {
            "description": "The session: `HttpOnly`, `Secure`, `SameSite=Strict`, for 12 hours; or its end.",
            "required": true,
            "schema": {"type": "string"},
        },
        "IdempotentReplayed": {
            "description": "`true` when this response repeats an earlier one; absent otherwise.",
            "schema": {"type": "string", "enum": ["true"]},
        },
        "RateLimitPolicy": {
            "description": "The trunk's limits (draft-ietf-httpapi-ratelimit-headers): simultaneous calls, and calls \
            per second.",
            "required": true,
            "schema": {"type": "string", "pattern": "^\"channels\";q=[0-9]+, \"cps\";q=[0-9]+;w=1$"},
            "example": "\"channels\";q=100, \"cps\";q=5;w=1",
        },
        "RateLimit": {
            "description": "What is left of the trunk's limits.",
            "required": true,
            "schema": {"type": "string", "pattern": "^\"channels\";r=[0-9]+, \"cps\";r=[0-9]+$"},
            "example": "\"channels\";r=37, \"cps\";r=4",
        },
    })
}
