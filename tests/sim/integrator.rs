//! Those who place calls.

use std::rc::Rc;

use audatec::app::iso8601;
use audatec::domain::call::LONGEST_UNASKED;
use audatec::domain::ids::CallId;
use audatec::domain::sandbox::TEST_NUMBERS;
use audatec::domain::time::{Span, Timestamp};
use serde_json::{Value, json};

use crate::clients::{Ask, Heard, Key, Org, ask};
use crate::executor::Owner;
use crate::hours;
use crate::oracle::{Intent, Redial};
use crate::ports::pause;
use crate::receivers;
use crate::world::W;

/// Any request is read by then, whatever leaps.
const READ_BY: Span = Span::from_secs(86_400);
/// For so long attempts follow each other if nobody says until when.
const LASTS_UNASKED: Span = Span::from_secs(7 * 86_400);

/// From when on a call may be dialed, and until when.
type Time = Option<(Timestamp, Timestamp)>;

/// Does something every so often, while the world is open.
pub fn work(w: &W, org: Rc<Org>, every: u64) {
    w.after(w.rng.between(1, every * 2), move |w| {
        if !w.is_open.get() {
            return;
        }
        let (world, us) = (Rc::clone(w), Rc::clone(&org));
        w.tasks
            .spawn(Owner::Client, async move { act(&world, &us).await });
        work(w, org, every);
    });
}

async fn act(w: &W, org: &Rc<Org>) {
    let Some(key) = w.rng.pick(&org.keys.borrow()).cloned() else {
        return;
    };
    let call = w.rng.pick(&org.calls.borrow()).copied();
    match (w.rng.below(100), call) {
        (0..55, _) | (_, None) => trigger(w, org, &key).await,
        (55..65, Some(call)) => poll(w, org, &key, call).await,
        (65..72, Some(call)) => read(w, org, &key, call).await,
        (72..78, Some(call)) => stop(w, &key.text, format!("/calls/{call}/cancel"), call).await,
        (78..82, Some(call)) => release(w, org, call).await,
        (82..88, _) => live(w, org).await,
        (88..92, _) => lists(w, org, &key),
        (92..96, _) => redeliver(w, org).await,
        (_, Some(call)) => snoop(w, org, call).await,
    }
}

/// Several ask for calls within a moment.
pub fn rush(w: &W, org: &Rc<Org>, within: u64) {
    for _ in 0..8 {
        let us = Rc::clone(org);
        w.after(w.clocks.below(within.max(1)), move |w| {
            let key = w.clocks.pick(&us.keys.borrow()).cloned();
            if let Some(key) = key.filter(|_| w.is_open.get()) {
                let world = Rc::clone(w);
                w.tasks.spawn(
                    Owner::Client,
                    async move { trigger(&world, &us, &key).await },
                );
            }
        });
    }
}

async fn trigger(w: &W, org: &Org, key: &Key) {
    let nonce = w.nonces.get() + 1;
    w.nonces.set(nonce);
    let (Some(line), Some(agent)) = (
        w.rng.pick(&org.lines.borrow()).cloned(),
        w.rng.pick(&org.agents.borrow()).copied(),
    ) else {
        return;
    };
    let mut number = w
        .rng
        .pick(&TEST_NUMBERS)
        .map_or("+919876543210", |row| row.number);
    // The day of a contact limit is that of the sandbox's numbers here.
    let is_anywhere = w.keeps_hours && !w.limits_contacts;
    if is_anywhere && w.clocks.hits(250) {
        number = hours::elsewhere(w);
    }
    let (once, dry_run, queue) = (w.rng.hits(400), w.rng.hits(50), w.rng.hits(250));
    let intent = Intent::new(once, dry_run, queue);
    let mut body = json!({
        "phone_number": number,
        "agent_id": agent,
        "sip_trunk_id": line.id,
        "metadata": {"customer_name": "Rahul Sharma", "nonce": nonce},
    });
    if w.rng.hits(700) {
        let name = w.rng.pick(&receivers::NAMES).copied().unwrap_or("good");
        body["callback_url"] = receivers::url(w, name, nonce).into();
    }
    if queue {
        body["on_capacity"] = "queue".into();
        body["max_wait_seconds"] = w.rng.pick(&[1, 3, 20, 100]).copied().into();
    }
    if dry_run {
        body["dry_run"] = true.into();
    }
    let window = later(w, &mut body);
    let (window, redial) = again(w, &mut body, window);
    let zone = (is_anywhere && w.clocks.hits(400)).then(|| hours::zone(w));
    let ignores_hours = w.keeps_hours && w.clocks.hits(60);
    if let Some(zone) = zone {
        body["time_zone"] = hours::name(zone).into();
    }
    if ignores_hours {
        body["ignore_calling_hours"] = true.into();
    }
    let intent = intent
        .within(window)
        .again(redial)
        .by_hours(zone, ignores_hours);
    w.oracle.intends(nonce, intent);
    insist(w, org, key, body, once.then(|| format!("order-{nonce}"))).await;
}

