//! `Idempotency-Key` on routes that create something in an organisation, or create one.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use audatec::app::http::Response;
use audatec::domain::time::Span;
use serde_json::{Value, json};

use crate::directory_rows::Failure;
use crate::world::{Org, World, block_on, crash_after};
use crate::{agent, create, error, founded, golden, trunk, with};

const DAY: Span = Span(86_400_000);
const REUSED: &str = "Idempotency-Key was used with a different request";

/// Each route that creates, a good body, and the list that shows what there is.
fn routes() -> [(&'static str, Value, &'static str, &'static str); 4] {
    [
        ("/agents", agent(), "/agents", "agents"),
        ("/sip-trunks", trunk(), "/sip-trunks", "sip_trunks"),
        (
            "/api-keys",
            json!({"name": "CI", "role": "viewer"}),
            "/api-keys",
            "api_keys",
        ),
        (
            "/webhooks/test",
            json!({"url": "https://example.com/hook"}),
            "/webhooks/deliveries",
            "deliveries",
        ),
    ]
}

fn post(world: &World, org: &Org, path: &str, once: &str, body: Value) -> Response {
    block_on(world.once(&format!("/integration/v1{path}"), &org.key, once, body))
}

fn json_of(response: &Response) -> Value {
    serde_json::from_slice(&response.body).expect("JSON")
}

fn replayed(response: &Response) -> bool {
    response
        .headers
        .contains(&("Idempotent-Replayed", "true".to_owned()))
}

fn count(world: &World, org: &Org, list: &str, name: &str) -> usize {
    world.get(org, list).1[name].as_array().expect(name).len()
}

#[test]
fn a_repeat_gets_the_first_answer_byte_for_byte_and_creates_nothing() {
    let (world, org) = founded();
    for (path, body, list, name) in routes() {
        let before = count(&world, &org, list, name);
        let first = post(&world, &org, path, "once", body.clone());
        // The same key on another route is another request.
        let first = match first.status {
            422 => post(&world, &org, path, path, body.clone()),
            _ => first,
        };
        let key = if path == "/agents" { "once" } else { path };
        assert!((201..=202).contains(&first.status), "{first:?}");
        assert!(!replayed(&first));
        for _ in 0..3 {
            world.advance(Span(6_000_000));
            world.restart();
            let again = post(&world, &org, path, key, body.clone());
            assert_eq!((again.status, &again.body), (first.status, &first.body));
            assert!(replayed(&again));
        }
        assert_eq!(count(&world, &org, list, name), before + 1, "{path}");
        if path != "/webhooks/test" {
            // A body that is refused by itself is told so first.
            let other = post(&world, &org, path, key, with(body, "name", None));
            assert_eq!(json_of(&other), error("name is required"));
        }
    }
}

#[test]
fn a_key_that_was_used_with_another_body_or_elsewhere_is_refused() {
    let (world, org) = founded();
    let body = json!({"name": "CI", "role": "viewer"});
    assert_eq!(post(&world, &org, "/api-keys", "k", body).status, 201);
    for (path, body) in [
        ("/api-keys", json!({"name": "CI", "role": "member"})),
        ("/api-keys", json!({"role": "viewer", "name": "CI"})),
        ("/agents", agent()),
        ("/sip-trunks", trunk()),
        ("/webhooks/secret/rotate", json!({})),
        ("/webhooks/test", json!({"url": "https://example.com/"})),
    ] {
        let refused = post(&world, &org, path, "k", body);
        assert_eq!((refused.status, json_of(&refused)), (422, error(REUSED)));
    }
    for bad in ["", " ", "a b", "ü", &"k".repeat(256)] {
        let refused = post(&world, &org, "/agents", bad, agent());
        let text = "Idempotency-Key must be 1 to 255 visible ASCII characters";
        assert_eq!((refused.status, json_of(&refused)), (400, error(text)));
    }
    assert_eq!(count(&world, &org, "/agents", "agents"), 0);
}

#[test]
fn what_is_shown_once_is_shown_again_to_a_repeat_and_is_in_no_row() {
    let (world, org) = founded();
    let body = json!({"name": "CI", "role": "viewer"});
    let first = post(&world, &org, "/api-keys", "k", body.clone());
    let key = json_of(&first)["key"].as_str().expect("a key").to_owned();
    let secret = post(&world, &org, "/webhooks/secret/rotate", "s", json!({}));
    let shown = json_of(&secret)["secret"].as_str().expect("one").to_owned();
    let viewer = Org {
        key: key.clone(),
        ..org.clone()
    };
    assert_eq!(world.get(&viewer, "/agents").0, 200);
    world.restart();
    assert_eq!(
        post(&world, &org, "/api-keys", "k", body).body,
        first.body,
        "the key again"
    );
    world.advance(Span(3_600_000));
    let again = post(&world, &org, "/webhooks/secret/rotate", "s", json!({}));
    assert_eq!((again.status, again.body), (200, secret.body));
    assert_eq!(
        world.get(&org, "/webhooks/secret").1["secret"],
        shown.as_str()
    );
    for (name, doc) in world.office(&org).rows.borrow().iter() {
        assert!(!doc.contains(&key), "{name} holds the key");
        let holds_secrets = name == "org";
        assert!(holds_secrets || !doc.contains(&shown), "{name}: {doc}");
    }
}

#[test]
fn two_requests_under_two_keys_are_two() {
    let (world, org) = founded();
    let body = json!({"name": "CI", "role": "viewer"});
    let [one, other] = ["a", "b"].map(|once| post(&world, &org, "/api-keys", once, body.clone()));
    assert_ne!(json_of(&one)["key"], json_of(&other)["key"]);
    assert_ne!(json_of(&one)["id"], json_of(&other)["id"]);
}

#[test]
fn an_answer_is_kept_for_a_day_and_its_rows_no_longer() {
    let (world, org) = founded();
    let body = json!({"name": "CI", "role": "viewer"});
    let first = post(&world, &org, "/api-keys", "k", body.clone());
    world.advance(DAY - Span(1));
    assert!(replayed(&post(
        &world,
        &org,
        "/api-keys",
        "k",
        body.clone()
    )));
    world.advance(Span(1));
    let next = post(&world, &org, "/api-keys", "k", body);
    assert!(!replayed(&next));
    assert_ne!(json_of(&next)["key"], json_of(&first)["key"], "a new one");
    world.advance(DAY);
    world.tick(&org);
    for prefix in ["once/", "answer/"] {
        assert_eq!(world.stored_names(&org, prefix), Vec::<String>::new());
    }
}

#[test]
fn a_write_that_failed_leaves_all_of_it_or_nothing() {
    for (failure, created_by_first) in [
        (Failure::BeforePersisting, false),
        (Failure::AfterPersisting, true),
    ] {
        for (path, body, list, name) in routes() {
            let (world, org) = founded();
            world.office(&org).failure.set(Some(failure));
            let lost = post(&world, &org, path, "k", body.clone());
            assert_eq!(lost.status, 503, "{path}");
            let again = post(&world, &org, path, "k", body.clone());
            assert!((201..=202).contains(&again.status), "{path} {again:?}");
            assert_eq!(replayed(&again), created_by_first, "{path}");
            let owners = usize::from(path == "/api-keys");
            assert_eq!(count(&world, &org, list, name), 1 + owners, "{path}");
        }
    }
}

#[test]
fn a_repeat_while_the_first_is_being_decided_is_told_so() {
    let (world, org) = founded();
    world.trunk_turns.set(3);
    let path = "/integration/v1/sip-trunks";
    let mut first = pin!(world.once(path, &org.key, "k", trunk()));
    let mut context = Context::from_waker(Waker::noop());
    assert!(first.as_mut().poll(&mut context).is_pending());
    for (path, body) in [("/sip-trunks", trunk()), ("/agents", agent())] {
        let busy = post(&world, &org, path, "k", body);
        let text = "A request with this Idempotency-Key is in progress";
        assert_eq!((busy.status, json_of(&busy)), (409, error(text)));
    }
    assert_eq!(post(&world, &org, "/agents", "other", agent()).status, 201);
    let first = block_on(first);
    assert_eq!(first.status, 201);
    let again = post(&world, &org, "/sip-trunks", "k", trunk());
    assert_eq!((again.status, again.body), (201, first.body));

    crash_after(1, world.once(path, &org.key, "lost", trunk()));
    assert_eq!(
        post(&world, &org, "/sip-trunks", "lost", trunk()).status,
        201
    );
}

#[test]
fn what_is_refused_uses_up_no_key() {
    let (world, org) = founded();
    let bad = json!({"name": "CI", "role": "king"});
    assert_eq!(post(&world, &org, "/api-keys", "k", bad).status, 400);
    world.trunk_turns.set(0);
    world.loses_replies.set(true);
    assert_eq!(post(&world, &org, "/sip-trunks", "k", trunk()).status, 503);
    world.loses_replies.set(false);
    let made = post(&world, &org, "/sip-trunks", "k", trunk());
    assert_eq!((made.status, replayed(&made)), (201, false));
}

#[test]
fn a_repeat_is_answered_though_the_same_would_be_refused_by_now() {
    let (world, org) = founded();
    let soon = json!({"name": "CI", "role": "viewer", "expires_at": "2026-06-14T11:00:00Z"});
    let first = post(&world, &org, "/api-keys", "k", soon.clone());
    assert_eq!(first.status, 201);
    world.fill(&org, "key/", 1_000);
    world.advance(Span(7_200_000));
    let again = post(&world, &org, "/api-keys", "k", soon.clone());
    assert_eq!((again.status, again.body), (201, first.body));
    let (status, body) = world.post(&org, "/api-keys", soon);
    let text = "expires_at must be an ISO 8601 time in the future";
    assert_eq!((status, body), (400, error(text)));
}

#[test]
fn a_revoked_key_gets_no_answer_again() {
    let (world, org) = founded();
    let owner = post(
        &world,
        &org,
        "/api-keys",
        "k",
        json!({"name": "Second", "role": "owner"}),
    );
    let owner = json_of(&owner);
    let second = Org {
        key: owner["key"].as_str().expect("a key").to_owned(),
        ..org.clone()
    };
    let body = json!({"name": "CI", "role": "viewer"});
    assert_eq!(
        post(&world, &second, "/api-keys", "mine", body.clone()).status,
        201
    );
    world.kv_is_down.set(true);
    let path = format!("/api-keys/{}", owner["id"].as_str().expect("an id"));
    assert_eq!(world.delete(&org, &path).0, 204);
    assert_eq!(post(&world, &second, "/api-keys", "mine", body).status, 401);
}

#[test]
fn an_organisation_is_founded_once_under_a_key() {
    let world = World::new();
    let path = "/platform/v1/orgs";
    let found = |once: &str, name: &str| {
        block_on(world.once(path, "platform-token", once, json!({"name": name})))
    };
    // Founding looks at its clock more than once.
    world.ticks.set(true);
    let first = found("k", "Acme");
    world.ticks.set(false);
    assert_eq!((first.status, replayed(&first)), (201, false));
    world.advance(Span(60_000));
    world.restart();
    let again = found("k", "Acme");
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert!(replayed(&again));
    let refused = found("k", "Another");
    assert_eq!((refused.status, json_of(&refused)), (422, error(REUSED)));
    let other = found("other", "Acme");
    assert_ne!(json_of(&other)["org"]["id"], json_of(&first)["org"]["id"]);

    let org = Org {
        id: json_of(&first)["org"]["id"]
            .as_str()
            .and_then(|id| id.parse().ok())
            .expect("an id"),
        key: json_of(&first)["owner_key"].as_str().expect("a key").into(),
        secret: String::new(),
    };
    assert_eq!(count(&world, &org, "/api-keys", "api_keys"), 1);
    assert_eq!(
        world.get(&org, "/webhooks/secret").1["secret"],
        json_of(&first)["webhook_secret"]
    );
    create(&world, &org, "/agents", agent());
    world.advance(DAY);
    let anew = found("k", "Acme");
    assert_eq!(anew.status, 201);
    assert_ne!(json_of(&anew)["org"]["id"], json_of(&first)["org"]["id"]);
}

#[test]
fn the_oldest_goes_beyond_ten_thousand() {
    let (world, org) = founded();
    let body = json!({"name": "CI", "role": "viewer"});
    let first = post(&world, &org, "/api-keys", "first", body.clone());
    world.advance(Span(1));
    post(&world, &org, "/api-keys", "second", body.clone());
    let office = world.office(&org);
    let (used, answer) = {
        let rows = office.rows.borrow();
        (rows["once/second"].clone(), rows["answer/second"].clone())
    };
    for n in 0..9_998 {
        let mut rows = office.rows.borrow_mut();
        rows.insert(format!("once/filler-{n}"), used.clone());
        rows.insert(format!("answer/filler-{n}"), answer.clone());
    }
    world.restart();
    assert!(replayed(&post(
        &world,
        &org,
        "/api-keys",
        "first",
        body.clone()
    )));
    world.advance(Span(1));
    post(&world, &org, "/api-keys", "newest", body.clone());
    assert_eq!(world.stored_names(&org, "once/").len(), 9_999 + 1);
    let again = post(&world, &org, "/api-keys", "first", body.clone());
    assert_ne!(again.body, first.body, "forgotten");
    assert_eq!(world.stored_names(&org, "answer/").len(), 10_000);
    // Whichever of those of one moment went, the newest are there.
    assert!(replayed(&post(&world, &org, "/api-keys", "newest", body)));
}

#[test]
fn the_rows_of_a_used_key() {
    let (world, org) = founded();
    let body = json!({"name": "CI", "role": "viewer"});
    post(&world, &org, "/api-keys", "k", body);
    let rows = world.office(&org).rows.borrow().clone();
    let rows: BTreeMap<String, Value> = rows
        .into_iter()
        .filter(|(name, _)| name.starts_with("once/") || name.starts_with("answer/"))
        .map(|(name, doc)| (name, serde_json::from_str(&doc).expect("JSON")))
        .collect();
    golden::check("directory/rows_once", &json!(rows));
}
