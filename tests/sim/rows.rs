//! A trunk's rows in memory, as JSON text, so that what is read back is what was stored; and the
//! ways in which a write fails.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use audatec::app::trunk::{
    CallFilter, CallRow, DeliveryFilter, Expired, FeedNotes, Found, LoggedTurn, OpenRow,
    Remembrance, StoreFailed, Told, TrunkStore, admits,
};
use audatec::domain::call::{Call, CallStatus};
use audatec::domain::ids::CallId;
use audatec::domain::time::Millis;
use audatec::domain::trunk::{Brief, DueCallback, Place};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// How the next write fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nothing is kept.
    Before,
    /// All is kept, and nobody is told.
    After,
    /// Of several rows the first is kept.
    Halfway,
}

struct Row {
    json: String,
    status: CallStatus,
    dialed_at: Option<Millis>,
    host: u64,
    place: Place,
}

#[derive(Default)]
pub struct Rows {
    calls: RefCell<BTreeMap<CallId, Row>>,
    open: RefCell<BTreeSet<CallId>>,
    late: RefCell<BTreeSet<CallId>>,
    brief: RefCell<Option<String>>,
    keys: RefCell<BTreeMap<String, String>>,
    transcripts: RefCell<BTreeMap<CallId, Value>>,
    feed_notes: RefCell<Option<String>>,
    metadata: RefCell<BTreeMap<CallId, Map<String, Value>>>,
    due: RefCell<BTreeSet<(Millis, u64)>>,
    log: RefCell<BTreeMap<(Millis, u64), u8>>,
    /// What was persisted since somebody looked.
    journal: RefCell<Vec<Call>>,
    /// After so many more writes, one fails.
    pub failure: Cell<Option<(u64, Failure)>>,
    pub reads_fail: Cell<bool>,
}

fn read<T: DeserializeOwned>(json: &str) -> Result<T, StoreFailed> {
    audatec::app::json::read(json).map_err(|_| StoreFailed)
}

impl Rows {
    /// How many calls are open, as the rows have it.
    pub fn open(&self) -> usize {
        self.open.borrow().len()
    }

    pub fn take_journal(&self) -> Vec<Call> {
        std::mem::take(&mut *self.journal.borrow_mut())
    }

    fn fails(&self) -> Option<Failure> {
        match self.failure.get() {
            Some((0, failure)) => {
                self.failure.set(None);
                Some(failure)
            }
            Some((left, failure)) => {
                self.failure.set(Some((left - 1, failure)));
                None
            }
            None => None,
        }
    }

    /// Does a write as this object's luck has it.
    fn write(&self, rows: usize, keep: impl FnOnce(usize)) -> Result<(), StoreFailed> {
        match self.fails() {
            Some(Failure::Before) => return Err(StoreFailed),
            Some(Failure::Halfway) => keep(rows / 2),
            Some(Failure::After) => keep(rows),
            None => {
                keep(rows);
                return Ok(());
            }
        }
        Err(StoreFailed)
    }

    fn keep(&self, CallRow { call, place }: &CallRow) {
        self.journal.borrow_mut().push(call.clone());
        let mut call = call.clone();
        if let Some(metadata) = call.request.metadata.take() {
            self.metadata.borrow_mut().insert(call.id, metadata);
        }
        let json = serde_json::to_string(&call).unwrap_or_default();
        let callback = call.callback.as_ref();
        let row = Row {
            json,
            status: call.status,
            dialed_at: call.dialed_at,
            host: callback.map_or(0, |callback| {
                audatec::domain::callback::host_key(&callback.url)
            }),
            place: *place,
        };
        let mark = |set: &RefCell<BTreeSet<CallId>>, belongs| {
            match belongs {
                true => set.borrow_mut().insert(call.id),
                false => set.borrow_mut().remove(&call.id),
            };
        };
        mark(&self.open, place.is_open());
        mark(&self.late, place.is_open() && call.late);
        let mut due = self.due.borrow_mut();
        due.retain(|(_, row)| *row != call.id.row());
        due.extend(place.callback_due.map(|at| (at, call.id.row())));
        self.calls.borrow_mut().insert(call.id, row);
    }

    fn at(&self, row: u64) -> Option<CallId> {
        let calls = self.calls.borrow();
        let from = CallId::floor_of(row);
        let mut ids = calls.range(from..).map(|(id, _)| *id);
        ids.find(|id| id.row() >= row).filter(|id| id.row() == row)
    }

    fn parse(&self, ids: impl IntoIterator<Item = CallId>) -> Result<Vec<Call>, StoreFailed> {
        let calls = self.calls.borrow();
        ids.into_iter()
            .filter_map(|id| calls.get(&id))
            .map(|row| read(&row.json))
            .collect()
    }

