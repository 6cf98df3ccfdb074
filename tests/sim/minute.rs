//! When all is at rest again: two campaigns on a trunk of their own, for a minute. They keep it busy, share it evenly, and go on
//! after a crash.

use std::rc::Rc;

use audatec::domain::campaign::Plan;
use audatec::domain::ids::TrunkTag;
use serde_json::json;

use crate::campaign_node;
use crate::campaigner::{Caller, draft, everybody};
use crate::clients::Org;
use crate::executor::Owner;
use crate::operator;
use crate::oracle::Limits;
use crate::ports::pause;
use crate::world::W;

/// Until then they find their shares.
const BEGINS_MS: u64 = 5_000;
const MINUTE_MS: u64 = 60_000;
/// How often it is looked what they hold.
const LOOKS_MS: u64 = 200;
/// After a crash one goes on by then.
const GOES_ON_MS: u64 = 30_000;
/// People on each list: none of them is through within the minute.
const PEOPLE: usize = 420;

/// Lives through it, in some worlds.
pub fn lived(w: &W) {
    let org = w.orgs.borrow().first().cloned();
    let Some(org) = org.filter(|_| w.people.hits(300)) else {
        return;
    };
    let world = Rc::clone(w);
    w.tasks
        .spawn(Owner::Client, async move { minute(&world, &org).await });
    while w.turn() {}
    w.oracle.judge_the_campaigns(w);
}

async fn minute(w: &W, org: &Rc<Org>) {
    let limits = Limits {
        max_cps: w.people.between(2, 5) as u32,
        max_channels: w.people.between(2, 12) as u32,
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
    for _ in 0..2 {
        let plan = Plan {
            name: "Everybody".into(),
            agent,
            trunk: line.id,
            callback_url: None,
            completion_url: None,
            not_before: None,
            not_after: None,
            hours: None,
            redial: None,
            max_channels: None,
            max_cps: None,
        };
        let Some(caller) = draft(w, org, Rc::clone(&line), plan).await else {
            return;
        };
        caller.add(w, everybody(w, PEOPLE)).await;
        callers.push(caller);
    }
    for caller in &callers {
        let _ = caller.start(w, &key).await;
    }
    pause(w, BEGINS_MS).await;
    let from = w.time();
    let mut held = [0, 0];
    while w.time() < from + MINUTE_MS {
        for (held, caller) in held.iter_mut().zip(&callers) {
            *held += w.oracle.campaign_holds(w, caller.id);
        }
        pause(w, LOOKS_MS).await;
    }
    let rang = [0, 1].map(|nth: usize| w.oracle.campaign_rang(callers[nth].id, from, w.time()));
    judge(w, line.id.tag(), limits, rang, held);
    goes_on(w, line.id.tag(), &callers[0]).await;
    for caller in &callers {
        let _ = caller.cancel(w).await;
    }
}

/// What binds is used, and evenly.
fn judge(w: &W, tag: TrunkTag, limits: Limits, rang: [usize; 2], held: [usize; 2]) {
    let looks = (MINUTE_MS / LOOKS_MS) as usize;
    let of = |used: [usize; 2], most: usize| (used[0] + used[1]) * 1_000 / most;
    let channels = of(held, looks * limits.max_channels as usize);
    let rate = of(rang, 60 * limits.max_cps as usize);
    if channels < 950 && rate < 950 {
        let what = format!(
            "two campaigns leave a trunk idle: {channels} ‰ of its channels and {rate} ‰ of its rate of {limits:?} are used"
        );
        return w.oracle.fail(Some(tag), None, what);
    }
    let [one, other] = if rate >= 950 { rang } else { held };
    // Within a minute whoever began later catches up, and calls are few: what is worse than that is no even share.
    let most = one.max(other);
    if (most - one.min(other)) * 4 > most.max(12) {
        let what =
            format!("two campaigns share unevenly: {rang:?} dials, {held:?} held, {limits:?}");
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
