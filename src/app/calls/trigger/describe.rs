//! How the document tells of placing a call.

use serde_json::json;

use super::TOO_LONG_FILLED;
use super::answer::{DryRun, RejectedCall, TriggeredCall};
use super::fields::TriggerCall;
use crate::app::description::reference::idempotency_key;
use crate::app::description::{Description, Schema, answer, ok};
use crate::app::description::{examples, notification};
use crate::app::views::call::Notification;
use crate::domain::refusal::Refusal;

pub fn trigger() -> Description {
    let foretold = ok::<TriggeredCall>(
        "A dry run: what would happen. Nothing was created.",
        json!({"dry_run": true, "would": "trigger", "reason": null, "number": examples::number()}),
    );
    Description::new(
        "Calls",
        "Trigger a call",
        "Dispatches a single outbound AI call. The call is queued immediately and your agent starts the conversation when \
         the recipient answers. A refused call (429) stays readable under its `call_id`.",
        answer::<TriggeredCall>(201, "Call accepted.", examples::triggered()),
    )
    .also(foretold, [])
    .shape::<DryRun>()
    .query([idempotency_key(
        "Repeating the same body with the same key within 24 hours returns the first answer and starts nothing. A key \
         belongs to its organisation and its SIP trunk: with another `sip_trunk_id` it is a new one. Requests that arrive \
         at the same moment with one key are answered one after the other.",
    )])
    .body::<TriggerCall>(examples::trigger())
    .tells_quota()
    .refused_as(429, Schema::of::<RejectedCall>(), examples::rejected)
    .callbacks(notification::callbacks())
    .shape::<Notification<'static>>()
    .refuses(refusals())
}

fn refusals() -> [Refusal; 29] {
    [
        Refusal::IdempotencyKeyInvalid,
        Refusal::IdempotencyKeyReused,
        Refusal::Invalid("on_capacity must be reject or queue".into()),
        Refusal::Invalid("max_wait_seconds must be a whole number from 1 to 86400".into()),
        Refusal::Invalid("dry_run must be true or false".into()),
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
        Refusal::DialerUnavailable,
        Refusal::AgentUnavailable,
    ]
}
