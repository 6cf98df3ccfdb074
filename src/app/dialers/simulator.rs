//! The simulated carrier as a dialer: the table of [`sandbox`](crate::domain::sandbox), asked about one order.

use crate::app::trunk::DialOrder;
use crate::domain::call::{InquiryResult, Timed};
use crate::domain::sandbox;
use crate::domain::settings::Settings;
use crate::domain::time::Timestamp;

/// Dials: returns all that is going to happen.
#[must_use]
pub fn dial(order: &DialOrder, now: Timestamp, settings: &Settings) -> Vec<Timed> {
    let request = &order.request;
    sandbox::dial(
        &request.phone,
        &request.agent.fields,
        request.metadata.as_ref(),
        now,
        settings,
    )
}

/// What has become of it.
#[must_use]
pub fn inquire(order: &DialOrder, now: Timestamp, settings: &Settings) -> InquiryResult {
    let request = &order.request;
    let DialOrder {
        dialed_at,
        ringing_at,
        answered_at,
        ..
    } = *order;
    let known = sandbox::CallTimes {
        dialed_at,
        ringing_at,
        answered_at,
    };
    sandbox::inquire(
        &request.phone,
        &request.agent.fields,
        request.metadata.as_ref(),
        known,
        now,
        settings,
    )
}
