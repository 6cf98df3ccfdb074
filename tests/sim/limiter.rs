//! Those who say how often a number may be called: now so, now otherwise, and nothing at the end.

use std::rc::Rc;

use serde_json::{Value, json};

use crate::clients::{Ask, Org, ask};
use crate::executor::Owner;
use crate::ports::pause;
use crate::world::W;

/// How long a request may linger whose answer was lost.
const LINGERS_MS: u64 = 45_000;

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

/// Changes the organisation's limits every so often, while the world is open.
pub fn work(w: &W, org: Rc<Org>, every: u64) {
    let world = Rc::clone(w);
    w.tasks.spawn(Owner::Client, async move {
        while world.is_open.get() {
            let limits = draw(&world);
            set(&world, &org, &limits).await;
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
pub async fn set(w: &W, org: &Org, limits: &[Limit]) -> bool {
    let all: Vec<Value> = limits.iter().map(|limit| limit.json()).collect();
    let body = json!({ "contact_limits": all });
    w.oracle.limits_change(org.id);
    for tries in 0..6 {
        let request = Ask::send("PATCH", "/settings".into(), &org.owner, Some(body.clone()));
        let heard = ask(w, request).await;
        let is_set = heard.is_some_and(|heard| heard.status == 200);
        if !is_set || tries > 0 {
            // One that was not answered may come later.
            pause(w, LINGERS_MS).await;
        }
        if is_set {
            w.oracle.limits_hold(w, org.id, limits.to_vec());
            return true;
        }
    }
    false
}

/// After all is over each number may be dialed as often as it may: it was not counted more often than it was called. But where the
/// clock leapt over all the time that is given to a request on its way, which then takes a place that was given back long ago.
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
    for (number, counted) in w.oracle.dials_by_number(org.id) {
        if counted >= 100 {
            continue;
        }
        let limits = json!([{"max_dials": counted + 1, "per": "week"}]);
        let body = json!({ "contact_limits": limits });
        let request = Ask::send("PATCH", "/settings".into(), &org.owner, Some(body));
        if ask(w, request)
            .await
            .is_none_or(|heard| heard.status != 200)
        {
            continue;
        }
        let body = json!({
            "phone_number": number, "agent_id": agent, "sip_trunk_id": line, "dry_run": true,
            "metadata": {"customer_name": "Rahul Sharma"},
        });
        let request = Ask::send("POST", "/calls".into(), &org.owner, Some(body));
        let Some(heard) = ask(w, request).await else {
            continue;
        };
        let json = heard.json();
        if heard.status == 409 && json["error"] == "Contact limit reached" {
            let what = format!(
                "{number} was dialed {counted} times at most, and more were counted: {json}"
            );
            w.oracle.fail(Some(line.tag()), None, what);
        }
    }
}
