//! Those who make sure that nobody is called who asked not to be: one number after another, sometimes a file, and some of them
//! are taken back.

use std::rc::Rc;

use audatec::domain::sandbox::TEST_NUMBERS;
use serde_json::{Value, json};

use crate::clients::{Ask, Org, ask};
use crate::executor::Owner;
use crate::ports::pause;
use crate::world::W;

/// How long a request may linger whose answer was lost.
const LINGERS_MS: u64 = 45_000;

/// Changes something every so often, while the world is open.
pub fn work(w: &W, org: Rc<Org>, every: u64) {
    let world = Rc::clone(w);
    w.tasks.spawn(Owner::Client, async move {
        loop {
            pause(&world, world.rng.between(1, every * 2)).await;
            if !world.is_open.get() {
                break;
            }
            match world.rng.below(10) {
                0..=5 => suppress(&world, &org).await,
                6 => import(&world, &org).await,
                7 => look(&world, &org).await,
                _ => {}
            }
        }
        pause(&world, LINGERS_MS).await;
        // All may be called when the world comes to rest: each trunk must take one more call.
        for row in TEST_NUMBERS {
            allow(&world, &org, row.number).await;
        }
    });
}

fn number(w: &W) -> &'static str {
    let row = w.rng.pick(&TEST_NUMBERS);
    row.map_or("+15005550000", |row| row.number)
}

/// A number is suppressed; after a while it may be called again.
async fn suppress(w: &W, org: &Rc<Org>) {
    let number = number(w);
    let body = Some(json!({"phone_number": number, "reason": "Asked us"}));
    w.oracle.suppresses(org.id, number);
    for _ in 0..3 {
        let asked = w.time();
        let request = Ask::send("POST", "/suppressions".into(), &org.owner, body.clone());
        let heard = ask(w, request).await;
        if heard.is_some_and(|heard| matches!(heard.status, 200 | 201)) {
            w.oracle.suppressed(w, org.id, &[number], asked);
            pause(w, w.rng.between(100, 12_000)).await;
            break;
        }
        pause(w, w.rng.between(100, 2_000)).await;
    }
    if w.rng.hits(700) {
        allow(w, org, number).await;
    }
}

/// Somebody on a campaign's list asks not to be called, once, and may be called again when that is over.
pub fn spares(w: &W, org: &Rc<Org>, number: String) {
    // A word for it that comes late would be taken for another's.
    if w.oracle.was_ever_suppressed(org.id, &number) {
        return;
    }
    w.oracle.suppresses(org.id, &number);
    let (world, org) = (Rc::clone(w), Rc::clone(org));
    w.tasks.spawn(Owner::Client, async move {
        let w = &world;
        let asked = w.time();
        let body = Some(json!({"phone_number": number, "reason": "Asked us"}));
        let request = Ask::send("POST", "/suppressions".into(), &org.owner, body);
        match ask(w, request).await.map(|heard| heard.status) {
            Some(200 | 201) => {
                w.oracle.suppressed(w, org.id, &[&number], asked);
                pause(w, w.people.between(1_000, 60_000)).await;
            }
            _ => pause(w, LINGERS_MS).await,
        }
        while !allow(w, &org, &number).await {}
    });
}

/// A file: two at once end as one.
async fn import(w: &W, org: &Rc<Org>) {
    let numbers = [number(w), number(w)];
    let file = format!("phone_number\n{}\n12\n{}\n", numbers[0], numbers[1]);
    for number in numbers {
        w.oracle.suppresses(org.id, number);
    }
    if w.rng.hits(300) {
        let (world, us, file) = (Rc::clone(w), Rc::clone(org), file.clone());
        w.tasks.spawn(Owner::Client, async move {
            let _ = send(&world, &us, &file).await;
        });
    }
    let asked = w.time();
    if send(w, org, &file).await {
        w.oracle.suppressed(w, org.id, &numbers, asked);
    }
    pause(w, w.rng.between(100, 5_000)).await;
    for number in numbers {
        allow(w, org, number).await;
    }
}

async fn send(w: &W, org: &Org, file: &str) -> bool {
    let path = "/suppressions/import".to_owned();
    let body = Some(Value::String(file.to_owned()));
    let heard = ask(w, Ask::send("POST", path, &org.owner, body)).await;
    heard.is_some_and(|heard| heard.status == 200)
}

/// A number may be called again; `false` when nobody says so.
async fn allow(w: &W, org: &Rc<Org>, number: &str) -> bool {
    w.oracle.allows(org.id, number);
    let path = format!("/suppressions/{number}");
    let mut is_allowed = false;
    for tries in 0..4 {
        let request = Ask::send("DELETE", path.clone(), &org.owner, None);
        match ask(w, request).await.map(|heard| heard.status) {
            Some(204 | 404) if tries == 0 => return true,
            Some(204 | 404) => {
                is_allowed = true;
                break;
            }
            _ => pause(w, w.rng.between(100, 1_000)).await,
        }
    }
    // One that was not answered may come later.
    pause(w, LINGERS_MS).await;
    is_allowed
}

/// What was answered as suppressed is in the list.
async fn look(w: &W, org: &Rc<Org>) {
    let known = w.oracle.known_suppressed(org.id);
    let heard = ask(w, Ask::get("/suppressions?limit=100".into(), &org.owner)).await;
    let Some(list) = heard.filter(|heard| heard.status == 200) else {
        return;
    };
    let list = list.json();
    let rows = list["suppressions"].as_array().cloned().unwrap_or_default();
    let still = w.oracle.known_suppressed(org.id);
    for number in known.iter().filter(|number| still.contains(number)) {
        if !rows.iter().any(|row| row["phone_number"] == *number) {
            let what = format!("{number} is suppressed, and not in the list");
            w.oracle.fail(None, None, what);
        }
    }
}
