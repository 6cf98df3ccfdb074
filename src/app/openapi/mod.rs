//! `openapi.json`: the API as it describes itself, made from the types that are sent and received.
//!
//! Methods and roles come from the route table in [`api`](crate::app::api), shapes from the views,
//! error texts from [`Refusal`](crate::domain::refusal::Refusal). A new route is a path in
//! [`PATHS`] and an arm in [`routes::describe`]; `npm run openapi` writes the document anew.

mod examples;
mod feed;
mod notification;
mod responses;
mod routes;
mod schemas;
mod studio;

use serde_json::{Map, Value, json};

use crate::app::api::{Action, ROUTES, Route as Endpoint};
use crate::app::authenticate::Access;
use crate::domain::call::{longest, watchdogs};
use crate::domain::settings::Settings;

use routes::Route;

/// The document as it is kept; whoever serves it puts its own origin before the other servers.
#[must_use]
pub fn text() -> String {
    format!("{:#}\n", document())
}

/// The document.
#[must_use]
pub fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Audatec Voice AI",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "One request places an AI phone call; its signed result comes back.",
            "description": description(),
            "contact": {"name": "Audatec", "url": "https://studio.audatec.in"},
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "https://api.audatec.in", "description": "Production"}],
        "tags": tags(),
        "paths": paths(),
        "components": {
            "schemas": schemas::all(),
            "headers": responses::headers(),
            "securitySchemes": security_schemes(),
        },
    })
}

fn description() -> String {
    let settings = Settings::default();
    let [dispatch, setup, ring, ring_grace, call, end_grace, report] =
        watchdogs(&settings).map(|part| part.as_secs());
    let bound = longest(&settings).as_secs();
    format!(
        "A programmable outbound call platform: one API call, and your agent handles the rest.

JSON in, JSON out, UTF-8. Every answer has `X-Request-Id` and `Cache-Control: no-store`. Plain-HTTP requests are refused \
with 403 but from loopback.

**Keys.** `Authorization: Bearer audtk_…`. A key is scoped to its organisation and has a role: `viewer`, `member`, `admin`, \
`owner`; each may do all that the one before it may. The lowest role of each operation is its `x-required-role`. Studio's \
pages use a session's cookie in its place.

**Order of checks.** Method and path (404 `not_found`, 405 with `Allow`), key (401), role (403), content type (415), size \
(413 above 64 KiB), JSON (400), fields in the order of their table (400), agent (404, 400 inactive), metadata (400), trunk \
(404, 400 inactive), capacity (429). The first failure answers; nothing was created.

**Errors.** The body is `{{\"error\"}}` alone (plus `call_id` and `status` when a trunk is full); the header `X-Error-Code` \
names it for machines. Each operation lists the names and texts of each status; in a text X stands for a value or a list. \
Every 429, 502 and 503 has `Retry-After` in whole seconds. 400 and 401: do not retry. 429: retry after `Retry-After`. \
502 and 503: retry with exponential backoff.

**Optional fields.** `null` is the same as leaving the field out, for a required one the same as missing; in a PATCH it \
clears an optional field. Unknown fields are ignored by `POST /integration/v1/calls` and refused everywhere else. A POST \
without a body needs no Content-Type and counts as `{{}}`.

**Lists.** `limit` is 1 to 100, `cursor` the `next_cursor` of the page before; a query parameter that is unknown, or given twice, is a 400. \
A time is ISO 8601 with its offset (`Z`, `+05:30`, `+0530`), or a date. A `+` that was not encoded in a query is understood.

**HEAD** is answered wherever GET is: the same status and headers, no body. A body with a `Content-Encoding` is a 415.

**When a call is over.** Every accepted call becomes terminal, whatever fails, within {bound} seconds of its acceptance, or of \
when it left the line, where it waited for capacity (`max_wait_seconds`, and it ends there if it never does): at most {dispatch} until it is dialed, {setup} until its agent is there, {ring} (`RING_TIMEOUT_SECONDS`) + {ring_grace} of ringing, {call} \
(`MAX_CALL_SECONDS`) + {end_grace} of conversation, {report} for the agent's report. The named values are a deployment's \
settings, here with their defaults. Once `is_terminal` is true the status never changes again."
    )
}

fn tags() -> Value {
    json!([
        {"name": "Agents", "description": "AI personas with a script, a voice and expected input fields."},
        {"name": "SIP trunks", "description": "Carrier lines with concurrency and rate limits."},
        {"name": "Calls", "description": "Placing, reading and stopping calls."},
        {"name": "Webhooks", "description": "The signing secret, and what became of callbacks."},
        {"name": "API keys", "description": "Keys of the organisation."},
        {"name": "Settings", "description": "What the organisation keeps of its calls."},
        {"name": "Events", "description": "The live feed."},
        {"name": "Audit log", "description": "Who changed what."},
        {"name": "Platform", "description": "For the platform's operator."},
        {"name": "Studio", "description": "What the web console at `/studio` needs beside the rest: its session, and a receiver for test calls."},
        {"name": "Machines", "description": "For agents, and for whoever watches a deployment."},
    ])
}

