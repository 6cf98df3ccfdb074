//! Requests and responses as the use cases see them: read once at the edge, plain values from then on.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::object::object;
use crate::domain::refusal::Refusal;
use crate::domain::search;
use crate::domain::to_json::to_json;

/// The largest body that is read, in bytes; more for LiveKit's events.
pub const MAX_BODY: usize = 65_536;

/// How deep a body may nest. Storing and sending wrap it in a few more levels, and no JSON reader accepts more than 128.
pub const MAX_DEPTH: usize = 100;

/// A request, as far as this API reads one.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Upper case.
    pub method: String,
    /// As sent, not decoded, without the query.
    pub path: String,
    /// The query as sent, without the question mark.
    pub query: String,
    /// `https`, or a host on this machine.
    pub is_secure: bool,
    /// Scheme, host and port by which the client reached us.
    pub origin: String,
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// The `Cookie` header, if there is no `Authorization`.
    pub cookie: Option<String>,
    /// The `Origin` header: the origin of the page that made a browser send it; read where `cookie` is.
    pub page_origin: Option<String>,
    /// The `Sec-Fetch-Site` header, which no page can forge; read where `cookie` is.
    pub fetch_site: Option<String>,
    /// The headers that the built-in receiver keeps, in the order of its list; empty for other requests.
    pub receiver_headers: Vec<Option<String>>,
    /// The `Idempotency-Key` header.
    pub idempotency_key: Option<String>,
    /// The `Content-Type` header.
    pub content_type: Option<String>,
    /// The `Content-Encoding` header of a request with a body.
    pub content_encoding: Option<String>,
    /// The body, cut off one byte above its limit.
    pub body: Vec<u8>,
    /// The response's `X-Request-Id`.
    pub id: String,
}

impl Request {
    /// The query's parameters, decoded, in their order.
    #[must_use]
    pub fn parameters(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.query.as_bytes())
            .into_owned()
            .collect()
    }

    /// The host by which the client reached us, without the port.
    #[must_use]
    pub fn host(&self) -> &str {
        let origin = search::split_once(&self.origin, "://");
        let authority = origin.map_or("", |(_, authority)| authority);
        let end = authority
            .rfind(':')
            .filter(|at| authority.get(*at..).is_some_and(|port| !port.contains(']')));
        end.and_then(|end| authority.get(..end))
            .unwrap_or(authority)
    }

    /// The token after `Bearer`, in any case (RFC 7235).
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.authorization.as_deref()?.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// The name of the cookie that holds a Studio session. Its prefix, known only to HTTPS, makes
    /// browsers refuse it from other hosts of the domain.
    #[must_use]
    pub fn session_cookie(&self) -> &'static str {
        match self.origin.starts_with("https://") {
            true => "__Host-studio",
            false => "studio",
        }
    }

    /// The value of the session's cookie.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        let cookies = self.cookie.as_deref()?.split(';');
        let mut pairs = cookies.filter_map(|cookie| cookie.trim().split_once('='));
        pairs
            .find(|(name, _)| *name == self.session_cookie())
            .map(|(_, value)| value)
    }

    /// Whether a browser says that a page of this very origin sent it.
    #[must_use]
    pub fn comes_from_own_page(&self) -> bool {
        match self.fetch_site.as_deref() {
            Some(site) => site == "same-origin",
            None => self.page_origin.as_deref() == Some(self.origin.as_str()),
        }
    }

    /// Whether a browser says that a page of another origin sent it.
    #[must_use]
    pub fn comes_from_elsewhere(&self) -> bool {
        let is_from_a_page = self.fetch_site.is_some() || self.page_origin.is_some();
        is_from_a_page && !self.comes_from_own_page()
    }

    /// Whether only the response's body is left out.
    #[must_use]
    pub fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// Whether it asks for no change.
    #[must_use]
    pub fn is_read(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD")
    }

    /// The body as received.
    ///
    /// # Errors
    /// 415: it has a content encoding, such as compression, and would be read as something else.
    pub fn plain_body(&self) -> Result<&[u8], Refusal> {
        let codings = self.content_encoding.as_deref().unwrap_or_default();
        let mut codings = codings.split(',').map(str::trim);
        let encoded =
            codings.find(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"));
        match encoded.filter(|_| !self.body.is_empty()) {
            Some(coding) => Err(Refusal::EncodingUnsupported(coding.to_owned())),
            None => Ok(&self.body),
        }
    }

    /// The body as a JSON object. A request without a body needs no content type and counts as `{}`.
    ///
    /// # Errors
    /// 415, 413 and 400, checked in this order.
    pub fn json_object(&self) -> Result<Map<String, Value>, Refusal> {
        if self.body.is_empty() {
            return Ok(Map::new());
        }
        let media_type = self.content_type.as_deref().unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/json") {
            return Err(Refusal::NotJsonContentType);
        }
        self.plain_body()?;
        if self.body.len() > MAX_BODY {
            return Err(Refusal::BodyTooLarge);
        }
        match serde_json::from_slice(&self.body) {
            Ok(body) if is_deeper_than(&body, MAX_DEPTH) => Err(Refusal::BodyTooDeep),
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) => Err(Refusal::BodyNotObject),
            Err(_) => Err(Refusal::BodyNotJson),
        }
    }
}