    fn newest_closed(
        &self,
        below: Option<CallId>,
        limit: usize,
        examine: usize,
        admits: impl Fn(&Call) -> bool,
    ) -> Result<Found, StoreFailed> {
        let (calls, open) = (self.calls.borrow(), self.open.borrow());
        let below = |(id, _): &(&CallId, &Row)| below.is_none_or(|below| **id < below);
        let mut found = Found::default();
        for (seen, (id, row)) in calls.iter().rev().filter(below).enumerate() {
            if found.calls.len() == limit {
                break;
            }
            let call: Call = read(&row.json)?;
            if !open.contains(id) && admits(&call) {
                found.calls.push(call);
            }
            if seen + 1 == examine {
                found.until = (found.calls.len() < limit).then_some(*id);
                break;
            }
        }
        Ok(found)
    }
}

impl TrunkStore for Rows {
    fn feed_notes(&self) -> Result<Option<FeedNotes>, StoreFailed> {
        self.feed_notes.borrow().as_deref().map(read).transpose()
    }

    fn put_feed_notes(&self, notes: &FeedNotes) -> Result<(), StoreFailed> {
        let json = serde_json::to_string(notes).map_err(|_| StoreFailed)?;
        self.write(1, |rows| {
            if rows > 0 {
                *self.feed_notes.borrow_mut() = Some(json);
            }
        })
    }

    fn told_since(&self, from: u64, since: Millis, limit: usize) -> Result<Told, StoreFailed> {
        let (calls, open) = (self.calls.borrow(), self.open.borrow());
        let first = CallId::floor_of(from);
        let closed = calls.range(first..).map(|(id, _)| *id);
        let mut closed = closed.filter(|id| id.row() >= from && !open.contains(id));
        let ids: Vec<CallId> = closed.by_ref().take(limit).collect();
        let goes_on = closed.next().map(CallId::row);
        let mut found = self.parse(ids)?;
        found.retain(|call| call.told_at() >= since);
        Ok(Told {
            calls: found,
            goes_on,
        })
    }

    fn rows_before(&self, at: Millis, rows: usize) -> Result<u64, StoreFailed> {
        let calls = self.calls.borrow();
        let older = calls.range(..CallId::floor(at)).rev().take(rows);
        Ok(older.last().map_or(0, |(id, _)| id.row()))
    }

    fn log_turns(&self, turns: &[LoggedTurn], _: Millis) -> Result<(), StoreFailed> {
        self.write(turns.len(), |rows| {
            let kept = turns.iter().take(rows);
            let kept = kept.map(|turn| ((turn.at, turn.row), turn.kind));
            self.log.borrow_mut().extend(kept);
        })
    }

    fn logged_turns(
        &self,
        from: (Millis, u64),
        limit: usize,
    ) -> Result<Vec<LoggedTurn>, StoreFailed> {
        let log = self.log.borrow();
        let turns = log.range(from..).take(limit);
        let turns = turns.map(|((at, row), kind)| LoggedTurn {
            at: *at,
            row: *row,
            kind: *kind,
        });
        Ok(turns.collect())
    }

    fn recording(&self, _: CallId) -> Result<Option<String>, StoreFailed> {
        Ok(None)
    }

    fn put_recording(&self, _: CallId, _: &str) -> Result<(), StoreFailed> {
        Err(StoreFailed)
    }

    // Nothing grows old in this world.
    fn expired(&self, _: CallId, _: usize) -> Result<Vec<Expired>, StoreFailed> {
        Ok(Vec::new())
    }

    fn refused(
        &self,
        _: u64,
        _: u64,
        _: usize,
    ) -> Result<(Vec<Expired>, Option<u64>), StoreFailed> {
        Ok((Vec::new(), None))
    }

    fn used_bytes(&self) -> u64 {
        0
    }

    fn oldest(&self) -> Result<Option<CallId>, StoreFailed> {
        Ok(None)
    }

    fn forget(&self, _: &[CallId]) -> Result<(), StoreFailed> {
        Err(StoreFailed)
    }

    fn brief(&self) -> Result<Option<Brief>, StoreFailed> {
        if self.reads_fail.take() {
            return Err(StoreFailed);
        }
        self.brief.borrow().as_deref().map(read).transpose()
    }

    fn put_brief(&self, brief: &Brief) -> Result<(), StoreFailed> {
        let json = serde_json::to_string(brief).map_err(|_| StoreFailed)?;
        self.write(1, |rows| {
            if rows > 0 {
                *self.brief.borrow_mut() = Some(json);
            }
        })
    }

