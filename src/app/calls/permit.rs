//! What a request needs in addition to a copy where too many trunks would have to be told about a change: see `directory::permits`.

use crate::app::calls::reader;
use crate::app::directory::{self, By, DirectoryRefusal, Permit, Permitted, RELIED_ON, command};
use crate::app::ports::{Api, Unavailable};
use crate::app::trunk::Reader;
use crate::domain::access::KeyRecord;
use crate::domain::ids::TrunkTag;
use crate::domain::planted::{Fault, planted};
use crate::domain::refusal::Refusal;
use crate::domain::time::{Span, Timestamp};

/// Whether a caller needs a permit for this.
pub fn is_needed(caller: &KeyRecord, permit: &Permit) -> bool {
    let is_guarded = caller.key_id.is_guarded()
        || permit.trunk.is_guarded()
        || permit.agent.is_some_and(|agent| agent.is_guarded());
    is_guarded && !planted(Fault::PermitUnasked)
}

/// Gets the directory's permit, if one is needed and was not given just now. Returns until when requests made with it are
/// valid, if it is a short one.
///
/// # Errors
/// The key was revoked; the agent takes no calls; the directory can't be reached.
pub async fn ask(
    api: &impl Api,
    caller: &KeyRecord,
    permit: Permit,
) -> Result<Option<Timestamp>, Refusal> {
    if !is_needed(caller, &permit) {
        return Ok(None);
    }
    let name = match permit.agent {
        Some(agent) => format!("permit/{}/{}/{agent}", caller.key_id, permit.trunk),
        None => format!("permit/{}/{}", caller.key_id, permit.trunk),
    };
    let is_common = permit.waits == Span(0) && !permit.refused;
    if is_common && api.noted(&name).is_some() {
        return Ok(None);
    }
    let asked = api.now();
    let by = By::key(caller.key_id);
    match directory::ask(api, caller.org_id, by, command::Permit(permit)).await {
        Ok(Ok(Permitted::Done)) if is_common => {
            api.note(name, "", asked + RELIED_ON);
            Ok(None)
        }
        Ok(Ok(Permitted::Until(until))) => Ok(Some(until)),
        Ok(Ok(Permitted::Done | Permitted::Unneeded)) => Ok(None),
        Ok(Err(DirectoryRefusal::InvalidKey)) => Err(Refusal::InvalidKey),
        Ok(Err(DirectoryRefusal::Missing)) => Err(Refusal::AgentNotFound),
        Ok(Err(DirectoryRefusal::Inactive)) => Err(Refusal::AgentInactive),
        Ok(Err(_)) | Err(Unavailable) => Err(Refusal::AuthenticationUnavailable),
    }
}

/// The same for reading or changing what a trunk's object holds: who asks it.
///
/// # Errors
/// As for asking about a call.
pub async fn to_ask(
    api: &impl Api,
    caller: &KeyRecord,
    trunk: TrunkTag,
) -> Result<Reader, Refusal> {
    let permit = Permit {
        trunk,
        agent: None,
        waits: Span(0),
        refused: false,
        short: true,
    };
    let good_until = ask(api, caller, permit).await?;
    Ok(Reader {
        good_until,
        ..reader(caller)
    })
}
