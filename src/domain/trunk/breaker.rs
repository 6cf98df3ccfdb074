//! The circuit breaker of a trunk's dialer, and of each agent: while it is open, calls are refused instead of accepted only to fail.
//!
//! Only failures of the dialer itself count. A busy line, a callee who declines, a carrier's error: all of
//! these show that the dialer works. The dialer's breaker is kept in memory only: after a restart it starts afresh.

use serde::{Deserialize, Serialize};

use crate::domain::ids::CallId;
use crate::domain::time::{Span, Timestamp};

/// How many failures in a row open it.
pub const FAILURES: u32 = 3;
/// How long it is open at first; each failed probe doubles that, up to [`OPEN_MAX`].
pub const OPEN_FIRST: Span = Span::from_secs(5);
/// The longest it stays open before the next probe.
pub const OPEN_MAX: Span = Span::from_secs(60);

/// Closed, open, or probing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    failures: u32,
    /// How long it was opened for, and until when; `None` while it is closed.
    open: Option<(Span, Timestamp)>,
    probe: Option<CallId>,
}

impl Breaker {
    /// Whether a call may go now. A probe that is no longer live, and on which the dialer did not report, makes room for
    /// another.
    ///
    /// # Errors
    /// The moment at which asking again makes sense.
    pub fn check(&self, now: Timestamp, is_live: impl Fn(CallId) -> bool) -> Result<(), Timestamp> {
        match self.open {
            None => Ok(()),
            Some((_, until)) if now < until => Err(until),
            Some(_) if self.probe.is_some_and(is_live) => Err(now + Span::from_secs(1)),
            Some(_) => Ok(()),
        }
    }

    /// While it is open: when it will be probed, or since when it is being probed.
    #[must_use]
    pub fn open_until(&self) -> Option<Timestamp> {
        self.open.map(|(_, until)| until)
    }

    /// The call that will show whether it still must be open, or the last that did.
    #[must_use]
    pub fn probe(&self) -> Option<CallId> {
        self.probe
    }

    /// A call goes to the dialer. After an open period it is the one probe.
    pub fn started(&mut self, call: CallId) {
        if self.open.is_some() {
            self.probe = Some(call);
        }
    }

    /// The dialer could not start a call.
    pub fn failed(&mut self, call: CallId, now: Timestamp) {
        match self.open {
            None => {
                self.failures += 1;
                if self.failures >= FAILURES {
                    self.open = Some((OPEN_FIRST, now + OPEN_FIRST));
                }
            }
            Some((before, _)) if self.probe == Some(call) => {
                let longer = (before + before).min(OPEN_MAX);
                self.open = Some((longer, now + longer));
                self.probe = None;
            }
            // A call accepted before it opened says nothing new.
            Some(_) => {}
        }
    }

    /// The dialer did its part of a call, however that ended.
    pub fn worked(&mut self, call: CallId) {
        if self.open.is_none() || self.probe == Some(call) {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(number: u64) -> CallId {
        CallId::floor(Timestamp(number))
    }

    fn live(_: CallId) -> bool {
        true
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::default();
        (1..=3).for_each(|number| breaker.failed(call(number), Timestamp(100)));
        breaker
    }

    #[test]
    fn three_failures_in_a_row_open_it_and_a_success_between_them_starts_the_count_anew() {
        let mut breaker = Breaker::default();
        breaker.failed(call(1), Timestamp(100));
        breaker.failed(call(2), Timestamp(100));
        breaker.worked(call(3));
        breaker.failed(call(4), Timestamp(100));
        breaker.failed(call(5), Timestamp(100));
        assert_eq!(breaker.check(Timestamp(100), live), Ok(()));
        breaker.failed(call(6), Timestamp(100));
        assert_eq!(breaker.check(Timestamp(100), live), Err(Timestamp(5_100)));
    }

    #[test]
    fn one_call_probes_at_a_time_and_its_success_closes_it() {
        let mut breaker = opened();
        assert_eq!(breaker.check(Timestamp(5_100), live), Ok(()));
        breaker.started(call(7));
        assert_eq!(breaker.check(Timestamp(5_100), live), Err(Timestamp(6_100)));
        breaker.worked(call(1)); // an old call says nothing of the present
        assert!(breaker.check(Timestamp(5_100), live).is_err());
        breaker.worked(call(7));
        assert_eq!(breaker.check(Timestamp(5_100), live), Ok(()));
    }

    #[test]
    fn each_failed_probe_doubles_the_wait_up_to_a_minute() {
        let mut breaker = opened();
        let mut now = Timestamp(5_100);
        for secs in [10, 20, 40, 60, 60] {
            breaker.started(call(9));
            breaker.failed(call(9), now);
            breaker.failed(call(8), now); // accepted before it opened
            assert_eq!(breaker.check(now, live), Err(now + Span::from_secs(secs)));
            now = now + Span::from_secs(secs);
        }
    }

    #[test]
    fn a_probe_that_ends_unheard_makes_room_for_another() {
        let mut breaker = opened();
        breaker.started(call(7));
        assert_eq!(breaker.check(Timestamp(5_100), |id| id != call(7)), Ok(()));
    }
}
