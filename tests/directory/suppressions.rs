//! `/suppressions`: numbers that must not be called.

use audatec::app::contacts::{ContactsCommand, ContactsReply, ContactsStore};
use audatec::app::directory::{By, DirectoryCommand};
use audatec::app::ports::Directories;
use audatec::app::ports::Host;
use audatec::domain::contacts::{Number, Shard, Source, Stage, Suppression, Take, Ticket, Word};
use audatec::domain::ids::{CallId, TrunkTag};
use audatec::domain::phone::E164;
use audatec::domain::time::{Span, Timestamp};
use audatec::domain::tokens::report::report_token;
use serde_json::{Value, json};

use crate::contacts::Numbers;
use crate::world::{Org, World, block_on, tag};
use crate::{create, error, founded, trunk, with};

const PHONE: &str = "+919876543210";

fn number(text: &str) -> Number {
    Number::of(&E164::parse(text).expect("a number"))
}

fn body() -> Value {
    json!({"phone_number": PHONE, "reason": "Asked us by letter"})
}

fn told(world: &World, trunk: &str) -> Vec<(Vec<Number>, bool)> {
    world.trunks.borrow()[&tag(trunk)].told.clone()
}

fn listed(world: &World, org: &Org, query: &str) -> Vec<String> {
    let (status, list) = world.get(org, &format!("/suppressions{query}"));
    assert_eq!(status, 200, "{list}");
    let rows = list["suppressions"].as_array().expect("a list").iter();
    rows.map(|row| row["phone_number"].as_str().expect("a number").to_owned())
        .collect()
}

fn import(world: &World, org: &Org, file: &str) -> (u16, Value) {
    world.post(org, "/suppressions/import", json!(file))
}

#[test]
fn a_suppression_is_created_replaced_listed_and_deleted() {
    let (world, org) = founded();
    let (status, first) = world.post(&org, "/suppressions", body());
    assert_eq!(status, 201, "{first}");
    assert_eq!(
        first,
        json!({
            "phone_number": PHONE, "reason": "Asked us by letter", "source": "api",
            "created_at": "2026-06-14T10:00:00.000Z", "expires_at": null,
        })
    );
    world.advance(Span(1_000));
    let again = json!({"phone_number": PHONE, "reason": "", "expires_at": "2026-06-15"});
    let (status, then) = world.post(&org, "/suppressions", again);
    assert_eq!(status, 200);
    assert_eq!(then["reason"], Value::Null);
    assert_eq!(
        then["created_at"], first["created_at"],
        "since then it is suppressed"
    );
    assert_eq!(then["expires_at"], "2026-06-15T00:00:00.000Z");
    let list = json!({"suppressions": [then], "next_cursor": null});
    for query in [
        "",
        "?phone_number=%2B919876543210",
        "?phone_number=+919876543210",
    ] {
        assert_eq!(
            world.get(&org, &format!("/suppressions{query}")),
            (200, list.clone())
        );
    }
    assert_eq!(
        listed(&world, &org, "?phone_number=%2B919876543211"),
        [""; 0]
    );
    let path = "/suppressions/%2B919876543210";
    assert_eq!(world.delete(&org, path).0, 204);
    for path in [path, "/suppressions/+919876543210", "/suppressions/x"] {
        assert_eq!(
            world.delete(&org, path),
            (404, error("Suppression not found"))
        );
    }
    assert_eq!(listed(&world, &org, ""), [""; 0]);
}

