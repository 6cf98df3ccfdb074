//! Rows: their contents, and what happens to a change if they can't be written.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::directory_rows::Failure;
use crate::{agent, create, founded, golden, trunk, with};

#[test]
fn a_change_that_was_not_written_did_not_happen() {
    let (world, org) = founded();
    let before = world.office(&org).rows.borrow().clone();
    world
        .office(&org)
        .failure
        .set(Some(Failure::BeforePersisting));
    assert_eq!(world.post(&org, "/agents", agent()).0, 503);
    assert_eq!(*world.office(&org).rows.borrow(), before);
    assert_eq!(world.get(&org, "/agents").1, json!({"agents": []}));
    create(&world, &org, "/agents", agent());
    assert_eq!(
        world.get(&org, "/agents").1["agents"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[test]
fn a_change_that_was_written_before_storage_failed_is_carried_through() {
    let (world, org) = founded();
    let line = create(&world, &org, "/sip-trunks", trunk());
    let key = create(
        &world,
        &org,
        "/api-keys",
        json!({"name": "x", "role": "member"}),
    );
    world
        .office(&org)
        .failure
        .set(Some(Failure::AfterPersisting));
    assert_eq!(world.delete(&org, &format!("/api-keys/{key}")).0, 503);
    world.tick(&org);
    assert_eq!(world.brief_of(&line).revoked_keys.len(), 1);
    assert_eq!(
        world.get(&org, "/api-keys").1["api_keys"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[test]
fn a_secret_of_each_rotation_is_stored_as_long_as_it_signs() {
    let (world, org) = founded();
    for seconds in [600, 60, 6] {
        world.post(
            &org,
            "/webhooks/secret/rotate",
            json!({"overlap_seconds": seconds}),
        );
    }
    let row = world.office(&org).rows.borrow()["org"].clone();
    let row: Value = serde_json::from_str(&row).expect("JSON");
    golden::check("directory/row_org_rotated", &row);
    world.restart();
    let until = world.get(&org, "/webhooks/secret").1["previous_valid_until"].clone();
    assert_eq!(until, "2026-06-14T10:10:00.000Z");
}

#[test]
fn everything_is_the_same_after_a_restart() {
    let (world, org) = founded();
    let id = create(
        &world,
        &org,
        "/agents",
        with(agent(), "script", Some(json!("Hello."))),
    );
    let line = create(&world, &org, "/sip-trunks", trunk());
    create(
        &world,
        &org,
        "/api-keys",
        json!({"name": "x", "role": "member"}),
    );
    world.post(
        &org,
        "/webhooks/test",
        json!({"url": "https://hooks.example.org/"}),
    );
    let paths = [
        format!("/agents/{id}"),
        format!("/sip-trunks/{line}"),
        "/api-keys".into(),
        "/webhooks/secret".into(),
        "/webhooks/deliveries".into(),
        "/audit-log".into(),
    ];
    let all = || {
        paths
            .iter()
            .map(|path| world.get(&org, path))
            .collect::<Vec<_>>()
    };
    let before = all();
    world.restart();
    assert_eq!(all(), before);
}

#[test]
fn rows_of_earlier_days_are_read() {
    for name in [
        "rows",
        "rows_sealed",
        "rows_dated",
        "rows_guarded",
        "rows_permitted",
        "rows_with_destinations",
        "rows_with_hours",
    ] {
        let path = format!("tests/golden/directory/{name}.json");
        let text = std::fs::read_to_string(path).expect("a golden");
        let rows: BTreeMap<String, Value> = serde_json::from_str(&text).expect("JSON");
        let rows = rows.into_iter().map(|(name, doc)| (name, doc.to_string()));
        let directory = audatec::app::directory::Directory::restore(rows).expect("readable");
        assert!(directory.org_id().is_some());
    }
}

#[test]
fn stored_rows_are_pinned() {
    let (world, org) = founded();
    let full = with(
        with(agent(), "script", Some(json!("Hello."))),
        "voice",
        Some(json!("asha")),
    );
    create(&world, &org, "/agents", full);
    let gone = create(&world, &org, "/agents", agent());
    world.delete(&org, &format!("/agents/{gone}"));
    let carrier = json!({"type": "livekit", "url": "wss://livekit.example.com", "api_key": "APIabc",
        "api_secret": "very secret", "sip_trunk_id": "ST_1"});
    create(
        &world,
        &org,
        "/sip-trunks",
        with(trunk(), "carrier", Some(carrier)),
    );
    let destinations = json!({"allow": ["+91", "+1"], "deny": ["+1900"], "high_risk": "allow"});
    let limited = with(trunk(), "destinations", Some(destinations));
    create(
        &world,
        &org,
        "/sip-trunks",
        with(limited, "max_calls_per_day", Some(json!(1000))),
    );
    world.patch(
        &org,
        "/settings",
        json!({"reject_impossible_numbers": true}),
    );
    let line = create(&world, &org, "/sip-trunks", trunk());
    world.delete(&org, &format!("/sip-trunks/{line}"));
    let body = json!({"name": "x", "role": "member", "expires_at": "2027-01-01"});
    let key = create(&world, &org, "/api-keys", body);
    world.post(&org, "/webhooks/secret/rotate", json!({}));
    // One who can't be told, so that something is pending in the rows.
    world.kv_is_down.set(true);
    world
        .unreachable
        .borrow_mut()
        .extend(world.trunks.borrow().keys());
    world.delete(&org, &format!("/api-keys/{key}"));
    let rows = world.office(&org).rows.borrow().clone();
    let rows: BTreeMap<String, Value> = rows
        .into_iter()
        .map(|(name, doc)| (name, serde_json::from_str(&doc).expect("JSON")))
        .collect();
    golden::check("directory/rows_with_destinations", &json!(rows));
    let copies: BTreeMap<String, Value> = world
        .kv
        .borrow()
        .iter()
        .map(|(key, json)| (key.to_string(), serde_json::from_str(json).expect("JSON")))
        .collect();
    golden::check("directory/copies_with_destinations", &json!(copies));
}
