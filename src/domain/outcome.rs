//! What a call's outcome must look like, in a subset of JSON Schema (draft 2020-12): checked when an
//! agent is saved and when one reports. A complete validator would be three times the size of the Worker.
//!
//! Known keywords: `type`, `enum`, `const`, `properties`, `required`, `additionalProperties` (a
//! boolean), `items`, `minLength`, `maxLength`, `minimum`, `maximum`, `minItems`, `maxItems`; `title`,
//! `description`, `default` and `examples` are accepted without effect. Any other is refused rather than ignored.

use serde_json::{Map, Value};

use super::to_json;

const MAX_BYTES: usize = 8_192;
const MAX_DEPTH: usize = 6;
const TYPES: [&str; 7] = [
    "object", "array", "string", "number", "integer", "boolean", "null",
];

/// What is wrong, and where. Follows the name of the whole value, as in `.a must be …`.
pub type Flaw = String;

/// Checks that a schema can be saved: only known keywords, and for an object.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check_schema(schema: &Value) -> Result<(), Flaw> {
    if to_json::text(schema).len() > MAX_BYTES {
        return Err(format!(" must be at most {MAX_BYTES} bytes"));
    }
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        return Err(".type must be object".into());
    }
    check(schema, "", MAX_DEPTH)
}

fn check(schema: &Value, at: &str, depth: usize) -> Result<(), Flaw> {
    let flaw = |what: &str| Err(format!("{at} {what}"));
    let Some(keywords) = schema.as_object() else {
        return flaw("must be an object");
    };
    if depth == 0 {
        return flaw("is nested too deeply");
    }
    for (keyword, value) in keywords {
        let at = format!("{at}.{keyword}");
        let must = |holds: bool, what: &str| match holds {
            true => Ok(()),
            false => Err(format!("{at} must be {what}")),
        };
        match keyword.as_str() {
            "type" => must(is_type(value), "a type of JSON, or a list of them")?,
            "enum" => must(
                value.as_array().is_some_and(|all| !all.is_empty()),
                "a list",
            )?,
            "required" => must(is_names(value), "a list of strings")?,
            "additionalProperties" => must(value.is_boolean(), "true or false")?,
            "minLength" | "maxLength" | "minItems" | "maxItems" => {
                must(value.is_u64(), "a whole number")?;
            }
            "minimum" | "maximum" => must(value.is_number(), "a number")?,
            "items" => check(value, &at, depth - 1)?,
            "properties" => {
                let Some(properties) = value.as_object() else {
                    return must(false, "an object");
                };
                for (name, property) in properties {
                    check(property, &format!("{at}.{name}"), depth - 1)?;
                }
            }
            "const" | "title" | "description" | "default" | "examples" => {}
            _ => return Err(format!("{at} is not supported")),
        }
    }
    Ok(())
}

fn is_type(value: &Value) -> bool {
    let is_one = |value: &Value| value.as_str().is_some_and(|name| TYPES.contains(&name));
    match value {
        Value::Array(all) => !all.is_empty() && all.iter().all(is_one),
        one => is_one(one),
    }
}

fn is_names(value: &Value) -> bool {
    value
        .as_array()
        .is_some_and(|names| names.iter().all(Value::is_string))
}

/// Validates a value against a schema that [`check_schema`] has accepted.
///
/// # Errors
/// The first thing that is wrong with the value.
pub fn validate(schema: &Value, value: &Value) -> Result<(), Flaw> {
    match schema.as_object() {
        Some(keywords) => validate_at(keywords, value, ""),
        None => Ok(()),
    }
}

fn validate_at(schema: &Map<String, Value>, value: &Value, at: &str) -> Result<(), Flaw> {
    let must = |holds: bool, what: String| match holds {
        true => Ok(()),
        false => Err(format!("{at} must be {what}")),
    };
    for (keyword, rule) in schema {
        let limit = rule.as_f64().unwrap_or_default();
        let rule_text = || to_json::text(rule);
        let length = |text: &String| text.chars().count() as f64;
        match (keyword.as_str(), value) {
            ("type", _) => must(has_type(rule, value), format!("of type {}", words(rule)))?,
            ("enum", _) => {
                let known = rule.as_array().is_some_and(|all| all.contains(value));
                must(known, format!("one of {}", words(rule)))?;
            }
            ("const", _) => must(rule == value, words(rule))?,
            ("minLength", Value::String(text)) => {
                must(
                    length(text) >= limit,
                    format!("at least {} characters", rule_text()),
                )?;
            }
            ("maxLength", Value::String(text)) => {
                must(
                    length(text) <= limit,
                    format!("at most {} characters", rule_text()),
                )?;
            }
            ("minimum", Value::Number(number)) => {
                must(
                    number.as_f64() >= Some(limit),
                    format!("at least {}", rule_text()),
                )?;
            }
            ("maximum", Value::Number(number)) => {
                must(
                    number.as_f64() <= Some(limit),
                    format!("at most {}", rule_text()),
                )?;
            }
            ("minItems", Value::Array(items)) => {
                must(
                    items.len() as f64 >= limit,
                    format!("at least {} items", rule_text()),
                )?;
            }
            ("maxItems", Value::Array(items)) => {
                must(
                    items.len() as f64 <= limit,
                    format!("at most {} items", rule_text()),
                )?;
            }
            ("items", Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    let Some(rule) = rule.as_object() else { break };
                    validate_at(rule, item, &format!("{at}[{index}]"))?;
                }
            }
            _ => {}
        }
    }
    match value {
        Value::Object(fields) => validate_fields(schema, fields, at),
        _ => Ok(()),
    }
}

