//! The cron trigger: pokes objects, in case an alarm was lost.

use worker::Env;

use super::platform::now;
use super::world::World;
use crate::app::concurrent::{CONNECTIONS, concurrent};
use crate::app::directory::DirectoryCommand;
use crate::app::ports::{Directories, Records};
use crate::app::trunk::{ask, command};
use crate::domain::ids::{OrgId, TrunkId};

/// How many objects one run pokes: an invocation may make 1,000 requests.
const KNOCKS: usize = 400;

enum Door {
    Trunk(TrunkId),
    Directory(OrgId),
}

/// Knocks at all objects when they are few, else at another share of them each minute.
pub async fn sweep(env: Env) {
    let Ok(world) = World::new(env, None) else {
        return;
    };
    let mut doors = Vec::new();
    for name in world.record_names("trunk/").await.unwrap_or_default() {
        doors.extend(
            name.rsplit('/')
                .next()
                .and_then(|id| id.parse().ok())
                .map(Door::Trunk),
        );
    }
    let organisations = world.organisations().await.unwrap_or_default();
    doors.extend(organisations.into_iter().map(Door::Directory));
    let shares = doors.len().div_ceil(KNOCKS).max(1);
    let share = (now().0 / 60_000) as usize % shares;
    let due = doors.into_iter().skip(share).step_by(shares);
    let pokes = due.map(|door| {
        let world = &world;
        async move {
            match door {
                Door::Trunk(id) => drop(ask(world, id.tag(), command::Tick).await),
                Door::Directory(org) => drop(world.directory(org, &DirectoryCommand::tick()).await),
            }
        }
    });
    concurrent(CONNECTIONS, pokes).await;
}
