//! When an object must set its alarm: one alarm an object, and each one set is billed as a row.

use std::cell::Cell;

use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};

/// How late an alarm may come before it counts as lost: nobody must wait for it any longer.
const LATE: Span = Span(10_000);

/// What an object knows of its pending alarm.
#[derive(Default)]
pub struct Alarm(Cell<Option<Timestamp>>);

impl Alarm {
    /// It fired: none is pending.
    pub fn fired(&self) {
        if !planted(Fault::AlarmNotRearmed) {
            self.0.set(None);
        }
    }

    /// It could not be set: none is pending, as far as anyone knows.
    pub fn failed(&self) {
        self.0.set(None);
    }

    /// Whether an alarm must be set for `due`: none is pending that comes as early. Notes it as set.
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