#[test]
fn an_expired_one_is_gone_at_its_moment_and_its_row_soon() {
    let (world, org) = founded();
    let ends = json!({"phone_number": PHONE, "expires_at": "2026-06-14T10:00:05Z"});
    assert_eq!(world.post(&org, "/suppressions", ends).0, 201);
    world.advance(Span(4_999));
    assert_eq!(listed(&world, &org, ""), [PHONE]);
    world.advance(Span(1));
    assert_eq!(listed(&world, &org, ""), [""; 0]);
    assert_eq!(world.delete(&org, &format!("/suppressions/{PHONE}")).0, 404);
    let numbers = world.numbers.borrow();
    let shard = &numbers[&(org.id, number(PHONE).shard())];
    let now = world.now.get();
    assert!(shard.next_due(now).is_some(), "it wakes for it");
    let _ = shard.serve(audatec::app::contacts::ContactsCommand::Tick, now);
    assert_eq!((shard.len(), shard.next_due(now)), (0, None));
    drop(numbers);
    assert_eq!(
        world.post(&org, "/suppressions", body()).0,
        201,
        "it is a new one"
    );
}

#[test]
fn what_is_no_suppression_is_refused_in_words() {
    let (world, org) = founded();
    for (field, value, text) in [
        ("phone_number", None, "phone_number is required"),
        ("phone_number", Some(json!("")), "phone_number is required"),
        (
            "phone_number",
            Some(json!("9876543210")),
            "phone_number must be in E.164 format",
        ),
        (
            "reason",
            Some(json!("x".repeat(201))),
            "reason must be a string of at most 200 characters",
        ),
        (
            "reason",
            Some(json!(1)),
            "reason must be a string of at most 200 characters",
        ),
        (
            "expires_at",
            Some(json!("soon")),
            "expires_at must be an ISO 8601 time in the future",
        ),
        (
            "expires_at",
            Some(json!("2026-06-14T10:00:00Z")),
            "expires_at must be an ISO 8601 time in the future",
        ),
        ("colour", Some(json!(1)), "unknown field: colour"),
    ] {
        let answer = world.post(&org, "/suppressions", with(body(), field, value));
        assert_eq!(answer, (400, error(text)));
    }
    let (status, answer) = world.post(
        &org,
        "/suppressions",
        with(body(), "expires_at", Some(json!("2026-06-15T10:00:00"))),
    );
    assert_eq!(status, 400);
    assert!(
        answer["error"]
            .as_str()
            .expect("a text")
            .contains("offset from UTC"),
        "{answer}"
    );
    assert_eq!(listed(&world, &org, ""), [""; 0]);
    assert!(!world.office(&org).rows.borrow()["org"].contains("asks_of_numbers"));
}

#[test]
fn every_trunk_asks_of_numbers_and_takes_back_its_calls_before_the_answer() {
    let (world, org) = founded();
    let trunks: Vec<String> = (0..3)
        .map(|_| create(&world, &org, "/sip-trunks", trunk()))
        .collect();
    assert!(
        trunks
            .iter()
            .all(|trunk| !world.brief_of(trunk).asks_of_numbers)
    );
    world
        .trunks
        .borrow_mut()
        .get_mut(&tag(&trunks[1]))
        .expect("a trunk")
        .rings_until = Some(world.now.get() + Span(2_000));
    let began = world.now.get();
    assert_eq!(world.post(&org, "/suppressions", body()).0, 201);
    for trunk in &trunks {
        assert!(world.brief_of(trunk).asks_of_numbers);
    }
    assert_eq!(told(&world, &trunks[0]), [(vec![number(PHONE)], false)]);
    assert_eq!(
        told(&world, &trunks[1]),
        [(vec![number(PHONE)], false), (vec![number(PHONE)], true)]
    );
    assert!(
        world.now.get() >= began + Span(2_000),
        "a phone that may ring is waited for"
    );
    let briefed = world.times_briefed(&trunks[0]);
    world.post(&org, "/suppressions", body());
    assert_eq!(
        world.times_briefed(&trunks[0]),
        briefed,
        "they know it by now"
    );
    let later = create(&world, &org, "/sip-trunks", trunk());
    assert!(world.brief_of(&later).asks_of_numbers);
}

