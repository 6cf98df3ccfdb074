//! Facts about numbers, compared with libphonenumber's Python port for 13,000 numbers; `tests/numbering.test.ts` generates
//! another hundred thousand.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says what it expects"
)]

use std::collections::BTreeMap;
use std::fs;

use audatec::domain::numbering::{NumberType, facts, is_possible, metadata_version, normal_form};
use audatec::domain::phone::E164;

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/numbering.tsv");

fn number(digits: &str) -> E164 {
    E164::parse(&format!("+{digits}")).expect(digits)
}

fn kind(kind: NumberType) -> String {
    let name = serde_json::to_value(kind).expect("a type");
    name.as_str().expect("its name").to_owned()
}

/// Where the normal form is not libphonenumber's, each with its reason.
fn is_accepted(digits: &str, theirs: &str, kind: &str) -> bool {
    let begins = |codes: &[&str]| codes.iter().any(|code| digits.starts_with(code));
    // What picks a carrier is dialed within the country alone, and no part of a number that is dialed from abroad.
    let picks_a_carrier = [
        "55", "57", "61", "81", "82", "86", "298", "352", "423", "506", "591",
    ];
    // Gabon's rule drops a 0 whatever becomes of the number; and what is no number of E.164 any more is none of ours.
    let is_broken = begins(&["241"]) || theirs.len() < 7;
    // Of a number without a type nothing says whether its first digit belongs to it.
    let is_unclear = kind == "unknown" && begins(&["3758", "620", "810", "820"]);
    theirs != digits && (begins(&picks_a_carrier) || is_broken) || is_unclear
}

fn differences(path: &str) -> (usize, Vec<String>) {
    let sample = fs::read_to_string(path).expect("the sample");
    let (mut lists, mut wrong, mut compared) = (BTreeMap::new(), Vec::new(), 0);
    for line in sample.lines() {
        let parts: Vec<&str> = line.split('\t').collect();
        if let Some(list) = parts[0].strip_prefix('@') {
            lists.insert(list.to_owned(), parts[1].to_owned());
            continue;
        }
        let (phone, theirs) = (number(parts[0]), parts.get(5).unwrap_or(&parts[0]));
        if is_accepted(parts[0], theirs, parts[2]) {
            continue;
        }
        let ours = facts(&phone);
        assert_eq!(is_possible(&phone), ours.is_possible, "{line}");
        let zones = ours.time_zones.join(" ");
        let normal = normal_form(&phone);
        let said = [
            &normal.as_str()[1..],
            if ours.is_possible { "1" } else { "0" },
            &kind(ours.kind),
            ours.country.unwrap_or("-"),
            &zones,
        ];
        if said != [theirs, parts[1], parts[2], parts[3], &lists[parts[4]]] {
            wrong.push(format!("{line} {}: {said:?}", lists[parts[4]]));
        }
        compared += 1;
    }
    (compared, wrong)
}

#[test]
fn every_number_of_the_sample_is_what_libphonenumber_says() {
    let (compared, wrong) = differences(SAMPLE);
    assert!(compared > 10_000, "{compared} numbers");
    assert!(
        wrong.is_empty(),
        "{} of {compared}: {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(20)]
    );
}

#[test]
#[ignore = "tests/numbering.test.ts makes the numbers"]
fn every_number_of_a_larger_sample_is_as_well() {
    let path = std::env::var("NUMBERING_SAMPLE").expect("where the sample is");
    let (compared, wrong) = differences(&path);
    assert!(compared > 100_000, "{compared} numbers");
    assert!(
        wrong.is_empty(),
        "{} of {compared}: {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(60)]
    );
}

/// What the oracle does not know, or says otherwise: our own corrections, and what we call dear.
#[test]
fn what_is_decided_otherwise_than_by_libphonenumber_is_so() {
    for (digits, kind_is, is_high_risk, country, zones) in [
        ("919876543210", "mobile", false, Some("IN"), "Asia/Kolkata"),
        (
            "74012345678",
            "fixed_line",
            false,
            Some("RU"),
            "Europe/Kaliningrad",
        ),
        (
            "38343201234",
            "mobile",
            false,
            Some("XK"),
            "Europe/Belgrade",
        ),
        ("2917123456", "mobile", false, Some("ER"), "Africa/Asmara"),
        ("8821612345", "satellite", true, None, ""),
        ("8821312345", "satellite", true, None, ""),
        ("8823412345", "unknown", false, None, ""),
        ("870773111632", "satellite", true, None, ""),
        ("881612345678", "satellite", true, None, ""),
        ("979123456789", "premium_rate", true, None, ""),
        ("80812345678", "shared_cost", true, None, ""),
        ("80012345678", "toll_free", false, None, ""),
        ("19002345678", "premium_rate", true, Some("US"), ""),
        (
            "448451234567",
            "premium_rate",
            true,
            Some("GB"),
            "Europe/London",
        ),
        ("61131234", "shared_cost", true, Some("AU"), ""),
        (
            "4407400123456",
            "mobile",
            false,
            Some("GB"),
            "Europe/London",
        ),
        ("15005550000", "other", false, Some("US"), ""),
        (
            "15595550000",
            "fixed_or_mobile",
            false,
            Some("US"),
            "America/Los_Angeles",
        ),
        ("21012345678", "unknown", true, None, ""),
        ("99912345678", "unknown", true, None, ""),
    ] {
        let told = facts(&number(digits));
        let found = (kind(told.kind), told.is_high_risk, told.country);
        assert_eq!(
            found,
            (kind_is.to_owned(), is_high_risk, country),
            "{digits}"
        );
        if !zones.is_empty() || country.is_none() {
            assert_eq!(told.time_zones.join(" "), zones, "{digits}");
        }
    }
    assert_eq!(facts(&number("21012345678")).country_code, None);
    assert_eq!(
        facts(&number("448451234567")).country_code.as_deref(),
        Some("44")
    );
    assert_eq!(metadata_version(), "9.0.43");
}

/// One phone has one form, whatever is written of it.
#[test]
fn one_phone_has_one_normal_form() {
    for (given, normal) in [
        ("4407911123456", "447911123456"),
        ("447911123456", "447911123456"),
        ("114155552671", "14155552671"),
        ("789161234567", "79161234567"),
        ("78001234567", "78001234567"),
        ("390612345678", "390612345678"),
        ("2250123456789", "2250123456789"),
        ("3606201234567", "36201234567"),
        ("378886377", "3780549886377"),
        ("67210123", "672310123"),
        ("2612123456", "261202123456"),
        ("54111512345678", "5491112345678"),
        ("540221154123456", "5492214123456"),
        ("5491112345678", "5491112345678"),
        ("21001234567", "21001234567"),
    ] {
        assert_eq!(
            &normal_form(&number(given)).as_str()[1..],
            normal,
            "{given}"
        );
    }
}

/// The Worker bears it, beside the zones' rules, in 60 KB.
#[test]
fn the_table_is_small() {
    let table = fs::metadata(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/domain/numbering/table.bin"
    ));
    assert!(table.expect("the table").len() < 65_000);
}
