//! Deliveries as clients see them.

use std::borrow::Cow;

use serde::Serialize;

use crate::app::iso8601;
use crate::domain::callback::{Attempt, Delivery, DeliveryStatus, EventType};
use crate::domain::ids::CallId;
use crate::domain::target::masked;

/// A callback's delivery.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeliveryView<'a> {
    /// Its UUID, the `webhook-id` of each attempt.
    #[cfg_attr(feature = "openapi", schema(format = "uuid"))]
    id: String,
    /// The call whose result it delivers; null for a test event.
    #[cfg_attr(feature = "openapi", schema(format = "uuid"))]
    call_id: Option<String>,
    /// The event it reports.
    #[cfg_attr(feature = "openapi", schema(inline))]
    event: EventType,
    /// The receiver; secrets in its credentials are replaced by asterisks.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    url: Cow<'a, str>,
    /// Its status.
    status: DeliveryStatus,
    /// The attempts so far, oldest first.
    attempts: Vec<AttemptView<'a>>,
    /// When the next attempt is due.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    next_attempt_at: Option<String>,
    /// When the event happened.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    created_at: String,
}

impl<'a> DeliveryView<'a> {
    /// A delivery, and the call it belongs to.
    #[must_use]
    pub fn of(delivery: &'a Delivery, call: Option<CallId>) -> Self {
        Self {
            id: delivery.id.to_string(),
            call_id: call.map(|call| call.to_string()),
            event: delivery.event,
            url: masked(&delivery.url),
            status: delivery.status,
            attempts: delivery.attempts.iter().map(AttemptView::of).collect(),
            next_attempt_at: delivery.next_attempt_at.map(iso8601::format),
            created_at: iso8601::format(delivery.created_at),
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct AttemptView<'a> {
    /// When it began.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    at: String,
    /// The receiver's HTTP status, when it answered.
    status_code: Option<u16>,
    /// What went wrong, if there was no answer.
    error: Option<&'a str>,
    /// Milliseconds from request to status line.
    duration_ms: u64,
}

impl<'a> AttemptView<'a> {
    fn of(attempt: &'a Attempt) -> Self {
        Self {
            at: iso8601::format(attempt.at),
            status_code: attempt.status_code,
            error: attempt.error.as_deref(),
            duration_ms: attempt.duration_ms,
        }
    }
}
