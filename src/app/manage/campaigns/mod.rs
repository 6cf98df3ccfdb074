//! `/campaigns`: lists of people to call.
//!
//! The directory is asked first whether the campaign exists and the caller may do this; then the campaign's own object.

#[cfg(feature = "openapi")]
pub(crate) mod describe;
mod fields;
pub mod preview;
pub mod recipients;
pub mod results;
mod rows;
pub mod run;
mod terms;

#[cfg(feature = "openapi")]
pub use fields::CreateCampaign;
pub use rows::MAX_FILE;

use super::create::{Draw, answered};
use super::{Resource, TRIES, by, change, get as get_of_directory, unheard};
use crate::app::campaign::{self, AskCampaign, CampaignRefusal as Refused, Shown};
use crate::app::concurrent::{CONNECTIONS, concurrent};
use crate::app::directory::{self, By, CampaignCard, FirstOrAgain, Keyed, command};
use crate::app::http::{Request, Response};
use crate::app::json::value;
use crate::app::page::{Page, bad_cursor};
use crate::app::ports::Api;
use crate::app::views::campaign::CampaignView;
use crate::domain::access::KeyRecord;
use crate::domain::campaign::{Campaign, CampaignRefusal, Counts, Status};
use crate::domain::ids::{CampaignId, OrgId};
use crate::domain::refusal::Refusal;
use crate::domain::sorting::newest_first;
use crate::domain::time::Timestamp;

/// What a recipient's reference must be.
const REFERENCE: &str = "a string of 1 to 128 characters other than . and ..";
/// The error for an invalid zone.
const TIME_ZONE: &str = "time_zone must be an IANA time zone";
/// Their name in refusals.
pub(super) const PLURAL: &str = "campaigns";

const RESOURCE: Resource = Resource {
    missing: Refusal::Campaign(CampaignRefusal::NotFound),
    plural: PLURAL,
};

// For the OpenAPI document: what `list` answers.
/// A page of campaigns.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct CampaignList {
    /// Newest first.
    pub campaigns: Vec<CampaignView>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

fn view(shown: &Shown) -> CampaignView {
    CampaignView::of(&shown.campaign, shown.held_by, shown.projected_end_at)
}

fn answer(shown: &Shown) -> Response {
    Response::json(200, &view(shown))
}

/// Asks a campaign's object; the inner error is its refusal.
async fn ask<C: AskCampaign>(
    api: &impl Api,
    org: OrgId,
    id: CampaignId,
    command: C,
) -> Result<Result<C::Told, Refused>, Refusal> {
    let told = campaign::ask(api, org, id, command).await;
    told.map_err(unheard)
}

fn refusal(refused: Refused) -> Refusal {
    Refusal::Campaign(match refused {
        Refused::Missing => CampaignRefusal::NotFound,
        Refused::Is(status) => CampaignRefusal::Is(status),
        Refused::NoRecipients => CampaignRefusal::NoRecipients,
        Refused::NotTakenBack => CampaignRefusal::NotTakenBack,
        Refused::Changed => return Refusal::DirectoryUnavailable,
    })
}

/// What the directory and the object know of a campaign.
async fn find(
    api: &impl Api,
    caller: &KeyRecord,
    id: &str,
) -> Result<(CampaignCard, Shown), Refusal> {
    let id = id.parse::<CampaignId>();
    let id = id.map_err(|_| RESOURCE.missing.clone())?;
    let card = get_of_directory(api, caller, command::KnownCampaign(id), &RESOURCE).await?;
    let shown = ask(api, caller.org_id, id, campaign::command::Get).await?;
    let shown = shown.map_err(refusal)?;
    if shown.campaign.status.is_over() {
        rest(api, caller, &card).await?;
    }
    Ok((card, shown))
}

/// Tells the directory that a campaign that was marked as running rests.
async fn rest(api: &impl Api, caller: &KeyRecord, card: &CampaignCard) -> Result<(), Refusal> {
    let Some(run) = card.run else { return Ok(()) };
    let rest = command::RestCampaign(card.id, run.mark);
    let told = directory::ask(api, caller.org_id, By::PLATFORM, rest).await;
    told.map_err(unheard)?
        .map_err(|denied| RESOURCE.refusal(denied))
}

/// Has the audit log record what is about to be done.
async fn note(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    id: CampaignId,
    action: &str,
) -> Result<CampaignCard, Refusal> {
    let action = action.to_owned();
    let note = command::NoteCampaign { id, action };
    change(api, caller, request, note, &RESOURCE).await
}

/// `POST /campaigns`.
///
/// # Errors
/// An invalid body; too many campaigns; an object that can't be reached.
pub async fn create(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    request.json_object()?;
    let draw = Draw::of(api, request)?;
    let org = caller.org_id;
    let plan = match fields::read(api, caller, request, None).await {
        Ok(plan) => plan,
        Err(refusal) => return given_before(api, caller, &draw).await?.ok_or(refusal),
    };
    let campaign = Campaign {
        id: CampaignId::from_entropy(api.id_entropy()),
        org,
        plan,
        status: Status::Draft,
        counts: Counts::default(),
        started_by: None,
        created_at: api.now(),
        started_at: None,
        ended_at: None,
    };
    let id = campaign.id;
    let create = campaign::command::Create(Box::new(campaign.clone()));
    ask(api, org, id, create).await?.map_err(refusal)?;
    let (create, by) = (
        command::CreateCampaign(Box::new(campaign)),
        by(caller, request),
    );
    let created = draw.create(api, org, by, create, &[], &RESOURCE).await;
    let is_known = match &created {
        Ok(response) => !response.is_replayed(),
        // The directory may have received it.
        Err(refusal) => refusal.status() == 503,
    };
    if !is_known {
        // If this fails, nobody knows of the campaign, so it does no harm.
        let _ = ask(api, org, id, campaign::command::Delete).await;
    }
    created
}

