//! Where trunks may call, and which numbers an organisation wants refused: accepted, stored, and decided from copies.

use audatec::app::records::RecordKey;
use audatec::domain::ids::TrunkId;
use serde_json::{Value, json};

use crate::world::{Org, World};
use crate::{agent, create, error, founded, trunk, with};

/// What a call to a number is answered. A call that is let through ends here, where no trunk takes it.
fn call(world: &World, org: &Org, agent: &str, trunk: &str, phone: &str) -> (u16, Value) {
    let metadata = json!({"customer_name": "R", "amount_due": "1", "due_date": "2026-12-01"});
    let body = json!({"phone_number": phone, "agent_id": agent, "sip_trunk_id": trunk, "metadata": metadata});
    world.post(org, "/calls", body)
}

const LET_THROUGH: u16 = 502;

#[test]
fn a_trunk_says_where_it_may_call_and_what_is_left_out_stays() {
    let (world, org) = founded();
    let id = create(&world, &org, "/sip-trunks", trunk());
    let path = format!("/sip-trunks/{id}");
    let shown = || world.get(&org, &path).1;
    let default = json!({"allow": null, "deny": [], "high_risk": "deny"});
    assert_eq!(shown()["destinations"], default);
    assert_eq!(shown()["max_calls_per_day"], Value::Null);
    for (change, then) in [
        (
            json!({"allow": ["+91", "+1"]}),
            json!({"allow": ["+91", "+1"], "deny": [], "high_risk": "deny"}),
        ),
        (
            json!({"deny": ["+1900"], "high_risk": "allow"}),
            json!({"allow": ["+91", "+1"], "deny": ["+1900"], "high_risk": "allow"}),
        ),
        (
            json!({"allow": []}),
            json!({"allow": [], "deny": ["+1900"], "high_risk": "allow"}),
        ),
        (
            json!({"allow": null, "high_risk": null}),
            json!({"allow": null, "deny": ["+1900"], "high_risk": "deny"}),
        ),
        (Value::Null, default),
    ] {
        let (status, answer) = world.patch(&org, &path, json!({"destinations": change}));
        assert_eq!((status, &answer["destinations"]), (200, &then));
        assert_eq!(shown()["destinations"], then);
    }
    assert_eq!(
        world
            .patch(&org, &path, json!({"max_calls_per_day": 1_000_000}))
            .1["max_calls_per_day"],
        1_000_000
    );
    assert_eq!(
        world.brief_of(&id).config.max_calls_per_day,
        Some(1_000_000)
    );
    assert_eq!(
        world
            .patch(&org, &path, json!({"max_calls_per_day": null}))
            .1["max_calls_per_day"],
        Value::Null
    );
    let listed = &world.get(&org, "/sip-trunks").1["sip_trunks"][0];
    let fields: Vec<_> = listed
        .as_object()
        .expect("a trunk")
        .keys()
        .cloned()
        .collect();
    assert_eq!(
        fields,
        [
            "id",
            "name",
            "trunk_phone",
            "max_cps",
            "max_channels",
            "status"
        ]
    );
}

#[test]
fn what_is_no_destination_is_refused() {
    let (world, org) = founded();
    let prefixes = |field: &str| {
        format!("destinations.{field} must be an array of at most 500 prefixes such as +91")
    };
    let many: Vec<_> = (0..501).map(|_| "+91").collect();
    for (destinations, text) in [
        (json!("all"), "destinations must be an object".to_owned()),
        (json!({"allow": "+91"}), prefixes("allow")),
        (json!({"allow": ["91"]}), prefixes("allow")),
        (json!({"allow": ["+"]}), prefixes("allow")),
        (json!({"allow": [91]}), prefixes("allow")),
        (json!({"deny": ["+0"]}), prefixes("deny")),
        (json!({"deny": ["+91 9"]}), prefixes("deny")),
        (json!({"deny": ["+1234567890123456"]}), prefixes("deny")),
        (json!({"deny": many}), prefixes("deny")),
        (
            json!({"high_risk": true}),
            "destinations.high_risk must be deny or allow".to_owned(),
        ),
        (
            json!({"countries": []}),
            "unknown field: destinations.countries".to_owned(),
        ),
    ] {
        let body = with(trunk(), "destinations", Some(destinations));
        assert_eq!(world.post(&org, "/sip-trunks", body), (400, error(&text)));
    }
    for given in [json!(0), json!(1_000_001), json!("100"), json!(1.5)] {
        let body = with(trunk(), "max_calls_per_day", Some(given));
        let text = "max_calls_per_day must be a whole number from 1 to 1000000";
        assert_eq!(world.post(&org, "/sip-trunks", body), (400, error(text)));
    }
}

#[test]
fn a_number_that_a_trunk_may_not_call_is_refused_and_no_object_is_asked_where_it_may() {
    let (world, org) = founded();
    let agent = create(&world, &org, "/agents", agent());
    let limited = with(
        trunk(),
        "destinations",
        Some(json!({"allow": ["+91", "+1"], "deny": ["+1900"]})),
    );
    let trunk = create(&world, &org, "/sip-trunks", limited);
    let refused = (400, error("Destination not allowed"));
    for number in [
        "+447911123456",
        "+19002345678",
        "+8821612345",
        "+21012345678",
    ] {
        assert_eq!(
            call(&world, &org, &agent, &trunk, number),
            refused,
            "{number}"
        );
    }
    assert!(world.asked.borrow().is_empty(), "no trunk was asked");
    for number in ["+919876543210", "+14155552671", "+15005550000"] {
        assert_eq!(
            call(&world, &org, &agent, &trunk, number).0,
            LET_THROUGH,
            "{number}"
        );
    }
    assert_eq!(world.asked.borrow().len(), 3);
    // A simulator's ten numbers, whatever is said.
    world.patch(
        &org,
        &format!("/sip-trunks/{trunk}"),
        json!({"destinations": {"allow": []}}),
    );
    assert_eq!(
        call(&world, &org, &agent, &trunk, "+15005550009").0,
        LET_THROUGH
    );
    assert_eq!(call(&world, &org, &agent, &trunk, "+919876543210"), refused);
}

