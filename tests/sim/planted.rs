//! Each planted fault is found, and without it the same seed passes.
//!
//! A fault is looked for in the seed that found it when `planted.txt` was written, then in those that once failed and in those
//! that found other faults, which reach what few do, and last in one after the other.

use std::fmt::Write as _;

use audatec::domain::planted::{ALL, Fault, UNSIMULATED, plant};

use crate::{lived, on_each_core, once_failed, oracle};

/// So many of the first seeds are tried before a fault counts as not found.
const MOST: u64 = 1_500;

const FOUND_IN: &str = include_str!("planted.txt");

/// Where each was found: its name, and the seed.
fn found_in() -> Vec<(&'static str, u64)> {
    let line = |line: &'static str| {
        let (name, seed) = line.split_once(' ')?;
        Some((name, seed.parse().ok()?))
    };
    FOUND_IN.lines().filter_map(line).collect()
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

/// The seed that finds a fault, if there is one, and if all is well there without it.
fn find(fault: Fault, hints: &[(&str, u64)], others: &[u64]) -> Option<(Fault, u64)> {
    let name = format!("{fault:?}");
    let hint = hints
        .iter()
        .find(|(of, _)| *of == name)
        .map(|(_, seed)| *seed);
    plant(Some(fault));
    let seeds = hint
        .into_iter()
        .chain(others.iter().copied())
        .chain(1..=MOST);
    let first = seeds
        .enumerate()
        .find_map(|(before, seed)| lived(seed).broken.map(|broken| (before, seed, broken)));
    plant(None);
    let Some((before, seed, broken)) = first else {
        println!("planted {name}: NOT found in {MOST} seeds");
        return None;
    };
    let what = oracle::shorten(&broken.what);
    println!("planted {name}: found after {before} seeds: {what}");
    if hint.is_some_and(|hint| hint != seed) {
        println!("  no longer in its seed of planted.txt: UPDATE_GOLDEN=1 writes it again");
    }
    lived(seed).broken.is_none().then_some((fault, seed))
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
