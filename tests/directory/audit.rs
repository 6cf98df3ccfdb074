//! `GET /audit-log`.

use audatec::domain::time::Span;
use serde_json::{Value, json};

use crate::{agent, create, error, founded, golden, trunk};

#[test]
fn each_change_is_an_entry_newest_first() {
    let (world, org) = founded();
    let step = || world.advance(Span(1));
    step();
    let agent_id = create(&world, &org, "/agents", agent());
    step();
    world.patch(&org, &format!("/agents/{agent_id}"), json!({"name": "x"}));
    step();
    let trunk_id = create(&world, &org, "/sip-trunks", trunk());
    step();
    world.patch(
        &org,
        &format!("/sip-trunks/{trunk_id}"),
        json!({"name": "x"}),
    );
    step();
    world.post(&org, "/webhooks/secret/rotate", json!({}));
    step();
    let key_id = create(
        &world,
        &org,
        "/api-keys",
        json!({"name": "x", "role": "viewer"}),
    );
    step();
    world.delete(&org, &format!("/api-keys/{key_id}"));
    step();
    world.delete(&org, &format!("/agents/{agent_id}"));
    step();
    world.delete(&org, &format!("/sip-trunks/{trunk_id}"));
    // What is refused, read or found done already leaves no entry.
    world.delete(&org, &format!("/agents/{agent_id}"));
    world.post(&org, "/agents", json!({}));
    world.get(&org, "/api-keys");
    let (status, log) = world.get(&org, "/audit-log");
    assert_eq!(status, 200);
    golden::check("directory/audit_log", &log);
}

#[test]
fn the_log_is_read_page_by_page() {
    let (world, org) = founded();
    for _ in 0..5 {
        create(&world, &org, "/agents", agent());
    }
    let mut targets: Vec<Value> = Vec::new();
    let mut path = "/audit-log?limit=3".to_owned();
    loop {
        let (_, body) = world.get(&org, &path);
        targets.extend(
            body["entries"]
                .as_array()
                .expect("entries")
                .iter()
                .map(|entry| entry["target"].clone()),
        );
        let Some(cursor) = body["next_cursor"].as_str() else {
            break;
        };
        path = format!("/audit-log?limit=3&cursor={cursor}");
        create(&world, &org, "/agents", agent());
    }
    assert_eq!(targets.len(), 7);
    targets.sort_by_key(ToString::to_string);
    targets.dedup();
    assert_eq!(targets.len(), 7);
    assert_eq!(
        world.get(&org, "/audit-log?cursor=YWJj"),
        (400, error("cursor is invalid"))
    );
    assert_eq!(
        world.get(&org, "/audit-log?action=x"),
        (400, error("unknown query parameter: action"))
    );
}
