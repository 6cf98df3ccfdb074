//! `/api-keys`.

use super::create::Draw;
use super::{Resource, by, change};
use crate::app::body::{self, Body};
use crate::app::directory::{By, NewKey, command};
use crate::app::http::{Request, Response};
use crate::app::iso8601;
use crate::app::json::value;
use crate::app::page::{Page, bad_cursor, read_time};
use crate::app::ports::Api;
use crate::app::records::RecordKey;
use crate::app::views::keys::KeyView;
use crate::domain::access::{KeyDigest, KeyRecord, RawKey, Role};
use crate::domain::ids::{KeyId, OrgId};
use crate::domain::json_text::field;
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;
use crate::domain::to_json::to_json;

const RESOURCE: Resource = Resource {
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
    /// When it expires: a time in the future, with its offset, or a date; never if left out.
    pub expires_at: Option<String>,
}

/// What an expiry must be.
pub const END: &str = "an ISO 8601 time in the future";

/// Draws a key, shown in this field. The directory gets its digest, its holder the key.
pub fn draw(
    api: &impl Api,
    draw: &Draw,
    field: &str,
    name: String,
    role: Role,
    expires_at: Option<Timestamp>,
) -> (RawKey, NewKey) {
    let raw = draw.key(api, field);
    let new = NewKey {
        id: draw.key_id(api),
        name,
        role,
        digest: raw.digest(&api.secrets().pepper),
        prefix: raw.prefix().to_owned(),
        expires_at,
    };
    (raw, new)
}

/// A new key works here at once, however late its copy is.
pub fn learn(api: &impl Api, digest: KeyDigest, record: &KeyRecord) {
    if let Ok(json) = to_json(record) {
        api.learn(&RecordKey::ApiKey(digest), &json);
    }
}

/// `POST /api-keys`.
///
/// # Errors
/// An invalid body; an expiry in the past; too many keys.
pub async fn create(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let mut body = Body::of(request)?;
    let draw = Draw::of(api, request)?;
    let name = body.required("name", None, body::NAME, body::name)?;
    let role = body.required("role", None, "viewer, member, admin or owner", body::word)?;
    let expires_at = read_end(&mut body)?;
    body.finish()?;
    let wanted = Wanted {
        name,
        role,
        expires_at,
    };
    let who = by(caller, request);
    make(api, caller.org_id, who, draw, wanted, &RESOURCE).await
}

/// When a key is to expire, if ever.
pub(super) fn read_end(body: &mut Body) -> Result<Option<Timestamp>, Refusal> {
    let what = END;
    let given = body.optional("expires_at", None, what, body::text)?;
    let expires_at = given.map(|text| match iso8601::without_offset(&text) {
        Some(_) => read_time("expires_at", &text),
        None => iso8601::parse(&text)
            .ok_or_else(|| Refusal::Invalid(format!("expires_at must be {what}"))),
    });
    expires_at.transpose()
}

/// A key as requested.
pub(super) struct Wanted {
    pub name: String,
    pub role: Role,
    pub expires_at: Option<Timestamp>,
}

/// Makes a key for an organisation, and shows it this once.
///
/// # Errors
/// The directory's refusals.
pub(super) async fn make(
    api: &impl Api,
    org_id: OrgId,
    who: By<'_>,
    draw: Draw,
    wanted: Wanted,
    thing: &Resource,
) -> Result<Response, Refusal> {
    let Wanted {
        name,
        role,
        expires_at,
    } = wanted;
    let (raw, new) = self::draw(api, &draw, "key", name, role, expires_at);
    let digest = new.digest.clone();
    let new = command::CreateKey(Box::new(new));
    let shown = [("key", raw.reveal())];
    let response = draw.create(api, org_id, who, new, &shown, thing).await?;
    // A repeat shows the key drawn first: nobody has the one drawn now.
    if !response.is_replayed()
        && let Some(key_id) = id_in(&response.body)
    {
        let record = KeyRecord {
            key_id,
            org_id,
            role,
            expires_at,
        };
        learn(api, digest, &record);
    }
    Ok(response)
}

/// The id that the directory gave a new key.
fn id_in(body: &[u8]) -> Option<KeyId> {
    let id = field(std::str::from_utf8(body).ok()?, "id")?;
    id.trim_matches('"').parse().ok()
}

/// `GET /api-keys`: newest first, including expired ones.
///
/// # Errors
/// A parameter that is unknown or has an invalid value.
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
    let question = command::Keys {
        before,
        limit: page.limit + 1,
    };
    let keys = super::get(api, caller, question, &RESOURCE).await?;
    let body = page.answer(
        "api_keys",
        keys,
        None,
        |key| format!("{} {}", key.created_at.0, key.id),
        |key| value(&KeyView::from(key)),
    );
    Ok(Response::json(200, &body))
}

fn read_cursor(text: &str) -> Option<(Timestamp, KeyId)> {
    let (at, id) = text.split_once(' ')?;
    Some((Timestamp(at.parse().ok()?), id.parse().ok()?))
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
    change(api, caller, request, command::RevokeKey(id), &RESOURCE).await?;
    Ok(Response::no_content())
}

#[cfg(feature = "openapi")]
pub(crate) mod describe {
    //! The OpenAPI description of them.

    use serde_json::json;

    use super::CreateKey;
    use crate::app::description::examples;
    use crate::app::description::refusals::{NAME, must, no_time, unknown_field};
    use crate::app::description::{Description, created, gone, ok};
    use crate::app::views::keys::{KeyList, NewKeyView};
    use crate::domain::refusal::Refusal;

    const TAG: &str = "API keys";

    pub fn list() -> Description {
        let example = examples::page("api_keys", examples::key());
        Description::new(
            TAG,
            "List API keys",
            "All keys that have not been deleted, expired ones included, newest first. The keys themselves are never \
            shown.",
            ok::<KeyList>("A page of keys.", example),
        )
        .paged()
    }

    pub fn create() -> Description {
        Description::new(
            TAG,
            "Create an API key",
            "The key is shown here and never again. An organisation can have at most 1000.",
            created::<NewKeyView>(examples::new_key()),
        )
        .body::<CreateKey>(json!({"name": "Billing server", "role": "member"}))
        .once()
        .refuses([
            Refusal::Required("name"),
            must("name", NAME),
            Refusal::Required("role"),
            must("role", "viewer, member, admin or owner"),
            must("expires_at", super::END),
            unknown_field(),
            Refusal::TooMany("API keys"),
        ])
        .refuses(no_time("expires_at").into_iter().skip(1))
    }

    pub fn delete() -> Description {
        Description::new(
            TAG,
            "Delete an API key",
            "Once this request succeeds, the key can start, change and read nothing. The last owner key can't be deleted.",
            gone(),
        )
        .refuses([Refusal::KeyNotFound, Refusal::LastOwnerKey])
    }
}
