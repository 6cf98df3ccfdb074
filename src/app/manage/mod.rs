//! Management: the routes with which owners and admins change their organisation.
//!
//! A handler reads and checks the body, and asks the directory; the directory decides.

pub mod agents;
pub mod audit;
pub mod campaigns;
pub mod create;
pub mod erasures;
pub mod hours;
pub mod keys;
pub mod limits;
pub mod orgs;
pub mod settings;
pub mod suppressions;
pub mod trunk_test;
pub mod trunks;
pub mod webhooks;

use crate::app::directory::{AskDirectory, By, DirectoryRefusal, ask};
use crate::app::http::Request;
use crate::app::ports::{Api, Unavailable};
use crate::domain::access::KeyRecord;
use crate::domain::campaign::{CampaignRefusal, Status};
use crate::domain::erasure::ErasureRefusal;
use crate::domain::refusal::Refusal;

/// How often a change is composed again when another came in between.
const TRIES: usize = 5;
/// How much of a row's refusal is told, in characters: it may quote a name that is as long as the row.
const LONGEST_ERROR: usize = 500;

/// The caller and this request.
fn by<'a>(caller: &KeyRecord, request: &'a Request) -> By<'a> {
    By {
        key: Some(caller.key_id),
        request: &request.id,
    }
}

/// Asks for a change; what a refusal means depends on the resource.
async fn change<C: AskDirectory>(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    change: C,
    thing: &Resource,
) -> Result<C::Told, Refusal> {
    let changed = ask(api, caller.org_id, by(caller, request), change).await;
    api.forget(caller.org_id);
    changed
        .map_err(unheard)?
        .map_err(|denied| thing.refusal(denied))
}

/// Asks the caller's directory a question.
async fn get<C: AskDirectory>(
    api: &impl Api,
    caller: &KeyRecord,
    question: C,
    thing: &Resource,
) -> Result<C::Told, Refusal> {
    let told = ask(api, caller.org_id, By::key(caller.key_id), question).await;
    told.map_err(unheard)?
        .map_err(|denied| thing.refusal(denied))
}

/// Changes something that others may be changing: `attempt` reads it as it is, and returns the command to save it, which names
/// what it was made from, and the result.
///
/// # Errors
/// Those of `attempt`, and of the directory; it was changed each time.
async fn change_by_comparison<C: AskDirectory, T>(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    resource: &Resource,
    attempt: impl AsyncFn() -> Result<(C, T), Refusal>,
) -> Result<T, Refusal> {
    // The body is read before anything is looked up.
    request.json_object()?;
    for _ in 0..TRIES {
        let (save, changed) = attempt().await?;
        let saved = ask(api, caller.org_id, by(caller, request), save).await;
        api.forget(caller.org_id);
        match saved.map_err(unheard)? {
            Ok(_) => return Ok(changed),
            Err(DirectoryRefusal::Changed) => {}
            Err(denied) => return Err(resource.refusal(denied)),
        }
    }
    Err(Refusal::DirectoryUnavailable)
}

/// The directory did not answer, or not this question.
fn unheard(_: Unavailable) -> Refusal {
    Refusal::DirectoryUnavailable
}

/// What is wrong with a row of a file.
fn row_error(refusal: &Refusal) -> String {
    let mut text = refusal.text();
    if let Some((end, _)) = text.char_indices().nth(LONGEST_ERROR) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// The subject of a route: the words for its refusals.
struct Resource {
    missing: Refusal,
    plural: &'static str,
}

impl Resource {
    fn refusal(&self, denied: DirectoryRefusal) -> Refusal {
        match denied {
            DirectoryRefusal::Missing | DirectoryRefusal::Inactive => self.missing.clone(),
            DirectoryRefusal::TooMany if self.plural == campaigns::PLURAL => {
                Refusal::Campaign(CampaignRefusal::TooMany)
            }
            DirectoryRefusal::TooMany if self.plural == erasures::PLURAL => {
                Refusal::Erasure(ErasureRefusal::TooMany)
            }
            DirectoryRefusal::TooMany => Refusal::TooMany(self.plural),
            DirectoryRefusal::NoAgent => Refusal::AgentNotFound,
            DirectoryRefusal::NoTrunk => Refusal::TrunkNotFound,
            DirectoryRefusal::RunningCampaigns => Refusal::Campaign(match self.plural {
                agents::PLURAL => CampaignRefusal::AgentInUse,
                trunks::PLURAL => CampaignRefusal::TrunkInUse,
                _ => CampaignRefusal::Is(Status::Running),
            }),
            DirectoryRefusal::TooManyHours => Refusal::TooManyHours,
            DirectoryRefusal::Suspended => Refusal::OrganisationSuspended,
            DirectoryRefusal::Deleted => Refusal::OrganisationDeleted,
            DirectoryRefusal::LastOwner => Refusal::LastOwnerKey,
            DirectoryRefusal::InvalidKey => Refusal::InvalidKey,
            DirectoryRefusal::Past => Refusal::Invalid(format!("expires_at must be {}", keys::END)),
            DirectoryRefusal::KeyReused => Refusal::IdempotencyKeyReused,
            DirectoryRefusal::InProgress => Refusal::IdempotencyKeyInProgress,
            DirectoryRefusal::LiveCalls => Refusal::TrunkHasLiveCalls,
            // The change is stored and will be told; asking again does no harm.
            DirectoryRefusal::NotPropagated | DirectoryRefusal::Changed => {
                Refusal::DirectoryUnavailable
            }
        }
    }
}
