//! The body of `POST /calls`, read field by field before anything is looked up.

use serde_json::{Map, Value};

use super::redial::read_redial;
#[cfg(feature = "openapi")]
use crate::app::calls::trigger::redial::RedialFields;
use crate::app::directory::Permit;
use crate::app::http::Request;
use crate::app::page;
use crate::app::ports::Api;
use crate::app::target::check_target;
use crate::domain::call::Window;
use crate::domain::calling_hours::ZoneName;
use crate::domain::ids::{AgentId, TrunkId};
use crate::domain::phone::E164;
use crate::domain::redial::Redial;
use crate::domain::refusal::Refusal;
use crate::domain::time::{Span, Timestamp};
use crate::domain::to_json::to_json;
use crate::domain::trunk::OnCapacity;

/// The largest `metadata`, in bytes of JSON.
const MAX_METADATA: usize = 16_384;
const DEFAULT_WAIT: Span = Span::from_secs(3_600);
/// How long a series of attempts may last, from the acceptance on.
const SERIES: Span = Span::from_secs(7 * 86_400);
const MAX_WAIT_SECS: u64 = 86_400;
/// How far ahead a call may be scheduled.
const FARTHEST: Span = Span::from_secs(30 * 86_400);
/// What a time zone in a request must be.
pub const TIME_ZONE: &str = "time_zone must be an IANA time zone";
pub const IGNORE_HOURS: &str = "ignore_calling_hours must be true or false";
/// What `not_before` and `not_after` must be.
pub const TOO_FAR: &str = "at most 30 days ahead";
pub const NO_WINDOW: &str = "after not_before and in the future";

// As the OpenAPI document describes it; [`Fields::read`] reads it.
/// The call to place. Other fields are ignored.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct TriggerCall {
    /// The number to call, in E.164 format: `+919876543210` for India, `+14155552671` for the US.
    #[schema(pattern = r"^\+[1-9][0-9]{6,14}$")]
    pub phone_number: String,
    /// ID of the agent that will handle the call. Obtain from List Agents.
    #[schema(format = "uuid")]
    pub agent_id: String,
    /// ID of the trunk to place the call through. Obtain from List SIP Trunks.
    #[schema(format = "uuid")]
    pub sip_trunk_id: String,
    /// Per-call variables injected into the agent's conversation, at most 16384 bytes as JSON. Keys must match all
    /// entries in the agent's `input_schema.fields`; a `null` counts as missing, extra keys are passed on. Required if
    /// the agent has any fields defined.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Map<String, Value>>,
    /// Your HTTPS endpoint, a URL of at most 8192 bytes. The call result is POSTed here when the call reaches a terminal
    /// state; it must not point to a private address, and name a host rather than an IP address. White space around it is
    /// dropped. Credentials in it (`https://user:password@…`) are sent as HTTP Basic and shown nowhere.
    pub callback_url: Option<String>,
    /// What happens when the trunk has no capacity: `reject` (the default) answers 429, `queue` lets the call wait its
    /// turn.
    #[schema(value_type = Option<String>, pattern = "^(reject|queue)$")]
    pub on_capacity: Option<String>,
    /// The longest that a queued call waits, in seconds; 3600 by default.
    #[schema(minimum = 1, maximum = 86400)]
    pub max_wait_seconds: Option<u64>,
    /// Runs all checks and creates nothing: the answer says what would happen.
    pub dry_run: Option<bool>,
    /// The call is not dialed before this time: ISO 8601 with its offset, at most 30 days ahead. A time in the past means now.
    pub not_before: Option<String>,
    /// The call is not dialed at this time or later: ISO 8601 with its offset, after `not_before` and in the future.
    /// Defaults to `not_before` plus `max_wait_seconds` (3600); with `redial`, to 7 days from now.
    pub not_after: Option<String>,
    /// Where the phone is: an IANA time zone. Calling hours that apply in the callee's time zone then use this one.
    pub time_zone: Option<String>,
    /// Whether it may ring outside calling hours; needs an admin key, and is written to the audit log.
    pub ignore_calling_hours: Option<bool>,
    /// When the same person is called again, if this call does not reach them.
    pub redial: Option<RedialFields>,
}

