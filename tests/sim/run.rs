//! The world of one seed, from its founding until it is at rest: a storm, a drain without faults, and one more call over each
//! trunk, which must go well.

use std::rc::Rc;

use audatec::app::campaign::CampaignCommand;
use audatec::app::directory::{DirectoryCommand, DirectoryReply};
use audatec::domain::ids::{OrgId, TrunkId, TrunkTag};
use serde_json::json;

use crate::clients::{Ask, Org, ask};
use crate::copies::ISOLATES;
use crate::executor::Owner;
use crate::faults::Kind;
use crate::listener::{self, Listener};
use crate::oracle::{self, Broken, Intent, Limits};
use crate::ports::pause;
use crate::rows::Full;
use crate::trunk_node::TrunkNode;
use crate::world::{W, World};
use crate::{
    campaign_node, campaigner, deleter, directory_node, eraser, hours, integrator, limiter, minute,
    officer, operator, queue, receivers, trunk_node,
};

/// No world takes longer to come to rest.
const MOST_STEPS: u64 = 1_000_000;
const CRON_MS: u64 = 60_000;
/// By then a store that is full has lost what may leave it: the cron has poked, and a batch that got lost came again.
const EMPTIED_MS: u64 = 2 * CRON_MS + 10_000;
/// An object holds 10 GB; from so many bytes on there is room for what is there alone.
const CROWDED: u64 = 9_800_000_000;
/// By then a call that was asked for is there.
const UNDER_WAY_MS: u64 = 300;

pub struct Outcome {
    pub steps: u64,
    pub calls: usize,
    pub broken: Option<Broken>,
    /// The last lines of the trace that concern what broke.
    pub trace: Vec<String>,
}

/// Lives through one seed's world.
pub fn run(seed: u64, traced: bool) -> Outcome {
    let w = World::new(seed, traced);
    live(&w);
    let broken = w.oracle.verdict();
    let trace = broken
        .as_ref()
        .map(|broken| lines(&w, broken))
        .unwrap_or_default();
    let outcome = Outcome {
        steps: w.steps.get(),
        calls: w.oracle.promised_calls(),
        broken,
        trace,
    };
    w.end();
    outcome
}

fn lines(w: &W, broken: &Broken) -> Vec<String> {
    let mentions = broken.call.map(|call| call.to_string()).unwrap_or_default();
    let many = std::env::var("TRACE").ok();
    let many = many.and_then(|text| text.parse().ok()).unwrap_or(30);
    let of = broken.trunk.filter(|_| mentions.is_empty());
    let mut lines = w.last_lines(of, &mentions, many);
    if !mentions.is_empty() {
        lines.push("... and of all that concerns its trunk, the last:".into());
        lines.extend(w.last_lines(broken.trunk, "", many));
    }
    lines
}

fn live(w: &W) {
    for number in 0..w.rng.between(1, 2) {
        let world = Rc::clone(w);
        w.tasks.spawn(Owner::Client, async move {
            operator::found(&world, number).await
        });
    }
    w.tasks.run_ready();
    rest(w);
    let listeners = listeners(w);
    storm(w, &listeners);
    make_room(w);
    let calm_since = w.high.get();
    rest(w);
    for (org, listener) in &listeners {
        listener::catch_up(w, Rc::clone(org), Rc::clone(listener));
    }
    w.tasks.run_ready();
    rest(w);
    for (org, listener) in &listeners {
        w.oracle.judge_the_feed(w, org.id, listener);
        w.oracle.judge_campaigns_in_the_feed(w, org.id, listener);
    }
    w.oracle.judge_the_end(w, calm_since);
    w.oracle.judge_the_campaigns(w);
    w.oracle.judge_the_copies(w);
    for org in w.orgs.borrow().clone() {
        let world = Rc::clone(w);
        w.tasks.spawn(Owner::Client, async move {
            operator::count_what_was_created(&world, &org).await;
            integrator::read_all(&world, &org).await;
            oracle::usage::judge(&world, &org).await;
        });
    }
    w.tasks.run_ready();
    rest(w);
    if w.oracle.is_broken() {
        return;
    }
    encore(w);
    if w.has_campaigns && !w.oracle.is_broken() {
        minute::lived(w);
    }
    if !w.oracle.is_broken() && w.lives_on {
        a_day_later(w);
        crowd(w);
    }
    if !w.oracle.is_broken() && w.erases {
        eraser::live(w);
        rest(w);
    }
    if !w.oracle.is_broken() && w.deletes {
        deleter::live(w);
        rest(w);
    }
}

/// Lets the world come to rest.
fn rest(w: &W) {
    let begun = w.steps.get();
    while w.turn() {
        if w.steps.get() > begun + MOST_STEPS {
            w.oracle.fail(None, None, "no end in sight".into());
        }
    }
}

