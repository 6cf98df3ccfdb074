//! An object's one alarm, in its storage.

use worker::{ScheduledTime, Storage};

use super::log::log;
use super::platform::{failure, now};
use crate::app::alarm::Alarm;
use crate::app::telemetry::{Event, Text};
use crate::domain::time::Timestamp;

/// Wakes the object at `due`, or earlier. Returns whether that took a write.
pub async fn set(alarm: &Alarm, storage: &Storage, due: Timestamp) -> bool {
    if !alarm.wants(due, now()) {
        return false;
    }
    let at = ScheduledTime::new(js_sys::Date::new(&(due.0 as f64).into()));
    if let Err(error) = storage.set_alarm(at).await {
        log(&Event::AlarmNotSet {
            cause: Text(failure(&error)),
        });
        alarm.failed();
    }
    true
}