    fn open_calls(&self, recent: CallId, each: &mut dyn FnMut(OpenRow)) -> Result<(), StoreFailed> {
        let calls = self.calls.borrow();
        let young = calls.range(recent..);
        let young = young.filter(|(_, row)| row.place.is_open() || row.place.is_out);
        let mut ids = self.late.borrow().clone();
        ids.extend(young.map(|(id, _)| *id));
        for call in self.parse(ids)? {
            let place = calls.get(&call.id).map(|row| row.place);
            let was_out = place.is_some_and(|place| place.is_out);
            match place.and_then(|place| place.kept) {
                Some(kept) if !was_out => each(OpenRow::Kept(kept)),
                _ => each(OpenRow::Whole(Box::new(call), was_out)),
            }
        }
        Ok(())
    }

    fn starts(
        &self,
        from: CallId,
        since: Millis,
    ) -> Result<Vec<(Millis, Option<Millis>)>, StoreFailed> {
        let calls = self.calls.borrow();
        let started = calls
            .range(from..)
            .filter(|(_, row)| row.status != CallStatus::RejectedCapacity);
        Ok(started
            .map(|(id, row)| (id.address().at, row.dialed_at))
            .filter(|(at, dialed)| *at >= since || *dialed >= Some(since))
            .collect())
    }

    fn newest(&self) -> Result<Option<CallId>, StoreFailed> {
        Ok(self.calls.borrow().keys().next_back().copied())
    }

    fn put(&self, calls: Vec<CallRow>) -> Result<(), StoreFailed> {
        self.write(calls.len(), |rows| {
            calls.iter().take(rows).for_each(|call| self.keep(call))
        })
    }

    fn get(&self, call: CallId) -> Result<Option<Call>, StoreFailed> {
        Ok(self.parse([call])?.pop())
    }

    fn get_at(&self, row: u64) -> Result<Option<Call>, StoreFailed> {
        Ok(self.parse(self.at(row))?.pop())
    }

    fn metadata(&self, call: CallId) -> Result<Option<Map<String, Value>>, StoreFailed> {
        Ok(self.metadata.borrow().get(&call).cloned())
    }

    fn due_callbacks(
        &self,
        after: (Millis, u64),
        until: Millis,
        limit: usize,
    ) -> Result<Vec<DueCallback>, StoreFailed> {
        let (calls, due) = (self.calls.borrow(), self.due.borrow());
        let due = due.range(after..).filter(|due| **due > after);
        let due = due.take_while(|(at, _)| *at <= until).take(limit);
        let found = due.filter_map(|(due, row)| {
            let host = calls.get(&self.at(*row)?)?.host;
            Some(DueCallback {
                due: *due,
                row: *row,
                host,
            })
        });
        Ok(found.collect())
    }

    fn next_callback(&self, after: Millis) -> Result<Option<Millis>, StoreFailed> {
        let due = self.due.borrow();
        let mut due = due.range((after + Millis(1), 0)..);
        Ok(due.next().map(|(at, _)| *at))
    }

    fn remembered(&self, key: &str) -> Result<Option<Remembrance>, StoreFailed> {
        self.keys
            .borrow()
            .get(key)
            .map(|json| read(json))
            .transpose()
    }

    fn remember(&self, key: &str, what: &Remembrance, _: Millis) -> Result<(), StoreFailed> {
        let json = serde_json::to_string(what).map_err(|_| StoreFailed)?;
        self.write(1, |rows| {
            if rows > 0 {
                self.keys.borrow_mut().insert(key.to_owned(), json);
            }
        })
    }

    fn transcript(&self, call: CallId) -> Result<Option<Value>, StoreFailed> {
        Ok(self.transcripts.borrow().get(&call).cloned())
    }

    fn put_transcript(&self, call: CallId, lines: &Value) -> Result<(), StoreFailed> {
        self.write(1, |_| {
            self.transcripts
                .borrow_mut()
                .entry(call)
                .or_insert_with(|| lines.clone());
        })
    }

    fn closed(&self, filter: &CallFilter) -> Result<Found, StoreFailed> {
        self.newest_closed(filter.ceiling(), filter.limit, filter.examine, |call| {
            admits(&filter.status, call.status)
                && filter
                    .agent
                    .is_none_or(|agent| call.request.agent.id == agent)
                && filter
                    .phone
                    .as_ref()
                    .is_none_or(|phone| call.request.phone == *phone)
                && filter
                    .phone_ends
                    .as_ref()
                    .is_none_or(|digits| digits.end(&call.request.phone))
        })
    }

    fn closed_deliveries(&self, filter: &DeliveryFilter) -> Result<Found, StoreFailed> {
        self.newest_closed(filter.before, filter.limit, filter.examine, |call| {
            let delivery = call.callback.as_ref();
            delivery.is_some_and(|delivery| admits(&filter.status, delivery.status))
        })
    }
}

