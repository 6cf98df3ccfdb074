//! How the document tells of organisations.

use serde_json::{Value, json};

use super::{ChangeOrg, CreateOrg, CreateOwnerKey, STATUS};
use crate::app::calls::usage::describe as usage_describe;
use crate::app::description::examples;
use crate::app::description::refusals::{NAME, must, no_time, unknown_field};
use crate::app::description::{Description, created, ok};
use crate::app::manage::keys;
use crate::app::views::keys::NewKeyView;
use crate::app::views::orgs::{NewOrgView, OrganisationList, OrganisationView};
use crate::domain::refusal::Refusal;

const TAG: &str = "Platform";

fn example() -> Value {
    json!({
        "id": "7d1c9a52-3b4e-4f60-8a71-92b3c4d5e6f7", "name": "Acme Finance", "status": "active",
        "created_at": "2026-06-14T10:00:00.000Z", "suspended_at": null, "agents": 3, "sip_trunks": 2, "api_keys": 4,
        "campaigns": 1,
    })
}

pub fn list() -> Description {
    Description::new(
        TAG,
        "List organisations",
        "All organisations, in the order of their ids, those of earlier releases included. One that was created within the last \
         minute may be missing.",
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
    ])
}

pub fn get() -> Description {
    Description::new(
        TAG,
        "Get an organisation",
        "An organisation, whether it is suspended, and how much it has.",
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
        Refusal::Required("name"),
        must("name", NAME),
        Refusal::Required("status"),
        must("status", STATUS),
        unknown_field(),
        Refusal::DirectoryUnavailable,
    ])
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
