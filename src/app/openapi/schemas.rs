//! The schemas: what the types derive, made exact. An answer's object has all of its fields and no
//! other; a body's has those it must have.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::app::calls::{callbacks, read, report, trigger, views};
use crate::app::manage;
use crate::app::studio;
use crate::domain::call::CallStatus;

type Schemas = BTreeMap<String, Value>;

/// What an answer leaves out when there is nothing to say; all else is always there.
pub const LEFT_OUT: [&str; 3] = ["outcome_schema", "voicemail", "unknown_keys"];

/// The answer to `POST /calls`, in one shape for a call and for a dry run: generators make nothing that compiles of two.
pub const EITHER: &str = "TriggeredCall";

/// A reference to a schema of the document.
pub fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// All schemas by their public names.
pub fn all() -> Map<String, Value> {
    let mut answers = Schemas::new();
    add::<views::StatusView<'static>>(&mut answers);
    add::<read::CallList>(&mut answers);
    add::<views::DetailedCall<'static>>(&mut answers);
    add::<read::LiveCalls>(&mut answers);
    add::<trigger::TriggeredCall>(&mut answers);
    add::<trigger::RejectedCall>(&mut answers);
    add::<trigger::DryRun>(&mut answers);
    add::<report::Transcript>(&mut answers);
    add::<callbacks::DeliveryList>(&mut answers);
    add::<views::Notification<'static>>(&mut answers);
    add::<manage::views::AgentList>(&mut answers);
    add::<manage::views::AgentDetail>(&mut answers);
    add::<manage::views::TrunkList>(&mut answers);
    add::<manage::views::TrunkDetail>(&mut answers);
    add::<manage::views::StoredTrunkView>(&mut answers);
    add::<manage::trunk_test::TrunkTest>(&mut answers);
    add::<manage::views::KeyList>(&mut answers);
    add::<manage::views::NewKeyView>(&mut answers);
    add::<manage::views::SecretView>(&mut answers);
    add::<manage::settings::SettingsView>(&mut answers);
    add::<manage::views::AuditLog>(&mut answers);
    add::<manage::views::NewOrgView>(&mut answers);
    add::<studio::session::StudioSession>(&mut answers);
    add::<studio::receiver::StudioReceiver>(&mut answers);
    let flat = answers.clone();
    for schema in answers.values_mut() {
        merge(schema, &flat);
        close(schema, true);
    }
    unite(&mut answers, EITHER, "DryRun");
    let mut all = bodies();
    all.append(&mut answers);
    all.extend(by_hand());
    all.extend(super::feed::schemas());
    let mut all: Schemas = all.into_iter().map(renamed).map(corrected).collect();
    for (whole, names) in VARIANTS {
        name_variants(&mut all, whole, names);
    }
    all.values_mut().for_each(complete);
    all.into_iter().collect()
}

/// What a cursor looks like. The service alone knows more of it.
pub const CURSOR_PATTERN: &str = "^[A-Za-z0-9_-]+$";

/// A cursor, as a parameter.
pub fn cursor() -> Value {
    json!({"type": "string", "minLength": 1, "pattern": CURSOR_PATTERN})
}

/// What the variants of a choice are called, in their order.
const VARIANTS: [(&str, [&str; 2]); 2] = [
    ("Carrier", ["SimulatorCarrier", "LiveKitCarrier"]),
    (
        "CreateCarrier",
        ["SimulatorCarrier", "CreateLiveKitCarrier"],
    ),
];

/// Gives the variants of a choice names of their own: a client that invents them says `CarrierOneOf1`.
fn name_variants(all: &mut Schemas, whole: &str, names: [&str; 2]) {
    let variants = all
        .get_mut(whole)
        .and_then(|schema| schema.get_mut("oneOf"));
    let Some(Value::Array(variants)) = variants else {
        return;
    };
    let mut named = Vec::new();
    for (variant, name) in variants.iter_mut().zip(names) {
        named.push((name.to_owned(), std::mem::replace(variant, reference(name))));
    }
    all.extend(named);
}

