//! `POST /calls`: one request, checked in the documented order, and one hop to the trunk's object.

mod answer;
#[cfg(feature = "openapi")]
pub(crate) mod describe;
mod fields;
mod redial;

use std::rc::Rc;

use answer::{answer, answer_dry, replay};
use fields::Fields;
#[cfg(feature = "openapi")]
pub use fields::TriggerCall;
pub use fields::{check_metadata, read_id, read_moment};
pub use redial::read_redial;
#[cfg(feature = "openapi")]
pub use redial::{RedialFields, describe::redial as describe_redial};

use crate::app::asking::understood;
use crate::app::calls::{permit, unreached};
use crate::app::copies::{doubt, find, refuses};
use crate::app::directory::{self, By, DirectoryRefusal, Permit, RELIED_ON};
use crate::app::http::{Request, Response};
use crate::app::idempotency::read_idempotency;
use crate::app::ports::Api;
use crate::app::records::{RecordKey, TrunkRecord};
use crate::app::trunk::{
    Admitted, Idempotency, Replay, Trigger, TrunkCommand, TrunkRefusal, TrunkReply, ask, command,
    written,
};
use crate::app::views::number::NumberView;
use crate::domain::access::{KeyRecord, Role};
use crate::domain::agent::{Agent, Status};
use crate::domain::call::{CallAgent, CallRequest};
use crate::domain::ids::{AgentId, TrunkId};
use crate::domain::media::MediaSettings;
use crate::domain::numbering::is_possible;
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;

/// Places a call.
///
/// # Errors
/// The first check that fails, in the documented order; nothing is created then.
pub async fn trigger(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let body = request.json_object()?;
    let idempotency = read_idempotency(request)?;
    let fields = Fields::read(api, request, body)?;
    if fields.ignores_hours && caller.role < Role::Admin {
        return Err(Refusal::too_low(caller.role, Role::Admin));
    }
    let relied_on = api.now() + RELIED_ON;
    let (agent, trunk, unknown_keys, permitted) = match find_parts(api, caller, &fields).await {
        Ok(found) => found,
        Err(Refusal::InvalidKey) => return Err(Refusal::InvalidKey),
        Err(refusal) => return find_replay(api, caller, &fields, idempotency, refusal).await,
    };
    let parts = (
        RecordKey::Agent(caller.org_id, agent.id),
        RecordKey::Trunk(caller.org_id, trunk.id),
    );
    let (permit, dry_run) = (fields.permit(), fields.dry_run);
    let number = dry_run.then(|| NumberView::of(&fields.phone));
    if fields.ignores_hours && !dry_run {
        note_ignored(api, caller, request, &fields).await?;
    }
    let trigger = Box::new(Trigger {
        on_capacity: fields.on_capacity,
        window: fields.window,
        idempotency,
        good_until: Some(permitted.map_or(relied_on, |until| until.min(relied_on))),
        request: asked_for(caller, fields, &agent),
    });
    let command: TrunkCommand = match (dry_run, trigger.window) {
        (true, None) => command::DryRun(trigger).into(),
        (true, Some(_)) => command::DryRunSchedule(trigger).into(),
        (false, _) if trigger.request.redial.is_some() => command::Redial(trigger).into(),
        (false, None) => command::Admit(trigger).into(),
        (false, Some(_)) => command::Schedule(trigger).into(),
    };
    let reply = send(api, caller, permit, &command).await?;
    let answered = match dry_run {
        true => of_dry_run(api, reply, number, unknown_keys)?,
        false => of_call(api, reply)?,
    };
    match answered {
        Ok(response) => Ok(response),
        Err(refusal) => {
            // The object knows better than the copies: they are stale.
            api.forget(caller.org_id);
            Err(in_right_words(api, caller, &parts, refusal.into()).await)
        }
    }
}

fn of_call(api: &impl Api, reply: TrunkReply) -> Result<Result<Response, TrunkRefusal>, Refusal> {
    match understood::<command::Admit>(api, reply) {
        Ok(Ok(Admitted::Admission(admission))) => Ok(Ok(answer(admission, api.now()))),
        Ok(Ok(Admitted::Replayed(admission))) => Ok(Ok(replay(admission, api.now()))),
        Ok(Ok(Admitted::KeyReused)) => Err(Refusal::IdempotencyKeyReused),
        Ok(Err(refusal)) => Ok(Err(refusal)),
        Err(unavailable) => Err(unreached(unavailable)),
    }
}

