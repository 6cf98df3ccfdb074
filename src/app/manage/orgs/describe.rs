//! How the document tells of organisations.

use serde_json::{Value, json};

use super::{ChangeOrg, CreateOrg, CreateOwnerKey, STATUS};
use crate::app::calls::usage::describe as usage_describe;
use crate::app::description::examples;
use crate::app::description::refusals::{NAME, must, no_time, unknown_field};
use crate::app::description::{Description, answer, created, ok};
use crate::app::manage::keys;
use crate::app::views::keys::NewKeyView;
use crate::app::views::orgs::{NewOrgView, OrganisationList, OrganisationView};
use crate::domain::refusal::Refusal;

const TAG: &str = "Platform";

fn example() -> Value {
    shown("active", "Acme Finance", [None; 3], [3, 2, 4, 1])
}

/// An organisation in this state: since when it is suspended and its deletion was asked for, and when it was deleted; and what it has.
fn shown(
    status: &str,
    name: &str,
    [suspended_at, deletion_requested_at, deleted_at]: [Option<&str>; 3],
    [agents, sip_trunks, api_keys, campaigns]: [u32; 4],
) -> Value {
    json!({
        "id": "7d1c9a52-3b4e-4f60-8a71-92b3c4d5e6f7", "name": name, "status": status,
        "created_at": "2026-06-14T10:00:00.000Z", "suspended_at": suspended_at, "deletion_requested_at": deletion_requested_at,
        "deleted_at": deleted_at, "agents": agents, "sip_trunks": sip_trunks, "api_keys": api_keys, "campaigns": campaigns,
    })
}

pub fn list() -> Description {
    Description::new(
        TAG,
        "List organisations",
        "All organisations, in the order of their ids, those of earlier releases included. One that was created within the last \
         60 seconds or more may be missing.",
        ok::<OrganisationList>("A page of organisations.", examples::page("orgs", example())),
    )
    .id("listOrgs")
    .paged()
    .refuses([Refusal::DirectoryUnavailable])
}

pub fn create() -> Description {
    Description::new(
        TAG,
        "Create an organisation",
        "Creates an organisation, with its first owner key and its webhook secret. The key is shown here and never again.",
        created::<NewOrgView>(examples::org()),
    )
    .body::<CreateOrg>(json!({"name": "Acme Finance"}))
    .once()
    .refuses([
        Refusal::Required("name"),
        must("name", NAME),
        unknown_field(),
        Refusal::OrganisationDeleted,
    ])
}

pub fn get() -> Description {
    Description::new(
        TAG,
        "Get an organisation",
        "An organisation, whether it is suspended, and how much it has. Of one that was deleted, when that was, and nothing else: its \
         name is empty, and it has nothing.",
        ok::<OrganisationView>("The organisation.", example()),
    )
    .id("getOrg")
    .refuses([Refusal::OrganisationNotFound, Refusal::DirectoryUnavailable])
}

pub fn update() -> Description {
    Description::new(
        TAG,
        "Suspend or rename an organisation",
        "`suspended`: from the answer on, no key of the organisation starts a call or a campaign (403, `organization_suspended`), \
         and no further phone rings: calls that are queued or scheduled go on waiting, for as long as each may, and end undialed \
         when that is over; running campaigns are held (`held_by` `trunk_inactive`). Calls whose phone rings or that are being \
         talked in go on, callbacks are sent, and everything can be read and managed. `active` undoes it, and what still waits \
         is called. Both stand in the organisation's audit log. Asking again does no harm.",
        ok::<OrganisationView>("As it is now.", example()),
    )
    .id("updateOrg")
    .optional_body::<ChangeOrg>(json!({"status": "suspended"}))
    .refuses([
        Refusal::OrganisationNotFound,
        Refusal::OrganisationDeleted,
        Refusal::Required("name"),
        must("name", NAME),
        Refusal::Required("status"),
        must("status", STATUS),
        unknown_field(),
        Refusal::DirectoryUnavailable,
    ])
}

pub fn delete() -> Description {
    let (asked_at, done_at) = (
        Some("2026-11-30T12:00:00.000Z"),
        Some("2026-11-30T12:09:00.000Z"),
    );
    let begun = shown(
        "deleting",
        "Acme Finance",
        [asked_at, asked_at, None],
        [3, 2, 0, 1],
    );
    let done = shown("deleted", "", [None, asked_at, done_at], [0; 4]);
    Description::new(
        TAG,
        "Delete an organisation",
        "Deletes an organisation for good, with all that is kept of it: calls, transcripts, callbacks, campaigns, suppressions, \
         agents, trunks, keys and the audit log, in all objects, copies and the archive. There is no way back. From the answer on \
         its keys and Studio sessions are refused, no further phone rings and no call or campaign is started. Calls that are \
         queued or scheduled end undialed; calls whose phone rings or that are being talked in go on to their end, and the \
         callbacks of both are sent as long as that lasts: until all are over and told of, and for `MAX_CALL_SECONDS` and 15 \
         minutes at most. Callbacks that are still owed then are dropped. The work goes on by itself, is a matter of minutes for most, and \
         over within 24 hours: meanwhile the organisation is listed as `deleting`. Afterwards it is listed no more, and \
         `GET /platform/v1/orgs/{id}` tells that it was `deleted`, and when. Recordings lie in the organisation's own bucket, and \
         stay there. Asking again does no harm, and tells how far it is: 202 while it goes on, 200 once it is done.",
        answer::<OrganisationView>(202, "The deletion goes on.", begun),
    )
    .also(answer::<OrganisationView>(200, "It was deleted.", done), [])
    .id("deleteOrg")
    .refuses([Refusal::OrganisationNotFound, Refusal::DirectoryUnavailable])
}

pub fn create_owner_key() -> Description {
    Description::new(
        TAG,
        "Create an owner key",
        "A new owner key for an organisation that has lost its own. It is shown here and never again, and stands in the \
         organisation's audit log, with `key_id` null. Its other keys stay as they are: whoever lost one deletes it.",
        created::<NewKeyView>(examples::new_key()),
    )
    .body::<CreateOwnerKey>(json!({"name": "Recovered by support"}))
    .once()
    .refuses([
        Refusal::OrganisationNotFound,
        Refusal::OrganisationDeleted,
        Refusal::Required("name"),
        must("name", NAME),
        must("expires_at", keys::END),
        unknown_field(),
        Refusal::TooMany("API keys"),
    ])
    .refuses(no_time("expires_at").into_iter().skip(1))
}

pub fn usage() -> Description {
    let own = usage_describe::usage();
    Description {
        tag: TAG,
        summary: "Get an organisation's usage",
        text: "What an organisation's calls add up to, as its own `GET /integration/v1/usage` tells it.".to_owned(),
        ..own
    }
    .id("getOrgUsage")
    .refuses([Refusal::OrganisationNotFound, Refusal::DirectoryUnavailable])
}
