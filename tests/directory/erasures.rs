//! `/erasures`: erasing one person's data.

use audatec::app::campaign::ErasedRecipients;
use audatec::app::ports::{StorageAnswer, Unavailable};
use audatec::app::trunk::ErasedCalls;
use audatec::domain::contacts::Number;
use audatec::domain::directory::RecordingFile;
use audatec::domain::ids::{CallId, CampaignId};
use audatec::domain::phone::E164;
use audatec::domain::time::{Span, Timestamp};
use serde_json::{Value, json};

use crate::world::{Org, START, World, block_on, tag};
use crate::{create, error, founded, trunk};

const PHONE: &str = "+4915112345678";
/// As it is dialed at home.
const ALSO: &str = "+49015112345678";
const OTHER: &str = "+4915112345679";

fn number() -> Number {
    Number::of(&E164::parse(PHONE).expect("a number"))
}

fn erase(world: &World, org: &Org) -> String {
    let (status, erasure) = world.post(org, "/erasures", json!({"phone_number": ALSO}));
    assert_eq!(status, 202, "{erasure}");
    assert_eq!(erasure["status"], "pending");
    assert_eq!(erasure["suppression_kept"], Value::Null);
    erasure["id"].as_str().expect("an id").to_owned()
}

fn read(world: &World, org: &Org, id: &str) -> Value {
    let (status, erasure) = world.get(org, &format!("/erasures/{id}"));
    assert_eq!(status, 200, "{erasure}");
    erasure
}

/// The alarm fires whenever it is due, until then.
pub fn live(world: &World, org: &Org, span: Span) {
    let end = world.now.get() + span;
    while let Some(due) = world.next_due(org).filter(|due| *due <= end) {
        world.now.set(due.max(world.now.get()));
        world.tick(org);
        world.advance(Span(1));
    }
    world.now.set(end);
}

fn call(nth: u64) -> CallId {
    CallId::floor(Timestamp(START.0 + nth))
}

fn found(calls: &[CallId], next: Option<u64>, left: Option<u64>) -> ErasedCalls {
    ErasedCalls {
        found: calls.to_vec(),
        transcripts: 1,
        recordings: 0,
        next,
        left,
        through: 50,
        ..ErasedCalls::default()
    }
}

/// All that the directory and its copies have written.
fn written(world: &World, org: &Org) -> String {
    let office = world.office(org);
    let rows = office.rows.borrow();
    let copies = world.kv.borrow();
    format!("{rows:?} {copies:?}")
}

#[test]
fn a_number_of_which_nothing_is_known_is_erased_soon_and_the_record_does_not_tell_it() {
    let (world, org) = founded();
    let id = erase(&world, &org);
    live(&world, &org, Span(1_000));
    let erasure = read(&world, &org, &id);
    assert_eq!(
        erasure,
        json!({
            "id": id, "status": "completed", "requested_at": "2026-06-14T10:00:00.000Z",
            "completed_at": erasure["completed_at"], "calls": 0, "transcripts": 0, "recordings": 0,
            "recordings_left": 0, "archived_calls": 0, "recipients": 0, "suppression_kept": false,
        })
    );
    assert!(erasure["completed_at"].is_string());
    let written = written(&world, &org);
    for digits in [&PHONE[1..], &ALSO[1..]] {
        assert!(!written.contains(digits), "{written}");
    }
    assert_eq!(world.next_due(&org), None, "and the object sleeps");
    let (_, log) = world.get(&org, "/audit-log");
    assert_eq!(log["entries"][0]["action"], "erasure.create");
    assert_eq!(log["entries"][0]["target"], json!(id));
}