/// Where calls are asked for that are dialed later, some are: from when on, and until when.
fn later(w: &W, body: &mut Value) -> Time {
    if !w.schedules || !w.chance.hits(400) {
        return None;
    }
    let one = |of: &[u64]| Span(w.chance.pick(of).copied().unwrap_or_default());
    let (begins, lasts) = (
        w.clock() + one(&[0, 300, 2_000, 10_000, 60_000, 700_000]),
        one(&[1_000, 4_000, 20_000, 100_000]),
    );
    body["not_before"] = iso8601::format(begins).into();
    if w.chance.hits(800) {
        body["not_after"] = iso8601::format(begins + lasts).into();
        return Some((begins, begins + lasts));
    }
    // A beginning that is past by the time it is read means then: clocks leap, and a request may come late. Then it waits for
    // an opening like any other.
    body["max_wait_seconds"] = lasts.as_secs().into();
    let read_by = if w.keeps_hours {
        LONGEST_UNASKED
    } else {
        READ_BY
    };
    Some((begins, begins + lasts + read_by))
}

/// Where calls are asked for that are dialed later, some want to be called again; fewer where calling hours are kept.
fn again(w: &W, body: &mut Value, window: Time) -> (Time, Option<Redial>) {
    let rate = if w.keeps_hours { 150 } else { 300 };
    if !w.schedules || !w.chance.hits(rate) {
        return (window, None);
    }
    let one = |of: &[u64]| w.chance.pick(of).copied().unwrap_or_default();
    let redial = Redial {
        most: one(&[2, 2, 3, 4]) as u32,
        on: match w.chance.hits(300) {
            true => vec!["no_answer"],
            false => vec![
                "busy",
                "declined",
                "no_answer",
                "unreachable",
                "carrier_error",
                "dialer_unavailable",
                "agent_unavailable",
            ],
        },
        waits: vec![one(&[1, 3, 20]), one(&[1, 10, 60])],
    };
    body["redial"] =
        json!({"max_attempts": redial.most, "on": redial.on, "wait_seconds": redial.waits});
    let now = w.clock();
    let says_no_end = body["not_after"].is_null();
    let window = window.map(|(from, until)| match says_no_end {
        true => (from, until.max(from + LASTS_UNASKED + READ_BY)),
        false => (from, until),
    });
    let window = window.unwrap_or_else(|| {
        let until = now + Span(one(&[20_000, 100_000, 1_000_000]));
        body["not_after"] = iso8601::format(until).into();
        (now, until)
    });
    (Some(window), Some(redial))
}

