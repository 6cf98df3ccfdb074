//! The response to `POST /calls`.

use serde::Serialize;

use crate::app::http::Response;
use crate::app::iso8601;
use crate::app::views::number::NumberView;
use crate::domain::call::FailureCode;
use crate::domain::ids::CallId;
use crate::domain::refusal::Refusal;
use crate::domain::time::{Span, Timestamp};
use crate::domain::trunk::{Admission, Quota, Verdict};

/// When to retry where no opening is in sight,
const NEVER: Span = Span::from_secs(86_400);
/// and where pending calls decide when a number may be called again.
const PENDING: Span = Span::from_secs(10);

/// The response to an accepted call (201): `call_id`, `status` and `poll_url`. To a dry run (200): the other fields.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TriggeredCall {
    /// The call's UUID.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid"))]
    call_id: CallId,
    /// `triggered`, `queued` when it waits for capacity, or `scheduled` when it is dialed later.
    status: &'static str,
    /// Where to poll for the call's status.
    poll_url: String,
    /// When a scheduled call is due; only for such a call.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime, nullable = false))]
    scheduled_for: Option<String>,
}

/// The response to a call that was refused for lack of capacity.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RejectedCall {
    /// What was exhausted.
    error: String,
    /// The UUID under which the refused call stays readable.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid"))]
    call_id: CallId,
    /// `rejected`.
    status: &'static str,
}

/// The response to a call that may not be placed now.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NotNow {
    /// What went wrong: why the call may not be placed now.
    error: String,
    /// When calling hours open next; null when that is not within 400 days. Only present if they are closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    opens_at: Option<Option<String>>,
    /// When the number may be called again; null while that depends on pending calls. Only present if a contact limit
    /// was reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    next_allowed_at: Option<Option<String>>,
}

/// The answer to a dry run.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DryRun {
    /// True: nothing was created.
    dry_run: bool,
    /// `trigger`, `queue`, `schedule` or `reject`.
    would: &'static str,
    /// Why it would not be triggered at once.
    reason: Option<String>,
    /// When it would be due. Only present if it would be scheduled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime, nullable = false))]
    scheduled_for: Option<String>,
    /// What the number reveals.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = NumberView))]
    number: Option<NumberView>,
    /// Keys that the agent's `script` or its voicemail's `message` name as `{{key}}` and that `metadata` has no value for:
    /// these would stay as they are. Only present if there are any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown_keys: Vec<String>,
}

/// The response to a request for a call.
pub fn answer(admission: Admission, now: Timestamp) -> Response {
    match admission {
        Admission::Accepted { call, quota } => created(call, "triggered", None, quota),
        Admission::Queued { call, quota } => created(call, "queued", None, quota),
        Admission::Scheduled { call, at, quota } => created(call, "scheduled", Some(at), quota),
        Admission::Closed { opens_at } => closed(opens_at, now),
        Admission::Limited { next_allowed_at } => limited(next_allowed_at, now),
        Admission::ZoneUnknown => Refusal::TimeZoneUnknown.into(),
        Admission::Down {
            retry_after_secs,
            is_agent,
        } => down(retry_after_secs, is_agent),
        Admission::Rejected {
            call,
            code,
            retry_after_secs,
            quota,
        } => {
            let refusal = exhausted(code);
            let body = RejectedCall {
                error: refusal.text(),
                call_id: call,
                status: "rejected",
            };
            let response = Response::json(refusal.status(), &body)
                .with_header("X-Error-Code", refusal.code())
                .with_header("Retry-After", retry_after_secs.to_string());
            with_quota(response, quota)
        }
    }
}

/// The breaker of the dialer or the agent is open: nothing was created.
fn down(retry_after_secs: u64, is_agent: bool) -> Response {
    let mut response = Response::from(match is_agent {
        true => Refusal::AgentUnavailable,
        false => Refusal::DialerUnavailable,
    });
    response.headers.retain(|(name, _)| *name != "Retry-After");
    response.with_header("Retry-After", retry_after_secs.to_string())
}

