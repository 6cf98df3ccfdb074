//! The OpenAPI description of organisations.

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

/// An organisation in a given state: since when it is suspended, when its deletion was requested and done; and what it has.
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
        "An organisation, whether it is suspended, and how many resources it has. Of a deleted one, only when it was \
        deleted: its name is empty, and its counts are 0.",
        ok::<OrganisationView>("The organisation.", example()),
    )
    .id("getOrg")
    .refuses([Refusal::OrganisationNotFound, Refusal::DirectoryUnavailable])
}

pub fn update() -> Description {
    Description::new(
        TAG,
        "Suspend or rename an organisation",
        "`suspended`: once this request succeeds, no key of the organisation starts a call or a campaign (403, \
        `organization_suspended`), and no further phone rings: calls that are queued or scheduled keep waiting, for as \
        long as each may, and then end undialed; running campaigns are held (`held_by` `trunk_inactive`). Calls that \
        are ringing or in conversation go on, callbacks are sent, and everything can be read and managed. `active` \
        undoes this, and calls that still wait are dialed. Both are recorded in the organisation's audit log. \
        Repeating the request does no harm.",
        ok::<OrganisationView>("The organisation as it is now.", example()),
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
        "Deletes an organisation with everything kept for it: calls, transcripts, callbacks, campaigns, suppressions, \
        agents, trunks, keys and the audit log, in all objects, copies and the archive. This can't be undone. Once \
        this request succeeds, its keys and Studio sessions are refused, no further phone rings and no call or campaign \
        is started. Calls that are queued or scheduled end undialed; calls that are ringing or in conversation run to \
        their end. The callbacks of both are sent until all calls are over and reported, for at most \
        `MAX_CALL_SECONDS` plus 15 minutes; callbacks still pending then are dropped. The deletion proceeds by itself, \
        takes minutes for most organisations, and is over within 24 hours: until then the organisation is listed as \
        `deleting`. Afterwards it is no longer listed, and `GET /platform/v1/orgs/{id}` says that it was `deleted`, \
        and when. Recordings are in the organisation's own bucket, and stay there. Repeating the request does no harm, \
        and reports progress: 202 while the deletion is under way, 200 once it is done.",
        answer::<OrganisationView>(202, "The deletion is in progress.", begun),
    )
    .also(answer::<OrganisationView>(200, "It was deleted.", done), [])
    .id("deleteOrg")
    .refuses([Refusal::OrganisationNotFound, Refusal::DirectoryUnavailable])
}

pub fn create_owner_key() -> Description {
    Description::new(
        TAG,
        "Create an owner key",
        "A new owner key for an organisation that has lost its own. It is shown here and never again, and recorded in \
        the organisation's audit log, with `key_id` null. The organisation's other keys stay as they are: delete the \
        one that was lost.",
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
        text: "The totals of an organisation's calls, as its own `GET /integration/v1/usage` returns them.".to_owned(),
        ..own
    }
    .id("getOrgUsage")
    .refuses([Refusal::OrganisationNotFound, Refusal::DirectoryUnavailable])
}
