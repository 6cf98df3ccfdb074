//! A thousand trunks and a million calls in virtual time, in fair weather, with the operator's default settings: what a
//! deployment of that size asks of objects and queues is counted here, and `docs/scale.md` uses it. The oracle judges as always.
//!
//! `SCALE=1000,1000000 cargo test --test sim many_trunks`: 6 minutes and 7.5 GB.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Instant;

use audatec::domain::settings::Settings;
use serde_json::json;

use crate::clients::{Key, Line, Org};
use crate::executor::Owner;
use crate::oracle::{Intent, Limits};
use crate::world::{W, World};
use crate::{integrator, operator, receivers};

/// So many organisations share the trunks: each has more than the 200 that are known to all its keys.
const ORGS: u64 = 4;
/// Each trunk is asked for a call so often.
const EVERY_MS: u64 = 1_000;
const LIMITS: Limits = Limits {
    max_cps: 5,
    max_channels: 100,
    active: true,
    per_day: None,
};

/// What was asked of the platform's parts.
#[derive(Default)]
pub struct Work {
    pub to_trunks: Cell<u64>,
    pub to_directories: Cell<u64>,
    pub messages: Cell<u64>,
    /// How long consumers were at work, together, in milliseconds.
    pub consumed_ms: Cell<u64>,
    pub consumers: Cell<u64>,
    pub most_consumers: Cell<u64>,
    /// The most calls that one trunk's object held.
    pub most_entries: Cell<usize>,
}

impl Work {
    pub fn add(what: &Cell<u64>, more: u64) {
        what.set(what.get() + more);
    }

    pub fn begins(&self) {
        Self::add(&self.consumers, 1);
        self.most_consumers
            .set(self.most_consumers.get().max(self.consumers.get()));
    }

    pub fn ends(&self, took_ms: u64) {
        self.consumers.set(self.consumers.get().saturating_sub(1));
        Self::add(&self.consumed_ms, took_ms);
    }
}

/// Lives through it; whether what is promised of it held.
pub fn holds(trunks: u64, calls: u64) -> bool {
    let begun = Instant::now();
    let settings = Settings {
        public_url: Some("https://calls.example.com".into()),
        ..Settings::default()
    };
    let w = World::calm(settings);
    for number in 0..ORGS {
        let world = Rc::clone(&w);
        w.tasks.spawn(Owner::Client, async move {
            found(&world, number, trunks / ORGS).await;
        });
    }
    w.tasks.run_ready();
    while w.turn() {}
    let (founded, before) = (w.time(), Counted::of(&w));
    let lines: usize = w
        .orgs
        .borrow()
        .iter()
        .map(|org| org.lines.borrow().len())
        .sum();
    for org in w.orgs.borrow().iter() {
        for line in org.lines.borrow().iter() {
            keep_calling(&w, org, line, calls / lines as u64);
        }
    }
    while w.turn() {}
    let all = Counted::of(&w).since(&before);
    w.oracle.judge_the_end(&w, w.high.get());
    let placed = w.oracle.promised_calls() as u64;
    let lasted = (calls / lines as u64) * EVERY_MS;
    let figures = Figures {
        lines: lines as u64,
        placed,
        lasted,
        all,
    };
    figures.print(&w);
    println!(
        "prove: scale, founding {lines} trunks: {:.0} s of virtual time",
        founded as f64 / 1e3
    );
    println!(
        "sim: {} steps in {:.0} s",
        w.steps.get(),
        begun.elapsed().as_secs_f64()
    );
    let broken = w.oracle.verdict();
    if let Some(broken) = &broken {
        println!("scale: {} ({:?})", broken.what, broken.call);
    }
    let held = broken.is_none() && figures.hold(&w, calls);
    w.end();
    held
}

async fn found(w: &W, number: u64, trunks: u64) {
    let Some(org) = operator::found_bare(w, number).await else {
        return;
    };
    for _ in 0..trunks {
        operator::add_trunk(w, &org, LIMITS, json!({"type": "simulator"})).await;
    }
    w.orgs.borrow_mut().push(org);
}

/// A trunk is asked for so many calls, one after another, whatever became of the last.
fn keep_calling(w: &W, org: &Rc<Org>, line: &Rc<Line>, left: u64) {
    if left == 0 {
        return;
    }
    let (org, line) = (Rc::clone(org), Rc::clone(line));
    w.after(w.rng.between(EVERY_MS / 2, EVERY_MS * 3 / 2), move |w| {
        let (world, us, trunk) = (Rc::clone(w), Rc::clone(&org), Rc::clone(&line));
        w.tasks.spawn(
            Owner::Client,
            async move { place(&world, &us, &trunk).await },
        );
        keep_calling(w, &org, &line, left - 1);
    });
}