/// Calling hours are closed until `opens_at`: nothing was created.
fn closed(opens_at: Option<Timestamp>, now: Timestamp) -> Response {
    let body = NotNow {
        error: Refusal::OutsideCallingHours.text(),
        opens_at: Some(opens_at.map(iso8601::format)),
        next_allowed_at: None,
    };
    let again = opens_at.unwrap_or(now + NEVER);
    not_now(Refusal::OutsideCallingHours, &body, again, now)
}

/// Its number may be called again at `next_allowed_at`: nothing was created.
fn limited(next_allowed_at: Option<Timestamp>, now: Timestamp) -> Response {
    let body = NotNow {
        error: Refusal::ContactLimitReached.text(),
        opens_at: None,
        next_allowed_at: Some(next_allowed_at.map(iso8601::format)),
    };
    let again = next_allowed_at.unwrap_or(now + PENDING);
    not_now(Refusal::ContactLimitReached, &body, again, now)
}

fn not_now(refusal: Refusal, body: &NotNow, again: Timestamp, now: Timestamp) -> Response {
    let wait = (again - now).as_secs_ceil().max(1);
    Response::json(refusal.status(), body)
        .with_header("X-Error-Code", refusal.code())
        .with_header("Retry-After", wait.to_string())
}

fn created(
    call: CallId,
    status: &'static str,
    scheduled_for: Option<Timestamp>,
    quota: Quota,
) -> Response {
    let poll_url = format!("/integration/v1/calls/{call}/status");
    with_quota(
        Response::json(
            201,
            &TriggeredCall {
                call_id: call,
                status,
                poll_url,
                scheduled_for: scheduled_for.map(iso8601::format),
            },
        ),
        quota,
    )
}

/// Adds the trunk's figures, in the format of draft-ietf-httpapi-ratelimit-headers.
fn with_quota(response: Response, quota: Quota) -> Response {
    let Quota {
        channels,
        channels_left,
        cps,
        cps_left,
    } = quota;
    response
        .with_header(
            "RateLimit-Policy",
            format!(r#""channels";q={channels}, "cps";q={cps};w=1"#),
        )
        .with_header(
            "RateLimit",
            format!(r#""channels";r={channels_left}, "cps";r={cps_left}"#),
        )
}

/// A response that was given before.
pub fn replay(admission: Admission, now: Timestamp) -> Response {
    answer(admission, now).with_header("Idempotent-Replayed", "true")
}

/// The response to a dry run: a refusal that is not about capacity is returned as such.
pub fn answer_dry(
    verdict: Verdict,
    mut number: Option<NumberView>,
    unknown_keys: Vec<String>,
    now: Timestamp,
) -> Response {
    let mut scheduled_for = None;
    let (would, reason) = match verdict {
        Verdict::Go => ("trigger", None),
        Verdict::Wait { code, .. } => ("queue", Some(exhausted(code).text())),
        Verdict::Refuse { code, .. } => ("reject", Some(exhausted(code).text())),
        Verdict::Schedule {
            at,
            reason,
            next_allowed_at,
        } => {
            scheduled_for = Some(iso8601::format(at));
            if let Some(number) = &mut number {
                number.next_allowed_at = next_allowed_at.map(iso8601::format);
            }
            ("schedule", Some(reason.as_str().to_owned()))
        }
        Verdict::Down {
            retry_after_secs,
            is_agent,
        } => return down(retry_after_secs, is_agent),
        Verdict::Closed { opens_at } => return closed(opens_at, now),
        Verdict::Limited { next_allowed_at } => return limited(next_allowed_at, now),
        Verdict::ZoneUnknown => return Refusal::TimeZoneUnknown.into(),
    };
    Response::json(
        200,
        &DryRun {
            dry_run: true,
            would,
            reason,
            scheduled_for,
            number,
            unknown_keys,
        },
    )
}

fn exhausted(code: FailureCode) -> Refusal {
    match code {
        FailureCode::RateExceeded => Refusal::RateExceeded,
        FailureCode::ScheduleFull => Refusal::TooManyScheduled,
        FailureCode::DailyLimitReached => Refusal::DailyLimitReached,
        _ => Refusal::ChannelsExhausted,
    }
}
