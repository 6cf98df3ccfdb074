//! The dispatch queue's consumer: claims calls, has them dialed once, and tells the trunk.
//!
//! Every step is safe to repeat but the dial, and the dial follows a claim that nobody else can
//! get: a message that comes twice claims nothing the second time.

use crate::app::messages::DispatchMessage;
use crate::app::ports::{Dialer, Host, Trunks, Unavailable};
use crate::app::trunk::{Order, TrunkCommand, TrunkReply};
use crate::domain::ids::{CallId, TrunkTag};

/// Works off one message.
///
/// # Errors
/// The trunk could not be reached before anything was dialed: the message can come again. Whatever
/// happens after a dial is never an error here: the trunk asks the carrier by itself.
pub async fn dispatch(
    world: &(impl Host + Trunks),
    dialer: &impl Dialer,
    message: DispatchMessage,
) -> Result<(), Unavailable> {
    match message {
        DispatchMessage::Dial { trunk, calls } => dial(world, dialer, trunk, calls).await,
        DispatchMessage::Inquire { trunk, calls } => inquire(world, dialer, trunk, calls).await,
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
    // 2. Dial: once, whatever comes.
    let mut reports = Vec::with_capacity(orders.len());
    for order in &orders {
        reports.push((order.call, dialer.dial(order).await));
    }
    // 3. Tell the trunk. If that is lost, the trunk inquires.
    if !reports.is_empty()
        && world
            .trunk(trunk, &TrunkCommand::Carrier(reports))
            .await
            .is_err()
    {
        world.log("dispatch: a report of dialed calls was lost; the trunk will inquire");
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
    let mut findings = Vec::with_capacity(orders.len());
    for order in &orders {
        if let Ok(finding) = dialer.inquire(order).await {
            findings.push((order.call, finding));
        }
    }
    if !findings.is_empty() {
        world.trunk(trunk, &TrunkCommand::Learn(findings)).await?;
    }
    Ok(())
}

fn orders(reply: TrunkReply) -> Vec<Order> {
    match reply {
        TrunkReply::Orders(orders) => orders,
        _ => Vec::new(),
    }
}
