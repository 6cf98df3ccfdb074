//! Calls as clients see them. Field order is the reference's.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::app::iso8601;
use crate::app::json::value;
use crate::app::views::delivery::DeliveryView;
use crate::domain::call::{
    AnsweredBy, Call, CallStatus, Failure, FailureCode, FailureSource, Schedule, ScheduleReason,
    Slot, TimelineEntry,
};
use crate::domain::callback::EventType;
use crate::domain::ids::CallId;
use crate::domain::media_link::link;
use crate::domain::settings::Settings;
use crate::domain::time::Timestamp;
use crate::domain::tokens::link::MediaKind;

/// A call's state and outcome.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusView<'a> {
    /// The call's UUID.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid"))]
    id: CallId,
    /// The number called, in E.164 format.
    phone_number: &'a str,
    /// Current status.
    call_status: CallStatus,
    /// Stop polling when this is true: no further status changes will occur.
    is_terminal: bool,
    /// True if the call was answered but has not been updated in over 10 minutes (`STALLED_AFTER_SECONDS`).
    stalled: bool,
    /// The result of the conversation; its shape depends on the agent. Null if the call did not connect.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    call_outcome: Option<&'a Value>,
    /// Length of the conversation in whole seconds; null for unanswered calls.
    duration: Option<u64>,
    /// When the recipient answered.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    start_timestamp: Option<String>,
    /// When the call ended.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    end_timestamp: Option<String>,
    /// Link to the call's transcript, if enabled.
    transcript_url: Option<String>,
    /// Link to the call's recording, if enabled.
    recording_url: Option<String>,
    /// When the call last changed.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    last_updated: String,
}

impl<'a> StatusView<'a> {
    /// The call as it is at `now`.
    #[must_use]
    pub fn of(call: &'a Call, now: Timestamp, settings: &Settings) -> Self {
        Self {
            id: call.id,
            phone_number: call.request.phone.as_str(),
            call_status: call.status,
            is_terminal: call.status.is_terminal(),
            stalled: call.is_stalled(now, settings),
            call_outcome: call.outcome.as_ref().filter(|_| call.status.is_terminal()),
            duration: call.duration_secs(),
            start_timestamp: call.answered_at.map(iso8601::format),
            end_timestamp: call.ended_at.map(iso8601::format),
            transcript_url: link(call, MediaKind::Transcript, settings)
                .or_else(|| call.transcript_url.clone()),
            recording_url: link(call, MediaKind::Recording, settings)
                .or_else(|| call.recording_url.clone()),
            last_updated: iso8601::format(call.updated_at),
        }
    }
}

/// A call, as lists show it.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ListedCall<'a> {
    #[serde(flatten)]
    status: StatusView<'a>,
    /// The agent that talks.
    #[cfg_attr(feature = "openapi", schema(format = "uuid"))]
    agent_id: String,
    /// The trunk it goes through.
    #[cfg_attr(feature = "openapi", schema(format = "uuid"))]
    sip_trunk_id: String,
    /// When it was accepted or refused.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    created_at: String,
    /// When it was handed to the carrier; null while it waits, and if it never was.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    dialed_at: Option<String>,
    /// Who picked up, as the agent judged it, once the call is terminal; null when nobody did.
    answered_by: Option<AnsweredBy>,
    /// Why the call failed, or was ended before its time.
    failure: Option<FailureView>,
    /// Which attempt it is, and of how many; null for a call without `redial`.
    redial: Option<RedialView>,
    /// The campaign it belongs to; null for any other call.
    #[cfg_attr(feature = "openapi", schema(format = "uuid"))]
    campaign_id: Option<String>,
    /// The `reference` of the campaign's recipient; null for any other call.
    reference: Option<&'a str>,
}

/// A call's place among the attempts to reach somebody.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct RedialView {
    /// Which attempt it is, from 1.
    attempt: u32,
    /// The maximum number of attempts.
    max_attempts: u32,
    /// The first attempt: the call whose id `POST /calls` returned.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid"))]
    first_call_id: CallId,
    /// The previous attempt; null for the first.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = "uuid"))]
    previous_call_id: Option<CallId>,
    /// The next attempt; null while there is none.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = "uuid"))]
    next_call_id: Option<CallId>,
}

