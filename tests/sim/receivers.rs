//! Those who receive callbacks: good ones, slow ones, dead ones.

use std::cell::RefCell;
use std::collections::BTreeMap;

use audatec::app::ports::Answer;
use audatec::domain::time::Span;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::executor::Slot;
use crate::faults::Kind;
use crate::world::W;

/// What the first letter of a receiver's name says of it.
pub const NAMES: [&str; 8] = [
    "good", "good", "flaky", "gone", "limited", "hangs", "slow", "moved",
];

/// What stands in every password and in nothing else, as it is written in a URL and as it is meant.
pub const SECRETS: [&str; 2] = ["p%40ss", "p@ss"];

#[derive(Default)]
pub struct Receivers {
    /// How many posts each URL got.
    posts: RefCell<BTreeMap<String, u64>>,
    /// The addresses that were given out, and whom each of them lets in.
    known: RefCell<BTreeMap<String, Option<String>>>,
}

/// The URL of one of them; some let in who knows their password alone.
pub fn url(w: &W, name: &str, number: u64) -> String {
    let address = format!("{name}.example.com/{number}");
    let [written, meant] = SECRETS;
    let (user_info, lets_in) = match w.rng.hits(300) {
        true => (
            format!("u{number}:{written}%3A{number}@"),
            Some(format!("u{number}:{meant}:{number}")),
        ),
        false => (String::new(), None),
    };
    let lets_in = lets_in.map(|pair| format!("Basic {}", STANDARD.encode(pair)));
    let mut known = w.receivers.known.borrow_mut();
    known.insert(format!("https://{address}"), lets_in);
    format!("https://{user_info}{address}")
}

impl Receivers {
    /// Whether an address is one that was given out, and this header what it asks for.
    pub fn lets_in(&self, url: &str, authorization: Option<&str>) -> bool {
        let known = self.known.borrow();
        known
            .get(url)
            .is_some_and(|expected| expected.as_deref() == authorization)
    }
}

/// One POST: it arrives, is judged, and is answered, in time or not.
pub fn post(
    w: &W,
    url: &str,
    headers: &[(&'static str, String)],
    body: &str,
    timeout: Span,
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
        let (status, retry_after_secs, takes) = react(w, &url, timeout);
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
                retry_after_secs,
            }),
            false if lost => Err("the connection failed".to_owned()),
            false => Err(format!("no answer within {} ms", timeout.0)),
        };
        w.after(takes.min(timeout.0 - there), move |_| answer.fill(outcome));
    });
    slot
}

/// Status, `Retry-After`, and how long it takes.
fn react(w: &W, url: &str, timeout: Span) -> (u16, Option<u64>, u64) {
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
