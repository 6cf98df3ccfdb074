//! The OpenAPI description of placing a call.

use serde_json::json;

use super::TOO_LONG_FILLED;
use super::answer::{DryRun, NotNow, RejectedCall, TriggeredCall};
use super::fields::{IGNORE_HOURS, NO_WINDOW, TIME_ZONE, TOO_FAR, TriggerCall};
use super::redial;
use crate::app::description::reference::idempotency_key;
use crate::app::description::refusals::{must, no_time};
use crate::app::description::{Description, Schema, answer, ok};
use crate::app::description::{examples, notification};
use crate::app::target::WHOLE_URL;
use crate::app::views::call::{FullNotification, Notification};
use crate::domain::refusal::Refusal;

pub fn trigger() -> Description {
    let dry_run = ok::<TriggeredCall>(
        "A dry run: what would happen. Nothing was created.",
        json!({"dry_run": true, "would": "trigger", "reason": null, "number": examples::number()}),
    );
    Description::new(
        "Calls",
        "Trigger a call",
        "Dispatches a single outbound AI call. The call is queued immediately and your agent starts the conversation when \
         the recipient answers. A refused call (429) stays readable under its `call_id`. A call with a `not_before` \
         in the future is scheduled: it takes up no channel and counts towards no rate limit, and when it is due it \
         waits its turn as with `on_capacity: queue`. If it has not been dialed by its `not_after`, it ends \
         `Rejected — Capacity` if nothing but capacity was lacking, and `Trigger Failed` (`window_closed`) \
         otherwise. A call that arrives while calling hours are closed is scheduled for the next opening, or refused \
         (409), as their `on_closed` says; one that finds them closed when it is about to be dialed waits for the \
         next opening, if that is before its `not_after`. With `redial`, a call that ends with one of its codes is \
         followed by another: a call of its own, which is checked like any scheduled call and counts towards \
         `max_calls_per_day` on the day on which it is due (if that day is full, it waits for the next). This goes \
         on until somebody is reached, the attempts are used up, or \
         `not_after` has come.",
        answer::<TriggeredCall>(201, "Call accepted.", examples::triggered()),
    )
    .also(dry_run, [])
    .shape::<DryRun>()
    .query([idempotency_key(
        "Repeating the same body with the same key within 24 hours returns the first response and starts nothing. A \
        key belongs to its organisation and its SIP trunk: with another `sip_trunk_id` it counts as a new key. \
        Requests with the same key that arrive at the same moment are answered one after the other.",
    )])
    .body::<TriggerCall>(examples::trigger())
    .tells_quota()
    .refused_as(409, Schema::of::<NotNow>(), examples::not_now)
    .refused_as(429, Schema::of::<RejectedCall>(), examples::rejected)
    .callbacks(notification::callbacks())
    .shape::<Notification<'static>>()
    .shape::<FullNotification<'static>>()
    .refuses(refusals().into_iter().chain(redial::describe::redial()))
}

fn refusals() -> [Refusal; 44] {
    let [no_start, no_start_zone] = no_time("not_before");
    let [no_end, no_end_zone] = no_time("not_after");
    [
        Refusal::IdempotencyKeyInvalid,
        Refusal::IdempotencyKeyReused,
        Refusal::Invalid("on_capacity must be reject or queue".into()),
        Refusal::Invalid("max_wait_seconds must be a whole number from 1 to 86400".into()),
        Refusal::Invalid("dry_run must be true or false".into()),
        Refusal::Invalid(TIME_ZONE.into()),
        Refusal::Invalid(IGNORE_HOURS.into()),
        no_start,
        no_start_zone,
        must("not_before", TOO_FAR),
        no_end,
        no_end_zone,
        must("not_after", NO_WINDOW),
        Refusal::Required("phone_number"),
        Refusal::PhoneNotE164,
        Refusal::Required("agent_id"),
        Refusal::NotAUuid("agent_id"),
        Refusal::Required("sip_trunk_id"),
        Refusal::NotAUuid("sip_trunk_id"),
        Refusal::MetadataNotObject,
        Refusal::MetadataTooLarge,
        Refusal::UrlInvalid("callback_url"),
        Refusal::UrlPrivate("callback_url"),
        Refusal::UrlAddress("callback_url"),
        must("callback_url", WHOLE_URL),
        Refusal::OrganisationSuspended,
        Refusal::AgentNotFound,
        Refusal::AgentInactive,
        Refusal::MetadataMissing(vec!["X".into(), "Y".into()]),
        Refusal::Invalid(TOO_LONG_FILLED.into()),
        Refusal::TrunkNotFound,
        Refusal::TrunkInactive,
        Refusal::ImpossibleNumber,
        Refusal::DestinationNotAllowed,
        Refusal::NumberSuppressed,
        Refusal::ChannelsExhausted,
        Refusal::RateExceeded,
        Refusal::OutsideCallingHours,
        Refusal::TimeZoneUnknown,
        Refusal::ContactLimitReached,
        Refusal::TooManyScheduled,
        Refusal::DailyLimitReached,
        Refusal::DialerUnavailable,
        Refusal::AgentUnavailable,
    ]
}
