//! What is owed: to trunks that can't be reached, and to copies that can't be written.

use audatec::app::directory::{Ask, DirectoryCommand};
use audatec::app::ports::Directories;
use audatec::app::records::RecordKey;
use audatec::domain::media::CallbackDetail;
use audatec::domain::time::Span;
use serde_json::{Value, json};

use crate::world::{block_on, crash_after};
use crate::{agent, create, error, founded, trunk};

const UNTOLD: (u16, &str) = (503, "Authentication service temporarily unavailable");

fn untold() -> (u16, Value) {
    (UNTOLD.0, error(UNTOLD.1))
}

#[test]
fn a_revocation_that_one_trunk_has_not_heard_of_is_not_answered_as_done() {
    let (world, org) = founded();
    let (near, far) = (
        create(&world, &org, "/sip-trunks", trunk()),
        create(&world, &org, "/sip-trunks", trunk()),
    );
    let key = create(
        &world,
        &org,
        "/api-keys",
        json!({"name": "x", "role": "member"}),
    );
    world.cut_off(&far);
    let path = format!("/api-keys/{key}");
    assert_eq!(world.delete(&org, &path), untold());
    assert_eq!(world.brief_of(&near).revoked_keys.len(), 1);
    assert_eq!(world.brief_of(&far).revoked_keys.len(), 0);
    // It holds all the same, its copy is gone, and asking again does no harm.
    assert_eq!(world.delete(&org, &path), untold());
    world.restart();
    world.reconnect();
    assert_eq!(world.delete(&org, &path), (204, Value::Null));
    assert_eq!(world.brief_of(&far).revoked_keys.len(), 1);
    assert_eq!(world.delete(&org, &path).0, 404);
}

#[test]
fn the_alarm_tells_who_could_not_be_reached() {
    let (world, org) = founded();
    let far = create(&world, &org, "/sip-trunks", trunk());
    let id = create(&world, &org, "/agents", agent());
    world.cut_off(&far);
    assert_eq!(world.delete(&org, &format!("/agents/{id}")), untold());
    assert_eq!(world.next_due(&org), Some(world.now.get() + Span(5_000)));
    world.restart();
    world.advance(Span(5_000));
    world.tick(&org);
    assert_eq!(
        world.next_due(&org),
        Some(world.now.get() + Span(5_000)),
        "still out of reach"
    );
    world.reconnect();
    world.advance(Span(5_000));
    world.tick(&org);
    assert_eq!(world.brief_of(&far).inactive_agents.len(), 1);
    assert_eq!(world.next_due(&org), None);
}

#[test]
fn a_deactivation_that_is_asked_for_again_waits_for_the_same_trunks() {
    let (world, org) = founded();
    let far = create(&world, &org, "/sip-trunks", trunk());
    let id = create(&world, &org, "/agents", agent());
    world.cut_off(&far);
    let deactivate = || {
        world.patch(
            &org,
            &format!("/agents/{id}"),
            json!({"status": "inactive"}),
        )
    };
    assert_eq!(deactivate(), untold());
    assert_eq!(deactivate(), untold());
    world.reconnect();
    assert_eq!(deactivate().0, 200);
    assert_eq!(world.brief_of(&far).inactive_agents.len(), 1);
}

#[test]
fn a_trunk_out_of_reach_delays_no_read_and_no_other_change() {
    let (world, org) = founded();
    let far = create(&world, &org, "/sip-trunks", trunk());
    let id = create(&world, &org, "/agents", agent());
    world.cut_off(&far);
    world.delete(&org, &format!("/agents/{id}"));
    let near = create(&world, &org, "/sip-trunks", trunk());
    assert_eq!(
        world
            .patch(&org, &format!("/sip-trunks/{near}"), json!({"max_cps": 9}))
            .0,
        200
    );
    create(&world, &org, "/agents", agent());
    create(
        &world,
        &org,
        "/api-keys",
        json!({"name": "x", "role": "member"}),
    );
    assert_eq!(world.get(&org, &format!("/sip-trunks/{far}")).0, 200);
    assert_eq!(
        world.patch(&org, &format!("/sip-trunks/{far}"), json!({"max_cps": 9})),
        untold()
    );
}

#[test]
fn a_read_pays_no_debt() {
    let (world, org) = founded();
    world.kv_is_down.set(true);
    create(&world, &org, "/agents", agent());
    let writes = world.kv_writes.borrow().len();
    let forgotten = world.forgotten.get();
    world.get(&org, "/webhooks/secret");
    world.get(&org, "/api-keys");
    world.get(&org, "/audit-log");
    assert_eq!(world.kv_writes.borrow().len(), writes);
    assert_eq!(world.forgotten.get(), forgotten);
    assert!(world.next_due(&org).is_some());
}

