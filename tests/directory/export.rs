//! `GET /export`: the directory's part. Calls are tested in `tests/edge/export.test.ts`.

use audatec::app::api;
use audatec::domain::time::Span;
use serde_json::{Value, json};

use crate::world::{Org, World, block_on};
use crate::{agent, create, founded, trunk};

/// All lines but the last of an answer that begins there, and that one.
fn answer(world: &World, org: &Org, query: &str) -> (Vec<Value>, Value) {
    let path = format!("/integration/v1/export{query}");
    let answer = block_on(world.fetch(&path, &org.key));
    assert_eq!(answer.status, 200);
    let text = String::from_utf8(answer.body).expect("text");
    assert!(text.ends_with('\n'));
    let read = |line| serde_json::from_str::<Value>(line).expect("JSON");
    let mut lines: Vec<Value> = text.lines().map(read).collect();
    let end = lines.pop().expect("an end");
    assert_eq!(end["type"], "end");
    (lines, end)
}

fn exported(world: &World, org: &Org) -> (Vec<Value>, Value) {
    let (mut lines, mut end) = answer(world, org, "");
    while end["complete"] == false {
        let cursor = end["next_cursor"].as_str().expect("a cursor").to_owned();
        let (more, last) = answer(world, org, &format!("?cursor={cursor}"));
        lines.extend(more);
        end = last;
    }
    assert_eq!(end["next_cursor"], Value::Null);
    (lines, end)
}

fn of<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    let lines = lines.iter().filter(|line| line["type"] == kind);
    lines.map(|line| &line["data"]).collect()
}

#[test]
fn everything_is_exported_once_as_its_route_shows_it_and_no_secret_is() {
    let (world, org) = founded();
    let other = world.found("Other");
    create(&world, &other, "/agents", agent());
    let script = "Say hello. ".repeat(2_000);
    for _ in 0..45 {
        world.advance(Span(1));
        let mut agent = agent();
        agent["script"] = json!(script);
        create(&world, &org, "/agents", agent);
    }
    let mut livekit = trunk();
    livekit["carrier"] = json!({
        "type": "livekit", "url": "wss://example.livekit.cloud", "api_key": "APIkey", "api_secret": "very secret",
        "sip_trunk_id": "ST_abc",
    });
    create(&world, &org, "/sip-trunks", livekit);
    let trunks: Vec<String> = (0..24)
        .map(|_| create(&world, &org, "/sip-trunks", trunk()))
        .collect();
    let gone = format!("/sip-trunks/{}", trunks[0]);
    assert_eq!(world.delete(&org, &gone).0, 204);
    let (key, _) = crate::keys::new(&world, &org, "viewer");
    for n in 0..150 {
        let number = json!({"phone_number": format!("+9198765{n:05}")});
        assert_eq!(world.post(&org, "/suppressions", number).0, 201);
    }
    // More erasures than a page has, some of them over.
    for n in 0..130 {
        let number = json!({"phone_number": format!("+9198764{n:05}")});
        assert_eq!(world.post(&org, "/erasures", number).0, 202);
        if n == 60 {
            crate::erasures::live(&world, &org, Span(100_000));
        }
    }
    let (lines, end) = exported(&world, &org);
    let counts = |kind: &str| of(&lines, kind).len();
    for (kind, count) in [
        ("organisation", 1),
        ("settings", 1),
        ("agent", 45),
        ("sip_trunk", 24),
        ("api_key", 2),
        ("suppression", 150),
        ("call", 0),
        ("erasure", 130),
    ] {
        assert_eq!(counts(kind), count, "{kind}");
    }
    for (kind, count) in end["counts"].as_object().expect("counts") {
        assert_eq!(count.as_u64(), Some(counts(kind) as u64), "{kind}");
    }
    for agent in of(&lines, "agent") {
        let path = format!("/agents/{}", agent["id"].as_str().expect("an id"));
        assert_eq!(world.get(&org, &path), (200, agent.clone()));
    }
    let is_over = |erasure: &&&Value| erasure["status"] == "completed";
    let erasures = of(&lines, "erasure");
    assert_eq!(erasures.iter().filter(is_over).count(), 61);
    for erasure in erasures {
        let path = format!("/erasures/{}", erasure["id"].as_str().expect("an id"));
        assert_eq!(world.get(&org, &path), (200, erasure.clone()));
    }
    let settings = world.get(&org, "/settings").1;
    assert_eq!(of(&lines, "settings"), [&settings]);
    let mut texts: Vec<String> = lines.iter().map(Value::to_string).collect();
    let all = texts.join("\n");
    let other = other.id.to_string();
    for secret in [&key, &org.key, &org.secret, "very secret", &other] {
        assert!(!all.contains(secret), "{secret}");
    }
    let before = texts.len();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), before, "no line comes twice");
}

#[test]
fn the_audit_log_tells_of_an_export() {
    let (world, org) = founded();
    let (lines, _) = exported(&world, &org);
    let entries = of(&lines, "audit_entry");
    assert_eq!(entries[0]["action"], "organisation.export");
    assert_eq!(entries[0]["target"], org.id.to_string());
    let log = world.get(&org, "/audit-log").1;
    assert_eq!(
        Value::from_iter(entries.into_iter().cloned()),
        log["entries"]
    );
}

#[test]
fn a_large_organisation_takes_several_answers_that_count_on() {
    let mut world = World::new();
    // As with that few, ids that are drawn are told apart by more than their first bytes.
    world.unguarded(1);
    let org = world.found("Acme Lending");
    for _ in 0..1_000 {
        create(&world, &org, "/sip-trunks", trunk());
    }
    let (first, end) = answer(&world, &org, "");
    assert_eq!(end["complete"], false);
    assert!(of(&first, "audit_entry").is_empty());
    let (all, end) = exported(&world, &org);
    assert_eq!(end["counts"]["sip_trunk"], 1_000);
    let mut ids: Vec<_> = of(&all, "sip_trunk")
        .iter()
        .map(|trunk| trunk["id"].to_string())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 1_000);
}

#[test]
fn an_export_is_for_owners_and_ends_when_the_key_does() {
    let (world, org) = founded();
    let admin = crate::keys::key(&world, &org, "admin");
    assert_eq!(world.get(&admin, "/export").0, 403);
    let (key, id) = crate::keys::new(&world, &org, "owner");
    world.reads_beginnings.set(true);
    let begun = block_on(world.fetch("/integration/v1/export", &key));
    world.reads_beginnings.set(false);
    assert_eq!(world.delete(&org, &format!("/api-keys/{id}")).0, 204);
    let rest = begun.rest.expect("more");
    assert!(block_on(api::go_on(&world, &rest)).is_err());
    for (query, error) in [
        ("cursor=x", "cursor is invalid"),
        ("limit=5", "unknown query parameter: limit"),
        ("cursor=x&cursor=x", "query parameter given twice: cursor"),
    ] {
        let told = world.get(&org, &format!("/export?{query}"));
        assert_eq!(told, (400, json!({"error": error})));
    }
}