fn of_dry_run(
    api: &impl Api,
    reply: TrunkReply,
    number: Option<NumberView>,
    unknown_keys: Vec<String>,
) -> Result<Result<Response, TrunkRefusal>, Refusal> {
    match understood::<command::DryRun>(api, reply) {
        Ok(Ok(verdict)) => Ok(Ok(answer_dry(verdict, number, unknown_keys, api.now()))),
        Ok(Err(refusal)) => Ok(Err(refusal)),
        Err(unavailable) => Err(unreached(unavailable)),
    }
}

/// Asks the trunk, and once more if it may not have been told that the agent is active again.
async fn send(
    api: &impl Api,
    caller: &KeyRecord,
    permit: Permit,
    command: &TrunkCommand,
) -> Result<TrunkReply, Refusal> {
    let reply = api.trunk(permit.trunk, command).await;
    if let Ok(TrunkReply::Refused(TrunkRefusal::AgentInactive)) = reply
        && permit::is_needed(caller, &permit)
    {
        let refused = Permit {
            refused: true,
            ..permit
        };
        if permit::ask(api, caller, refused).await.is_ok() {
            return written(api.trunk(permit.trunk, command).await).map_err(unreached);
        }
    }
    written(reply).map_err(unreached)
}

/// Before the call is requested: what is not in the audit log must not ring.
async fn note_ignored(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    fields: &Fields,
) -> Result<(), Refusal> {
    let ignored = directory::command::NoteNumbers {
        action: "calling_hours.ignore".into(),
        target: fields.phone.as_str().into(),
        suppresses: false,
    };
    let by = By {
        key: Some(caller.key_id),
        request: &request.id,
    };
    match directory::ask(api, caller.org_id, by, ignored).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(DirectoryRefusal::InvalidKey)) => Err(Refusal::InvalidKey),
        _ => Err(Refusal::AuthenticationUnavailable),
    }
}

/// The call, as its trunk keeps it.
fn asked_for(caller: &KeyRecord, fields: Fields, agent: &Agent) -> CallRequest {
    CallRequest {
        org: caller.org_id,
        trunk: fields.trunk,
        key: caller.key_id,
        phone: fields.phone,
        agent: CallAgent {
            id: agent.id,
            code: agent.agent_code.clone(),
            fields: agent.input_schema.fields.clone(),
        },
        metadata: fields.metadata,
        callback_url: fields.callback_url,
        time_zone: fields.time_zone,
        ignores_hours: fields.ignores_hours,
        redial: fields.redial,
        campaign: None,
    }
}

/// A trunk's object can't tell what takes no calls from what no longer exists; the directory can.
async fn in_right_words(
    api: &impl Api,
    caller: &KeyRecord,
    (agent, trunk): &(RecordKey, RecordKey),
    refusal: Refusal,
) -> Refusal {
    match refusal {
        Refusal::AgentInactive => match doubt::<Agent>(api, caller, agent).await {
            Ok(Some(None)) => Refusal::AgentNotFound,
            _ => refusal,
        },
        Refusal::TrunkInactive => match doubt::<TrunkRecord>(api, caller, trunk).await {
            Ok(Some(trunk)) if trunk.as_ref().is_none_or(|trunk| trunk.deleted) => {
                Refusal::TrunkNotFound
            }
            _ => refusal,
        },
        other => other,
    }
}

/// An agent and a trunk, the keys that the agent's texts name in vain, and until when the call is permitted.
type Parts = (Rc<Agent>, Rc<TrunkRecord>, Vec<String>, Option<Timestamp>);

