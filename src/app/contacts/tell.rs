//! Telling trunks that numbers are suppressed.

use crate::app::concurrent::{CONNECTIONS, concurrent};
use crate::app::host::Host;
use crate::app::trunk::{Suppressed, Trunks, ask, command};
use crate::domain::contacts::Number;
use crate::domain::ids::{OrgId, TrunkTag};
use crate::domain::time::Span;

/// How often a trunk is told at most, until it has taken back all its calls to the numbers.
const TIMES: usize = 100;

/// Tells trunks that numbers are suppressed, until none of these phones can begin to ring any more. Returns whether all confirmed.
pub async fn tell(
    world: &(impl Host + Trunks),
    org: OrgId,
    trunks: &[TrunkTag],
    numbers: &[Number],
) -> bool {
    let told = trunks.iter().map(|trunk| one(world, org, *trunk, numbers));
    let told = concurrent(CONNECTIONS, told).await;
    told.into_iter().all(|is_told| is_told)
}

async fn one(
    world: &(impl Host + Trunks),
    org: OrgId,
    trunk: TrunkTag,
    numbers: &[Number],
) -> bool {
    let (mut from, mut last, mut waits_until) = (0, false, None);
    for _ in 0..TIMES {
        let told = command::Suppress {
            org,
            numbers: numbers.to_vec(),
            from,
            last,
        };
        match ask(world, trunk, told).await {
            Ok(Suppressed { next, again_at }) => {
                waits_until = waits_until.max(again_at);
                match (next, waits_until.take()) {
                    (Some(next), waits) => (from, waits_until) = (next, waits),
                    (None, None) => return true,
                    (None, Some(at)) => {
                        let wait = at.max(world.now()) - world.now();
                        world.sleep(wait.max(Span(1))).await;
                        (from, last) = (0, true);
                    }
                }
            }
            _ => return false,
        }
    }
    false
}
