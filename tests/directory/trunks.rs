//! `/sip-trunks`.

use audatec::app::records::RecordKey;
use audatec::domain::agent::Status;
use audatec::domain::time::Span;
use serde_json::{Value, json};

use crate::{create, error, founded, golden, names, trunk, with, world::tag};

fn livekit() -> Value {
    json!({
        "type": "livekit", "url": "wss://livekit.example.com", "api_key": "APIabc",
        "api_secret": "very secret", "sip_trunk_id": "ST_1",
    })
}

#[test]
fn the_list_shows_the_references_fields_and_the_detail_the_carrier_too() {
    let (world, org) = founded();
    let (status, created) = world.post(&org, "/sip-trunks", trunk());
    assert_eq!(status, 201);
    golden::check("directory/trunk_created", &created);
    let id = created["id"].as_str().expect("an id");
    let (status, mut shown) = world.get(&org, &format!("/sip-trunks/{id}"));
    assert_eq!(status, 200);
    let storage = shown
        .as_object_mut()
        .and_then(|shown| shown.remove("storage"));
    assert_eq!(shown, created);
    assert_eq!(
        storage,
        Some(serde_json::Value::Null),
        "its object can't be asked here"
    );
    golden::check("directory/trunks_listed", &world.get(&org, "/sip-trunks").1);
}

#[test]
fn a_carriers_secret_is_told_to_its_trunk_and_never_shown() {
    let (world, org) = founded();
    let (status, created) = world.post(
        &org,
        "/sip-trunks",
        with(trunk(), "carrier", Some(livekit())),
    );
    assert_eq!(status, 201);
    golden::check("directory/trunk_created_livekit", &created["carrier"]);
    let id = created["id"].as_str().expect("an id");
    let path = format!("/sip-trunks/{id}");
    for answer in [
        created.clone(),
        world.get(&org, &path).1,
        world.get(&org, "/sip-trunks").1,
    ] {
        assert!(!answer.to_string().contains("very secret"), "{answer}");
    }
    let rows = world.office(&org).rows.borrow().clone();
    let kv = world.kv.borrow().clone();
    for stored in rows.values().chain(kv.values()) {
        assert!(!stored.contains("very secret"), "{stored}");
    }
    // A carrier read and sent back keeps its secret.
    let carrier = with(
        created["carrier"].clone(),
        "url",
        Some(json!("https://other.example.com")),
    );
    assert_eq!(world.patch(&org, &path, json!({"carrier": carrier})).0, 200);
    let brief = serde_json::to_value(world.brief_of(id)).expect("JSON");
    assert_eq!(
        brief["config"]["carrier"]["livekit"]["api_secret"],
        format!("{}/terces yrev", org.id)
    );
    assert_eq!(
        brief["config"]["carrier"]["livekit"]["url"],
        "https://other.example.com"
    );
}

#[test]
fn what_is_missing_is_named() {
    let (world, org) = founded();
    for field in ["name", "trunk_phone", "max_cps", "max_channels", "carrier"] {
        let text = error(&format!("{field} is required"));
        assert_eq!(
            world.post(&org, "/sip-trunks", with(trunk(), field, None)),
            (400, text.clone())
        );
        assert_eq!(
            world.post(&org, "/sip-trunks", with(trunk(), field, Some(Value::Null))),
            (400, text)
        );
    }
    for field in ["type", "url", "api_key", "api_secret", "sip_trunk_id"] {
        let carrier = with(livekit(), field, None);
        let answer = world.post(&org, "/sip-trunks", with(trunk(), "carrier", Some(carrier)));
        assert_eq!(
            answer,
            (400, error(&format!("carrier.{field} is required")))
        );
    }
}

