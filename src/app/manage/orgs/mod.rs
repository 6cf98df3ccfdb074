//! `/platform/v1/orgs`: the organisations, for the platform's operator.

#[cfg(feature = "openapi")]
pub(crate) mod describe;

use super::create::{self, Draw};
use super::{Resource, keys, unheard};
use crate::app::authenticate::Operator;
use crate::app::body::{self, Body};
use crate::app::calls::usage;
use crate::app::concurrent::{CONNECTIONS, concurrent};
use crate::app::directory::{
    AskDirectory, By, DirectoryCommand, DirectoryRefusal, OrgCard, OrgChange, ask, command,
};
use crate::app::http::{Request, Response};
use crate::app::json::value;
use crate::app::page::{Page, bad_cursor};
use crate::app::ports::Api;
use crate::app::telemetry::{Event, Text};
use crate::app::views::orgs::OrganisationView;
use crate::domain::access::{KeyRecord, Role};
use crate::domain::ids::OrgId;
use crate::domain::refusal::Refusal;
use crate::domain::sorting::oldest_first;

const RESOURCE: Resource = Resource {
    missing: Refusal::OrganisationNotFound,
    plural: "API keys",
};

/// What an organisation's `status` may be set to.
const STATUS: &str = "active or suspended";

// As the OpenAPI document describes it; `create` reads it.
/// The organisation to create.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct CreateOrg {
    /// Display name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
}

/// Founds an organisation, with its first owner key and its webhook secret.
///
/// # Errors
/// An invalid body.
pub async fn create(api: &impl Api, _: Operator, request: &Request) -> Result<Response, Refusal> {
    let mut body = Body::of(request)?;
    let mut draw = Draw::of(api, request)?;
    let name = body.required("name", None, body::NAME, body::name)?;
    body.finish()?;
    draw.settle(api).await?;
    let org = draw.org_id(api);
    // A repeat under an `Idempotency-Key` draws the same organisation as the first request.
    let was_deleted = draw.once().is_some()
        && or_buried(api, org, Err(Refusal::OrganisationNotFound))
            .await
            .is_ok();
    if was_deleted {
        return Err(Refusal::OrganisationDeleted);
    }
    let (owner_key, owner) = keys::draw(
        api,
        &draw,
        "owner_key",
        "Owner".to_owned(),
        Role::Owner,
        None,
    );
    let secret = draw.secret(api, "webhook_secret");
    let digest = owner.digest.clone();
    let record = KeyRecord {
        key_id: owner.id,
        org_id: org,
        role: owner.role,
        expires_at: None,
    };
    let found = command::Found {
        org,
        name,
        owner: Box::new(owner),
        secret: secret.clone(),
    };
    let by = by(request);
    let command = DirectoryCommand::from(found).by(by);
    let shown = [
        ("owner_key", owner_key.reveal()),
        ("webhook_secret", secret.reveal()),
    ];
    let response = create::ask(api, org, command, &shown, &RESOURCE).await?;
    keys::learn(api, digest, &record);
    Ok(response)
}

/// The operator, with this request.
fn by(request: &Request) -> By<'_> {
    By {
        key: None,
        request: &request.id,
    }
}

/// The organisation in a path.
fn id_of(text: &str) -> Result<OrgId, Refusal> {
    text.parse().map_err(|_| Refusal::OrganisationNotFound)
}

/// Asks an organisation's directory.
async fn of<C: AskDirectory>(
    api: &impl Api,
    org: OrgId,
    who: By<'_>,
    question: C,
) -> Result<C::Told, Refusal> {
    let told = ask(api, org, who, question).await.map_err(unheard)?;
    told.map_err(|denied| RESOURCE.refusal(denied))
}

/// `GET /platform/v1/orgs`: a page of them, in the order of their ids.
///
/// # Errors
/// A parameter that is unknown or has an invalid value; an organisation can't be asked.
pub async fn list(api: &impl Api, _: Operator, request: &Request) -> Result<Response, Refusal> {
    let page = Page::read(request, &[])?;
    let after = page.after.as_deref().map(str::parse::<OrgId>).transpose();
    let after = after.map_err(|_| bad_cursor())?;
    let mut ids = api.organisations().await.map_err(unheard)?;
    ids.retain(|id| after.is_none_or(|after| *id > after));
    oldest_first(&mut ids, |id| id.number());
    let is_more = ids.len() > page.limit;
    ids.truncate(page.limit);
    let until = ids.last().filter(|_| is_more).map(OrgId::to_string);
    let cards = ids.into_iter().map(|id| async move {
        match ask(api, id, By::PLATFORM, command::Org).await {
            Ok(Ok(card)) => Ok(Some(card)),
            // Its name outlasts it for a moment.
            Ok(Err(DirectoryRefusal::Missing)) => Ok(None),
            Ok(Err(denied)) => Err(RESOURCE.refusal(denied)),
            Err(away) => Err(unheard(away)),
        }
    });
    let cards: Result<Vec<_>, Refusal> = concurrent(CONNECTIONS, cards).await.into_iter().collect();
    let mut cards: Vec<OrgCard> = cards?.into_iter().flatten().collect();
    oldest_first(&mut cards, |card| card.id.number());
    let body = page.answer("orgs", cards, until, |card| card.id.to_string(), view);
    Ok(Response::json(200, &body))
}