#[test]
fn each_object_is_asked_until_nothing_is_left_and_told_what_it_found() {
    let (world, org) = founded();
    let tags: Vec<_> = (0..3)
        .map(|_| tag(&create(&world, &org, "/sip-trunks", trunk())))
        .collect();
    let gone = create(&world, &org, "/sip-trunks", trunk());
    assert_eq!(world.delete(&org, &format!("/sip-trunks/{gone}")).0, 204);
    {
        let mut trunks = world.trunks.borrow_mut();
        let first = trunks.get_mut(&tags[0]).expect("a trunk");
        first
            .erased
            .push_back(found(&[call(1), call(2)], Some(20), Some(7)));
        first.erased.push_back(ErasedCalls {
            kept: vec![call(2)],
            ..found(&[call(3)], None, None)
        });
        first.erased.push_back(ErasedCalls {
            busy: true,
            transcripts: 0,
            ..found(&[], None, None)
        });
    }
    let id = erase(&world, &org);
    live(&world, &org, Span(10_000));
    let erasure = read(&world, &org, &id);
    assert_eq!(erasure["status"], "completed");
    assert_eq!(
        (&erasure["calls"], &erasure["transcripts"]),
        (&json!(3), &json!(2))
    );
    let trunks = world.trunks.borrow();
    let asked: Vec<_> = trunks[&tags[0]]
        .erases
        .iter()
        .map(|asked| (asked.from, asked.through, asked.gone.clone()))
        .collect();
    assert_eq!(
        asked,
        [
            (0, None, vec![]),
            (20, Some(50), vec![call(1), call(2)]),
            (51, Some(50), vec![call(2), call(3)]),
            // The archive was being written.
            (51, Some(50), vec![]),
            // And what could not go is looked at again.
            (7, Some(50), vec![]),
        ]
    );
    for other in tags[1..].iter().chain([&tag(&gone)]) {
        let erases = &trunks[other].erases;
        assert_eq!(erases.len(), 1, "the deleted one too");
        assert_eq!((erases[0].org, erases[0].number), (org.id, number()));
    }
}

#[test]
fn trunks_are_looked_at_again_when_a_campaign_was_calling() {
    let (world, org) = founded();
    let own = tag(&create(&world, &org, "/sip-trunks", trunk()));
    let campaign = campaign(&world, &org);
    {
        let mut campaigns = world.campaigns.borrow_mut();
        let object = campaigns.get_mut(&(org.id, campaign)).expect("a campaign");
        let left = ErasedRecipients {
            found: vec![3],
            next: None,
            left: Some(5),
        };
        object.erased.push_back(left.clone());
        object.erased.push_back(ErasedRecipients {
            found: vec![],
            ..left
        });
        object.erased.push_back(ErasedRecipients {
            found: vec![5],
            ..ErasedRecipients::default()
        });
    }
    let id = erase(&world, &org);
    live(&world, &org, Span(10_000));
    let erasure = read(&world, &org, &id);
    assert_eq!(
        (&erasure["status"], &erasure["recipients"]),
        (&json!("completed"), &json!(2))
    );
    let campaigns = world.campaigns.borrow();
    let asked = campaigns[&(org.id, campaign)].erases.iter();
    let asked: Vec<_> = asked
        .map(|asked| (asked.after, asked.gone.clone()))
        .collect();
    assert_eq!(asked[..3], [(0, vec![]), (4, vec![3]), (4, vec![])]);
    assert_eq!(asked[3].1, [5]);
    assert_eq!(world.trunks.borrow()[&own].erases.len(), 2);
}

fn campaign(world: &World, org: &Org) -> CampaignId {
    let agent = create(world, org, "/agents", crate::agent());
    let trunk = create(world, org, "/sip-trunks", trunk());
    let body = json!({"name": "C", "agent_id": agent, "sip_trunk_id": trunk});
    let id = create(world, org, "/campaigns", body);
    id.parse().expect("an id")
}

#[test]
fn whoever_cannot_be_reached_delays_it_and_a_crash_anywhere_loses_nothing() {
    let (world, org) = founded();
    let own = tag(&create(&world, &org, "/sip-trunks", trunk()));
    world.unreachable.borrow_mut().insert(own);
    world.numbers_are_away.set(true);
    let id = erase(&world, &org);
    for _ in 0..20 {
        live(&world, &org, Span(1_000));
        world.restart();
        world.tick(&org);
    }
    assert_eq!(read(&world, &org, &id)["status"], "pending");
    world.unreachable.borrow_mut().clear();
    world
        .trunks
        .borrow_mut()
        .get_mut(&own)
        .expect("it")
        .erased
        .push_back(found(&[call(1)], None, None));
    for _ in 0..20 {
        live(&world, &org, Span(1_000));
        world.restart();
        world.tick(&org);
    }
    let erasure = read(&world, &org, &id);
    assert_eq!(
        (&erasure["status"], &erasure["calls"]),
        (&json!("pending"), &json!(1))
    );
    world.numbers_are_away.set(false);
    live(&world, &org, Span(6_000));
    assert_eq!(read(&world, &org, &id)["status"], "completed");
}

