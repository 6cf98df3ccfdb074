//! The paths of the document: an operation for each route of the table.

use serde_json::{Map, Value, json};

use super::responses;
use crate::app::api::{Action, Route};
use crate::app::authenticate::Access;
use crate::app::description::Description;
use crate::app::description::reference::reference;

/// All paths, in the table's order.
pub fn all(routes: &[Route], described: &[Description]) -> Map<String, Value> {
    let mut paths = Map::new();
    for (route, described) in routes.iter().zip(described) {
        let item = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Value::Object(item) = item {
            item.insert(route.method.to_lowercase(), operation(route, described));
        }
    }
    paths
}

fn operation(route: &Route, described: &Description) -> Value {
    let mut operation = Map::new();
    let mut set = |name: &str, value: Value| operation.insert(name.to_owned(), value);
    set("operationId", operation_id(route.action, described).into());
    set("tags", json!([described.tag]));
    set("summary", described.summary.into());
    let text = format!("{}\n\n{}", described.text, who(route.access));
    set("description", text.into());
    if let Access::Key(role) = route.access {
        set("x-required-role", role.to_string().into());
    }
    set("security", security(route.access));
    let parameters = parameters(route.path, described);
    if !parameters.is_empty() {
        set("parameters", parameters.into());
    }
    let own = described.body.as_ref().map(|body| {
        let content = json!({"schema": reference(&body.schema.name), "example": body.example});
        ("application/json".to_owned(), content)
    });
    let files = described.file.iter().map(|(media_type, example)| {
        let content = json!({"schema": {"type": "string"}, "example": example});
        ((*media_type).to_owned(), content)
    });
    let content: Map<String, Value> = own.into_iter().chain(files).collect();
    if !content.is_empty() {
        let required = described.body.as_ref().is_none_or(|body| body.required);
        let body = json!({"required": required, "content": content});
        set("requestBody", body);
    }
    set("responses", responses::of(route, described));
    if let Some(callbacks) = &described.callbacks {
        set("callbacks", callbacks.clone());
    }
    Value::Object(operation)
}

/// An operation's name in generated clients: a verb and its object.
fn operation_id(action: Action, described: &Description) -> String {
    if let Some(id) = described.id {
        return id.to_owned();
    }
    let name = format!("{action:?}");
    let (first, rest) = name.split_at_checked(1).unwrap_or((&name, ""));
    format!("{}{rest}", first.to_lowercase())
}

fn who(access: Access) -> String {
    match access {
        Access::Public => "Open to anyone.".to_owned(),
        Access::Link => "Open to whoever has the link.".to_owned(),
        Access::Operator => "For the platform's operator.".to_owned(),
        Access::Agent => "For the agent of that one call.".to_owned(),
        Access::Carrier => "For a trunk's carrier.".to_owned(),
        Access::Key(role) => format!("Lowest role: **{role}**."),
    }
}

fn security(access: Access) -> Value {
    match access {
        Access::Public | Access::Link => json!([]),
        Access::Operator => json!([{"platformToken": []}]),
        Access::Agent => json!([{"reportToken": []}]),
        Access::Carrier => json!([{"livekitToken": []}]),
        Access::Key(_) => json!([{"bearerAuth": []}, {"studioCookie": []}]),
    }
}

/// The path's parameters, and the route's own.
fn parameters(path: &str, described: &Description) -> Vec<Value> {
    let names = path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let in_path = names.map(|name| {
        if name == "kind" {
            return json!({
                "name": name, "in": "path", "required": true, "description": "`transcript` or `recording`.",
                "schema": reference("MediaKind"),
            });
        }
        let what = match name {
            "call_id" => "The UUID returned in the `call_id` field when the call was triggered.",
            "token" => "The last part of the receiver's `callback_url`.",
            "phone_number" => "In E.164 format; its `+` may be written as `%2B`.",
            "reference" => "The recipient's `reference`.",
            _ => "Its UUID.",
        };
        let schema = match name {
            "token" | "reference" => json!({"type": "string"}),
            "phone_number" => json!({"type": "string", "pattern": r"^\+[1-9][0-9]{6,14}$"}),
            _ => json!({"type": "string", "format": "uuid"}),
        };
        json!({
            "name": name, "in": "path", "required": true, "description": what, "schema": schema,
        })
    });
    in_path
        .chain(described.parameters.iter().cloned())
        .collect()
}
