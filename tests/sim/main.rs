//! The simulated world: the platform's own `domain` and `app`, on virtual time, in a network that loses, repeats, delays and
//! reorders messages, with objects that die at any moment. The oracle judges after each step; see `oracle`.
//!
//! - `cargo test --test sim`: seeds that once failed, and the first ones
//! - `SIM_SECONDS=60 cargo test --test sim`: new seeds instead of the first ones
//! - `SEED=123 cargo test --test sim`: only that seed, with its trace if it fails; with `FAULT=SliceSkips` and the planted
//!   faults, under that fault
//! - `SCALE=1000,1000000 cargo test --test sim many_trunks`: this many trunks and calls; see `scale`
//! - `cargo test --features planted --test sim`: the planted faults as well; with `FAULT=Slice` only those whose name begins so
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test says what it expects, measures real time, and prints"
)]

mod campaign_node;
#[path = "../support/campaign_rows.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod campaign_rows;
mod campaigner;
mod clients;
#[path = "../support/contacts.rs"]
mod contacts;
mod contacts_node;
mod copies;
mod deleter;
mod directory_node;
#[path = "../support/directory_rows.rs"]
mod directory_rows;
mod eraser;
mod executor;
mod faults;
mod hours;
mod integrator;
mod limiter;
mod listener;
mod livekit;
mod minute;
mod officer;
mod operator;
mod oracle;
#[path = "../support/plan.rs"]
mod plan;
#[cfg(feature = "planted")]
mod planted;
mod ports;
mod queue;
mod receivers;
mod rng;
#[path = "../support/rows.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod rows;
mod run;
mod scale;
mod trunk_node;
#[path = "../support/urls.rs"]
mod urls;
mod world;

use std::hash::{BuildHasher, Hasher};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use run::run;

/// So many seeds are the same for everyone, who has not asked for new ones: what fails is the change's, not chance's.
const FIRST: u64 = 500;

/// In so many worlds campaigns share a trunk for a minute, and nothing else happens.
const SHARED: u64 = 40;

/// Trunks and calls of the world that everyone lives through: more trunks than an organisation's keys are all known to.
const SMALL: &str = "1000,3000";
/// So many new seeds may fail before the others are let off.
const MOST_BROKEN: usize = 10;
/// Seeds that once failed, each with what it found.
const ONCE_FAILED: &str = include_str!("seeds.txt");

#[derive(Default)]
struct Tally {
    passed: u32,
    failed: u32,
}

impl Tally {
    fn test(&mut self, name: &str, test: impl FnOnce() -> bool) {
        let wanted = std::env::args()
            .skip(1)
            .filter(|arg| !arg.starts_with('-'))
            .collect::<Vec<_>>();
        if !wanted.is_empty() && !wanted.iter().any(|part| name.contains(part.as_str())) {
            return;
        }
        let passed = test();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        match passed {
            true => self.passed += 1,
            false => self.failed += 1,
        }
    }
}

fn main() -> ExitCode {
    std::thread::spawn(watch);
    let mut tally = Tally::default();
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse::<u64>().ok())
    };
    let scale = std::env::var("SCALE").unwrap_or_else(|_| SMALL.into());
    let parts = scale.split_once(',');
    let scale = parts.and_then(|(trunks, calls)| Some((trunks.parse().ok()?, calls.parse().ok()?)));
    match number("SEED") {
        Some(seed) => {
            #[cfg(feature = "planted")]
            planted::plant_the_wanted();
            tally.test("replay", || holds(seed));
        }
        None => {
            tally.test("seeds_that_once_failed_pass", || all_hold(&once_failed()));
            match number("SIM_SECONDS") {
                Some(seconds) => {
                    let time = Duration::from_secs(seconds);
                    tally.test("new_seeds_pass", || new_seeds(time));
                }
                None => tally.test("first_seeds_pass", || {
                    all_hold(&(1..=FIRST).collect::<Vec<_>>())
                }),
            }
            tally.test("campaigns_share_evenly", || {
                shared(number("SHARES").unwrap_or(SHARED))
            });
            tally.test("many_trunks_ask_of_each_object_what_few_do", || {
                scale.is_some_and(|(trunks, calls)| scale::holds(trunks, calls))
            });
            #[cfg(feature = "planted")]
            tally.test("planted_faults_are_found", planted::all_are_found);
        }
    }
    let Tally { passed, failed } = tally;
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!("test result: {word}. {passed} passed; {failed} failed");
    ExitCode::from(u8::from(failed > 0))
}

fn once_failed() -> Vec<u64> {
    let seed = |line: &str| {
        line.split_whitespace()
            .next()
            .and_then(|text| text.parse().ok())
    };
    ONCE_FAILED.lines().filter_map(seed).collect()
}

