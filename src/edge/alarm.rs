//! An object's single alarm, in its storage.

use worker::State;

use super::log::log;
use super::platform::{self, now};
use crate::app::alarm::Alarm;
use crate::app::telemetry::{Event, Text};
use crate::domain::time::Timestamp;

/// Sets the alarm so that the object wakes at `due` or earlier. Returns whether that took a write.
pub async fn set(alarm: &Alarm, object: &State, due: Timestamp) -> bool {
    if !alarm.wants(due, now()) {
        return false;
    }
    if let Err(error) = platform::set_alarm(object, due).await {
        log(&Event::AlarmNotSet {
            cause: Text(&platform::message(&error)),
        });
        alarm.failed();
    }
    true
}

/// Whether the alarm of an object that has work to do was lost; if so, the next `set` writes it again. It was not lost if the
/// object `is_new` in memory, as its alarm may be firing right now.
pub async fn is_lost(alarm: &Alarm, object: &State, is_new: bool) -> bool {
    let pending = platform::get_alarm(object).await;
    let has_none = pending.is_ok_and(|pending| pending.as_f64().is_none());
    let is_lost = has_none && alarm.is_awaited(is_new);
    if is_lost {
        alarm.failed();
    }
    is_lost
}
