//! Other people's secrets on their way into a row.

use crate::app::ports::{Api, Unavailable};
use crate::domain::ids::OrgId;
use crate::domain::refusal::Refusal;
use crate::domain::sealed::Sealed;

/// An organisation's secret, sealed: the one given, or the one stored. The stored one is sealed anew, so that changing what it
/// belongs to moves it to the newest key.
///
/// # Errors
/// It can't be sealed, or the stored one can't be opened.
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
