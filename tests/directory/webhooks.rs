//! `/webhooks/secret` and test events.

use audatec::app::directory::{Ask, DirectoryCommand, DirectoryRefusal, DirectoryReply};
use audatec::app::ports::{Directories, Host};
use audatec::domain::callback::{Attempt, AttemptResult, MOST_PREVIOUS};
use audatec::domain::ids::{CallId, DeliveryId};
use audatec::domain::time::Span;
use serde_json::{Value, json};

use crate::world::{Org, World, block_on, tag};
use crate::{create, error, founded, golden, keys, trunk};

const URL: &str = "https://hooks.example.org/calls";

fn test_event(world: &World, org: &Org) -> String {
    let (status, body) = world.post(org, "/webhooks/test", json!({"url": URL}));
    assert_eq!(status, 202, "{body}");
    body["id"].as_str().expect("an id").to_owned()
}

fn finish(world: &World, org: &Org, id: &str, attempt: u32, status_code: u16) {
    let tried = Attempt {
        at: world.now.get(),
        status_code: Some(status_code),
        error: None,
        duration_ms: 12,
    };
    let result = AttemptResult {
        attempt: tried,
        retry_after_secs: None,
    };
    let command = DirectoryCommand::of_the_platform(Ask::Delivered(
        id.parse().expect("an id"),
        attempt,
        Box::new(result),
    ));
    block_on(world.directory(org.id, &command)).expect("reached");
}

fn delivery(world: &World, org: &Org, id: &str) -> Value {
    let (status, body) = world.get(org, &format!("/webhooks/deliveries/{id}"));
    assert_eq!(status, 200, "{body}");
    body
}

#[test]
fn rotating_shows_the_new_secret_and_until_when_the_old_one_signs_too() {
    let (world, org) = founded();
    let (_, before) = world.get(&org, "/webhooks/secret");
    assert_eq!(before["previous_valid_until"], Value::Null);
    world.advance(Span::from_secs(60));
    let (status, rotated) = world.post(
        &org,
        "/webhooks/secret/rotate",
        json!({"overlap_seconds": 30}),
    );
    assert_eq!(status, 200);
    golden::check("directory/secret_rotated", &rotated);
    assert_ne!(rotated["secret"], before["secret"]);
    assert_eq!(rotated["previous_valid_until"], "2026-06-14T10:01:30.000Z");
    assert_eq!(world.get(&org, "/webhooks/secret").1, rotated);
    world.advance(Span::from_secs(30));
    assert_eq!(
        world.get(&org, "/webhooks/secret").1["previous_valid_until"],
        Value::Null
    );
}

#[test]
fn each_earlier_secret_keeps_its_time_and_the_latest_end_is_shown() {
    let (world, org) = founded();
    let rotate = |seconds: u64| {
        let body = json!({"overlap_seconds": seconds});
        let (status, body) = world.post(&org, "/webhooks/secret/rotate", body);
        assert_eq!(status, 200, "{body}");
        body["previous_valid_until"].clone()
    };
    assert_eq!(rotate(600), "2026-06-14T10:10:00.000Z");
    // The one before keeps what it was promised.
    assert_eq!(rotate(60), "2026-06-14T10:10:00.000Z");
    assert_eq!(rotate(6_000), "2026-06-14T11:40:00.000Z");
    assert_eq!(rotate(0), Value::Null);
}

#[test]
fn more_secrets_than_a_header_holds_are_refused_and_without_an_overlap_all_end() {
    let (world, org) = founded();
    let rotate = |seconds: u64| {
        let body = json!({"overlap_seconds": seconds});
        world.post(&org, "/webhooks/secret/rotate", body)
    };
    for _ in 0..MOST_PREVIOUS {
        assert_eq!(rotate(60).0, 200);
    }
    let full = "At most 20 earlier webhook secrets can sign beside the newest; overlap_seconds 0 ends them";
    assert_eq!(rotate(60), (409, error(full)));
    world.advance(Span::from_secs(60));
    assert_eq!(rotate(60).0, 200, "they are over");
    for _ in 1..MOST_PREVIOUS {
        assert_eq!(rotate(60).0, 200);
    }
    assert_eq!(rotate(0).0, 200);
    assert_eq!(rotate(60).0, 200);
}