impl RedialView {
    fn of(call: &Call) -> Option<Self> {
        if let Some(own) = call.request.campaign.as_deref() {
            return (own.max_attempts > 1).then(|| Self {
                attempt: own.attempt,
                max_attempts: own.max_attempts,
                first_call_id: own.first.unwrap_or(call.id),
                previous_call_id: own.previous,
                next_call_id: own.next,
            });
        }
        let (series, redial) = (call.series?, call.request.redial.as_ref()?);
        Some(Self {
            attempt: series.attempt,
            max_attempts: redial.max_attempts,
            first_call_id: series.first,
            previous_call_id: series.previous,
            next_call_id: series.next,
        })
    }
}

impl<'a> ListedCall<'a> {
    /// The call as it is at `now`.
    #[must_use]
    pub fn of(call: &'a Call, now: Timestamp, settings: &Settings) -> Self {
        let campaign = call.request.campaign.as_deref();
        Self {
            status: StatusView::of(call, now, settings),
            agent_id: call.request.agent.id.to_string(),
            sip_trunk_id: call.request.trunk.to_string(),
            created_at: iso8601::format(call.created_at()),
            dialed_at: call.dialed_at.map(iso8601::format),
            answered_by: call.answered_by(),
            failure: call.final_failure().map(FailureView::from),
            redial: RedialView::of(call),
            campaign_id: campaign.map(|own| own.id.to_string()),
            reference: campaign.map(|own| own.reference.as_str()),
        }
    }
}

/// All that is known of a call.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DetailedCall<'a> {
    #[serde(flatten)]
    listed: ListedCall<'a>,
    /// The call's own metadata, null when none was given.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    metadata: Option<&'a Map<String, Value>>,
    /// The call's history, oldest first.
    timeline: Vec<TimelineView>,
    /// The state of its callback; null without a `callback_url` and until the call ends.
    callback: Option<DeliveryView<'a>>,
    /// When it may be dialed, and when it will be; null for a call that may be dialed at any time.
    schedule: Option<ScheduleView>,
}

/// When a call may be dialed, and when it will be.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct ScheduleView {
    /// Not before this time; null when none was given, or it had passed.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    not_before: Option<String>,
    /// Not at this time or later.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    not_after: String,
    /// The time it was last scheduled for; null when it never was.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    scheduled_for: Option<String>,
    /// The time zone in which calling hours were closed; null if they were not.
    time_zone: Option<String>,
    /// Why it was scheduled for that time.
    reason: Option<ScheduleReason>,
}

impl ScheduleView {
    fn of(call: &Call) -> Option<Self> {
        let Schedule { window, slot, .. } = call.schedule?;
        let by_hours = |slot: &Slot| slot.reason == ScheduleReason::CallingHours;
        let closed_in = call
            .closed_in
            .as_ref()
            .filter(|_| slot.as_ref().is_some_and(by_hours));
        Some(Self {
            not_before: window.not_before.map(iso8601::format),
            not_after: iso8601::format(window.not_after),
            scheduled_for: slot.map(|slot| iso8601::format(slot.at)),
            time_zone: closed_in.map(|zone| zone.as_str().to_owned()),
            reason: slot.map(|slot| slot.reason),
        })
    }
}

impl<'a> DetailedCall<'a> {
    /// The call as it is at `now`.
    #[must_use]
    pub fn of(call: &'a Call, now: Timestamp, settings: &Settings) -> Self {
        Self {
            listed: ListedCall::of(call, now, settings),
            metadata: call.request.metadata.as_ref(),
            timeline: call
                .timeline()
                .into_iter()
                .map(TimelineView::from)
                .collect(),
            callback: call
                .callback
                .as_ref()
                .map(|delivery| DeliveryView::of(delivery, Some(call.id))),
            schedule: ScheduleView::of(call),
        }
    }
}

/// Why a call failed.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FailureView {
    /// Who made it fail.
    source: FailureSource,
    /// Why, for machines.
    code: FailureCode,
    /// Why, for people.
    message: &'static str,
    /// The carrier's SIP status, when it sent one.
    sip_status_code: Option<u16>,
}

/// `X-Audatec-Failure` of a call's notification: `source/code`.
#[must_use]
pub fn failure_header(failure: &Failure) -> String {
    let (source, code) = (value(&failure.source()), value(&failure.code));
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!("{}/{}", word(&source), word(&code))
}