#[test]
fn a_trunk_that_cannot_be_told_is_a_503_and_the_suppression_stays() {
    let (world, org) = founded();
    let id = create(&world, &org, "/sip-trunks", trunk());
    world.cut_off(&id);
    let untold = "The suppression is kept, but a trunk could not be told yet; send it again";
    assert_eq!(
        world.post(&org, "/suppressions", body()),
        (503, error(untold)),
        "it does not know that it is to ask"
    );
    assert_eq!(listed(&world, &org, ""), [PHONE]);
    world.reconnect();
    assert_eq!(world.post(&org, "/suppressions", body()).0, 200);
    world.cut_off(&id);
    let other = json!({"phone_number": "+15005550000"});
    assert_eq!(
        world.post(&org, "/suppressions", other.clone()),
        (503, error(untold))
    );
    assert_eq!(
        listed(&world, &org, "?phone_number=%2B15005550000"),
        ["+15005550000"]
    );
    world.reconnect();
    assert_eq!(world.post(&org, "/suppressions", other).0, 200);
    world.numbers_are_away.set(true);
    assert_eq!(world.post(&org, "/suppressions", body()).0, 503);
    assert_eq!(world.get(&org, "/suppressions").0, 503);
    assert_eq!(world.delete(&org, &format!("/suppressions/{PHONE}")).0, 503);
}

#[test]
fn where_there_are_more_trunks_than_one_invocation_tells_others_tell_the_rest() {
    let mut world = World::new();
    world.at_once(2);
    let org = world.found("Acme Lending");
    let trunks: Vec<String> = (0..5)
        .map(|_| create(&world, &org, "/sip-trunks", trunk()))
        .collect();
    assert_eq!(world.post(&org, "/suppressions", body()).0, 201);
    assert!(trunks.iter().all(|trunk| told(&world, trunk).len() == 1));
    assert_eq!(world.told_through.get(), 2);
    world.cut_off(&trunks[4]);
    assert_eq!(world.post(&org, "/suppressions", body()).0, 503);
}

#[test]
fn a_file_takes_the_good_rows_and_names_the_bad() {
    let (world, org) = founded();
    let id = create(&world, &org, "/sip-trunks", trunk());
    let file = "phone_number,reason,expires_at\n+919876543210,,\n+15005550000,late,2026-06-14\n12,,\n+919876543210,Again,2027-01-01\n";
    let (status, done) = import(&world, &org, file);
    assert_eq!(status, 200);
    assert_eq!(
        done,
        json!({"added": 1, "updated": 0, "rejected": [
            {"row": 2, "error": "expires_at must be an ISO 8601 time in the future"},
            {"row": 3, "error": "phone_number must be in E.164 format"},
        ]})
    );
    let (_, list) = world.get(&org, "/suppressions");
    let row = &list["suppressions"][0];
    assert_eq!(
        (&row["reason"], &row["source"]),
        (&json!("Again"), &json!("import")),
        "the last one wins"
    );
    assert_eq!(told(&world, &id), [(vec![number(PHONE)], false)]);
    assert_eq!(import(&world, &org, file).1["updated"], 1);
    let (status, done) = import(&world, &org, "phone_number\n");
    assert_eq!(
        (status, done),
        (200, json!({"added": 0, "updated": 0, "rejected": []}))
    );
}

