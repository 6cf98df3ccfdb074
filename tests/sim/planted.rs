//! Each planted fault is found, and without it the same seed passes.
//!
//! A fault is searched for in the seed that found it when `planted.txt` was written, then in those that once failed and those
//! that found other faults, which reach rare states, and finally in one seed after the other.

use std::fmt::Write as _;

use audatec::domain::planted::{ALL, Fault, UNSIMULATED, plant};

use crate::oracle::Broken;
use crate::world::World;
use crate::{lived, minute, on_each_core, once_failed, oracle};

/// So many of the first seeds are tried before a fault counts as not found.
const MOST: u64 = 1_500;

/// What a campaign alone can show: looked for where there are campaigns, an eighth of all worlds, in so many more.
const OF_CAMPAIGNS: [Fault; 15] = [
    Fault::HandedTwice,
    Fault::NumberTwice,
    Fault::CountDrifts,
    Fault::PauseLeaks,
    Fault::ShareExceeded,
    Fault::RateExceeded,
    Fault::CampaignBlocks,
    Fault::CampaignHoursIgnored,
    Fault::CompletesLate,
    Fault::StallsAfterCrash,
    Fault::OutcomeUnasked,
    Fault::SuppressedCalled,
    Fault::CampaignRedialsOn,
    Fault::CompletionAgain,
    Fault::CampaignToldAtOnce,
];
const MOST_OF_CAMPAIGNS: u64 = 8 * MOST;

const FOUND_IN: &str = include_str!("planted.txt");

/// Where each was found: its name, and the seed.
fn found_in() -> Vec<(&'static str, u64)> {
    let line = |line: &'static str| {
        let (name, seed) = line.split_once(' ')?;
        Some((name, seed.parse().ok()?))
    };
    FOUND_IN.lines().filter_map(line).collect()
}

/// Plants the one that `FAULT=…` names, for a seed that is looked at.
pub fn plant_the_wanted() {
    let name = std::env::var("FAULT").unwrap_or_default();
    let wanted = ALL.iter().copied();
    plant(
        wanted
            .into_iter()
            .find(|fault| format!("{fault:?}") == name),
    );
}

/// Plants all of them, or with `FAULT=…` those that are called so.
pub fn all_are_found() -> bool {
    let only = std::env::var("FAULT").unwrap_or_default();
    let wanted = ALL
        .iter()
        .copied()
        .filter(|fault| !UNSIMULATED.contains(fault))
        .filter(|fault| format!("{fault:?}").contains(&only));
    let wanted: Vec<_> = wanted.collect();
    let hints = found_in();
    let mut others = once_failed();
    others.extend(hints.iter().map(|(_, seed)| *seed));
    others.sort_unstable();
    others.dedup();
    let found = on_each_core(&wanted, |fault| find(fault, &hints, &others));
    let found: Vec<_> = found.flatten().collect();
    println!(
        "sim: {} faults planted, {} found",
        wanted.len(),
        found.len()
    );
    if std::env::var_os("UPDATE_GOLDEN").is_some() && only.is_empty() {
        write(&found);
    }
    found.len() == wanted.len()
}

/// What breaks in a seed's world; for what only sharing shows, in one in which campaigns share a trunk and nothing else happens.
fn broken_in(seed: u64, fault: Fault) -> Option<Broken> {
    match fault {
        Fault::UnfairShare => minute::alone(seed),
        _ => lived(seed).broken,
    }
}

/// The seed that finds a fault, if there is one, and if all is well there without it.
fn find(fault: Fault, hints: &[(&str, u64)], others: &[u64]) -> Option<(Fault, u64)> {
    let name = format!("{fault:?}");
    let hint = hints
        .iter()
        .find(|(of, _)| *of == name)
        .map(|(_, seed)| *seed);
    plant(Some(fault));
    let is_campaigns = OF_CAMPAIGNS.contains(&fault);
    let most = match is_campaigns {
        true => MOST_OF_CAMPAIGNS,
        false => MOST,
    };
    let fits = |seed: &u64| !is_campaigns || World::new(*seed, false).has_campaigns;
    let seeds = hint.into_iter().chain(others.iter().copied());
    let seeds = seeds.chain(1..=most).filter(fits);
    let first = seeds
        .enumerate()
        .find_map(|(before, seed)| broken_in(seed, fault).map(|broken| (before, seed, broken)));
    plant(None);
    let Some((before, seed, broken)) = first else {
        println!("planted {name}: NOT found in {most} seeds");
        return None;
    };
    let what = oracle::shorten(&broken.what);
    println!("planted {name}: found after {before} seeds: {what}");
    if hint.is_some_and(|hint| hint != seed) {
        println!("  no longer in its seed of planted.txt: UPDATE_GOLDEN=1 writes it again");
    }
    broken_in(seed, fault).is_none().then_some((fault, seed))
}

fn write(found: &[(Fault, u64)]) {
    let mut text: String = FOUND_IN
        .lines()
        .filter(|line| line.starts_with('#'))
        .fold(String::new(), |text, line| text + line + "\n");
    for fault in ALL {
        if let Some((_, seed)) = found.iter().find(|(of, _)| of == fault) {
            let _ = writeln!(text, "{fault:?} {seed}");
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sim/planted.txt");
    std::fs::write(path, text).expect("planted.txt is written");
}
