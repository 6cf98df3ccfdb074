//! `POST /platform/v1/orgs`.

use audatec::app::records::RecordKey;
use audatec::domain::agent::Status;
use serde_json::{Value, json};

use crate::{error, founded, golden, world::World};

#[test]
fn an_organisation_begins_with_an_owner_key_that_works_and_a_webhook_secret() {
    let world = World::new();
    let (status, body) = world.send(
        "POST",
        "/platform/v1/orgs",
        "platform-token",
        Some(json!({"name": "Acme"})),
    );
    assert_eq!(status, 201);
    golden::check("directory/org_created", &body);
    let org = world.found("Another");
    assert_eq!(world.get(&org, "/agents"), (200, json!({"agents": []})));
    assert_eq!(
        world.get(&org, "/sip-trunks"),
        (200, json!({"sip_trunks": []}))
    );
    assert_eq!(
        world.get(&org, "/webhooks/secret").1["secret"],
        json!(org.secret)
    );
    // They lie with those who sign, and in no copy.
    assert_eq!(world.copy(&RecordKey::WebhookSecrets(org.id)), None);
}

#[test]
fn only_the_operator_founds_organisations() {
    let (world, org) = founded();
    for key in ["", "another token", org.key.as_str()] {
        let answer = world.send(
            "POST",
            "/platform/v1/orgs",
            key,
            Some(json!({"name": "Acme"})),
        );
        assert_eq!(answer, (401, error("Invalid platform token")));
    }
}

#[test]
fn an_organisation_has_a_name_and_no_unknown_field() {
    let world = World::new();
    let found = |body| world.send("POST", "/platform/v1/orgs", "platform-token", Some(body));
    assert_eq!(found(json!({})), (400, error("name is required")));
    assert_eq!(
        found(json!({"name": null})),
        (400, error("name is required"))
    );
    assert_eq!(found(json!({"name": 7})).0, 400);
    assert_eq!(found(json!({"name": "x".repeat(201)})).0, 400);
    assert_eq!(
        found(json!({"name": "Acme", "plan": "free"})),
        (400, error("unknown field: plan"))
    );
}

#[test]
fn one_organisations_things_are_not_there_for_another() {
    let (world, org) = founded();
    let other = world.found("Other");
    let agent = crate::create(&world, &org, "/agents", crate::agent());
    let trunk = crate::create(&world, &org, "/sip-trunks", crate::trunk());
    for method in ["GET", "DELETE"] {
        let ask =
            |path: String| world.send(method, &format!("/integration/v1{path}"), &other.key, None);
        assert_eq!(
            ask(format!("/agents/{agent}")),
            (404, error("Agent not found"))
        );
        assert_eq!(
            ask(format!("/sip-trunks/{trunk}")),
            (404, error("SIP trunk not found"))
        );
    }
    assert_eq!(world.get(&other, "/agents"), (200, json!({"agents": []})));
}

const ORGS: &str = "/platform/v1/orgs";

fn operator(world: &World, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    world.send(method, &format!("{ORGS}{path}"), "platform-token", body)
}

