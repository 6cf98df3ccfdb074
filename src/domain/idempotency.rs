//! What identifies a repeated request.

use serde::{Deserialize, Serialize};

use super::time::Span;

/// How long an `Idempotency-Key` is remembered.
pub const IDEMPOTENCY_TTL: Span = Span(86_400_000);

/// An `Idempotency-Key` and what it was used for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idempotency {
    /// The header's value, as given.
    pub key: String,
    /// SHA-256 of the request's body, in hex.
    pub body: String,
}
