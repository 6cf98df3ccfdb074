//! The OpenAPI description of it.

use crate::app::description::reference::{cursor, filter};
use crate::app::description::{Description, Success};
use crate::domain::refusal::Refusal;

pub fn get() -> Description {
    let example = "{\"type\":\"suppression\",\"data\":{\"phone_number\":\"+919876543210\",\"reason\":null,\"source\":\"api\",\
                   \"created_at\":\"2026-06-14T10:32:00.000Z\",\"expires_at\":null}}\n\
                   {\"type\":\"end\",\"complete\":true,\"counts\":{\"suppression\":1},\"next_cursor\":null}\n";
    Description::new(
        "Settings",
        "Export everything",
        "Everything kept for your organisation, as NDJSON: a line `{\"type\", \"data\"}` for each `organisation`, \
        `settings`, `agent`, \
         `sip_trunk`, `api_key`, `suppression`, `campaign`, `recipient` (`{\"campaign_id\", \"recipient\"}`), `call`, `transcript`, \
         `delivery`, `usage` (a day's), `erasure` and `audit_entry`, each as its own route shows it; no line holds a secret, or \
         more of a key than its prefix. The last line has the type `end` and counts the lines of each type since the \
         beginning of the export. If its `complete` is false, the export continues in another response: pass its \
         `next_cursor` as `cursor`. A response that does not end with such a line was cut off. Changes made meanwhile \
         may or may not be included. The audit log records each response.",
        Success::text("The export.", "application/x-ndjson", example),
    )
    .id("exportOrganisation")
    .query([filter("cursor", "The previous response's `next_cursor`.", cursor())])
    .refuses([
        Refusal::Invalid("cursor is invalid".into()),
        Refusal::UnknownParameter("X".into()),
        Refusal::RepeatedParameter("X".into()),
        Refusal::TrunkUnavailable,
        Refusal::DirectoryUnavailable,
        Refusal::AuthenticationUnavailable,
    ])
}
