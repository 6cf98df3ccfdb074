//! Who is asking: from the `Authorization` header to a key's record and its role.

use crate::app::http::Request;
use crate::app::ports::Api;
use crate::app::records::RecordKey;
use crate::domain::access::{KeyRecord, RawKey, Role};
use crate::domain::mac::constant_time_eq;
use crate::domain::refusal::Refusal;

/// The record of the request's key, when it is good and its role is `needs` or above.
///
/// # Errors
/// 401, 403, and 503 when keys can't be read.
pub async fn authenticate(
    api: &impl Api,
    request: &Request,
    needs: Role,
) -> Result<KeyRecord, Refusal> {
    // The checksum refuses a mistyped key before anything is looked up.
    let key = request
        .bearer()
        .and_then(RawKey::parse)
        .ok_or(Refusal::InvalidKey)?;
    let digest = key.digest(&api.secrets().pepper);
    let stored = api
        .read(&RecordKey::ApiKey(digest))
        .await
        .map_err(|_| Refusal::AuthenticationUnavailable)?;
    let record = stored
        .as_deref()
        .and_then(|json| crate::app::json::read::<KeyRecord>(json).ok());
    let record = record
        .filter(|record| record.is_current(api.now()))
        .ok_or(Refusal::InvalidKey)?;
    if record.role < needs {
        return Err(Refusal::RoleTooLow {
            has: record.role,
            needs,
        });
    }
    api.note_use(&record);
    Ok(record)
}

/// Whether the request bears the operator's own token.
///
/// # Errors
/// 401, also when the deployment has no such token.
pub fn authenticate_operator(api: &impl Api, request: &Request) -> Result<(), Refusal> {
    let token = api.secrets().platform_token.as_bytes();
    let given = request.bearer().unwrap_or_default().as_bytes();
    let good = !token.is_empty() && constant_time_eq(given, token);
    good.then_some(()).ok_or(Refusal::InvalidPlatformToken)
}
