//! Starting, pausing and cancelling campaigns.
//!
//! The directory marks a campaign as running before its object starts it, and hears that it rests after that was answered: so
//! whatever runs is marked, whatever fails in between. A mark left behind is found and removed when it is in somebody's way.

use super::{RESOURCE, Refused, answer, ask, find, note, refusal, rest};
use crate::app::body::Body;
use crate::app::campaign::command::{Cancel, Get, Pause, Start};
use crate::app::concurrent::{CONNECTIONS, concurrent};
use crate::app::directory::{self, By, CampaignCard, RunsWith, command};
use crate::app::http::{Request, Response};
use crate::app::manage::{change, unheard};
use crate::app::ports::Api;
use crate::domain::access::KeyRecord;
use crate::domain::call::CallAgent;
use crate::domain::campaign::{CampaignRefusal, Status};
use crate::domain::refusal::Refusal;
use crate::domain::time::Span;

/// A start marked longer ago than this is not in progress any more.
const UNDER_WAY: Span = Span::from_secs(120);
/// How many campaigns are asked whether they are running, for one request.
const ASKED: usize = 300;

/// The valid values of `hang_up`.
pub const HANG_UP: &str = "true or false";

// As the OpenAPI document describes it; `cancel` reads it.
/// How a campaign is cancelled.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct CancelCampaign {
    /// Whether conversations are hung up as well; `false` by default.
    pub hang_up: Option<bool>,
}

/// `POST /campaigns/{id}/start`.
///
/// # Errors
/// No such campaign; it is neither a draft nor paused; it has nobody to call; its agent or trunk was deleted.
pub async fn start(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    id: &str,
) -> Result<Response, Refusal> {
    Body::none(request)?;
    let (card, shown) = find(api, caller, id).await?;
    let campaign = shown.campaign;
    if !matches!(campaign.status, Status::Draft | Status::Paused) {
        return Err(refusal(Refused::Is(campaign.status)));
    }
    if campaign.counts.total == 0 {
        return Err(refusal(Refused::NoRecipients));
    }
    let (id, agent, trunk) = (card.id, campaign.plan.agent, campaign.plan.trunk);
    let mark = command::StartCampaign { id, agent, trunk };
    let marked = change(api, caller, request, mark, &RESOURCE).await?;
    let agent = CallAgent {
        id: agent,
        code: marked.agent.agent_code,
        fields: marked.agent.input_schema.fields,
    };
    let start = Start {
        key: caller.key_id,
        agent: Box::new(agent),
        mark: marked.mark,
    };
    match ask(api, caller.org_id, id, start).await? {
        Ok(shown) => Ok(answer(&shown)),
        // Somebody else was faster: it is running.
        Err(Refused::Is(Status::Running)) => Err(refusal(Refused::Is(Status::Running))),
        Err(refused) => {
            let rests = command::RestCampaign(id, marked.mark);
            let told = directory::ask(api, caller.org_id, By::PLATFORM, rests).await;
            let _ = told.map_err(unheard)?;
            Err(refusal(refused))
        }
    }
}

/// `POST /campaigns/{id}/pause`.
///
/// # Errors
/// No such campaign; it is not running; a trunk can't be reached.
pub async fn pause(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    id: &str,
) -> Result<Response, Refusal> {
    Body::none(request)?;
    let (mut card, shown) = find(api, caller, id).await?;
    match shown.campaign.status {
        Status::Running => card = note(api, caller, request, card.id, "campaign.pause").await?,
        Status::Paused => {} // its object knows whether all calls were taken back
        status => return Err(refusal(Refused::Is(status))),
    }
    let paused = ask(api, caller.org_id, card.id, Pause).await?;
    let paused = paused.map_err(refusal)?;
    rest(api, caller, &card).await?;
    Ok(answer(&paused))
}

/// `POST /campaigns/{id}/cancel`.
///
/// # Errors
/// No such campaign; it is over; a trunk can't be reached.
pub async fn cancel(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    id: &str,
) -> Result<Response, Refusal> {
    let mut body = Body::of(request)?;
    let hang_up = body.optional("hang_up", None, HANG_UP, |value| value.as_bool())?;
    body.finish()?;
    let (mut card, shown) = find(api, caller, id).await?;
    match shown.campaign.status {
        Status::Completed => return Err(refusal(Refused::Is(Status::Completed))),
        Status::Canceled => {} // its object knows whether all calls were taken back
        _ => card = note(api, caller, request, card.id, "campaign.cancel").await?,
    }
    let hang_up = hang_up.unwrap_or_default();
    let canceled = ask(api, caller.org_id, card.id, Cancel { hang_up }).await?;
    let canceled = canceled.map_err(refusal)?;
    rest(api, caller, &card).await?;
    Ok(answer(&canceled))
}