#[test]
fn of_fifty_thousand_rows_the_one_that_is_bad_is_named_and_of_more_none_is_taken() {
    let (world, org) = founded();
    let rows = |many: usize| -> String {
        let rows = (0..many).map(|n| format!("+9198{n:08}\n"));
        format!("phone_number\n{}", rows.collect::<String>())
    };
    let file = rows(50_000).replace("+919800000007\n", "seven\n");
    let (status, done) = import(&world, &org, &file);
    assert_eq!(status, 200);
    assert_eq!(done["added"], 49_999);
    assert_eq!(
        done["rejected"],
        json!([{"row": 8, "error": "phone_number must be in E.164 format"}])
    );
    let requests: usize = world
        .numbers
        .borrow()
        .values()
        .map(|numbers| numbers.requests.get())
        .sum();
    assert!(requests <= 80, "{requests} requests");
    let at_most = |what| (413, error(&format!("Request body must be at most {what}")));
    assert_eq!(import(&world, &org, &rows(50_001)), at_most("50000 rows"));
    let long = format!("phone_number,reason\n{}", "x".repeat(4 << 20));
    assert_eq!(import(&world, &org, &long), at_most("4194304 bytes"));
    let bad = format!("phone_number\n{}", "x\n".repeat(300));
    assert_eq!(
        import(&world, &org, &bad).1["rejected"]
            .as_array()
            .map(Vec::len),
        Some(100)
    );
}