/// Makes one schema of two, none of whose fields is always there.
fn unite(schemas: &mut Schemas, whole: &str, part: &str) {
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

/// Says of each object without known fields that it may have any, and of each cursor what it looks like.
fn complete(schema: &mut Value) {
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

/// What requests bring.
fn bodies() -> Schemas {
    let mut bodies = Schemas::new();
    add::<trigger::TriggerCall>(&mut bodies);
    add::<report::ReportCall>(&mut bodies);
    add::<manage::agents::CreateAgent>(&mut bodies);
    add::<manage::trunks::CreateTrunk>(&mut bodies);
    add::<manage::trunks::ChangeTrunk>(&mut bodies);
    add::<manage::settings::ChangeSettings>(&mut bodies);
    add::<manage::keys::CreateKey>(&mut bodies);
    add::<manage::orgs::CreateOrg>(&mut bodies);
    add::<manage::body::NoFields>(&mut bodies);
    add::<manage::webhooks::RotateSecret>(&mut bodies);
    add::<manage::webhooks::SendTestEvent>(&mut bodies);
    add::<studio::session::OpenSession>(&mut bodies);
    for (name, schema) in &mut bodies {
        merge(schema, &Schemas::new());
        if name != "TriggerCall" {
            close(schema, false);
        }
    }
    let mut change = bodies.get("CreateAgent").cloned().unwrap_or_default();
    set(
        &mut change,
        "description",
        "What to change: any subset.".into(),
    );
    bodies.insert("ChangeAgent".to_owned(), change);
    for name in ["ChangeAgent", "ChangeTrunk", "ChangeSettings"] {
        if let Some(schema) = bodies.get_mut(name) {
            loosen(schema);
        }
    }
    bodies
}

/// What no type of ours is.
fn by_hand() -> [(String, Value); 5] {
    let error = json!({
        "type": "object",
        "description": "Why a request was refused.",
        "required": ["error"],
        "properties": {"error": {"type": "string", "description": "What went wrong, for people."}},
        "additionalProperties": false,
    });
    let empty = json!({
        "type": "object",
        "description": "An empty object.",
        "additionalProperties": false,
    });
    let include = json!({
        "type": "string",
        "description": "What a list shows beside what is active.",
        "enum": ["inactive"],
        "x-enum-varnames": ["IncludeInactive"],
    });
    let kind = json!({
        "type": "string",
        "description": "What is kept of a conversation.",
        "enum": ["transcript", "recording"],
    });
    let health = json!({
        "type": "object",
        "required": ["status"],
        "properties": {"status": {"type": "string", "enum": ["ok"]}},
        "additionalProperties": false,
    });
    [
        ("ErrorBody", error),
        ("Empty", empty),
        ("Include", include),
        ("MediaKind", kind),
        ("Health", health),
    ]
    .map(|(name, schema)| (name.to_owned(), schema))
}

/// A type's schema and those it refers to.
fn add<T: ToSchema>(schemas: &mut Schemas) {
    let mut found = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut found);
    for (name, schema) in found {
        schemas.insert(name, serde_json::to_value(schema).unwrap_or_default());
    }
}

/// Turns each `allOf`, as a flattened or inlined field derives it, into the one object that is sent.
fn merge(schema: &mut Value, all: &Schemas) {
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
            whole.insert("type".to_owned(), "string".into()); // the wrapper alone is an object
        }
        *schema = Value::Object(whole);
        if !properties.is_empty() {
            set(schema, "required", required.into());
            set(schema, "properties", properties.into());
        }
    }
    each_part(schema, &mut |part| merge(part, all));
}

