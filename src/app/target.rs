//! The addresses that callbacks may go to.

use crate::app::http::Request;
use crate::app::ports::{Api, Secrets};
use crate::domain::refusal::Refusal;
use crate::domain::target::TargetRefused;
use crate::domain::tidy;

/// The longest URL for callbacks, in bytes: together with the body it must fit a queue's message.
const MAX_URL: usize = 8_192;
/// The requirement that a URL copied from a response fails to meet.
pub const WHOLE_URL: &str = "a URL with the password itself, not the asterisks that answers show";

/// A URL that callbacks may go to, without white space around it. Of the service's own addresses only a built-in receiver's is
/// allowed.
///
/// # Errors
/// It is not an http or https URL, points into a private network or to an IP address, or has asterisks for its password, as
/// responses show it.
pub fn check_target(
    api: &impl Api,
    request: &Request,
    url: &str,
    field: &'static str,
) -> Result<String, Refusal> {
    let url = tidy::url(url).into_owned();
    let target = api.parse_url(&url).filter(|_| url.len() <= MAX_URL);
    let target = target.ok_or(Refusal::UrlInvalid(field))?;
    let own = |secrets: &Secrets| target.receiver_of(&secrets.studio_key).is_some();
    let judged = match api.secrets().every().any(own) {
        true => Ok(()),
        false => target.judge(request.host(), api.settings().allow_loopback),
    };
    match judged {
        Ok(()) if target.is_masked() => {
            Err(Refusal::Invalid(format!("{field} must be {WHOLE_URL}")))
        }
        Ok(()) => Ok(url),
        Err(TargetRefused::NotHttp) => Err(Refusal::UrlInvalid(field)),
        Err(TargetRefused::Private) => Err(Refusal::UrlPrivate(field)),
        Err(TargetRefused::Address) => Err(Refusal::UrlAddress(field)),
    }
}
