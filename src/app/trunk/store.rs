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

/// A row could not be read or written; what it was is logged where it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreFailed;

/// Rows that were found, and the one at which the look goes on, if it came to no end.
pub type Looked = Result<(Vec<u64>, Option<u64>), StoreFailed>;

/// When a call was accepted, and dialed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// When it was accepted, as its id tells.
    pub at: Timestamp,
    /// When it was dialed, if it was.
    pub dialed_at: Option<Timestamp>,
    /// A campaign handed it over, lately: of older ones nobody asks.
    pub of_campaign: bool,
}

/// An object's rows. Synchronous: writes with no await between them are one commit.
pub trait TrunkStore {
    /// The directory's last word.
    fn brief(&self) -> Result<Option<Brief>, StoreFailed>;
    /// Keeps the directory's word.
    fn put_brief(&self, brief: &Brief) -> Result<(), StoreFailed>;
    /// All calls that are open, and those whose callback's attempt was out: those marked late, and among the ones from
    /// `recent` on.
    fn open_calls(&self, recent: CallId, each: &mut dyn FnMut(OpenRow)) -> Result<(), StoreFailed>;
    /// When the calls from `from` on were accepted (refused ones left out) and dialed, as far as either was at `since` or
    /// later.
    fn starts(&self, from: CallId, since: Timestamp) -> Result<Vec<Start>, StoreFailed>;
    /// The newest call.
    fn newest(&self) -> Result<Option<CallId>, StoreFailed>;
    /// Writes these calls' rows. Metadata is kept as a call came with it, and of one that has a row already left alone.
    fn put(&self, calls: Vec<CallRow>) -> Result<(), StoreFailed>;
    /// One call, without its metadata.
    fn get(&self, call: CallId) -> Result<Option<Call>, StoreFailed>;
    /// The same by its place: see [`CallId::row`].
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
    /// Remembers an `Idempotency-Key`, and forgets those used before `forget_before`.
    fn remember(
        &self,
        key: &str,
        what: &IdempotencyRecord,
        forget_before: Timestamp,
    ) -> Result<(), StoreFailed>;
    /// What was said in a call.
    fn transcript(&self, call: CallId) -> Result<Option<Value>, StoreFailed>;
    /// Keeps what was said in a call, unless something is kept already.
    fn put_transcript(&self, call: CallId, lines: &Value) -> Result<(), StoreFailed>;
    /// Where the recording of a call is.
    fn recording(&self, call: CallId) -> Result<Option<String>, StoreFailed>;
    /// Notes where the recording of a call is.
    fn put_recording(&self, call: CallId, location: &str) -> Result<(), StoreFailed>;
    /// Closed calls, newest first, among the newest `filter.scan_limit` rows below its ceiling.
    fn closed(&self, filter: &CallFilter) -> Result<Scan, StoreFailed>;
    /// Closed calls from before `before`, oldest first: at most `limit` of them, each as its row holds it and with what
    /// was said in it.
    fn expired(&self, before: CallId, limit: usize) -> Result<Vec<Expired>, StoreFailed>;
    /// Closed calls that were refused, from the place `from` on and below `before`: at most `limit` of them, and the place
    /// behind the last row that was looked at, when there may be more.
    fn refused(
        &self,
        from: u64,
        before: u64,
        limit: usize,
    ) -> Result<(Vec<Expired>, Option<u64>), StoreFailed>;
    /// Before which place all refused calls have left, as was last noted.
    fn refused_gone(&self) -> Result<u64, StoreFailed> {
        Ok(0)
    }
    /// Notes before which place all refused calls have left.
    fn put_refused_gone(&self, _: u64) -> Result<(), StoreFailed> {
        Ok(())
    }
    /// Through which place calls of campaigns have left: of one up to there that has no row, nobody can say that there was none.
    fn campaigns_gone(&self) -> Result<u64, StoreFailed>;
    /// Notes through which place they have.
    fn put_campaigns_gone(&self, through: u64) -> Result<(), StoreFailed>;
    /// How many calls were accepted on a day, as was last noted.
    fn day(&self) -> Result<DayCount, StoreFailed>;
    /// Keeps the day's count.
    fn put_day(&self, day: &DayCount) -> Result<(), StoreFailed>;
    /// See [`Rows::accepted_from`].
    fn accepted_from(&self, from: u64) -> Result<u32, StoreFailed>;
    /// See [`Rows::redialed`].
    fn redialed(&self) -> Result<RedialCount, StoreFailed>;
    /// Keeps that count.
    fn put_redialed(&self, count: &RedialCount) -> Result<(), StoreFailed>;
    /// How many bytes are in use.
    fn used_bytes(&self) -> u64;
    /// The oldest call.
    fn oldest(&self) -> Result<Option<CallId>, StoreFailed>;
    /// Calls from one place to before another, oldest first, but for those in progress: at most `limit`, without metadata.
    fn calls_from(&self, from: u64, to: u64, limit: usize) -> Result<Vec<Call>, StoreFailed>;
    /// Those of these calls that [`TrunkStore::forget`] removes.
    fn calls_that_leave(&self, calls: &[CallId]) -> Result<Vec<Call>, StoreFailed>;
    /// What is kept of the first hour from this one on of which anything is.
    fn next_usage(&self, hour: Hour) -> Result<Option<(Hour, HourUsage)>, StoreFailed>;
    /// What is kept of an hour.
    fn usage(&self, hour: Hour) -> Result<Option<HourUsage>, StoreFailed> {
        let next = self.next_usage(hour)?;
        Ok(next
            .filter(|(known, _)| *known == hour)
            .map(|(_, usage)| usage))
    }
    /// Keeps that.
    fn put_usage(&self, hour: Hour, usage: &HourUsage) -> Result<(), StoreFailed>;
    /// Rows, oldest first, whose numbers end in these digits, among so many between two rows; and the row at which the look goes
    /// on, if it came to no end.
    fn ending_in(&self, digits: &str, between: (u64, u64), limit: usize) -> Looked;
    /// Forgets what requests were answered by which these calls were placed.
    fn forget_answers(&self, calls: &[CallId]) -> Result<(), StoreFailed>;
    /// Removes calls, and all that is kept beside them.
    fn forget(&self, calls: &[CallId]) -> Result<(), StoreFailed>;
    /// When others were last heard of, as was last noted.
    fn seen(&self) -> Result<Seen, StoreFailed> {
        Ok(Seen::default())
    }
    /// Keeps when it was seen.
    fn put_seen(&self, _: &Seen) -> Result<(), StoreFailed> {
        Ok(())
    }
    /// The first place from this one on of a call whose callback is on its way, among so many rows; and the place behind the
    /// last row that was looked at.
    fn undelivered(&self, from: u64, limit: usize) -> Result<(Option<u64>, u64), StoreFailed>;
    /// Closed calls that have a callback, newest first, among as many rows.
    fn closed_deliveries(&self, filter: &DeliveryFilter) -> Result<Scan, StoreFailed>;
    /// What is kept for the feed.
    fn feed_notes(&self) -> Result<Option<FeedNotes>, StoreFailed>;
    /// Replaces what is kept for the feed.
    fn put_feed_notes(&self, notes: &FeedNotes) -> Result<(), StoreFailed>;
    /// At most `limit` rows of closed calls from the place `from` on, oldest first: those whose newest transition is not before
    /// `since`, and the place behind the last row that was looked at, when there may be more.
    fn told_since(
        &self,
        from: u64,
        since: Timestamp,
        limit: usize,
    ) -> Result<FeedScan, StoreFailed>;
    /// The place this many rows before the first that is younger than `at`; of the oldest row, when there are fewer.
    fn rows_before(&self, at: Timestamp, rows: usize) -> Result<u64, StoreFailed>;
    /// Notes transitions in the live feed's log, and forgets some of those from before `forget_before`.
    fn log_transitions(
        &self,
        transitions: &[LateTransition],
        forget_before: Timestamp,
    ) -> Result<(), StoreFailed>;
    /// The log from this place on, up to and without a moment, in its order: at most `limit` transitions.
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
    /// Some calls, with their metadata, whose rows are as the release before wrote them: to be written anew.
    fn legacy_slice(&self, _limit: usize) -> Result<Vec<Call>, StoreFailed> {
        Ok(Vec::new())
    }
}

/// A part of the closed calls, for the feed's history.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeedScan {
    /// In the order of their rows.
    pub calls: Vec<Call>,
    /// Where the look goes on; none when it came to the newest row.
    pub goes_on: Option<u64>,
}

/// A call as it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRow {
    /// The whole call; its row holds it as JSON.
    pub call: Call,
    /// How it is found again.
    pub place: Place,
}

/// A row that an object that is loaded anew asks for.
#[derive(Clone, Debug)]
pub enum OpenRow {
    /// Of an open call.
    Kept(Kept),
    /// Of one whose callback's attempt was out, if that is so, or of one that the release before wrote.
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

/// A store as decisions read it. What could not be read makes the step void.
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

    /// Whether all that was asked for could be read.
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

/// When a trunk last ran, by its newest call: by the one that it follows, where a write that failed kept no more than that.
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

/// When calls were accepted lately: campaigns' calls, or others.
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
    /// Writes what a step changed: calls, and the brief where agents' breakers say something else now.
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
