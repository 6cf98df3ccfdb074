//! The dispatch queue's consumer: claims calls, has them dialed once, and tells the trunk.
//!
//! Every step is safe to repeat but the dial, and the dial follows a claim that nobody else can
//! get: a message that comes twice claims nothing the second time. So a message is done with once
//! its calls are claimed, however long their phones ring.

use futures_util::StreamExt;
use futures_util::stream::{self, FuturesUnordered};

use crate::app::messages::{CALLS_PER_MESSAGE, DispatchMessage};
use crate::app::ports::{Dialer, Host, Trunks, Unavailable};
use crate::app::trunk::{Order, TrunkCommand, TrunkReply};
use crate::domain::call::CarrierEvent;
use crate::domain::ids::{CallId, TrunkTag};

/// How many calls of one message the carrier is asked about at once: an invocation has few
/// connections, and phones that ring hold most of them.
const SIDE_BY_SIDE: usize = 2;

/// Calls that were claimed: whoever holds this dials them, and nobody else.
#[must_use = "a claimed call that is not dialed ends by its watchdog"]
pub struct Claimed {
    trunk: TrunkTag,
    orders: Vec<Order>,
}

/// Works off one message, but for the dialing of what it claimed: that is [`dial`].
///
/// # Errors
/// The trunk could not be reached before anything was claimed: the message can come again.
pub async fn dispatch(
    world: &(impl Host + Trunks),
    dialer: &impl Dialer,
    message: DispatchMessage,
) -> Result<Option<Claimed>, Unavailable> {
    match message {
        DispatchMessage::Dial { trunk, calls } => {
            let orders = orders(world.trunk(trunk, &TrunkCommand::Claim(calls)).await?);
            return Ok((!orders.is_empty()).then_some(Claimed { trunk, orders }));
        }
        DispatchMessage::Inquire { trunk, calls } => inquire(world, dialer, trunk, calls).await?,
        DispatchMessage::Release { trunk, calls } => release(world, dialer, trunk, calls).await?,
    }
    Ok(None)
}

/// Dials, each call once, whatever comes; and tells the trunk as the results come in. If that is
/// lost, the trunk inquires.
pub async fn dial(world: &(impl Host + Trunks), dialer: &impl Dialer, claimed: Claimed) {
    let Claimed { trunk, orders } = claimed;
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
}

async fn inquire(
    world: &(impl Host + Trunks),
    dialer: &impl Dialer,
    trunk: TrunkTag,
    calls: Vec<CallId>,
) -> Result<(), Unavailable> {
    let orders = orders(world.trunk(trunk, &TrunkCommand::Examine(calls)).await?);
    let findings = stream::iter(&orders)
        .map(async |order| Some((order.call, dialer.inquire(order).await.ok()?)))
        .buffer_unordered(SIDE_BY_SIDE)
        .filter_map(std::future::ready);
    let findings: Vec<_> = findings.collect().await;
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
    let released = stream::iter(&orders)
        .map(async |order| dialer.release(order).await.ok().map(|()| order.call))
        .buffer_unordered(SIDE_BY_SIDE)
        .filter_map(std::future::ready);
    let released: Vec<_> = released.collect().await;
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
