//! When everything is at rest again: a few campaigns on a trunk of their own, for a minute. They keep it busy, share it evenly,
//! and continue after a crash.

use std::rc::Rc;

use audatec::app::campaign::Shown;
use audatec::domain::campaign::{Plan, Status};
use audatec::domain::ids::{AgentId, TrunkTag};
use serde_json::json;

use crate::campaign_node;
use crate::campaigner::{Caller, draft, everybody};
use crate::clients::{Key, Line, Org};
use crate::executor::Owner;
use crate::operator;
use crate::oracle::{Broken, Limits};
use crate::plan::bare_plan;
use crate::ports::pause;
use crate::world::{W, World};

/// Until then they find their shares.
const BEGINS_MS: u64 = 5_000;
const MINUTE_MS: u64 = 60_000;
/// How often it is looked what they hold.
const LOOKS_MS: u64 = 100;
/// From a call's end until the next one is in its channel, or less.
const HANDED_ON_MS: usize = 30;
/// So far from what is even may what one has be.
const UNEVEN: f64 = 0.1;
/// When all are decided it is completed by then.
const COMPLETED_MS: u64 = 5_000;
/// After a crash one goes on by then.
const GOES_ON_MS: u64 = 30_000;
/// People on each list: none of them is through within the minute.
const PEOPLE: usize = 700;

/// Lives through it, in some worlds.
pub fn lived(w: &W) {
    let org = w.orgs.borrow().first().cloned();
    let Some(org) = org.filter(|_| w.people.hits(300)) else {
        return;
    };
    let world = Rc::clone(w);
    w.tasks
        .spawn(Owner::Client, async move { minute(&world, &org).await });
    w.tasks.run_ready();
    while w.turn() {}
    w.oracle.judge_the_campaigns(w);
}

/// A world in which nothing happens but that.
pub fn alone(seed: u64) -> Option<Broken> {
    let w = World::new(seed, false);
    let world = Rc::clone(&w);
    w.tasks.spawn(Owner::Client, async move {
        operator::found(&world, 0).await;
        let org = world.orgs.borrow().first().cloned();
        if let Some(org) = org {
            minute(&world, &org).await;
        }
    });
    w.tasks.run_ready();
    while w.turn() {}
    w.oracle.judge_the_campaigns(&w);
    let broken = w.oracle.verdict();
    w.end();
    broken
}

/// What a campaign may have at most, of both.
#[derive(Clone, Copy, Debug, Default)]
struct Own {
    max_channels: Option<u32>,
    max_cps: Option<u32>,
}

async fn minute(w: &W, org: &Rc<Org>) {
    let limits = Limits {
        max_cps: w.people.between(2, 10) as u32,
        max_channels: w.people.between(2, 24) as u32,
        active: true,
        per_day: None,
    };
    operator::add_trunk(w, org, limits, json!({"type": "simulator"})).await;
    let line = org.lines.borrow().last().cloned();
    let (key, agent) = (
        org.keys.borrow().last().cloned(),
        org.agents.borrow().first().copied(),
    );
    let (Some(line), Some(key), Some(agent)) = (line, key, agent) else {
        return;
    };
    let mut callers: Vec<Caller> = Vec::new();
    let mut owns: Vec<Own> = Vec::new();
    for nth in 0..w.people.between(2, 3) {
        let own = match nth == 0 && w.people.hits(300) {
            true => Own {
                max_channels: w.people.hits(500).then_some(1),
                max_cps: w.people.hits(500).then_some(1),
            },
            false => Own::default(),
        };
        let plan = plan(&line, agent, own);
        let Some(caller) = draft(w, org, Rc::clone(&line), plan).await else {
            return;
        };
        caller.add(w, everybody(w, PEOPLE)).await;
        callers.push(caller);
        owns.push(own);
    }
    for caller in &callers {
        let _ = caller.start(w, &key).await;
    }
    // The first calls of those who began sooner are over by then.
    let call = w.settings.sim_ring + w.settings.sim_talk;
    pause(w, BEGINS_MS + call.0).await;
    let from = w.time();
    let mut held = vec![0; callers.len()];
    while w.time() < from + MINUTE_MS {
        for (held, caller) in held.iter_mut().zip(&callers) {
            *held += w.oracle.campaign_holds(w, caller.id);
        }
        pause(w, LOOKS_MS).await;
    }
    let rang = callers
        .iter()
        .map(|caller| w.oracle.campaign_rang(caller.id, from, w.time()));
    let used = Used {
        rang: rang.collect(),
        held,
    };
    judge(w, line.id.tag(), limits, &owns, &used);
    goes_on(w, line.id.tag(), &callers[0]).await;
    for caller in &callers {
        let _ = caller.cancel(w).await;
    }
    ends(w, org, &line, &key, agent).await;
}