fn validate_fields(
    schema: &Map<String, Value>,
    fields: &Map<String, Value>,
    at: &str,
) -> Result<(), Flaw> {
    let required = schema.get("required").and_then(Value::as_array);
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            return Err(format!("{at}.{name} is required"));
        }
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
    for (name, value) in fields {
        match properties
            .and_then(|known| known.get(name))
            .and_then(Value::as_object)
        {
            Some(rule) => validate_at(rule, value, &format!("{at}.{name}"))?,
            None if closed => return Err(format!("{at}.{name} is not allowed")),
            None => {}
        }
    }
    Ok(())
}

fn has_type(rule: &Value, value: &Value) -> bool {
    let is = |name: &Value| match (name.as_str().unwrap_or_default(), value) {
        ("object", Value::Object(_))
        | ("array", Value::Array(_))
        | ("string", Value::String(_))
        | ("number", Value::Number(_))
        | ("boolean", Value::Bool(_))
        | ("null", Value::Null) => true,
        ("integer", Value::Number(number)) => {
            number.as_f64().is_some_and(|number| number.fract() == 0.0)
        }
        _ => false,
    };
    match rule {
        Value::Array(all) => all.iter().any(is),
        one => is(one),
    }
}

/// A rule's values as a sentence has them: `"a", "b"`.
fn words(rule: &Value) -> String {
    match rule {
        Value::Array(all) => all.iter().map(words).collect::<Vec<_>>().join(", "),
        Value::String(text) => text.clone(),
        other => to_json::text(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "type": "object",
            "properties": {
                "disposition": {"enum": ["interested", "not_interested", "voicemail", "unknown"]},
                "summary": {"type": ["string", "null"], "maxLength": 10},
                "amount": {"type": "integer", "minimum": 1, "maximum": 9},
                "tags": {"type": "array", "items": {"type": "string", "minLength": 2}, "maxItems": 2},
                "version": {"const": 1},
            },
            "required": ["disposition"],
            "additionalProperties": false,
        })
    }

    #[test]
    fn outcomes_are_as_the_schema_says() {
        assert_eq!(check_schema(&schema()), Ok(()));
        for (outcome, verdict) in [
            (json!({"disposition": "interested"}), ""),
            (
                json!({"disposition": "voicemail", "summary": null, "amount": 9, "tags": ["ab"], "version": 1}),
                "",
            ),
            (json!({"disposition": "interested", "amount": 3.0}), ""),
            (json!({}), ".disposition is required"),
            (json!([]), " must be of type object"),
            (
                json!({"disposition": "x"}),
                ".disposition must be one of interested, not_interested, voicemail, unknown",
            ),
            (
                json!({"disposition": "interested", "mood": "good"}),
                ".mood is not allowed",
            ),
            (
                json!({"disposition": "interested", "summary": 3}),
                ".summary must be of type string, null",
            ),
            (
                json!({"disposition": "interested", "summary": "eleven char"}),
                ".summary must be at most 10 characters",
            ),
            (
                json!({"disposition": "interested", "amount": 2.5}),
                ".amount must be of type integer",
            ),
            (
                json!({"disposition": "interested", "amount": 0}),
                ".amount must be at least 1",
            ),
            (
                json!({"disposition": "interested", "amount": 10}),
                ".amount must be at most 9",
            ),
            (
                json!({"disposition": "interested", "tags": ["ab", "c"]}),
                ".tags[1] must be at least 2 characters",
            ),
            (
                json!({"disposition": "interested", "tags": ["ab", "cd", "ef"]}),
                ".tags must be at most 2 items",
            ),
            (
                json!({"disposition": "interested", "version": 2}),
                ".version must be 1",
            ),
        ] {
            let found = validate(&schema(), &outcome).err().unwrap_or_default();
            assert_eq!(found, verdict, "{outcome}");
        }
    }

    #[test]
    fn a_schema_that_is_not_understood_is_refused() {
        let mut deep = json!({"type": "string"});
        for _ in 0..7 {
            deep = json!({"type": "object", "properties": {"a": deep}});
        }
        for (schema, flaw) in [
            (json!({"type": "string"}), ".type must be object"),
            (json!({}), ".type must be object"),
            (
                json!({"type": "object", "pattern": "^a"}),
                ".pattern is not supported",
            ),
            (
                json!({"type": "object", "properties": []}),
                ".properties must be an object",
            ),
            (
                json!({"type": "object", "properties": {"a": 1}}),
                ".properties.a must be an object",
            ),
            (
                json!({"type": "object", "properties": {"a": {"type": "text"}}}),
                ".properties.a.type must be a type of JSON, or a list of them",
            ),
            (
                json!({"type": "object", "required": "a"}),
                ".required must be a list of strings",
            ),
            (
                json!({"type": "object", "additionalProperties": {}}),
                ".additionalProperties must be true or false",
            ),
            (
                json!({"type": "object", "description": "x".repeat(9000)}),
                " must be at most 8192 bytes",
            ),
        ] {
            assert_eq!(
                check_schema(&schema).err().as_deref(),
                Some(flaw),
                "{schema}"
            );
        }
        assert!(check_schema(&deep).is_err_and(|flaw| flaw.ends_with("is nested too deeply")));
    }
}
