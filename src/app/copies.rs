//! Copies and their directory: a copy (KV) may be a minute old and more, and so may its absence. What a copy allows, an
//! object decides in the end; what a copy would refuse is asked of the directory first.

use std::rc::Rc;

use serde::de::DeserializeOwned;

use super::directory::{By, DirectoryRefusal, ask as ask_directory, command};
use super::json;
use super::ports::{Api, Directories, Host, Records, Unavailable};
use super::records::{RecordKey, TrunkRecord};
use crate::domain::access::KeyRecord;
use crate::domain::ids::OrgId;
use crate::domain::refusal::Refusal;

/// A record that a caller's request depends on. A copy that would not do is taken for a stale one, as often as the isolate
/// allows.
///
/// # Errors
/// Neither can be read; the caller's key was revoked.
pub async fn find<T: DeserializeOwned + 'static>(
    api: &impl Api,
    caller: &KeyRecord,
    key: &RecordKey,
    usable: impl Fn(&T) -> bool,
) -> Result<Option<Rc<T>>, Refusal> {
    let known = api.record(key).await;
    let known = known.map_err(|Unavailable| Refusal::AuthenticationUnavailable)?;
    if known.as_deref().is_some_and(usable) {
        return Ok(known);
    }
    let told = doubt(api, caller, key).await?;
    Ok(told.map_or(known, |record| record.map(Rc::new)))
}

/// Whether a record refuses something. What a copy refuses is asked about again, as often as the isolate allows; where there
/// is none, nothing is refused.
///
/// # Errors
/// It can't be read; the caller's key was revoked.
pub async fn refuses<T: DeserializeOwned + 'static>(
    api: &impl Api,
    caller: &KeyRecord,
    key: &RecordKey,
    is_refused: impl Fn(&T) -> bool,
) -> Result<bool, Refusal> {
    let known = api.record(key).await;
    let known = known.map_err(|Unavailable| Refusal::AuthenticationUnavailable)?;
    if !known.as_deref().is_some_and(&is_refused) {
        return Ok(false);
    }
    let told = doubt(api, caller, key).await?;
    Ok(told.is_none_or(|record| record.as_ref().is_some_and(is_refused)))
}

/// All trunks of the caller's organisation, those that were deleted included, as the directory has them: a copy would not
/// show the newest, and serve a key that was revoked.
///
/// # Errors
/// The directory can't be reached; the caller's key was revoked.
pub async fn own_trunks(api: &impl Api, caller: &KeyRecord) -> Result<Vec<TrunkRecord>, Refusal> {
    let stored = ask(api, caller, &RecordKey::Trunks(caller.org_id)).await?;
    Ok(stored
        .and_then(|json| crate::app::json::read(&json).ok())
        .unwrap_or_default())
}

/// All trunks of an organisation, for the platform itself.
///
/// # Errors
/// The directory can't be reached.
pub async fn trunks_of(
    world: &(impl Host + Directories),
    org: OrgId,
) -> Result<Vec<TrunkRecord>, Refusal> {
    let stored = read_now(world, org, &RecordKey::Trunks(org)).await;
    let stored = stored.map_err(|Unavailable| Refusal::DirectoryUnavailable)?;
    Ok(parse(stored.as_deref()).unwrap_or_default())
}

/// What the directory says of a record whose copy would refuse somebody; nothing when it was asked too often of late.
///
/// # Errors
/// It can't be reached; the caller's key was revoked.
pub async fn doubt<T: DeserializeOwned>(
    api: &impl Api,
    caller: &KeyRecord,
    key: &RecordKey,
) -> Result<Option<Option<T>>, Refusal> {
    if !api.may_doubt(caller.org_id) {
        return Ok(None);
    }
    let json = ask(api, caller, key).await?;
    if let Some(json) = &json {
        api.learn(key, json);
    }
    Ok(Some(parse(json.as_deref())))
}

/// A record as its directory has it.
///
/// # Errors
/// It can't be reached; the caller's key was revoked.
pub async fn ask(
    api: &impl Api,
    caller: &KeyRecord,
    key: &RecordKey,
) -> Result<Option<String>, Refusal> {
    let record = command::Record(key.clone());
    match ask_directory(api, caller.org_id, By::key(caller.key_id), record).await {
        Ok(Ok(json)) => Ok(json),
        Ok(Err(DirectoryRefusal::InvalidKey)) => Err(Refusal::InvalidKey),
        Ok(Err(_)) | Err(Unavailable) => Err(Refusal::AuthenticationUnavailable),
    }
}

/// A record that placing a call takes: where there is no copy, it may only be late.
///
/// # Errors
/// Neither can be read.
pub async fn read_or_ask(
    world: &(impl Host + Records + Directories),
    org: OrgId,
    key: &RecordKey,
) -> Result<Option<String>, Unavailable> {
    match world.read(key).await? {
        Some(json) => Ok(Some(json)),
        None => read_now(world, org, key).await,
    }
}

/// A record as its directory has it, for the platform itself.
///
/// # Errors
/// It can't be reached.
pub async fn read_now(
    world: &(impl Host + Directories),
    org: OrgId,
    key: &RecordKey,
) -> Result<Option<String>, Unavailable> {
    let record = command::Record(key.clone());
    let json = ask_directory(world, org, By::PLATFORM, record).await?;
    json.map_err(|_| Unavailable)
}

fn parse<T: DeserializeOwned>(text: Option<&str>) -> Option<T> {
    text.and_then(|text| json::read(text).ok())
}