/// The fields of a request for a call.
pub struct Fields {
    pub phone: E164,
    pub agent: AgentId,
    pub trunk: TrunkId,
    pub metadata: Option<Map<String, Value>>,
    pub callback_url: Option<String>,
    pub on_capacity: OnCapacity,
    pub dry_run: bool,
    pub window: Option<Window>,
    pub redial: Option<Redial>,
    /// How long the call may wait before it is dialed.
    pub waits: Span,
    pub time_zone: Option<ZoneName>,
    pub ignores_hours: bool,
}

impl Fields {
    /// Reads them.
    ///
    /// # Errors
    /// The first field, in the documented order, that is missing or invalid.
    pub fn read(
        api: &impl Api,
        request: &Request,
        mut body: Map<String, Value>,
    ) -> Result<Self, Refusal> {
        // null is the same as leaving a field out.
        let mut take = |field: &str| body.remove(field).filter(|value| !value.is_null());
        let phone = match take("phone_number") {
            None => Err(Refusal::Required("phone_number")),
            Some(Value::String(text)) if text.is_empty() => Err(Refusal::Required("phone_number")),
            Some(value) => value
                .as_str()
                .and_then(E164::parse)
                .ok_or(Refusal::PhoneNotE164),
        }?;
        let agent = read_id(take("agent_id"), "agent_id")?;
        let trunk = read_id(take("sip_trunk_id"), "sip_trunk_id")?;
        let metadata = take("metadata").map(read_metadata).transpose()?;
        let callback_url = take("callback_url")
            .map(|url| read_callback_url(api, request, url))
            .transpose()?;
        let queues = read_on_capacity(take("on_capacity"))?;
        let max_wait = take("max_wait_seconds").map(read_max_wait).transpose()?;
        let dry_run = read_flag(take("dry_run"), "dry_run must be true or false")?;
        let mut time = |field| {
            take(field)
                .map(|value| read_moment(field, &value))
                .transpose()
        };
        let (not_before, not_after) = (time("not_before")?, time("not_after")?);
        let time_zone = take("time_zone").map(read_zone).transpose()?;
        let ignores_hours = read_flag(take("ignore_calling_hours"), IGNORE_HOURS)?;
        let redial = take("redial").map(read_redial).transpose()?;
        let now = api.now();
        let lasts = redial.as_ref().map(|_| SERIES);
        let window = read_window(not_before, not_after, max_wait, lasts, now)?;
        let max_wait = max_wait.unwrap_or(DEFAULT_WAIT);
        let on_capacity = match queues {
            true => OnCapacity::Queue { max_wait },
            false => OnCapacity::Reject,
        };
        let waits = match (window, on_capacity) {
            (Some(window), _) => window.not_after - now,
            (None, OnCapacity::Queue { max_wait }) => max_wait,
            (None, OnCapacity::Reject) => Span(0),
        };
        Ok(Self {
            phone,
            agent,
            trunk,
            metadata,
            callback_url,
            on_capacity,
            dry_run,
            window,
            redial,
            waits,
            time_zone,
            ignores_hours,
        })
    }

    /// The permit the call may need from the directory.
    pub fn permit(&self) -> Permit {
        Permit {
            trunk: self.trunk.tag(),
            agent: Some(self.agent),
            waits: self.waits,
            refused: false,
            short: true,
        }
    }
}

fn read_on_capacity(on_capacity: Option<Value>) -> Result<bool, Refusal> {
    match on_capacity.as_ref().map(Value::as_str) {
        None | Some(Some("reject")) => Ok(false),
        Some(Some("queue")) => Ok(true),
        Some(_) => Err(Refusal::Invalid(
            "on_capacity must be reject or queue".into(),
        )),
    }
}

/// A boolean; `what` is the error if it is not one.
fn read_flag(value: Option<Value>, what: &str) -> Result<bool, Refusal> {
    let flag = value.map_or(Some(false), |value| value.as_bool());
    flag.ok_or_else(|| Refusal::Invalid(what.into()))
}

