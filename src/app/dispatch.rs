//! The dispatch queue's consumer: claims calls, has them dialed once, and tells the trunk.
//!
//! Every step is safe to repeat but the dial, and the dial follows a claim that nobody else can
//! get: a message that comes twice claims nothing the second time.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::app::messages::{CALLS_PER_MESSAGE, DispatchMessage};
use crate::app::ports::{Dialer, Host, Trunks, Unavailable};
use crate::app::side_by_side::side_by_side;
use crate::app::trunk::{Order, TrunkCommand, TrunkReply};
use crate::domain::call::CarrierEvent;
use crate::domain::ids::{CallId, TrunkTag};

/// How many calls of one message the carrier is asked about at once: an invocation has few
/// connections, and phones that ring hold most of them.
const SIDE_BY_SIDE: usize = 2;

/// Works off one message: as long as its phones ring.
///
/// # Errors
/// The trunk could not be reached before anything was dialed. The message can come again; it need
/// not: what it asked for is due again by the trunk's rows. Whatever happens after a dial is never
/// an error here: the trunk asks the carrier by itself.
pub async fn dispatch(
    world: &(impl Host + Trunks),
    dialer: &impl Dialer,
    message: DispatchMessage,
) -> Result<(), Unavailable> {
    match message {
        DispatchMessage::Dial { trunk, calls } => dial(world, dialer, trunk, calls).await,
        DispatchMessage::Inquire { trunk, calls } => inquire(world, dialer, trunk, calls).await,
        DispatchMessage::Release { trunk, calls } => release(world, dialer, trunk, calls).await,
    }
}

async fn dial(
    world: &(impl Host + Trunks),
    dialer: &impl Dialer,
    trunk: TrunkTag,
    calls: Vec<CallId>,
) -> Result<(), Unavailable> {
    // 1. Claim. After this line each of these calls is this consumer's, and no one else's.
    let orders = orders(world.trunk(trunk, &TrunkCommand::Claim(calls)).await?);
    // 2. Dial, each once, whatever comes; and tell the trunk as the results come in. If that is
    // lost, the trunk inquires.
    let dials: FuturesUnordered<_> = orders
        .iter()
        .map(async |order| (order, dialer.dial(order).await))
        .collect();
    let mut results = dials.ready_chunks(CALLS_PER_MESSAGE);
    while let Some(dialed) = results.next().await {
        let reports = dialed
            .iter()
            .map(|(order, events)| (order.call, events.clone()));
        let report = TrunkCommand::Carrier(reports.collect());
        match world.trunk(trunk, &report).await {
            Ok(TrunkReply::Over(over)) => {
                // Ended while it was dialed: nobody is to hear it, or talk to nobody.
                for (order, events) in &dialed {
                    let is_left = !events
                        .iter()
                        .any(|timed| timed.event == CarrierEvent::Released);
                    if is_left && over.contains(&order.call) {
                        let _ = dialer.release(order).await;
                    }
                }
            }
            Ok(_) => {}
            Err(Unavailable) => {
                world.log("dispatch: a report of dialed calls was lost; the trunk will inquire");
            }
        }
    }
    Ok(())
}

async fn inquire(
    world: &(impl Host + Trunks),
    dialer: &impl Dialer,
    trunk: TrunkTag,
    calls: Vec<CallId>,
) -> Result<(), Unavailable> {
    let orders = orders(world.trunk(trunk, &TrunkCommand::Examine(calls)).await?);
    let asked = orders
        .iter()
        .map(async |order| Some((order.call, dialer.inquire(order).await.ok()?)));
    let findings = side_by_side(SIDE_BY_SIDE, asked).await;
    let findings: Vec<_> = findings.into_iter().flatten().collect();
    if !findings.is_empty() {
        world.trunk(trunk, &TrunkCommand::Learn(findings)).await?;
    }
    Ok(())
}

async fn release(
    world: &(impl Host + Trunks),
    dialer: &impl Dialer,
    trunk: TrunkTag,
    calls: Vec<CallId>,
) -> Result<(), Unavailable> {
    let orders = orders(world.trunk(trunk, &TrunkCommand::Release(calls)).await?);
    let asked = orders
        .iter()
        .map(async |order| dialer.release(order).await.ok().map(|()| order.call));
    let released = side_by_side(SIDE_BY_SIDE, asked).await;
    let released: Vec<_> = released.into_iter().flatten().collect();
    if !released.is_empty() {
        world
            .trunk(trunk, &TrunkCommand::Released(released))
            .await?;
    }
    Ok(())
}

fn orders(reply: TrunkReply) -> Vec<Order> {
    match reply {
        TrunkReply::Orders(orders) => orders,
        _ => Vec::new(),
    }
}
