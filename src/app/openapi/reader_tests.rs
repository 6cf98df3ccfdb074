//! What readers of OpenAPI documents stumble over: each of these broke some generator's client.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::document;
use super::schemas::EITHER;
use super::tests::{operations, strings};
use crate::app::description::reference::reference;

fn schemas(document: &Value) -> &Map<String, Value> {
    document["components"]["schemas"]
        .as_object()
        .expect("schemas")
}

/// Calls `then` for each object of the document with the path to it.
fn each(value: &Value, path: &str, then: &mut dyn FnMut(&str, &Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            then(path, object);
            for (name, value) in object {
                each(value, &format!("{path}/{name}"), then);
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                each(value, &format!("{path}/{at}"), then);
            }
        }
        _ => {}
    }
}

#[test]
fn the_answers_of_a_triggered_call_have_one_flat_schema() {
    let document = document();
    let responses = &document["paths"]["/integration/v1/calls"]["post"]["responses"];
    let schema = |status: &str| &responses[status]["content"]["application/json"]["schema"];
    assert_eq!(schema("200"), schema("201"));
    let schema = &schemas(&document)[EITHER];
    let fields: Vec<_> = schema["properties"]
        .as_object()
        .expect("properties")
        .keys()
        .map(String::as_str)
        .collect();
    for field in [
        "call_id", "status", "poll_url", "dry_run", "would", "reason",
    ] {
        assert!(fields.contains(&field), "{field}");
    }
    assert_eq!(schema["required"], Value::Null);
    assert_eq!(schema["properties"]["dry_run"]["enum"], Value::Null);
    assert_eq!(schema["properties"]["dry_run"]["type"], "boolean");
}

#[test]
fn a_campaigns_end_is_a_callback_of_its_creation_signed_as_a_calls() {
    let document = document();
    let of = |path: &str, name: &str, url: &str| {
        let operation = &document["paths"][path]["post"];
        operation["callbacks"][name][url]["post"].clone()
    };
    let campaign = of(
        "/integration/v1/campaigns",
        "campaignEnded",
        "{$request.body#/completion_url}",
    );
    let call = of(
        "/integration/v1/calls",
        "callEnded",
        "{$request.body#/callback_url}",
    );
    let schema = &campaign["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(*schema, reference("CampaignNotification"));
    assert_eq!(campaign["responses"], call["responses"]);
    let signed = call["parameters"].as_array().expect("headers");
    assert_eq!(
        campaign["parameters"],
        json!(signed[1..].to_vec()),
        "all but X-Audatec-Failure"
    );
}

#[test]
fn callbacks_are_told_at_the_operation_that_asks_for_them() {
    let document = document();
    assert_eq!(document["webhooks"], Value::Null);
    let operation = &document["paths"]["/integration/v1/calls"]["post"];
    let callback = &operation["callbacks"]["callEnded"]["{$request.body#/callback_url}"]["post"];
    let content = &callback["requestBody"]["content"]["application/json"];
    assert_eq!(
        content["schema"]["oneOf"],
        json!([reference("Notification"), reference("FullNotification")])
    );
    let told = callback["description"].as_str().expect("a description");
    for status in crate::domain::call::CallStatus::ALL {
        if let Some(event) = status.event() {
            let event = serde_json::to_value(event).expect("a name");
            let event = event.as_str().expect("a string");
            assert!(content["examples"][event].is_object(), "{event}");
            let line = told
                .lines()
                .find(|line| line.contains(&format!("`{event}`")));
            let line = line.unwrap_or_default();
            assert!(line.contains(&format!("`{}`", status.as_str())), "{told}");
        }
    }
}

#[test]
fn there_are_no_discriminators_and_no_choices_but_of_whole_objects() {
    let document = document();
    each(&document, "", &mut |path, object| {
        assert!(!object.contains_key("discriminator"), "{path}");
        assert!(!object.contains_key("anyOf"), "{path}");
        assert!(!object.contains_key("allOf"), "{path}");
    });
}

#[test]
fn answers_are_json_alone_and_their_headers_are_shared() {
    let document = document();
    for (path, method, operation) in operations(&document) {
        for (status, response) in operation["responses"].as_object().expect("responses") {
            let at = format!("{method} {path} {status}");
            let types = response["content"].as_object();
            let types: Vec<_> = types.into_iter().flatten().map(|(name, _)| name).collect();
            let wanted = match (path.rsplit(['.', '/']).next(), status.as_str()) {
                (Some("csv"), "200") => "text/csv",
                (Some("export"), "200") => "application/x-ndjson",
                (Some("metrics"), "200") => "application/openmetrics-text",
                _ => "application/json",
            };
            assert!(types.iter().all(|name| *name == wanted), "{at}");
            for (name, header) in response["headers"].as_object().expect("headers") {
                assert!(header["$ref"].is_string(), "{at}: {name}");
            }
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let schema = &parameter["schema"];
            let plain = schema["enum"].is_null() && schema["items"]["enum"].is_null();
            assert!(plain, "{method} {path}: {parameter}");
        }
    }
}

#[test]
fn free_objects_say_that_they_are_free() {
    let document = document();
    each(
        &document["components"]["schemas"],
        "",
        &mut |path, object| {
            let kind = &object.get("type").cloned().unwrap_or_default();
            if kind == "object" || strings(kind).any(|kind| kind == "object") {
                assert!(object.contains_key("additionalProperties"), "{path}");
            }
        },
    );
}

#[test]
fn cursors_have_a_pattern() {
    let document = document();
    let mut seen = 0;
    each(&document, "", &mut |path, object| {
        let name = path.rsplit('/').next().unwrap_or_default();
        let is_parameter = ["cursor", "after"]
            .map(Value::from)
            .contains(&object.get("name").cloned().unwrap_or_default());
        if is_parameter && object.contains_key("in") {
            assert!(object["schema"]["pattern"].is_string(), "{path}");
            seen += 1;
        } else if ["next_cursor", "oldest_cursor"].contains(&name) && object.contains_key("type") {
            assert!(object.contains_key("pattern"), "{path}");
            seen += 1;
        }
    });
    assert!(seen >= 11, "{seen}");
}

#[test]
fn a_time_in_a_query_is_a_plain_string() {
    let document = document();
    let mut seen = 0;
    each(&document, "", &mut |path, object| {
        let name = object.get("name").and_then(Value::as_str);
        let is_time = |name: &str| name.starts_with("created_") || name == "from" || name == "to";
        if object.get("in") == Some(&"query".into()) && name.is_some_and(is_time) {
            // As a date-time it would become a type of its own, which writes no date, or a time that is not understood.
            assert_eq!(object["schema"]["type"], "string", "{path}");
            assert_eq!(object["schema"]["format"], Value::Null, "{path}");
            seen += 1;
        }
    });
    assert!(seen >= 8, "{seen}");
}

#[test]
fn a_filter_that_may_have_several_values_is_an_array() {
    for (path, method, operation) in operations(&document()) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap_or_default();
            let may = parameter["in"] == "query" && crate::app::page::WITH_SEVERAL.contains(&name);
            assert_eq!(
                parameter["schema"]["type"] == "array",
                may,
                "{method} {path}: {name}"
            );
        }
    }
}

