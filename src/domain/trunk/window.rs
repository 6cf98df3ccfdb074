//! A sliding window: how many things happened within the last second.

use std::collections::VecDeque;

use crate::domain::planted::{Fault, planted};
use crate::domain::sorting::oldest_first;
use crate::domain::time::{Span, Timestamp};

const SECOND: Span = Span(1000);

/// The times of the latest events, oldest first.
///
/// Exact: between an event and the `max`-th after it at least a full second passes, so no window of
/// one second, wherever it begins, holds more than `max`.
#[derive(Clone, Debug, Default)]
pub struct Window(VecDeque<Timestamp>);

impl Window {
    /// A window that has already seen these events.
    #[must_use]
    pub fn of(mut times: Vec<Timestamp>) -> Self {
        oldest_first(&mut times, |at| at.0.into());
        Self(times.into())
    }

    fn used(&self, now: Timestamp) -> usize {
        self.0
            .iter()
            .rev()
            .take_while(|at| **at + SECOND > now)
            .count()
    }

    /// How many more events `now` has room for.
    #[must_use]
    pub fn room(&self, now: Timestamp, max: u32) -> usize {
        let max = max as usize + usize::from(planted(Fault::PacingOffByOne));
        max.saturating_sub(self.used(now))
    }

    /// The first moment from `now` on that has room for an event.
    #[must_use]
    pub fn next_free(&self, now: Timestamp, max: u32) -> Timestamp {
        if self.room(now, max) > 0 {
            return now;
        }
        let nth_newest = self
            .0
            .len()
            .checked_sub(max as usize)
            .and_then(|at| self.0.get(at));
        nth_newest.map_or(now, |at| *at + SECOND)
    }

    /// The moments from `now` on at which the next `max` events have room; each further event has room a second after one of these.
    #[must_use]
    pub fn slots(&self, now: Timestamp, max: u32) -> Vec<Timestamp> {
        let (room, max) = (self.room(now, max), max as usize);
        let used = self
            .0
            .iter()
            .skip(self.0.len().saturating_sub(max - room.min(max)));
        let free = std::iter::repeat_n(now, room);
        free.chain(used.map(|at| *at + SECOND)).collect()
    }

    /// Counts an event. Forgets those that no window reaches any more.
    pub fn push(&mut self, now: Timestamp) {
        self.book(now, now);
    }

    /// Counts an event that will happen at `at`, `now` or later.
    pub fn book(&mut self, at: Timestamp, now: Timestamp) {
        while self.0.front().is_some_and(|at| *at + SECOND <= now) {
            self.0.pop_front();
        }
        // In order, though after a restart the clock may be behind what the rows remember.
        let place = self.0.partition_point(|known| *known <= at);
        self.0.insert(place, at);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_event_of_a_clock_that_went_back_hides_none_that_came_before_it() {
        let mut window = Window::of(vec![Timestamp(5_000), Timestamp(5_100)]);
        window.push(Timestamp(3_000));
        assert_eq!(window.room(Timestamp(5_500), 2), 0);
        assert_eq!(window.room(Timestamp(6_100), 2), 2);
    }

    proptest! {
        #[test]
        fn no_window_of_a_second_holds_more_than_max(steps in proptest::collection::vec(0u64..400, 1..300), max in 1u32..8) {
            let (mut window, mut now, mut taken) = (Window::default(), Timestamp(0), Vec::new());
            for step in steps {
                now = now + Span(step);
                if window.room(now, max) > 0 {
                    window.push(now);
                    taken.push(now.0);
                }
            }
            for pair in taken.windows(max as usize + 1) {
                prop_assert!(pair[max as usize] - pair[0] >= 1000);
            }
        }

        #[test]
        fn the_next_slots_are_as_soon_as_can_be_and_no_more_in_a_second(steps in proptest::collection::vec(0u64..400, 0..40), max in 1u32..8) {
            let (mut window, mut now) = (Window::default(), Timestamp(5_000));
            for step in steps {
                now = now + Span(step);
                if window.room(now, max) > 0 {
                    window.push(now);
                }
            }
            let slots = window.slots(now, max);
            prop_assert_eq!(slots.len(), max as usize);
            for slot in slots {
                prop_assert_eq!(window.next_free(now, max), slot);
                window.book(slot, now);
            }
        }

        #[test]
        fn what_is_told_to_wait_has_room_then_and_not_before(steps in proptest::collection::vec(0u64..300, 1..100), max in 1u32..5) {
            let (mut window, mut now) = (Window::default(), Timestamp(0));
            for step in steps {
                now = now + Span(step);
                let free = window.next_free(now, max);
                prop_assert!(window.room(free, max) > 0);
                prop_assert!(free == now || window.room(free - Span(1), max) == 0);
                if free == now {
                    window.push(now);
                }
            }
        }
    }
}
