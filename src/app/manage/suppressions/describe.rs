//! The OpenAPI description of numbers that are not to be called.

use serde_json::{Value, json};

use super::{CreateSuppression, ImportView, SuppressionList, SuppressionView};
use crate::app::description::refusals::{must, no_time, unknown_field};
use crate::app::description::{Description, answer, gone, ok};
use crate::domain::refusal::Refusal;

const TAG: &str = "Suppressions";
const PHONE: &str = r"^\+[1-9][0-9]{6,14}$";

fn shown() -> Value {
    json!({
        "phone_number": "+919876543210", "reason": "Asked us by letter", "source": "api",
        "created_at": "2026-06-14T10:00:00.000Z", "expires_at": null,
    })
}

pub fn list() -> Description {
    let phone = json!({
        "name": "phone_number", "in": "query", "description": "Only this number, in E.164 format; its `+` as `%2B`.",
        "schema": {"type": "string", "pattern": PHONE},
    });
    Description::new(
        TAG,
        "List suppressed numbers",
        "Numbers that must not be called, newest first. Expired ones are left out; right after many expired, a page \
         may hold fewer than `limit`, or even none, and still have a `next_cursor`.",
        ok::<SuppressionList>(
            "A page of suppressions.",
            json!({"suppressions": [shown()], "next_cursor": null}),
        ),
    )
    .paged()
    .query([phone])
    .refuses([must("phone_number", "in E.164 format")])
}

pub fn create() -> Description {
    Description::new(
        TAG,
        "Suppress a number",
        "Once this request succeeds, no trunk of the organisation starts to ring that number. A call to it that has \
        not rung ends \
         `Trigger Failed` with the failure `platform`/`number_suppressed`, wherever it waits; a phone that is ringing is \
         hung up within 2 seconds unless somebody answers; a conversation goes on. Suppressing a number again replaces its \
         entry (200). A 503 means that a trunk could not be reached yet: the suppression stays; repeat the request.",
        answer::<SuppressionView>(201, "Suppressed.", shown()),
    )
    .also(answer::<SuppressionView>(200, "It was already suppressed; the entry is replaced.", shown()), [])
    .once()
    .body::<CreateSuppression>(json!({"phone_number": "+919876543210", "reason": "Asked us by letter"}))
    .refuses(rows())
    .refuses([Refusal::Required("phone_number"), unknown_field()])
    .refuses([must("phone_number", "a string"), must("reason", super::REASON)])
    .refuses(no_time("expires_at"))
}

fn rows() -> [Refusal; 4] {
    [
        Refusal::PhoneNotE164,
        must("expires_at", super::END),
        Refusal::TooManySuppressions,
        Refusal::SuppressionUntold,
    ]
}

pub fn import() -> Description {
    let csv = "phone_number,reason,expires_at\n+919876543210,Asked us by letter,\n";
    let ndjson = "{\"phone_number\": \"+919876543210\", \"reason\": \"Asked us by letter\"}\n";
    Description::new(
        TAG,
        "Suppress many numbers",
        "A CSV file (RFC 4180, UTF-8) with a header line that names `phone_number` and, where given, `reason` and \
         `expires_at`, or NDJSON, one such object per line: at most 4 MiB and 50,000 rows. Good rows are imported and \
         the others listed; where a number appears twice the last row counts. Otherwise as for a single number.",
        ok::<ImportView>(
            "The result.",
            json!({"added": 2, "updated": 1, "rejected": [{"row": 3, "error": "phone_number must be in E.164 format"}]}),
        ),
    )
    .once()
    .file([("text/csv", csv), ("application/x-ndjson", ndjson)])
    .refuses([
        Refusal::NotRowsContentType,
        Refusal::EncodingUnsupported("X".into()),
        Refusal::RowsTooLarge("4194304 bytes"),
        Refusal::RowsTooLarge("50000 rows"),
        Refusal::Invalid("Request body must be UTF-8".into()),
        Refusal::Invalid("unknown column: X".into()),
        Refusal::Invalid("column given twice: X".into()),
        Refusal::Invalid("the header line must name phone_number".into()),
        Refusal::TooManySuppressions,
        Refusal::SuppressionUntold,
    ])
}

pub fn delete() -> Description {
    Description::new(
        TAG,
        "Allow a number again",
        "Once this request succeeds, the number may be called again.",
        gone(),
    )
    .refuses([Refusal::SuppressionNotFound])
}
