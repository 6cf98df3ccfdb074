//! Time zones, held against what Python's zoneinfo makes of the same IANA release (`scripts/zones/expected.py`).

#![allow(clippy::expect_used, reason = "a test says what it expects")]

use std::collections::BTreeMap;

use audatec::domain::time::Timestamp;
use audatec::domain::zones::calendar::Day;
use audatec::domain::zones::{VERSION, Zone};

const EXPECTED: &str = include_str!("golden/zones.txt");
const MOMENTS: usize = 2000;

/// What is expected of a zone.
#[derive(Clone)]
struct Expected {
    /// Seconds ahead of UTC at first.
    first: i64,
    /// When that changes, and to what.
    changes: Vec<(u64, i64)>,
    /// Of the offsets at many moments.
    digest: String,
}

fn expected() -> BTreeMap<&'static str, Expected> {
    let mut all: BTreeMap<&str, Expected> = BTreeMap::new();
    for line in EXPECTED.lines().skip(1) {
        let (name, told) = line.split_once(' ').expect("a name and what is told");
        let zone = match told.strip_prefix('=') {
            Some(same) => all.get(same).expect("told before").clone(),
            None => read(told),
        };
        all.insert(name, zone);
    }
    all
}

fn read(told: &str) -> Expected {
    let mut words: Vec<&str> = told.split(' ').collect();
    let digest = words.pop().expect("a digest").to_owned();
    let mut words = words.into_iter();
    let number = |text: &str| text.parse().expect("a number");
    let first = number(words.next().expect("an offset"));
    let changes = words
        .map(|change| change.split_once(':').expect("a moment and an offset"))
        .map(|(at, to)| (at.parse().expect("a moment"), number(to)))
        .collect();
    Expected {
        first,
        changes,
        digest,
    }
}

fn january(year: i64) -> u64 {
    u64::try_from(Day::of(year, 1, 1).0 * 86_400).expect("after 1970")
}

fn offset(zone: Zone, secs: u64) -> i64 {
    zone.clock().stretch(Timestamp::from_secs(secs)).offset
}

/// FNV-1a over the offsets at moments that a linear congruential generator draws, as the script has it.
fn digest(zone: Zone) -> String {
    let (since, until) = (january(2026), january(2041));
    let (mut state, mut value) = (1u64, 0xcbf2_9ce4_8422_2325u64);
    for _ in 0..MOMENTS {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let at = since + (state >> 33) % (until - since);
        let told = i32::try_from(offset(zone, at)).expect("a day at most");
        for byte in told.to_be_bytes() {
            value = (value ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{value:016x}")
}

#[test]
fn every_zone_changes_its_clocks_when_python_says_so() {
    let expected = expected();
    assert!(expected.len() > 590, "{}", expected.len());
    assert!(
        expected
            .values()
            .map(|zone| zone.changes.len())
            .sum::<usize>()
            > 5000
    );
    for (name, expected) in expected {
        let zone = Zone::named(name).expect(name);
        let (mut at, mut offset, mut found) = (january(2026), expected.first, Vec::new());
        while at < january(2041) {
            let stretch = zone.clock().stretch(Timestamp::from_secs(at));
            if stretch.offset != offset {
                offset = stretch.offset;
                found.push((at, offset));
            }
            assert!(
                stretch.until > Timestamp::from_secs(at),
                "{name} stands still at {at}"
            );
            at = stretch.until.as_secs();
        }
        assert_eq!(found, expected.changes, "{name}");
    }
}

#[test]
fn every_zone_shows_what_python_says_at_random_moments() {
    for (name, expected) in expected() {
        let zone = Zone::named(name).expect(name);
        assert_eq!(digest(zone), expected.digest, "{name}");
    }
}

#[test]
fn the_release_is_the_one_that_is_told() {
    assert_eq!(EXPECTED.lines().next(), Some(VERSION));
}

#[test]
fn old_names_lead_to_what_a_zone_is_called_now() {
    let current = |name| Zone::named(name).expect(name).name();
    for (old, new) in [
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("Asia/Katmandu", "Asia/Kathmandu"),
        ("America/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("Europe/Kiev", "Europe/Kyiv"),
        ("US/Pacific", "America/Los_Angeles"),
        ("UTC", "Etc/UTC"),
        // The files' links lead to a country whose clocks agree.
        ("Africa/Asmera", "Africa/Asmara"),
        ("Pacific/Ponape", "Pacific/Pohnpei"),
        ("Pacific/Truk", "Pacific/Chuuk"),
        ("Iceland", "Atlantic/Reykjavik"),
    ] {
        assert_eq!(current(old), new);
        assert_eq!(current(new), new);
    }
    // Of two zones that share their clocks each keeps its name.
    assert_eq!(current("Europe/Oslo"), "Europe/Oslo");
    let clock = |name| Zone::named(name).expect(name).clock();
    assert_eq!(clock("Europe/Oslo"), clock("Europe/Berlin"));
}

#[test]
fn what_is_no_name_is_no_zone() {
    for name in [
        "",
        "callee",
        "Asia",
        "Asia/kolkata",
        "Asia/Kolkata ",
        "IST",
        "+05:30",
        "Mars/Olympus",
    ] {
        assert_eq!(Zone::named(name), None, "{name}");
    }
}