#[test]
fn a_rotation_is_answered_when_every_trunk_signs_by_it() {
    let (world, org) = founded();
    let line = create(&world, &org, "/sip-trunks", trunk());
    let gone = create(&world, &org, "/sip-trunks", trunk());
    let signs = |line: &str| world.brief_of(line).secrets;
    let first = signs(&line).expect("secrets");
    assert_eq!(first.current.reveal(), org.secret);
    assert_eq!(world.delete(&org, &format!("/sip-trunks/{gone}")).0, 204);
    let (status, rotated) = world.post(&org, "/webhooks/secret/rotate", json!({}));
    assert_eq!(status, 200);
    let newest = signs(&line).expect("secrets");
    assert_eq!(json!(newest.current.reveal()), rotated["secret"]);
    assert_eq!(newest.outgoing(world.now.get()).count(), 1);
    // A deleted trunk is told of nothing any more: who sends its callbacks asks the directory.
    assert_eq!(signs(&gone), None);

    world.cut_off(&line);
    let (status, _) = world.post(&org, "/webhooks/secret/rotate", json!({}));
    assert_eq!(status, 503, "it is kept, and not everybody knows");
    let kept = world.get(&org, "/webhooks/secret").1["secret"].clone();
    assert_ne!(kept, rotated["secret"]);
    world.reconnect();
    world.advance(Span(5_000));
    world.tick(&org);
    let told = signs(&line).expect("secrets");
    assert_eq!(json!(told.current.reveal()), kept);
}

#[test]
fn a_trunk_that_knows_no_secrets_yet_is_told_them_when_its_sender_asks() {
    let (world, org) = founded();
    let line = create(&world, &org, "/sip-trunks", trunk());
    // As one was told before trunks signed.
    let object = tag(&line);
    let mut trunks = world.trunks.borrow_mut();
    let known = trunks.get_mut(&object).expect("an object");
    known.brief.as_mut().expect("a brief").secrets = None;
    drop(trunks);
    let command = DirectoryCommand::of_the_platform(Ask::SecretsOf(object));
    let reply = block_on(world.directory(org.id, &command)).expect("reached");
    let DirectoryReply::Secrets(secrets) = reply else {
        panic!("{reply:?}");
    };
    assert_eq!(secrets.current.reveal(), org.secret);
    world.advance(Span(5_000));
    world.tick(&org);
    assert_eq!(world.brief_of(&line).secrets, Some(secrets));
}

#[test]
fn of_two_copies_of_a_test_events_message_one_is_sent() {
    let (world, org) = founded();
    let id: DeliveryId = test_event(&world, &org).parse().expect("an id");
    let begin = || {
        block_on(world.directory(
            org.id,
            &DirectoryCommand::of_the_platform(Ask::Begin(id, 1)),
        ))
    };
    assert!(matches!(begin(), Ok(DirectoryReply::Secrets(_))));
    assert!(matches!(
        begin(),
        Ok(DirectoryReply::Refused(DirectoryRefusal::Missing))
    ));
}

