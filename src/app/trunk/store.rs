//! A trunk's rows, as its object needs them.

use serde_json::Value;

use super::position::{FeedNotes, LateTransition};
use super::{CallFilter, DeliveryFilter, IdempotencyRecord, Scan, TrunkActor};
use crate::app::messages::Expired;
use crate::domain::call::Call;
use crate::domain::contacts::Told;
use crate::domain::ids::CallId;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::Timestamp;
use crate::domain::trunk::{
    Brief, Changed, DayCount, DueCallback, Kept, Place, RedialCount, Rows, ScheduledRow,
};
use crate::domain::usage::{Hour, HourUsage};
use crate::domain::vitals::Seen;
use serde_json::Map;
use std::cell::Cell;

/// A row could not be read or written; the cause is logged where it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreFailed;

/// The rows found, and the one at which the search continues, if it has not ended.
pub type Looked = Result<(Vec<u64>, Option<u64>), StoreFailed>;

/// When a call was accepted, and dialed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// When it was accepted, by its id.
    pub at: Timestamp,
    /// When it was dialed, if it was.
    pub dialed_at: Option<Timestamp>,
    /// A recent call that a campaign handed over; for older ones this is not needed, and false.
    pub of_campaign: bool,
}

/// An object's rows. Synchronous: writes with no await between them are one commit.
pub trait TrunkStore {
    /// The directory's last brief.
    fn brief(&self) -> Result<Option<Brief>, StoreFailed>;
    /// Stores the directory's brief.
    fn put_brief(&self, brief: &Brief) -> Result<(), StoreFailed>;
    /// All open calls, and those with a callback attempt in progress: those marked late, and any from `recent` on.
    fn open_calls(&self, recent: CallId, each: &mut dyn FnMut(OpenRow)) -> Result<(), StoreFailed>;
    /// When the calls from `from` on were accepted (except refused ones) and dialed, as far as either was at `since` or later.
    fn starts(&self, from: CallId, since: Timestamp) -> Result<Vec<Start>, StoreFailed>;
    /// The newest call.
    fn newest(&self) -> Result<Option<CallId>, StoreFailed>;
    /// Writes these calls' rows. A new row gets the metadata that its call came with; an existing one keeps its own.
    fn put(&self, calls: Vec<CallRow>) -> Result<(), StoreFailed>;
    /// One call, without its metadata.
    fn get(&self, call: CallId) -> Result<Option<Call>, StoreFailed>;
    /// The same by its row: see [`CallId::row`].
    fn get_at(&self, row: u64) -> Result<Option<Call>, StoreFailed>;
    /// A call's metadata.
    fn metadata(&self, call: CallId) -> Result<Option<Map<String, Value>>, StoreFailed>;
    /// See [`Rows::due_callbacks`].
    fn due_callbacks(
        &self,
        after: (Timestamp, u64),
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueCallback>, StoreFailed>;
    /// See [`Rows::next_callback`].
    fn next_callback(&self, after: Timestamp) -> Result<Option<Timestamp>, StoreFailed>;
    /// See [`Rows::scheduled`].
    fn scheduled(
        &self,
        from: (Timestamp, u64),
        limit: usize,
    ) -> Result<Vec<ScheduledRow>, StoreFailed>;
    /// See [`Rows::count_scheduled`].
    fn count_scheduled(&self) -> Result<usize, StoreFailed>;
    /// See [`Rows::scheduled_to`].
    fn scheduled_to(&self, told: &Told, from: u64, limit: usize) -> Result<Vec<u64>, StoreFailed>;
    /// What is remembered of an `Idempotency-Key`.
    fn remembered(&self, key: &str) -> Result<Option<IdempotencyRecord>, StoreFailed>;
    /// Stores what is remembered of an `Idempotency-Key`, and removes some of those used before `forget_before`.
    fn remember(
        &self,
        key: &str,
        what: &IdempotencyRecord,
        forget_before: Timestamp,
    ) -> Result<(), StoreFailed>;
    /// What was said in a call.
    fn transcript(&self, call: CallId) -> Result<Option<Value>, StoreFailed>;
    /// Stores what was said in a call, unless something is stored already.
    fn put_transcript(&self, call: CallId, lines: &Value) -> Result<(), StoreFailed>;
    /// Where the recording of a call is.
    fn recording(&self, call: CallId) -> Result<Option<String>, StoreFailed>;
    /// Stores where the recording of a call is.
    fn put_recording(&self, call: CallId, location: &str) -> Result<(), StoreFailed>;
    /// Closed calls, newest first, among the newest `filter.scan_limit` rows below its ceiling.
    fn closed(&self, filter: &CallFilter) -> Result<Scan, StoreFailed>;
    /// Closed calls from before `before`, oldest first: at most `limit` of them, each as its row has it and with its transcript.
    fn expired(&self, before: CallId, limit: usize) -> Result<Vec<Expired>, StoreFailed>;
    /// Closed calls that were refused, from row `from` on and below `before`: at most `limit` of them, and the row after the last
    /// one looked at, if there may be more.
    fn refused(
        &self,
        from: u64,
        before: u64,
        limit: usize,
    ) -> Result<(Vec<Expired>, Option<u64>), StoreFailed>;
    /// The row before which all refused calls have left, as last stored.
    fn refused_gone(&self) -> Result<u64, StoreFailed> {
        Ok(0)
    }
    /// Stores the row before which all refused calls have left.
    fn put_refused_gone(&self, _: u64) -> Result<(), StoreFailed> {
        Ok(())
    }
    /// The row through which campaigns' calls have left: if one up to there has no row, nobody can say that it never had one.
    fn campaigns_gone(&self) -> Result<u64, StoreFailed>;
    /// Stores the row through which they have left.
    fn put_campaigns_gone(&self, through: u64) -> Result<(), StoreFailed>;
    /// How many calls were accepted on a day, as last stored.
    fn day(&self) -> Result<DayCount, StoreFailed>;
    /// Stores the day's count.
    fn put_day(&self, day: &DayCount) -> Result<(), StoreFailed>;
    /// See [`Rows::accepted_from`].
    fn accepted_from(&self, from: u64) -> Result<u32, StoreFailed>;
    /// See [`Rows::redialed`].
    fn redialed(&self) -> Result<RedialCount, StoreFailed>;
    /// Stores that count.
    fn put_redialed(&self, count: &RedialCount) -> Result<(), StoreFailed>;
    /// How many bytes are in use.
    fn used_bytes(&self) -> u64;
    /// The oldest call.
    fn oldest(&self) -> Result<Option<CallId>, StoreFailed>;
    /// Calls from one row to before another, oldest first, except those in progress: at most `limit`, without metadata.
    fn calls_from(&self, from: u64, to: u64, limit: usize) -> Result<Vec<Call>, StoreFailed>;
    /// Those of these calls that [`TrunkStore::forget`] removes.
    fn calls_that_leave(&self, calls: &[CallId]) -> Result<Vec<Call>, StoreFailed>;
    /// What is stored of the first hour from this one on for which anything is.
    fn next_usage(&self, hour: Hour) -> Result<Option<(Hour, HourUsage)>, StoreFailed>;
    /// What is stored of an hour.
    fn usage(&self, hour: Hour) -> Result<Option<HourUsage>, StoreFailed> {
        let next = self.next_usage(hour)?;
        Ok(next
            .filter(|(known, _)| *known == hour)
            .map(|(_, usage)| usage))
    }
    /// Stores that.
    fn put_usage(&self, hour: Hour, usage: &HourUsage) -> Result<(), StoreFailed>;
    /// Rows, oldest first, whose numbers end in these digits, from at most `limit` rows between two; and the row at which the
    /// search continues, if it has not ended.
    fn ending_in(&self, digits: &str, between: (u64, u64), limit: usize) -> Looked;
    /// Removes the idempotency records of the requests that placed these calls.
    fn forget_answers(&self, calls: &[CallId]) -> Result<(), StoreFailed>;
    /// Removes calls, and everything stored beside them.
    fn forget(&self, calls: &[CallId]) -> Result<(), StoreFailed>;
    /// When others were last heard from, as last stored.
    fn seen(&self) -> Result<Seen, StoreFailed> {
        Ok(Seen::default())
    }
    /// Stores when others were last heard from.
    fn put_seen(&self, _: &Seen) -> Result<(), StoreFailed> {
        Ok(())
    }
    /// The row of the first call from this row on whose callback is still to be delivered, among at most `limit` rows; and the
    /// row after the last one looked at.
    fn undelivered(&self, from: u64, limit: usize) -> Result<(Option<u64>, u64), StoreFailed>;
    /// Closed calls that have a callback, newest first, from at most as many rows as the filter allows.
    fn closed_deliveries(&self, filter: &DeliveryFilter) -> Result<Scan, StoreFailed>;
    /// What is stored for the feed.
    fn feed_notes(&self) -> Result<Option<FeedNotes>, StoreFailed>;
    /// Replaces what is stored for the feed.
    fn put_feed_notes(&self, notes: &FeedNotes) -> Result<(), StoreFailed>;
    /// At most `limit` rows of closed calls from row `from` on, oldest first: those whose newest transition is not before
    /// `since`, and the row after the last one looked at, if there may be more.
    fn told_since(
        &self,
        from: u64,
        since: Timestamp,
        limit: usize,
    ) -> Result<FeedScan, StoreFailed>;
    /// The row this many rows before the first that is newer than `at`; if there are fewer, the oldest row or 0.
    fn rows_before(&self, at: Timestamp, rows: usize) -> Result<u64, StoreFailed>;
    /// Adds transitions to the live feed's log, and removes some of those from before `forget_before`.
    fn log_transitions(
        &self,
        transitions: &[LateTransition],
        forget_before: Timestamp,
    ) -> Result<(), StoreFailed>;
    /// The log from this place on, up to a moment, exclusive, in order: at most `limit` transitions.
    fn logged_transitions(
        &self,
        from: (Timestamp, u64),
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<LateTransition>, StoreFailed>;
    /// Whether all rows are as this release writes them.
    fn is_complete(&self) -> bool {
        true
    }
    /// Some calls, with their metadata, whose rows the previous release wrote: to be migrated.
    fn legacy_slice(&self, _limit: usize) -> Result<Vec<Call>, StoreFailed> {
        Ok(Vec::new())
    }
}

/// Some of the closed calls, for the feed's history.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeedScan {
    /// In row order.
    pub calls: Vec<Call>,
    /// Where the search continues; `None` if it reached the newest row.
    pub goes_on: Option<u64>,
}

/// A call to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRow {
    /// The whole call, stored as JSON.
    pub call: Call,
    /// Where it is found again.
    pub place: Place,
}

