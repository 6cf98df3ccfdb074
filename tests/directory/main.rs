//! The directory and the management routes, natively: through the whole API, on a world in memory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test says what it expects"
)]

mod agents;
mod audit;
mod backlogs;
mod campaign_object;
mod campaign_rests;
mod campaigns;
#[path = "../support/contacts.rs"]
mod contacts;
mod deletion;
mod destinations;
#[path = "../support/directory_rows.rs"]
mod directory_rows;
mod erasures;
mod export;
mod feed;
#[path = "../support/golden.rs"]
mod golden;
mod hours;
mod keys;
mod once;
mod orgs;
mod permits;
mod propagation;
mod receiver;
mod reseal;
mod rotation;
mod routes;
mod storage;
mod suppressions;
mod trunks;
#[path = "../support/urls.rs"]
mod urls;
mod webhooks;
mod world;

use serde_json::{Value, json};

use world::{Org, World};

/// A world with one organisation.
fn founded() -> (World, Org) {
    let world = World::new();
    let org = world.found("Acme Lending");
    (world, org)
}

/// The reference's agent.
fn agent() -> Value {
    json!({
        "name": "EMI Reminder Agent",
        "agent_code": "emi-reminder-v2",
        "input_schema": {
            "fields": ["customer_name", "amount_due", "due_date"],
            "sample_context": {"customer_name": "Rahul Sharma", "amount_due": "7500", "due_date": "2026-06-20"},
        },
    })
}

/// The reference's trunk.
fn trunk() -> Value {
    json!({
        "name": "India Prod Trunk 1",
        "trunk_phone": "+918069XXXXXX",
        "max_cps": 5,
        "max_channels": 100,
        "carrier": {"type": "simulator"},
    })
}

/// `body` with one field changed; `None` takes it out.
fn with(mut body: Value, field: &str, value: Option<Value>) -> Value {
    let fields = body.as_object_mut().expect("an object");
    match value {
        Some(value) => fields.insert(field.into(), value),
        None => fields.remove(field),
    };
    body
}

/// The names in a list, in its order.
fn names(world: &World, org: &Org, path: &str, list: &str) -> Vec<Value> {
    let (_, body) = world.get(org, path);
    let items = body[list].as_array().expect("a list").iter();
    items.map(|item| item["name"].clone()).collect()
}

/// Creates a thing; its id.
fn create(world: &World, org: &Org, path: &str, body: Value) -> String {
    let (status, body) = world.post(org, path, body);
    assert_eq!(status, 201, "{body}");
    body["id"].as_str().expect("an id").to_owned()
}

fn error(text: &str) -> Value {
    json!({ "error": text })
}