#[test]
fn values_have_their_bounds() {
    let (world, org) = founded();
    let status = |field: &str, value: Value| {
        world
            .post(&org, "/sip-trunks", with(trunk(), field, Some(value)))
            .0
    };
    for (field, good) in [
        ("max_cps", json!(1)),
        ("max_cps", json!(1000)),
        ("max_channels", json!(1)),
        ("max_channels", json!(10_000)),
        ("trunk_phone", json!("+918069123456")),
        ("status", json!("inactive")),
        (
            "carrier",
            with(
                livekit(),
                "url",
                Some(json!("https://livekit.example.com:7880")),
            ),
        ),
    ] {
        assert_eq!(status(field, good.clone()), 201, "{field} {good}");
    }
    for (field, bad) in [
        ("max_cps", json!(0)),
        ("max_cps", json!(1001)),
        ("max_cps", json!(1.5)),
        ("max_cps", json!("5")),
        ("max_channels", json!(0)),
        ("max_channels", json!(10_001)),
        ("max_channels", json!(-1)),
        ("trunk_phone", json!("918069123456")),
        ("trunk_phone", json!("+12")),
        ("trunk_phone", json!("+91806912345x")),
        ("status", json!("paused")),
        ("carrier", json!("simulator")),
        ("carrier", json!({"type": "twilio"})),
        (
            "carrier",
            json!({"type": "simulator", "url": "https://x.example.com"}),
        ),
        (
            "carrier",
            with(livekit(), "url", Some(json!("ftp://livekit.example.com"))),
        ),
        ("carrier", with(livekit(), "url", Some(json!("livekit")))),
        ("carrier", with(livekit(), "region", Some(json!("eu")))),
        ("colour", json!("red")),
    ] {
        assert_eq!(status(field, bad.clone()), 400, "{field} {bad}");
    }
}

