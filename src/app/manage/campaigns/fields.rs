//! The fields of a campaign.

use serde_json::Value;

use crate::app::body::{self, Body};
use crate::app::calls::trigger::{find_agent, find_trunk, read_id, read_moment, read_redial};
use crate::app::http::Request;
use crate::app::json;
use crate::app::manage::hours::read_hours;
use crate::app::ports::Api;
use crate::app::target::check_target;
use crate::domain::access::KeyRecord;
use crate::domain::campaign::Plan;
use crate::domain::ids::{AgentId, TrunkId};
use crate::domain::refusal::Refusal;
use crate::domain::target::masked;
use crate::domain::time::{Span, Timestamp};

#[cfg(feature = "openapi")]
use crate::app::calls::trigger::RedialFields;
#[cfg(feature = "openapi")]
use crate::domain::calling_hours::CallingHours;

/// How far ahead the first call may be.
const FARTHEST: Span = Span::from_secs(30 * 86_400);
/// What the fields must be.
pub const TOO_FAR: &str = "at most 30 days ahead";
pub const NO_WINDOW: &str = "after not_before and in the future";
pub const CHANNELS: &str = "a whole number from 1 to 10000";
pub const CPS: &str = "a whole number from 1 to 1000";

// As the OpenAPI document describes it; `read` reads it. A change takes any subset.
/// The campaign to create.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct CreateCampaign {
    /// Display name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Who talks: an active agent.
    #[schema(format = "uuid")]
    pub agent_id: String,
    /// The trunk that its calls go out through: an active one.
    #[schema(format = "uuid")]
    pub sip_trunk_id: String,
    /// Where the result of each of its calls is POSTed, as with `callback_url` of `POST /calls`.
    pub callback_url: Option<String>,
    /// Where `campaign.completed` is POSTed once the campaign is completed or cancelled; the same rules apply.
    pub completion_url: Option<String>,
    /// Nobody is called before this time: ISO 8601 with its offset, at most 30 days ahead. A time in the past means at once.
    pub not_before: Option<String>,
    /// Nobody is called at this time or later: ISO 8601 with its offset, after `not_before` and in the future.
    /// Recipients not called by then end `expired`.
    pub not_after: Option<String>,
    /// When its phones may ring, within the organisation's and the agent's calling hours as well. Recipients wait for the
    /// next opening, whatever `on_closed` says.
    pub calling_hours: Option<CallingHours>,
    /// When a recipient is called again; once only if left out.
    pub redial: Option<RedialFields>,
    /// Its share of the trunk's channels: at most this many of its calls are in progress at once. The trunk's own
    /// limit applies as well, and is the share if left out.
    #[schema(minimum = 1, maximum = 10000)]
    pub max_channels: Option<u32>,
    /// Its share of the trunk's dials: at most this many per second. The trunk's own limit applies as well, and is
    /// the share if left out.
    #[schema(minimum = 1, maximum = 1000)]
    pub max_cps: Option<u32>,
}

/// Reads a campaign's settings; in a change, what is left out stays.
///
/// # Errors
/// The first field that is invalid; a newly chosen agent or trunk that does not exist or is not active.
pub async fn read(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    before: Option<&Plan>,
) -> Result<Plan, Refusal> {
    let mut body = Body::of(request)?;
    let plan = read_plan(api, request, &mut body, before)?;
    body.finish()?;
    if before.is_none_or(|before| before.agent != plan.agent) {
        find_agent(api, caller, plan.agent).await?;
    }
    if before.is_none_or(|before| before.trunk != plan.trunk) {
        find_trunk(api, caller, plan.trunk).await?;
    }
    Ok(plan)
}