/// Some organisations follow the live feed, where the objects' clocks can be trusted.
fn listeners(w: &W) -> Vec<(Rc<Org>, Rc<Listener>)> {
    let orgs = w.orgs.borrow().clone();
    let listens = |_: &Rc<Org>| w.faults.clock_is_true() && w.rng.hits(400);
    let orgs = orgs.into_iter().filter(listens);
    orgs.map(|org| (org, Rc::default())).collect()
}

fn storm(w: &W, listeners: &[(Rc<Org>, Rc<Listener>)]) {
    let length = w
        .rng
        .pick(&[3_000, 10_000, 10_000, 30_000, 90_000, 1_500_000])
        .copied()
        .unwrap_or_default();
    w.faults.switch(true);
    w.livekit.draw(w);
    w.copies.expire();
    let orgs = w.orgs.borrow().clone();
    for org in &orgs {
        integrator::work(w, Rc::clone(org), (length / 250).clamp(20, 4_000));
        operator::work(w, Rc::clone(org), (length / 12).clamp(400, 20_000));
    }
    let has_officers = w.rng.hits(400);
    for org in orgs.iter().filter(|_| has_officers) {
        officer::work(w, Rc::clone(org), (length / 25).clamp(300, 10_000));
    }
    if w.has_campaigns {
        campaigner::work(w, &orgs, length);
    }
    if w.keeps_hours {
        for org in &orgs {
            hours::work(w, Rc::clone(org), (length / 8).clamp(1_000, 60_000));
        }
    }
    if w.limits_contacts {
        for org in &orgs {
            limiter::work(w, Rc::clone(org), (length / 6).clamp(2_000, 60_000));
        }
    }
    for (org, listener) in listeners {
        listener::follow(
            w,
            Rc::clone(org),
            Rc::clone(listener),
            (length / 40).clamp(50, 20_000),
        );
    }
    let end = w.time() + length;
    chaos(w, (length / 120).clamp(50, 5_000));
    cron(w, end + EMPTIED_MS + 2 * CRON_MS);
    w.run_until(end);
    w.faults.switch(false);
    w.is_open.set(false);
}

/// Something goes wrong by itself, now and then.
fn chaos(w: &W, every: u64) {
    w.after(w.rng.between(1, every * 2), move |w| {
        if w.is_open.get() {
            strike(w);
            chaos(w, every);
        }
    });
}

fn strike(w: &W) {
    let trunks: Vec<_> = w.trunks.borrow().values().cloned().collect();
    let offices: Vec<_> = w.offices.borrow().values().cloned().collect();
    if w.hit(Kind::TrunkDies)
        && let Some(node) = w.rng.pick(&trunks)
    {
        node.die(w);
    }
    if w.hit(Kind::TrunkUnreachable)
        && let Some(node) = w.rng.pick(&trunks)
    {
        node.cut_off(w, w.rng.between(500, 8_000));
    }
    if w.hit(Kind::DirectoryDies)
        && let Some(office) = w.rng.pick(&offices)
    {
        office.die(w);
    }
    if w.has_campaigns
        && w.hit(Kind::TrunkDies)
        && let Some(node) = campaigner::one(w)
    {
        node.die(w);
    }
    if w.hit(Kind::IsolateDies) {
        isolate_dies(w, w.rng.below(ISOLATES as u64) as usize);
    }
    if w.hit(Kind::ConsumerDies) {
        queue::kill_one(w);
    }
    if w.hit(Kind::ClockForward) {
        w.jump(w.rng.between(100, 8_000) as i64);
    }
    if w.hit(Kind::ClockLeap) && w.rng.hits(200) {
        w.jump(w.rng.between(60_000, 4_000_000) as i64);
    }
    if w.hit(Kind::ClockBack) {
        w.jump(-(w.rng.between(1, 3_000) as i64));
    }
    if w.hit(Kind::StoreFull)
        && let Some(node) = w.rng.pick(&trunks)
    {
        fill(w, node);
    }
    if w.hit(Kind::Blackout) && w.rng.hits(200) {
        trunks.iter().for_each(|node| node.die(w));
        offices.iter().for_each(|office| office.die(w));
        let campaigns: Vec<_> = w.campaigns.borrow().values().cloned().collect();
        campaigns.iter().for_each(|node| node.die(w));
        (0..ISOLATES).for_each(|isolate| isolate_dies(w, isolate));
        w.jump(w.rng.between(1_000, 10_000_000) as i64);
    }
}