/// Closes each object with known fields, and makes all of its fields required if it is `whole`.
fn close(schema: &mut Value, whole: bool) {
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
fn loosen(schema: &mut Value) {
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

fn set(schema: &mut Value, name: &str, value: Value) {
    if let Some(object) = schema.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}

/// A type's public name: a view is called what it shows.
fn public_name(name: &str) -> &str {
    match name {
        "StatusView" => "CallState",
        "DetailedCall" => "Call",
        "Status" => "Availability",
        "TrunkView" => "SipTrunk",
        "TrunkDetail" => "SipTrunkDetail",
        "StoredTrunkView" => "StoredSipTrunk",
        "TrunkList" => "SipTrunkList",
        "CreateTrunk" => "CreateSipTrunk",
        "ChangeTrunk" => "ChangeSipTrunk",
        "KeyView" => "ApiKey",
        "KeyList" => "ApiKeyList",
        "NewKeyView" => "CreatedApiKey",
        "NewOrgView" => "CreatedOrg",
        "CreateKey" => "CreateApiKey",
        "SecretView" => "WebhookSecret",
        "RotateSecret" => "RotateWebhookSecret",
        "AuditView" => "AuditEntry",
        "TimelineView" => "TimelineEntry",
        name => name.strip_suffix("View").unwrap_or(name),
    }
}

fn renamed((name, mut schema): (String, Value)) -> (String, Value) {
    rename_references(&mut schema);
    (public_name(&name).to_owned(), schema)
}

fn rename_references(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                match value {
                    Value::String(text) if name == "$ref" => {
                        if let Some((path, last)) = text.rsplit_once('/') {
                            *text = format!("{path}/{}", public_name(last));
                        }
                    }
                    value => rename_references(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(rename_references),
        _ => {}
    }
}

/// The two shapes of what an agent does when a machine answers.
fn voicemail() -> Value {
    json!({
        "properties": {
            "action": {"type": "string", "enum": ["hang_up", "continue", "leave_message"]},
            "message": {"type": "string", "minLength": 1, "maxLength": 1000},
        },
        "required": ["action"],
        "additionalProperties": false,
        "if": {"properties": {"action": {"const": "leave_message"}}},
        "then": {"properties": {"message": {"type": "string"}}, "required": ["message"]},
        "else": {"maxProperties": 1},
    })
}

/// What a type can't say of its fields.
fn corrected((name, mut schema): (String, Value)) -> (String, Value) {
    let phone = json!({"pattern": r"^\+[1-9][0-9]{6,14}$"});
    let corrections: &[(&str, Value)] = &match name.as_str() {
        "TriggeredCall" => vec![
            ("status", json!({"enum": ["triggered", "queued"]})),
            ("poll_url", json!({"format": "uri-reference"})),
            ("would", json!({"enum": ["trigger", "queue", "reject"]})),
        ],
        "RejectedCall" => vec![("status", json!({"enum": ["rejected"]}))],
        "TimelineEntry" => vec![(
            "event",
            json!({"enum": [
                "accepted", "queued", "dialing", "ringing", "answered", "ended", "rejected", "callback_attempt",
            ]}),
        )],
        "CallState" | "ListedCall" | "Call" | "LiveCall" => vec![("phone_number", phone)],
        "SipTrunk" | "SipTrunkDetail" | "StoredSipTrunk" => vec![
            ("max_cps", json!({"minimum": 1, "maximum": 1000})),
            ("max_channels", json!({"minimum": 1, "maximum": 10_000})),
        ],
        "ApiKey" => vec![("prefix", json!({"pattern": "^audtk_[0-9A-Za-z]{4}$"}))],
        "CreatedApiKey" => vec![("key", json!({"pattern": "^audtk_[0-9A-Za-z]+$"}))],
        "CreatedOrg" => vec![
            ("owner_key", json!({"pattern": "^audtk_[0-9A-Za-z]+$"})),
            ("webhook_secret", json!({"pattern": "^whsec_"})),
        ],
        "CreateAgent" | "ChangeAgent" => vec![
            (
                "outcome_schema",
                json!({"required": ["type"], "properties": {"type": {"type": "string", "enum": ["object"]}}}),
            ),
            ("voicemail", voicemail()),
        ],
        "CallStatus" => {
            // In place of what a generator makes of `Rejected — Capacity`.
            let names = CallStatus::ALL.map(|status| format!("{status:?}"));
            set(&mut schema, "x-enum-varnames", json!(names));
            vec![]
        }
        "WebhookSecret" => vec![("secret", json!({"pattern": "^whsec_"}))],
        "NoFields" => {
            set(&mut schema, "additionalProperties", false.into());
            vec![]
        }
        _ => vec![],
    };
    for (field, more) in corrections {
        let known = schema.pointer_mut(&format!("/properties/{field}"));
        if let (Some(Value::Object(known)), Value::Object(more)) = (known, more) {
            known.extend(more.clone());
        }
    }
    (name, schema)
}
