//! A trunk whose carrier is a LiveKit server, and what its dialer reports about a call.

use audatec::app::trunk::{DialOrder, TrunkCommand, TrunkReply};
use audatec::domain::call::{Call, CarrierEvent, Timed};
use audatec::domain::ids::CallId;
use audatec::domain::sealed::Sealed;
use audatec::domain::time::Timestamp;
use audatec::domain::trunk::Carrier;

use super::World;

/// Somebody's phone.
pub const NUMBER: &str = "+919876543210";

pub fn line_to(host: &str, api_key: &str) -> Carrier {
    Carrier::LiveKit {
        url: format!("wss://{host}.example.com"),
        api_key: api_key.into(),
        api_secret: Sealed("sealed".into()),
        sip_trunk_id: "ST_1".into(),
    }
}

pub fn livekit_world() -> World {
    let mut world = World::new(100, 100);
    world.brief(100, 100, |brief| {
        brief.version += 1;
        brief.config.carrier = line_to("livekit", "APIkey");
    });
    world
}

/// The one order that a claim of this call is answered with.
pub fn claim(world: &mut World, id: CallId) -> DialOrder {
    world.sent.dial.clear();
    let TrunkReply::Orders(mut orders) = world.ask(TrunkCommand::Claim(vec![id])) else {
        panic!("no orders")
    };
    assert_eq!(orders.len(), 1);
    orders.pop().expect("an order")
}

pub fn say(world: &mut World, id: CallId, events: &[CarrierEvent]) -> TrunkReply {
    say_at(world, id, world.now, events)
}

pub fn say_at(world: &mut World, id: CallId, at: Timestamp, events: &[CarrierEvent]) -> TrunkReply {
    let timed = events.iter().cloned().map(|event| Timed { at, event });
    let events = timed.collect();
    world.ask(TrunkCommand::CarrierEvents(vec![(id, events)]))
}

/// The row as it is, closed or open.
pub fn row(world: &World, id: CallId) -> Call {
    let mut rows = world.rows.all().into_iter();
    rows.find(|call| call.id == id).expect("a row")
}
