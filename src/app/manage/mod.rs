//! Management: the routes under which owners and admins change what their organisation has.
//!
//! A handler reads and checks the body, and asks the directory; the directory decides.

pub mod agents;
pub mod audit;
pub mod create;
pub mod hours;
pub mod keys;
pub mod limits;
pub mod orgs;
pub mod settings;
pub mod suppressions;
pub mod trunk_test;
pub mod trunks;
pub mod webhooks;

use crate::app::asking::{Command, mismatched, understood};
use crate::app::directory::{Ask, DirectoryCommand, DirectoryRefusal, DirectoryReply};
use crate::app::http::Request;
use crate::app::ports::{Api, Unavailable};
use crate::domain::access::KeyRecord;
use crate::domain::refusal::Refusal;

/// How often a change is composed anew when somebody else's came in between.
const TRIES: usize = 5;

/// Asks the caller's directory.
async fn ask(
    api: &impl Api,
    caller: &KeyRecord,
    request: &str,
    what: Ask,
) -> Result<DirectoryReply, Unavailable> {
    let command = DirectoryCommand {
        request: request.to_owned(),
        ..DirectoryCommand::of_the_key(caller.key_id, what)
    };
    let reply = api.directory(caller.org_id, &command).await;
    if !command.what.is_read() {
        api.forget(caller.org_id);
    }
    reply
}

/// A change that a caller asks for.
fn command(caller: &KeyRecord, request: &Request, what: Ask) -> DirectoryCommand {
    DirectoryCommand {
        request: request.id.clone(),
        ..DirectoryCommand::of_the_key(caller.key_id, what)
    }
}

/// Asks for a change; what a refusal means depends on the thing.
async fn change(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    what: Ask,
    thing: &Resource,
) -> Result<(), Refusal> {
    match ask(api, caller, &request.id, what).await {
        Ok(DirectoryReply::Done) => Ok(()),
        Ok(DirectoryReply::Refused(denied)) => Err(thing.refusal(denied)),
        Ok(_) => Err(unheard(mismatched::<DirectoryReply>(api))),
        Err(unavailable) => Err(unheard(unavailable)),
    }
}

/// Asks a question of the caller's directory.
async fn get<Q: Command<Asked = Ask, Answer = DirectoryReply>>(
    api: &impl Api,
    caller: &KeyRecord,
    question: Q,
    thing: &Resource,
) -> Result<Q::Reply, Refusal> {
    match ask(api, caller, "", question.into()).await {
        Ok(DirectoryReply::Refused(denied)) => Err(thing.refusal(denied)),
        Ok(answer) => understood::<Q>(api, answer).map_err(unheard),
        Err(unavailable) => Err(unheard(unavailable)),
    }
}

/// Changes what somebody else may be changing: `attempt` reads it as it is, and gives what to save, which names what it was
/// made from, and what it is then.
///
/// # Errors
/// Those of `attempt`, and of the directory; it was changed each time.
async fn change_by_comparison<T>(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    resource: &Resource,
    attempt: impl AsyncFn() -> Result<(Ask, T), Refusal>,
) -> Result<T, Refusal> {
    // The body is read before anything is looked up.
    request.json_object()?;
    for _ in 0..TRIES {
        let (save, changed) = attempt().await?;
        match ask(api, caller, &request.id, save).await {
            Ok(DirectoryReply::Refused(DirectoryRefusal::Changed)) => {}
            Ok(DirectoryReply::Refused(denied)) => return Err(resource.refusal(denied)),
            Ok(DirectoryReply::Done) => return Ok(changed),
            Ok(_) => return Err(unheard(mismatched::<DirectoryReply>(api))),
            Err(unavailable) => return Err(unheard(unavailable)),
        }
    }
    Err(Refusal::DirectoryUnavailable)
}

/// The directory did not answer, or another question.
fn unheard(_: Unavailable) -> Refusal {
    Refusal::DirectoryUnavailable
}

/// What a route is about: the words its refusals need.
struct Resource {
    missing: Refusal,
    plural: &'static str,
}

impl Resource {
    fn refusal(&self, denied: DirectoryRefusal) -> Refusal {
        match denied {
            DirectoryRefusal::Missing | DirectoryRefusal::Inactive => self.missing.clone(),
            DirectoryRefusal::TooMany => Refusal::TooMany(self.plural),
            DirectoryRefusal::TooManyHours => Refusal::TooManyHours,
            DirectoryRefusal::LastOwner => Refusal::LastOwnerKey,
            DirectoryRefusal::InvalidKey => Refusal::InvalidKey,
            DirectoryRefusal::Past => Refusal::Invalid(format!("expires_at must be {}", keys::END)),
            DirectoryRefusal::KeyReused => Refusal::IdempotencyKeyReused,
            DirectoryRefusal::InProgress => Refusal::IdempotencyKeyInProgress,
            DirectoryRefusal::LiveCalls => Refusal::TrunkHasLiveCalls,
            // The change is kept and will be told; the caller may ask again, which does no harm.
            DirectoryRefusal::NotPropagated | DirectoryRefusal::Changed => {
                Refusal::DirectoryUnavailable
            }
        }
    }
}
