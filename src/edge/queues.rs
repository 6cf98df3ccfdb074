//! The queues' consumers. A message is acknowledged at once, and its work goes on by itself; one that nobody can read is
//! logged and dropped.

use worker::{Context, Env, MessageBatch, MessageExt, RawMessage};

use super::world::World;
use crate::app::deliver::deliver;
use crate::app::directory::DirectoryCommand;
use crate::app::dispatch::dispatch;
use crate::app::messages::{CallbackMessage, DispatchMessage};
use crate::app::ports::{Directories, Trunks, Unavailable};
use crate::app::side_by_side::side_by_side;
use crate::app::trunk::TrunkCommand;
use crate::domain::ids::TrunkTag;

/// Works off a batch, its messages side by side.
pub async fn consume(batch: &MessageBatch<serde_json::Value>, env: Env, context: Context) {
    let Ok(world) = World::new(env, Some(context)) else {
        batch.retry_all();
        return;
    };
    let queue = batch.queue();
    let messages: Vec<_> = batch.raw_iter().collect();
    let work = messages.iter().map(|message| one(&world, &queue, message));
    side_by_side(messages.len(), work).await;
}

async fn one(world: &World, queue: &str, message: &RawMessage) {
    let text = message.body().as_string().unwrap_or_default();
    let done = if queue.ends_with("dead-letters") {
        bury(world, &text).await
    } else if let Ok(work) = crate::app::json::read::<DispatchMessage>(&text) {
        in_background(world, async |world| dispatch(world, world, work).await);
        Ok(())
    } else if let Ok(callback) = crate::app::json::read::<CallbackMessage>(&text) {
        in_background(world, async |world| deliver(world, callback).await);
        Ok(())
    } else {
        worker::console_error!(
            "{}: an unreadable message of {} bytes was dropped",
            queue,
            text.len()
        );
        Ok(())
    };
    match done {
        Ok(()) => message.ack(),
        Err(Unavailable) => message.retry(),
    }
}

/// However long a phone rings or a receiver takes, and whatever becomes of it, the message is done with, and holds up no
/// other: the duty is the object's, and due again by its rows. The runtime keeps the invocation until the work has ended.
fn in_background(
    world: &World,
    work: impl AsyncFnOnce(&World) -> Result<(), Unavailable> + 'static,
) {
    let own = world.clone();
    world.wait_until(async move {
        let _ = work(&own).await;
    });
}

/// A message that failed again and again. Its duty is in an object's rows: knock there.
async fn bury(world: &World, text: &str) -> Result<(), Unavailable> {
    if let Ok(
        DispatchMessage::Dial { trunk, .. }
        | DispatchMessage::Inquire { trunk, .. }
        | DispatchMessage::Release { trunk, .. },
    ) = crate::app::json::read(text)
    {
        worker::console_error!("dead letter: dispatch of trunk {}", trunk.to_string());
        return world.trunk(trunk, &TrunkCommand::Tick).await.map(drop);
    }
    if let Ok(callback) = crate::app::json::read::<CallbackMessage>(text) {
        worker::console_error!("dead letter: callback {}", callback.delivery.to_string());
        return match callback.delivery.address().tag {
            TrunkTag::DIRECTORY => world
                .directory(callback.org, &DirectoryCommand::tick())
                .await
                .map(drop),
            tag => world.trunk(tag, &TrunkCommand::Tick).await.map(drop),
        };
    }
    Ok(())
}