/// The agent and the trunk that a call asks for, whether they will do, the keys that the agent's texts name in vain, and until
/// when the call is permitted, if not for long enough.
async fn find_parts(api: &impl Api, caller: &KeyRecord, fields: &Fields) -> Result<Parts, Refusal> {
    let agent = find_agent(api, caller, fields.agent).await?;
    let missing = agent.input_schema.missing_keys(fields.metadata.as_ref());
    if !missing.is_empty() {
        return Err(Refusal::MetadataMissing(missing));
    }
    let filling = agent.filling(fields.metadata.as_ref());
    if !filling.fits {
        return Err(Refusal::Invalid(TOO_LONG_FILLED.into()));
    }
    let trunk = find_trunk(api, caller, fields.trunk).await?;
    check_number(api, caller, fields).await?;
    let permitted = permit::ask(api, caller, fields.permit()).await?;
    Ok((agent, trunk, filling.unknown, permitted))
}

/// Checks that the number can exist, if the organisation asks for that, and that the trunk may call it.
async fn check_number(api: &impl Api, caller: &KeyRecord, fields: &Fields) -> Result<(), Refusal> {
    let phone = &fields.phone;
    let wants_possible = |media: &MediaSettings| media.reject_impossible_numbers;
    let settings = RecordKey::Media(caller.org_id);
    if !is_possible(phone) && refuses(api, caller, &settings, wants_possible).await? {
        return Err(Refusal::ImpossibleNumber);
    }
    let is_elsewhere = |trunk: &TrunkRecord| !trunk.destinations.admit(phone, trunk.simulates);
    let trunk = RecordKey::Trunk(caller.org_id, fields.trunk);
    match refuses(api, caller, &trunk, is_elsewhere).await? {
        true => Err(Refusal::DestinationNotAllowed),
        false => Ok(()),
    }
}

/// The refusal of a call whose agent would be told more than its job can hold.
pub const TOO_LONG_FILLED: &str =
    "metadata makes the agent's script or message longer than 65536 bytes";

/// A request that would be refused by the present state of its agent or trunk may have been answered while that was different:
/// then that response stands. Only asked with an `Idempotency-Key`, and of a trunk that is or was the caller's own.
async fn find_replay(
    api: &impl Api,
    caller: &KeyRecord,
    fields: &Fields,
    idempotency: Option<Idempotency>,
    refusal: Refusal,
) -> Result<Response, Refusal> {
    let Some(given) = idempotency.filter(|_| !fields.dry_run) else {
        return Err(refusal);
    };
    let key = RecordKey::Trunk(caller.org_id, fields.trunk);
    let known = find(api, caller, &key, |_: &TrunkRecord| true).await;
    if !known.is_ok_and(|trunk| trunk.is_some()) {
        return Err(refusal);
    }
    let command = command::FindReplay(caller.org_id, caller.key_id, given);
    let known = ask(api, fields.trunk.tag(), command).await;
    match known.map_err(unreached)?? {
        Some(Replay::Replayed(admission)) => Ok(replay(admission, api.now())),
        Some(Replay::KeyReused) => Err(Refusal::IdempotencyKeyReused),
        None => Err(refusal),
    }
}

/// An agent that takes calls.
///
/// # Errors
/// There is none, or it does not; neither can be read.
pub async fn find_agent(
    api: &impl Api,
    caller: &KeyRecord,
    id: AgentId,
) -> Result<Rc<Agent>, Refusal> {
    let key = RecordKey::Agent(caller.org_id, id);
    let active = |agent: &Agent| agent.status == Status::Active;
    let agent: Option<Rc<Agent>> = find(api, caller, &key, active).await?;
    match agent {
        None => Err(Refusal::AgentNotFound),
        Some(agent) if agent.status != Status::Active => Err(Refusal::AgentInactive),
        Some(agent) => Ok(agent),
    }
}

/// A trunk that takes calls.
///
/// # Errors
/// It does not exist, takes no calls, or can't be read.
pub async fn find_trunk(
    api: &impl Api,
    caller: &KeyRecord,
    id: TrunkId,
) -> Result<Rc<TrunkRecord>, Refusal> {
    let key = RecordKey::Trunk(caller.org_id, id);
    let usable = |trunk: &TrunkRecord| trunk.status == Status::Active && !trunk.deleted;
    let trunk: Option<Rc<TrunkRecord>> = find(api, caller, &key, usable).await?;
    match trunk.filter(|trunk| !trunk.deleted) {
        None => Err(Refusal::TrunkNotFound),
        Some(trunk) if trunk.status != Status::Active => Err(Refusal::TrunkInactive),
        Some(trunk) => Ok(trunk),
    }
}