#[test]
fn pages_of_all_objects_come_newest_first_and_miss_none() {
    let (world, org) = founded();
    let mut all = Vec::new();
    for n in 0..60 {
        let phone = format!("+9198765432{n:02}");
        world.post(&org, "/suppressions", json!({"phone_number": phone}));
        all.push(phone);
        // Some within one millisecond.
        world.advance(Span(u64::from(n % 3 == 0)));
    }
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let (status, page) = world.get(&org, &format!("/suppressions?limit=7{cursor}"));
        assert_eq!(status, 200);
        let rows = page["suppressions"].as_array().expect("rows");
        found.extend(
            rows.iter()
                .map(|row| row["phone_number"].as_str().expect("a number").to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(found.len(), 60);
    assert_eq!(found[0], "+919876543259");
    found.sort();
    assert_eq!(found, all);
    assert_eq!(world.get(&org, "/suppressions?cursor=x").0, 400);
    assert_eq!(world.get(&org, "/suppressions?colour=x").0, 400);
}

/// More have ended and not left yet than an object looks at for a page.
#[test]
fn pages_pass_over_many_that_have_ended_a_part_at_a_time_and_miss_none() {
    let (world, org) = founded();
    let old = "+919876543299";
    world.post(&org, "/suppressions", json!({"phone_number": old}));
    let now = world.now.get();
    let all = (0..u64::MAX).map(|n| number(&format!("+9190{n:08}")));
    let ends = all.filter(|of| of.shard() == number(old).shard());
    for (place, of) in (1..).zip(ends.take(9_000)) {
        let row = Suppression {
            phone: E164::parse(&format!("+{}", of.0)).expect("a number"),
            reason: None,
            source: Source::Import,
            created_at: now + Span(place),
            expires_at: Some(now + Span::from_secs(60)),
        };
        let numbers = world.numbers.borrow();
        let object = &numbers[&(org.id, of.shard())];
        object.put(of, &row).expect("room");
    }
    // The object has not woken since.
    world.advance(Span::from_secs(61));
    let (mut found, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        pages += 1;
        let (status, page) = world.get(&org, &format!("/suppressions?limit=7{cursor}"));
        assert_eq!(status, 200);
        let rows = page["suppressions"].as_array().expect("rows").iter();
        found.extend(rows.map(|row| row["phone_number"].clone()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(found, [json!(old)]);
    assert_eq!(pages, 3, "each looks at 4,000");
}

/// What an object knows of dials that count no more leaves some at a time, once a day, however often the object is woken.
#[test]
fn old_dials_leave_a_thousand_at_a_time_and_are_looked_for_once_a_day() {
    let numbers = Numbers::default();
    let dial = |n: u64, stage, now| {
        let take = Take {
            stage,
            by: 1,
            ticket: Ticket(TrunkTag(1), n),
            ..Take::look(Number(910_000_000_000 + n))
        };
        let taken = numbers.serve(ContactsCommand::Take(vec![take]), now);
        assert_eq!(
            taken,
            Ok(ContactsReply::Taken(vec![Word::suppressed(false)]))
        );
    };
    let left = || (0..3_000).filter(|n| numbers.knows(Number(910_000_000_000 + n)).1);
    let tick = |now| {
        let ticked = numbers.serve(ContactsCommand::Tick, now);
        assert_eq!(ticked, Ok(ContactsReply::Done));
        numbers.next_due(now).expect("there are dials") - now
    };
    let (hour, day) = (Span::from_secs(3_600), Span::from_secs(86_400));
    let began = Timestamp(1_800_000_000_000);
    (0..2_500).for_each(|n| dial(n, Stage::Reserve, began));
    dial(700, Stage::Dial, began);
    dial(2_600, Stage::Dial, began);
    let now = began + hour;
    for (kept, due) in [(1_502, Span(50)), (502, Span(50)), (2, day)] {
        assert_eq!(tick(now), due);
        assert_eq!(left().count(), kept);
    }
    dial(1, Stage::Reserve, now);
    assert_eq!(
        (tick(now + hour), left().count()),
        (day, 3),
        "not the same day"
    );
    assert_eq!((tick(now + day), left().count()), (day, 2));
    assert_eq!(left().collect::<Vec<_>>(), [700, 2_600]);
}

#[test]
fn each_change_is_in_the_audit_log_and_what_was_not_there_is_not() {
    let (world, org) = founded();
    world.post(&org, "/suppressions", body());
    import(&world, &org, "phone_number\n+15005550000\n");
    world.delete(&org, &format!("/suppressions/{PHONE}"));
    world.delete(&org, &format!("/suppressions/{PHONE}"));
    let (_, log) = world.get(&org, "/audit-log?limit=3");
    let entries = log["entries"].as_array().expect("entries").iter();
    let entries: Vec<_> = entries
        .map(|entry| {
            (
                entry["action"].as_str().expect("a word"),
                entry["target"].as_str().expect("a target"),
            )
        })
        .collect();
    assert_eq!(
        entries,
        [
            ("suppression.delete", PHONE),
            ("suppression.import", "1 numbers"),
            ("suppression.create", PHONE)
        ]
    );
}

#[test]
fn a_key_that_was_revoked_suppresses_nothing() {
    let (world, org) = founded();
    let (_, key) = world.post(&org, "/api-keys", json!({"name": "x", "role": "admin"}));
    let stale = world.kv.borrow().clone();
    assert_eq!(
        world
            .delete(
                &org,
                &format!("/api-keys/{}", key["id"].as_str().expect("an id"))
            )
            .0,
        204
    );
    *world.kv.borrow_mut() = stale;
    let key = key["key"].as_str().expect("a key");
    let (status, _) = world.send("POST", "/integration/v1/suppressions", key, Some(body()));
    assert_eq!(status, 401);
    assert_eq!(listed(&world, &org, ""), [""; 0]);
}

#[test]
fn under_one_key_a_suppression_is_answered_once_and_does_not_come_back() {
    let (world, org) = founded();
    let once = || block_on(world.once("/integration/v1/suppressions", &org.key, "k-1", body()));
    let first = once();
    assert_eq!((first.status, first.is_replayed()), (201, false));
    assert_eq!(world.delete(&org, &format!("/suppressions/{PHONE}")).0, 204);
    let again = once();
    assert_eq!(
        (again.status, again.is_replayed(), &again.body),
        (201, true, &first.body)
    );
    assert_eq!(listed(&world, &org, ""), [""; 0], "a repeat starts nothing");
    let other = json!({"phone_number": "+15005550000"});
    let other = block_on(world.once("/integration/v1/suppressions", &org.key, "k-1", other));
    assert_eq!(other.status, 422);
    // What was not answered is done when it comes again.
    world.numbers_are_away.set(true);
    let once = || block_on(world.once("/integration/v1/suppressions", &org.key, "k-2", body()));
    assert_eq!(once().status, 503);
    world.numbers_are_away.set(false);
    assert_eq!(once().status, 201);
}

#[test]
fn an_agent_says_that_the_person_asked_not_to_be_called() {
    let (world, org) = founded();
    let id = create(&world, &org, "/sip-trunks", trunk());
    let address = audatec::domain::ids::Address::next(None, world.now.get(), tag(&id));
    let call = CallId::mint(address, &world.secrets().id_key);
    let token = report_token(&world.secrets().report_key, call);
    let report = |body| {
        world.send(
            "POST",
            &format!("/agent-reports/{call}"),
            &token,
            Some(body),
        )
    };
    assert_eq!(report(json!({"suppress": false})).0, 200);
    assert_eq!(listed(&world, &org, ""), [""; 0]);
    assert_eq!(
        report(json!({"suppress": "yes"})),
        (400, error("suppress must be true or false"))
    );
    let (status, answer) = report(json!({"suppress": true}));
    assert_eq!(status, 200, "{answer}");
    let (_, list) = world.get(&org, "/suppressions");
    assert_eq!(list["suppressions"][0]["source"], "agent");
    let (_, log) = world.get(&org, "/audit-log?limit=1");
    let entry = &log["entries"][0];
    assert_eq!(entry["key_id"], Value::Null);
    assert_eq!(entry["target"], format!("{PHONE} (call {call})"));
    world.cut_off(&id);
    assert!(
        report(json!({"suppress": true})).0 >= 502,
        "it is reported again"
    );
}

#[test]
fn one_phone_has_one_entry_however_its_number_is_written() {
    let (world, org) = founded();
    let written = json!({"phone_number": "+4407911123456"});
    assert_eq!(world.post(&org, "/suppressions", written).0, 201);
    let (_, number) = world.get(&org, "/numbers/+447911123456");
    assert_eq!(number["suppressed"], true);
    let same = json!({"phone_number": "+447911123456"});
    assert_eq!(world.post(&org, "/suppressions", same).0, 200);
    assert_eq!(
        listed(&world, &org, ""),
        ["+447911123456"],
        "as it was given last"
    );
    assert_eq!(world.delete(&org, "/suppressions/+4407911123456").0, 204);
    let (_, number) = world.get(&org, "/numbers/+447911123456");
    assert_eq!(number["suppressed"], false);
}

#[test]
fn a_full_object_takes_no_more() {
    let (world, org) = founded();
    assert_eq!(world.post(&org, "/suppressions", body()).0, 201);
    let shards: Vec<Shard> = Shard::all().collect();
    for shard in shards {
        world
            .numbers
            .borrow_mut()
            .entry((org.id, shard))
            .or_default()
            .is_full
            .set(true);
    }
    let full = (409, error("There is no room for more suppressions"));
    assert_eq!(world.post(&org, "/suppressions", body()), full);
}

#[test]
fn a_trunk_that_is_made_while_the_first_number_is_suppressed_asks_too() {
    let (world, org) = founded();
    let world = &world;
    world.trunk_turns.set(3);
    let made = world.request(
        "POST",
        "/integration/v1/sip-trunks",
        &org.key,
        Some(trunk()),
    );
    let suppressed = async {
        let note = audatec::app::suppressing::Note {
            action: "suppression.create",
            target: PHONE.into(),
            suppresses: true,
            by: None,
            request: "",
        };
        let note = note.command();
        audatec::app::directory::ask(world, org.id, By::PLATFORM, note).await
    };
    let (made, noted) = block_on(futures_util::future::join(made, suppressed));
    assert_eq!(noted, Ok(Ok(())));
    let (status, made) = made;
    assert_eq!(status, 201, "{made}");
    // Its second brief may be lost: it knew when it was answered that it is there.
    let id = made["id"].as_str().expect("an id");
    assert!(world.brief_of(id).asks_of_numbers);
    let _ = block_on(world.directory(org.id, &DirectoryCommand::tick()));
}
