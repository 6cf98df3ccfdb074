//! The token with which an agent reports on its one call.

use hmac::Mac;

use crate::domain::ids::CallId;
use crate::domain::mac::{hex, hmac_sha256};

/// The token for one call's agent: nobody else can compute it, and it is not stored.
#[must_use]
pub fn report_token(report_key: &[u8], call: CallId) -> String {
    let mut mac = hmac_sha256(report_key);
    mac.update(call.to_string().as_bytes());
    hex(&mac.finalize().into_bytes())
}
