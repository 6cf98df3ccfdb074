//! Reading calls: one call's status, one call whole, pages of calls, and a trunk's live calls.

pub mod csv;
#[cfg(feature = "openapi")]
pub(crate) mod describe;

use crate::app::calls::among::Among;
use crate::app::calls::{ask_about, ask_all, permit, reader, unreached};
use crate::app::concurrent::CONNECTIONS;
use crate::app::copies::own_trunks;
use crate::app::http::{Request, Response};
use crate::app::iso8601;
use crate::app::json::value;
use crate::app::page::{Page, bad_cursor};
use crate::app::ports::Api;
use crate::app::records::TrunkRecord;
use crate::app::trunk::{CallFilter, Listed, SCAN_LIMIT, Scan, Shown, StatusOf, ask, command};
use crate::app::views::call::{DetailedCall, StatusView};
use crate::domain::access::KeyRecord;
use crate::domain::call::{CallStatus, FailureCode};
use crate::domain::ids::{AgentId, CallId, CampaignId, TrunkId};
use crate::domain::object::object;
use crate::domain::phone::{E164, LastDigits};
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;

// For the OpenAPI document: what `list` answers.
/// A page of calls, newest first.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct CallList {
    /// Each as it was when the page was requested; Get a call returns more.
    pub calls: Vec<crate::app::views::call::ListedCall<'static>>,
    /// Pass it as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
}

// For the OpenAPI document: what `live` answers.
/// A trunk's live calls.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct LiveCalls {
    /// The trunk that was asked about.
    #[schema(format = "uuid")]
    pub sip_trunk_id: String,
    /// How many of its channels are in use.
    pub in_use: u32,
    /// How many it has.
    pub max_channels: u32,
    /// How many calls wait for a channel.
    pub waiting: u32,
    /// The calls that hold a channel.
    pub calls: Vec<LiveCall>,
    /// The breakers that are open: agents that broke off three answered calls in a row, whose further calls over this trunk
    /// get 502 until one probe succeeds.
    pub agent_breakers: Vec<AgentBreaker>,
}

/// An agent whose calls a trunk holds back.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct AgentBreaker {
    /// The agent that broke off.
    #[schema(format = "uuid")]
    pub agent_id: String,
    /// When the next call may probe whether the agent is back. In the past if no call has come since, or while one is
    /// probing.
    #[schema(format = DateTime)]
    pub retry_at: String,
}

/// A call that holds a channel.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct LiveCall {
    /// The call's UUID.
    #[schema(format = "uuid")]
    pub call_id: String,
    /// Where it is.
    pub call_status: CallStatus,
    /// The number called.
    pub phone_number: String,
    /// When it took its channel.
    #[schema(format = DateTime)]
    pub since: String,
}

/// `GET /calls/{call_id}/status`.
///
/// # Errors
/// No such call.
pub async fn status(api: &impl Api, caller: &KeyRecord, call: &str) -> Result<Response, Refusal> {
    let id = CallId::verify(call, &api.secrets().id_key).ok_or(Refusal::CallNotFound)?;
    let tag = id.address().tag;
    let reader = permit::to_ask(api, caller, tag).await?;
    let told = ask(api, tag, command::Status(reader, id)).await;
    match told.map_err(unreached)?? {
        Some(StatusOf::Status(json)) => Ok(Response::json_text(200, json)),
        Some(StatusOf::Call(call)) => {
            let status = StatusView::of(&call, api.now(), api.settings());
            Ok(Response::json(200, &status))
        }
        None => Err(Refusal::CallNotFound),
    }
}

/// `GET /calls/{call_id}`.
///
/// # Errors
/// No such call.
pub async fn detail(api: &impl Api, caller: &KeyRecord, call: &str) -> Result<Response, Refusal> {
    let call = ask_about(api, caller, call, super::read).await?;
    Ok(Response::json(
        200,
        &DetailedCall::of(&call, api.now(), api.settings()),
    ))
}

/// What calls are asked for by.
const KNOWN: [&str; 11] = [
    "call_status",
    "agent_id",
    "sip_trunk_id",
    "phone_number",
    "phone_suffix",
    "scheduled",
    "campaign_id",
    "failure_code",
    "disposition",
    "created_after",
    "created_before",
];

/// `GET /calls`: newest first, over all trunks, including deleted ones.
///
/// # Errors
/// A parameter that is unknown or has an invalid value.
pub async fn list(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let mut page = Page::read(request, &KNOWN)?;
    let (calls, until) = look(api, caller, &mut page, None).await?;
    let items = calls
        .into_iter()
        .map(|call| (call.id.to_string(), call.item));
    Ok(page.answer_of_texts("calls", items.collect(), until))
}

/// `GET /calls.csv`: the same as a file.
///
/// # Errors
/// As for the list.
pub async fn export(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    csv::begin(api, caller, request).await
}