/// Whether a value nests deeper than this.
#[must_use]
pub fn is_deeper_than(value: &Value, levels: usize) -> bool {
    let Some(below) = levels.checked_sub(1) else {
        return value.is_object() || value.is_array();
    };
    match value {
        Value::Array(items) => items.iter().any(|item| is_deeper_than(item, below)),
        Value::Object(fields) => fields.values().any(|field| is_deeper_than(field, below)),
        _ => false,
    }
}

/// A response. `X-Request-Id` and `Cache-Control` are added where it leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Headers besides `Content-Type`.
    pub headers: Vec<(&'static str, String)>,
    /// JSON, or what its `Content-Type` says, or nothing (204).
    pub body: Vec<u8>,
    /// How `api::go_on` continues after the body; `None` if the response is complete.
    pub rest: Option<String>,
}

impl Response {
    /// A JSON answer.
    #[must_use]
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        // A type of ours that can't be serialised is a defect for tests to find, not a client's problem.
        let body = to_json(body).unwrap_or_else(|_| "{}".to_owned());
        Self {
            status,
            headers: Vec::new(),
            body: body.into_bytes(),
            rest: None,
        }
    }

    /// A JSON response that is serialised already.
    #[must_use]
    pub fn json_text(status: u16, body: String) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into_bytes(),
            rest: None,
        }
    }

    /// A 204, which has no body.
    #[must_use]
    pub fn no_content() -> Self {
        Self {
            status: 204,
            headers: Vec::new(),
            body: Vec::new(),
            rest: None,
        }
    }

    /// Whether it was given before, to a request with the same `Idempotency-Key`.
    #[must_use]
    pub fn is_replayed(&self) -> bool {
        self.headers
            .iter()
            .any(|(name, _)| *name == "Idempotent-Replayed")
    }

    /// The answer with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        let mut body = object! {"error": refusal.text()};
        if let (Refusal::CursorExpired(oldest), Value::Object(body)) = (&refusal, &mut body) {
            body.insert("oldest_cursor".into(), oldest.as_str().into());
        }
        let mut response =
            Self::json(refusal.status(), &body).with_header("X-Error-Code", refusal.code());
        if let Some(seconds) = refusal.retry_after_secs() {
            response = response.with_header("Retry-After", seconds.to_string());
        }
        match refusal {
            Refusal::MethodNotAllowed(allow) => response.with_header("Allow", allow),
            _ if response.status == 401 => response.with_header("WWW-Authenticate", "Bearer"),
            _ => response,
        }
    }
}