#[test]
fn the_overlap_is_0_to_604800_seconds_and_a_day_by_default() {
    let (world, org) = founded();
    let rotate = |body: Option<Value>| {
        world.send(
            "POST",
            "/integration/v1/webhooks/secret/rotate",
            &org.key,
            body,
        )
    };
    assert_eq!(
        rotate(None).1["previous_valid_until"],
        "2026-06-15T10:00:00.000Z"
    );
    assert_eq!(
        rotate(Some(json!({"overlap_seconds": null}))).1["previous_valid_until"],
        "2026-06-15T10:00:00.000Z"
    );
    assert_eq!(
        rotate(Some(json!({"overlap_seconds": 0}))).1["previous_valid_until"],
        Value::Null
    );
    assert_eq!(rotate(Some(json!({"overlap_seconds": 604_800}))).0, 200);
    for bad in [json!(604_801), json!(-1), json!(1.5), json!("60")] {
        assert_eq!(
            rotate(Some(json!({ "overlap_seconds": bad }))).0,
            400,
            "{bad}"
        );
    }
    assert_eq!(
        rotate(Some(json!({"overlap": 1}))),
        (400, error("unknown field: overlap"))
    );
}

#[test]
fn webhooks_are_the_admins() {
    let (world, org) = founded();
    let (admin, member) = (
        keys::key(&world, &org, "admin"),
        keys::key(&world, &org, "member"),
    );
    assert_eq!(world.get(&admin, "/webhooks/secret").0, 200);
    assert_eq!(world.get(&member, "/webhooks/secret").0, 403);
    assert_eq!(
        world.post(&member, "/webhooks/test", json!({"url": URL})).0,
        403
    );
}

#[test]
fn a_test_event_is_the_references_example_for_a_call_that_never_was() {
    let (world, org) = founded();
    let (status, body) = world.post(&org, "/webhooks/test", json!({"url": URL}));
    assert_eq!(status, 202);
    golden::check("directory/test_delivery", &body);
    let sent = world.callbacks.borrow()[0].clone();
    assert_eq!(
        (sent.org, sent.attempt, sent.url.as_str()),
        (org.id, 1, URL)
    );
    let event: Value = serde_json::from_str(&sent.body).expect("JSON");
    golden::check("directory/test_event", &event);
    let key = &world.secrets().id_key;
    assert_eq!(
        CallId::verify(event["call_id"].as_str().expect("an id"), key),
        None
    );
    assert!(DeliveryId::verify(body["id"].as_str().expect("an id"), key).is_some());
}

#[test]
fn a_test_event_goes_to_public_hosts_only() {
    let (world, org) = founded();
    let test = |body| world.post(&org, "/webhooks/test", body);
    assert_eq!(test(json!({})), (400, error("url is required")));
    for bad in ["", "hooks", "ftp://hooks.example.org/"] {
        assert_eq!(
            test(json!({ "url": bad })),
            (400, error("url must be a valid http or https URL")),
            "{bad}"
        );
    }
    for private in [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://10.0.0.1/",
        "https://calls.example.com/x",
    ] {
        assert_eq!(
            test(json!({ "url": private })),
            (400, error("url must not point to a private address"))
        );
    }
    assert_eq!(
        test(json!({"url": URL, "event": "x"})),
        (400, error("unknown field: event"))
    );
}

#[test]
fn a_failed_attempt_is_made_again_on_time_with_the_same_bytes() {
    let (world, org) = founded();
    let id = test_event(&world, &org);
    finish(&world, &org, &id, 1, 500);
    world.restart();
    assert_eq!(delivery(&world, &org, &id)["status"], "pending");
    let due = world.next_due(&org).expect("due");
    assert!(due >= world.now.get() + Span(5_000) && due <= world.now.get() + Span(6_000));
    world.tick(&org);
    assert_eq!(world.callbacks.borrow().len(), 1);
    world.now.set(due);
    world.tick(&org);
    let sent = world.callbacks.borrow().clone();
    assert_eq!((sent.len(), sent[1].attempt), (2, 2));
    assert_eq!(
        (&sent[1].body, sent[1].delivery),
        (&sent[0].body, sent[0].delivery)
    );
    finish(&world, &org, &id, 2, 204);
    let shown = delivery(&world, &org, &id);
    assert_eq!(
        (&shown["status"], &shown["next_attempt_at"]),
        (&json!("delivered"), &Value::Null)
    );
    assert_eq!(world.next_due(&org), None);
    golden::check("directory/test_delivery_delivered", &shown);
    let row = world.office(&org).rows.borrow()[&format!("test/{id}")].clone();
    golden::check(
        "directory/row_test",
        &serde_json::from_str(&row).expect("JSON"),
    );
}