/// What a stale instance sees: it reads, and writes nothing.
pub struct StaleRows<'a>(pub &'a Rows);

impl TrunkStore for StaleRows<'_> {
    fn feed_notes(&self) -> Result<Option<FeedNotes>, StoreFailed> {
        self.0.feed_notes()
    }
    fn put_feed_notes(&self, _: &FeedNotes) -> Result<(), StoreFailed> {
        Err(StoreFailed)
    }
    fn told_since(&self, from: u64, since: Millis, limit: usize) -> Result<Told, StoreFailed> {
        self.0.told_since(from, since, limit)
    }
    fn rows_before(&self, at: Millis, rows: usize) -> Result<u64, StoreFailed> {
        self.0.rows_before(at, rows)
    }
    fn log_turns(&self, _: &[LoggedTurn], _: Millis) -> Result<(), StoreFailed> {
        Err(StoreFailed)
    }
    fn logged_turns(
        &self,
        from: (Millis, u64),
        limit: usize,
    ) -> Result<Vec<LoggedTurn>, StoreFailed> {
        self.0.logged_turns(from, limit)
    }
    fn recording(&self, _: CallId) -> Result<Option<String>, StoreFailed> {
        Ok(None)
    }

    fn put_recording(&self, _: CallId, _: &str) -> Result<(), StoreFailed> {
        Err(StoreFailed)
    }

    // Nothing grows old in this world.
    fn expired(&self, _: CallId, _: usize) -> Result<Vec<Expired>, StoreFailed> {
        Ok(Vec::new())
    }

    fn refused(
        &self,
        _: u64,
        _: u64,
        _: usize,
    ) -> Result<(Vec<Expired>, Option<u64>), StoreFailed> {
        Ok((Vec::new(), None))
    }

    fn used_bytes(&self) -> u64 {
        0
    }

    fn oldest(&self) -> Result<Option<CallId>, StoreFailed> {
        Ok(None)
    }

    fn forget(&self, _: &[CallId]) -> Result<(), StoreFailed> {
        Err(StoreFailed)
    }

    fn brief(&self) -> Result<Option<Brief>, StoreFailed> {
        self.0.brief()
    }
    fn put_brief(&self, _: &Brief) -> Result<(), StoreFailed> {
        Err(StoreFailed)
    }
    fn open_calls(&self, recent: CallId, each: &mut dyn FnMut(OpenRow)) -> Result<(), StoreFailed> {
        self.0.open_calls(recent, each)
    }
    fn starts(
        &self,
        from: CallId,
        since: Millis,
    ) -> Result<Vec<(Millis, Option<Millis>)>, StoreFailed> {
        self.0.starts(from, since)
    }
    fn newest(&self) -> Result<Option<CallId>, StoreFailed> {
        self.0.newest()
    }
    fn put(&self, _: Vec<CallRow>) -> Result<(), StoreFailed> {
        Err(StoreFailed)
    }
    fn get(&self, call: CallId) -> Result<Option<Call>, StoreFailed> {
        self.0.get(call)
    }
    fn get_at(&self, row: u64) -> Result<Option<Call>, StoreFailed> {
        self.0.get_at(row)
    }
    fn metadata(&self, call: CallId) -> Result<Option<Map<String, Value>>, StoreFailed> {
        self.0.metadata(call)
    }
    fn due_callbacks(
        &self,
        after: (Millis, u64),
        until: Millis,
        limit: usize,
    ) -> Result<Vec<DueCallback>, StoreFailed> {
        self.0.due_callbacks(after, until, limit)
    }
    fn next_callback(&self, after: Millis) -> Result<Option<Millis>, StoreFailed> {
        self.0.next_callback(after)
    }
    fn remembered(&self, key: &str) -> Result<Option<Remembrance>, StoreFailed> {
        self.0.remembered(key)
    }
    fn remember(&self, _: &str, _: &Remembrance, _: Millis) -> Result<(), StoreFailed> {
        Err(StoreFailed)
    }
    fn transcript(&self, call: CallId) -> Result<Option<Value>, StoreFailed> {
        self.0.transcript(call)
    }
    fn put_transcript(&self, _: CallId, _: &Value) -> Result<(), StoreFailed> {
        Err(StoreFailed)
    }
    fn closed(&self, filter: &CallFilter) -> Result<Found, StoreFailed> {
        self.0.closed(filter)
    }
    fn closed_deliveries(&self, filter: &DeliveryFilter) -> Result<Found, StoreFailed> {
        self.0.closed_deliveries(filter)
    }
}
