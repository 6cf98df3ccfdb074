//! `MASTER_KEY` and `PLATFORM_TOKEN` are rotated without losing anything.

use serde_json::{Value, json};

use crate::world::{Org, World, block_on};
use crate::{error, founded};
use audatec::app::records::RecordKey;

const OLD: &[u8] = b"master key";
const NEW: &[u8] = b"another master key";

fn key_copies(world: &World) -> usize {
    let copies = world.kv.borrow();
    let is_key = |key: &&RecordKey| matches!(key, RecordKey::ApiKey(_));
    copies.keys().filter(is_key).count()
}

#[test]
fn keys_of_the_master_key_before_are_good_and_those_that_were_used_outlive_it() {
    let (mut world, org) = founded();
    let unused = crate::keys::key(&world, &org, "viewer");
    world.rotate(NEW, "platform-token", &[OLD], None);
    assert_eq!(world.get(&org, "/agents").0, 200);
    let made = crate::keys::key(&world, &org, "viewer");
    world.tick(&org);
    // Both copies are there: one of them may be late.
    assert_eq!(key_copies(&world), 4);
    assert_eq!(world.get(&org, "/agents").0, 200);
    assert_eq!(world.get(&unused, "/agents").0, 200);
    world.tick(&org);

    world.restart();
    world.rotate(NEW, "platform-token", &[], None);
    for org in [&org, &unused, &made] {
        assert_eq!(world.get(org, "/agents").0, 200);
    }
    world.rotate(b"a third", "platform-token", &[NEW, OLD], None);
    assert_eq!(world.get(&org, "/agents").0, 200);
    world.tick(&org);
    assert_eq!(key_copies(&world), 5, "of a key two copies at most");
}

#[test]
fn a_key_that_nobody_used_meanwhile_is_good_as_long_as_its_master_key_is_known() {
    let (mut world, org) = founded();
    let unused = crate::keys::key(&world, &org, "viewer");
    world.rotate(NEW, "platform-token", &[], None);
    assert_eq!(world.get(&unused, "/agents").0, 401);
    world.rotate(NEW, "platform-token", &[OLD], None);
    assert_eq!(world.get(&unused, "/agents").0, 200);
}

#[test]
fn a_key_that_is_deleted_after_the_change_is_found_nowhere() {
    let (mut world, org) = founded();
    let (key, id) = crate::keys::new(&world, &org, "viewer");
    let viewer = Org { key, ..org.clone() };
    world.rotate(NEW, "platform-token", &[OLD], None);
    assert_eq!(world.get(&viewer, "/agents").0, 200);
    world.tick(&org);
    assert_eq!(world.delete(&org, &format!("/api-keys/{id}")).0, 204);
    world.tick(&org);
    assert_eq!(world.get(&viewer, "/agents").0, 401);
    assert_eq!(key_copies(&world), 2, "the owner's two");
}

#[test]
fn the_operators_token_before_is_good_while_it_is_kept() {
    let (mut world, _) = founded();
    let list = |world: &World, token: &str| world.send("GET", "/platform/v1/orgs", token, None);
    world.rotate(OLD, "new-token", &[], Some("platform-token"));
    assert_eq!(list(&world, "platform-token").0, 200);
    assert_eq!(list(&world, "new-token").0, 200);
    assert_eq!(list(&world, "").0, 401);
    world.rotate(OLD, "new-token", &[], None);
    assert_eq!(
        list(&world, "platform-token"),
        (401, error("Invalid platform token"))
    );
    assert_eq!(list(&world, "new-token").0, 200);
    world.rotate(OLD, "new-token", &[], Some(""));
    assert_eq!(list(&world, "").0, 401);
}

/// What was created under an `Idempotency-Key`, with what it showed once.
fn once(world: &World, path: &str, key: &str, name: &str) -> Value {
    let answer = repeated(world, path, key, "order-1", name);
    assert_eq!(answer.0, 201, "{}", answer.1);
    answer.1
}

fn repeated(world: &World, path: &str, key: &str, order: &str, name: &str) -> (u16, Value) {
    let answer = block_on(world.once(path, key, order, json!({"name": name})));
    (
        answer.status,
        serde_json::from_slice(&answer.body).expect("JSON"),
    )
}

#[test]
fn a_repeat_shows_what_the_first_request_showed_before_while_and_after_the_change() {
    let (mut world, org) = founded();
    let orgs = "/platform/v1/orgs";
    let keys = format!("{orgs}/{}/owner-keys", org.id);
    let (first, key) = (
        once(&world, orgs, "platform-token", "Acme"),
        once(&world, &keys, "platform-token", "Owner"),
    );
    world.rotate(NEW, "platform-token", &[OLD], None);
    assert_eq!(once(&world, orgs, "platform-token", "Acme"), first);
    assert_eq!(once(&world, &keys, "platform-token", "Owner"), key);
    let later = repeated(&world, orgs, "platform-token", "order-2", "Late");
    world.rotate(NEW, "platform-token", &[], None);
    let again = repeated(&world, orgs, "platform-token", "order-2", "Late");
    assert_eq!(again, later);
    let owner = Org {
        key: later.1["owner_key"].as_str().expect("a key").into(),
        ..org
    };
    assert_eq!(world.get(&owner, "/agents").0, 200);
}
