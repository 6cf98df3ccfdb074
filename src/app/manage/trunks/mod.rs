//! `/sip-trunks`.

#[cfg(feature = "openapi")]
pub(crate) mod describe;
mod destinations;

#[cfg(feature = "openapi")]
use destinations::ChangeDestinations;
use serde_json::{Map, Value};

use super::agents::includes_inactive;
use crate::app::body::{self, Body};
use crate::app::copies::own_trunks;
use crate::app::dialers::livekit;
use crate::app::directory::{self, RunsWith};
use crate::app::http::{Request, Response};
use crate::app::iso8601;
use crate::app::json;
use crate::app::manage::campaigns::run::once_at_rest;
use crate::app::manage::create::Draw;
use crate::app::manage::{Resource, by, change, change_by_comparison};
use crate::app::ports::Api;
use crate::app::trunk::{self, Reader, command};
use crate::app::views::manage::{
    StoredTrunkView, TrunkDetail, TrunkList, TrunkStorageView, TrunkView,
};
use crate::domain::access::KeyRecord;
use crate::domain::agent::Status;
use crate::domain::ids::{OrgId, TrunkId};
use crate::domain::refusal::Refusal;
use crate::domain::trunk::{Carrier, TrunkConfig};

/// Their name in refusals.
pub(super) const PLURAL: &str = "SIP trunks";

const RESOURCE: Resource = Resource {
    missing: Refusal::TrunkNotFound,
    plural: PLURAL,
};

// As the OpenAPI document describes it; `read` reads it.
/// The trunk to create.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct CreateTrunk {
    /// Display name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// The caller ID shown to the recipient; digits may be masked with X.
    #[schema(pattern = r"^\+[0-9X]{7,15}$")]
    pub trunk_phone: String,
    /// Maximum calls per second.
    #[schema(minimum = 1, maximum = 1000)]
    pub max_cps: u32,
    /// Maximum simultaneous active calls.
    #[schema(minimum = 1, maximum = 10000)]
    pub max_channels: u32,
    /// Only active trunks can be used; `active` by default.
    pub status: Option<Status>,
    /// The carrier behind it.
    pub carrier: CreateCarrier,
    /// Where it may call; by default every country, but no high-risk numbers.
    #[schema(inline)]
    pub destinations: Option<ChangeDestinations>,
    /// Calls accepted per day (UTC); no limit by default.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub max_calls_per_day: Option<u32>,
}

/// The carrier behind a new trunk.
#[cfg(feature = "openapi")]
#[derive(serde::Serialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum CreateCarrier {
    /// Dials nobody; the number decides what happens.
    Simulator,
    /// A LiveKit server and its SIP trunk.
    LiveKit {
        /// The server: an http, https, ws or wss URL of a public host with a name, without user name, query and fragment. White
        /// space around it is dropped.
        url: String,
        /// Its API key, without white space at either end or invisible characters.
        #[schema(min_length = 1, max_length = 200)]
        api_key: String,
        /// Its API secret; never shown again.
        #[schema(min_length = 1, max_length = 200)]
        api_secret: String,
        /// LiveKit's own id for the outbound trunk.
        #[schema(min_length = 1, max_length = 200)]
        sip_trunk_id: String,
    },
}

// As the OpenAPI document describes it; `read` reads it.
/// What to change: any subset.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct ChangeTrunk {
    /// Display name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// The caller ID shown to the recipient; digits may be masked with X.
    #[schema(pattern = r"^\+[0-9X]{7,15}$")]
    pub trunk_phone: String,
    /// Maximum calls per second. A lowered limit ends no call; it holds back new ones.
    #[schema(minimum = 1, maximum = 1000)]
    pub max_cps: u32,
    /// Maximum simultaneous active calls. A lowered limit ends no call; it holds back new ones.
    #[schema(minimum = 1, maximum = 10000)]
    pub max_channels: u32,
    /// Only active trunks can be used; `null` makes it active.
    pub status: Option<Status>,
    /// The carrier behind it: what is left out stays as it is.
    #[schema(inline)]
    pub carrier: ChangeCarrier,
    /// Where it may call: what is left out stays as it is; `null` restores a new trunk's defaults.
    #[schema(inline)]
    pub destinations: Option<ChangeDestinations>,
    /// Calls accepted per day (UTC), including those already accepted today; `null` for no limit. Takes effect once
    /// the request succeeds.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub max_calls_per_day: Option<u32>,
}

