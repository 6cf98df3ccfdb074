//! The OpenAPI description of a campaign's recipients.

use serde_json::{Value, json};

use super::{AddRecipients, AddedRecipients, RecipientList, STATUS};
use crate::app::description::examples::CALL;
use crate::app::description::reference::any_of;
use crate::app::description::refusals::must;
use crate::app::description::{Description, ok};
use crate::app::manage::campaigns::describe::{TAG, is, not_found};
use crate::app::views::campaign::RecipientView;
use crate::domain::campaign::{CampaignRefusal, Status};
use crate::domain::refusal::Refusal;

fn shown() -> Value {
    json!({
        "reference": "loan-4711", "phone_number": "+919876543210", "status": "waiting",
        "attempts": [{
            "call_id": CALL, "call_status": "SIP Call Failed",
            "failure": {
                "source": "callee", "code": "busy", "message": "The line was busy", "sip_status_code": 486,
            },
            "at": "2026-06-14T10:32:00.000Z",
        }],
        "next_attempt_at": "2026-06-14T11:32:31.000Z", "metadata": {"customer_name": "Rahul"},
    })
}

pub fn add() -> Description {
    let json = r#"{"recipients": [{"phone_number": "+919876543210", "reference": "loan-4711", "metadata": {"customer_name": "Rahul"}}]}"#;
    let csv = "phone_number,reference,customer_name\n+919876543210,loan-4711,Rahul\n";
    let ndjson = "{\"phone_number\": \"+919876543210\", \"reference\": \"loan-4711\", \"metadata\": {\"customer_name\": \"Rahul\"}}\n";
    Description::new(
        TAG,
        "Add recipients",
        "Adds people to a campaign that is not over: a JSON object with `recipients`, NDJSON with one of them per line, or a CSV \
         file (RFC 4180, UTF-8, comma-separated) with a header line that names `phone_number` and, where given, `reference` \
         and `time_zone`; every other column is a key of `metadata`, and an empty cell is absent. At most 8 MiB and 20,000 rows \
         per request, and 200,000 recipients per campaign. Each row is checked as `POST /calls` checks a call, against the campaign's \
         agent and trunk; good rows are added and the others listed. A `reference` is unique in its campaign, so sending a file \
         again adds nothing: if a request breaks off, send it again.",
        ok::<AddedRecipients>(
            "The result.",
            json!({"added": 2, "duplicates": 1, "rejected": [
                {"row": 3, "reference": "loan-4713", "error": "phone_number must be in E.164 format"},
            ]}),
        ),
    )
    .body::<AddRecipients>(serde_json::from_str(json).unwrap_or_default())
    .file([("application/x-ndjson", ndjson), ("text/csv", csv)])
    .once()
    .refuses([
        Refusal::Campaign(CampaignRefusal::ContentType),
        Refusal::EncodingUnsupported("X".into()),
        Refusal::RowsTooLarge("8388608 bytes"),
        Refusal::RowsTooLarge("20000 rows"),
        Refusal::Invalid("Request body must be UTF-8".into()),
        Refusal::Invalid("columns must be separated by commas".into()),
        Refusal::Invalid("lines must end with CRLF or LF".into()),
        Refusal::Invalid("column given twice: X".into()),
        Refusal::Invalid("the header line must name phone_number".into()),
        Refusal::Invalid("the header line must name each column".into()),
        Refusal::Invalid("the header line must name at most 1000 columns".into()),
        Refusal::Invalid("recipients must be one array".into()),
        Refusal::Required("recipients"),
        Refusal::UnknownField("X".into()),
        Refusal::BodyNotJson,
        Refusal::BodyNotObject,
        Refusal::AgentNotFound,
        Refusal::TrunkNotFound,
        not_found(),
        is(Status::Completed),
    ])
}

pub fn list() -> Description {
    Description::new(
        TAG,
        "List recipients",
        "The recipients of a campaign, in the order in which they were added. A page looks at 20,000 of them at most: with a \
         `status` that few have, it may hold fewer than `limit`, or even none, and still have a `next_cursor`.",
        ok::<RecipientList>(
            "A page of recipients.",
            json!({"recipients": [shown()], "next_cursor": null}),
        ),
    )
    .paged()
    .query([any_of(
        "status",
        "Only recipients with this status.",
        "RecipientStatus",
    )])
    .refuses([must("status", STATUS), not_found()])
}

pub fn get() -> Description {
    Description::new(
        TAG,
        "Get a recipient",
        "One recipient by its reference, percent-encoded.",
        ok::<RecipientView>("The recipient.", shown()),
    )
    .refuses([
        not_found(),
        Refusal::Campaign(CampaignRefusal::RecipientNotFound),
    ])
}