/// A row that an object reads when it is loaded.
#[derive(Clone, Debug)]
pub enum OpenRow {
    /// An open call's.
    Kept(Kept),
    /// That of a call with a callback attempt in progress, if the flag is set, or of one that the previous release wrote.
    Whole(Box<Call>, bool),
}

impl OpenRow {
    pub(super) fn start(&self) -> (CallId, Option<Timestamp>) {
        match self {
            Self::Kept(kept) => (kept.id(), kept.dialed_at()),
            Self::Whole(call, _) => (call.id, call.dialed_at),
        }
    }
}

/// A store as decisions read it. A failed read makes the step void.
pub(super) struct Reading<'a, S> {
    store: &'a S,
    failed: Cell<bool>,
}

impl<'a, S: TrunkStore> Reading<'a, S> {
    pub fn new(store: &'a S) -> Self {
        Self {
            store,
            failed: Cell::new(false),
        }
    }

    fn take<T: Default>(&self, read: Result<T, StoreFailed>) -> T {
        self.failed.set(self.failed.get() || read.is_err());
        read.unwrap_or_default()
    }

    /// Whether everything requested could be read.
    pub fn finish(&self) -> Result<(), StoreFailed> {
        match self.failed.get() {
            true => Err(StoreFailed),
            false => Ok(()),
        }
    }
}

