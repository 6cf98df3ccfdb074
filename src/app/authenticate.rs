//! Who is asking: from the `Authorization` header, or the cookie of a Studio session, to a key's record
//! and its role.

use std::rc::Rc;

use crate::app::directory::{By, ask, command};
use crate::app::http::Request;
use crate::app::ports::{Api, Secrets};
use crate::app::records::RecordKey;
use crate::domain::access::{KeyDigest, KeyRecord, RawKey, Role};
use crate::domain::mac::constant_time_eq;
use crate::domain::refusal::Refusal;
use crate::domain::time::Span;
use crate::domain::tokens::session::Session;

/// How long after telling it the directory is not told again that a key is found under another digest.
const ASKED_AGAIN: Span = Span(60_000);

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody; the route itself checks whatever else it requires.
    Public,
    /// The operator, by `PLATFORM_TOKEN`.
    Operator,
    /// The agent of one call, by its token; checked by the route itself.
    Agent,
    /// Whoever has the link; checked by the route itself.
    Link,
    /// A trunk's carrier, by its signature; checked by the route itself.
    Carrier,
    /// A key with this role or a higher one.
    Key(Role),
}

/// Who asks, as far as the route's access established it.
pub enum Caller {
    /// Anybody, or somebody whom the route itself checks.
    Anybody,
    /// The platform's operator, by `PLATFORM_TOKEN`.
    Operator(Operator),
    /// The holder of a key.
    Key(KeyRecord),
}

impl Caller {
    /// The record of the caller's key.
    ///
    /// # Errors
    /// 401 if there is none.
    pub fn key(&self) -> Result<&KeyRecord, Refusal> {
        match self {
            Self::Key(record) => Ok(record),
            Self::Anybody | Self::Operator(_) => Err(Refusal::InvalidKey),
        }
    }

    /// The proof that the operator asks.
    ///
    /// # Errors
    /// 401 if somebody else does.
    pub fn operator(&self) -> Result<Operator, Refusal> {
        match self {
            Self::Operator(operator) => Ok(*operator),
            Self::Anybody | Self::Key(_) => Err(Refusal::InvalidPlatformToken),
        }
    }
}

/// Proof that a request came with the operator's token; can't be made in any other way.
#[derive(Clone, Copy)]
pub struct Operator(());

/// Checks a request against a route's access.
///
/// # Errors
/// 401, 403, and 503 when keys can't be read.
pub async fn admit(api: &impl Api, request: &Request, access: Access) -> Result<Caller, Refusal> {
    match access {
        Access::Public | Access::Agent | Access::Link | Access::Carrier => Ok(Caller::Anybody),
        Access::Operator => authenticate_operator(api, request).map(Caller::Operator),
        Access::Key(role) => authenticate(api, request, role).await.map(Caller::Key),
    }
}

/// The record of the request's key, if it is valid and its role is `needs` or above. Without
/// `Authorization`, a Studio session stands for its key.
///
/// # Errors
/// 401, 403, and 503 when keys can't be read.
async fn authenticate(
    api: &impl Api,
    request: &Request,
    needs: Role,
) -> Result<KeyRecord, Refusal> {
    let record = match request.authorization {
        Some(_) => {
            let (_, record) = find_key(api, request.bearer().unwrap_or_default()).await?;
            record
        }
        None => session_record(api, request).await?,
    };
    if record.role < needs {
        return Err(Refusal::too_low(record.role, needs));
    }
    api.record_use(&record);
    Ok(record)
}

/// The record of a key, and the digest it was found under. A key made under an earlier master key is found under the
/// newest from then on.
///
/// # Errors
/// 401: the checksum refuses a mistyped key before anything is looked up. 503 when keys can't be read.
pub async fn find_key(api: &impl Api, key: &str) -> Result<(KeyDigest, KeyRecord), Refusal> {
    let key = RawKey::parse(key).ok_or(Refusal::InvalidKey)?;
    let newest = key.digest(&api.secrets().pepper);
    match current_record(api, &newest).await {
        Err(Refusal::InvalidKey) => {}
        found => return found.map(|record| (newest, record)),
    }
    for former in &api.secrets().former {
        let digest = key.digest(&former.pepper);
        match current_record(api, &digest).await {
            Err(Refusal::InvalidKey) => {}
            Err(refusal) => return Err(refusal),
            Ok(record) => {
                move_key(api, &record, newest).await;
                return Ok((digest, record));
            }
        }
    }
    Err(Refusal::InvalidKey)
}

/// Moves a key to its new digest. Its copy appears there a minute later; until then it is found under the old one.
async fn move_key(api: &impl Api, record: &KeyRecord, digest: KeyDigest) {
    let name = format!("moved/{}", record.key_id);
    if api.noted(&name).is_some() {
        return;
    }
    api.note(name, "", api.now() + ASKED_AGAIN);
    let moved = command::MoveKey(record.key_id, digest);
    let _ = ask(api, record.org_id, By::key(record.key_id), moved).await;
}

/// The record of a key that is neither revoked nor expired.
///
/// # Errors
/// 401, and 503 when keys can't be read.
pub async fn current_record(api: &impl Api, digest: &KeyDigest) -> Result<KeyRecord, Refusal> {
    let record = api.record(&RecordKey::ApiKey(digest.clone())).await;
    let record: Option<Rc<KeyRecord>> = record.map_err(|_| Refusal::AuthenticationUnavailable)?;
    let record = record.filter(|record| record.is_current(api.now()));
    record.as_deref().cloned().ok_or(Refusal::InvalidKey)
}

/// The record of the key behind the request's session. A browser sends the cookie along whoever
/// made it send the request, so a request that changes something must come from a page of ours.
async fn session_record(api: &impl Api, request: &Request) -> Result<KeyRecord, Refusal> {
    let session = request
        .session()
        .and_then(|cookie| {
            let mut all = api.secrets().every();
            all.find_map(|secrets| Session::open(cookie, &secrets.studio_key, api.now()))
        })
        .ok_or(Refusal::InvalidKey)?;
    if !request.is_read() && !request.comes_from_own_page() {
        return Err(Refusal::CrossOrigin);
    }
    let mut record = current_record(api, &session.digest).await?;
    record.end_by(session.expires_at);
    Ok(record)
}

/// Checks that the request has the operator's token.
///
/// # Errors
/// 401, also if the deployment has no such token.
pub fn authenticate_operator(api: &impl Api, request: &Request) -> Result<Operator, Refusal> {
    let given = request.bearer().unwrap_or_default().as_bytes();
    let Secrets {
        platform_token,
        former_token,
        ..
    } = api.secrets();
    let is = |token: &String| !token.is_empty() && constant_time_eq(given, token.as_bytes());
    let good = is(platform_token) || former_token.as_ref().is_some_and(is);
    good.then_some(Operator(()))
        .ok_or(Refusal::InvalidPlatformToken)
}