/// What becomes of each of these, in no order: every core takes the next one when it is done with its last. A world lives in
/// one thread, and so does a planted fault.
fn on_each_core<T: Copy + Sync, R: Send>(
    items: &[T],
    work: impl Fn(T) -> R + Sync,
) -> mpsc::IntoIter<R> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (next, work) = (AtomicUsize::new(0), &work);
    let (done, results) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..cores.min(CORES) {
            let (done, next) = (done.clone(), &next);
            scope.spawn(move || {
                while let Some(&item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let _ = done.send(work(item));
                }
            });
        }
    });
    drop(done);
    results.into_iter()
}

/// Lives through all of these seeds; shows the lowest that fails.
fn all_hold(seeds: &[u64]) -> bool {
    let broken = on_each_core(seeds, |seed| (lived(seed).broken.is_some(), seed));
    let lowest = broken.filter_map(|(is_broken, seed)| is_broken.then_some(seed));
    lowest.min().is_none_or(holds)
}

/// In so many worlds campaigns share a trunk evenly for a minute.
fn shared(worlds: u64) -> bool {
    let seeds: Vec<u64> = (1..=worlds).collect();
    let broken = on_each_core(&seeds, |seed| {
        minute::alone(seed).map(|broken| (seed, broken))
    });
    let mut all: Vec<_> = broken.flatten().collect();
    all.sort_by_key(|(seed, _)| *seed);
    for (seed, broken) in all.iter() {
        println!("sharing, seed {seed}: {}", broken.what);
    }
    println!(
        "sim: in {} of {worlds} worlds campaigns do not share evenly",
        all.len()
    );
    all.is_empty()
}

/// Lives through one seed; tells what broke, and how to see it again.
fn holds(seed: u64) -> bool {
    let Some(broken) = lived(seed).broken else {
        return true;
    };
    let again = run(seed, true);
    println!("seed {seed}: {}", broken.what);
    println!(
        "  trunk {:?}, call {:?}; the trace's end:",
        broken.trunk, broken.call
    );
    again.trace.iter().for_each(|line| println!("  {line}"));
    println!("  again: SEED={seed} cargo test --test sim");
    false
}

fn new_seeds(time: Duration) -> bool {
    let base = std::hash::RandomState::new().build_hasher().finish() % 1_000_000_000_000;
    let (begun, mut steps, mut calls, mut seeds) = (Instant::now(), 0, 0, 0);
    let mut broken = Vec::new();
    while begun.elapsed() < time && broken.len() < MOST_BROKEN {
        let outcome = lived(base + seeds);
        broken.extend(outcome.broken.map(|broken| (base + seeds, broken.what)));
        (steps, calls, seeds) = (steps + outcome.steps, calls + outcome.calls, seeds + 1);
    }
    let rate = steps as f64 / begun.elapsed().as_secs_f64();
    println!(
        "sim: {seeds} new seeds from {base}, {calls} calls, {steps} steps, {rate:.0} steps/s on one core"
    );
    for (seed, what) in broken.iter().skip(1) {
        println!("seed {seed}, too: {what}");
    }
    broken.first().is_none_or(|(seed, _)| holds(*seed))
}

/// So many cores live through seeds at once, at most.
const CORES: usize = 16;

/// Of each thread: the seed that is being lived through, 0 for none, and how many there were.
static LIVING: [(AtomicU64, AtomicU64); CORES] =
    [const { (AtomicU64::new(0), AtomicU64::new(0)) }; CORES];

thread_local! {
    /// Its place in [`LIVING`].
    static PLACE: usize = {
        static TAKEN: AtomicUsize = AtomicUsize::new(0);
        TAKEN.fetch_add(1, Ordering::Relaxed) % CORES
    };
}

/// Lives through a seed, watched.
fn lived(seed: u64) -> run::Outcome {
    let (living, count) = &LIVING[PLACE.with(|place| *place)];
    living.store(seed, Ordering::Relaxed);
    count.fetch_add(1, Ordering::Relaxed);
    let outcome = run(seed, false);
    living.store(0, Ordering::Relaxed);
    outcome
}

/// A step that never ends is a failure too: whoever hangs for a minute is named.
fn watch() {
    let now = || {
        LIVING
            .each_ref()
            .map(|(seed, count)| (seed.load(Ordering::Relaxed), count.load(Ordering::Relaxed)))
    };
    let mut last = now();
    loop {
        std::thread::sleep(Duration::from_secs(60));
        let now = now();
        let hangs = now
            .iter()
            .zip(&last)
            .find(|(now, last)| now.0 != 0 && now == last);
        if let Some(((seed, _), _)) = hangs {
            println!("seed {seed} hangs: SEED={seed} cargo test --test sim");
            println!("test result: FAILED. 0 passed; 1 failed");
            std::process::exit(1);
        }
        last = now;
    }
}
