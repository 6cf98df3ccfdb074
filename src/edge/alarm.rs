//! An object's one alarm, in its storage.

use worker::State;

use super::log::log;
use super::platform::{self, now};
use crate::app::alarm::Alarm;
use crate::app::telemetry::{Event, Text};
use crate::domain::time::Timestamp;

/// Wakes the object at `due`, or earlier. Returns whether that took a write.
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