#[test]
fn an_attempt_nobody_reports_on_is_handed_out_again_unless_its_sender_asks_for_time() {
    let (world, org) = founded();
    let id = test_event(&world, &org);
    let until = world.now.get() + Span(31_000);
    let extend =
        DirectoryCommand::of_the_platform(Ask::Extend(id.parse().expect("an id"), 1, until));
    block_on(world.directory(org.id, &extend)).expect("reached");
    assert_eq!(world.next_due(&org), Some(until));
    world.advance(Span(30_999));
    world.tick(&org);
    assert_eq!(world.callbacks.borrow().len(), 1);
    world.advance(Span(1));
    world.tick(&org);
    assert_eq!(
        world
            .callbacks
            .borrow()
            .iter()
            .map(|sent| sent.attempt)
            .collect::<Vec<_>>(),
        [1, 1]
    );
}

#[test]
fn redelivering_makes_one_attempt_now() {
    let (world, org) = founded();
    let id = test_event(&world, &org);
    finish(&world, &org, &id, 1, 200);
    let path = format!("/integration/v1/webhooks/deliveries/{id}/redeliver");
    let (status, body) = world.send("POST", &path, &org.key, None);
    assert_eq!(
        (status, &body["id"], &body["call_id"]),
        (202, &json!(id), &Value::Null)
    );
    assert_eq!(world.callbacks.borrow()[1].attempt, 2);
    finish(&world, &org, &id, 2, 500);
    assert_eq!(delivery(&world, &org, &id)["status"], "delivered");
    let unknown = world.get(
        &org,
        "/webhooks/deliveries/31106b7c-9d02-4723-8b07-5bb8d90240cb",
    );
    assert_eq!(unknown, (404, error("Delivery not found")));
}

#[test]
fn test_deliveries_are_listed_newest_first() {
    let (world, org) = founded();
    let ids: Vec<_> = (0..3).map(|_| test_event(&world, &org)).collect();
    finish(&world, &org, &ids[1], 1, 200);
    let (_, first) = world.get(&org, "/webhooks/deliveries?limit=2");
    let shown = |body: &Value| -> Vec<Value> {
        body["deliveries"]
            .as_array()
            .expect("deliveries")
            .iter()
            .map(|delivery| delivery["id"].clone())
            .collect()
    };
    assert_eq!(shown(&first), [json!(ids[2]), json!(ids[1])]);
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let (_, second) = world.get(
        &org,
        &format!("/webhooks/deliveries?limit=2&cursor={cursor}"),
    );
    assert_eq!(
        (shown(&second), &second["next_cursor"]),
        (vec![json!(ids[0])], &Value::Null)
    );
    let (_, delivered) = world.get(&org, "/webhooks/deliveries?status=delivered");
    assert_eq!(shown(&delivered), [json!(ids[1])]);
    assert_eq!(world.get(&org, "/webhooks/deliveries?status=lost").0, 400);
}

#[test]
fn the_newest_1000_test_deliveries_are_kept_and_none_under_way_is_dropped() {
    let (world, org) = founded();
    let ids: Vec<_> = (0..1000).map(|_| test_event(&world, &org)).collect();
    let full = (
        409,
        error("An organisation can have at most 1000 test deliveries under way"),
    );
    assert_eq!(
        world.post(&org, "/webhooks/test", json!({"url": URL})),
        full
    );
    finish(&world, &org, &ids[7], 1, 200);
    test_event(&world, &org);
    assert_eq!(
        world
            .get(&org, &format!("/webhooks/deliveries/{}", ids[7]))
            .0,
        404
    );
    assert_eq!(delivery(&world, &org, &ids[0])["status"], "pending");
    assert_eq!(world.stored_names(&org, "test/").len(), 1000);
}