#[test]
fn the_archive_is_written_anew_without_the_numbers_calls() {
    let (world, org) = founded();
    let line = |phone: &str, nth: usize| {
        format!(
            r#"{{"call":{{"id":"{nth}","request":{{"metadata":{{"phone":"{PHONE}"}},"phone":"{phone}"}}}},"transcript":null}}"#
        )
    };
    let object = |org: &str, nth: usize| format!("calls/{org}/trunk/{nth:03}.ndjson");
    let own = org.id.to_string();
    for nth in 0..25 {
        let lines = [
            line(OTHER, nth),
            line([PHONE, ALSO, OTHER][nth % 3], nth + 100),
        ];
        let text = lines.map(|line| line + "\n").concat();
        world
            .archive
            .borrow_mut()
            .insert(object(&own, nth), (1, text));
    }
    let foreign = (1, line(PHONE, 7) + "\n");
    world
        .archive
        .borrow_mut()
        .insert(object("another", 1), foreign.clone());
    let id = erase(&world, &org);
    world.archive_races.set(true);
    live(&world, &org, Span(20_000));
    let erasure = read(&world, &org, &id);
    assert_eq!(
        (&erasure["status"], &erasure["archived_calls"]),
        (&json!("completed"), &json!(17))
    );
    let archive = world.archive.borrow();
    for nth in 0..25 {
        let kept = match nth % 3 {
            2 => vec![line(OTHER, nth), line(OTHER, nth + 100)],
            _ => vec![line(OTHER, nth)],
        };
        let (_, text) = &archive[&object(&own, nth)];
        assert_eq!(text.lines().collect::<Vec<_>>(), kept);
    }
    assert_eq!(archive[&object("another", 1)], foreign);
}

#[test]
fn the_suppression_is_kept_and_nothing_else_tells_of_the_number() {
    let (world, org) = founded();
    let body = json!({"phone_number": PHONE, "reason": "By letter"});
    let path = "/integration/v1/suppressions";
    let first = block_on(world.once(path, &org.key, "one", body.clone()));
    assert_eq!(first.status, 201);
    let other = json!({"phone_number": OTHER});
    assert_eq!(
        block_on(world.once(path, &org.key, "two", other)).status,
        201
    );
    let id = erase(&world, &org);
    live(&world, &org, Span(1_000));
    assert_eq!(read(&world, &org, &id)["suppression_kept"], true);
    let (_, list) = world.get(&org, "/suppressions?phone_number=%2B4915112345678");
    assert_eq!(list["suppressions"][0]["phone_number"], PHONE);
    let (_, log) = world.get(&org, "/audit-log");
    let targets = log["entries"].as_array().expect("entries").iter();
    let targets: Vec<_> = targets.map(|entry| entry["target"].clone()).collect();
    assert!(
        targets.contains(&json!("[erased]")) && targets.contains(&json!(OTHER)),
        "{targets:?}"
    );
    assert!(!written(&world, &org).contains(&PHONE[1..]));
    let again = block_on(world.once(path, &org.key, "one", body));
    assert_eq!(again.status, 200, "it is suppressed already");
    assert_eq!(world.delete(&org, &format!("/suppressions/{PHONE}")).0, 204);
}