/// A trunk that was stored before there were destinations refuses high risk, and nothing else.
#[test]
fn a_trunk_of_before_refuses_high_risk_alone() {
    let (world, org) = founded();
    let agent = create(&world, &org, "/agents", agent());
    let trunk = create(&world, &org, "/sip-trunks", trunk());
    let id: TrunkId = trunk.parse().expect("an id");
    let key = RecordKey::Trunk(org.id, id);
    let copy: Value = serde_json::from_str(&world.kv.borrow()[&key]).expect("JSON");
    assert_eq!(
        copy["destinations"],
        Value::Null,
        "as one of before: {copy}"
    );
    assert_eq!(call(&world, &org, &agent, &trunk, "+881612345678").0, 400);
    assert_eq!(
        call(&world, &org, &agent, &trunk, "+447911123456").0,
        LET_THROUGH
    );
}

/// What a late copy refuses is asked of the directory.
#[test]
fn a_destination_that_was_opened_just_now_is_open() {
    let (world, org) = founded();
    let agent = create(&world, &org, "/agents", agent());
    let limited = with(trunk(), "destinations", Some(json!({"allow": ["+1"]})));
    let trunk = create(&world, &org, "/sip-trunks", limited);
    let late = world.kv.borrow().clone();
    let path = format!("/sip-trunks/{trunk}");
    world.patch(
        &org,
        &path,
        json!({"destinations": {"allow": ["+1", "+91"]}}),
    );
    *world.kv.borrow_mut() = late;
    assert_eq!(
        call(&world, &org, &agent, &trunk, "+919876543210").0,
        LET_THROUGH
    );
    assert_eq!(call(&world, &org, &agent, &trunk, "+447911123456").0, 400);
}

#[test]
fn an_organisation_may_have_impossible_numbers_refused() {
    let (world, org) = founded();
    let agent = create(&world, &org, "/agents", agent());
    let open = json!({"high_risk": "allow"});
    let trunk = create(
        &world,
        &org,
        "/sip-trunks",
        with(trunk(), "destinations", Some(open)),
    );
    let settings = || world.get(&org, "/settings").1;
    assert_eq!(settings()["reject_impossible_numbers"], false);
    let impossible = ["+919876543", "+1415555267", "+21012345678"];
    for number in impossible {
        assert_eq!(
            call(&world, &org, &agent, &trunk, number).0,
            LET_THROUGH,
            "{number}"
        );
    }
    let text = error("reject_impossible_numbers must be true or false");
    assert_eq!(
        world.patch(&org, "/settings", json!({"reject_impossible_numbers": 1})),
        (400, text)
    );
    assert_eq!(
        world
            .patch(
                &org,
                "/settings",
                json!({"reject_impossible_numbers": true})
            )
            .1["reject_impossible_numbers"],
        true
    );
    world.patch(&org, "/settings", json!({"transcripts": true}));
    assert_eq!(
        settings()["reject_impossible_numbers"],
        true,
        "what is left out stays"
    );
    for number in impossible {
        let refused = (400, error("phone_number is not a possible number"));
        assert_eq!(
            call(&world, &org, &agent, &trunk, number),
            refused,
            "{number}"
        );
    }
    for number in ["+919876543210", "+15005550000", "+915123456789"] {
        assert_eq!(
            call(&world, &org, &agent, &trunk, number).0,
            LET_THROUGH,
            "{number}"
        );
    }
    // Its length is judged before its destination.
    world.patch(
        &org,
        &format!("/sip-trunks/{trunk}"),
        json!({"destinations": {"allow": []}}),
    );
    assert_eq!(
        call(&world, &org, &agent, &trunk, "+919876543").1,
        error("phone_number is not a possible number")
    );
    world.patch(
        &org,
        "/settings",
        json!({"reject_impossible_numbers": null}),
    );
    assert_eq!(
        call(&world, &org, &agent, &trunk, "+919876543").1,
        error("Destination not allowed")
    );
}

#[test]
fn a_number_tells_what_it_is() {
    let (world, org) = founded();
    let told = json!({
        "phone_number": "+919876543210", "country": "IN", "country_code": "91", "type": "mobile", "is_possible": true,
        "time_zones": ["Asia/Kolkata"], "high_risk": false, "suppressed": false, "next_allowed_at": null,
        "metadata_version": "9.0.43", "tzdata_version": "2026f",
    });
    for path in [
        "/numbers/+919876543210",
        "/numbers/%2B919876543210",
        "/numbers/%2b919876543210",
    ] {
        assert_eq!(world.get(&org, path), (200, told.clone()), "{path}");
    }
    let unassigned = world.get(&org, "/numbers/+21012345678").1;
    assert_eq!(
        (&unassigned["country"], &unassigned["country_code"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        (&unassigned["is_possible"], &unassigned["high_risk"]),
        (&json!(false), &json!(true))
    );
    for path in [
        "/numbers/919876543210",
        "/numbers/+0123",
        "/numbers/nobody",
        "/numbers/++919876543210",
        "/numbers/%20919876543210",
    ] {
        let refused = (400, error("phone_number must be in E.164 format"));
        assert_eq!(world.get(&org, path), refused, "{path}");
    }
}
