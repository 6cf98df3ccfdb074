//! Other people's secrets on their way into a row.

use crate::app::ports::{Api, Unavailable};
use crate::domain::ids::OrgId;
use crate::domain::refusal::Refusal;
use crate::domain::sealed::Sealed;

/// A secret of an organisation's, sealed: the one that was given, or the one that is kept. That is sealed anew, so that a
/// change of what it belongs to moves it to the newest key.
///
/// # Errors
/// It can't be sealed, or the kept one not be opened.
pub async fn sealed(
    api: &impl Api,
    org: OrgId,
    given: Option<String>,
    kept: Option<&Sealed>,
) -> Result<Sealed, Refusal> {
    let context = org.to_string();
    let work = async {
        let secret = match (given, kept) {
            (None, Some(kept)) => api.open(kept, &context).await?,
            (given, _) => given.unwrap_or_default(),
        };
        api.seal(&secret, &context).await
    };
    work.await
        .map_err(|Unavailable| Refusal::AuthenticationUnavailable)
}
