//! `/studio/session`: an API key exchanged for a cookie that only Studio's own pages can use.

use crate::app::authenticate::find_key;
use crate::app::directory::{By, Introduced, ask, command};
use crate::app::http::{Request, Response};
use crate::app::iso8601;
use crate::app::json::value;
use crate::app::ports::{Api, Unavailable};
use crate::domain::access::KeyRecord;
use crate::domain::object::object;
use crate::domain::refusal::Refusal;
use crate::domain::time::Span;
use crate::domain::tokens::session::{LASTS, Session};

// As the OpenAPI document describes it; `open` reads it.
/// Who signs in.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct OpenSession {
    /// The API key. It is kept nowhere in the browser.
    pub key: String,
}

// For the OpenAPI document: what `who_am_i` answers.
/// Who is signed in.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct StudioSession {
    /// The organisation whose key signed in.
    #[schema(format = "uuid")]
    pub org_id: String,
    /// What it is called.
    pub org_name: String,
    /// The key that stands behind the session.
    #[schema(format = "uuid")]
    pub key_id: String,
    /// What it is called.
    pub key_name: String,
    /// What it may do.
    pub role: crate::domain::access::Role,
    /// When the session ends, or the key if it expires earlier; null for a key that never does.
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
}

/// `POST /studio/session`: a cookie for a key.
///
/// # Errors
/// The request comes from another site's page; an invalid body; a bad key.
pub async fn open(api: &impl Api, request: &Request) -> Result<Response, Refusal> {
    if request.comes_from_elsewhere() {
        return Err(Refusal::CrossOrigin);
    }
    let mut body = request.json_object()?;
    let key = body.remove("key").ok_or(Refusal::Required("key"))?;
    if let Some((name, _)) = body.into_iter().next() {
        return Err(Refusal::UnknownField(name));
    }
    let (digest, mut record) = find_key(api, key.as_str().unwrap_or_default()).await?;
    api.record_use(&record);
    let expires_at = api.now() + LASTS;
    let session = Session { digest, expires_at };
    record.end_by(expires_at);
    let value = session.seal(&api.secrets().studio_key);
    let answer = who_am_i(api, &record).await?;
    Ok(answer.with_header("Set-Cookie", cookie(request, &value, LASTS)))
}

/// `GET /studio/session`: who owns this session or key.
///
/// # Errors
/// The directory can't be reached; the key was revoked a moment ago.
pub async fn who_am_i(api: &impl Api, caller: &KeyRecord) -> Result<Response, Refusal> {
    let (by, who) = (By::key(caller.key_id), command::WhoAmI(caller.key_id));
    match ask(api, caller.org_id, by, who).await {
        Ok(Ok(Introduced { org, key })) => Ok(Response::json(
            200,
            &object! {
                "org_id": caller.org_id,
                "org_name": org,
                "key_id": caller.key_id,
                "key_name": key,
                "role": value(&caller.role),
                "expires_at": caller.expires_at.map(iso8601::format),
            },
        )),
        Ok(Err(_)) => Err(Refusal::InvalidKey),
        Err(Unavailable) => Err(Refusal::AuthenticationUnavailable),
    }
}

/// `DELETE /studio/session`: the browser forgets the cookie, valid or not. Nothing is stored for a
/// session, so a copy of the cookie stays valid until it expires or its key is revoked.
///
/// # Errors
/// The request comes from another site's page; a cookie arrives without any sign of which page sent it.
pub async fn close(request: &Request) -> Result<Response, Refusal> {
    let is_by_cookie = request.session().is_some();
    if request.comes_from_elsewhere() || is_by_cookie && !request.comes_from_own_page() {
        return Err(Refusal::CrossOrigin);
    }
    Ok(Response::no_content().with_header("Set-Cookie", cookie(request, "", Span(0))))
}

fn cookie(request: &Request, value: &str, lasts: Span) -> String {
    format!(
        "{}={value}; Path=/; Max-Age={}; HttpOnly; Secure; SameSite=Strict",
        request.session_cookie(),
        lasts.as_secs()
    )
}

#[cfg(feature = "openapi")]
pub(crate) mod describe {
    //! The OpenAPI description of it.

    use serde_json::{Value, json};

    use super::{OpenSession, StudioSession};
    use crate::app::description::refusals::unknown_field;
    use crate::app::description::{Description, Success, ok};
    use crate::domain::refusal::Refusal;

    const TAG: &str = "Studio";

    pub fn who_am_i() -> Description {
        Description::new(
            TAG,
            "Who am I",
            "The organisation, name and role of the key behind the session, or of the `Authorization` header.",
            ok::<StudioSession>("The session.", session()),
        )
    }

    pub fn open() -> Description {
        Description::new(
            TAG,
            "Sign in",
            "Exchanges an API key for a cookie that stands for it for 12 hours. Revoking the key ends the session.",
            ok::<StudioSession>("Signed in.", session()),
        )
        .header("Set-Cookie", "SetCookie")
        .body::<OpenSession>(json!({"key": "audtk_your_key_here"}))
        .refuses([
            Refusal::CrossOrigin,
            Refusal::Required("key"),
            unknown_field(),
            Refusal::InvalidKey,
        ])
    }

    pub fn close() -> Description {
        Description::new(
            TAG,
            "Sign out",
            "The browser forgets the cookie. Nothing is stored for a session: a copy of the cookie is good until it \
             expires, or its key is revoked.",
            Success::nothing("Signed out."),
        )
        .header("Set-Cookie", "SetCookie")
        .refuses([Refusal::CrossOrigin])
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
}
