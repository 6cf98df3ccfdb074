//! Who is asking: from the `Authorization` header, or a Studio session's cookie, to a key's record
//! and its role.

use crate::app::http::Request;
use crate::app::ports::Api;
use crate::app::records::RecordKey;
use crate::domain::access::{KeyDigest, KeyRecord, RawKey, Role};
use crate::domain::mac::constant_time_eq;
use crate::domain::refusal::Refusal;
use crate::domain::tokens::session::Session;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody; what a route asks for beyond that, it checks itself.
    Public,
    /// The operator, by `PLATFORM_TOKEN`.
    Operator,
    /// The agent of that one call, by its token; checked by the route itself.
    Agent,
    /// Whoever has the link; checked by the route itself.
    Link,
    /// A trunk's carrier, by its signature; checked by the route itself.
    Carrier,
    /// A key with this role or a higher one.
    Key(Role),
}

/// Who asks, as far as a route's access found out.
pub enum Caller {
    /// Anybody, or somebody whom the route itself checks.
    Anybody,
    /// The operator.
    Operator(Operator),
    /// The holder of a key.
    Key(KeyRecord),
}

impl Caller {
    /// The record of the caller's key.
    ///
    /// # Errors
    /// 401: there is none.
    pub fn key(&self) -> Result<&KeyRecord, Refusal> {
        match self {
            Self::Key(record) => Ok(record),
            Self::Anybody | Self::Operator(_) => Err(Refusal::InvalidKey),
        }
    }

    /// The proof that the operator asks.
    ///
    /// # Errors
    /// 401: somebody else does.
    pub fn operator(&self) -> Result<Operator, Refusal> {
        match self {
            Self::Operator(operator) => Ok(*operator),
            Self::Anybody | Self::Key(_) => Err(Refusal::InvalidPlatformToken),
        }
    }
}

/// The proof that a request bears the operator's own token: nothing else makes one.
#[derive(Clone, Copy)]
pub struct Operator(());

/// Lets in whom a route's access lets in.
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

/// The record of the request's key, when it is good and its role is `needs` or above. Without
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
            let digest = digest_of(api, request.bearer().unwrap_or_default())?;
            current_record(api, &digest).await?
        }
        None => session_record(api, request).await?,
    };
    if record.role < needs {
        return Err(Refusal::too_low(record.role, needs));
    }
    api.record_use(&record);
    Ok(record)
}

/// The digest under which a key's record is found.
///
/// # Errors
/// 401: the checksum refuses a mistyped key before anything is looked up.
pub fn digest_of(api: &impl Api, key: &str) -> Result<KeyDigest, Refusal> {
    let key = RawKey::parse(key).ok_or(Refusal::InvalidKey)?;
    Ok(key.digest(&api.secrets().pepper))
}

/// The record of a key that was neither revoked nor has expired.
///
/// # Errors
/// 401, and 503 when keys can't be read.
pub async fn current_record(api: &impl Api, digest: &KeyDigest) -> Result<KeyRecord, Refusal> {
    let stored = api
        .read(&RecordKey::ApiKey(digest.clone()))
        .await
        .map_err(|_| Refusal::AuthenticationUnavailable)?;
    let record = stored
        .as_deref()
        .and_then(|json| crate::app::json::read::<KeyRecord>(json).ok());
    record
        .filter(|record| record.is_current(api.now()))
        .ok_or(Refusal::InvalidKey)
}

/// The record of the key behind the request's session. A browser sends the cookie along whoever
/// made it ask: what changes something must come from a page of ours.
async fn session_record(api: &impl Api, request: &Request) -> Result<KeyRecord, Refusal> {
    let session = request
        .session()
        .and_then(|cookie| Session::open(cookie, &api.secrets().studio_key, api.now()))
        .ok_or(Refusal::InvalidKey)?;
    if !request.is_read() && !request.comes_from_own_page() {
        return Err(Refusal::CrossOrigin);
    }
    let mut record = current_record(api, &session.digest).await?;
    record.end_by(session.expires_at);
    Ok(record)
}

/// Whether the request bears the operator's own token.
///
/// # Errors
/// 401, also when the deployment has no such token.
pub fn authenticate_operator(api: &impl Api, request: &Request) -> Result<Operator, Refusal> {
    let token = api.secrets().platform_token.as_bytes();
    let given = request.bearer().unwrap_or_default().as_bytes();
    let good = !token.is_empty() && constant_time_eq(given, token);
    good.then_some(Operator(()))
        .ok_or(Refusal::InvalidPlatformToken)
}