/// A store is full: for a while even of what may leave, then until some of it has left.
fn fill(w: &W, node: &Rc<TrunkNode>) {
    let full = match w.rng.hits(300) {
        true => Full::All,
        false => Full::Writes,
    };
    node.fill(w, full, w.rng.between(1, 20) as usize);
    let node = Rc::clone(node);
    if full == Full::All {
        w.after(w.rng.between(500, 20_000), move |w| {
            if node.is_full() {
                node.fill(w, Full::Writes, 1);
            }
        });
    }
}

/// Trunks that are full when the storm is over let go of what they may, by themselves; those that have nothing to let go get
/// room.
fn make_room(w: &W) {
    let nodes: Vec<_> = w.trunks.borrow().values().cloned().collect();
    if w.faults.may(Kind::StoreFull) {
        // Amid calls whose callbacks are answered when no row can tell it any more.
        for org in w.orgs.borrow().clone() {
            let world = Rc::clone(w);
            w.tasks
                .spawn(Owner::Client, async move { one_each(&world, &org).await });
        }
        w.tasks.run_ready();
        w.run_until(w.time() + UNDER_WAY_MS);
        nodes.iter().for_each(|node| node.fill(w, Full::Writes, 1));
    }
    let full = nodes.into_iter().filter(|node| node.is_full());
    let full: Vec<_> = full.collect();
    if full.is_empty() {
        return;
    }
    let could_leave: Vec<usize> = full.iter().map(|node| node.rows.over()).collect();
    w.run_until(w.time() + EMPTIED_MS);
    for (node, could_leave) in full.iter().zip(could_leave) {
        if could_leave > 0
            && node.luck.refused.get()
            && node.rows.over() >= could_leave
            && node.is_full()
        {
            let what =
                format!("{could_leave} calls could leave a store that is full, and none did");
            w.oracle.fail(Some(node.tag), None, what);
        }
        node.make_room(w);
    }
}

fn isolate_dies(w: &W, isolate: usize) {
    w.note(None, || format!("isolate {isolate} dies"));
    w.tasks
        .of(Owner::Isolate(isolate))
        .into_iter()
        .for_each(|task| w.tasks.kill(task));
    w.copies.evict(isolate);
}

/// The cron pokes every object, but for the times it is missed.
fn cron(w: &W, until: u64) {
    w.after(CRON_MS, move |w| {
        if w.time() > until {
            return;
        }
        if !w.hit(Kind::CronMissed) {
            w.step();
            let id = |name: String| name.rsplit('/').next().map(str::to_owned);
            for name in w.copies.names("trunk/").into_iter().filter_map(id) {
                name.parse::<TrunkId>()
                    .into_iter()
                    .for_each(|trunk| trunk_node::poke(w, trunk.tag()));
            }
            for name in w.copies.names("trunks/").into_iter().filter_map(id) {
                name.parse::<OrgId>()
                    .into_iter()
                    .for_each(|org| look_after(w, org));
            }
        }
        cron(w, until);
    });
}

/// The directory does what is due, and says which campaigns run: they are poked as well.
fn look_after(w: &W, org: OrgId) {
    let (world, told) = (
        Rc::clone(w),
        directory_node::ask(w, org, DirectoryCommand::tick()),
    );
    w.tasks.spawn(Owner::Client, async move {
        let running = match told.await {
            Ok(DirectoryReply::Campaigns(running)) => running,
            Ok(DirectoryReply::Ticked(ticked)) => ticked.campaigns,
            _ => Vec::new(),
        };
        for card in running {
            drop(campaign_node::ask(
                &world,
                org,
                card.id,
                CampaignCommand::Tick,
            ));
        }
    });
}

/// After the storm all is as good as new: each trunk takes a call, and its result is told at once.
fn encore(w: &W) {
    w.copies.expire();
    let since = w.high.get();
    for org in w.orgs.borrow().clone() {
        let world = Rc::clone(w);
        w.tasks
            .spawn(Owner::Client, async move { one_more(&world, &org).await });
    }
    w.tasks.run_ready();
    rest(w);
    w.oracle.judge_the_end(w, since);
    w.oracle.judge_the_copies(w);
}

/// After a day refused calls have left, and not before; and a trunk that was deleted is no part of the live feed any more.
fn a_day_later(w: &W) {
    let pass = |hours: f64| {
        w.jump((hours * 3_600_000.0) as i64);
        let tags: Vec<TrunkTag> = w.trunks.borrow().keys().copied().collect();
        tags.into_iter().for_each(|tag| trunk_node::poke(w, tag));
        rest(w);
    };
    pass(22.0);
    pass(3.0);
    refused_have_left(w);
    pass(25.0);
    refused_have_left(w);
    for org in w.orgs.borrow().clone() {
        let world = Rc::clone(w);
        w.tasks.spawn(Owner::Client, async move {
            ask(&world, Ask::get("/events?after=latest".into(), &org.owner)).await;
            oracle::usage::judge(&world, &org).await;
        });
    }
    w.tasks.run_ready();
    rest(w);
}