#[test]
fn a_repeat_under_its_key_is_the_same_erasure_and_the_key_tells_nothing_of_the_number() {
    let (world, org) = founded();
    let path = "/integration/v1/erasures";
    let once = |body: Value| block_on(world.once(path, &org.key, "key", body));
    let first = once(json!({"phone_number": PHONE}));
    live(&world, &org, Span(1_000));
    let again = once(json!({"phone_number": PHONE}));
    assert_eq!(
        (first.status, again.status, &first.body),
        (202, 202, &again.body)
    );
    assert_eq!(once(json!({"phone_number": OTHER})).status, 422);
    assert_eq!(
        world.get(&org, "/erasures").1["erasures"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    // What could be computed by whoever has the rows and tries numbers.
    use sha2::{Digest, Sha256};
    let body = json!({"phone_number": PHONE}).to_string();
    let digest = |text: String| {
        Sha256::digest(text)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let plain = digest(body);
    let keyed_by_path = digest(format!("{path}\n{plain}"));
    let written = written(&world, &org);
    assert!(!written.contains(&plain) && !written.contains(&keyed_by_path));
}

#[test]
fn erasures_are_listed_newest_first_page_by_page_and_by_status() {
    let (world, org) = founded();
    let own = tag(&create(&world, &org, "/sip-trunks", trunk()));
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(erase(&world, &org));
        live(&world, &org, Span(1_000));
    }
    world.unreachable.borrow_mut().insert(own);
    for _ in 0..2 {
        ids.push(erase(&world, &org));
        live(&world, &org, Span(1_000));
    }
    ids.reverse();
    let page = |query: &str| {
        let (status, page) = world.get(&org, &format!("/erasures{query}"));
        assert_eq!(status, 200, "{page}");
        let listed = page["erasures"].as_array().expect("a list").iter();
        let listed: Vec<String> = listed
            .map(|one| one["id"].as_str().expect("an id").to_owned())
            .collect();
        (listed, page["next_cursor"].as_str().map(str::to_owned))
    };
    assert_eq!(page(""), (ids.clone(), None));
    let (mut all, mut query) = (Vec::new(), "?limit=3".to_owned());
    loop {
        let (some, next) = page(&query);
        all.extend(some);
        let Some(next) = next else { break };
        query = format!("?limit=3&cursor={next}");
    }
    assert_eq!(all, ids);
    assert_eq!(page("?status=pending").0, ids[..2]);
    assert_eq!(page("?status=completed").0, ids[2..]);
    world.restart();
    assert_eq!(page("").0, ids);
    assert_eq!(
        world.get(&org, "/erasures?status=x"),
        (400, error("status must be pending or completed"))
    );
    for id in ["x", "019ec5a6-1c80-7d3b-8f53-5f0e8a7d2b11"] {
        assert_eq!(
            world.get(&org, &format!("/erasures/{id}")),
            (404, error("Erasure not found"))
        );
    }
}

#[test]
fn what_is_no_number_is_refused_in_words_and_so_are_too_many() {
    let (world, org) = founded();
    for (body, text) in [
        (json!({}), "phone_number is required"),
        (json!({"phone_number": ""}), "phone_number is required"),
        (json!({"phone_number": 5}), "phone_number must be a string"),
        (
            json!({"phone_number": "0151"}),
            "phone_number must be in E.164 format",
        ),
        (json!({"phone_number": PHONE, "x": 1}), "unknown field: x"),
    ] {
        assert_eq!(world.post(&org, "/erasures", body), (400, error(text)));
    }
    let own = tag(&create(&world, &org, "/sip-trunks", trunk()));
    world.unreachable.borrow_mut().insert(own);
    for _ in 0..100 {
        erase(&world, &org);
    }
    let refused = world.post(&org, "/erasures", json!({"phone_number": PHONE}));
    assert_eq!(refused, (429, error("100 erasures are pending already")));
}

/// Recordings go to this bucket.
fn records(world: &World, org: &Org) {
    let storage = json!({"region": "eu-central-1", "bucket": "calls", "prefix": "acme/", "access_key": "AKIA", "secret": "s"});
    let (status, told) = world.patch(org, "/settings", json!({"recordings": storage}));
    assert_eq!(status, 200, "{told}");
}

fn at_aws(call: CallId) -> Option<String> {
    Some(format!("https://calls.s3.amazonaws.com/acme/{call}.ogg"))
}

/// A trunk found these calls, each with its recording.
fn recorded(world: &World, org: &Org, files: &[(u64, Option<String>)]) {
    let own = tag(&create(world, org, "/sip-trunks", trunk()));
    let files = files.iter().map(|(nth, location)| RecordingFile {
        call: call(*nth),
        location: location.clone(),
    });
    let files: Vec<_> = files.collect();
    let calls: Vec<_> = files.iter().map(|file| file.call).collect();
    let mut trunks = world.trunks.borrow_mut();
    let object = trunks.get_mut(&own).expect("a trunk");
    object.erased.push_back(ErasedCalls {
        recordings: files.len() as u64,
        files,
        ..found(&calls, None, None)
    });
}

fn answers(status: u16, body: &str) -> Result<StorageAnswer, Unavailable> {
    Ok(StorageAnswer {
        status,
        body: body.into(),
        ..StorageAnswer::default()
    })
}

fn counted(erasure: &Value) -> [&Value; 3] {
    ["status", "recordings", "recordings_left"].map(|field| &erasure[field])
}

/// Which files were asked for, without the bucket's address.
fn deleted(world: &World) -> Vec<String> {
    let all = world.deleted.borrow();
    let names = all.iter().map(|(url, _)| {
        let file = url.strip_prefix("https://calls.s3.eu-central-1.amazonaws.com/acme/");
        file.unwrap_or(url).trim_end_matches(".ogg").to_owned()
    });
    names.collect()
}

#[test]
fn the_files_of_recordings_are_deleted_from_the_organisations_own_storage() {
    let (world, org) = founded();
    records(&world, &org);
    // Where the second is nobody has told.
    recorded(&world, &org, &[(1, at_aws(call(1))), (2, None)]);
    let id = erase(&world, &org);
    live(&world, &org, Span(1_000));
    let erasure = read(&world, &org, &id);
    assert_eq!(
        counted(&erasure),
        [&json!("completed"), &json!(2), &json!(0)]
    );
    let both = [call(1), call(2)].map(|call| call.to_string());
    assert_eq!(deleted(&world), both);
    let (_, signed) = &world.deleted.borrow()[0];
    let begins = "AWS4-HMAC-SHA256 Credential=AKIA/20260614/eu-central-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=";
    assert!(signed.starts_with(begins), "{signed}");
    assert_eq!(world.next_due(&org), None, "and the object sleeps");
}

#[test]
fn a_storage_that_is_down_is_asked_again_and_a_crash_forgets_no_file() {
    let (world, org) = founded();
    records(&world, &org);
    let files: Vec<_> = (1..=20).map(|nth| (nth, at_aws(call(nth)))).collect();
    recorded(&world, &org, &files);
    let down = (0..18).map(|nth| match nth % 3 {
        0 => Err(Unavailable),
        1 => answers(503, "<Code>SlowDown</Code>"),
        _ => answers(500, ""),
    });
    world.storage.borrow_mut().extend(down);
    let id = erase(&world, &org);
    live(&world, &org, Span(2_000));
    assert_eq!(
        read(&world, &org, &id)["calls"],
        20,
        "rows do not wait for files"
    );
    for _ in 0..30 {
        world.restart();
        world.tick(&org);
        live(&world, &org, Span(5_000));
    }
    let erasure = read(&world, &org, &id);
    assert_eq!(
        counted(&erasure),
        [&json!("completed"), &json!(20), &json!(0)]
    );
    let mut asked = deleted(&world);
    assert_eq!(asked.len(), 18 + 20);
    let mut gone = asked.split_off(18);
    gone.sort();
    let all: Vec<String> = (1..=20).map(|nth| call(nth).to_string()).collect();
    assert_eq!(gone, all, "each once");
    let doc = world.office(&org).rows.borrow()[&format!("erased/{id}")].clone();
    assert!(!doc.contains("amazonaws"), "{doc}");
}

#[test]
fn what_the_storage_refuses_and_what_is_elsewhere_is_left_and_counted() {
    let (world, org) = founded();
    records(&world, &org);
    let elsewhere = Some("https://other.s3.amazonaws.com/acme/x.ogg".to_owned());
    let files: Vec<_> = (1..=4).map(|nth| (nth, at_aws(call(nth)))).collect();
    recorded(
        &world,
        &org,
        &[files.as_slice(), &[(5, elsewhere)]].concat(),
    );
    world.storage.borrow_mut().extend([
        answers(403, "<Code>AccessDenied</Code>"),
        answers(404, "<Code>NoSuchBucket</Code>"),
        answers(404, "<Code>NoSuchKey</Code>"),
        Ok(StorageAnswer {
            is_hidden: true,
            ..answers(204, "").expect("it")
        }),
    ]);
    let id = erase(&world, &org);
    live(&world, &org, Span(1_000));
    let erasure = read(&world, &org, &id);
    assert_eq!(
        counted(&erasure),
        [&json!("completed"), &json!(5), &json!(4)]
    );
    assert_eq!(
        deleted(&world).len(),
        4,
        "and nobody else's bucket is asked"
    );
}

#[test]
fn without_a_storage_and_after_a_day_of_silence_files_are_given_up() {
    let (world, org) = founded();
    recorded(&world, &org, &[(1, at_aws(call(1)))]);
    let id = erase(&world, &org);
    live(&world, &org, Span(1_000));
    assert_eq!(
        counted(&read(&world, &org, &id)),
        [&json!("completed"), &json!(1), &json!(1)]
    );

    records(&world, &org);
    recorded(&world, &org, &[(2, at_aws(call(2)))]);
    let silence = std::iter::repeat_with(|| Err(Unavailable));
    world.storage.borrow_mut().extend(silence.take(10_000));
    let id = erase(&world, &org);
    live(&world, &org, Span(86_300_000));
    assert_eq!(
        counted(&read(&world, &org, &id)),
        [&json!("pending"), &json!(1), &json!(0)]
    );
    live(&world, &org, Span(700_000));
    assert_eq!(
        counted(&read(&world, &org, &id)),
        [&json!("completed"), &json!(1), &json!(1)]
    );
    let asked = world.deleted.borrow().len();
    assert!((100..400).contains(&asked), "{asked}: more and more rarely");
}

#[test]
fn a_storage_whose_name_leads_into_a_private_network_is_not_asked() {
    let (world, org) = founded();
    for (endpoint, bucket) in [
        ("https://93.184.215.14:9000", "calls"),
        ("https://s3.example.com", "127.0.0.1:1/?x"),
        ("https://s3.example.com", "evil.example#"),
    ] {
        let storage =
            json!({"endpoint": endpoint, "bucket": bucket, "access_key": "AKIA", "secret": "s"});
        assert_eq!(
            world
                .patch(&org, "/settings", json!({"recordings": storage}))
                .0,
            200
        );
        recorded(&world, &org, &[(1, None)]);
        let id = erase(&world, &org);
        live(&world, &org, Span(1_000));
        assert_eq!(
            counted(&read(&world, &org, &id)),
            [&json!("completed"), &json!(1), &json!(1)]
        );
    }
    assert_eq!(deleted(&world), Vec::<String>::new());
}

#[test]
fn more_files_than_can_be_noted_hold_up_the_look_for_more() {
    let (world, org) = founded();
    records(&world, &org);
    for trunk in 0..8_u64 {
        let files: Vec<_> = (0..90)
            .map(|nth| (1 + trunk * 100 + nth, at_aws(call(1 + trunk * 100 + nth))))
            .collect();
        recorded(&world, &org, &files);
    }
    world
        .storage
        .borrow_mut()
        .extend(std::iter::repeat_with(|| answers(503, "")).take(30));
    let id = erase(&world, &org);
    live(&world, &org, Span(3_000));
    let so_far = read(&world, &org, &id)["calls"].as_u64().expect("a number");
    assert!((500..700).contains(&so_far), "{so_far}");
    live(&world, &org, Span(600_000));
    let erasure = read(&world, &org, &id);
    assert_eq!(
        counted(&erasure),
        [&json!("completed"), &json!(720), &json!(0)]
    );
}

#[test]
fn recordings_of_archived_calls_are_deleted_too() {
    let (world, org) = founded();
    records(&world, &org);
    let line = |nth: u64, heard: bool, recording: &str| {
        let answered = if heard { r#""answered_at":1,"# } else { "" };
        format!(
            r#"{{"call":{{"id":"{}","keeps":{{"recording":true}},{answered}"request":{{"phone":"{PHONE}"}}}},"transcript":null{recording}}}"#,
            call(nth)
        ) + "\n"
    };
    let location = at_aws(call(1)).expect("it");
    let told = format!(r#","recording":"{location}""#);
    let lines = [line(1, true, &told), line(2, true, ""), line(3, false, "")].concat();
    let name = format!("calls/{}/trunk/1.ndjson", org.id);
    world.archive.borrow_mut().insert(name, (1, lines));
    let id = erase(&world, &org);
    live(&world, &org, Span(1_000));
    let erasure = read(&world, &org, &id);
    assert_eq!(
        counted(&erasure),
        [&json!("completed"), &json!(2), &json!(0)]
    );
    assert_eq!(erasure["archived_calls"], 3);
    assert_eq!(
        deleted(&world),
        [call(1), call(2)].map(|call| call.to_string())
    );
}