fn security_schemes() -> Value {
    json!({
        "bearerAuth": {
            "type": "http", "scheme": "bearer", "bearerFormat": "audtk_…",
            "description": "An API key of the organisation.",
        },
        "studioCookie": {
            "type": "apiKey", "in": "cookie", "name": "__Host-studio",
            "description": "A Studio session, which stands for the key it was opened with. What changes something must \
                            come from a page of the same origin.",
        },
        "platformToken": {
            "type": "http", "scheme": "bearer",
            "description": "The operator's own token, `PLATFORM_TOKEN`.",
        },
        "reportToken": {
            "type": "http", "scheme": "bearer",
            "description": "The token of one call's agent, `report_token` in the metadata of its job.",
        },
        "livekitToken": {
            "type": "apiKey", "in": "header", "name": "Authorization",
            "description": "A token of LiveKit's own making, without a scheme before it.",
        },
    })
}

fn paths() -> Map<String, Value> {
    let mut paths = Map::new();
    for route in ROUTES {
        let item = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Value::Object(item) = item {
            item.insert(route.method.to_lowercase(), operation(route));
        }
    }
    paths
}

fn operation(endpoint: &Endpoint) -> Value {
    let Endpoint {
        method,
        path,
        access,
        action,
        ..
    } = endpoint;
    let route = routes::describe(*action);
    let mut operation = Map::new();
    let mut set = |name: &str, value: Value| operation.insert(name.to_owned(), value);
    set("operationId", operation_id(*action).into());
    set("tags", json!([route.tag]));
    set("summary", route.summary.into());
    let mut described = route.description.to_owned();
    if *action == Action::Events {
        described += &format!("\n\n{}", feed::stream_example());
    }
    set(
        "description",
        format!("{described}\n\n{}", who(*access)).into(),
    );
    if let Access::Key(role) = access {
        set("x-required-role", role.to_string().into());
    }
    set("security", security(*access));
    let parameters = parameters(path, &route);
    if !parameters.is_empty() {
        set("parameters", parameters.into());
    }
    if let Some(body) = &route.body {
        let content = json!({
            "schema": schemas::reference(body.schema),
            "example": body.example,
        });
        set(
            "requestBody",
            json!({"required": body.required, "content": {"application/json": content}}),
        );
    }
    set("responses", responses::of(method, *access, *action, &route));
    if *action == Action::TriggerCall {
        set("callbacks", notification::callbacks());
    }
    Value::Object(operation)
}

/// The name that generated clients give an operation: a verb, and what it is done to.
fn operation_id(action: Action) -> String {
    let better = match action {
        Action::Health => "getHealth",
        Action::Report => "reportCall",
        Action::LiveKitEvent => "receiveLiveKitWebhook",
        Action::Media => "getMedia",
        Action::LiveCalls => "listLiveCalls",
        Action::CallStatus => "getCallStatus",
        Action::Transcript => "getTranscript",
        Action::TestEvent => "sendTestEvent",
        Action::AuditLog => "listAuditLog",
        Action::Events => "listEvents",
        Action::Receive => "receiveCallback",
        _ => "",
    };
    if !better.is_empty() {
        return better.to_owned();
    }
    let name = format!("{action:?}");
    let (first, rest) = name.split_at_checked(1).unwrap_or((&name, ""));
    format!("{}{rest}", first.to_lowercase())
}

fn who(access: Access) -> String {
    match access {
        Access::Public => "Anybody may.".to_owned(),
        Access::Link => "Whoever has the link may.".to_owned(),
        Access::Operator => "The platform's operator may.".to_owned(),
        Access::Agent => "The agent of that one call may.".to_owned(),
        Access::Carrier => "The carrier of a trunk may.".to_owned(),
        Access::Key(role) => format!("Lowest role: **{role}**."),
    }
}

fn security(access: Access) -> Value {
    match access {
        Access::Public | Access::Link => json!([]),
        Access::Operator => json!([{"platformToken": []}]),
        Access::Agent => json!([{"reportToken": []}]),
        Access::Carrier => json!([{"livekitToken": []}]),
        Access::Key(_) => json!([{"bearerAuth": []}, {"studioCookie": []}]),
    }
}

/// Those of the path, and the route's own.
fn parameters(path: &str, route: &Route) -> Vec<Value> {
    let names = path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let in_path = names.map(|name| {
        if name == "kind" {
            return json!({
                "name": name, "in": "path", "required": true, "description": "Which of the two.",
                "schema": schemas::reference("MediaKind"),
            });
        }
        let what = match name {
            "call_id" => "The UUID returned in the `call_id` field when the call was triggered.",
            "token" => "As the `callback_url` of Get Receiver ends.",
            _ => "Its UUID.",
        };
        let schema = match name {
            "token" => json!({"type": "string"}),
            _ => json!({"type": "string", "format": "uuid"}),
        };
        json!({
            "name": name, "in": "path", "required": true, "description": what, "schema": schema,
        })
    });
    in_path.chain(route.query.iter().cloned()).collect()
}

#[cfg(test)]
mod reader_tests;
#[cfg(test)]
mod tests;