fn view(card: &OrgCard) -> serde_json::Value {
    value(&OrganisationView::from(card))
}

/// `GET /platform/v1/orgs/{id}`.
///
/// # Errors
/// No such organisation.
pub async fn get(api: &impl Api, _: Operator, id: &str) -> Result<Response, Refusal> {
    let id = id_of(id)?;
    let card = of(api, id, By::PLATFORM, command::Org).await;
    let card = or_buried(api, id, card).await?;
    Ok(Response::json(200, &view(&card)))
}

/// For an organisation that does not exist: the record of its deletion, if there is one, in the operator's directory under any
/// of the deployment's master keys.
async fn or_buried(
    api: &impl Api,
    id: OrgId,
    card: Result<OrgCard, Refusal>,
) -> Result<OrgCard, Refusal> {
    let mut card = card;
    for secrets in api.secrets().every() {
        if card != Err(Refusal::OrganisationNotFound) {
            break;
        }
        card = of(api, secrets.operators(), By::PLATFORM, command::Buried(id)).await;
    }
    card
}

/// `DELETE /platform/v1/orgs/{id}`: the organisation with everything kept of it.
///
/// # Errors
/// No such organisation; a trunk that must know about it can't be reached.
pub async fn delete(
    api: &impl Api,
    _: Operator,
    request: &Request,
    id: &str,
) -> Result<Response, Refusal> {
    let id = id_of(id)?;
    let card = of(api, id, by(request), command::DeleteOrg).await;
    let card = or_buried(api, id, card).await?;
    api.forget(id);
    if card.deleted_at.is_some() {
        return Ok(Response::json(200, &view(&card)));
    }
    api.log(&Event::OrganisationDeleting {
        org: id,
        request: Text(&request.id),
    });
    Ok(Response::json(202, &view(&card)))
}

// As the OpenAPI document describes it; `update` reads it.
/// What to change: any subset.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct ChangeOrg {
    /// Display name.
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    pub name: Option<String>,
    /// Whether it may place calls: `active` or `suspended`.
    #[schema(pattern = "^(active|suspended)$", nullable = false)]
    pub status: Option<String>,
}

/// `PATCH /platform/v1/orgs/{id}`: suspends, reactivates or renames it.
///
/// # Errors
/// No such organisation; an invalid body; a trunk that must know about it can't be reached.
pub async fn update(
    api: &impl Api,
    _: Operator,
    request: &Request,
    id: &str,
) -> Result<Response, Refusal> {
    let mut body = Body::of(request)?;
    let name = match body.has("name") {
        true => Some(body.required("name", None, body::NAME, body::name)?),
        false => None,
    };
    let suspended = match body.has("status") {
        true => Some(body.required("status", None, STATUS, read_status)?),
        false => None,
    };
    body.finish()?;
    let change = command::ChangeOrg(OrgChange { name, suspended });
    let card = of(api, id_of(id)?, by(request), change).await?;
    Ok(Response::json(200, &view(&card)))
}

fn read_status(value: serde_json::Value) -> Option<bool> {
    match value.as_str()? {
        "active" => Some(false),
        "suspended" => Some(true),
        _ => None,
    }
}

// As the OpenAPI document describes it; `create_owner_key` reads it.
/// The key to create.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct CreateOwnerKey {
    /// Display name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// When it expires: a time in the future, with its offset, or a date; never if left out.
    pub expires_at: Option<String>,
}

/// `POST /platform/v1/orgs/{id}/owner-keys`: for an organisation that has lost its own.
///
/// # Errors
/// No such organisation; an invalid body; too many keys.
pub async fn create_owner_key(
    api: &impl Api,
    _: Operator,
    request: &Request,
    id: &str,
) -> Result<Response, Refusal> {
    let mut body = Body::of(request)?;
    let draw = Draw::of(api, request)?;
    let name = body.required("name", None, body::NAME, body::name)?;
    let expires_at = keys::read_end(&mut body)?;
    body.finish()?;
    let wanted = keys::Wanted {
        name,
        role: Role::Owner,
        expires_at,
    };
    keys::make(api, id_of(id)?, by(request), draw, wanted, &RESOURCE).await
}

/// `GET /platform/v1/orgs/{id}/usage`.
///
/// # Errors
/// No such organisation; those of `GET /usage`.
pub async fn usage(
    api: &impl Api,
    _: Operator,
    request: &Request,
    id: &str,
) -> Result<Response, Refusal> {
    let org = id_of(id)?;
    of(api, org, By::PLATFORM, command::Org).await?;
    usage::usage_of(api, org, request).await
}