/// Deletes something that campaigns may be running with; tries again if those said to be running turn out to be at rest.
///
/// # Errors
/// Those of `delete`; an object can't be reached.
pub async fn once_at_rest(
    api: &impl Api,
    caller: &KeyRecord,
    with: RunsWith,
    delete: impl AsyncFn() -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    use CampaignRefusal::{AgentInUse, TrunkInUse};
    match delete().await {
        Err(Refusal::Campaign(AgentInUse | TrunkInUse)) if all_rest(api, caller, with).await? => {
            delete().await
        }
        deleted => deleted,
    }
}

/// Checks whether the campaigns marked as running with something rest by now: nobody told the directory about those that ended
/// on their own. Returns whether all of them do.
async fn all_rest(api: &impl Api, caller: &KeyRecord, with: RunsWith) -> Result<bool, Refusal> {
    let running = command::RunningCampaigns(with);
    let running = directory::ask(api, caller.org_id, By::key(caller.key_id), running).await;
    let running = running.map_err(unheard)?;
    let running = running.map_err(|denied| RESOURCE.refusal(denied))?;
    let is_all = running.len() <= ASKED;
    let asked = running.into_iter().take(ASKED);
    let rested = asked.map(|card| is_at_rest(api, caller, card));
    let rested = concurrent(CONNECTIONS, rested).await;
    let rested = rested.into_iter().collect::<Result<Vec<bool>, Refusal>>()?;
    Ok(is_all && rested.into_iter().all(|rests| rests))
}

async fn is_at_rest(
    api: &impl Api,
    caller: &KeyRecord,
    card: CampaignCard,
) -> Result<bool, Refusal> {
    let is_old = card.run.is_none_or(|run| api.now() > run.at + UNDER_WAY);
    let rests = match ask(api, caller.org_id, card.id, Get).await? {
        Ok(shown) => match shown.campaign.status {
            Status::Running => false,
            // It may be about to be started.
            Status::Draft | Status::Paused => is_old,
            Status::Completed | Status::Canceled => true,
        },
        Err(_) => true,
    };
    if rests {
        rest(api, caller, &card).await?;
    }
    Ok(rests)
}

#[cfg(feature = "openapi")]
pub(crate) mod describe {
    //! The OpenAPI description of it.

    use serde_json::json;

    use super::{CancelCampaign, HANG_UP};
    use crate::app::description::Description;
    use crate::app::description::refusals::{must, unknown_field};
    use crate::app::manage::campaigns::describe::change_of_status;
    use crate::domain::campaign::{CampaignRefusal, Status};
    use crate::domain::refusal::Refusal;

    pub fn start() -> Description {
        change_of_status(
            "Start a campaign",
            "Starts a draft, or lets a paused campaign go on. Its calls are placed on behalf of the key that last \
            started it: when that key is deleted, the campaign is paused.",
            Status::Running,
        )
        .no_fields()
        .refuses([
            Refusal::OrganisationSuspended,
            Refusal::Campaign(CampaignRefusal::NoRecipients),
            Refusal::AgentNotFound,
            Refusal::TrunkNotFound,
        ])
    }

    pub fn pause() -> Description {
        change_of_status(
            "Pause a campaign",
            "Pauses a running campaign. Once this request succeeds, no further phone rings for it; its open calls go on.",
            Status::Draft,
        )
        .no_fields()
        .refuses([Refusal::Campaign(CampaignRefusal::NotTakenBack)])
    }

    pub fn cancel() -> Description {
        change_of_status(
            "Cancel a campaign",
            "Cancels a campaign that is not over, a draft included. Once this request succeeds, no further phone \
            rings for it; \
             phones that are ringing are hung up, and conversations go on unless `hang_up` is true.",
            Status::Completed,
        )
        .optional_body::<CancelCampaign>(json!({"hang_up": false}))
        .refuses([must("hang_up", HANG_UP), unknown_field()])
        .refuses([Refusal::Campaign(CampaignRefusal::NotTakenBack)])
    }
}
