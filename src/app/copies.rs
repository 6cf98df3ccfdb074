//! Copies and their directory: a copy (in KV) may be a minute old or more, and so may its absence. What a copy allows is in the end
//! decided by an object; before something is refused because of a copy, the directory is asked.

use std::rc::Rc;

use serde::de::DeserializeOwned;

use super::directory::{By, DirectoryRefusal, ask as ask_directory, command};
use super::json;
use super::ports::{Api, Directories, Host, Records, Unavailable};
use super::records::{RecordKey, TrunkRecord};
use crate::domain::access::KeyRecord;
use crate::domain::ids::OrgId;
use crate::domain::refusal::Refusal;

/// A record that a caller's request depends on. A copy that would not do is checked with the directory, as often as the isolate
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

/// Whether a record refuses something. A copy's refusal is checked with the directory, as often as the isolate allows; without
/// a record, nothing is refused.
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

/// All trunks of the caller's organisation, including deleted ones, from the directory: a copy would lack the newest, and
/// would serve a revoked key.
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

/// The directory's record where the copy would refuse somebody; `None` if it was asked too often lately.
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

/// A record from the directory.
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

/// A record needed for placing a call: where there is no copy, it may only be late.
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

/// A record from the directory, for the platform itself.
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
