//! The telephone network. Trunks of the simulator do what its table says; the others' calls have a
//! life of their own out there, and what is heard of it is lost, late, repeated and out of order.

use std::cell::RefCell;
use std::collections::BTreeMap;

use audatec::app::dialers::simulator;
use audatec::app::trunk::{Order, TrunkCommand};
use audatec::domain::call::{CarrierEvent, Failure, FailureCode, Finding, Timed};
use audatec::domain::ids::CallId;
use audatec::domain::time::Millis;
use audatec::domain::trunk::Carrier as Line;

use crate::clients;
use crate::faults::Kind;
use crate::trunk_node;
use crate::world::W;

/// How long the network remembers a call that is over.
const REMEMBERED: Millis = Millis(30_000);

#[derive(Default)]
pub struct Carrier {
    /// What becomes of each call that was dialed, in truth.
    lives: RefCell<BTreeMap<CallId, Vec<Timed>>>,
}

/// A phone rings, now. What the dialer hears at once, or knows to come.
pub fn dial(w: &W, order: &Order) -> Vec<Timed> {
    w.step();
    w.note(Some(order.call.address().tag), || {
        format!("the carrier dials {}", order.call)
    });
    w.oracle.dialed(w, order);
    let now = w.clock();
    if order.carrier == Line::Simulator {
        return simulator::dial(order, now, &w.settings);
    }
    let life = live(w, now);
    w.carrier
        .lives
        .borrow_mut()
        .insert(order.call, life.clone());
    let (told, to_come): (Vec<_>, Vec<_>) = life.into_iter().partition(|timed| timed.at <= now);
    for timed in to_come {
        let over = matches!(timed.event, CarrierEvent::HungUp(_));
        tell(w, order.call, timed.clone());
        if over && w.rng.hits(700) {
            clients::agent_reports(w, order.call, (timed.at - now).0 + w.rng.below(14_000));
        }
    }
    told
}

/// What becomes of a call.
fn live(w: &W, now: Millis) -> Vec<Timed> {
    use CarrierEvent::{Answered, Failed, HungUp, Ringing};
    let rings = now + Millis(w.rng.below(2_000));
    let picks_up = rings + Millis(w.rng.below(w.settings.ring_timeout.0 + 2_000));
    let ends = picks_up
        + Millis(
            w.rng
                .between(100, w.settings.max_call.0 + 3_000)
                .min(w.rng.between(500, 400_000)),
        );
    let life = match w.rng.below(10) {
        0 => vec![(now, Failed(Failure::of(FailureCode::DialerUnavailable)))],
        1 => vec![(rings, Failed(Failure::sip(503)))],
        2 => vec![(rings, Ringing), (picks_up, Failed(Failure::sip(486)))],
        3 => vec![(rings, Ringing), (picks_up, HungUp(None))],
        4 => vec![(rings, Ringing)],
        5 => vec![(rings, Ringing), (picks_up, Answered)],
        _ => vec![(rings, Ringing), (picks_up, Answered), (ends, HungUp(None))],
    };
    life.into_iter()
        .map(|(at, event)| Timed { at, event })
        .collect()
}

/// An event sets out for the platform.
fn tell(w: &W, call: CallId, timed: Timed) {
    let copies = 1 + u64::from(w.hit(Kind::EventRepeated));
    for _ in 0..copies {
        if w.hit(Kind::EventLost) {
            continue;
        }
        let late = if w.hit(Kind::EventLate) {
            w.rng.between(500, 60_000)
        } else {
            w.rng.between(1, 20)
        };
        let report = TrunkCommand::Carrier(vec![(call, vec![timed.clone()])]);
        w.after((timed.at - w.clock()).0 + late, move |w| {
            let _ = trunk_node::ask(w, call.address().tag, report);
        });
    }
}

/// What the carrier says when it is asked.
pub fn inquire(w: &W, order: &Order) -> Finding {
    w.step();
    let now = w.clock();
    if order.carrier == Line::Simulator {
        return simulator::inquire(order, now, &w.settings);
    }
    let lives = w.carrier.lives.borrow();
    let Some(life) = lives.get(&order.call) else {
        return Finding::Unknown;
    };
    let over = |timed: &&Timed| {
        matches!(
            timed.event,
            CarrierEvent::HungUp(_) | CarrierEvent::Failed(_)
        )
    };
    if life
        .iter()
        .find(over)
        .is_some_and(|end| end.at + REMEMBERED < now)
    {
        return Finding::Unknown;
    }
    let happened: Vec<Timed> = life
        .iter()
        .filter(|timed| timed.at <= now)
        .cloned()
        .collect();
    let known = usize::from(order.ringing_at.is_some()) + usize::from(order.answered_at.is_some());
    match happened.len() > known {
        true => Finding::Happened(happened),
        false => Finding::StillThere,
    }
}
