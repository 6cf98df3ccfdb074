//! `/numbers`: what a number tells.

use crate::app::contacts;
use crate::app::copies::find;
use crate::app::http::Response;
use crate::app::iso8601;
use crate::app::ports::Api;
use crate::app::records::RecordKey;
use crate::app::views::number::NumberView;
use crate::domain::access::KeyRecord;
use crate::domain::contacts::{Contact, Number, Question, Take, zone_of};
use crate::domain::media::MediaSettings;
use crate::domain::phone::E164;
use crate::domain::refusal::Refusal;

/// `GET /numbers/{phone_number}`.
///
/// # Errors
/// It is not a number; what is known of it can't be looked up.
pub async fn get(api: &impl Api, caller: &KeyRecord, given: &str) -> Result<Response, Refusal> {
    // The sign may come escaped, as a browser's `encodeURIComponent` has it.
    let digits = ["+", "%2B", "%2b"]
        .iter()
        .find_map(|sign| given.strip_prefix(sign));
    let phone = digits.and_then(|digits| E164::parse(&format!("+{digits}")));
    let phone = phone.ok_or(Refusal::PhoneNotE164)?;
    let number = Number::of(&phone);
    let settings = RecordKey::Media(caller.org_id);
    let settings = find(api, caller, &settings, |_: &MediaSettings| true).await?;
    let limits = settings.map_or_else(Vec::new, |settings| settings.contact_limits.clone());
    let take = (!limits.is_empty()).then(|| {
        let now = api.now();
        Box::new(Take {
            org: limits,
            zone: zone_of(&phone, now).map(|zone| zone.name().to_owned()),
            ..Take::look(number)
        })
    });
    let question = Question {
        take,
        ..Question::of(number)
    };
    let words = contacts::ask(api, caller.org_id, &[question]).await;
    let (_, word) = words
        .of(number, None)
        .ok_or(Refusal::DirectoryUnavailable)?;
    let next_allowed_at = match word.contact {
        Contact::Limited(until) => until,
        Contact::Free => None,
    };
    let view = NumberView {
        suppressed: word.suppressed,
        next_allowed_at: next_allowed_at.map(iso8601::format),
        ..NumberView::of(&phone)
    };
    Ok(Response::json(200, &view))
}

#[cfg(feature = "openapi")]
pub(crate) mod describe {
    //! The OpenAPI description of it.

    use crate::app::description::{Description, examples, ok};
    use crate::app::views::number::NumberView;
    use crate::domain::refusal::Refusal;

    pub fn get() -> Description {
        Description::new(
            "Numbers",
            "Look up a number",
            "What the number alone reveals: its country, its type, whether it can exist, and where its phone may be. \
            Based \
             on libphonenumber's metadata and IANA's time zones, with no carrier lookup: whether the number is in use is not \
             known.",
            ok::<NumberView>("The number's details.", examples::number()),
        )
        .refuses([Refusal::PhoneNotE164])
    }
}