/// A campaign whose last call is over is soon completed.
async fn ends(w: &W, org: &Rc<Org>, line: &Rc<Line>, key: &Key, agent: AgentId) {
    let few = w.people.between(1, 6) as usize;
    let plan = plan(line, agent, Own::default());
    let Some(caller) = draft(w, org, Rc::clone(line), plan).await else {
        return;
    };
    caller.add(w, everybody(w, few)).await;
    let _ = caller.start(w, key).await;
    let goes_on = |w: &W| {
        let rang = w.oracle.campaign_rang(caller.id, 0, w.time());
        rang < few || w.oracle.campaign_holds(w, caller.id) > 0
    };
    let begun = w.time();
    while goes_on(w) && w.time() < begun + 10 * MINUTE_MS {
        pause(w, LOOKS_MS).await;
    }
    pause(w, COMPLETED_MS).await;
    let is_completed = |shown: &Shown| matches!(shown.campaign.status, Status::Completed);
    let heard = caller.get(w).await;
    if !matches!(&heard, Ok(Ok(shown)) if is_completed(shown)) {
        let what = format!("all are decided for {COMPLETED_MS} ms, and the campaign is {heard:?}");
        w.oracle.fail(Some(line.id.tag()), None, what);
    }
}

fn plan(line: &Line, agent: AgentId, own: Own) -> Plan {
    Plan {
        name: "Everybody".into(),
        max_channels: own.max_channels,
        max_cps: own.max_cps,
        ..bare_plan(agent, line.id)
    }
}

/// What each campaign had within the minute: phones that rang, and channels, at each look.
#[derive(Debug)]
struct Used {
    rang: Vec<usize>,
    held: Vec<usize>,
}

/// What binds is used, and evenly among those whose own shares leave them as much.
fn judge(w: &W, tag: TrunkTag, limits: Limits, owns: &[Own], used: &Used) {
    let looks = (MINUTE_MS / LOOKS_MS) as usize;
    let of = |used: &[usize], most: usize| used.iter().sum::<usize>() * 1_000 / most;
    let channels = of(&used.held, looks * limits.max_channels as usize);
    let rate = of(&used.rang, 60 * limits.max_cps as usize);
    // A channel is handed on by messages, which short calls feel.
    let handed_on = used.rang.iter().sum::<usize>() * HANDED_ON_MS;
    let handed_on = handed_on * 1_000 / (MINUTE_MS as usize * limits.max_channels as usize);
    if channels + handed_on < 950 && rate < 950 {
        let what = format!(
            "campaigns leave a trunk idle: {channels} ‰ of its channels and {rate} ‰ of its rate of {limits:?} are used: {used:?} {owns:?}"
        );
        return w.oracle.fail(Some(tag), None, what);
    }
    let parts = match rate >= channels {
        true => &used.rang,
        false => &used.held,
    };
    let is_free = |own: &&Own| own.max_channels.is_none() && own.max_cps.is_none();
    let all = parts.iter().zip(owns);
    let free: Vec<usize> = all
        .clone()
        .filter(|(_, own)| is_free(own))
        .map(|(part, _)| *part)
        .collect();
    let even = free.iter().sum::<usize>() as f64 / free.len() as f64;
    // No two have parts of one call.
    let call = (w.settings.sim_ring + w.settings.sim_talk).0 / LOOKS_MS;
    let one = if rate >= channels { 1.0 } else { call as f64 };
    let within = (even * UNEVEN).max(one);
    let is_off = |part: &usize| (*part as f64 - even).abs() > within;
    let exceeds = |part: &usize| *part as f64 > even + within;
    let most = all
        .filter(|(part, own)| !is_free(own) && exceeds(part))
        .count();
    if free.iter().any(is_off) || most > 0 {
        let what = format!("campaigns share unevenly: {used:?}, {limits:?}, {owns:?}");
        w.oracle.fail(Some(tag), None, what);
    }
}

async fn goes_on(w: &W, tag: TrunkTag, caller: &Caller) {
    let node = campaign_node::of(w, caller.id);
    node.die(w);
    let from = w.time();
    pause(w, GOES_ON_MS).await;
    if w.oracle.campaign_rang(caller.id, from, w.time()) == 0 {
        let what = "a campaign does not go on after a crash".into();
        w.oracle.fail(Some(tag), None, what);
    }
}
