//! `GET /audit-log`.

use super::Resource;
use crate::app::directory::command;
use crate::app::http::{Request, Response};
use crate::app::iso8601;
use crate::app::json::value;
use crate::app::page::{Page, bad_cursor};
use crate::app::ports::Api;
use crate::app::views::orgs::AuditView;
use crate::domain::access::KeyRecord;
use crate::domain::refusal::Refusal;

const RESOURCE: Resource = Resource {
    missing: Refusal::NotFound,
    plural: "entries",
};

/// A page of the log, newest first.
///
/// # Errors
/// A parameter that is unknown or has an invalid value.
pub async fn list(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let page = Page::read(request, &[])?;
    let before = page
        .after
        .as_deref()
        .map(|text| text.parse::<u64>().map_err(|_| bad_cursor()))
        .transpose()?;
    let question = command::Audit {
        before,
        limit: page.limit + 1,
    };
    let entries = super::get(api, caller, question, &RESOURCE).await?;
    let view = |(_, entry): &(u64, crate::app::directory::AuditEntry)| {
        value(&AuditView {
            at: iso8601::format(entry.at),
            key_id: entry.key_id,
            action: entry.action.clone(),
            target: entry.target.clone(),
            request_id: entry.request_id.clone(),
        })
    };
    Ok(Response::json(
        200,
        &page.answer(
            "entries",
            entries,
            None,
            |(position, _)| position.to_string(),
            view,
        ),
    ))
}

#[cfg(feature = "openapi")]
pub(crate) mod describe {
    //! The OpenAPI description of it.

    use crate::app::description::examples;
    use crate::app::description::{Description, ok};
    use crate::app::views::orgs::AuditLog;

    pub fn list() -> Description {
        let example = examples::page("entries", examples::audit_entry());
        Description::new(
            "Audit log",
            "Read the audit log",
            "Every management write, newest first.",
            ok::<AuditLog>("A page of entries.", example),
        )
        .id("listAuditLog")
        .paged()
    }
}