/// The calls of a page, or of a piece of a file, among those that existed at some moment; possibly one more than it shows. Also
/// where the search for more ended early.
async fn look(
    api: &impl Api,
    caller: &KeyRecord,
    page: &mut Page,
    snapshot: Option<Timestamp>,
) -> Result<(Vec<Shown>, Option<String>), Refusal> {
    let mut among = Among::read(page)?;
    let mut filter = filter(page)?;
    let only = page.parsed("sip_trunk_id", "a UUID", |text| {
        text.parse::<TrunkId>().ok()
    })?;
    let trunks = own_trunks(api, caller).await?;
    let asked = among.whom(trunks, only, api.settings().trunks_at_once);
    if let Some(snapshot) = snapshot {
        let before = filter.created_before.unwrap_or(snapshot);
        filter.created_before = Some(before.min(snapshot));
        page.limit = csv::piece(asked.len());
    }
    filter.limit = page.limit + 1;
    let command = command::List(reader(caller), filter);
    let (now, settings) = (api.now(), api.settings());
    let mut found = Vec::new();
    ask_all(api, CONNECTIONS, &asked, command, |listed| {
        found.push(match listed {
            Listed::Shown(found) => found,
            // From an object of the previous release.
            Listed::Calls(Scan { calls, until }) => {
                let shown = calls.iter().map(|call| Shown::of(call, now, settings));
                let calls = shown.collect();
                Scan { calls, until }
            }
        });
        Ok(())
    })
    .await?;
    let Scan { calls, until } = among.conclude(found, page.limit + 1);
    let until = among.goes_on.or(until.map(|id| id.to_string()));
    Ok((calls, until))
}

/// The longest disposition to filter by, in characters.
const MAX_DISPOSITION: usize = 200;
const DISPOSITION: &str = "1 to 200 characters";

/// What a failure's code must be.
fn failure_codes() -> String {
    let names = FailureCode::ALL.map(|(_, name)| name);
    format!("one of {}", names.join(", "))
}

/// A list's filter; the number of calls wanted is set later.
fn filter(page: &Page) -> Result<CallFilter, Refusal> {
    let statuses = CallStatus::ALL.map(CallStatus::as_str).join(", ");
    Ok(CallFilter {
        status: page.any_of(
            "call_status",
            &format!("one of {statuses}"),
            CallStatus::parse,
        )?,
        agent: page.parsed("agent_id", "a UUID", |text| text.parse::<AgentId>().ok())?,
        phone: page.parsed("phone_number", "in E.164 format", E164::parse_decoded)?,
        phone_ends: page.parsed("phone_suffix", "4 to 15 digits", LastDigits::parse)?,
        scheduled: page.parsed("scheduled", "true or false", |text| match text {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        })?,
        campaign: page.parsed("campaign_id", "a UUID", |text| {
            text.parse::<CampaignId>().ok()
        })?,
        failure: page.parsed("failure_code", &failure_codes(), FailureCode::parse)?,
        disposition: page.parsed("disposition", DISPOSITION, |text| {
            let length = text.chars().count();
            (1..=MAX_DISPOSITION)
                .contains(&length)
                .then(|| text.to_owned())
        })?,
        created_after: page.time("created_after")?,
        created_before: page.time("created_before")?,
        before: page
            .after
            .as_deref()
            .map(|text| text.parse::<CallId>().map_err(|_| bad_cursor()))
            .transpose()?,
        limit: 0,
        scan_limit: SCAN_LIMIT,
        shown: true,
    })
}

/// `GET /sip-trunks/{id}/live`.
///
/// # Errors
/// No such trunk.
pub async fn live(api: &impl Api, caller: &KeyRecord, trunk: &str) -> Result<Response, Refusal> {
    let trunk = own_trunk(api, caller, trunk).await?;
    let (mut rows, mut from) = (Vec::new(), 0);
    let (waiting, held_back) = loop {
        let command = command::LiveFrom(reader(caller), from);
        let slice = ask(api, trunk.id.tag(), command).await;
        let slice = slice.map_err(unreached)?;
        rows.extend(slice.calls.iter().map(|call| {
            object! {
                "call_id": call.id,
                "call_status": value(&call.status),
                "phone_number": value(&call.phone),
                "since": iso8601::format(call.since),
            }
        }));
        match slice.next.filter(|next| *next > from) {
            Some(next) => from = next,
            None => break (slice.waiting, slice.held_back),
        }
    };
    let breakers: Vec<_> = held_back
        .iter()
        .map(|(agent, at)| object! {"agent_id": *agent, "retry_at": iso8601::format(*at)})
        .collect();
    let body = object! {
        "sip_trunk_id": trunk.id,
        "in_use": rows.len(),
        "max_channels": trunk.max_channels,
        "waiting": waiting,
        "calls": rows,
        "agent_breakers": breakers,
    };
    Ok(Response::json(200, &body))
}

/// A trunk of the caller's organisation.
///
/// # Errors
/// No such trunk.
pub async fn own_trunk(
    api: &impl Api,
    caller: &KeyRecord,
    trunk: &str,
) -> Result<TrunkRecord, Refusal> {
    let id = trunk
        .parse::<TrunkId>()
        .map_err(|_| Refusal::TrunkNotFound)?;
    let trunks = own_trunks(api, caller).await?;
    trunks
        .into_iter()
        .find(|trunk| trunk.id == id && !trunk.deleted)
        .ok_or(Refusal::TrunkNotFound)
}
