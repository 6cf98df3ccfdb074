//! Small parts of the document: references, cursors, parameters.

use serde_json::{Value, json};

/// Code and text of the response when the Worker's own code failed (`src/edge/entry.js`).
pub const INTERNAL_ERROR: (&str, &str) = ("internal_error", "Internal server error");

/// The form of a cursor, which is opaque to clients.
pub const CURSOR_PATTERN: &str = "^[A-Za-z0-9_-]+$";

/// A reference to a schema of the document.
pub fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// A cursor, as a parameter.
pub fn cursor() -> Value {
    json!({"type": "string", "minLength": 1, "pattern": CURSOR_PATTERN})
}

/// A query parameter.
pub fn filter(name: &str, description: &str, schema: Value) -> Value {
    json!({"name": name, "in": "query", "description": description, "schema": schema})
}

/// A filter that accepts several values of a named enumeration, so that a client has one type for it.
pub fn any_of(name: &str, description: &str, of: &str) -> Value {
    let description = format!(
        "{description} To match any of several, repeat the parameter or separate them with commas."
    );
    filter(
        name,
        &description,
        json!({"type": "array", "minItems": 1, "items": reference(of)}),
    )
}

/// The header that makes a repeat harmless.
pub fn idempotency_key(description: &str) -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header", "description": description,
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    })
}