fn read_zone(value: Value) -> Result<ZoneName, Refusal> {
    let zone = value.as_str().and_then(ZoneName::parse);
    zone.ok_or_else(|| Refusal::Invalid(TIME_ZONE.into()))
}

fn read_max_wait(value: Value) -> Result<Span, Refusal> {
    let secs = crate::app::json::whole(&value, 1..=MAX_WAIT_SECS);
    secs.map(Span::from_secs).ok_or_else(|| {
        Refusal::Invalid(format!(
            "max_wait_seconds must be a whole number from 1 to {MAX_WAIT_SECS}"
        ))
    })
}

/// A moment. A date alone is not accepted, since nobody can tell where its day begins.
///
/// # Errors
/// It is not a moment.
pub fn read_moment(field: &'static str, value: &Value) -> Result<Timestamp, Refusal> {
    let text = value.as_str().unwrap_or_default();
    let is_date = text.len() == 10;
    let midnight = format!("{text}T00:00");
    page::read_time(field, if is_date { &midnight } else { text })
}

/// When the call may be dialed; `None` if at any time. A moment in the past means now. Without a `not_after`, it is tried for
/// `lasts` from now, or from `not_before` if that is later.
fn read_window(
    not_before: Option<Timestamp>,
    not_after: Option<Timestamp>,
    max_wait: Option<Span>,
    lasts: Option<Span>,
    now: Timestamp,
) -> Result<Option<Window>, Refusal> {
    let refusal = |field: &str, what| Refusal::Invalid(format!("{field} must be {what}"));
    if not_before.is_some_and(|at| at > now + FARTHEST) {
        return Err(refusal("not_before", TOO_FAR));
    }
    let not_before = not_before.filter(|at| *at > now);
    let begins = not_before.unwrap_or(now);
    if not_after.is_some_and(|at| at <= begins) {
        return Err(refusal("not_after", NO_WINDOW));
    }
    let own = max_wait.unwrap_or(DEFAULT_WAIT);
    Ok(match (not_before, not_after) {
        (None, None) if lasts.is_none() => None,
        (_, None) => Some(Window {
            not_before,
            not_after: match lasts {
                Some(lasts) if begins + own < now + lasts => now + lasts,
                Some(lasts) => begins + lasts,
                None => begins + own,
            },
            max_wait: own,
        }),
        // If an end is given but no longest wait, the call waits until that end.
        (_, Some(not_after)) => Some(Window {
            not_before,
            not_after,
            max_wait: max_wait.unwrap_or(not_after - begins),
        }),
    })
}

/// An id.
///
/// # Errors
/// It is missing, or not an id.
pub fn read_id<T: std::str::FromStr>(
    value: Option<Value>,
    field: &'static str,
) -> Result<T, Refusal> {
    match value {
        None => Err(Refusal::Required(field)),
        Some(Value::String(text)) if text.is_empty() => Err(Refusal::Required(field)),
        Some(value) => value
            .as_str()
            .and_then(|text| text.parse().ok())
            .ok_or(Refusal::NotAUuid(field)),
    }
}

fn read_metadata(value: Value) -> Result<Map<String, Value>, Refusal> {
    let Value::Object(metadata) = value else {
        return Err(Refusal::MetadataNotObject);
    };
    check_metadata(&metadata)?;
    Ok(metadata)
}

/// The JSON of a call's metadata.
///
/// # Errors
/// It is larger than a call may carry.
pub fn check_metadata(metadata: &Map<String, Value>) -> Result<String, Refusal> {
    let json = to_json(metadata).ok();
    let json = json.filter(|json| json.len() <= MAX_METADATA);
    json.ok_or(Refusal::MetadataTooLarge)
}

fn read_callback_url(api: &impl Api, request: &Request, value: Value) -> Result<String, Refusal> {
    let Value::String(url) = value else {
        return Err(Refusal::UrlInvalid("callback_url"));
    };
    check_target(api, request, &url, "callback_url")
}