impl<S: TrunkStore> Rows for Reading<'_, S> {
    fn call(&self, id: CallId) -> Option<Call> {
        self.take(self.store.get(id))
    }

    fn call_at(&self, row: u64) -> Option<Call> {
        self.take(self.store.get_at(row))
    }

    fn due_callbacks(
        &self,
        after: (Timestamp, u64),
        until: Timestamp,
        limit: usize,
    ) -> Vec<DueCallback> {
        self.take(self.store.due_callbacks(after, until, limit))
    }

    fn next_callback(&self, after: Timestamp) -> Option<Timestamp> {
        self.take(self.store.next_callback(after))
    }

    fn scheduled(&self, from: (Timestamp, u64), limit: usize) -> Vec<ScheduledRow> {
        self.take(self.store.scheduled(from, limit))
    }

    fn count_scheduled(&self) -> usize {
        self.take(self.store.count_scheduled())
    }

    fn scheduled_to(&self, told: &Told, from: u64, limit: usize) -> Vec<u64> {
        self.take(self.store.scheduled_to(told, from, limit))
    }

    fn campaigns_gone(&self) -> u64 {
        self.take(self.store.campaigns_gone())
    }

    fn day(&self) -> DayCount {
        self.take(self.store.day())
    }

    fn accepted_from(&self, row: u64) -> u32 {
        self.take(self.store.accepted_from(row))
    }

    fn redialed(&self) -> RedialCount {
        self.take(self.store.redialed())
    }
}