/// Asks until there is an answer that settles it. Without an `Idempotency-Key` nobody asks twice
/// after an answer was lost.
pub async fn insist(w: &W, org: &Org, key: &Key, body: Value, once: Option<String>) {
    let mut first = None;
    for _ in 0..6 {
        let was_revoked = w.oracle.is_revoked(key.id);
        let idempotency = once.clone();
        let (asked, shown) = (w.time(), w.clock().0);
        let request = Ask {
            idempotency,
            ..Ask::send("POST", "/calls".into(), &key.text, Some(body.clone()))
        };
        let heard = ask(w, request).await;
        if let Some(heard) = heard.as_ref().filter(|_| once.is_none()) {
            let asked = (asked, shown);
            w.oracle
                .answered_by_hours(w, org.id, &body, asked, &heard.json());
        }
        let again_in = match &heard {
            // A replay starts nothing, and a deleted trunk's object hears of no revocation: it may still answer one.
            Some(Heard { status: 201, .. }) if was_revoked && once.is_none() => {
                return w
                    .oracle
                    .fail(None, None, "a revoked key placed a call".into());
            }
            Some(heard) if heard.status == 201 => {
                promised(w, org, heard, &mut first);
                let number = body["phone_number"].as_str().unwrap_or_default();
                if let Some(call) = first.filter(|_| once.is_none()) {
                    w.oracle.accepted_to(org.id, number, asked, call);
                }
                match once.is_some() && w.rng.hits(250) {
                    true => w.rng.between(1, 3_000),
                    false => return think_again(w, key, first).await,
                }
            }
            Some(heard) if heard.status == 429 && w.rng.hits(400) => {
                heard.retry_after_secs.min(5) * 1_000
            }
            Some(Heard {
                status: 502 | 503, ..
            })
            | None
                if once.is_some() =>
            {
                w.rng.between(100, 3_000)
            }
            Some(Heard { status: 422, .. }) => {
                return w
                    .oracle
                    .fail(None, None, "the same request was taken for another".into());
            }
            _ => return,
        };
        pause(w, again_in).await;
    }
}

/// Now and then somebody wants it back at once, when its agent may be on the way.
async fn think_again(w: &W, key: &Key, call: Option<CallId>) {
    if let Some(call) = call.filter(|_| w.rng.hits(60)) {
        pause(w, w.rng.between(1, 10_000)).await;
        stop(w, &key.text, format!("/calls/{call}/cancel"), call).await;
    }
}

/// A 201: the call is there, and it is the one that was promised before.
fn promised(w: &W, org: &Org, heard: &Heard, first: &mut Option<CallId>) {
    let Some(call) = heard.id::<CallId>("call_id") else {
        return w.oracle.fail(None, None, "a 201 without a call_id".into());
    };
    w.oracle.promised(call);
    let before = *first.get_or_insert(call);
    if before != call && !w.oracle.has_left(before) {
        w.oracle.fail(
            Some(call.address().tag),
            Some(call),
            format!("one request, two calls: {before} and {call}"),
        );
    }
    org.calls.borrow_mut().push(call);
}

async fn poll(w: &W, org: &Org, key: &Key, call: CallId) {
    let (was_revoked, was_final) = (w.oracle.is_revoked(key.id), w.oracle.is_final(call));
    let heard = ask(w, Ask::get(format!("/calls/{call}/status"), &key.text)).await;
    match heard {
        Some(heard) if heard.status == 200 => {
            w.oracle.status(call, &heard.bytes, was_final);
            // A trunk that was deleted hears of no revocation: there a copy may vouch for a minute.
            let has_trunk = org
                .lines
                .borrow()
                .iter()
                .any(|line| line.id.tag() == call.address().tag && !line.leaving.get());
            if was_revoked && has_trunk {
                w.oracle
                    .fail(None, Some(call), "a revoked key read a call".into());
            }
        }
        Some(Heard { status: 404, .. }) => forgotten(w, call),
        _ => {}
    }
}

async fn read(w: &W, org: &Org, key: &Key, call: CallId) {
    match ask(w, Ask::get(format!("/calls/{call}"), &key.text)).await {
        Some(heard) if heard.status == 200 => {
            w.oracle.detail(w, call, &heard.json());
            // Who sees that another attempt follows may look at it, or cancel it.
            if let Some(next) = heard.json()["redial"]["next_call_id"].as_str() {
                org.calls.borrow_mut().extend(next.parse::<CallId>());
            }
        }
        Some(Heard { status: 404, .. }) => forgotten(w, call),
        _ => {}
    }
}

fn forgotten(w: &W, call: CallId) {
    if w.oracle.has_left(call) {
        return;
    }
    w.oracle.fail(
        Some(call.address().tag),
        Some(call),
        "a promised call is not there".into(),
    );
}