/// A name as a language without case or separators has it.
fn folded(name: &str) -> String {
    name.chars()
        .filter(|sign| sign.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The constants that Go and similar languages make of all enumerations of a package, without their types as prefixes.
fn constants(schema: &Value) -> Vec<String> {
    let named = strings(&schema["x-enum-varnames"]);
    let named: Vec<_> = named.map(folded).collect();
    match named.is_empty() {
        true => strings(&schema["enum"]).map(folded).collect(),
        false => named,
    }
}

#[test]
fn no_two_things_become_one_name_in_a_generated_client() {
    let document = document();
    let mut names = BTreeSet::new();
    let mut take = |name: String| assert!(names.insert(name.clone()), "{name} comes twice");
    for (name, schema) in schemas(&document) {
        take(folded(name));
        // The name some languages give to a constructor.
        take(format!("new{}", folded(name)));
        // Names that tell the variants of a choice apart.
        if schema["oneOf"].is_array() {
            take(format!("{}type", folded(name)));
        }
        let properties = schema["properties"].as_object();
        for (field, inner) in properties.into_iter().flatten() {
            let is_named = inner["enum"].is_array() || inner["properties"].is_object();
            if is_named {
                take(folded(&format!("{name}{field}")));
            }
        }
    }
    for name in document["components"]["securitySchemes"]
        .as_object()
        .expect("schemes")
        .keys()
    {
        take(folded(name));
    }

    let mut known = BTreeSet::new();
    for (name, schema) in schemas(&document) {
        let constants = constants(schema);
        assert!(
            schema["enum"].is_null() || constants.len() == strings(&schema["enum"]).count(),
            "{name}"
        );
        for constant in constants {
            assert!(
                known.insert(constant.clone()),
                "{constant} of {name} comes twice"
            );
        }
    }
    for (_, schema) in schemas(&document) {
        for name in strings(&schema["x-enum-varnames"]) {
            assert!(
                !schemas(&document).contains_key(name),
                "{name} is a schema too"
            );
        }
    }
    // No language allows its em dash in a name.
    let statuses = &schemas(&document)["CallStatus"];
    let named = strings(&statuses["x-enum-varnames"]).count();
    assert_eq!(named, crate::domain::call::CallStatus::ALL.len());
    for name in strings(&statuses["x-enum-varnames"]) {
        assert!(
            name.chars().all(|sign| sign.is_ascii_alphanumeric()),
            "{name}"
        );
    }
}

#[test]
fn operations_are_called_by_a_verb() {
    const VERBS: [&str; 21] = [
        "add",
        "pause",
        "start",
        "cancel",
        "close",
        "create",
        "delete",
        "get",
        "list",
        "open",
        "receive",
        "redeliver",
        "release",
        "report",
        "rotate",
        "send",
        "test",
        "trigger",
        "update",
        "export",
        "import",
    ];
    for (path, method, operation) in operations(&document()) {
        let id = operation["operationId"].as_str().expect("an id");
        let is_called = |verb: &str| {
            let rest = id.strip_prefix(verb);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_uppercase))
        };
        assert!(
            VERBS.iter().any(|verb| is_called(verb)),
            "{method} {path}: {id}"
        );
    }
}