#[test]
fn a_copy_that_cant_be_written_delays_nobody_and_is_written_later() {
    let (world, org) = founded();
    world.kv_is_down.set(true);
    let id = create(&world, &org, "/agents", agent());
    let path = format!("/agents/{id}");
    assert_eq!(world.patch(&org, &path, json!({"name": "Newest"})).0, 200);
    // The copy says nothing of it; whoever lists agents asks the directory.
    let key = RecordKey::Agent(org.id, id.parse().expect("an id"));
    assert_eq!(world.copy(&key), None);
    assert_eq!(world.get(&org, "/agents").1["agents"][0]["name"], "Newest");
    world.restart();
    world.kv_is_down.set(false);
    world.advance(Span(5_000));
    world.tick(&org);
    assert_eq!(world.copy(&key).expect("a copy")["name"], "Newest");
    assert_eq!(world.next_due(&org), None);
    let writes = world.kv_writes.borrow().len();
    world.tick(&org);
    assert_eq!(
        world.kv_writes.borrow().len(),
        writes,
        "what was paid is not paid again"
    );
}

#[test]
fn of_two_changes_at_once_the_later_one_is_what_the_copy_says() {
    for delays in [[9, 0, 0, 0], [9, 9, 0, 0], [0, 9, 3, 0], [5, 3, 1, 0]] {
        let (world, org) = founded();
        let id = create(&world, &org, "/agents", agent());
        let path = format!("/integration/v1/agents/{id}");
        world.kv_delays.borrow_mut().extend(delays);
        let rename =
            |name: &str| world.request("PATCH", &path, &org.key, Some(json!({ "name": name })));
        let (a, b) = block_on(futures_util::future::join(
            rename("first"),
            rename("second"),
        ));
        assert_eq!((a.0, b.0), (200, 200));
        let (_, now) = world.get(&org, &format!("/agents/{id}"));
        assert_eq!(
            world.get(&org, "/agents").1["agents"][0]["name"],
            now["name"],
            "{delays:?}"
        );
        world.tick(&org);
        assert_eq!(
            world.get(&org, "/agents").1["agents"][0]["name"],
            now["name"],
            "{delays:?}"
        );
        assert_eq!(world.next_due(&org), None, "{delays:?}");
    }
}

#[test]
fn a_crash_between_the_rows_and_their_copies_loses_nothing() {
    let (world, org) = founded();
    let line = create(&world, &org, "/sip-trunks", trunk());
    let key = create(
        &world,
        &org,
        "/api-keys",
        json!({"name": "x", "role": "member"}),
    );
    world.kv_delays.borrow_mut().extend([9, 9, 9]);
    let path = format!("/integration/v1/api-keys/{key}");
    crash_after(3, world.request("DELETE", &path, &org.key, None));
    world.kv_delays.borrow_mut().clear();
    world.restart();
    let copies = || {
        world
            .kv
            .borrow()
            .keys()
            .filter(|key| matches!(key, RecordKey::ApiKey(_)))
            .count()
    };
    assert_eq!(copies(), 2, "the crash came before the copy was removed");
    world.tick(&org);
    assert_eq!(copies(), 1);
    assert_eq!(world.brief_of(&line).revoked_keys.len(), 1);
}

#[test]
fn two_who_change_the_same_agent_at_once_both_find_their_change() {
    let (world, org) = founded();
    let id = create(&world, &org, "/agents", agent());
    let path = format!("/integration/v1/agents/{id}");
    world.kv_delays.borrow_mut().extend([3, 3, 3, 3]);
    let patch = |body: Value| world.request("PATCH", &path, &org.key, Some(body));
    let change = block_on(futures_util::future::join(
        patch(json!({"name": "A"})),
        patch(json!({"voice": "b"})),
    ));
    assert_eq!((change.0.0, change.1.0), (200, 200));
    let (_, agent) = world.get(&org, &format!("/agents/{id}"));
    assert_eq!(
        (&agent["name"], &agent["voice"]),
        (&json!("A"), &json!("b"))
    );
}

