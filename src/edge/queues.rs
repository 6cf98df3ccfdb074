//! The queues' consumers. A dial is done here, for as long as its phone rings; all other work that waits for the outside world is
//! handed over to an object, so that a batch takes no time. A message that can't be read is logged and dropped.

use futures_util::FutureExt;
use worker::worker_sys::Context;
use worker::{Env, MessageBatch, MessageExt, RawMessage};

use super::log::log;
use super::world::World;
use crate::app::campaign;
use crate::app::concurrent::concurrent;
use crate::app::directory::command::{DeadLetter, QueueSeen};
use crate::app::directory::{self, AskDirectory, By, DirectoryCommand};
use crate::app::dispatch::dispatch;
use crate::app::messages::{DispatchMessage, Errand, probed};
use crate::app::ports::{Directories, Host, Unavailable};
use crate::app::telemetry::{Event, Text};
use crate::app::trunk::{ask, command};
use crate::domain::ids::TrunkTag;

/// Processes a batch, its messages concurrently.
pub async fn consume(batch: MessageBatch<serde_json::Value>, env: Env, context: Context) {
    let Ok(world) = World::new(env, Some(context)) else {
        batch.retry_all();
        return;
    };
    let queue = batch.queue();
    let messages: Vec<_> = batch.raw_iter().collect();
    let work = messages.iter().map(|message| one(&world, &queue, message));
    concurrent(messages.len(), work).await;
}

async fn one(world: &World, queue: &str, message: &RawMessage) {
    let text = message.body().as_string().unwrap_or_default();
    let done = if queue.ends_with("dead-letters") {
        let _ = oversee(world, DeadLetter).await;
        redrive(world, &text).await
    } else if let Some(queue) = probed(&text) {
        oversee(world, QueueSeen(queue)).await
    } else if let Some(errand) = Errand::read(&text) {
        match errand {
            Errand::Dispatch(work @ DispatchMessage::Dial { .. }) => {
                in_background(world, async |world| dispatch(world, world, work).await);
                Ok(())
            }
            errand => world.run_errand(&errand.object(), &text).await,
        }
    } else {
        log(&Event::MessageUnreadable {
            queue: Text(queue),
            bytes: text.len(),
        });
        Ok(())
    };
    match done {
        Ok(()) => message.ack(),
        Err(Unavailable) => message.retry(),
    }
}

/// Tells the operators' own directory.
async fn oversee(world: &World, what: impl AskDirectory) -> Result<(), Unavailable> {
    let operators = world.secrets().operators();
    directory::ask(world, operators, By::PLATFORM, what)
        .await
        .map(drop)
}

/// However long a phone rings, and whatever becomes of it, the message is done with: the trunk keeps the obligation in its rows,
/// and it falls due again. The runtime keeps the invocation alive until the work has ended, and on Cloudflare this consumer's
/// next batch waits for that.
fn in_background(
    world: &World,
    work: impl AsyncFnOnce(&World) -> Result<(), Unavailable> + 'static,
) {
    let own = world.clone();
    let work = async move {
        let _ = work(&own).await;
    };
    world.wait_until(work.boxed_local());
}

/// A message that failed repeatedly. An object's rows have its obligation: poke that object.
async fn redrive(world: &World, text: &str) -> Result<(), Unavailable> {
    if let Some(Errand::Callback(callback)) = Errand::read(text)
        && let Some(campaign) = callback.campaign
    {
        let delivery = callback.delivery;
        log(&Event::CallbackDeadLetter { delivery });
        let told = campaign::ask(world, callback.org, campaign, campaign::command::Tick);
        return told.await.map(drop);
    }
    let (tag, org) = match Errand::read(text) {
        Some(Errand::Dispatch(
            DispatchMessage::Dial { trunk, .. }
            | DispatchMessage::Inquire { trunk, .. }
            | DispatchMessage::TearDown { trunk, .. },
        )) => {
            log(&Event::DispatchDeadLetter { trunk });
            (trunk, None)
        }
        Some(Errand::Callback(callback)) => {
            let delivery = callback.delivery;
            log(&Event::CallbackDeadLetter { delivery });
            (callback.delivery.address().tag, Some(callback.org))
        }
        None => return Ok(()),
    };
    match (tag, org) {
        (TrunkTag::DIRECTORY, Some(org)) => {
            let poke = DirectoryCommand::tick();
            world.directory(org, &poke).await.map(drop)
        }
        (tag, _) => ask(world, tag, command::Tick).await,
    }
}
