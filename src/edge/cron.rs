//! The cron trigger.

use worker::Env;

use super::platform;
use super::world::World;
use crate::app::operate::sweep;
use crate::domain::vitals::VitalsAsked;

/// Sweeps all objects, or a share of them.
pub async fn sweep(env: Env) {
    let asked = match platform::is_bound(&env, platform::METRICS) {
        true => VitalsAsked::Report,
        false => VitalsAsked::Sweep,
    };
    if let Ok(world) = World::new(env, None) {
        sweep::sweep(&world, asked).await;
    }
}
