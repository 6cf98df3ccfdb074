//! The OpenAPI description of trunks.

use serde_json::json;

use super::destinations::{PER_DAY, PREFIXES};
use super::{ChangeTrunk, CreateTrunk};
use crate::app::description::examples;
use crate::app::description::refusals::{NAME, bare, must, nested_required, tidy, unknown_field};
use crate::app::description::{Description, created, gone, ok};
use crate::app::dialers::livekit::config::URL_TEXT;
use crate::app::views::manage::{StoredTrunkView, TrunkDetail, TrunkList};
use crate::domain::campaign::CampaignRefusal;
use crate::domain::refusal::Refusal;

const TAG: &str = "SIP trunks";

pub fn list() -> Description {
    let example = json!({"sip_trunks": [examples::trunk()]});
    Description::new(
        TAG,
        "List SIP trunks",
        "Returns all active SIP trunks (carrier lines) allocated to your organisation, with their concurrency and rate limits.",
        ok::<TrunkList>("The trunks.", example),
    )
    .with_inactive()
}

pub fn create() -> Description {
    Description::new(
        TAG,
        "Create a SIP trunk",
        "Creates a trunk. An organisation can have at most 1000. A carrier's secret is never shown again.",
        created::<TrunkDetail>(examples::trunk_detail()),
    )
    .body::<CreateTrunk>(examples::new_trunk())
    .once()
    .refuses([Refusal::TooMany("SIP trunks")])
    .refuses(fields())
}

pub fn get() -> Description {
    Description::new(
        TAG,
        "Get a SIP trunk",
        "One trunk, active or not, with its carrier and the storage that its calls take up.",
        ok::<StoredTrunkView>("The trunk.", examples::trunk_with_storage()),
    )
    .refuses([Refusal::TrunkNotFound])
}

pub fn update() -> Description {
    Description::new(
        TAG,
        "Change a SIP trunk",
        "Changes the given fields. A lowered limit ends no call; it holds back new ones.",
        ok::<TrunkDetail>("Changed.", examples::trunk_detail()),
    )
    .optional_body::<ChangeTrunk>(json!({"max_channels": 50}))
    .refuses([Refusal::TrunkNotFound])
    .refuses(fields())
}

pub fn delete() -> Description {
    Description::new(
        TAG,
        "Delete a SIP trunk",
        "New calls can no longer use it; its calls stay readable. A trunk with live calls or running campaigns can't be deleted.",
        gone(),
    )
    .refuses([
        Refusal::TrunkNotFound,
        Refusal::TrunkHasLiveCalls,
        Refusal::Campaign(CampaignRefusal::TrunkInUse),
    ])
}

fn fields() -> Vec<Refusal> {
    let mut all = vec![
        Refusal::Required("name"),
        must("name", NAME),
        Refusal::Required("trunk_phone"),
        must("trunk_phone", "a phone number such as +918069000000"),
        Refusal::Required("max_cps"),
        must("max_cps", "a whole number from 1 to 1000"),
        Refusal::Required("max_channels"),
        must("max_channels", "a whole number from 1 to 10000"),
        must("status", "active or inactive"),
        must("carrier", "an object"),
        nested_required("carrier.type"),
        must("carrier.type", "simulator or livekit"),
        nested_required("carrier.url"),
        must("carrier.url", URL_TEXT),
        must("carrier.url", "a valid http, https, ws or wss URL"),
        bare("carrier.url"),
        Refusal::UrlPrivate("carrier.url"),
        Refusal::UrlAddress("carrier.url"),
    ];
    for field in [
        "carrier.api_key",
        "carrier.api_secret",
        "carrier.sip_trunk_id",
    ] {
        all.extend([nested_required(field), must(field, NAME), tidy(field)]);
    }
    all.extend([
        Refusal::UnknownField("carrier.X".into()),
        Refusal::Required("carrier"),
        must("destinations", "an object"),
        must("destinations.allow", PREFIXES),
        must("destinations.deny", PREFIXES),
        must("destinations.high_risk", "deny or allow"),
        Refusal::UnknownField("destinations.X".into()),
        must("max_calls_per_day", PER_DAY),
        unknown_field(),
    ]);
    all
}
