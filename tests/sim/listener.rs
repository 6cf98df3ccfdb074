//! A listener of the live feed: its answers may be lost, it asks any isolate, and objects die under it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use audatec::app::trunk::{KEPT, Position};
use audatec::domain::ids::{CallId, CampaignId};
use audatec::domain::time::{Span, Timestamp};
use serde_json::Value;

use crate::clients::{Ask, Org, ask};
use crate::executor::Owner;
use crate::ports::pause;
use crate::world::W;

/// The feed is kept for 24 hours; what is so much younger is there, whoever's clock counts.
const NOT_YET_LAPSED: Span = Span::from_secs(86_000);

/// So many parts of the history may hold nothing, one after the other. By some clocks the present is never reached.
const PARTS: u32 = 50;

/// What one organisation's listener was told.
#[derive(Default)]
pub struct Listener {
    cursor: RefCell<String>,
    last: RefCell<Option<Position>>,
    /// When each call's turns became known, in the order in which they came.
    heard: RefCell<BTreeMap<CallId, Vec<Timestamp>>>,
    /// What it was told last of each campaign: when that became known, and its status.
    campaigns: RefCell<BTreeMap<CampaignId, (Timestamp, String)>>,
    /// What is older it was not told: it had no place yet when it was first answered.
    begun: Cell<Timestamp>,
    /// It was away for longer than the feed is kept.
    lapsed: RefCell<bool>,
    /// Up to when it was told, by true time, that there was nothing.
    silent_until: Cell<u64>,
}

/// Listens while the world is open.
pub fn follow(w: &W, org: Rc<Org>, listener: Rc<Listener>, every: u64) {
    let world = Rc::clone(w);
    w.tasks.spawn(Owner::Client, async move {
        while world.is_open.get() {
            pause(&world, world.rng.between(1, every * 2)).await;
            let limit = world.rng.between(1, 20);
            // It comes back when an answer was lost, and else goes on at once now and then, as a stream does.
            for _ in 0..world.rng.between(1, 4) {
                let wait = world
                    .rng
                    .pick(&[0, 0, 5, 20, 20])
                    .copied()
                    .unwrap_or_default();
                hear(&world, &org, &listener, limit, wait).await;
            }
        }
    });
}

/// Reads on to the end, without faults.
pub fn catch_up(w: &W, org: Rc<Org>, listener: Rc<Listener>) {
    let world = Rc::clone(w);
    w.tasks.spawn(Owner::Client, async move {
        pause(&world, 10).await;
        let mut silent = 0;
        while silent < PARTS {
            let asked_at = world.clock();
            let has_heard = hear(&world, &org, &listener, 100, 0).await > 0;
            let place = Position::read(&listener.cursor.borrow());
            // An answer without events may be of a part of the history.
            let is_behind = place.is_some_and(|place| place.at + Span(1_000) < asked_at);
            silent = match (has_heard, is_behind) {
                (true, _) => 0,
                (false, true) => silent + 1,
                (false, false) => return,
            };
        }
    });
}

/// Asks once, and lets the answer wait for so many seconds; returns how many events came.
async fn hear(w: &W, org: &Org, listener: &Listener, limit: u64, wait: u64) -> usize {
    let (asked_at, asked_by) = (w.time(), w.clock());
    let cursor = listener.cursor.borrow().clone();
    let after = if cursor.is_empty() {
        String::new()
    } else {
        format!("&after={cursor}")
    };
    let path = format!("/events?limit={limit}&wait_seconds={wait}{after}");
    let Some(answer) = ask(w, Ask::get(path, &org.owner)).await else {
        return 0;
    };
    if answer.status == 410 {
        let from = Position::read(&cursor).map(|place| place.at);
        let now = asked_by.max(w.clock());
        if from.is_none_or(|from| now < from + NOT_YET_LAPSED) {
            let what = format!("a listener's cursor from {from:?} has lapsed by {now:?}");
            w.oracle.fail(None, None, what);
        }
        *listener.lapsed.borrow_mut() = true;
    }
    if answer.status != 200 {
        return 0;
    }
    if cursor.is_empty() {
        listener.begun.set(w.clock() - KEPT);
    }
    let json = answer.json();
    let events = json["events"].as_array().cloned().unwrap_or_default();
    events
        .iter()
        .for_each(|event| take(w, org, listener, event));
    // By a clock that jumped, the wait was over sooner.
    if events.is_empty() && w.is_steady_since(asked_at) {
        let until = listener.silent_until.get().max(asked_at + 1_000 * wait);
        listener.silent_until.set(until);
    }
    *listener.cursor.borrow_mut() = json["next_cursor"].as_str().unwrap_or_default().into();
    events.len()
}

