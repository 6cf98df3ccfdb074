//! The schemas: what the types derive, made exact. A response's object has all of its fields and no
//! others; a body's has those it must have.

use serde_json::{Map, Value, json};

use super::exact::{LEFT_OUT_OF, Schemas, close, complete, loosen, merge, set, unite};
use crate::app::description::names::renamed;
use crate::app::description::reference::reference;
use crate::app::description::{Description, Schema};
use crate::domain::call::CallStatus;

/// The response to `POST /calls`, in one shape for a call and for a dry run: no generator makes something that compiles of two.
pub const EITHER: &str = "TriggeredCall";

/// All schemas by their public names.
pub fn all(routes: &[Description]) -> Map<String, Value> {
    let mut all = bodies(routes);
    all.append(&mut answers(routes));
    let named = |(name, schema): &(&str, Value)| ((*name).to_owned(), schema.clone());
    all.extend(shared().iter().map(named));
    all.extend(routes.iter().flat_map(|route| &route.by_hand).map(named));
    let mut all: Schemas = all.into_iter().map(renamed).map(corrected).collect();
    for (whole, names) in VARIANTS {
        name_variants(&mut all, whole, names);
    }
    all.values_mut().for_each(complete);
    all.into_iter().collect()
}

/// The responses.
fn answers(routes: &[Description]) -> Schemas {
    let mut answers = Schemas::new();
    for route in routes {
        let also = route.also.iter().map(|(success, _)| success);
        let schemas = [&route.success]
            .into_iter()
            .chain(also)
            .filter_map(|success| success.schema.as_ref());
        let refused = route.refused.iter().map(|refused| &refused.schema);
        let shapes = schemas.chain(refused).filter_map(|schema| schema.shape);
        for shape in shapes.chain(route.shapes.iter().copied()) {
            answers.extend(shape());
        }
    }
    let flat = answers.clone();
    for schema in answers.values_mut() {
        merge(schema, &flat);
        close(schema, true);
    }
    unite(&mut answers, EITHER, "DryRun");
    answers
}

/// The request bodies.
fn bodies(routes: &[Description]) -> Schemas {
    let mut bodies = Schemas::new();
    for body in routes.iter().filter_map(|route| route.body.as_ref()) {
        let Schema { shape, .. } = body.schema;
        bodies.extend(shape.map(|shape| shape()).unwrap_or_default());
    }
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
    let mut change = bodies.get("CreateCampaign").cloned().unwrap_or_default();
    let text = "What to change: any subset.";
    set(&mut change, "description", text.into());
    bodies.insert("ChangeCampaign".to_owned(), change);
    for name in [
        "ChangeAgent",
        "ChangeCampaign",
        "ChangeTrunk",
        "ChangeSettings",
    ] {
        if let Some(schema) = bodies.get_mut(name) {
            loosen(schema);
        }
    }
    bodies
}

/// The names of the variants of a choice, in order.
const VARIANTS: [(&str, [&str; 2]); 2] = [
    ("Carrier", ["SimulatorCarrier", "LiveKitCarrier"]),
    (
        "CreateCarrier",
        ["SimulatorCarrier", "CreateLiveKitCarrier"],
    ),
];

/// Gives the variants of a choice names of their own: a client that invents them has `CarrierOneOf1`.
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

/// Schemas without a type of ours that do not belong to a single route.
fn shared() -> [(&'static str, Value); 4] {
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
        "description": "What a list shows in addition to what is active.",
        "enum": ["inactive"],
        "x-enum-varnames": ["IncludeInactive"],
    });
    let kind = json!({
        "type": "string",
        "description": "What is kept of a conversation.",
        "enum": ["transcript", "recording"],
    });
    [
        ("ErrorBody", error),
        ("Empty", empty),
        ("Include", include),
        ("MediaKind", kind),
    ]
}

/// An agent's fields that are documents.
fn agents_fields() -> Vec<(&'static str, Value)> {
    let object = json!({"required": ["type"], "properties": {"type": {"type": "string", "enum": ["object"]}}});
    vec![("outcome_schema", object), ("voicemail", voicemail())]
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

/// Adds what a type can't say about its fields.
fn corrected((name, mut schema): (String, Value)) -> (String, Value) {
    let phone = json!({"pattern": r"^\+[1-9][0-9]{6,14}$"});
    let corrections: &[(&str, Value)] = &match name.as_str() {
        "TriggeredCall" => vec![
            (
                "status",
                json!({"enum": ["triggered", "queued", "scheduled"]}),
            ),
            ("poll_url", json!({"format": "uri-reference"})),
            (
                "would",
                json!({"enum": ["trigger", "queue", "schedule", "reject"]}),
            ),
        ],
        "RejectedCall" => vec![("status", json!({"enum": ["rejected"]}))],
        "TimelineEntry" => vec![(
            "event",
            json!({"enum": [
                "accepted", "scheduled", "queued", "dialing", "ringing", "answered", "ended", "rejected", "callback_attempt",
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
        "CreateAgent" | "ChangeAgent" => agents_fields(),
        "CallStatus" => {
            // Instead of what a generator makes of `Rejected — Capacity`.
            let names = CallStatus::ALL.map(|status| format!("{status:?}"));
            set(&mut schema, "x-enum-varnames", json!(names));
            vec![]
        }
        // Clients have named types for these enumerations, as for those of calls and agents: a number's type and what is done with high
        // risk, why a call is repeated, the statuses of campaigns, recipients and erasures, and what usage is grouped by.
        "NumberType" | "HighRisk" | "Cause" | "CampaignStatus" | "RecipientStatus" | "HeldBy"
        | "GroupBy" | "ErasureStatus" => {
            let names = variants(&schema, name.as_ref());
            set(&mut schema, "x-enum-varnames", json!(names));
            vec![]
        }
        "PhoneNumber" => vec![("phone_number", phone)],
        over if over == LEFT_OUT_OF.0 => {
            let required = schema.get_mut("required").and_then(Value::as_array_mut);
            required
                .into_iter()
                .for_each(|fields| fields.retain(|field| field != LEFT_OUT_OF.1));
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

/// Names for an enumeration's values: `fixed_line` of a `Number` is a `FixedLineNumber`.
fn variants(schema: &Value, of: &str) -> Vec<String> {
    let of = of.trim_end_matches("Type").trim_end_matches("Status");
    let first = |word: &str| word.split_at(1).0.to_uppercase() + word.split_at(1).1;
    let name = |value: &str| value.split('_').map(first).collect::<String>() + of;
    let values = schema.get("enum").and_then(Value::as_array);
    let values = values.into_iter().flatten().filter_map(Value::as_str);
    values.map(name).collect()
}
