//! `/erasures`: erasing one person's data, and the record of it.

use super::create::Draw;
use super::suppressions::read_phone;
use super::{Resource, by, get as get_of_directory};
use crate::app::body::{self, Body};
use crate::app::directory::command;
use crate::app::http::{Request, Response};
use crate::app::json::value;
use crate::app::page::{Page, bad_cursor};
use crate::app::ports::Api;
use crate::app::views::erasure::ErasureView;
use crate::domain::access::KeyRecord;
use crate::domain::contacts::Number;
use crate::domain::erasure::ErasureRefusal;
use crate::domain::refusal::Refusal;

/// Their name in refusals.
pub(super) const PLURAL: &str = "erasures";

const RESOURCE: Resource = Resource {
    missing: Refusal::Erasure(ErasureRefusal::NotFound),
    plural: PLURAL,
};
const STATUS: &str = "pending or completed";

// For the OpenAPI document: what `list` answers.
/// A page of erasures.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct ErasureList {
    /// Newest first.
    pub erasures: Vec<ErasureView>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

// As the OpenAPI document describes it; `create` reads it.
/// Whose data is to be erased.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct CreateErasure {
    /// Their number, in E.164 format.
    #[schema(pattern = r"^\+[1-9][0-9]{6,14}$")]
    pub phone_number: String,
}

/// `POST /erasures`.
///
/// # Errors
/// An invalid body; the directory can't be reached, or has too many erasures.
pub async fn create(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let mut body = Body::of(request)?;
    let draw = Draw::of_secret(api, request)?;
    let phone = body.required("phone_number", None, "a string", body::text)?;
    let phone = read_phone(&phone)?;
    body.finish()?;
    let erase = command::Erase(draw.erasure_id(api), Number::of(&phone));
    let by = by(caller, request);
    draw.create(api, caller.org_id, by, erase, &[], &RESOURCE)
        .await
}

/// `GET /erasures`: newest first.
///
/// # Errors
/// A parameter that is unknown or has an invalid value; the directory can't be reached.
pub async fn list(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let page = Page::read(request, &["status"])?;
    let asked = page.any_of("status", STATUS, |text| match text {
        "pending" => Some(true),
        "completed" => Some(false),
        _ => None,
    })?;
    let first = asked.first().copied();
    let pending = first.filter(|first| asked.iter().all(|other| other == first));
    let before = page.after.as_deref();
    let before = before
        .map(|text| text.parse().map_err(|_| bad_cursor()))
        .transpose()?;
    let question = command::Erasures {
        pending,
        before,
        limit: page.limit + 1,
    };
    let erasures = get_of_directory(api, caller, question, &RESOURCE).await?;
    let answer = page.answer(
        PLURAL,
        erasures,
        None,
        |erasure| erasure.id.to_string(),
        |erasure| value(&ErasureView::from(erasure)),
    );
    Ok(Response::json(200, &answer))
}

/// `GET /erasures/{id}`.
///
/// # Errors
/// No such erasure; the directory can't be reached.
pub async fn get(api: &impl Api, caller: &KeyRecord, id: &str) -> Result<Response, Refusal> {
    let id = id
        .parse()
        .map_err(|_| Refusal::Erasure(ErasureRefusal::NotFound))?;
    let question = command::KnownErasure(id);
    let erasure = get_of_directory(api, caller, question, &RESOURCE).await?;
    Ok(Response::json(200, &value(&ErasureView::from(&erasure))))
}

#[cfg(feature = "openapi")]
pub(crate) mod describe {
    //! The OpenAPI description of them.

    use serde_json::{Value, json};

    use super::{CreateErasure, ErasureList, STATUS};
    use crate::app::description::reference::any_of;
    use crate::app::description::refusals::{must, unknown_field};
    use crate::app::description::{Description, answer, ok};
    use crate::app::views::erasure::ErasureView;
    use crate::domain::erasure::ErasureRefusal;
    use crate::domain::refusal::Refusal;

    const TAG: &str = "Erasures";

    fn shown() -> Value {
        json!({
            "id": "019ec5a6-1c80-7d3b-8f53-5f0e8a7d2b11", "status": "completed",
            "requested_at": "2026-06-14T10:00:00.000Z", "completed_at": "2026-06-14T10:00:03.512Z",
            "calls": 3, "transcripts": 2, "recordings": 1, "recordings_left": 0, "archived_calls": 4, "recipients": 1,
            "suppression_kept": true,
        })
    }

    fn pending() -> Value {
        json!({
            "id": "019ec5a6-1c80-7d3b-8f53-5f0e8a7d2b11", "status": "pending",
            "requested_at": "2026-06-14T10:00:00.000Z", "completed_at": null,
            "calls": 0, "transcripts": 0, "recordings": 0, "recordings_left": 0, "archived_calls": 0, "recipients": 0,
            "suppression_kept": null,
        })
    }

    pub fn create() -> Description {
        Description::new(
            TAG,
            "Erase a person's data",
            "Erases what is known about a number, in whatever form it was given: its calls, with their metadata, \
            outcomes, transcripts and callbacks, in the archive as well; its entries among campaigns' recipients; \
            and how often it was called. A call that waits or is scheduled is canceled at once; one in progress goes \
            on, is followed by no other attempt, and is erased when it is over and one attempt of its callback was \
            made; until then the erasure is `pending`. Usage and the counts of campaigns \
             stay as they are. Files of recordings are deleted from your own storage, with the credentials of your settings; \
             `recordings_left` counts those that could not be, within 24 hours. A suppression of the number is kept, since a wish not to be called outlives this; \
             `DELETE /suppressions/{phone_number}` deletes it.",
            answer::<ErasureView>(202, "It is being erased.", pending()),
        )
        .once()
        .body::<CreateErasure>(json!({"phone_number": "+919876543210"}))
        .refuses([Refusal::Required("phone_number"), unknown_field()])
        .refuses([must("phone_number", "a string"), Refusal::PhoneNotE164])
        .refuses([Refusal::Erasure(ErasureRefusal::TooMany)])
    }

    pub fn list() -> Description {
        Description::new(
            TAG,
            "List erasures",
            "All erasures that were requested, newest first. None shows the number.",
            ok::<ErasureList>(
                "A page of erasures.",
                json!({"erasures": [shown()], "next_cursor": null}),
            ),
        )
        .paged()
        .query([any_of(
            "status",
            "Only erasures of this status.",
            "ErasureStatus",
        )])
        .refuses([must("status", STATUS)])
    }

    pub fn get() -> Description {
        Description::new(
            TAG,
            "Get an erasure",
            "Its progress, and what was erased.",
            ok::<ErasureView>("The erasure.", shown()),
        )
        .refuses([Refusal::Erasure(ErasureRefusal::NotFound)])
    }
}
