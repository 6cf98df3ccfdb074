//! When an object must set its alarm: each object has one, and each time it is set is billed as a row.

use std::cell::Cell;

use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};

/// How late an alarm may come before it counts as lost: nobody must wait for it any longer.
const LATE: Span = Span(10_000);

/// What an object knows of its pending alarm, and whether one has fired since it was loaded.
#[derive(Default)]
pub struct Alarm(Cell<Option<Timestamp>>, Cell<bool>);

impl Alarm {
    /// It fired: none is pending.
    pub fn fired(&self) {
        self.1.set(true);
        if !planted(Fault::AlarmNotRearmed) {
            self.0.set(None);
        }
    }

    /// Whether an object with something to do must have one pending: it is new (`is_new`), or has set none since it was loaded.
    pub fn is_awaited(&self, is_new: bool) -> bool {
        self.0.get().is_some() || is_new && !self.1.get()
    }

    /// It could not be set: as far as anyone knows, none is pending.
    pub fn failed(&self) {
        self.0.set(None);
    }

    /// Whether an alarm must be set for `due`, because none that early is pending. Notes it as set.
    pub fn wants(&self, due: Timestamp, now: Timestamp) -> bool {
        let may_come = |pending| now <= pending + LATE || planted(Fault::LostAlarmAwaited);
        let early = |pending: Timestamp| pending <= due && may_come(pending);
        if self.0.get().is_some_and(early) {
            return false;
        }
        self.0.set(Some(due));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_is_awaited_that_was_set_and_has_not_fired() {
        let alarm = Alarm::default();
        assert!(alarm.is_awaited(true), "a life before this one set it");
        assert!(!alarm.is_awaited(false));
        alarm.wants(Timestamp(5_000), Timestamp(0));
        assert!(alarm.is_awaited(false));
        alarm.fired();
        assert!(!alarm.is_awaited(true));
    }

    #[test]
    fn an_alarm_is_set_when_the_time_moves_earlier_or_the_pending_one_is_lost() {
        let alarm = Alarm::default();
        assert!(alarm.wants(Timestamp(5_000), Timestamp(0)));
        assert!(!alarm.wants(Timestamp(6_000), Timestamp(0)));
        assert!(alarm.wants(Timestamp(4_000), Timestamp(0)));
        assert!(
            !alarm.wants(Timestamp(20_000), Timestamp(14_000)),
            "it may still come"
        );
        assert!(
            alarm.wants(Timestamp(20_000), Timestamp(14_001)),
            "it never will"
        );
        alarm.fired();
        assert!(alarm.wants(Timestamp(30_000), Timestamp(20_000)));
        alarm.failed();
        assert!(alarm.wants(Timestamp(30_000), Timestamp(20_000)));
    }
}
