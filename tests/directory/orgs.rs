//! `POST /platform/v1/orgs`.

use audatec::app::records::RecordKey;
use serde_json::json;

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
