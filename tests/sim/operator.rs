//! Those who configure limits, agents, keys, secrets and trunks, one thing after another.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use audatec::domain::ids::{AgentId, KeyId, TrunkId};
use audatec::domain::time::Span;
use serde_json::{Value, json};

use crate::clients::{Ask, Heard, Key, Line, Org, ask};
use crate::executor::Owner;
use crate::livekit::{API_KEY, API_SECRET};
use crate::oracle::{Limits, Rotation};
use crate::ports::pause;
use crate::receivers;
use crate::world::W;

/// How long a request may linger whose answer was lost.
const LINGERS_MS: u64 = 12_000;
/// The same of one that changes rules, which each trunk is told of.
const RULES_LINGER_MS: u64 = 45_000;

/// Founds an organisation: agents, trunks, keys. Nothing goes wrong yet.
pub async fn found(w: &W, number: u64) {
    let Some(org) = found_bare(w, number).await else {
        return;
    };
    for _ in 0..w.rng.between(1, 2) {
        create_trunk(w, &org).await;
    }
    w.orgs.borrow_mut().push(org);
}

/// Founds one that has no trunk yet.
pub async fn found_bare(w: &W, number: u64) -> Option<Rc<Org>> {
    let body = Some(json!({"name": format!("Organisation {number}")}));
    let heard = ask(
        w,
        Ask::send("POST", "/platform/v1/orgs".into(), "platform-token", body),
    )
    .await;
    let founded = heard.map(|heard| heard.json())?;
    let (Some(id), Some(owner)) = (
        founded["org"]["id"].as_str().and_then(|id| id.parse().ok()),
        founded["owner_key"].as_str(),
    ) else {
        w.oracle
            .fail(None, None, "an organisation can't be founded".into());
        return None;
    };
    w.oracle
        .secret(id, founded["webhook_secret"].as_str().unwrap_or_default());
    let org = Rc::new(Org {
        id,
        owner: owner.to_owned(),
        keys: RefCell::default(),
        agents: RefCell::default(),
        lines: RefCell::default(),
        calls: RefCell::default(),
    });
    for _ in 0..w.rng.between(1, 2) {
        create_agent(w, &org).await;
        create_key(w, &org).await;
    }
    Some(org)
}

/// Changes something every so often, while the world is open.
pub fn work(w: &W, org: Rc<Org>, every: u64) {
    let world = Rc::clone(w);
    w.tasks.spawn(Owner::Client, async move {
        loop {
            pause(&world, world.rng.between(1, every * 2)).await;
            if !world.is_open.get() {
                return;
            }
            change(&world, &org).await;
        }
    });
}

async fn change(w: &W, org: &Rc<Org>) {
    match w.rng.below(12) {
        0..=2 => limit(w, org).await,
        3 | 4 => rest(w, org).await,
        5 => create_key(w, org).await,
        6 | 7 => revoke_key(w, org).await,
        8 => rotate(w, org).await,
        9 => test_event(w, org).await,
        10 => create_trunk(w, org).await,
        _ => delete_trunk(w, org).await,
    }
}

fn draw_limits(w: &W) -> Limits {
    Limits {
        max_cps: w.rng.between(1, 5) as u32,
        max_channels: w.rng.between(1, 6) as u32,
        active: !w.rng.hits(150),
        per_day: w.aside.hits(300).then(|| w.aside.between(1, 25) as u32),
    }
}

async fn limit(w: &W, org: &Org) {
    let Some(line) = w.rng.pick(&org.lines.borrow()).cloned() else {
        return;
    };
    if !line.deleted.get() {
        set_limits(w, org, &line, draw_limits(w)).await;
    }
}

/// Changes a trunk; `false` when nobody knows whether it changed.
pub async fn set_limits(w: &W, org: &Org, line: &Line, limits: Limits) -> bool {
    let tag = line.id.tag();
    w.oracle.limits(tag, limits, false);
    let status = if limits.active { "active" } else { "inactive" };
    let body = json!({"max_cps": limits.max_cps, "max_channels": limits.max_channels, "status": status, "max_calls_per_day": limits.per_day});
    let heard = ask(
        w,
        Ask::send(
            "PATCH",
            format!("/sip-trunks/{}", line.id),
            &org.owner,
            Some(body),
        ),
    )
    .await;
    let done = heard.is_some_and(|heard| heard.status == 200);
    match done {
        true => {
            w.oracle.limits(tag, limits, true);
            line.limits.set(limits);
        }
        false => pause(w, LINGERS_MS).await,
    }
    done
}

async fn rest(w: &W, org: &Org) {
    let Some(agent) = w.rng.pick(&org.agents.borrow()).copied() else {
        return;
    };
    let _ = set_agent(w, org, agent, !w.rng.hits(250)).await;
}

