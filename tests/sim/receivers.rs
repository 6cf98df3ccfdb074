//! Those who receive callbacks: good ones, slow ones, dead ones.

use std::cell::RefCell;
use std::collections::BTreeMap;

use audatec::app::ports::Answer;
use audatec::domain::time::Millis;

use crate::executor::Slot;
use crate::faults::Kind;
use crate::world::W;

/// What the first letter of a receiver's name says of it.
pub const NAMES: [&str; 8] = [
    "good", "good", "flaky", "gone", "limited", "hangs", "slow", "moved",
];

#[derive(Default)]
pub struct Receivers {
    /// How many posts each URL got.
    posts: RefCell<BTreeMap<String, u64>>,
}

/// The address of one of them.
pub fn url(name: &str, number: u64) -> String {
    format!("https://{name}.example.com/{number}")
}

/// One POST: it arrives, is judged, and is answered, in time or not.
pub fn post(
    w: &W,
    url: &str,
    headers: &[(&'static str, String)],
    body: &str,
    timeout: Millis,
) -> Slot<Result<Answer, String>> {
    let slot = Slot::new();
    let there = w.rng.between(1, 30);
    let (answer, url, body) = (slot.clone(), url.to_owned(), body.to_owned());
    let headers: Vec<(&'static str, String)> = headers.to_vec();
    if w.hit(Kind::RequestLost) {
        w.after(there, move |_| {
            answer.fill(Err("the connection failed".into()))
        });
        return slot;
    }
    w.after(there, move |w| {
        w.step();
        let (status, retry_after, takes) = react(w, &url, timeout);
        let in_time = there + takes < timeout.0;
        let lost = w.hit(Kind::ReplyLost);
        let heard = in_time && !lost;
        w.note(None, || {
            format!(
                "{url} gets {} and answers {status}, heard: {heard}",
                crate::oracle::shorten(&body)
            )
        });
        w.oracle.received(
            w,
            &url,
            &headers,
            &body,
            heard && (200..300).contains(&status),
        );
        let outcome = match heard {
            true => Ok(Answer {
                status,
                retry_after,
            }),
            false if lost => Err("the connection failed".to_owned()),
            false => Err(format!("no answer within {} ms", timeout.0)),
        };
        w.after(takes.min(timeout.0 - there), move |_| answer.fill(outcome));
    });
    slot
}

/// Status, `Retry-After`, and how long it takes.
fn react(w: &W, url: &str, timeout: Millis) -> (u16, Option<u64>, u64) {
    let mut posts = w.receivers.posts.borrow_mut();
    let nth = posts.entry(url.to_owned()).or_default();
    *nth += 1;
    let name = url
        .trim_start_matches("https://")
        .split('.')
        .next()
        .unwrap_or_default();
    let swift = w.rng.between(1, 40);
    match name {
        "flaky" if *nth < 3 || w.rng.hits(300) => (500, None, swift),
        "gone" => (410, None, swift),
        "limited" if *nth < 3 => (429, Some(w.rng.below(30)), swift),
        "hangs" => (200, None, timeout.0 * 2),
        "slow" => (200, None, w.rng.below(timeout.0)),
        "moved" => (302, None, swift),
        _ => (204, None, swift),
    }
}