/// The earlier response under the request's `Idempotency-Key`, also to a request that would be refused today, for instance
/// because its agent was deleted since.
async fn given_before(
    api: &impl Api,
    caller: &KeyRecord,
    draw: &Draw,
) -> Result<Option<Response>, Refusal> {
    if draw.once().is_none() {
        return Ok(None);
    }
    let nobody = CampaignId::from_entropy(api.id_entropy());
    let question = Keyed(command::KnownCampaign(nobody), draw.once());
    let known = directory::ask(api, caller.org_id, By::key(caller.key_id), question).await;
    match known.map_err(unheard)? {
        Ok(FirstOrAgain::Answered(answer, again)) => Ok(Some(answered(answer, again))),
        Err(directory::DirectoryRefusal::KeyReused) => Err(Refusal::IdempotencyKeyReused),
        _ => Ok(None),
    }
}

/// `GET /campaigns`: newest first.
///
/// # Errors
/// A parameter that is unknown or has an invalid value; an object that can't be reached.
pub async fn list(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let page = Page::read(request, &[])?;
    let after = page.after.as_deref();
    let before = after.map(|text| read_place(text).ok_or_else(bad_cursor));
    let before = before.transpose()?;
    let limit = page.limit + 1;
    let question = command::Campaigns { before, limit };
    let cards = get_of_directory(api, caller, question, &RESOURCE).await?;
    let is_more = cards.len() > page.limit;
    let cards = cards.get(..page.limit).unwrap_or(&cards);
    let until = cards.last().filter(|_| is_more).map(place);
    let asked = cards.iter().map(async |card| {
        let shown = ask(api, caller.org_id, card.id, campaign::command::Get).await;
        (*card, shown)
    });
    let mut all = Vec::new();
    for (card, shown) in concurrent(CONNECTIONS, asked).await {
        match shown? {
            Ok(shown) => all.push((card, shown)),
            Err(Refused::Missing) => {} // it is being deleted
            Err(refused) => return Err(refusal(refused)),
        }
    }
    newest_first(&mut all, |(card, _)| card.id.born(card.created_at));
    let answer = page.answer(
        PLURAL,
        all,
        until,
        |(card, _)| place(card),
        |(_, shown)| value(&view(shown)),
    );
    Ok(Response::json(200, &answer))
}

/// `GET /campaigns/{id}`.
///
/// # Errors
/// No such campaign.
pub async fn get(api: &impl Api, caller: &KeyRecord, id: &str) -> Result<Response, Refusal> {
    let (_, shown) = find(api, caller, id).await?;
    Ok(answer(&shown))
}

/// `PATCH /campaigns/{id}`: for a draft, or while it is paused.
///
/// # Errors
/// No such campaign, or its status does not allow it; an invalid body.
pub async fn update(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    id: &str,
) -> Result<Response, Refusal> {
    request.json_object()?;
    let mut is_noted = false;
    for _ in 0..TRIES {
        let (card, shown) = find(api, caller, id).await?;
        let campaign = shown.campaign;
        if !matches!(campaign.status, Status::Draft | Status::Paused) {
            return Err(refusal(Refused::Is(campaign.status)));
        }
        let plan = fields::read(api, caller, request, Some(&campaign.plan)).await?;
        if !is_noted {
            note(api, caller, request, card.id, "campaign.update").await?;
            is_noted = true;
        }
        let save = campaign::command::Save {
            plan: Box::new(plan),
            was: Box::new(campaign.plan),
        };
        match ask(api, caller.org_id, card.id, save).await? {
            Ok(shown) => return Ok(answer(&shown)),
            Err(Refused::Changed) => {}
            Err(refused) => return Err(refusal(refused)),
        }
    }
    Err(Refusal::DirectoryUnavailable)
}

/// `DELETE /campaigns/{id}`: for a draft, or once it is over.
///
/// # Errors
/// No such campaign, or its status does not allow it.
pub async fn delete(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    id: &str,
) -> Result<Response, Refusal> {
    let id = id.parse::<CampaignId>();
    let id = id.map_err(|_| RESOURCE.missing.clone())?;
    get_of_directory(api, caller, command::KnownCampaign(id), &RESOURCE).await?;
    match ask(api, caller.org_id, id, campaign::command::Delete).await? {
        // It was deleted before, and the directory was not told.
        Ok(()) | Err(Refused::Missing) => {}
        Err(refused) => return Err(refusal(refused)),
    }
    change(api, caller, request, command::DeleteCampaign(id), &RESOURCE).await?;
    Ok(Response::no_content())
}

fn place(card: &CampaignCard) -> String {
    format!("{}/{}", card.created_at.0, card.id)
}

fn read_place(text: &str) -> Option<(Timestamp, CampaignId)> {
    let (at, id) = text.split_once('/')?;
    Some((Timestamp(at.parse().ok()?), id.parse().ok()?))
}
