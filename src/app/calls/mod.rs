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
pub mod usage;

use crate::app::asking::{Command, understood};
use crate::app::concurrent::concurrent;
use crate::app::ports::{Api, Unavailable};
use crate::app::trunk::{
    AskTrunk, FeedFilter, Look, OneCall, Reader, TrunkCommand, TrunkReply, UsageFilter, ask,
    command,
};
use crate::domain::access::KeyRecord;
use crate::domain::call::Call;
use crate::domain::ids::{CallId, TrunkTag};
use crate::domain::refusal::Refusal;

/// Searches all these trunks, or has them searched; `read` takes each part's answer.
async fn look_at_all<A>(
    api: &impl Api,
    caller: &KeyRecord,
    tags: &[TrunkTag],
    (filter, usage): (&FeedFilter, Option<&UsageFilter>),
    read: impl Fn(TrunkReply) -> Option<A>,
) -> Result<Vec<A>, Refusal> {
    let look = Look {
        trunks: tags.to_vec(),
        reader: reader(caller),
        filter: filter.clone(),
        usage: usage.cloned(),
        vitals: None,
    };
    let replies = look
        .in_parts(api, &format!("looks/{}", caller.org_id))
        .await;
    let replies = replies.into_iter();
    let answers = replies.map(|reply| match reply {
        Ok(TrunkReply::Refused(denial)) => Err(denial.into()),
        Ok(reply) => read(reply).ok_or(Refusal::TrunkUnavailable),
        Err(_) => Err(Refusal::TrunkUnavailable),
    });
    answers.collect()
}

/// A caller, as trunks know readers.
fn reader(caller: &KeyRecord) -> Reader {
    Reader {
        org: caller.org_id,
        key: caller.key_id,
        good_until: None,
    }
}

/// A command about one call, as it travels.
struct AboutCall(TrunkCommand);

impl AboutCall {
    fn of(command: impl AskTrunk<Reply = OneCall>) -> Self {
        Self(command.into())
    }
}

impl From<AboutCall> for TrunkCommand {
    fn from(about: AboutCall) -> Self {
        about.0
    }
}

impl Command for AboutCall {
    type Asked = TrunkCommand;
    type Answer = TrunkReply;
    type Reply = OneCall;
}

fn read(reader: Reader, call: CallId) -> AboutCall {
    AboutCall::of(command::Read(reader, call))
}

/// Sends a command to the object that an id names; an id that nobody issued wakes none.
async fn ask_about(
    api: &impl Api,
    caller: &KeyRecord,
    call: &str,
    command: fn(Reader, CallId) -> AboutCall,
) -> Result<Call, Refusal> {
    let id = CallId::verify(call, &api.secrets().id_key).ok_or(Refusal::CallNotFound)?;
    ask_own(api, caller, id, command).await
}

async fn ask_own(
    api: &impl Api,
    caller: &KeyRecord,
    call: CallId,
    command: fn(Reader, CallId) -> AboutCall,
) -> Result<Call, Refusal> {
    let tag = call.address().tag;
    let reader = permit::to_ask(api, caller, tag).await?;
    let call = ask(api, tag, command(reader, call)).await;
    let call = call.map_err(unreached)??;
    call.map(|call| *call).ok_or(Refusal::CallNotFound)
}

/// Asks several trunks' objects the same question, at most `at_once` at a time, and passes each reply to `each`.
async fn ask_all<C: AskTrunk>(
    api: &impl Api,
    at_once: usize,
    trunks: &[TrunkTag],
    command: C,
    mut each: impl FnMut(C::Reply) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    for answer in send_all(api, at_once, trunks, command.into()).await? {
        each(understood::<C>(api, answer).map_err(unreached)?)?;
    }
    Ok(())
}

async fn send_all(
    api: &impl Api,
    at_once: usize,
    trunks: &[TrunkTag],
    command: TrunkCommand,
) -> Result<Vec<TrunkReply>, Refusal> {
    let answers = trunks.iter().map(|trunk| api.trunk(*trunk, &command));
    let answers: Result<_, Unavailable> = concurrent(at_once, answers).await.into_iter().collect();
    answers.map_err(unreached)
}

/// A trunk's object did not answer, or not as it should have.
fn unreached(_: Unavailable) -> Refusal {
    Refusal::TrunkUnavailable
}
