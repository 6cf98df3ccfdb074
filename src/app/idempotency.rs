//! The header that identifies a repeated request.

use sha2::{Digest, Sha256};

use crate::app::http::Request;
use crate::app::trunk::Idempotency;
use crate::domain::mac::hex;
use crate::domain::refusal::Refusal;

/// The `Idempotency-Key` of a request.
///
/// # Errors
/// It is not well formed.
pub fn read_idempotency(request: &Request) -> Result<Option<Idempotency>, Refusal> {
    let Some(key) = request.idempotency_key.clone() else {
        return Ok(None);
    };
    let visible = (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if !visible {
        return Err(Refusal::IdempotencyKeyInvalid);
    }
    Ok(Some(Idempotency {
        key,
        body: hex(&Sha256::digest(&request.body)),
    }))
}
