//! Reading JSON: always through the same reader, because each further one is a second copy of all
//! the code that reads each type (some 100 KB of wasm).

use serde::de::DeserializeOwned;

/// Reads JSON text.
///
/// # Errors
/// It is no JSON, or not of this shape.
pub fn read<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    serde_json::from_slice(text.as_bytes())
}
