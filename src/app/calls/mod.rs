//! Calls: placing, reading and stopping them, and what becomes of their callbacks.

pub mod among;
pub mod callbacks;
pub mod feed;
pub mod media;
pub mod numbers;
pub mod permit;
pub mod read;
pub mod report;
pub mod stop;
pub mod trigger;

use crate::app::concurrent::concurrent;
use crate::app::ports::{Api, Unavailable};
use crate::app::trunk::{Reader, TrunkCommand, TrunkReply};
use crate::domain::access::KeyRecord;
use crate::domain::call::Call;
use crate::domain::ids::{CallId, TrunkTag};
use crate::domain::refusal::Refusal;

/// A caller, as trunks know readers.
fn reader(caller: &KeyRecord) -> Reader {
    Reader {
        org: caller.org_id,
        key: caller.key_id,
    }
}

/// Sends a command to the object that an id names; an id nobody issued wakes none.
async fn ask(
    api: &impl Api,
    caller: &KeyRecord,
    call: &str,
    command: impl FnOnce(CallId) -> TrunkCommand,
) -> Result<Call, Refusal> {
    let id = CallId::verify(call, &api.secrets().id_key).ok_or(Refusal::CallNotFound)?;
    permit::to_ask(api, caller, id.address().tag).await?;
    one_call(api.trunk(id.address().tag, &command(id)).await)
}

/// Asks the objects of several trunks the same question, at most `at_once` of them at a time.
async fn ask_all(
    api: &impl Api,
    at_once: usize,
    trunks: &[TrunkTag],
    command: &TrunkCommand,
) -> Result<Vec<TrunkReply>, Refusal> {
    let answers = trunks.iter().map(|trunk| api.trunk(*trunk, command));
    read_all(concurrent(at_once, answers).await)
}

fn read_all(answers: Vec<Result<TrunkReply, Unavailable>>) -> Result<Vec<TrunkReply>, Refusal> {
    let answers = answers.into_iter().map(|answer| match answer {
        Ok(TrunkReply::Refused(denial)) => Err(denial.into()),
        Ok(reply) => Ok(reply),
        Err(Unavailable) => Err(Refusal::DialerUnavailable),
    });
    answers.collect()
}

fn one_call(reply: Result<TrunkReply, Unavailable>) -> Result<Call, Refusal> {
    match reply {
        Ok(TrunkReply::Call(call)) => Ok(*call),
        Ok(TrunkReply::Missing) => Err(Refusal::CallNotFound),
        Ok(TrunkReply::Refused(denial)) => Err(denial.into()),
        Ok(_) | Err(Unavailable) => Err(Refusal::DialerUnavailable),
    }
}