/// Activates or deactivates an agent.
pub async fn set_agent(w: &W, org: &Org, agent: AgentId, active: bool) -> bool {
    w.oracle.agent(agent, active, false);
    let body = json!({"status": if active { "active" } else { "inactive" }});
    let heard = ask(
        w,
        Ask::send("PATCH", format!("/agents/{agent}"), &org.owner, Some(body)),
    )
    .await;
    let done = heard.is_some_and(|heard| heard.status == 200);
    match done {
        true => w.oracle.agent(agent, active, true),
        false => pause(w, LINGERS_MS).await,
    }
    done
}

/// Changes rules of an organisation's, or of an agent's own, again and again until that is answered; `false` when nobody knows
/// whether they changed.
pub async fn change_rules(w: &W, org: &Org, agent: Option<AgentId>, body: Value) -> bool {
    let path = agent.map_or("/settings".into(), |agent| format!("/agents/{agent}"));
    for tries in 0..6 {
        let request = Ask::send("PATCH", path.clone(), &org.owner, Some(body.clone()));
        let heard = ask(w, request).await;
        let is_set = heard.is_some_and(|heard| heard.status == 200);
        if !is_set || tries > 0 {
            // One that was not answered may come later.
            pause(w, RULES_LINGER_MS).await;
        }
        if is_set {
            return true;
        }
    }
    false
}

async fn create_agent(w: &W, org: &Org) {
    let body = json!({"name": "Agent", "agent_code": "agent-v1", "input_schema": {"fields": ["customer_name"], "sample_context": {"customer_name": "Rahul"}}});
    if let Some(agent) = created::<AgentId>(w, org, "/agents", body).await {
        org.agents.borrow_mut().push(agent.0);
    }
}

/// Creates a key that places calls.
pub async fn create_key(w: &W, org: &Org) {
    // Calling hours are for an admin's key to ignore.
    let role = if w.keeps_hours { "admin" } else { "member" };
    let body = json!({"name": "Integration", "role": role});
    if let Some((id, json)) = created::<KeyId>(w, org, "/api-keys", body).await {
        let text = json["key"].as_str().unwrap_or_default().to_owned();
        org.keys.borrow_mut().push(Key { text, id });
    }
}

async fn create_trunk(w: &W, org: &Org) {
    if org.lines.borrow().len() > 3 {
        return;
    }
    let limits = Limits {
        active: true,
        ..draw_limits(w)
    };
    let carrier = match w.rng.hits(500) {
        true => json!({"type": "simulator"}),
        false => {
            json!({"type": "livekit", "url": "https://livekit.example.com", "api_key": API_KEY, "api_secret": API_SECRET, "sip_trunk_id": "ST_1"})
        }
    };
    add_trunk(w, org, limits, carrier).await;
}

/// Creates a trunk over a carrier.
pub async fn add_trunk(w: &W, org: &Org, limits: Limits, carrier: Value) {
    let body = json!({"name": "Trunk", "trunk_phone": "+918069000000", "max_cps": limits.max_cps, "max_channels": limits.max_channels, "max_calls_per_day": limits.per_day, "carrier": carrier});
    if let Some((id, _)) = created::<TrunkId>(w, org, "/sip-trunks", body).await {
        w.oracle.limits(id.tag(), limits, true);
        org.lines.borrow_mut().push(Rc::new(Line {
            id,
            limits: Cell::new(limits),
            deleted: Cell::new(false),
            leaving: Cell::new(false),
        }));
    }
}

/// Creates something, with a name of its own; half of the time under an `Idempotency-Key`, and then again and again until
/// there is an answer, and sometimes once more.
async fn created<T: std::str::FromStr>(
    w: &W,
    org: &Org,
    path: &str,
    mut body: Value,
) -> Option<(T, Value)> {
    let nonce = w.nonces.get() + 1;
    w.nonces.set(nonce);
    body["name"] = format!("{} {nonce}", body["name"].as_str().unwrap_or_default()).into();
    let once = w.rng.hits(500).then(|| format!("create-{nonce}"));
    let mut first: Option<Heard> = None;
    for _ in 0..6 {
        let request = Ask {
            idempotency: once.clone(),
            ..Ask::send("POST", path.into(), &org.owner, Some(body.clone()))
        };
        let heard = ask(w, request).await;
        if once.is_none() {
            first = heard;
            break;
        }
        match heard.filter(|heard| !matches!(heard.status, 409 | 502 | 503)) {
            None => pause(w, w.rng.between(100, 3_000)).await,
            Some(heard) => {
                let before = first.get_or_insert_with(|| heard.clone());
                if before.bytes != heard.bytes {
                    let [one, other] = [&*before, &heard].map(|heard| heard.json());
                    let what = format!("one Idempotency-Key, two answers: {one} and {other}");
                    w.oracle.fail(None, None, what);
                }
                if heard.status != 201 || !w.rng.hits(300) {
                    break;
                }
                pause(w, w.rng.between(1, 3_000)).await;
            }
        }
    }
    let made = first.filter(|heard| heard.status == 201)?;
    Some((made.id("id")?, made.json()))
}

