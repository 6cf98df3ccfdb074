//! `/api-keys`.

use audatec::domain::time::Span;
use serde_json::{Value, json};

use crate::world::{Org, START, World};
use crate::{agent, create, error, founded, golden, trunk};
use audatec::app::directory::{Ask, DirectoryCommand};
use audatec::app::ports::Directories;

/// The same organisation, through a new key of this role.
pub fn key(world: &World, org: &Org, role: &str) -> Org {
    Org {
        key: new(world, org, role).0,
        ..org.clone()
    }
}

/// A new key, and its id.
pub fn new(world: &World, org: &Org, role: &str) -> (String, String) {
    let (status, body) = world.post(org, "/api-keys", json!({"name": role, "role": role}));
    assert_eq!(status, 201, "{body}");
    let text = |field: &str| body[field].as_str().expect(field).to_owned();
    (text("key"), text("id"))
}

fn listed(world: &World, org: &Org) -> Vec<Value> {
    world.get(org, "/api-keys").1["api_keys"]
        .as_array()
        .expect("keys")
        .clone()
}

fn owner_id(world: &World, org: &Org) -> String {
    listed(world, org).last().expect("a key")["id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

#[test]
fn a_key_is_shown_once_and_works_at_once() {
    let (world, org) = founded();
    let body = json!({"name": "CI", "role": "viewer", "expires_at": "2026-07-01T00:00:00+05:30"});
    let (status, created) = world.post(&org, "/api-keys", body);
    assert_eq!(status, 201);
    golden::check("directory/key_created", &created);
    let key = created["key"].as_str().expect("a key");
    let viewer = Org {
        key: key.into(),
        ..org.clone()
    };
    assert_eq!(world.get(&viewer, "/agents").0, 200);
    assert_eq!(world.get(&viewer, "/api-keys").0, 403);
    let (_, list) = world.get(&org, "/api-keys");
    golden::check("directory/keys_listed", &list);
    assert!(!list.to_string().contains(key));
    assert_eq!(list["api_keys"][0]["created_at"], created["created_at"]);
    let everything = format!(
        "{:?}{:?}",
        world.kv.borrow(),
        world.office(&org).rows.borrow()
    );
    assert!(
        !everything.contains(key),
        "the key itself is stored nowhere"
    );
}

#[test]
fn a_key_has_a_name_a_role_and_an_end_in_the_future() {
    let (world, org) = founded();
    let post = |body| world.post(&org, "/api-keys", body);
    assert_eq!(
        post(json!({"role": "viewer"})),
        (400, error("name is required"))
    );
    assert_eq!(post(json!({"name": "x"})), (400, error("role is required")));
    assert_eq!(
        post(json!({"name": "x", "role": "viewer", "key": "mine"})),
        (400, error("unknown field: key"))
    );
    for bad in [
        json!({"role": "root"}),
        json!({"role": 1}),
        json!({"expires_at": "2026-06-14T10:00:00Z"}),
        json!({"expires_at": "tomorrow"}),
        json!({"expires_at": 1_800_000_000}),
    ] {
        let mut body = json!({"name": "x", "role": "viewer"});
        body.as_object_mut()
            .expect("an object")
            .extend(bad.as_object().expect("an object").clone());
        assert_eq!(post(body).0, 400, "{bad}");
    }
    assert_eq!(
        post(json!({"name": "x", "role": "viewer", "expires_at": null})).0,
        201
    );
    assert_eq!(
        post(json!({"name": "x", "role": "viewer", "expires_at": "2026-06-14T10:00:00.001Z"})).0,
        201
    );
}

#[test]
fn keys_are_listed_newest_first_page_by_page() {
    let (world, org) = founded();
    for n in 0..4 {
        world.advance(Span(if n == 2 { 0 } else { 1 }));
        world.post(
            &org,
            "/api-keys",
            json!({"name": format!("key {n}"), "role": "viewer"}),
        );
    }
    let mut names = Vec::new();
    let mut path = "/api-keys?limit=2".to_owned();
    loop {
        let (status, body) = world.get(&org, &path);
        assert_eq!(status, 200);
        let page = body["api_keys"].as_array().expect("keys");
        names.extend(
            page.iter()
                .map(|key| key["name"].as_str().expect("a name").to_owned()),
        );
        // What is added meanwhile shifts nothing.
        world.advance(Span(1));
        world.post(&org, "/api-keys", json!({"name": "late", "role": "viewer"}));
        match body["next_cursor"].as_str() {
            Some(cursor) => path = format!("/api-keys?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    names.sort_by(|a, b| b.cmp(a));
    assert_eq!(names, ["key 3", "key 2", "key 1", "key 0", "Owner"]);
    assert_eq!(
        world.get(&org, "/api-keys?cursor=%21"),
        (400, error("cursor is invalid"))
    );
    assert_eq!(
        world.get(&org, "/api-keys?cursor=MTIz"),
        (400, error("cursor is invalid"))
    );
    assert_eq!(
        world.get(&org, "/api-keys?limit=101"),
        (400, error("limit must be a number from 1 to 100"))
    );
    assert_eq!(
        world.get(&org, "/api-keys?role=owner"),
        (400, error("unknown query parameter: role"))
    );
}

#[test]
fn trunks_know_of_a_revoked_key_before_the_answer_and_its_copy_is_gone() {
    let (world, org) = founded();
    let line = create(&world, &org, "/sip-trunks", trunk());
    let (key, id) = new(&world, &org, "member");
    assert_eq!(
        world.delete(&org, &format!("/api-keys/{id}")),
        (204, Value::Null)
    );
    assert_eq!(
        world
            .brief_of(&line)
            .revoked_keys
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        [id.as_str()]
    );
    let revoked = Org { key, ..org.clone() };
    assert_eq!(
        world.get(&revoked, "/agents"),
        (401, error("Invalid or inactive API key"))
    );
    assert_eq!(listed(&world, &org).len(), 1);
    assert_eq!(
        world.delete(&org, &format!("/api-keys/{id}")),
        (404, error("API key not found"))
    );
    assert_eq!(
        world.delete(&org, "/api-keys/no-uuid"),
        (404, error("API key not found"))
    );
}

#[test]
fn a_revoked_key_that_a_stale_copy_still_vouches_for_changes_nothing() {
    let (world, org) = founded();
    let (key, id) = new(&world, &org, "owner");
    let stale = world.kv.borrow().clone();
    world.delete(&org, &format!("/api-keys/{id}"));
    *world.kv.borrow_mut() = stale;
    let revoked = Org { key, ..org.clone() };
    let refused = (401, error("Invalid or inactive API key"));
    assert_eq!(
        world.post(
            &revoked,
            "/api-keys",
            json!({"name": "back door", "role": "owner"})
        ),
        refused
    );
    assert_eq!(world.post(&revoked, "/agents", agent()), refused);
    assert_eq!(world.post(&revoked, "/sip-trunks", trunk()), refused);
    assert_eq!(world.get(&revoked, "/webhooks/secret"), refused);
    assert_eq!(
        world.post(&revoked, "/webhooks/secret/rotate", json!({})),
        refused
    );
    assert_eq!(listed(&world, &org).len(), 1);
}

#[test]
fn the_last_owner_key_cant_be_deleted_and_an_expired_one_does_not_count() {
    let (world, org) = founded();
    let first = owner_id(&world, &org);
    let last = (409, error("The last owner key can't be deleted"));
    new(&world, &org, "admin");
    assert_eq!(world.delete(&org, &format!("/api-keys/{first}")), last);
    let body = json!({"name": "short", "role": "owner", "expires_at": "2026-06-14T10:00:01Z"});
    let short = create(&world, &org, "/api-keys", body);
    world.advance(Span::from_secs(1));
    assert_eq!(world.delete(&org, &format!("/api-keys/{first}")), last);
    assert_eq!(world.delete(&org, &format!("/api-keys/{short}")).0, 204);
    let second = key(&world, &org, "owner");
    assert_eq!(world.delete(&second, &format!("/api-keys/{first}")).0, 204);
}

#[test]
fn an_expired_key_is_refused_and_still_listed() {
    let (world, org) = founded();
    let body = json!({"name": "short", "role": "viewer", "expires_at": "2026-06-14T10:00:01Z"});
    let (_, created) = world.post(&org, "/api-keys", body);
    let short = Org {
        key: created["key"].as_str().expect("a key").into(),
        ..org.clone()
    };
    assert_eq!(world.get(&short, "/agents").0, 200);
    world.advance(Span::from_secs(1));
    assert_eq!(world.get(&short, "/agents").0, 401);
    assert_eq!(listed(&world, &org).len(), 2);
}

#[test]
fn a_keys_last_use_is_known_to_the_hour() {
    let (world, org) = founded();
    let id = owner_id(&world, &org);
    let touch = || {
        let command = DirectoryCommand::of_the_platform(Ask::TouchKey(id.parse().expect("an id")));
        crate::world::block_on(world.directory(org.id, &command)).expect("reached");
        listed(&world, &org)[0]["last_used_at"].clone()
    };
    world.advance(Span::from_secs(3599));
    assert_eq!(touch(), "2026-06-14T10:00:00.000Z");
    world.advance(Span::from_secs(1));
    assert_eq!(touch(), "2026-06-14T11:00:00.000Z");
    world.now.set(START);
    assert_eq!(
        touch(),
        "2026-06-14T11:00:00.000Z",
        "a clock that falls takes nothing back"
    );
}

#[test]
fn trunks_are_reminded_of_a_revoked_key_for_7_days() {
    let (world, org) = founded();
    let line = create(&world, &org, "/sip-trunks", trunk());
    let (_, id) = new(&world, &org, "member");
    world.delete(&org, &format!("/api-keys/{id}"));
    let reminded = |name: &str| {
        assert_eq!(
            world
                .patch(&org, &format!("/sip-trunks/{line}"), json!({"name": name}))
                .0,
            200
        );
        world.brief_of(&line).revoked_keys.len()
    };
    world.advance(Span(7 * 86_400_000 - 1));
    assert_eq!(reminded("a"), 1);
    world.advance(Span(1));
    assert_eq!(reminded("b"), 0);
    assert_eq!(
        world.stored_names(&org, "key/").len(),
        1,
        "its row is gone too"
    );
}