fn refused_have_left(w: &W) {
    let nodes: Vec<_> = w.trunks.borrow().values().cloned().collect();
    let all = nodes.iter();
    all.for_each(|node| w.oracle.refused_have_left(w, node));
}

/// A trunk that is loaded with hardly any room left takes no call; and takes one when there is some.
fn crowd(w: &W) {
    for org in w.orgs.borrow().clone() {
        let lines = org.lines.borrow().clone();
        let agent = org.agents.borrow().first().copied();
        let line = lines.into_iter().find(|line| !line.leaving.get());
        let (Some(line), Some(agent)) = (line, agent) else {
            continue;
        };
        let world = Rc::clone(w);
        w.tasks.spawn(Owner::Client, async move {
            let node = trunk_node::of(&world, line.id.tag());
            node.die(&world);
            node.use_up(&world, CROWDED);
            let taken = call(&world, &org.owner, &line.id, agent, "good").await;
            if taken.is_some() {
                let what = format!("a call is admitted with {CROWDED} bytes in use");
                world.oracle.fail(Some(node.tag), taken, what);
            }
            node.use_up(&world, 0);
        });
    }
    w.tasks.run_ready();
    rest(w);
}

async fn one_more(w: &W, org: &Org) {
    if w.keeps_hours {
        hours::lift(w, org).await;
    }
    if w.limits_contacts {
        limiter::lift(w, org).await;
        limiter::nothing_is_lost(w, org).await;
        limiter::lift(w, org).await;
    }
    operator::create_key(w, org).await;
    let Some(key) = org.keys.borrow().last().cloned() else {
        return;
    };
    let agent = org.agents.borrow().first().copied();
    let Some(agent) = agent else { return };
    operator::set_agent(w, org, agent, true).await;
    let lines = org.lines.borrow().clone();
    for line in lines {
        if line.deleted.get() || w.oracle.is_broken() {
            continue;
        }
        let limits = Limits {
            max_cps: 2,
            max_channels: 1,
            active: true,
            per_day: None,
        };
        let tag = line.id.tag();
        if !operator::set_limits(w, org, &line, limits).await {
            // Its deletion may have come through after all.
            continue;
        }
        let mut first = None;
        // Where its agent broke off lately, it is as if that was down for a minute at most.
        for _ in 0..3 {
            first = call(w, &key.text, &line.id, agent, "good").await;
            if first.is_some() {
                break;
            }
            pause(w, 65_000).await;
        }
        let Some(first) = first else {
            let what = "a trunk at rest takes no call".into();
            return w.oracle.fail(Some(tag), None, what);
        };
        pause(w, 5_000_000).await;
        well(w, org, first, tag).await;
    }
}

/// A call over each trunk, of which somebody hears who takes long to say so.
async fn one_each(w: &W, org: &Org) {
    let agents = org.agents.borrow().clone();
    for line in org.lines.borrow().clone() {
        let agent = agents.first().filter(|_| !line.leaving.get());
        let Some(agent) = agent.copied() else {
            continue;
        };
        let (world, key) = (Rc::clone(w), org.owner.clone());
        w.tasks.spawn(Owner::Client, async move {
            call(&world, &key, &line.id, agent, "hangs").await;
        });
    }
}

/// Places a call of whose end this receiver hears; `None` when it is refused.
async fn call(
    w: &W,
    key: &str,
    line: &TrunkId,
    agent: audatec::domain::ids::AgentId,
    receiver: &str,
) -> Option<audatec::domain::ids::CallId> {
    let nonce = w.nonces.get() + 1;
    w.nonces.set(nonce);
    w.oracle.intends(nonce, Intent::new(false, false, false));
    let body = json!({
        "phone_number": "+15005550000", "agent_id": agent, "sip_trunk_id": line,
        "metadata": {"customer_name": "Rahul Sharma", "nonce": nonce},
        "callback_url": receivers::url(w, receiver, nonce),
    });
    let heard = ask(w, Ask::send("POST", "/calls".into(), key, Some(body))).await?;
    (heard.status == 201).then(|| heard.id("call_id")).flatten()
}

async fn well(w: &W, org: &Org, call: audatec::domain::ids::CallId, tag: TrunkTag) {
    let heard = ask(w, Ask::get(format!("/calls/{call}"), &org.owner)).await;
    let json = heard.map(|heard| heard.json()).unwrap_or_default();
    let attempts = json["callback"]["attempts"].as_array().map_or(0, Vec::len);
    if json["is_terminal"] != true || json["callback"]["status"] != "delivered" || attempts != 1 {
        w.oracle.fail(
            Some(tag),
            Some(call),
            format!("after the storm a call fares so: {json}"),
        );
    }
}