#[test]
fn the_operator_sees_all_organisations_page_by_page_and_each_by_itself() {
    let (world, org) = founded();
    let mut ids = vec![org.id.to_string()];
    for n in 0..4 {
        ids.push(world.found(&format!("Org {n}")).id.to_string());
    }
    crate::create(&world, &org, "/agents", crate::agent());
    crate::create(&world, &org, "/sip-trunks", crate::trunk());
    ids.sort();
    let (mut seen, mut path) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let (status, body) = operator(&world, "GET", &path, None);
        assert_eq!(status, 200, "{body}");
        let page = body["orgs"].as_array().expect("organisations");
        assert!(page.len() <= 2);
        seen.extend(
            page.iter()
                .map(|org| org["id"].as_str().expect("an id").to_owned()),
        );
        match body["next_cursor"].as_str() {
            Some(cursor) => path = format!("?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, ids);
    let (status, one) = operator(&world, "GET", &format!("/{}", org.id), None);
    assert_eq!(status, 200);
    golden::check("directory/org", &one);
    assert_eq!(
        (&one["agents"], &one["sip_trunks"], &one["api_keys"]),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!(
        operator(&world, "GET", "?cursor=x", None),
        (400, error("cursor is invalid"))
    );
    for nobody in ["00000000-0000-4000-8000-000000000000", "acme"] {
        let answer = operator(&world, "GET", &format!("/{nobody}"), None);
        assert_eq!(answer, (404, error("Organisation not found")));
        let key = Some(json!({"name": "New"}));
        let answer = operator(&world, "POST", &format!("/{nobody}/owner-keys"), key);
        assert_eq!(answer, (404, error("Organisation not found")));
        let answer = operator(
            &world,
            "PATCH",
            &format!("/{nobody}"),
            Some(json!({"status": "suspended"})),
        );
        assert_eq!(answer, (404, error("Organisation not found")));
    }
}

#[test]
fn each_route_of_the_operators_is_for_its_token_alone() {
    let (world, org) = founded();
    let one = format!("/{}", org.id);
    for (method, path) in [
        ("GET", String::new()),
        ("GET", one.clone()),
        ("PATCH", one.clone()),
        ("POST", format!("{one}/owner-keys")),
        ("GET", format!("{one}/usage")),
    ] {
        for key in ["", org.key.as_str()] {
            let body = (method != "GET").then(|| json!({}));
            let answer = world.send(method, &format!("{ORGS}{path}"), key, body);
            assert_eq!(
                answer,
                (401, error("Invalid platform token")),
                "{method} {path}"
            );
        }
    }
}

#[test]
fn a_suspension_is_known_to_every_trunk_before_it_is_answered_and_is_undone() {
    let (world, org) = founded();
    let trunk = crate::create(&world, &org, "/sip-trunks", crate::trunk());
    let path = format!("/{}", org.id);
    let set = |status: &str| operator(&world, "PATCH", &path, Some(json!({"status": status})));
    let (status, body) = set("suspended");
    assert_eq!((status, &body["status"]), (200, &json!("suspended")));
    assert_eq!(body["suspended_at"], json!("2026-06-14T10:00:00.000Z"));
    assert!(world.brief_of(&trunk).suspended);
    // A trunk of the release before knows of inactive ones alone.
    assert_eq!(world.brief_of(&trunk).config.status, Status::Inactive);
    let late = crate::create(&world, &org, "/sip-trunks", crate::trunk());
    world.patch(
        &org,
        &format!("/sip-trunks/{late}"),
        json!({"name": "Late"}),
    );
    assert!(world.brief_of(&late).suspended);
    world.restart();
    assert_eq!(set("suspended").0, 200, "asking again does no harm");
    assert_eq!(
        world.get(&org, &format!("/sip-trunks/{trunk}")).1["status"],
        "active"
    );

    let (status, body) = set("active");
    assert_eq!((status, &body["suspended_at"]), (200, &json!(null)));
    assert!(!world.brief_of(&trunk).suspended);
    assert_eq!(world.brief_of(&trunk).config.status, Status::Active);
    let log = world.get(&org, "/audit-log").1;
    let entries = log["entries"].as_array().expect("entries").iter();
    let mut told: Vec<_> = entries
        .filter(|entry| entry["target"] == json!(org.id))
        .map(|entry| {
            (
                entry["action"].as_str().expect("an action"),
                entry["key_id"].is_null(),
            )
        })
        .collect();
    told.reverse();
    let whole = [
        "organisation.create",
        "organisation.suspend",
        "organisation.resume",
    ];
    assert_eq!(told, whole.map(|action| (action, true)));
}

#[test]
fn a_suspension_that_a_trunk_was_not_told_of_is_not_answered_as_done() {
    let (world, org) = founded();
    let trunk = crate::create(&world, &org, "/sip-trunks", crate::trunk());
    let path = format!("/{}", org.id);
    let suspend = || operator(&world, "PATCH", &path, Some(json!({"status": "suspended"})));
    world.cut_off(&trunk);
    assert_eq!(suspend().0, 503);
    assert_eq!(suspend().0, 503, "nor when it is asked for again");
    world.reconnect();
    assert_eq!(suspend().0, 200);
    assert!(world.brief_of(&trunk).suspended);
}

#[test]
fn what_the_operator_changes_is_checked() {
    let (world, org) = founded();
    let path = format!("/{}", org.id);
    let patch = |body| operator(&world, "PATCH", &path, Some(body));
    assert_eq!(
        patch(json!({"status": "gone"})),
        (400, error("status must be active or suspended"))
    );
    assert_eq!(
        patch(json!({"status": null})),
        (400, error("status is required"))
    );
    assert_eq!(patch(json!({"name": ""})).0, 400);
    assert_eq!(
        patch(json!({"name": null})),
        (400, error("name is required"))
    );
    assert_eq!(
        patch(json!({"plan": "free"})),
        (400, error("unknown field: plan"))
    );
    assert_eq!(patch(json!({})).0, 200);
    assert_eq!(patch(json!({"name": "Acme Ltd"})).1["name"], "Acme Ltd");
    let keys = format!("{path}/owner-keys");
    let post = |body| operator(&world, "POST", &keys, Some(body));
    assert_eq!(post(json!({})), (400, error("name is required")));
    assert_eq!(
        post(json!({"name": "x", "role": "owner"})),
        (400, error("unknown field: role"))
    );
    assert_eq!(
        post(json!({"name": "x", "expires_at": "2020-01-01T00:00:00Z"})).0,
        400
    );
}

#[test]
fn an_organisation_without_its_owner_key_is_given_a_new_one_once() {
    let (world, org) = founded();
    let path = format!("/{}/owner-keys", org.id);
    let (status, made) = operator(&world, "POST", &path, Some(json!({"name": "Recovered"})));
    assert_eq!((status, &made["role"]), (201, &json!("owner")));
    let key = made["key"].as_str().expect("a key").to_owned();
    let recovered = crate::world::Org {
        key: key.clone(),
        ..org.clone()
    };
    let (status, log) = world.get(&recovered, "/audit-log");
    assert_eq!(status, 200);
    let entry = &log["entries"][0];
    assert_eq!(
        (&entry["action"], &entry["target"], &entry["key_id"]),
        (&json!("api_key.create"), &made["id"], &json!(null))
    );
    assert!(
        !world
            .get(&recovered, "/api-keys")
            .1
            .to_string()
            .contains(&key)
    );
}
