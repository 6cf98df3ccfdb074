//! An object's one alarm: set only when the time moves earlier, or has passed.

use std::cell::Cell;

use worker::{ScheduledTime, Storage};

use crate::domain::time::Millis;

/// What is known of the alarm that is pending.
#[derive(Default)]
pub struct Alarm(Cell<Option<Millis>>);

impl Alarm {
    /// It fired: none is pending.
    pub fn fired(&self) {
        self.0.set(None);
    }

    /// Wakes the object at `due`, or earlier. Returns whether that took a write.
    pub async fn set(&self, storage: &Storage, due: Millis) -> bool {
        if self.0.get().is_some_and(|pending| pending <= due) {
            return false;
        }
        self.0.set(Some(due));
        let at = ScheduledTime::new(js_sys::Date::new(&(due.0 as f64).into()));
        if let Err(error) = storage.set_alarm(at).await {
            worker::console_error!("the alarm could not be set: {}", error.to_string());
            self.0.set(None);
        }
        true
    }
}
