//! `openapi.json`: the API's description of itself, made from the types that are sent and received.
//!
//! Paths, methods and roles come from the table of routes, what each does and answers from its handler's own `describe`, shapes
//! from the views, error texts from [`Refusal`](crate::domain::refusal::Refusal). `npm run openapi` rewrites the document.

mod exact;
mod paths;
mod responses;
mod schemas;

use serde_json::{Value, json};

use crate::app::api::routes::{ROUTES, describe};
use crate::domain::call::{longest, watchdogs};
use crate::domain::settings::Settings;

/// The document as committed; whoever serves it puts its own origin before the other servers.
#[must_use]
pub fn text() -> String {
    format!("{:#}\n", document())
}

/// The OpenAPI document of the whole API.
#[must_use]
pub fn document() -> Value {
    let described: Vec<_> = ROUTES.iter().map(|route| describe(route.action)).collect();
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
        "paths": paths::all(ROUTES, &described),
        "components": {
            "schemas": schemas::all(&described),
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

JSON in, JSON out, UTF-8. Every response has `X-Request-Id` and `Cache-Control: no-store`. Plain-HTTP requests are \
refused \
with 403, except from loopback.

**Keys.** `Authorization: Bearer audtk_…`. A key is scoped to its organisation and has a role, `viewer`, `member`, \
`admin` or `owner`; each may do everything the one before it may. The lowest role of each operation is its \
`x-required-role`. Studio's pages use a session cookie instead.

**Order of checks.** Method and path (404 `not_found`, 405 with `Allow`), key (401), role (403), content type (415), size \
(413 above 64 KiB), JSON (400), fields in the order of their table (400), agent (404, 400 inactive), metadata (400), trunk \
(404, 400 inactive), an impossible number, a destination (400), the daily limit (429), capacity (429). The first check \
that fails decides the response, and nothing is created.

**Errors.** The body is `{{\"error\"}}` alone (plus `call_id` and `status` when a trunk is full); the header \
`X-Error-Code` names it for machines. Each operation lists the names and texts of each status; in these texts, X stands \
for a value or a list. Every 429, 502 and 503 has `Retry-After` in whole seconds. 400 and 401: do not retry. 429: retry \
after `Retry-After`. 502 and 503: retry with exponential backoff.

**Optional fields.** `null` is the same as leaving the field out, so a required field counts as missing; in a PATCH it \
clears an optional field. Unknown fields are ignored by `POST /integration/v1/calls` and refused everywhere else. A POST \
without a body needs no Content-Type and counts as `{{}}`.

**Lists.** `limit` is 1 to 100, `cursor` the previous page's `next_cursor`; a query parameter that is unknown, or given \
twice, is a 400. A time is ISO 8601 with its offset (`Z`, `+05:30`, `+0530`), or a date. A `+` in a query need not be \
encoded.

**HEAD** is answered wherever GET is: the same status and headers, but no body. A body with a `Content-Encoding` is \
refused with 415.

**When a call is over.** Every accepted call becomes terminal, whatever fails, within {bound} seconds of its acceptance \
or, if it waited for capacity, of leaving the queue (where it ends after `max_wait_seconds` if it never leaves): at most \
{dispatch} until it is dialed, {setup} until its agent is there, {ring} (`RING_TIMEOUT_SECONDS`) + {ring_grace} of \
ringing, {call} (`MAX_CALL_SECONDS`) + {end_grace} of conversation, {report} for the agent's report. The named values are \
a deployment's settings, here with their defaults. Once `is_terminal` is true the status never changes again."
    )
}

fn tags() -> Value {
    json!([
        {"name": "Agents", "description": "AI personas with a script, a voice and expected input fields."},
        {"name": "SIP trunks", "description": "Carrier lines with concurrency and rate limits."},
        {"name": "Calls", "description": "Placing, reading and stopping calls."},
        {"name": "Numbers", "description": "What is known about a number."},
        {"name": "Webhooks", "description": "The signing secret, and the deliveries of callbacks."},
        {"name": "API keys", "description": "The organisation's API keys."},
        {"name": "Settings", "description": "What the organisation keeps of its calls, and which numbers are refused."},
        {"name": "Events", "description": "The live feed."},
        {"name": "Campaigns", "description": "Lists of people to call."},
        {"name": "Suppressions", "description": "Numbers that must not be called."},
        {"name": "Erasures", "description": "Erasing one person's data by their number."},
        {"name": "Audit log", "description": "Who changed what."},
        {"name": "Platform", "description": "For the platform's operator."},
        {"name": "Studio", "description": "What the web console at `/studio` needs in addition: a session, and a \
        receiver for test calls."},
        {"name": "Machines", "description": "For agents, and for monitoring a deployment."},
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
            "description": "A Studio session, which stands for the key it was opened with. Requests that change something \
             must come from a page of the same origin.",
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
            "description": "A token made by LiveKit, without a scheme in front of it.",
        },
    })
}

#[cfg(test)]
mod reader_tests;
#[cfg(test)]
mod tests;