/// When a trunk last ran, by its newest call; if a failed write left only that, by the call that it follows.
pub(super) fn admitted_before(
    store: &impl TrunkStore,
    newest: CallId,
) -> Result<Timestamp, StoreFailed> {
    let series = store.get(newest)?.and_then(|call| call.series);
    if let Some(before) = series.and_then(|series| series.previous)
        && let Some(call) = store.get(before)?
        && call.series.and_then(|series| series.next) != Some(newest)
    {
        return Ok(call.created_at());
    }
    Ok(newest.address().at)
}

/// When calls were recently accepted: campaigns' calls, or others.
pub(super) fn accepted_since(
    starts: &[Start],
    since: Timestamp,
    of_campaign: bool,
) -> Vec<Timestamp> {
    let accepted = starts
        .iter()
        .filter(|_| !planted(Fault::WindowNotRestored))
        .filter(|start| start.of_campaign == of_campaign && start.at >= since);
    accepted.map(|start| start.at).collect()
}

impl TrunkActor {
    /// Writes what a step changed: calls, and the brief if agents' breakers have changed.
    pub(super) fn write(
        &self,
        store: &impl TrunkStore,
        changed: Vec<Changed>,
        with_brief: bool,
    ) -> Result<(), StoreFailed> {
        let mut rows = Vec::with_capacity(changed.len());
        for changed in changed {
            let Changed { mut call, .. } = changed;
            if let Some(before) = changed.follows {
                call.request.metadata = store.metadata(before)?;
            }
            let place = self.trunk.place(&mut call, changed.stood_at);
            rows.push(CallRow { place, call });
        }
        let changed = rows;
        if !changed.is_empty()
            && let Err(failed) = store.put(changed)
            && !planted(Fault::AnsweredUnwritten)
        {
            return Err(failed);
        }
        match self.trunk.brief().filter(|_| with_brief) {
            Some(brief) => store.put_brief(brief),
            None => Ok(()),
        }
    }
}
