//! `/numbers`: what a number tells.

use crate::app::contacts;
use crate::app::http::Response;
use crate::app::ports::Api;
use crate::app::views::number::NumberView;
use crate::domain::access::KeyRecord;
use crate::domain::contacts::Number;
use crate::domain::phone::E164;
use crate::domain::refusal::Refusal;

/// `GET /numbers/{phone_number}`.
///
/// # Errors
/// It is no number; what is known of it can't be asked.
pub async fn get(api: &impl Api, caller: &KeyRecord, given: &str) -> Result<Response, Refusal> {
    // The sign may come escaped, as a browser's `encodeURIComponent` has it.
    let digits = ["+", "%2B", "%2b"]
        .iter()
        .find_map(|sign| given.strip_prefix(sign));
    let phone = digits.and_then(|digits| E164::parse(&format!("+{digits}")));
    let phone = phone.ok_or(Refusal::PhoneNotE164)?;
    let number = Number::of(&phone);
    let words = contacts::ask(api, caller.org_id, &[number]).await;
    let suppressed = words.of(number);
    let view = NumberView {
        suppressed: suppressed.ok_or(Refusal::DirectoryUnavailable)?,
        ..NumberView::of(&phone)
    };
    Ok(Response::json(200, &view))
}

#[cfg(feature = "openapi")]
pub(crate) mod describe {
    //! How the document tells of it.

    use crate::app::description::{Description, examples, ok};
    use crate::app::views::number::NumberView;
    use crate::domain::refusal::Refusal;

    pub fn get() -> Description {
        Description::new(
            "Numbers",
            "Look up a number",
            "What can be told from the number alone: its country, its type, whether it can exist, where its phone may be. Based \
             on libphonenumber's metadata and IANA's time zones, with no carrier lookup: whether the number is in use is not \
             known.",
            ok::<NumberView>("The number's details.", examples::number()),
        )
        .refuses([Refusal::PhoneNotE164])
    }
}
