//! How many calls a trunk accepted on a day, by UTC.
//!
//! A call counts on the day on which it is accepted. Nobody requests an attempt that follows another: it counts on the day
//! on which it is first due, and if that day is full, it waits for the next.

use super::day_count::{DAY, DayCount, RedialCount, day};
use super::{Step, Trunk};
use crate::domain::ids::{Address, CallId, TrunkTag};
use crate::domain::planted::{Fault, planted};
use crate::domain::redial::Series;
use crate::domain::time::Timestamp;

impl Trunk {
    /// If there is a limit, finds out how many calls the day has taken before anything is decided: what a row says about the
    /// day, plus the calls accepted on it in rows after that.
    pub fn know_day(&mut self, now: Timestamp, step: &mut Step<'_>) {
        if self.max_calls_per_day().is_none() || self.today.is_some() {
            return;
        }
        let at = self.next_at(now);
        let rows = step.rows();
        let noted = rows.day();
        let mut today = noted
            .clone()
            .without_unkept(|row| rows.call_at(row).is_some());
        let more = rows.accepted_from(today.goes_on_from(at));
        if day(at) != today.day || more > 0 {
            today = DayCount {
                day: day(at),
                accepted: today.on(at).saturating_add(more),
                last: self.last.map_or(0, |last| last.row()),
                handed: Vec::new(),
            };
        }
        if planted(Fault::DayForgotten) {
            today.accepted = 0;
        }
        step.day |= today != noted;
        self.today = Some(today);
    }

    /// The day's acceptances, as they are to be stored.
    #[must_use]
    pub fn today(&self) -> Option<&DayCount> {
        self.today.as_ref()
    }

    fn max_calls_per_day(&self) -> Option<u32> {
        self.brief.as_ref()?.config.max_calls_per_day
    }

    /// When the next call would be accepted, as its id would say.
    pub(super) fn next_at(&self, now: Timestamp) -> Timestamp {
        Address::next(self.last, now, TrunkTag::DIRECTORY).at
    }

    pub(super) fn count_today(&mut self, call: CallId, step: &mut Step<'_>) {
        if let Some(today) = &mut self.today {
            if !step.day {
                // They were counted in a commit that was kept.
                today.handed.clear();
            }
            today.count(call);
            step.day = true;
        }
    }

    /// The same for a call handed over by a campaign, which is counted before it is written.
    pub(super) fn count_handed(&mut self, call: CallId, step: &mut Step<'_>) {
        self.count_today(call, step);
        if let Some(today) = &mut self.today {
            today.handed.push(call.row());
        }
    }

    /// Seconds until the day is over, if it takes no further call.
    pub(super) fn day_wait(&mut self, now: Timestamp, step: &mut Step<'_>) -> Option<u64> {
        let midnight = self.full_until(now, step)?;
        Some((midnight - now).as_secs_ceil().max(1))
    }

    /// When the day is over, if it takes no further call.
    fn full_until(&mut self, now: Timestamp, step: &mut Step<'_>) -> Option<Timestamp> {
        let (most, at) = (self.max_calls_per_day()?, self.next_at(now));
        self.know_day(now, step);
        let accepted = self.today.as_ref().map_or(0, |today| today.on(at));
        let redialed = self.redialed(step).on(at);
        let midnight = Timestamp((day(at) + 1) * DAY.0);
        (accepted.saturating_add(redialed) >= most).then_some(midnight)
    }

    fn redialed(&mut self, step: &Step<'_>) -> &mut RedialCount {
        self.redialed.get_or_insert_with(|| step.rows().redialed())
    }

    /// The day's attempts that follow others, as they are to be stored.
    #[must_use]
    pub fn redialed_today(&self) -> Option<&RedialCount> {
        self.redialed.as_ref()
    }

    /// An attempt that follows another is due, and counts today, once.
    ///
    /// # Errors
    /// When the next day begins, if this one takes no further call.
    pub(super) fn counts_when_due(
        &mut self,
        id: CallId,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> Result<(), Timestamp> {
        let series = step.peek(id).and_then(|call| call.series);
        if series.is_none_or(Series::is_counted) || planted(Fault::RedialUncounted) {
            return Ok(());
        }
        if let Some(midnight) = self.full_until(now, step) {
            return Err(midnight);
        }
        let (at, rows) = (self.next_at(now), step.rows());
        let is_first = !std::mem::replace(&mut step.redialed, true);
        let known = self.redialed(step);
        if is_first {
            let is_kept = |row: &u64| {
                let series = rows.call_at(*row).and_then(|call| call.series);
                series.is_none_or(Series::is_counted)
            };
            known.rows.retain(|row| !is_kept(row));
        }
        known.count(id.row(), at);
        if let Some(series) = step.held(id).and_then(|held| held.call.series.as_mut()) {
            series.counted = true;
        }
        Ok(())
    }
}