async fn place(w: &W, org: &Org, line: &Line) {
    let key: Option<Key> = w.rng.pick(&org.keys.borrow()).cloned();
    let agent = w.rng.pick(&org.agents.borrow()).copied();
    let (Some(key), Some(agent)) = (key, agent) else {
        return;
    };
    let nonce = w.nonces.get() + 1;
    w.nonces.set(nonce);
    w.oracle.intends(nonce, Intent::new(false, false, false));
    let body = json!({
        "phone_number": "+15005550000",
        "agent_id": agent,
        "sip_trunk_id": line.id,
        "metadata": {"customer_name": "Rahul Sharma", "nonce": nonce},
        "callback_url": receivers::url(w, "good", nonce),
    });
    integrator::insist(w, org, &key, body, None).await;
    let node = crate::trunk_node::of(w, line.id.tag());
    let most = w.work.most_entries.get().max(node.entries());
    w.work.most_entries.set(most);
}

/// What was counted by a moment.
struct Counted {
    to_trunks: u64,
    to_directories: u64,
    messages: u64,
    consumed_ms: u64,
}

impl Counted {
    fn of(w: &World) -> Self {
        Self {
            to_trunks: w.work.to_trunks.get(),
            to_directories: w.work.to_directories.get(),
            messages: w.work.messages.get(),
            consumed_ms: w.work.consumed_ms.get(),
        }
    }

    fn since(&self, before: &Self) -> Self {
        Self {
            to_trunks: self.to_trunks - before.to_trunks,
            to_directories: self.to_directories - before.to_directories,
            messages: self.messages - before.messages,
            consumed_ms: self.consumed_ms - before.consumed_ms,
        }
    }
}

struct Figures {
    lines: u64,
    placed: u64,
    /// For so many milliseconds calls were asked for.
    lasted: u64,
    all: Counted,
}

impl Figures {
    fn a_call(&self, count: u64) -> f64 {
        count as f64 / self.placed as f64
    }

    /// Consumers that are at work at once, on average: messages a second, times how long one takes (Little's law).
    fn consumers(&self) -> f64 {
        self.all.consumed_ms as f64 / self.lasted as f64
    }

    fn print(&self, w: &World) {
        let (p50, p99) = w.oracle.waits_for_its_dial();
        for (name, figure) in [
            ("trunks", format!("{}", self.lines)),
            ("calls", format!("{}", self.placed)),
            (
                "calls a second",
                format!("{:.0}", self.placed as f64 * 1e3 / self.lasted as f64),
            ),
            (
                "requests to its trunk, a call",
                format!("{:.2}", self.a_call(self.all.to_trunks)),
            ),
            (
                "requests to a directory, a call",
                format!("{:.3}", self.a_call(self.all.to_directories)),
            ),
            (
                "queue messages, a call",
                format!("{:.2}", self.a_call(self.all.messages)),
            ),
            (
                "messages being worked on at once",
                format!("{:.0}", self.consumers()),
            ),
            (
                "messages being worked on at once, at most",
                format!("{}", w.work.most_consumers.get()),
            ),
            (
                "calls held by one object, at most",
                format!("{}", w.work.most_entries.get()),
            ),
            (
                "accepted until dialed",
                format!("p50 {p50} ms, p99 {p99} ms"),
            ),
        ] {
            println!("prove: scale, {name}: {figure}");
        }
    }

    /// What `docs/scale.md` reckons with.
    fn hold(&self, w: &World, calls: u64) -> bool {
        let bounds = [
            (
                "a call is missing",
                self.placed >= calls / self.lines * self.lines,
            ),
            (
                "more than 6 requests to a trunk a call",
                self.a_call(self.all.to_trunks) <= 6.0,
            ),
            (
                "more than 2 messages a call",
                self.a_call(self.all.messages) <= 2.0,
            ),
            (
                "more than a request to a directory for 2 calls",
                self.a_call(self.all.to_directories) <= 0.5,
            ),
            (
                "an object holds more calls than last",
                w.work.most_entries.get() <= 20,
            ),
            (
                "a dial waits for over a second",
                w.oracle.waits_for_its_dial().1 <= 1_000,
            ),
        ];
        for (what, _) in bounds.iter().filter(|(_, holds)| !holds) {
            println!("scale: {what}");
        }
        bounds.iter().all(|(_, holds)| *holds)
    }
}