/// A change of the carrier behind a trunk.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct ChangeCarrier {
    /// `simulator` or `livekit`; a simulator has no other field.
    #[schema(pattern = "^(simulator|livekit)$")]
    pub r#type: String,
    /// The server: an http, https, ws or wss URL of a public host with a name, without user name, query and fragment; at most
    /// 2048 bytes. White space around it is dropped.
    #[schema(max_length = 2048)]
    pub url: String,
    /// Its API key, without white space at either end or invisible characters.
    #[schema(min_length = 1, max_length = 200)]
    pub api_key: String,
    /// Its API secret; never shown again.
    #[schema(min_length = 1, max_length = 200)]
    pub api_secret: String,
    /// LiveKit's own id for the outbound trunk.
    #[schema(min_length = 1, max_length = 200)]
    pub sip_trunk_id: String,
}

/// `GET /sip-trunks`.
///
/// # Errors
/// As for [`includes_inactive`].
pub async fn list(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let all = includes_inactive(caller, request)?;
    let trunks = own_trunks(api, caller).await?;
    let shown = trunks
        .into_iter()
        .filter(|trunk| !trunk.deleted && (all || trunk.status == Status::Active));
    Ok(Response::json(
        200,
        &TrunkList {
            sip_trunks: shown.map(TrunkView::from).collect(),
        },
    ))
}

/// `POST /sip-trunks`.
///
/// # Errors
/// An invalid body; too many trunks.
pub async fn create(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let id = TrunkId::from_entropy(api.id_entropy());
    request.json_object()?;
    let draw = Draw::of(api, request)?;
    let trunk = read(api, request, None, id, caller.org_id).await?;
    let new = directory::command::CreateTrunk(Box::new(trunk));
    let by = by(caller, request);
    draw.create(api, caller.org_id, by, new, &[], &RESOURCE)
        .await
}

/// `GET /sip-trunks/{id}`.
///
/// # Errors
/// No such trunk.
pub async fn get(api: &impl Api, caller: &KeyRecord, id: &str) -> Result<Response, Refusal> {
    let trunk = find(api, caller, id).await?;
    let storage = command::Storage(Reader {
        org: caller.org_id,
        key: caller.key_id,
        good_until: None,
    });
    let storage = trunk::ask(api, trunk.id.tag(), storage).await;
    let storage = storage.ok().flatten();
    let storage = storage.map(|storage| TrunkStorageView {
        used_bytes: storage.used,
        limit_bytes: api.settings().storage_limit,
        oldest_call_at: storage.oldest.map(iso8601::format),
    });
    Ok(Response::json(
        200,
        &StoredTrunkView {
            trunk: TrunkDetail::from(&trunk),
            storage,
        },
    ))
}

/// `PATCH /sip-trunks/{id}`.
///
/// # Errors
/// No such trunk; an invalid body.
pub async fn update(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    id: &str,
) -> Result<Response, Refusal> {
    let trunk = change_by_comparison(api, caller, request, &RESOURCE, async || {
        let was = find(api, caller, id).await?;
        let trunk = read(api, request, Some(&was), was.id, was.org_id).await?;
        let save = directory::command::SaveTrunk {
            trunk: Box::new(trunk.clone()),
            was: Box::new(was),
        };
        Ok((save, trunk))
    });
    Ok(Response::json(200, &TrunkDetail::from(&trunk.await?)))
}

/// `DELETE /sip-trunks/{id}`. Its calls stay readable.
///
/// # Errors
/// No such trunk; it has live calls, or running campaigns use it.
pub async fn delete(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    id: &str,
) -> Result<Response, Refusal> {
    let id = id.parse::<TrunkId>().map_err(|_| Refusal::TrunkNotFound)?;
    let delete = async || {
        let delete = directory::command::DeleteTrunk(id);
        change(api, caller, request, delete, &RESOURCE).await
    };
    once_at_rest(api, caller, RunsWith::Trunk(id), delete).await?;
    Ok(Response::no_content())
}

