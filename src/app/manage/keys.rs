//! `/api-keys`.

use super::body::{self, Body};
use super::views::{KeyView, NewKeyView};
use super::{Thing, change};
use crate::app::directory::{Ask, DirectoryReply, NewKey};
use crate::app::http::{Request, Response};
use crate::app::iso8601;
use crate::app::page::{Page, bad_cursor, read_time, value};
use crate::app::ports::Api;
use crate::app::records::RecordKey;
use crate::domain::access::{KeyDigest, KeyRecord, RawKey, Role};
use crate::domain::ids::KeyId;
use crate::domain::refusal::Refusal;
use crate::domain::time::Millis;

const THING: Thing = Thing {
    missing: Refusal::KeyNotFound,
    plural: "API keys",
};

// As the OpenAPI document describes it; `create` reads it.
/// The key to create.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct CreateKey {
    /// Display name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// From when on it is refused: a time in the future, with its offset, or a date; never when left out.
    pub expires_at: Option<String>,
}

/// Draws a key. The directory gets its digest, its holder the key.
pub fn draw(
    api: &impl Api,
    name: String,
    role: Role,
    expires_at: Option<Millis>,
) -> (RawKey, NewKey) {
    let raw = RawKey::from_entropy(api.entropy());
    let new = NewKey {
        id: KeyId::from_entropy(api.id_entropy()),
        name,
        role,
        digest: raw.digest(&api.secrets().pepper),
        prefix: raw.prefix().to_owned(),
        expires_at,
    };
    (raw, new)
}

/// A new key is good here at once, however late its copy is.
pub fn learn(api: &impl Api, digest: KeyDigest, record: &KeyRecord) {
    if let Ok(json) = serde_json::to_string(record) {
        api.learn(&RecordKey::ApiKey(digest), &json);
    }
}

/// `POST /api-keys`.
///
/// # Errors
/// A body of another shape; an end that is past; too many keys.
pub async fn create(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let mut body = Body::of(request)?;
    let name = body.required("name", None, body::NAME, body::name)?;
    let role = body.required("role", None, "viewer, member, admin or owner", body::word)?;
    let what = "an ISO 8601 time in the future";
    let given = body.optional("expires_at", None, what, body::text)?;
    let expires_at = given.map(|text| match iso8601::lacks_offset(&text) {
        true => read_time("expires_at", &text),
        false => iso8601::parse(&text)
            .ok_or_else(|| Refusal::Invalid(format!("expires_at must be {what}"))),
    });
    let expires_at = expires_at.transpose()?;
    body.finish()?;
    if expires_at.is_some_and(|end| end <= api.now()) {
        return Err(Refusal::Invalid(format!("expires_at must be {what}")));
    }
    let (raw, new) = draw(api, name, role, expires_at);
    let digest = new.digest.clone();
    let ask = Ask::CreateKey(Box::new(new));
    let DirectoryReply::Keys(keys) = change(api, caller, request, ask, &THING).await? else {
        return Err(Refusal::AuthenticationUnavailable);
    };
    let stored = keys.first().ok_or(Refusal::AuthenticationUnavailable)?;
    let record = KeyRecord {
        key_id: stored.id,
        org_id: caller.org_id,
        role,
        expires_at,
    };
    learn(api, digest, &record);
    let view = NewKeyView {
        id: stored.id,
        name: stored.name.clone(),
        role,
        key: raw.reveal().to_owned(),
        created_at: iso8601::format(stored.created_at),
        expires_at: expires_at.map(iso8601::format),
    };
    Ok(Response::json(201, &view))
}

/// `GET /api-keys`: newest first, expired ones too.
///
/// # Errors
/// A parameter that is unknown or has no such value.
pub async fn list(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let page = Page::read(request, &[])?;
    let before = page
        .after
        .as_deref()
        .map(|text| read_cursor(text).ok_or_else(bad_cursor))
        .transpose()?;
    let ask = Ask::Keys {
        before,
        limit: page.limit + 1,
    };
    let DirectoryReply::Keys(keys) = change(api, caller, request, ask, &THING).await? else {
        return Err(Refusal::AuthenticationUnavailable);
    };
    let body = page.answer(
        "api_keys",
        keys,
        None,
        |key| format!("{} {}", key.created_at.0, key.id),
        |key| value(&KeyView::from(key)),
    );
    Ok(Response::json(200, &body))
}

fn read_cursor(text: &str) -> Option<(Millis, KeyId)> {
    let (at, id) = text.split_once(' ')?;
    Some((Millis(at.parse().ok()?), id.parse().ok()?))
}

/// `DELETE /api-keys/{id}`: from then on it starts no call.
///
/// # Errors
/// No such key; the last owner key.
pub async fn delete(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    id: &str,
) -> Result<Response, Refusal> {
    let id = id.parse::<KeyId>().map_err(|_| Refusal::KeyNotFound)?;
    change(api, caller, request, Ask::RevokeKey(id), &THING).await?;
    Ok(Response::no_content())
}