#[test]
fn two_who_change_settings_at_once_both_find_their_change() {
    let (world, org) = founded();
    world.kv_delays.borrow_mut().extend([3, 3, 3, 3]);
    let path = "/integration/v1/settings";
    let patch = |body: Value| world.request("PATCH", path, &org.key, Some(body));
    let limits = json!([{"max_dials": 3, "per": "day"}]);
    let hours = json!({"time_zone": "callee", "windows": [{"days": ["mon"], "from": "09:00", "to": "19:00"}]});
    let change = block_on(futures_util::future::join3(
        patch(json!({"contact_limits": limits})),
        patch(json!({"calling_hours": hours})),
        patch(json!({"transcripts": true})),
    ));
    assert_eq!([change.0.0, change.1.0, change.2.0], [200; 3]);
    let (_, settings) = world.get(&org, "/settings");
    assert_eq!(settings["contact_limits"], limits);
    assert_eq!(settings["calling_hours"]["time_zone"], "callee");
    assert_eq!(settings["transcripts"], true);
}

#[test]
fn a_directory_nobody_founded_serves_no_key() {
    let (world, org) = founded();
    let nobody = "31106b7c-9d02-4723-8b07-5bb8d90240cb"
        .parse()
        .expect("an id");
    let by = Some(nobody);
    let command = DirectoryCommand {
        by,
        request: String::new(),
        once: None,
        slice: None,
        watched: None,
        what: Ask::Secrets,
    };
    let reply = block_on(world.directory(org.id, &command)).expect("reached");
    assert_eq!(
        serde_json::to_value(reply).expect("JSON"),
        json!({"Refused": "InvalidKey"})
    );
}

/// Six trunks, of which one invocation tells two.
fn founded_with_many() -> (crate::world::World, crate::world::Org, Vec<String>) {
    let mut world = crate::world::World::new();
    world.at_once(2);
    let org = world.found("Acme Lending");
    let trunks = (0..6)
        .map(|_| create(&world, &org, "/sip-trunks", trunk()))
        .collect();
    (world, org, trunks)
}

#[test]
fn more_trunks_than_one_invocation_tells_are_told_by_others_before_the_answer() {
    let (world, org, trunks) = founded_with_many();
    let told = |line: &String| world.brief_of(line).media_policy.transcript;
    let set = |transcripts: bool| {
        let detail = if transcripts { "full" } else { "reference" };
        let body = json!({"transcripts": transcripts, "callback_detail": detail});
        world.patch(&org, "/settings", body).0
    };
    world.pokes.set(0);
    assert_eq!(set(true), 200);
    assert!(trunks.iter().all(told));
    let full = |line: &String| world.brief_of(line).callback_detail == CallbackDetail::Full;
    assert!(trunks.iter().all(full));
    assert_eq!(world.pokes.get(), 2);
    assert_eq!(world.next_due(&org), None);

    // Two of them out of reach keep nobody else from being told, wherever they stand.
    world.cut_off(&trunks[0]);
    world.cut_off(&trunks[1]);
    assert_eq!(set(false), 503);
    let still: Vec<bool> = trunks.iter().map(told).collect();
    assert_eq!(still, [true, true, false, false, false, false]);
    world.reconnect();
    world.advance(Span(5_000));
    world.tick(&org);
    assert!(!trunks.iter().any(told));
    assert_eq!(world.next_due(&org), None);
}

#[test]
fn after_a_crash_the_alarm_tells_those_that_were_not_told_a_few_at_a_time() {
    let (world, org, trunks) = founded_with_many();
    world.trunk_turns.set(1);
    crash_after(
        2,
        world.request(
            "PATCH",
            "/integration/v1/settings",
            &org.key,
            Some(json!({"transcripts": true})),
        ),
    );
    world.restart();
    world.trunk_turns.set(0);
    let told = || {
        let told = |line: &&String| world.brief_of(line).media_policy.transcript;
        trunks.iter().filter(told).count()
    };
    let mut ticks = 0;
    while told() < 6 {
        world.tick(&org);
        ticks += 1;
        assert!(ticks <= 3, "{} were told", told());
        // Soon, while it goes well.
        let next = (told() < 6).then_some(world.now.get() + Span(1_000));
        assert_eq!(world.next_due(&org), next);
        world.advance(Span(1_000));
    }
}

#[test]
fn a_rest_that_was_forgotten_would_be_noticed() {
    use audatec::domain::planted::{Fault, plant};
    let (world, org, trunks) = founded_with_many();
    plant(Some(Fault::RestForgotten));
    world.patch(&org, "/settings", json!({"transcripts": true}));
    plant(None);
    let told = |line: &&String| world.brief_of(line).media_policy.transcript;
    assert_eq!(trunks.iter().filter(told).count(), 2);
}