#[test]
fn a_taken_tag_and_tag_0_are_drawn_anew() {
    let (world, org) = founded();
    world.draws.borrow_mut().push_back([7; 32]);
    let first = create(&world, &org, "/sip-trunks", trunk());
    let mut same_tag = [7; 32];
    same_tag[15] = 8;
    world.draws.borrow_mut().extend([same_tag, [0; 32]]);
    let second = create(&world, &org, "/sip-trunks", trunk());
    assert_ne!(tag(&first), tag(&second));
    assert_eq!(world.brief_of(&first).config.id.to_string(), first);
    assert_eq!(
        world.get(&org, "/sip-trunks").1["sip_trunks"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
}

#[test]
fn a_trunk_whose_object_cant_be_reached_is_not_created() {
    let (world, org) = founded();
    world.draws.borrow_mut().push_back([7; 32]);
    let lost = create(&world, &org, "/sip-trunks", trunk());
    world.cut_off(&lost);
    let mut same_tag = [7; 32];
    same_tag[15] = 8;
    world.draws.borrow_mut().push_back(same_tag);
    let (status, _) = world.post(&org, "/sip-trunks", trunk());
    assert_eq!(status, 503);
    world.reconnect();
    assert_eq!(
        world.get(&org, "/sip-trunks").1["sip_trunks"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[test]
fn trunks_are_listed_in_the_order_they_were_created() {
    let (world, org) = founded();
    world.draws.borrow_mut().extend([[9; 32], [3; 32], [6; 32]]);
    for name in ["first", "second", "third"] {
        create(
            &world,
            &org,
            "/sip-trunks",
            with(trunk(), "name", Some(json!(name))),
        );
        world.advance(Span(1));
    }
    assert_eq!(
        names(&world, &org, "/sip-trunks", "sip_trunks"),
        ["first", "second", "third"]
    );
}

#[test]
fn a_change_is_told_to_its_trunk_before_the_answer_and_to_no_other() {
    let (world, org) = founded();
    let (a, b) = (
        create(&world, &org, "/sip-trunks", trunk()),
        create(&world, &org, "/sip-trunks", trunk()),
    );
    let before = world.times_briefed(&b);
    world.cut_off(&b);
    let (status, body) = world.patch(
        &org,
        &format!("/sip-trunks/{a}"),
        json!({"max_channels": 3, "status": "inactive"}),
    );
    assert_eq!(
        (status, &body["max_channels"], &body["status"]),
        (200, &json!(3), &json!("inactive"))
    );
    let config = world.brief_of(&a).config;
    assert_eq!((config.max_channels, config.status), (3, Status::Inactive));
    assert_eq!(world.times_briefed(&b), before);
    assert_eq!(
        world.get(&org, "/sip-trunks?include=inactive").1["sip_trunks"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    assert_eq!(
        world.get(&org, "/sip-trunks").1["sip_trunks"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[test]
fn a_trunk_with_live_calls_stays() {
    let (world, org) = founded();
    let id = create(&world, &org, "/sip-trunks", trunk());
    world
        .trunks
        .borrow_mut()
        .get_mut(&tag(&id))
        .expect("a trunk")
        .has_live_calls = true;
    let answer = world.delete(&org, &format!("/sip-trunks/{id}"));
    assert_eq!(answer, (409, error("SIP trunk has live calls")));
    assert_eq!(world.get(&org, &format!("/sip-trunks/{id}")).0, 200);
    assert_eq!(world.brief_of(&id).config.status, Status::Active);
}

#[test]
fn a_deleted_trunk_takes_no_call_and_is_remembered_for_its_calls() {
    let (world, org) = founded();
    let id = create(&world, &org, "/sip-trunks", trunk());
    let path = format!("/sip-trunks/{id}");
    assert_eq!(world.delete(&org, &path), (204, Value::Null));
    assert_eq!(world.brief_of(&id).config.status, Status::Inactive);
    for answer in [
        world.get(&org, &path),
        world.patch(&org, &path, json!({})),
        world.delete(&org, &path),
    ] {
        assert_eq!(answer, (404, error("SIP trunk not found")));
    }
    assert_eq!(
        world.get(&org, "/sip-trunks?include=inactive").1,
        json!({"sip_trunks": []})
    );
    assert_eq!(
        world.copy(&RecordKey::Trunks(org.id)).expect("a copy")[0]["deleted"],
        true
    );
    assert_eq!(
        world
            .copy(&RecordKey::Trunk(org.id, id.parse().expect("an id")))
            .expect("a copy")["deleted"],
        true
    );
}

#[test]
fn a_deletion_whose_answer_was_lost_leaves_the_trunk_as_the_directory_says() {
    let (world, org) = founded();
    let id = create(&world, &org, "/sip-trunks", trunk());
    world.loses_replies.set(true);
    assert_eq!(world.delete(&org, &format!("/sip-trunks/{id}")).0, 503);
    world.loses_replies.set(false);
    assert_eq!(
        world.brief_of(&id).config.status,
        Status::Inactive,
        "it retired"
    );
    assert!(world.next_due(&org).is_some());
    world.advance(Span::from_secs(60));
    world.tick(&org);
    assert_eq!(
        world.get(&org, &format!("/sip-trunks/{id}")).1["status"],
        "active"
    );
    assert_eq!(world.brief_of(&id).config.status, Status::Active);
    assert_eq!(world.delete(&org, &format!("/sip-trunks/{id}")).0, 204);
}

#[test]
fn an_organisation_has_at_most_1000_trunks() {
    let (world, org) = founded();
    create(&world, &org, "/sip-trunks", trunk());
    world.fill(&org, "trunk/", 999);
    create(&world, &org, "/sip-trunks", trunk());
    let full = (
        409,
        error("An organisation can have at most 1000 SIP trunks"),
    );
    assert_eq!(world.post(&org, "/sip-trunks", trunk()), full);
}

fn created_with(field: &str, value: Value) -> (u16, Value) {
    let (world, org) = founded();
    let carrier = with(livekit(), field, Some(value));
    world.post(&org, "/sip-trunks", with(trunk(), "carrier", Some(carrier)))
}

#[test]
fn a_carriers_url_is_stored_as_the_parser_wrote_it() {
    for (given, stored) in [
        ("wss://livekit.example.com", "wss://livekit.example.com"),
        ("WSS://LiveKit.Example.com/", "wss://livekit.example.com"),
        (
            " https://livekit.example.com:443// ",
            "https://livekit.example.com",
        ),
        (
            "ws://livekit.example.com:80/lk/",
            "ws://livekit.example.com/lk",
        ),
        (
            "http://livekit.example.com:7880",
            "http://livekit.example.com:7880",
        ),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        (
            "https://@livekit.example.com/@x",
            "https://livekit.example.com/@x",
        ),
    ] {
        let (status, created) = created_with("url", json!(given));
        assert_eq!(
            (status, &created["carrier"]["url"]),
            (201, &json!(stored)),
            "{given}"
        );
    }
}

#[test]
fn a_carriers_url_is_judged_as_a_callbacks_is() {
    for (urls, text) in [
        (
            &[
                "livekit.example.com",
                "",
                "ftp://livekit.example.com",
                "ftp://10.0.0.1",
                "wss://",
            ][..],
            "carrier.url must be a valid http, https, ws or wss URL",
        ),
        (
            &[
                "wss://user:pw@livekit.example.com",
                "wss://token@livekit.example.com",
                "wss://livekit.example.com?a=b",
                "wss://livekit.example.com/?",
                "wss://livekit.example.com/#x",
            ],
            "carrier.url must not have a user name, a query or a fragment",
        ),
        (
            &[
                "ws://127.0.0.1:7880",
                "wss://localhost",
                "wss://10.1.2.3",
                "ws://2130706433",
                "wss://[::1]",
                "wss://livekit",
                "wss://livekit.internal",
                "https://calls.example.com", // the service itself
            ],
            "carrier.url must not point to a private address",
        ),
        (
            &["wss://8.8.8.8", "https://[2606:4700:4700::1111]:7880"],
            "carrier.url must name a host, not an IP address: Cloudflare can't reach it",
        ),
    ] {
        for url in urls {
            assert_eq!(created_with("url", json!(url)), (400, error(text)), "{url}");
        }
    }
}

#[test]
fn what_was_copied_with_something_around_it_is_refused() {
    let strays = [
        " x",
        "x ",
        "x\n",
        "\tx",
        "x\u{a0}",
        "\u{feff}x",
        "x\u{200b}",
        "a\u{0}b",
        "a\nb",
        "a\u{7f}b",
        "a\u{200b}b",
        "a\u{feff}b",
        "a\u{ad}b",
        "a\u{202e}b",
        "a\u{a0}b",
        "a\u{e0041}b",
        " ",
    ];
    for field in ["api_key", "api_secret", "sip_trunk_id"] {
        for stray in strays {
            let text = format!(
                "carrier.{field} must not begin or end with white space, or hold control or invisible characters"
            );
            assert_eq!(
                created_with(field, json!(stray)),
                (400, error(&text)),
                "{stray:?}"
            );
        }
        assert_eq!(created_with(field, json!("a secret, in four words")).0, 201);
    }
}

#[test]
fn a_trunk_that_was_stored_otherwise_is_read_and_changed_as_it_is() {
    let (world, org) = founded();
    let id = create(
        &world,
        &org,
        "/sip-trunks",
        with(trunk(), "carrier", Some(livekit())),
    );
    let odd = "wss://10.0.0.1/?old=yes";
    for row in world.office(&org).rows.borrow_mut().values_mut() {
        *row = row
            .replace("wss://livekit.example.com", odd)
            .replace("APIabc", "APIabc ");
    }
    world.restart();
    let path = format!("/sip-trunks/{id}");
    assert_eq!(world.get(&org, &path).1["carrier"]["url"], odd);
    for change in [
        json!({"name": "Renamed"}),
        json!({"carrier": {"api_secret": "another"}}),
        json!({"carrier": {"type": "livekit"}}),
    ] {
        let (status, changed) = world.patch(&org, &path, change);
        assert_eq!((status, &changed["carrier"]["url"]), (200, &json!(odd)));
        assert_eq!(changed["carrier"]["api_key"], "APIabc ");
    }
    let (status, body) = world.patch(&org, &path, json!({"carrier": {"url": odd}}));
    assert_eq!(status, 400, "{body}");
}

#[test]
fn a_storage_is_read_as_strictly() {
    let (world, org) = founded();
    let storage = json!({"endpoint": "https://S3.example.com/", "region": "ap-south-1", "bucket": "calls", "prefix": "acme/",
        "access_key": "AKIA", "secret": "the storage's secret"});
    let patch = |field: &str, value: &str| {
        let storage = with(storage.clone(), field, Some(json!(value)));
        world.patch(&org, "/settings", json!({"recordings": storage}))
    };
    let (status, kept) = world.patch(&org, "/settings", json!({"recordings": storage}));
    assert_eq!(
        (status, &kept["recordings"]["endpoint"]),
        (200, &json!("https://s3.example.com"))
    );
    for (url, text) in [
        ("ftp://s3.example.com", "must be a valid http or https URL"),
        ("wss://s3.example.com", "must be a valid http or https URL"),
        (
            "https://a:b@s3.example.com",
            "must not have a user name, a query or a fragment",
        ),
        (
            "https://s3.example.com/?x",
            "must not have a user name, a query or a fragment",
        ),
        (
            "http://192.168.1.1:9000",
            "must not point to a private address",
        ),
        ("http://minio:9000", "must not point to a private address"),
        (
            "http://127.0.0.1:9000",
            "must not point to a private address",
        ),
        (
            "http://[fd00::1]:9000",
            "must not point to a private address",
        ),
    ] {
        let text = error(&format!("recordings.endpoint {text}"));
        assert_eq!(patch("endpoint", url), (400, text), "{url}");
    }
    for field in ["region", "bucket", "prefix", "access_key", "secret"] {
        let text = error(&format!(
            "recordings.{field} must not begin or end with white space, or hold control or invisible characters"
        ));
        for stray in ["x ", "\nx", "a\u{0}b", "a\u{200b}b", "a\u{feff}b"] {
            assert_eq!(
                patch(field, stray),
                (400, text.clone()),
                "{field} {stray:?}"
            );
        }
    }
    for row in world.office(&org).rows.borrow_mut().values_mut() {
        *row = row
            .replace("https://s3.example.com", "http://10.0.0.9:9000/?old")
            .replace("AKIA", " AKIA");
    }
    world.restart();
    let (status, kept) = world.patch(
        &org,
        "/settings",
        json!({"recordings": {"bucket": "others"}}),
    );
    assert_eq!(
        (status, &kept["recordings"]["endpoint"]),
        (200, &json!("http://10.0.0.9:9000/?old"))
    );
}

/// LiveKit's Egress writes there, and that reaches an IP address as it reaches a name.
#[test]
fn a_storage_at_a_public_ip_address_is_taken() {
    let (world, org) = founded();
    let storage =
        json!({"bucket": "calls", "access_key": "AKIA", "secret": "the storage's secret"});
    for (endpoint, kept) in [
        ("http://9.9.9.9:9000", "http://9.9.9.9:9000"),
        (
            "https://[2606:4700:4700::1111]/",
            "https://[2606:4700:4700::1111]",
        ),
    ] {
        let storage = with(storage.clone(), "endpoint", Some(json!(endpoint)));
        let (status, answer) = world.patch(&org, "/settings", json!({"recordings": storage}));
        assert_eq!(
            (status, &answer["recordings"]["endpoint"]),
            (200, &json!(kept))
        );
    }
}

/// Whatever field it is in: what was copied around a URL is no part of it.
#[test]
fn white_space_around_a_url_is_dropped_wherever_a_url_is_taken() {
    for (before, after) in [
        (" ", " "),
        ("\n", "\t"),
        ("\u{feff}", "\u{200b}"),
        ("\u{a0}", "\u{a0}"),
    ] {
        let (world, org) = founded();
        let around = |url: &str| json!(format!("{before}{url}{after}"));
        let url = around("https://livekit.example.com");
        let (status, created) = created_with("url", url);
        assert_eq!(
            (status, &created["carrier"]["url"]),
            (201, &json!("https://livekit.example.com"))
        );
        let storage = json!({"endpoint": around("https://s3.example.com"), "bucket": "calls", "access_key": "AKIA", "secret": "x"});
        let (status, settings) = world.patch(&org, "/settings", json!({"recordings": storage}));
        assert_eq!(
            (status, &settings["recordings"]["endpoint"]),
            (200, &json!("https://s3.example.com"))
        );
        let test = json!({"url": around("https://hooks.example.org/a")});
        let (status, delivery) = world.post(&org, "/webhooks/test", test);
        assert_eq!(
            (status, &delivery["url"]),
            (202, &json!("https://hooks.example.org/a"))
        );
    }
}
