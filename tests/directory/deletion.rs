//! `DELETE /platform/v1/orgs/{id}`.

use std::pin::pin;
use std::task::{Context, Waker};

use audatec::app::directory::DirectoryCommand;
use audatec::app::operate::sweep;
use audatec::app::ports::Directories;
use audatec::app::records::RecordKey;
use audatec::domain::planted::{Fault, plant};
use audatec::domain::time::Span;
use audatec::domain::vitals::VitalsAsked;
use serde_json::{Value, json};

use crate::world::{Org, START, World, tag};
use crate::{agent, create, error, founded, golden, trunk};

fn operator(world: &World, method: &str, org: &Org) -> (u16, Value) {
    let path = format!("/platform/v1/orgs/{}", org.id);
    let body = (method == "PATCH").then(|| json!({"status": "active"}));
    world.send(method, &path, "platform-token", body)
}

/// An organisation with something of everything. Returns a trunk that is used, and one that was deleted.
fn furnished(world: &World, org: &Org) -> [String; 2] {
    let used = create(world, org, "/sip-trunks", trunk());
    let gone = create(world, org, "/sip-trunks", trunk());
    assert_eq!(world.delete(org, &format!("/sip-trunks/{gone}")).0, 204);
    let mut who = String::new();
    for _ in 0..5 {
        who = create(world, org, "/agents", agent());
    }
    let draft = json!({"name": "June", "agent_id": who, "sip_trunk_id": used});
    create(world, org, "/campaigns", draft);
    crate::keys::new(world, org, "viewer");
    let number = json!({"phone_number": "+919876543210"});
    assert_eq!(world.post(org, "/suppressions", number).0, 201);
    world.archive.borrow_mut().extend([
        (format!("calls/{}/one/1.ndjson", org.id), (1, String::new())),
        (format!("calls/{}/one/2.ndjson", org.id), (1, String::new())),
    ]);
    [used, gone]
}

/// Whatever names the organisation, anywhere but in what is kept of it.
fn traces(world: &World, org: &Org) -> Vec<String> {
    let id = org.id.to_string();
    let mut traces: Vec<String> = world.archive.borrow().keys().cloned().collect();
    let copies = world.kv.borrow();
    traces.extend(copies.iter().map(|(key, json)| format!("{key} {json}")));
    traces.extend(
        world
            .numbers
            .borrow()
            .keys()
            .map(|(org, _)| format!("numbers/{org}")),
    );
    traces.extend(
        world
            .campaigns
            .borrow()
            .keys()
            .map(|(org, id)| format!("campaign/{org}/{id}")),
    );
    let trunks = world.trunks.borrow();
    traces.extend(trunks.values().map(|trunk| format!("{:?}", trunk.brief)));
    let rows = &world.office(org).rows;
    traces.extend(rows.borrow().keys().map(|name| format!("{id} {name}")));
    traces.retain(|trace| trace.contains(&id));
    traces
}

/// What is left when it is over: the name of an empty copy, which the cron removes.
fn name_alone(org: &Org) -> Vec<String> {
    vec![format!("trunks/{} []", org.id)]
}

/// Lets the alarm ring until there is nothing left to do.
fn to_the_end(world: &World, org: &Org) {
    for _ in 0..1_000 {
        let Some(due) = world.next_due(org) else {
            return;
        };
        world.now.set(due.max(world.now.get()));
        world.tick(org);
    }
    panic!("it goes on for ever");
}