/// What was asked for once is there once at most: each was asked for under another name.
pub async fn count_what_was_created(w: &W, org: &Org) {
    for (path, field) in [
        ("/agents?include=inactive", "agents"),
        ("/sip-trunks?include=inactive", "sip_trunks"),
        ("/api-keys?limit=100", "api_keys"),
    ] {
        let Some(heard) = ask(w, Ask::get(path.into(), &org.owner)).await else {
            return w
                .oracle
                .fail(None, None, format!("at rest {path} is not answered"));
        };
        let list = heard.json();
        let mut names: Vec<&str> = list[field]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|thing| thing["name"].as_str())
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        // A trunk can be deleted without anybody knowing.
        let may_be_none = field == "sip_trunks";
        if names.len() != all || (all == 0 && !may_be_none) {
            let what = format!("{all} {field} have {} names: {names:?}", names.len());
            w.oracle.fail(None, None, what);
        }
    }
}

/// A key is revoked; those who use it do not know it.
async fn revoke_key(w: &W, org: &Org) {
    let Some(key) = w.rng.pick(&org.keys.borrow()).cloned() else {
        return;
    };
    let heard = ask(
        w,
        Ask::send("DELETE", format!("/api-keys/{}", key.id), &org.owner, None),
    )
    .await;
    if heard.is_some_and(|heard| matches!(heard.status, 204 | 404)) {
        w.note(None, || format!("key {} is revoked", key.id));
        w.oracle.revoked(key.id);
        let mut keys = org.keys.borrow().clone();
        if keys
            .iter()
            .filter(|key| w.oracle.is_revoked(key.id))
            .count()
            > 2
        {
            keys.retain(|key| !w.oracle.is_revoked(key.id));
        }
        *org.keys.borrow_mut() = keys;
        create_key(w, org).await;
    }
}

async fn rotate(w: &W, org: &Org) {
    let overlap = match w.rng.hits(250) {
        true => 0,
        false => w.rng.below(100),
    };
    let body = Some(json!({"overlap_seconds": overlap}));
    let (old, asked) = (w.oracle.newest_secret(org.id), w.clock());
    w.oracle.rotates(org.id);
    let heard = ask(
        w,
        Ask::send("POST", "/webhooks/secret/rotate".into(), &org.owner, body),
    )
    .await;
    let heard = heard.filter(|heard| heard.status == 200);
    let new = heard.and_then(|heard| Some(heard.json()["secret"].as_str()?.to_owned()));
    if let Some(secret) = &new {
        w.oracle.secret(org.id, secret);
    }
    let rotation = new.map(|new| Rotation {
        old,
        new,
        asked,
        answered: w.clock(),
        overlap: Span::from_secs(overlap),
    });
    w.oracle.rotated(org.id, rotation);
}

async fn test_event(w: &W, org: &Org) {
    let body = Some(json!({"url": receivers::url(w, "flaky", w.rng.next())}));
    let _ = ask(
        w,
        Ask::send("POST", "/webhooks/test".into(), &org.owner, body),
    )
    .await;
}

async fn delete_trunk(w: &W, org: &Org) {
    let lines: Vec<Rc<Line>> = org
        .lines
        .borrow()
        .iter()
        .filter(|line| !line.deleted.get())
        .cloned()
        .collect();
    if lines.len() < 2 {
        return;
    }
    let Some(line) = w.rng.pick(&lines) else {
        return;
    };
    let gone = Limits {
        active: false,
        ..line.limits.get()
    };
    w.oracle.limits(line.id.tag(), gone, false);
    line.leaving.set(true);
    let heard = ask(
        w,
        Ask::send(
            "DELETE",
            format!("/sip-trunks/{}", line.id),
            &org.owner,
            None,
        ),
    )
    .await;
    match heard {
        Some(Heard { status: 204, .. }) => {
            line.deleted.set(true);
            w.oracle.is_deleted(w, line.id.tag());
            w.oracle.limits(line.id.tag(), gone, true);
        }
        Some(Heard { status: 409, .. }) => line.leaving.set(false),
        _ => pause(w, LINGERS_MS).await,
    }
}