impl From<Failure> for FailureView {
    fn from(failure: Failure) -> Self {
        Self {
            source: failure.source(),
            code: failure.code,
            message: failure.message(),
            sip_status_code: failure.sip_status_code,
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct TimelineView {
    /// When it happened.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    at: String,
    /// `accepted`, `scheduled`, `queued`, `dialing`, `ringing`, `answered`, `ended`, `rejected` or `callback_attempt`.
    event: &'static str,
    /// More about it.
    detail: Option<String>,
}

impl From<TimelineEntry> for TimelineView {
    fn from(entry: TimelineEntry) -> Self {
        Self {
            at: iso8601::format(entry.at),
            event: entry.event,
            detail: entry.detail,
        }
    }
}

/// What is sent to a `callback_url`.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Notification<'a> {
    /// What happened.
    #[cfg_attr(feature = "openapi", schema(inline))]
    event: EventType,
    /// The call it is about.
    #[cfg_attr(feature = "openapi", schema(format = "uuid"))]
    call_id: String,
    /// Its final status.
    call_status: CallStatus,
    /// The result of the conversation; null if the call did not connect.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    call_outcome: Option<&'a Value>,
    /// Length of the conversation in whole seconds.
    duration: Option<u64>,
    /// Link to the call's transcript, if enabled.
    transcript_url: Option<String>,
    /// Link to the call's recording, if enabled.
    recording_url: Option<String>,
    /// The call's own metadata.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    metadata: Option<&'a Map<String, Value>>,
    /// When the call ended.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    occurred_at: String,
}

/// What is sent to a `callback_url` if `callback_detail` is `full`.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FullNotification<'a> {
    #[serde(flatten)]
    notification: Notification<'a>,
    /// The number called, in E.164 format.
    phone_number: &'a str,
    /// The agent that talked, or would have talked.
    #[cfg_attr(feature = "openapi", schema(format = "uuid"))]
    agent_id: String,
    /// Why the call failed, or was ended before its time.
    failure: Option<FailureView>,
    /// Who picked up, as the agent judged it; null when nobody did.
    answered_by: Option<AnsweredBy>,
    /// The campaign it belongs to; null for a call of its own.
    #[cfg_attr(feature = "openapi", schema(format = "uuid"))]
    campaign_id: Option<String>,
    /// What the campaign calls its recipient; null for a call of its own.
    reference: Option<&'a str>,
    /// Which attempt it is, and of how many; null for a call without `redial`.
    redial: Option<RedialView>,
}

impl<'a> FullNotification<'a> {
    /// The notification of a call's end with more of it; `None` before it.
    #[must_use]
    pub fn of(call: &'a Call, settings: &Settings) -> Option<Self> {
        let campaign = call.request.campaign.as_deref();
        let redial = RedialView::of(call).map(|redial| RedialView {
            // A campaign's next attempt may be made between two attempts of this notification.
            next_call_id: redial.next_call_id.filter(|_| campaign.is_none()),
            ..redial
        });
        Some(Self {
            notification: Notification::of(call, settings)?,
            phone_number: call.request.phone.as_str(),
            agent_id: call.request.agent.id.to_string(),
            failure: call.final_failure().map(FailureView::from),
            answered_by: call.answered_by(),
            campaign_id: campaign.map(|own| own.id.to_string()),
            reference: campaign.map(|own| own.reference.as_str()),
            redial,
        })
    }
}

impl<'a> Notification<'a> {
    /// The notification of a call's end; `None` before it. Made from fields that no longer change,
    /// so that each attempt sends the same bytes.
    #[must_use]
    pub fn of(call: &'a Call, settings: &Settings) -> Option<Self> {
        Some(Self {
            event: call.status.event()?,
            call_id: call.id.to_string(),
            call_status: call.status,
            call_outcome: call.outcome.as_ref(),
            duration: call.duration_secs(),
            transcript_url: link(call, MediaKind::Transcript, settings)
                .or_else(|| call.transcript_url.clone()),
            recording_url: link(call, MediaKind::Recording, settings)
                .or_else(|| call.recording_url.clone()),
            metadata: call.request.metadata.as_ref(),
            occurred_at: iso8601::format(call.ended_at?),
        })
    }
}
