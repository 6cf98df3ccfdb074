//! Time zones, compared with Python's zoneinfo for the same IANA release (`scripts/zones/expected.py`).

#![allow(clippy::expect_used, reason = "a test says what it expects")]

use std::collections::BTreeMap;

use audatec::domain::calling_hours::{CallingHours, Place, Verdict, judge};
use audatec::domain::time::Timestamp;
use audatec::domain::zones::calendar::Day;
use audatec::domain::zones::{Clock, VERSION, Zone};

const EXPECTED: &str = include_str!("golden/zones.txt");
/// When calling hours are open, by Python's zoneinfo as well: see `scripts/zones/windows.py`, whose constants these are.
const WINDOWS: &str = include_str!("golden/windows.txt");
const AROUND: [u64; 8] = [86_400, 7_200, 3_600, 2_700, 1_800, 900, 1, 0];
const GRID: usize = 13 * 3_600 + 7 * 60;
const ASKED: usize = 16;
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
    first_of(year, 1)
}

fn first_of(year: i64, month: i64) -> u64 {
    u64::try_from(Day::of(year, month, 1).0 * 86_400).expect("after 1970")
}

fn offset(zone: Zone, secs: u64) -> i64 {
    zone.clock().stretch(Timestamp::from_secs(secs)).offset
}

/// FNV-1a over the offsets at moments that a linear congruential generator draws, as the script has it.
fn digest(zone: Zone) -> String {
    let (since, until) = (january(2026), january(2041));
    let (mut state, mut value) = (1u64, FNV_BEGINS);
    for _ in 0..MOMENTS {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let at = since + (state >> 33) % (until - since);
        let told = i32::try_from(offset(zone, at)).expect("a day at most");
        value = fnv(value, &told.to_be_bytes());
    }
    format!("{value:016x}")
}

const FNV_BEGINS: u64 = 0xcbf2_9ce4_8422_2325;

fn fnv(value: u64, bytes: &[u8]) -> u64 {
    let times = |value: u64, byte: &u8| (value ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(value, times)
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

/// Around each change of a zone's clocks within five years, and on a grid over these: whether it is asked when hours open next.
fn looks(zone: Zone) -> Vec<(u64, bool)> {
    let (since, until) = (first_of(2026, 11), january(2032));
    let (mut at, mut looks) = (since, Vec::new());
    let mut before = offset(zone, since);
    while at < until {
        let stretch = zone.clock().stretch(Timestamp::from_secs(at));
        if stretch.offset != before {
            before = stretch.offset;
            looks.extend(
                AROUND
                    .into_iter()
                    .flat_map(|away| [(at - away, true), (at + away, true)]),
            );
        }
        at = stretch.until.as_secs();
    }
    let grid = (since..until).step_by(GRID).enumerate();
    looks.extend(grid.map(|(nth, at)| (at, nth % ASKED == 0)));
    looks
}

/// What hours say at these moments of a zone.
fn told(hours: &CallingHours, looks: &[(u64, bool)]) -> String {
    let value = looks.iter().fold(FNV_BEGINS, |value, (at, is_asked)| {
        let told = match judge([hours], &[], Timestamp::from_secs(*at)) {
            Verdict::Open => 0,
            Verdict::Closed { opens_at, .. } if *is_asked => opens_at.expect("some time").as_secs(),
            Verdict::Closed { .. } => 1,
            Verdict::ZoneUnknown => u64::MAX,
        };
        fnv(value, &told.to_be_bytes())
    });
    format!("{value:016x}")
}

#[test]
fn hours_open_and_close_in_every_zone_when_python_says_so_for_five_years() {
    let mut lines = WINDOWS.lines();
    assert_eq!(lines.next(), Some(VERSION));
    let documents: Vec<CallingHours> = lines
        .by_ref()
        .take(3)
        .map(|document| {
            let common = r#"{"time_zone":"Etc/UTC","fallback_time_zone":null,"on_closed":"wait","#;
            let document = document.strip_prefix('{').expect("an object");
            serde_json::from_str(&format!("{common}{document}")).expect("hours")
        })
        .collect();
    let mut known: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    // Zones that share their clocks say the same.
    let mut said: Vec<(Clock, Vec<String>)> = Vec::new();
    for line in lines {
        let (name, expected) = line.split_once(' ').expect("a name and what is told");
        let expected = match expected.strip_prefix('=') {
            Some(same) => known.get(same).expect("told before").clone(),
            None => expected.split(' ').collect(),
        };
        let zone = Zone::named(name).expect(name);
        let place = match said.iter().position(|(clock, _)| *clock == zone.clock()) {
            Some(place) => place,
            None => {
                let looks = looks(zone);
                let all = documents.iter().map(|document| {
                    let hours = CallingHours {
                        time_zone: Place::parse(name).expect(name),
                        ..document.clone()
                    };
                    told(&hours, &looks)
                });
                said.push((zone.clock(), all.collect()));
                said.len() - 1
            }
        };
        assert_eq!(said[place].1, expected, "{name}");
        known.insert(name, expected);
    }
    assert!(said.len() > 50, "{}", said.len());
    assert!(known.len() > 590, "{}", known.len());
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
