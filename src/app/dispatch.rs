//! The dispatch queue's consumer: claims calls, has them dialed once, and reports to the trunk.
//!
//! Every step except the dial is safe to repeat, and the dial follows a claim that nobody else can
//! get: a message that comes twice claims nothing the second time.

use std::cell::{Cell, RefCell};
use std::task::Poll;

use crate::app::concurrent::concurrent;
use crate::app::messages::DispatchMessage;
use crate::app::ports::{Dialer, Host, Trunks, Unavailable};
use crate::app::telemetry::Event;
use crate::app::trunk::{DialOrder, Rung, ask, command};
use crate::domain::call::{CarrierEvent, Timed};
use crate::domain::ids::{CallId, TrunkTag};
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};

/// How many calls of one message the carrier is asked about at a time: six connections may wait, and messages share them.
const SIDE_BY_SIDE: usize = 4;

/// Processes one message: for as long as its phones ring.
///
/// # Errors
/// The trunk could not be reached before anything was dialed. The message may come again, but need
/// not: by the trunk's rows, its work is due again. Whatever happens after a dial is never
/// an error here: the trunk asks the carrier on its own.
pub async fn dispatch(
    world: &(impl Host + Trunks),
    dialer: &impl Dialer,
    message: DispatchMessage,
) -> Result<(), Unavailable> {
    match message {
        DispatchMessage::Dial { trunk, calls } => dial(world, dialer, trunk, calls).await,
        DispatchMessage::Inquire { trunk, calls } => inquire(world, dialer, trunk, calls).await,
        DispatchMessage::TearDown { trunk, calls } => tear_down(world, dialer, trunk, calls).await,
    }
}

async fn dial(
    world: &(impl Host + Trunks),
    dialer: &impl Dialer,
    trunk: TrunkTag,
    calls: Vec<CallId>,
) -> Result<(), Unavailable> {
    let asked_at = world.now();
    // 1. Claim. After this line each of these calls belongs to this consumer, and to no one else.
    let orders = ask(world, trunk, command::Claim(calls)).await?;
    // 2. Dial, each once, whatever happens; and report to the trunk as the results come in. If a
    // report is lost, the trunk inquires.
    let reporter = Reporter {
        world,
        dialer,
        trunk,
        dialed: RefCell::default(),
        telling: Cell::new(false),
    };
    let dials = orders.iter().map(async |order| {
        if !may_ring_still(world, order, asked_at).await {
            return;
        }
        let events = dialer.dial(order).await;
        reporter.dialed.borrow_mut().push((order, events));
        reporter.tell().await;
    });
    concurrent(orders.len(), dials).await;
    Ok(())
}

/// Whether the phone of a call may still be rung. A claim allows that as long as nobody who would take it back is waiting; after
/// that it is asked again. For a call with a room, that is asked when its agent is there.
async fn may_ring_still(
    world: &(impl Host + Trunks),
    order: &DialOrder,
    asked_at: Timestamp,
) -> bool {
    let mut asked_at = asked_at;
    while !order.carrier.has_rooms() && !order.may_ring(asked_at, world.now()) {
        asked_at = world.now();
        match ask(world, order.call.address().tag, command::Ring(order.call)).await {
            Ok(Rung::Done) => {}
            Ok(Rung::NotBefore(free)) => {
                asked_at = Timestamp(0);
                world
                    .sleep((free.max(world.now()) - world.now()).max(Span(1)))
                    .await;
            }
            // Taken back; or the trunk asks the carrier how it ended.
            _ => return false,
        }
    }
    true
}

/// Reports results of calls to the trunk: those that end at the same moment together.
struct Reporter<'a, W, D> {
    world: &'a W,
    dialer: &'a D,
    trunk: TrunkTag,
    dialed: RefCell<Vec<(&'a DialOrder, Vec<Timed>)>>,
    telling: Cell<bool>,
}

impl<W: Host + Trunks, D: Dialer> Reporter<'_, W, D> {
    /// Reports everything there is, unless that is being done already.
    async fn tell(&self) {
        if self.telling.replace(true) {
            return;
        }
        soon().await;
        loop {
            let dialed = self.dialed.take();
            if dialed.is_empty() {
                break;
            }
            self.report(&dialed).await;
        }
        self.telling.set(false);
    }

    async fn report(&self, dialed: &[(&DialOrder, Vec<Timed>)]) {
        let reports = dialed
            .iter()
            .map(|(order, events)| (order.call, events.clone()));
        let report = command::CarrierEvents(reports.collect());
        let trunk = self.trunk;
        let Ok(over) = ask(self.world, trunk, report).await else {
            return self.world.log(&Event::ReportLost { trunk });
        };
        // Ended while it was dialed: nobody should pick it up, or be left alone on it.
        for (order, events) in dialed {
            let is_released = |timed: &Timed| {
                matches!(timed.event, CarrierEvent::Released | CarrierEvent::Deleted)
            };
            if over.contains(&order.call) && !events.iter().any(is_released) {
                let _ = self.dialer.tear_down(order).await;
            }
        }
    }
}

/// Lets whatever else is ready go first.
async fn soon() {
    let mut polled = false;
    std::future::poll_fn(|context| {
        if polled {
            return Poll::Ready(());
        }
        polled = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

async fn inquire(
    world: &(impl Host + Trunks),
    dialer: &impl Dialer,
    trunk: TrunkTag,
    calls: Vec<CallId>,
) -> Result<(), Unavailable> {
    let orders = ask(world, trunk, command::InquiryOrders(calls)).await?;
    let asked = orders
        .iter()
        .map(async |order| Some((order.call, dialer.inquire(order).await.ok()?)));
    let findings = concurrent(SIDE_BY_SIDE, asked).await;
    let findings: Vec<_> = findings.into_iter().flatten().collect();
    if !findings.is_empty() {
        ask(world, trunk, command::InquiryResults(findings)).await?;
    }
    Ok(())
}

async fn tear_down(
    world: &(impl Host + Trunks),
    dialer: &impl Dialer,
    trunk: TrunkTag,
    calls: Vec<CallId>,
) -> Result<(), Unavailable> {
    let orders = ask(world, trunk, command::TearDown(calls)).await?;
    let asked = orders.iter().map(async |order| {
        let torn_down = planted(Fault::RoomLeftOver) || dialer.tear_down(order).await.is_ok();
        torn_down.then_some(order.call)
    });
    let torn_down = concurrent(SIDE_BY_SIDE, asked).await;
    let torn_down: Vec<_> = torn_down.into_iter().flatten().collect();
    if !torn_down.is_empty() {
        ask(world, trunk, command::TornDown(torn_down)).await?;
    }
    Ok(())
}