async fn stop(w: &W, key: &str, path: String, call: CallId) {
    let was_final = w.oracle.is_final(call);
    let heard = ask(w, Ask::send("POST", path, key, None)).await;
    match heard {
        Some(heard) if heard.status == 200 => {
            // A conversation waits for its agent's report.
            let json = heard.json();
            if json["is_terminal"] != true && json["end_timestamp"].is_null() {
                let text = "it was stopped, and is not over".to_owned();
                w.oracle.fail(None, Some(call), text);
            }
            w.oracle.status(call, &heard.bytes, was_final)
        }
        Some(Heard { status: 404, .. }) => forgotten(w, call),
        _ => {}
    }
}

async fn release(w: &W, org: &Org, call: CallId) {
    let line = org
        .lines
        .borrow()
        .iter()
        .find(|line| line.id.tag() == call.address().tag)
        .cloned();
    let Some(line) = line.filter(|line| !line.deleted.get()) else {
        return;
    };
    let path = format!("/sip-trunks/{}/live/{call}/release", line.id);
    // The list of trunks may be a minute old, and not know this one yet.
    let _ = ask(w, Ask::send("POST", path, &org.owner, None)).await;
}

async fn live(w: &W, org: &Org) {
    let Some(line) = w.rng.pick(&org.lines.borrow()).cloned() else {
        return;
    };
    let _ = ask(
        w,
        Ask::get(format!("/sip-trunks/{}/live", line.id), &org.owner),
    )
    .await;
}

/// Somebody reads the calls, page by page; at times others do so at the same moment.
fn lists(w: &W, org: &Rc<Org>, key: &Key) {
    let viewers = if w.rng.hits(250) { 6 } else { 1 };
    for _ in 0..viewers {
        let (world, us, key) = (Rc::clone(w), Rc::clone(org), key.text.clone());
        let limit = w.rng.pick(&[3, 20, 20, 60]).copied().unwrap_or(20);
        let pages = w.rng.between(1, 3);
        w.tasks.spawn(Owner::Client, async move {
            list(&world, &us, &key, limit, pages).await;
        });
    }
}

/// Reads so many pages of the calls, as far as they are answered; returns their ids.
async fn list(w: &W, org: &Org, key: &str, limit: u64, pages: u64) -> Vec<CallId> {
    let (mut ids, mut cursor) = (Vec::<CallId>::new(), String::new());
    let mut there = w.oracle.listed(w, org.id);
    for _ in 0..pages {
        let path = format!("/calls?limit={limit}{cursor}");
        let heard = ask(w, Ask::get(path, key)).await;
        let Some(heard) = heard.filter(|heard| heard.status == 200) else {
            break;
        };
        let page = heard.json();
        let below = ids.last().copied();
        let found = w.oracle.page_of_calls(org.id, &there, below, &page);
        // While nothing can be shown yet, it is one look for what was there when it began.
        if !found.is_empty() {
            there = w.oracle.listed(w, org.id);
        }
        ids.extend(found);
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    ids
}

/// All calls are in the list, each once, when all is at rest.
pub async fn read_all(w: &W, org: &Org) {
    let limit = w.rng.pick(&[7, 20, 100]).copied().unwrap_or(20);
    let ids = list(w, org, &org.owner, limit, u64::MAX).await;
    w.oracle.all_pages(org.id, &ids);
}

async fn redeliver(w: &W, org: &Org) {
    let Some(heard) = ask(
        w,
        Ask::get("/webhooks/deliveries?limit=10".into(), &org.owner),
    )
    .await
    else {
        return;
    };
    let page = heard.json();
    let ids: Vec<String> = page["deliveries"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| Some(it["id"].as_str()?.to_owned()))
        .collect();
    let Some(id) = w.rng.pick(&ids) else { return };
    let _ = ask(
        w,
        Ask::send(
            "POST",
            format!("/webhooks/deliveries/{id}/redeliver"),
            &org.owner,
            None,
        ),
    )
    .await;
}

/// Somebody else's key finds nothing.
async fn snoop(w: &W, org: &Org, call: CallId) {
    let stranger = w
        .orgs
        .borrow()
        .iter()
        .find(|other| other.id != org.id)
        .cloned();
    let Some(stranger) = stranger else { return };
    let heard = ask(w, Ask::get(format!("/calls/{call}"), &stranger.owner)).await;
    if heard.is_some_and(|heard| heard.status == 200) {
        w.oracle.fail(
            Some(call.address().tag),
            Some(call),
            "a stranger was shown a call".into(),
        );
    }
}