/// How long something may have been known that an answer did not tell: where nothing goes wrong, hardly at all; else until all
/// trunks are asked, whatever the directory heard.
fn latest(w: &W, org: &Org) -> u64 {
    let trunks = org.lines.borrow().len() as u64;
    match w.faults.words_come() {
        true => 100,
        false => 5_000 * (trunks + 1).max(4) + 1_000,
    }
}

fn take(w: &W, org: &Org, listener: &Listener, event: &Value) {
    let place = event["id"].as_str().and_then(Position::read);
    let last = listener.last.replace(place);
    if place.is_none() || last >= place {
        let what = format!("the feed goes from {last:?} to {event}");
        return w.oracle.fail(None, None, what);
    }
    // A guarded trunk without calls is no part of the feed: its states come with its first.
    let kind = event["type"].as_str().unwrap_or_default();
    let is_of_call = kind != "trunk.updated" && kind != "campaign.updated";
    let known = place.filter(|_| is_of_call);
    let known = known.and_then(|place| w.true_time(place.at));
    if known.is_some_and(|at| at + latest(w, org) < listener.silent_until.get()) {
        let until = listener.silent_until.get();
        let what =
            format!("of what was known at {known:?}, an answer from {until} says nothing: {event}");
        return w.oracle.fail(None, None, what);
    }
    if let ("campaign.updated", Some(place)) = (kind, place) {
        return take_campaign(w, listener, place.at, event);
    }
    let id = |name: &str| event["data"][name].as_str()?.parse::<CallId>().ok();
    if let (Some(call), Some(place)) = (id("call_id").or(id("id")), place) {
        listener
            .heard
            .borrow_mut()
            .entry(call)
            .or_default()
            .push(place.at);
    }
}

/// A campaign tells of itself once a second at most, by a clock that does not jump.
fn take_campaign(w: &W, listener: &Listener, at: Timestamp, event: &Value) {
    let text = |name: &str| event["data"][name].as_str().unwrap_or_default();
    let Ok(id) = text("id").parse::<CampaignId>() else {
        return w
            .oracle
            .fail(None, None, format!("whose event is {event}?"));
    };
    let told = (at, text("status").to_owned());
    let before = listener.campaigns.borrow_mut().insert(id, told);
    let before = before.and_then(|(before, _)| w.true_time(before));
    if let (Some(before), Some(at)) = (before, w.true_time(at))
        && at < before + 1_000
    {
        let what = format!("after {} ms the feed tells again of {event}", at - before);
        w.oracle.fail(None, None, what);
    }
}

impl Listener {
    /// Each campaign of which it heard, with the status that it was told last.
    pub fn campaigns(&self) -> Vec<(CampaignId, String)> {
        if *self.lapsed.borrow() {
            return Vec::new();
        }
        let known = self.campaigns.borrow();
        let known = known.iter().map(|(id, (_, status))| (*id, status.clone()));
        known.collect()
    }

    /// Whether it was told these turns of a call and no others, in their order; some of them `may_lack`, and all behind the last
    /// one, if the trunk `may_have_left` the feed.
    pub fn knows(
        &self,
        call: CallId,
        turns: &[Timestamp],
        may_lack: impl Fn(&Timestamp) -> bool,
        may_have_left: bool,
    ) -> bool {
        let heard = self.heard_of(call);
        let ought = turns
            .iter()
            .filter(|at| heard.contains(at) || !may_lack(at) && **at >= self.begun.get());
        let told = match may_have_left {
            true => ought.take(heard.len()).eq(&heard),
            false => ought.eq(&heard),
        };
        *self.lapsed.borrow() || told
    }

    /// When the turns of a call became known that it was told.
    pub fn heard_of(&self, call: CallId) -> Vec<Timestamp> {
        self.heard.borrow().get(&call).cloned().unwrap_or_default()
    }
}
