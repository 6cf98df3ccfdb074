use std::collections::BTreeSet;

use super::exact::{LEFT_OUT, LEFT_OUT_OF};
use super::schemas::EITHER;
use super::*;
use crate::app::api::find;
use crate::app::authenticate::Access;
use crate::domain::refusal::Refusal;

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// Each operation with its path and method.
pub fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, item)| {
            let item = item.as_object().expect("a path item");
            item.iter()
                .map(|(method, operation)| (path.clone(), method.clone(), operation))
        })
        .collect()
}

#[test]
fn the_committed_document_is_the_generated_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/public/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == text(),
        "public/openapi.json is out of date: `npm run openapi` writes it anew"
    );
}

#[test]
fn the_document_offers_what_the_table_offers_to_the_same_roles() {
    let document = document();
    let mut documented = 0;
    for (path, method, operation) in operations(&document) {
        let route = find(&method.to_uppercase(), &path)
            .unwrap_or_else(|| panic!("{method} {path} is not offered"));
        let role = match route.access {
            Access::Key(role) => Value::from(role.to_string()),
            _ => Value::Null,
        };
        assert_eq!(operation["x-required-role"], role, "{method} {path}");
        documented += 1;
    }
    assert_eq!(documented, ROUTES.len());
}

#[test]
fn each_refusal_is_the_answer_of_some_operation() {
    let document = document();
    let mut seen = BTreeSet::new();
    for (_, _, operation) in operations(&document) {
        for response in operation["responses"]
            .as_object()
            .expect("responses")
            .values()
        {
            let examples = response["content"]["application/json"]["examples"].as_object();
            let names = examples
                .into_iter()
                .flatten()
                .map(|(name, _)| name.as_str());
            seen.extend(names.filter_map(|name| name.split('-').next()));
        }
    }
    let header = &document["components"]["headers"]["ErrorCode"]["schema"]["enum"];
    let listed: BTreeSet<_> = strings(header).collect();
    let refusals = Refusal::examples();
    let known = refusals.iter().map(Refusal::code).chain(["internal_error"]);
    for code in known {
        assert!(seen.contains(code), "{code} is nobody's answer");
        assert!(listed.contains(code), "the header lacks {code}");
    }
}

/// The strings of a list.
pub fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

#[test]
fn each_reference_leads_somewhere_and_each_schema_is_used() {
    let document = document();
    let mut references = BTreeSet::new();
    collect_references(&document, &mut references);
    for reference in &references {
        let pointer = reference.strip_prefix('#').expect("a local reference");
        assert!(
            document.pointer(pointer).is_some(),
            "{reference} leads nowhere"
        );
    }
    for name in document["components"]["schemas"]
        .as_object()
        .expect("schemas")
        .keys()
    {
        let used = references.contains(&format!("#/components/schemas/{name}"));
        assert!(used, "{name} is not used");
    }
    for name in document["components"]["headers"]
        .as_object()
        .expect("headers")
        .keys()
    {
        let used = references.contains(&format!("#/components/headers/{name}"));
        assert!(used, "{name} is not used");
    }
}

fn collect_references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                match value {
                    Value::String(text) if name == "$ref" => {
                        found.insert(text.clone());
                    }
                    value => collect_references(value, found),
                }
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| collect_references(item, found)),
        _ => {}
    }
}

#[test]
fn each_operation_has_what_openapi_asks_for() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let tags: BTreeSet<_> = document["tags"]
        .as_array()
        .expect("tags")
        .iter()
        .map(|tag| &tag["name"])
        .map(Value::to_string)
        .collect();
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let here = format!("{method} {path}");
        assert!(METHODS.contains(&method.as_str()), "{here}");
        assert!(
            ids.insert(operation["operationId"].to_string()),
            "{here}: a second one"
        );
        assert!(
            tags.contains(&operation["tags"][0].to_string()),
            "{here}: no such tag"
        );
        let declared: BTreeSet<_> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "path")
            .filter_map(|parameter| parameter["name"].as_str())
            .collect();
        let named: BTreeSet<_> = path.split(['{', '}']).skip(1).step_by(2).collect();
        assert_eq!(declared, named, "{here}");
        for (status, response) in operation["responses"].as_object().expect("responses") {
            let headers = response["headers"].as_object().expect("headers");
            let has = |name: &str| headers.contains_key(name);
            let at = format!("{here} {status}");
            assert!(response["description"].is_string(), "{at}");
            assert!(has("X-Request-Id") && has("Cache-Control"), "{at}");
            assert_eq!(has("X-Error-Code"), status.as_str() >= "400", "{at}");
            assert_eq!(
                has("Retry-After"),
                ["429", "502", "503"].contains(&status.as_str()),
                "{at}"
            );
            assert_eq!(has("Allow"), status == "405", "{at}");
            assert_eq!(has("WWW-Authenticate"), status == "401", "{at}");
            assert_eq!(response["content"].is_object(), status != "204", "{at}");
        }
    }
}

#[test]
fn each_object_that_is_answered_is_closed_and_whole() {
    let document = document();
    let schemas = document["components"]["schemas"]
        .as_object()
        .expect("schemas");
    let mut answers = BTreeSet::new();
    for (_, _, operation) in operations(&document) {
        collect_references(&operation["responses"], &mut answers);
    }
    collect_references(
        &document["paths"]["/integration/v1/calls"]["post"]["callbacks"],
        &mut answers,
    );
    let mut todo: Vec<String> = answers.iter().cloned().collect();
    while let Some(reference) = todo.pop() {
        let Some(name) = reference.strip_prefix("#/components/schemas/") else {
            continue;
        };
        assert_whole(name, &schemas[name]);
        let mut more = BTreeSet::new();
        collect_references(&schemas[name], &mut more);
        todo.extend(more.into_iter().filter(|more| answers.insert(more.clone())));
    }
}

fn assert_whole(name: &str, schema: &Value) {
    assert!(
        schema.get("allOf").is_none(),
        "{name}: an object in parts can't be closed"
    );
    if let Some(properties) = schema["properties"].as_object() {
        let required: BTreeSet<_> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let said = properties
            .keys()
            .map(String::as_str)
            .filter(|field| name != EITHER && (name, *field) != LEFT_OUT_OF);
        let all: BTreeSet<_> = said.filter(|name| !LEFT_OUT.contains(name)).collect();
        assert_eq!(required, all, "{name}");
        assert_eq!(schema["additionalProperties"], false, "{name}");
    }
    for part in schema["oneOf"].as_array().into_iter().flatten() {
        assert_whole(name, part);
    }
}

#[test]
fn the_bound_after_which_a_call_is_over_is_the_sum_of_its_parts() {
    let description = document()["info"]["description"].to_string();
    assert!(description.contains("within 3815 seconds"), "{description}");
}
