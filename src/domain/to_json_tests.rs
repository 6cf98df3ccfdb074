use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;

#[derive(serde::Serialize)]
enum Shape {
    Unit,
    Newtype(Option<u8>),
    Tuple(i64, &'static str),
    Struct { a: bool, b: Vec<Shape> },
}

#[derive(serde::Serialize)]
struct Record<'a> {
    shapes: &'a [Shape],
    pair: (char, ()),
    #[serde(skip_serializing_if = "Option::is_none")]
    none: Option<f64>,
    map: BTreeMap<&'static str, f64>,
    newtype: Newtype,
    double: Double,
}

#[derive(serde::Serialize)]
struct Newtype(u64);

#[derive(serde::Serialize)]
struct Double(i8, u16);

fn same(value: &impl Serialize) {
    let expected = serde_json::to_string(value).expect("JSON");
    assert_eq!(to_json(value).as_deref(), Ok(expected.as_str()));
}

#[test]
fn what_serde_derives_is_written_as_serde_json_writes_it() {
    let shapes = [
        Shape::Unit,
        Shape::Newtype(None),
        Shape::Newtype(Some(7)),
        Shape::Tuple(i64::MIN, "a\"b\\c/\u{1}\u{7f}\u{1f}é\n\r\t\u{8}\u{c}"),
        Shape::Struct {
            a: true,
            b: vec![
                Shape::Unit,
                Shape::Struct {
                    a: false,
                    b: vec![],
                },
            ],
        },
    ];
    let mut record = Record {
        shapes: &shapes,
        pair: ('"', ()),
        none: None,
        map: BTreeMap::from([("", f64::NAN), ("\"", 1e300), ("x", -0.1)]),
        newtype: Newtype(u64::MAX),
        double: Double(-1, 2),
    };
    same(&record);
    record.none = Some(1.0);
    record.shapes = &[];
    record.map.clear();
    same(&record);
}

#[test]
fn a_map_without_strings_for_names_is_refused() {
    assert_eq!(to_json(&BTreeMap::from([(1, 2)])), Err(Unwritable));
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[\\x00-\\x22\\\\]{0,9}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|fields| Value::Object(Map::from_iter(fields))),
        ]
    })
}

proptest! {
    #[test]
    fn a_value_is_written_as_serde_json_writes_it(value in values()) {
        same(&value);
        prop_assert_eq!(text(&json!([value])), json!([value]).to_string());
    }
}
