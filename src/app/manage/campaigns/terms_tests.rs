use serde_json::{Map, Value, json};

use super::*;
use crate::domain::agent::{InputSchema, Status};
use crate::domain::ids::{AgentId, TrunkId};
use crate::domain::time::Timestamp;
use crate::domain::trunk::Destinations;

fn terms() -> Terms {
    Terms {
        agent: Agent {
            id: AgentId::from_entropy([1; 16]),
            name: "EMI".into(),
            agent_code: "emi".into(),
            status: Status::Active,
            input_schema: InputSchema {
                fields: vec!["name".into()],
                ..InputSchema::default()
            },
            script: Some("{{name}}".repeat(5)),
            voice: None,
            outcome_schema: None,
            voicemail: None,
            calling_hours: None,
            contact_limits: Vec::new(),
            created_at: Timestamp(0),
        },
        trunk: TrunkRecord {
            id: TrunkId::from_entropy([2; 16]),
            name: "Main".into(),
            trunk_phone: "+15005550006".into(),
            max_cps: 1,
            max_channels: 1,
            status: Status::Active,
            destinations: Destinations {
                deny: vec!["+44".into()],
                ..Destinations::default()
            },
            simulates: true,
            deleted: false,
            holds_no_calls: false,
            calls_until: None,
        },
        wants_possible: true,
    }
}

fn row(phone: &str) -> Row {
    Row {
        phone: Some(phone.into()),
        metadata: json!({"name": "Rao"}).as_object().cloned(),
        ..Row::default()
    }
}

fn refused(row: Row) -> String {
    let refusal = terms().recipient(row).expect_err("refused");
    refusal.text()
}

fn named(name: &str) -> Option<Map<String, Value>> {
    json!({"name": name}).as_object().cloned()
}

#[test]
fn the_number_is_the_reference_where_none_is_given() {
    let own = terms().recipient(row("+919876543210"));
    let expected = NewRecipient {
        reference: "+919876543210".into(),
        phone: E164::parse("+919876543210").expect("a number"),
        time_zone: None,
        metadata: Some(r#"{"name":"Rao"}"#.into()),
    };
    assert_eq!(own, Ok(expected.clone()));
    let empty = Row {
        reference: Some(String::new()),
        ..row("+919876543210")
    };
    assert_eq!(terms().recipient(empty), Ok(expected.clone()));
    let given = Row {
        reference: Some("é".repeat(128)),
        time_zone: Some("Asia/Calcutta".into()),
        ..row("+919876543210")
    };
    let given = terms().recipient(given).expect("a recipient");
    assert_eq!(given.reference.chars().count(), 128);
    assert_eq!(given.time_zone, ZoneName::parse("Asia/Calcutta"));
}

#[test]
fn rows_are_checked_as_calls_are_in_the_same_order() {
    let what = "reference must be a string of 1 to 128 characters other than . and ..";
    let with = |reference: &str| Row {
        reference: Some(reference.into()),
        ..row("+919876543210")
    };
    for reference in [&*"a".repeat(129), ".", ".."] {
        assert_eq!(refused(with(reference)), what);
    }
    assert_eq!(refused(Row::default()), "phone_number is required");
    assert_eq!(refused(row("")), "phone_number is required");
    assert_eq!(
        refused(row("919876543210")),
        "phone_number must be in E.164 format"
    );
    let zone = Row {
        time_zone: Some("India".into()),
        ..row("+919876543210")
    };
    assert_eq!(refused(zone), "time_zone must be an IANA time zone");
    let none = Row {
        metadata: None,
        ..row("+12")
    };
    assert_eq!(refused(none), "phone_number must be in E.164 format");
    let none = Row {
        metadata: None,
        ..row("+9112345")
    };
    assert_eq!(refused(none), "metadata missing required keys: name");
    let large = Row {
        metadata: named(&"a".repeat(16_384)),
        ..row("+919876543210")
    };
    assert_eq!(refused(large), "metadata must be at most 16384 bytes");
    let long = Row {
        metadata: named(&"a".repeat(16_000)),
        ..row("+919876543210")
    };
    assert_eq!(refused(long), TOO_LONG_FILLED);
    assert_eq!(
        refused(row("+9112345")),
        "phone_number is not a possible number"
    );
    assert_eq!(refused(row("+442079460000")), "Destination not allowed");
    let wrong = Row {
        wrong: Some(Refusal::UnknownField("x".into())),
        ..row("+442079460000")
    };
    assert_eq!(refused(wrong), "unknown field: x");
    let lax = Terms {
        wants_possible: false,
        ..terms()
    };
    assert!(lax.recipient(row("+9112345")).is_ok());
}