#[test]
fn a_deleted_organisation_leaves_nothing_behind_and_others_are_as_they_were() {
    let (world, org) = founded();
    let other = world.found("Other");
    furnished(&world, &other);
    let before = traces(&world, &other);
    let [used, _] = furnished(&world, &org);
    let (status, body) = operator(&world, "DELETE", &org);
    assert_eq!((status, &body["status"]), (202, &json!("deleting")));
    golden::check("directory/org_deleting", &body);
    let brief = world.brief_of(&used);
    assert!(brief.suspended, "no phone rings any more");
    assert_eq!(
        brief.revoked_keys.len(),
        2,
        "and who holds a key is refused"
    );
    let key = (401, error("Invalid or inactive API key"));
    assert_eq!(world.get(&org, "/agents"), key, "whatever a copy says");
    assert_eq!(operator(&world, "GET", &org).1["status"], "deleting");
    let list = world
        .send("GET", "/platform/v1/orgs", "platform-token", None)
        .1;
    assert_eq!(list["orgs"].as_array().expect("a list").len(), 2);
    assert_eq!(
        operator(&world, "DELETE", &org).0,
        202,
        "asking again does no harm"
    );
    let refused = (409, error("Organisation is being deleted, or was"));
    assert_eq!(operator(&world, "PATCH", &org), refused);
    let keys = format!("/platform/v1/orgs/{}/owner-keys", org.id);
    let key = Some(json!({"name": "Another"}));
    assert_eq!(world.send("POST", &keys, "platform-token", key), refused);

    to_the_end(&world, &org);
    assert_eq!(traces(&world, &org), name_alone(&org));
    for method in ["GET", "DELETE"] {
        let (status, gone) = operator(&world, method, &org);
        assert_eq!(status, 200, "{method}");
        golden::check("directory/org_deleted", &gone);
    }
    assert_eq!(operator(&world, "PATCH", &org).0, 404);
    assert_eq!(world.get(&org, "/agents").0, 401);
    let list = world
        .send("GET", "/platform/v1/orgs", "platform-token", None)
        .1;
    assert_eq!(list["orgs"].as_array().expect("a list").len(), 1);
    assert_eq!(traces(&world, &other), before);
    assert!(world.now.get() - START < Span::from_secs(86_400));
    world.tick(&org);
    assert_eq!(world.next_due(&org), None, "nothing is left that wakes");
    crate::world::block_on(sweep::sweep(&world, VitalsAsked::Sweep));
    assert_eq!(traces(&world, &org), Vec::<String>::new());
    let here = |org: &Org| world.copy(&RecordKey::Trunks(org.id)).is_some();
    assert!(here(&other) && !here(&org));
}

#[test]
fn an_organisation_that_there_never_was_is_not_found() {
    let (world, org) = founded();
    let nobody = Org {
        id: "00000000-0000-4000-8000-000000000000"
            .parse()
            .expect("an id"),
        ..org
    };
    let missing = (404, error("Organisation not found"));
    assert_eq!(operator(&world, "DELETE", &nobody), missing);
    assert_eq!(operator(&world, "GET", &nobody), missing);
    let odd = world.send("DELETE", "/platform/v1/orgs/x", "platform-token", None);
    assert_eq!(odd, missing);
    for key in ["", "another token", nobody.key.as_str()] {
        let path = format!("/platform/v1/orgs/{}", nobody.id);
        assert_eq!(world.send("DELETE", &path, key, None).0, 401);
    }
}

/// Drops a future after so many turns, unless it was done before.
fn die_after(turns: usize, future: impl Future) {
    let mut future = pin!(future);
    for _ in 0..turns {
        let context = &mut Context::from_waker(Waker::noop());
        if future.as_mut().poll(context).is_ready() {
            return;
        }
    }
}

#[test]
fn whatever_dies_over_it_a_deletion_goes_on_to_its_end() {
    for turns in 0..60 {
        let (world, org) = founded();
        furnished(&world, &org);
        assert_eq!(operator(&world, "DELETE", &org).0, 202);
        for _ in 0..4 {
            let tick = DirectoryCommand::tick();
            die_after(turns, world.directory(org.id, &tick));
            world.restart();
        }
        world.wipes_fail.set(true);
        for _ in 0..5 {
            world.tick(&org);
            world.advance(Span::from_secs(300));
        }
        assert_eq!(operator(&world, "GET", &org).1["status"], "deleting");
        world.wipes_fail.set(false);
        // Nothing but the cron wakes it: its alarm was lost.
        for _ in 0..40 {
            world.restart();
            world.advance(Span::from_secs(60));
            world.tick(&org);
        }
        assert_eq!(traces(&world, &org), name_alone(&org), "{turns}");
        assert_eq!(operator(&world, "GET", &org).1["status"], "deleted");
    }
}