/// One trunk, active or not.
///
/// # Errors
/// No such trunk.
pub async fn find(api: &impl Api, caller: &KeyRecord, id: &str) -> Result<TrunkConfig, Refusal> {
    let id = id.parse::<TrunkId>().map_err(|_| Refusal::TrunkNotFound)?;
    super::get(api, caller, directory::command::Trunk(id), &RESOURCE).await
}

async fn read(
    api: &impl Api,
    request: &Request,
    before: Option<&TrunkConfig>,
    id: TrunkId,
    org_id: OrgId,
) -> Result<TrunkConfig, Refusal> {
    let mut body = Body::of(request)?;
    let name = body.required(
        "name",
        before.map(|trunk| trunk.name.clone()),
        body::NAME,
        body::name,
    )?;
    let phone_before = before.map(|trunk| trunk.trunk_phone.clone());
    let trunk_phone = body.required(
        "trunk_phone",
        phone_before,
        "a phone number such as +918069000000",
        read_phone,
    )?;
    let max_cps = body.required(
        "max_cps",
        before.map(|trunk| trunk.max_cps),
        "a whole number from 1 to 1000",
        |value| whole(&value, 1000),
    )?;
    let channels_before = before.map(|trunk| trunk.max_channels);
    let max_channels = body.required(
        "max_channels",
        channels_before,
        "a whole number from 1 to 10000",
        |value| whole(&value, 10_000),
    )?;
    let status_before = before.map(|trunk| trunk.status);
    let status = body
        .optional("status", status_before, "active or inactive", body::word)?
        .unwrap_or_default();
    let given = body.optional("carrier", Some(Map::new()), "an object", body::object)?;
    let carrier_before = before.map(|trunk| &trunk.carrier);
    let carrier = match (given, carrier_before) {
        (Some(given), Some(before)) if given.is_empty() => before.clone(),
        (Some(given), before) if !given.is_empty() => {
            read_carrier(api, request, given, before, org_id).await?
        }
        _ => return Err(Refusal::Required("carrier")),
    };
    let destinations = destinations::read(&mut body, before.map(|trunk| &trunk.destinations))?;
    let max_calls_per_day = body.optional(
        "max_calls_per_day",
        before.and_then(|trunk| trunk.max_calls_per_day),
        destinations::PER_DAY,
        |value| whole(&value, 1_000_000),
    )?;
    body.finish()?;
    Ok(TrunkConfig {
        id,
        org_id,
        name,
        trunk_phone,
        max_cps,
        max_channels,
        status,
        carrier,
        destinations,
        max_calls_per_day,
    })
}

/// `+` and 7 to 15 digits; digits may be masked with X.
fn read_phone(value: Value) -> Option<String> {
    body::text(value).filter(|text| {
        let digits = text.strip_prefix('+').unwrap_or_default();
        (7..=15).contains(&digits.len())
            && digits
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'X')
    })
}

fn whole(value: &Value, most: u32) -> Option<u32> {
    let number = json::whole(value, 1..=u64::from(most))?;
    u32::try_from(number).ok()
}

async fn read_carrier(
    api: &impl Api,
    request: &Request,
    given: Map<String, Value>,
    before: Option<&Carrier>,
    org: OrgId,
) -> Result<Carrier, Refusal> {
    let mut body = Body::nested(given, "carrier.");
    let kind_before = before.map(|carrier| match carrier {
        Carrier::Simulator => "simulator".to_owned(),
        Carrier::LiveKit { .. } => "livekit".to_owned(),
    });
    let kind = body.required("type", kind_before, "simulator or livekit", |value| {
        body::text(value).filter(|text| matches!(text.as_str(), "simulator" | "livekit"))
    })?;
    if kind == "simulator" {
        body.finish()?;
        return Ok(Carrier::Simulator);
    }
    livekit::config::read(api, request, body, before, org).await
}
