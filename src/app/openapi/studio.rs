//! The routes of the web console.

use serde_json::{Value, json};

use super::examples;
use super::routes::{Route, Success, ok, unknown_field};
use crate::app::api::Action;
use crate::domain::refusal::Refusal;

const TAG: &str = "Studio";

/// Describes a route of Studio's.
pub fn describe(action: Action) -> Route {
    let nothing = |description| Success {
        status: 204,
        description,
        schema: None,
        example: Value::Null,
    };
    match action {
        Action::OpenSession => Route::new(
            TAG,
            "Sign in",
            "Exchanges an API key for a cookie of 12 hours that stands for it. Revoking the key ends the session.",
            ok("Signed in.", "StudioSession", session()),
        )
        .body("OpenSession", json!({"key": "audtk_your_key_here"}))
        .refuses([
            Refusal::CrossOrigin,
            Refusal::Required("key"),
            unknown_field(),
            Refusal::InvalidKey,
        ]),
        Action::CloseSession => Route::new(
            TAG,
            "Sign out",
            "The browser forgets the cookie. Nothing is stored for a session: a copy of the cookie is good until it \
             expires, or its key is revoked.",
            nothing("Signed out."),
        )
        .refuses([Refusal::CrossOrigin]),
        Action::Receive => Route::new(
            TAG,
            "Receive a notification",
            "The built-in receiver: accepts a callback of the organisation that the token names, and keeps it for a day.",
            nothing("Accepted."),
        )
        .refuses([
            Refusal::NotFound,
            Refusal::EncodingUnsupported("X".into()),
            Refusal::BodyTooLarge,
            Refusal::BodyNotJson,
        ]),
        Action::GetReceiver => Route::new(
            TAG,
            "Get the receiver",
            "A `callback_url` that needs no server of yours, and what came there: for a first test call. It is the one \
             address of this deployment that callbacks may go to.",
            ok("The receiver.", "StudioReceiver", receiver()),
        ),
        _ => Route::new(
            TAG,
            "Who am I",
            "The organisation, name and role of the key behind the session, or of the `Authorization` header.",
            ok("The session.", "StudioSession", session()),
        ),
    }
}

fn session() -> Value {
    json!({
        "org_id": "6f2d4c1a-93b8-4e57-8a10-5d7c9e2b4f63",
        "org_name": "Acme Finance",
        "key_id": "0b8f3c1e-7a52-4c6d-9e10-2f4a6b8c0d1e",
        "key_name": "Operations",
        "role": "admin",
        "expires_at": "2026-06-14T22:32:05.000Z",
    })
}

fn receiver() -> Value {
    json!({
        "callback_url": "https://api.audatec.in/studio/receiver/6f2d4c1a-93b8-4e57-8a10-5d7c9e2b4f63-0123456789abcdef0123456789abcdef",
        "received": [{
            "at": "2026-06-14T10:33:42.000Z",
            "verified": true,
            "headers": {
                "content-type": "application/json",
                "webhook-id": "5c0e9f34-2f6b-4d0a-8d57-0f6a7f1b2c3d",
            },
            "body": examples::notification("call.completed").to_string(),
        }],
    })
}