#[test]
fn conversations_go_on_to_their_end_and_callbacks_are_sent_but_no_longer_than_that_can_be() {
    for (talks, owes, ends) in [
        (true, false, true),
        (false, true, true),
        (true, true, false),
    ] {
        let (world, org) = founded();
        let [busy, _] = furnished(&world, &org);
        let state = |talks, owes| {
            let mut trunks = world.trunks.borrow_mut();
            let trunk = trunks.get_mut(&tag(&busy)).expect("a trunk");
            (trunk.has_live_calls, trunk.owes) = (talks, owes);
        };
        state(talks, owes);
        assert_eq!(operator(&world, "DELETE", &org).0, 202);
        let patience = Span::from_secs(3_600 + 900);
        while world.now.get() + Span::from_secs(30) < START + patience {
            world.tick(&org);
            assert!(world.trunks.borrow().contains_key(&tag(&busy)));
            world.advance(Span::from_secs(30));
        }
        if ends {
            state(false, false);
        }
        to_the_end(&world, &org);
        assert_eq!(traces(&world, &org), name_alone(&org));
    }
}

#[test]
fn a_servers_credentials_stay_while_another_organisation_has_them() {
    let (world, org) = founded();
    let other = world.found("Other");
    let carrier = json!({
        "type": "livekit", "url": "wss://example.livekit.cloud", "api_key": "APIkey", "api_secret": "secret",
        "sip_trunk_id": "ST_abc",
    });
    let mut livekit = trunk();
    livekit["carrier"] = carrier;
    create(&world, &org, "/sip-trunks", livekit.clone());
    create(&world, &other, "/sip-trunks", livekit);
    assert_eq!(operator(&world, "DELETE", &org).0, 202);
    to_the_end(&world, &org);
    let key = RecordKey::carrier("APIkey");
    assert!(world.copy(&key).is_some());
    assert_eq!(operator(&world, "DELETE", &other).0, 202);
    to_the_end(&world, &other);
    assert_eq!(world.copy(&key), None);
}

#[test]
fn a_repeat_of_what_founded_a_deleted_organisation_does_not_found_it_again() {
    let world = World::new();
    let found = || {
        let body = json!({"name": "Acme"});
        let founded = world.once("/platform/v1/orgs", "platform-token", "one", body);
        let answer = crate::world::block_on(founded);
        let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
        (answer.status, body)
    };
    let (status, body) = found();
    assert_eq!(status, 201);
    let org = Org {
        id: body["org"]["id"]
            .as_str()
            .expect("an id")
            .parse()
            .expect("an id"),
        key: String::new(),
        secret: String::new(),
    };
    assert_eq!(operator(&world, "DELETE", &org).0, 202);
    to_the_end(&world, &org);
    assert_eq!(
        found(),
        (409, error("Organisation is being deleted, or was"))
    );
    assert_eq!(traces(&world, &org), name_alone(&org));
}

/// Deletes it, and has something come late to what was emptied.
fn with_latecomers(world: &World, org: &Org) -> Vec<String> {
    assert_eq!(operator(world, "DELETE", org).0, 202);
    let [late, later] = ["late", "later"].map(|name| format!("calls/{}/{name}", org.id));
    let emptied = |world: &World| {
        let rows = &world.office(org).rows;
        rows.borrow()
            .get("org")
            .is_none_or(|row| row.contains("emptied_at"))
    };
    while !emptied(world) {
        world.now.set(world.next_due(org).expect("it goes on"));
        world.tick(org);
    }
    world.archive.borrow_mut().insert(late, (1, String::new()));
    let copy = RecordKey::Media(org.id);
    world.kv.borrow_mut().insert(copy, "{}".into());
    world
        .now
        .set(world.next_due(org).unwrap_or(world.now.get()));
    world.tick(org);
    world.archive.borrow_mut().insert(later, (1, String::new()));
    to_the_end(world, org);
    traces(world, org)
}

#[test]
fn what_comes_late_to_an_emptied_place_goes_as_well() {
    let (world, org) = founded();
    furnished(&world, &org);
    assert_eq!(with_latecomers(&world, &org), name_alone(&org));
}

#[test]
fn something_left_behind_would_be_noticed() {
    for fault in [Fault::GoneTrunkKept, Fault::EmptiedOnce] {
        let (world, org) = founded();
        furnished(&world, &org);
        plant(Some(fault));
        let left = with_latecomers(&world, &org);
        plant(None);
        assert_ne!(left, name_alone(&org), "{fault:?}");
    }
}