fn read_plan(
    api: &impl Api,
    request: &Request,
    body: &mut Body,
    before: Option<&Plan>,
) -> Result<Plan, Refusal> {
    let name_before = before.map(|plan| plan.name.clone());
    let name = body.required("name", name_before, body::NAME, body::name)?;
    let agent: AgentId = id(body, "agent_id", before.map(|plan| plan.agent))?;
    let trunk: TrunkId = id(body, "sip_trunk_id", before.map(|plan| plan.trunk))?;
    let mut url = |field, was: fn(&Plan) -> &Option<String>| {
        let kept = before.and_then(|plan| was(plan).clone());
        if !body.has(field) {
            return Ok(kept);
        }
        let given = any(body, field)?;
        let text = |value: Value| body::text(value).ok_or(Refusal::UrlInvalid(field));
        let given = given.map(text).transpose()?;
        given
            .map(|url| read_url(api, request, field, &url, kept))
            .transpose()
    };
    let callback_url = url("callback_url", |plan| &plan.callback_url)?;
    let completion_url = url("completion_url", |plan| &plan.completion_url)?;
    let (not_before, not_after) = read_window(body, before, api.now())?;
    let hours = before.and_then(|plan| plan.hours.as_deref().cloned());
    let hours = read_hours(body, hours)?.map(Box::new);
    let redial = match body.has("redial") {
        true => any(body, "redial")?.map(read_redial).transpose()?,
        false => before.and_then(|plan| plan.redial.clone()),
    };
    let was = before.and_then(|plan| plan.max_channels);
    let max_channels = body.optional("max_channels", was, CHANNELS, |value| {
        u32::try_from(json::whole(&value, 1..=10_000)?).ok()
    })?;
    let was = before.and_then(|plan| plan.max_cps);
    let max_cps = body.optional("max_cps", was, CPS, |value| {
        u32::try_from(json::whole(&value, 1..=1_000)?).ok()
    })?;
    Ok(Plan {
        name,
        agent,
        trunk,
        callback_url,
        completion_url,
        not_before,
        not_after,
        hours,
        redial,
        max_channels,
        max_cps,
    })
}

/// A URL. One exactly as responses show it, with its password masked, means that it stays as it is.
fn read_url(
    api: &impl Api,
    request: &Request,
    field: &'static str,
    url: &str,
    kept: Option<String>,
) -> Result<String, Refusal> {
    if let Some(kept) = kept.filter(|kept| masked(kept).as_ref() == url) {
        return Ok(kept);
    }
    check_target(api, request, url, field)
}

/// A field as given; `None` for `null`.
fn any(body: &mut Body, name: &'static str) -> Result<Option<Value>, Refusal> {
    body.optional(name, None, "", Some)
}

fn id<T: std::str::FromStr>(
    body: &mut Body,
    name: &'static str,
    before: Option<T>,
) -> Result<T, Refusal> {
    match before.filter(|_| !body.has(name)) {
        Some(before) => Ok(before),
        None => read_id(any(body, name)?, name),
    }
}

/// When people are called. Values that are left out are not checked again: a campaign may be changed long after it began.
fn read_window(
    body: &mut Body,
    before: Option<&Plan>,
    now: Timestamp,
) -> Result<(Option<Timestamp>, Option<Timestamp>), Refusal> {
    let is_new = body.has("not_before") || body.has("not_after");
    let must = |field: &str, what: &str| Err(Refusal::Invalid(format!("{field} must be {what}")));
    let mut time = |field, was: Option<Timestamp>| match body.has(field) {
        true => any(body, field)?
            .map(|value| read_moment(field, &value))
            .transpose(),
        false => Ok(was),
    };
    let not_before = time("not_before", before.and_then(|plan| plan.not_before))?;
    let not_after = time("not_after", before.and_then(|plan| plan.not_after))?;
    if is_new && not_before.is_some_and(|at| at > now + FARTHEST) {
        return must("not_before", TOO_FAR);
    }
    let begins = not_before.unwrap_or(now).max(now);
    if is_new && not_after.is_some_and(|at| at <= begins) {
        return must("not_after", NO_WINDOW);
    }
    Ok((not_before, not_after))
}
