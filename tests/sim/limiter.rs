//! Those who set contact limits, changing them again and again, and none at the end.

use std::rc::Rc;

use audatec::domain::ids::{AgentId, TrunkId};
use serde_json::{Value, json};

use crate::clients::{Ask, Org, ask};
use crate::executor::Owner;
use crate::operator;
use crate::ports::pause;
use crate::world::W;

/// A limit, as those know it who set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// So many within an hour.
    Hour(usize),
    /// So many on a day.
    Day(usize),
    /// So many milliseconds between two.
    Gap(u64),
}

impl Limit {
    fn json(self) -> Value {
        match self {
            Self::Hour(most) => json!({"max_dials": most, "per": "hour"}),
            Self::Day(most) => json!({"max_dials": most, "per": "day"}),
            Self::Gap(ms) => json!({"min_gap_seconds": ms / 1_000}),
        }
    }
}

/// Changes the organisation's limits, or an agent's own, every so often while the world is open.
pub fn work(w: &W, org: Rc<Org>, every: u64) {
    let world = Rc::clone(w);
    w.tasks.spawn(Owner::Client, async move {
        while world.is_open.get() {
            let agents = org.agents.borrow().clone();
            let agent = world.aside.pick(&agents).copied();
            let whose = agent.filter(|_| world.aside.hits(400));
            let limits = draw(&world);
            set(&world, &org, whose, &limits).await;
            pause(&world, world.aside.between(every, every * 3)).await;
        }
    });
}

fn draw(w: &W) -> Vec<Limit> {
    let few = w.aside.between(1, 4) as usize;
    match w.aside.below(6) {
        0 => vec![],
        1 | 2 => vec![Limit::Hour(few)],
        3 => vec![Limit::Day(few)],
        4 => vec![Limit::Gap(w.aside.between(1, 30) * 1_000)],
        _ => vec![Limit::Hour(few * 2), Limit::Gap(2_000)],
    }
}

/// Sets them; whether they hold is not known when nobody says so.
async fn set(w: &W, org: &Org, whose: Option<AgentId>, limits: &[Limit]) -> bool {
    let all: Vec<Value> = limits.iter().map(|limit| limit.json()).collect();
    let body = json!({ "contact_limits": all });
    w.oracle.limits_change(org.id, whose);
    let is_set = operator::change_rules(w, org, whose, body).await;
    if is_set {
        w.oracle.limits_hold(w, org.id, whose, limits.to_vec());
    }
    is_set
}

/// From now on numbers may be called as often as one likes: those of all calls, or of each agent's own.
pub async fn lift(w: &W, org: &Org) {
    let agents = org.agents.borrow().clone();
    for whose in agents.into_iter().map(Some).chain([None]) {
        for _ in 0..20 {
            if set(w, org, whose, &[]).await {
                break;
            }
        }
    }
}

/// After all is over each number may be dialed as often as it may: it was not counted more often than it was called, by all and
/// by one agent. But where the clock leapt over all the time that is given to a request on its way, which then takes a place that
/// was given back long ago.
pub async fn nothing_is_lost(w: &W, org: &Org) {
    if w.has_leapt.get() {
        return;
    }
    let Some((line, agent)) = org
        .lines
        .borrow()
        .iter()
        .find(|line| !line.deleted.get() && !line.leaving.get())
        .map(|line| line.id)
        .zip(org.agents.borrow().first().copied())
    else {
        return;
    };
    for whose in [None, Some(agent)] {
        for (number, counted) in w.oracle.dials_by_number(org.id, whose) {
            if counted < 100 {
                is_not_lost(w, org, (line, agent), whose, (&number, counted)).await;
            }
        }
        let path = whose.map_or("/settings".into(), |agent| format!("/agents/{agent}"));
        let none = Some(json!({"contact_limits": null}));
        ask(w, Ask::send("PATCH", path, &org.owner, none)).await;
    }
}

async fn is_not_lost(
    w: &W,
    org: &Org,
    (line, agent): (TrunkId, AgentId),
    whose: Option<AgentId>,
    (number, counted): (&str, usize),
) {
    let path = whose.map_or("/settings".into(), |agent| format!("/agents/{agent}"));
    let limits = json!([{"max_dials": counted + 1, "per": "week"}]);
    let body = json!({ "contact_limits": limits });
    let heard = ask(w, Ask::send("PATCH", path, &org.owner, Some(body))).await;
    if heard.is_none_or(|heard| heard.status != 200) {
        return;
    }
    let body = json!({
        "phone_number": number, "agent_id": agent, "sip_trunk_id": line, "dry_run": true,
        "metadata": {"customer_name": "Rahul Sharma"},
    });
    let request = Ask::send("POST", "/calls".into(), &org.owner, Some(body));
    let Some(heard) = ask(w, request).await else {
        return;
    };
    let json = heard.json();
    if heard.status == 409 && json["error"] == "Contact limit reached" {
        let what = format!(
            "{number} was dialed {counted} times at most, by {whose:?}, and more were counted: {json}"
        );
        w.oracle.fail(Some(line.tag()), None, what);
    }
}
