//! Schemas made exact: merged, closed, loosened, completed.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::app::description::reference::CURSOR_PATTERN;

/// Schemas by their names.
pub type Schemas = BTreeMap<String, Value>;

/// Fields that responses leave out if there is nothing to say; all others are always present.
pub const LEFT_OUT: [&str; 10] = [
    "outcome_schema",
    "voicemail",
    "unknown_keys",
    "calling_hours",
    "opens_at",
    "contact_limits",
    "next_allowed_at",
    "max_dials",
    "per",
    "min_gap_seconds",
];

/// The same in this object only: elsewhere the field is always present, if only as null.
pub const LEFT_OUT_OF: (&str, &str) = ("CallIsOver", "next_call_id");

/// Unites two schemas into one, none of whose fields is always present.
pub fn unite(schemas: &mut Schemas, whole: &str, part: &str) {
    let part = schemas.remove(part).unwrap_or_default();
    let Some(Value::Object(whole)) = schemas.get_mut(whole) else {
        return;
    };
    whole.shift_remove("required");
    if let (Some(Value::Object(all)), Some(Value::Object(more))) =
        (whole.get_mut("properties"), part.get("properties"))
    {
        all.extend(more.clone());
    }
}

/// Says of each object without known fields that it may have any, and of each cursor what form it has.
pub fn complete(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    let is_object = match object.get("type") {
        Some(Value::Array(types)) => types.contains(&json!("object")),
        kind => kind == Some(&json!("object")),
    };
    if is_object && !object.contains_key("additionalProperties") {
        object.insert("additionalProperties".to_owned(), true.into());
    }
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        for name in ["next_cursor", "oldest_cursor"] {
            if let Some(Value::Object(known)) = properties.get_mut(name) {
                known.insert("pattern".to_owned(), CURSOR_PATTERN.into());
            }
        }
    }
    each_part(schema, &mut complete);
}

/// Turns each `allOf`, as derived from a flattened or inlined field, into the one object that is sent.
pub fn merge(schema: &mut Value, all: &Schemas) {
    let parts = schema
        .as_object_mut()
        .and_then(|object| object.shift_remove("allOf"));
    if let Some(Value::Array(parts)) = parts {
        let (mut whole, mut properties, mut required) = (Map::new(), Map::new(), Vec::new());
        for mut part in parts {
            if let Some(named) = part.get("$ref").and_then(Value::as_str) {
                let name = named.rsplit('/').next().unwrap_or_default();
                part = all.get(name).cloned().unwrap_or_default();
            }
            merge(&mut part, all);
            let Value::Object(mut part) = part else {
                continue;
            };
            if let Some(Value::Object(more)) = part.shift_remove("properties") {
                properties.extend(more);
            }
            if let Some(Value::Array(more)) = part.shift_remove("required") {
                required.extend(more);
            }
            whole.extend(part);
        }
        whole.extend(schema.as_object().cloned().unwrap_or_default());
        if whole.contains_key("enum") {
            whole.insert("type".to_owned(), "string".into()); // only the wrapper is an object
        }
        *schema = Value::Object(whole);
        if !properties.is_empty() {
            set(schema, "required", required.into());
            set(schema, "properties", properties.into());
        }
    }
    each_part(schema, &mut |part| merge(part, all));
}

/// Closes each object with known fields, and makes all of them required if it is `whole`.
pub fn close(schema: &mut Value, whole: bool) {
    let names = schema
        .get("properties")
        .and_then(Value::as_object)
        .map(|properties| properties.keys().cloned().collect::<Vec<_>>());
    if let Some(names) = names {
        if whole {
            let said = |name: &String| !LEFT_OUT.contains(&name.as_str());
            let names: Vec<_> = names.into_iter().filter(said).collect();
            set(schema, "required", names.into());
        }
        set(schema, "additionalProperties", false.into());
    }
    each_part(schema, &mut |part| close(part, whole));
}

/// Makes all fields optional.
pub fn loosen(schema: &mut Value) {
    if let Some(object) = schema.as_object_mut() {
        object.shift_remove("required");
    }
    each_part(schema, &mut loosen);
}

fn each_part(schema: &mut Value, then: &mut dyn FnMut(&mut Value)) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    for (name, part) in object.iter_mut() {
        match (name.as_str(), part) {
            ("properties", Value::Object(parts)) => parts.values_mut().for_each(&mut *then),
            ("oneOf" | "anyOf" | "allOf", Value::Array(parts)) => {
                parts.iter_mut().for_each(&mut *then);
            }
            ("items", part) => then(part),
            _ => {}
        }
    }
}

pub fn set(schema: &mut Value, name: &str, value: Value) {
    if let Some(object) = schema.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}
