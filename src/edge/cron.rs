//! The cron trigger: pokes objects, in case an alarm was lost.

use worker::Env;

use super::platform::now;
use super::world::World;
use crate::app::campaign;
use crate::app::concurrent::{CONNECTIONS, concurrent, share_of};
use crate::app::directory::{self, By};
use crate::app::ports::Records;
use crate::app::trunk;
use crate::domain::ids::{CampaignId, OrgId, TrunkId};

/// How many objects one run pokes, and how many campaigns: an invocation may make 1,000 requests.
const KNOCKS: usize = 400;

enum Door {
    Trunk(TrunkId),
    Directory(OrgId),
}

/// Knocks at all objects when they are few, else at another share of them each minute; then at campaigns that run, as their
/// directories say.
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
    let due = share_of(doors, KNOCKS, now());
    let running = concurrent(CONNECTIONS, due.map(|door| knock(&world, door))).await;
    let running: Vec<_> = running.into_iter().flatten().collect();
    let due = share_of(running, KNOCKS, now());
    let pokes = due.map(|(org, id)| campaign::ask(&world, org, id, campaign::command::Tick));
    concurrent(CONNECTIONS, pokes).await;
}

/// Pokes one, and hears of campaigns that run.
async fn knock(world: &World, door: Door) -> Vec<(OrgId, CampaignId)> {
    let org = match door {
        Door::Trunk(id) => {
            let _ = trunk::ask(world, id.tag(), trunk::command::Tick).await;
            return Vec::new();
        }
        Door::Directory(org) => org,
    };
    let told = directory::ask(world, org, By::PLATFORM, directory::command::Tick).await;
    let cards = told.ok().and_then(Result::ok).unwrap_or_default();
    cards.into_iter().map(|card| (org, card.id)).collect()
}
