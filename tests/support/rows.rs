//! A trunk's rows in memory, as JSON text, so that what is read back is what was stored; and a layer in which writes fail.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use audatec::app::trunk::{
    CallFilter, CallRow, DeliveryFilter, Expired, FeedNotes, FeedScan, IdempotencyRecord,
    LateTransition, Looked, OpenRow, Scan, Start, StoreFailed, TrunkStore, admits,
};
use audatec::domain::call::{Call, CallStatus};
use audatec::domain::callback::host_key;
use audatec::domain::contacts::Told;
use audatec::domain::ids::CallId;
use audatec::domain::time::{Span, Timestamp};
use audatec::domain::trunk::{Brief, DayCount, DueCallback, Place, RedialCount, ScheduledRow};
use audatec::domain::usage::{Hour, HourUsage};
use audatec::domain::vitals::Seen;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// So many rows one look for calls that may leave examines.
const SEEN: usize = 50;

struct Row {
    json: String,
    status: CallStatus,
    dialed_at: Option<Timestamp>,
    host: u64,
    place: Place,
}

impl Row {
    /// Nothing is to happen to it any more, as the row's columns have it.
    fn may_leave(&self) -> bool {
        let stands = self.place.scheduled.is_some();
        !self.place.is_open() && !stands && !self.place.is_out && self.place.callback_due.is_none()
    }
}

#[derive(Default)]
pub struct Rows {
    calls: RefCell<BTreeMap<CallId, Row>>,
    open: RefCell<BTreeSet<CallId>>,
    late: RefCell<BTreeSet<CallId>>,
    due: RefCell<BTreeSet<(Timestamp, u64)>>,
    schedule: RefCell<BTreeMap<(Timestamp, u64), Timestamp>>,
    metadata: RefCell<BTreeMap<CallId, Map<String, Value>>>,
    transcripts: RefCell<BTreeMap<CallId, Value>>,
    recordings: RefCell<BTreeMap<CallId, String>>,
    brief: RefCell<Option<String>>,
    keys: RefCell<BTreeMap<String, (Timestamp, String)>>,
    feed_notes: RefCell<Option<String>>,
    log: RefCell<BTreeMap<(Timestamp, u64), u8>>,
    refused_gone: Cell<u64>,
    campaigns_gone: Cell<u64>,
    day: RefCell<DayCount>,
    seen: Cell<Seen>,
    usage: RefCell<BTreeMap<Hour, String>>,
    /// How often a row of usage was written.
    pub usage_written: Cell<usize>,
    redialed: RefCell<RedialCount>,
    /// How often the day's acceptances were written.
    pub days_written: Cell<usize>,
    /// What was persisted since somebody looked.
    journal: RefCell<Vec<Call>>,
    /// What left since somebody looked.
    left: RefCell<Vec<CallId>>,
    /// How many rows of calls were written.
    pub written: Cell<usize>,
    /// How often a call was read by its id or its place.
    pub read: Cell<usize>,
    feed_rows: Cell<usize>,
    log_read: Cell<usize>,
    /// How many bytes the rows are said to take up.
    pub used: Cell<u64>,
    /// Up to which row calls that were refused were looked for.
    pub refused_sought: Cell<u64>,
    /// How many rows of calls a page looked at since somebody asked.
    pub looked: Cell<usize>,
    /// Open calls are read whole, whatever their rows keep of them.
    pub whole: Cell<bool>,
}

fn read<T: DeserializeOwned>(json: &str) -> Result<T, StoreFailed> {
    audatec::app::json::read(json).map_err(|_| StoreFailed)
}

fn json(what: &impl Serialize) -> Result<String, StoreFailed> {
    serde_json::to_string(what).map_err(|_| StoreFailed)
}

impl Rows {
    /// All calls, oldest first, each with its metadata.
    pub fn all(&self) -> Vec<Call> {
        let ids: Vec<CallId> = self.calls.borrow().keys().copied().collect();
        let mut calls = self.parse(ids).expect("rows");
        for call in &mut calls {
            call.request.metadata = self.metadata.borrow().get(&call.id).cloned();
        }
        calls
    }

    /// Every text that it keeps.
    pub fn texts(&self) -> Vec<String> {
        let mut all: Vec<String> = self.brief.borrow().iter().cloned().collect();
        all.extend(self.calls.borrow().values().map(|row| row.json.clone()));
        all.extend(
            self.metadata
                .borrow()
                .values()
                .map(|map| format!("{map:?}")),
        );
        all.extend(self.transcripts.borrow().values().map(Value::to_string));
        all.extend(self.recordings.borrow().values().cloned());
        all.extend(self.keys.borrow().values().map(|(_, doc)| doc.clone()));
        all
    }

    /// All is forgotten.
    #[allow(dead_code, reason = "for the simulation")]
    pub fn clear(&self) {
        self.calls.take();
        self.open.take();
        self.late.take();
        self.due.take();
        self.schedule.take();
        self.metadata.take();
        self.transcripts.take();
        self.recordings.take();
        self.brief.take();
        self.keys.take();
        self.feed_notes.take();
        self.log.take();
        self.refused_gone.take();
        self.day.take();
        self.seen.take();
        self.usage.take();
        self.redialed.take();
        self.journal.take();
        self.left.take();
        self.refused_sought.take();
    }

    /// How many calls are open, as the rows have it.
    pub fn open(&self) -> usize {
        self.open.borrow().len()
    }

    /// How many may leave.
    pub fn over(&self) -> usize {
        let calls = self.calls.borrow();
        // A campaign's stays for a while, whatever room is needed.
        let is_direct = |row: &&Row| {
            let call = read::<Call>(&row.json);
            call.is_ok_and(|call| call.request.campaign.is_none())
        };
        let over = calls.values().filter(|row| row.may_leave());
        over.filter(is_direct).count()
    }

    /// How many rows were written for the live feed alone.
    /// How many transitions of the feed's log were read, ever.
    pub fn log_read(&self) -> usize {
        self.log_read.get()
    }

    pub fn feed_rows(&self) -> usize {
        self.feed_rows.get()
    }

    pub fn take_journal(&self) -> Vec<Call> {
        self.journal.take()
    }

    pub fn take_left(&self) -> Vec<CallId> {
        self.left.take()
    }

    fn keep(&self, CallRow { mut call, place }: CallRow) {
        self.written.set(self.written.get() + 1);
        self.journal.borrow_mut().push(call.clone());
        if let Some(metadata) = call.request.metadata.take() {
            self.metadata.borrow_mut().insert(call.id, metadata);
        }
        let callback = call.callback.as_ref();
        let row = Row {
            json: json(&call).expect("JSON"),
            status: call.status,
            dialed_at: call.dialed_at,
            host: callback.map_or(0, |callback| host_key(&callback.url)),
            place,
        };
        let mark = |set: &RefCell<BTreeSet<CallId>>, belongs| {
            match belongs {
                true => set.borrow_mut().insert(call.id),
                false => set.borrow_mut().remove(&call.id),
            };
        };
        let mut schedule = self.schedule.borrow_mut();
        if let Some(at) = place.stood_at {
            schedule.remove(&(at, call.id.row()));
        }
        schedule.extend(
            place
                .scheduled
                .map(|(at, ends)| ((at, call.id.row()), ends)),
        );
        mark(&self.open, place.is_open());
        mark(&self.late, place.is_open() && call.long_lived);
        let before = self.calls.borrow_mut().insert(call.id, row);
        let mut due = self.due.borrow_mut();
        if let Some(at) = before.and_then(|before| before.place.callback_due) {
            due.remove(&(at, call.id.row()));
        }
        due.extend(place.callback_due.map(|at| (at, call.id.row())));
    }

    fn at(&self, row: u64) -> Option<CallId> {
        let calls = self.calls.borrow();
        let from = CallId::floor_of(row);
        let mut ids = calls.range(from..).map(|(id, _)| *id);
        ids.find(|id| id.row() >= row).filter(|id| id.row() == row)
    }

    fn parse(&self, ids: impl IntoIterator<Item = CallId>) -> Result<Vec<Call>, StoreFailed> {
        let calls = self.calls.borrow();
        let rows = ids.into_iter().filter_map(|id| calls.get(&id));
        rows.map(|row| read(&row.json)).collect()
    }

    /// A call as the archive gets it.
    fn leaves(&self, id: CallId) -> Result<Expired, StoreFailed> {
        let mut call = self.get(id)?.ok_or(StoreFailed)?;
        call.request.metadata = self.metadata.borrow().get(&id).cloned();
        let transcripts = self.transcripts.borrow();
        Ok(Expired {
            id,
            call: json(&call)?,
            transcript: transcripts.get(&id).map(ToString::to_string),
            recording: self.recording(id)?,
        })
    }

    fn newest_closed(
        &self,
        below: Option<CallId>,
        limit: usize,
        scan_limit: usize,
        admits: impl Fn(&Call) -> bool,
    ) -> Result<Scan, StoreFailed> {
        let (calls, open) = (self.calls.borrow(), self.open.borrow());
        let below = |(id, _): &(&CallId, &Row)| below.is_none_or(|below| **id < below);
        let mut found = Scan {
            calls: Vec::new(),
            until: None,
        };
        for (seen, (id, row)) in calls.iter().rev().filter(below).enumerate() {
            if found.calls.len() == limit {
                break;
            }
            self.looked.set(self.looked.get() + 1);
            let call: Call = read(&row.json)?;
            if !open.contains(id) && admits(&call) {
                found.calls.push(call);
            }
            if seen + 1 == scan_limit {
                found.until = (found.calls.len() < limit).then_some(*id);
                break;
            }
        }
        Ok(found)
    }
}

impl TrunkStore for Rows {
    fn brief(&self) -> Result<Option<Brief>, StoreFailed> {
        self.brief.borrow().as_deref().map(read).transpose()
    }

    fn put_brief(&self, brief: &Brief) -> Result<(), StoreFailed> {
        self.brief.replace(Some(json(brief)?));
        Ok(())
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
                Some(kept) if !was_out && !self.whole.get() => {
                    each(OpenRow::Kept(kept.to_string().parse().expect("a row")))
                }
                _ => each(OpenRow::Whole(Box::new(call), was_out)),
            }
        }
        Ok(())
    }

    fn starts(&self, from: CallId, since: Timestamp) -> Result<Vec<Start>, StoreFailed> {
        let calls = self.calls.borrow();
        let started = calls
            .range(from..)
            .filter(|(_, row)| row.status != CallStatus::RejectedCapacity)
            .filter(|(_, row)| row.place.scheduled.is_none());
        Ok(started
            .map(|(id, row)| Start {
                at: id.address().at,
                dialed_at: row.dialed_at,
                of_campaign: self
                    .get(*id)
                    .is_ok_and(|call| call.is_some_and(|call| call.request.campaign.is_some())),
            })
            .filter(|start| start.at >= since || start.dialed_at >= Some(since))
            .collect())
    }

    fn newest(&self) -> Result<Option<CallId>, StoreFailed> {
        Ok(self.calls.borrow().keys().next_back().copied())
    }

    fn put(&self, calls: Vec<CallRow>) -> Result<(), StoreFailed> {
        calls.into_iter().for_each(|call| self.keep(call));
        Ok(())
    }

    fn get(&self, call: CallId) -> Result<Option<Call>, StoreFailed> {
        self.read.set(self.read.get() + 1);
        Ok(self.parse([call])?.pop())
    }

    fn get_at(&self, row: u64) -> Result<Option<Call>, StoreFailed> {
        self.read.set(self.read.get() + 1);
        Ok(self.parse(self.at(row))?.pop())
    }

    fn metadata(&self, call: CallId) -> Result<Option<Map<String, Value>>, StoreFailed> {
        Ok(self.metadata.borrow().get(&call).cloned())
    }

    fn due_callbacks(
        &self,
        after: (Timestamp, u64),
        until: Timestamp,
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

    fn next_callback(&self, after: Timestamp) -> Result<Option<Timestamp>, StoreFailed> {
        let due = self.due.borrow();
        let mut due = due.range((after + Span(1), 0)..);
        Ok(due.next().map(|(at, _)| *at))
    }

    fn scheduled(
        &self,
        from: (Timestamp, u64),
        limit: usize,
    ) -> Result<Vec<ScheduledRow>, StoreFailed> {
        let schedule = self.schedule.borrow();
        let rows = schedule.range(from..).take(limit);
        let rows = rows.map(|((at, row), ends)| ScheduledRow {
            at: *at,
            row: *row,
            ends: *ends,
        });
        Ok(rows.collect())
    }

    fn count_scheduled(&self) -> Result<usize, StoreFailed> {
        Ok(self.schedule.borrow().len())
    }

    fn scheduled_to(&self, told: &Told, from: u64, limit: usize) -> Result<Vec<u64>, StoreFailed> {
        let calls = self.calls.borrow();
        let scheduled = calls
            .iter()
            .filter(|(id, row)| id.row() >= from && row.place.scheduled.is_some());
        let ids: Vec<CallId> = scheduled.map(|(id, _)| *id).collect();
        let found = self.parse(ids)?.into_iter();
        let found = found.filter(|call| told.holds(&call.request.phone));
        Ok(found.map(|call| call.id.row()).take(limit).collect())
    }

    fn remembered(&self, key: &str) -> Result<Option<IdempotencyRecord>, StoreFailed> {
        let keys = self.keys.borrow();
        keys.get(key).map(|(_, what)| read(what)).transpose()
    }

    fn remember(
        &self,
        key: &str,
        what: &IdempotencyRecord,
        forget_before: Timestamp,
    ) -> Result<(), StoreFailed> {
        let mut keys = self.keys.borrow_mut();
        keys.retain(|_, (at, _)| *at >= forget_before);
        keys.insert(key.to_owned(), (what.at, json(what)?));
        Ok(())
    }

    fn transcript(&self, call: CallId) -> Result<Option<Value>, StoreFailed> {
        Ok(self.transcripts.borrow().get(&call).cloned())
    }

    fn put_transcript(&self, call: CallId, lines: &Value) -> Result<(), StoreFailed> {
        let mut transcripts = self.transcripts.borrow_mut();
        transcripts.entry(call).or_insert_with(|| lines.clone());
        Ok(())
    }

    fn recording(&self, call: CallId) -> Result<Option<String>, StoreFailed> {
        Ok(self.recordings.borrow().get(&call).cloned())
    }

    fn put_recording(&self, call: CallId, location: &str) -> Result<(), StoreFailed> {
        self.recordings.borrow_mut().insert(call, location.into());
        Ok(())
    }

    fn closed(&self, filter: &CallFilter) -> Result<Scan, StoreFailed> {
        self.newest_closed(filter.ceiling(), filter.limit, filter.scan_limit, |call| {
            let (agent, phone) = (filter.agent, filter.phone.as_ref());
            let digits = filter.phone_ends.as_ref();
            admits(&filter.status, call.status)
                && agent.is_none_or(|agent| call.request.agent.id == agent)
                && phone.is_none_or(|phone| call.request.phone == *phone)
                && digits.is_none_or(|digits| digits.end(&call.request.phone))
                && filter.scheduled.is_none_or(|is| call.is_scheduled() == is)
                && filter.admits_result(call)
                && filter.campaign.is_none_or(|is| call.is_of_campaign(is))
        })
    }

    fn closed_deliveries(&self, filter: &DeliveryFilter) -> Result<Scan, StoreFailed> {
        self.newest_closed(filter.before, filter.limit, filter.scan_limit, |call| {
            let delivery = call.callback.as_ref();
            delivery.is_some_and(|delivery| admits(&filter.status, delivery.status))
        })
    }

    fn expired(&self, before: CallId, limit: usize) -> Result<Vec<Expired>, StoreFailed> {
        let calls = self.calls.borrow();
        let old = calls.range(..before).take(1_000);
        let old = old.filter(|(_, row)| row.may_leave()).take(limit);
        old.map(|(id, _)| self.leaves(*id)).collect()
    }

    fn refused(
        &self,
        from: u64,
        before: u64,
        limit: usize,
    ) -> Result<(Vec<Expired>, Option<u64>), StoreFailed> {
        let calls = self.calls.borrow();
        let old = calls.range(CallId::floor_of(from)..);
        let old = old.skip_while(|(id, _)| id.row() < from);
        let old = old.take_while(|(id, _)| id.row() < before).take(SEEN);
        let old: Vec<(&CallId, &Row)> = old.collect();
        let refused = |row: &Row| row.status == CallStatus::RejectedCapacity;
        let gone = old
            .iter()
            .filter(|(_, row)| refused(row) && row.may_leave());
        let found: Result<Vec<Expired>, StoreFailed> =
            gone.take(limit).map(|(id, _)| self.leaves(**id)).collect();
        let found = found?;
        let last = match found.len() == limit {
            true => found.last().map(|call| call.id),
            false => old.last().filter(|_| old.len() == SEEN).map(|(id, _)| **id),
        };
        let next = last.map(|last| last.row() + 1);
        let sought = self.refused_sought.get().max(next.unwrap_or(before));
        self.refused_sought.set(sought);
        Ok((found, next))
    }

    fn refused_gone(&self) -> Result<u64, StoreFailed> {
        Ok(self.refused_gone.get())
    }

    fn put_refused_gone(&self, before: u64) -> Result<(), StoreFailed> {
        self.refused_gone.set(before);
        Ok(())
    }

    fn campaigns_gone(&self) -> Result<u64, StoreFailed> {
        Ok(self.campaigns_gone.get())
    }

    fn put_campaigns_gone(&self, through: u64) -> Result<(), StoreFailed> {
        self.campaigns_gone.set(through);
        Ok(())
    }

    fn day(&self) -> Result<DayCount, StoreFailed> {
        Ok(self.day.borrow().clone())
    }

    fn put_day(&self, day: &DayCount) -> Result<(), StoreFailed> {
        self.days_written.set(self.days_written.get() + 1);
        self.day.replace(day.clone());
        Ok(())
    }

    fn redialed(&self) -> Result<RedialCount, StoreFailed> {
        Ok(self.redialed.borrow().clone())
    }

    fn put_redialed(&self, count: &RedialCount) -> Result<(), StoreFailed> {
        self.redialed.replace(count.clone());
        Ok(())
    }

    fn accepted_from(&self, from: u64) -> Result<u32, StoreFailed> {
        let ids: Vec<CallId> = self.calls.borrow().keys().copied().collect();
        let from: Vec<CallId> = ids.into_iter().filter(|id| id.row() >= from).collect();
        let accepted = self.parse(from)?;
        let accepted = accepted.iter().filter(|call| call.counts_from_the_first());
        Ok(u32::try_from(accepted.count()).unwrap_or(u32::MAX))
    }

    fn seen(&self) -> Result<Seen, StoreFailed> {
        Ok(self.seen.get())
    }

    fn put_seen(&self, seen: &Seen) -> Result<(), StoreFailed> {
        self.seen.set(*seen);
        Ok(())
    }

    fn undelivered(&self, from: u64, limit: usize) -> Result<(Option<u64>, u64), StoreFailed> {
        let calls = self.calls.borrow();
        let looked = calls.range(CallId::floor_of(from)..).take(limit);
        let mut last = from;
        for (id, row) in looked {
            if row.place.callback_due.is_some() || row.place.is_out {
                return Ok((Some(id.row()), id.row()));
            }
            last = id.row() + 1;
        }
        Ok((None, last))
    }

    fn used_bytes(&self) -> u64 {
        self.used.get()
    }

    fn oldest(&self) -> Result<Option<CallId>, StoreFailed> {
        Ok(self.calls.borrow().keys().next().copied())
    }

    fn calls_from(&self, from: u64, to: u64, limit: usize) -> Result<Vec<Call>, StoreFailed> {
        let (calls, open) = (self.calls.borrow(), self.open.borrow());
        let range = calls.range(CallId::floor_of(from)..CallId::floor_of(to.max(from)));
        let closed = range.filter(|(id, _)| !open.contains(id)).take(limit);
        closed.map(|(_, row)| read(&row.json)).collect()
    }

    fn calls_that_leave(&self, calls: &[CallId]) -> Result<Vec<Call>, StoreFailed> {
        let rows = self.calls.borrow();
        let is_over =
            |row: &&Row| !row.place.is_open() && !row.place.is_out && row.place.scheduled.is_none();
        let leave = calls
            .iter()
            .filter_map(|call| rows.get(call).filter(is_over));
        leave.map(|row| read(&row.json)).collect()
    }

    fn next_usage(&self, hour: Hour) -> Result<Option<(Hour, HourUsage)>, StoreFailed> {
        let usage = self.usage.borrow();
        let next = usage.range(hour..).next();
        next.map(|(hour, doc)| Ok((*hour, read(doc)?))).transpose()
    }

    fn put_usage(&self, hour: Hour, usage: &HourUsage) -> Result<(), StoreFailed> {
        self.usage_written.set(self.usage_written.get() + 1);
        self.usage.borrow_mut().insert(hour, json(usage)?);
        Ok(())
    }

    fn ending_in(&self, digits: &str, (from, through): (u64, u64), limit: usize) -> Looked {
        let ids: Vec<CallId> = self.calls.borrow().keys().copied().collect();
        let looked = ids
            .into_iter()
            .filter(|id| (from..=through).contains(&id.row()));
        let looked: Vec<CallId> = looked.take(limit.min(SEEN)).collect();
        let last = looked.last().filter(|_| looked.len() == limit.min(SEEN));
        let next = last.map(|last| last.row() + 1);
        let calls = self.parse(looked.iter().copied())?.into_iter();
        let fit = calls.filter(|call| call.request.phone.as_str().ends_with(digits));
        Ok((fit.map(|call| call.id.row()).collect(), next))
    }

    fn forget_answers(&self, calls: &[CallId]) -> Result<(), StoreFailed> {
        let ids: Vec<String> = calls.iter().map(ToString::to_string).collect();
        let mut keys = self.keys.borrow_mut();
        keys.retain(|_, (_, doc)| !ids.iter().any(|id| doc.contains(id)));
        Ok(())
    }

    fn forget(&self, calls: &[CallId]) -> Result<(), StoreFailed> {
        for call in calls {
            let mut rows = self.calls.borrow_mut();
            let is_over = |row: &Row| {
                !row.place.is_open() && !row.place.is_out && row.place.scheduled.is_none()
            };
            if rows.get(call).is_some_and(is_over) {
                let gone = rows.remove(call);
                let due = gone.and_then(|row| row.place.callback_due);
                if let Some(at) = due {
                    self.due.borrow_mut().remove(&(at, call.row()));
                }
                self.metadata.borrow_mut().remove(call);
                self.left.borrow_mut().push(*call);
            }
            self.transcripts.borrow_mut().remove(call);
            self.recordings.borrow_mut().remove(call);
        }
        Ok(())
    }

    fn feed_notes(&self) -> Result<Option<FeedNotes>, StoreFailed> {
        self.feed_notes.borrow().as_deref().map(read).transpose()
    }

    fn put_feed_notes(&self, notes: &FeedNotes) -> Result<(), StoreFailed> {
        self.feed_rows.set(self.feed_rows.get() + 1);
        self.feed_notes.replace(Some(json(notes)?));
        Ok(())
    }

    fn told_since(
        &self,
        from: u64,
        since: Timestamp,
        limit: usize,
    ) -> Result<FeedScan, StoreFailed> {
        let (calls, open) = (self.calls.borrow(), self.open.borrow());
        let first = CallId::floor_of(from);
        let closed = calls.range(first..).map(|(id, _)| *id);
        let mut closed = closed.filter(|id| id.row() >= from && !open.contains(id));
        let ids: Vec<CallId> = closed.by_ref().take(limit).collect();
        let goes_on = closed.next().map(CallId::row);
        let mut found = self.parse(ids)?;
        found.retain(|call| call.told_at() >= since);
        Ok(FeedScan {
            calls: found,
            goes_on,
        })
    }

    fn rows_before(&self, at: Timestamp, rows: usize) -> Result<u64, StoreFailed> {
        let calls = self.calls.borrow();
        let older = calls.range(..CallId::floor(at)).rev().take(rows);
        Ok(older.last().map_or(0, |(id, _)| id.row()))
    }

    fn log_transitions(
        &self,
        turns: &[LateTransition],
        forget_before: Timestamp,
    ) -> Result<(), StoreFailed> {
        let mut log = self.log.borrow_mut();
        let before = log.len();
        log.extend(turns.iter().map(|turn| ((turn.at, turn.row), turn.kind)));
        self.feed_rows
            .set(self.feed_rows.get() + log.len() - before);
        while log
            .first_key_value()
            .is_some_and(|((at, _), _)| *at < forget_before)
        {
            log.pop_first();
        }
        Ok(())
    }

    fn logged_transitions(
        &self,
        from: (Timestamp, u64),
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<LateTransition>, StoreFailed> {
        let log = self.log.borrow();
        let turns = log.range(from..(until, 0)).take(limit);
        let turns: Vec<_> = turns.collect();
        self.log_read.set(self.log_read.get() + turns.len());
        let turns = turns.into_iter().map(|((at, row), kind)| LateTransition {
            at: *at,
            row: *row,
            kind: *kind,
        });
        Ok(turns.collect())
    }
}

/// How one write fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nothing is kept.
    Before,
    /// All is kept, and nobody is told.
    After,
    /// Of several rows the first half is kept.
    Halfway,
}

/// What a store has no room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Full {
    /// There is room.
    #[default]
    No,
    /// Nothing is written; rows may leave.
    Writes,
    /// Nothing is written, and nothing leaves.
    All,
}

/// How a store fares.
#[derive(Default)]
pub struct Luck {
    /// After so many more writes, one fails.
    pub failure: Cell<Option<(u64, Failure)>>,
    /// The next object is not built: its first row can't be read.
    pub reads_fail: Cell<bool>,
    pub full: Cell<Full>,
    /// How many rows have just left a store that is full.
    pub freed: Cell<usize>,
    /// A write found no room.
    pub refused: Cell<bool>,
}

impl Luck {
    /// The next write fails.
    pub fn fails(&self, failure: Failure) {
        self.failure.set(Some((0, failure)));
    }

    fn draw(&self) -> Option<Failure> {
        let (left, failure) = self.failure.get()?;
        self.failure
            .set(left.checked_sub(1).map(|left| (left, failure)));
        (left == 0).then_some(failure)
    }

    /// Does a write of so many rows.
    fn write(
        &self,
        rows: usize,
        keep: impl FnOnce(usize) -> Result<(), StoreFailed>,
    ) -> Result<(), StoreFailed> {
        if self.full.get() != Full::No {
            self.refused.set(true);
            return Err(StoreFailed);
        }
        match self.draw() {
            None => return keep(rows),
            Some(Failure::Before) => {}
            Some(Failure::Halfway) => keep(rows / 2)?,
            Some(Failure::After) => keep(rows)?,
        }
        Err(StoreFailed)
    }

    /// The same, into the room of those that have just left, if there is no other.
    fn write_freed(
        &self,
        keep: impl FnOnce() -> Result<(), StoreFailed>,
    ) -> Result<(), StoreFailed> {
        let freed = self.freed.get();
        if self.full.get() == Full::Writes && freed > 0 {
            self.freed.set(freed - 1);
            return keep();
        }
        self.write_one(keep)
    }

    /// Does a write of one row.
    fn write_one(&self, keep: impl FnOnce() -> Result<(), StoreFailed>) -> Result<(), StoreFailed> {
        self.write(1, |rows| if rows > 0 { keep() } else { Ok(()) })
    }
}

/// Rows, and how they fare.
pub struct Store<'a> {
    pub rows: &'a Rows,
    pub luck: &'a Luck,
}

/// What is handed on as it is.
macro_rules! reads {
    ($($name:ident($($arg:ident: $type:ty),*) -> $out:ty;)*) => {
        $(fn $name(&self, $($arg: $type),*) -> $out {
            self.rows.$name($($arg),*)
        })*
    };
}

impl TrunkStore for Store<'_> {
    reads! {
        open_calls(recent: CallId, each: &mut dyn FnMut(OpenRow)) -> Result<(), StoreFailed>;
        starts(from: CallId, since: Timestamp) -> Result<Vec<Start>, StoreFailed>;
        newest() -> Result<Option<CallId>, StoreFailed>;
        get(call: CallId) -> Result<Option<Call>, StoreFailed>;
        get_at(row: u64) -> Result<Option<Call>, StoreFailed>;
        metadata(call: CallId) -> Result<Option<Map<String, Value>>, StoreFailed>;
        due_callbacks(after: (Timestamp, u64), until: Timestamp, limit: usize) -> Result<Vec<DueCallback>, StoreFailed>;
        next_callback(after: Timestamp) -> Result<Option<Timestamp>, StoreFailed>;
        scheduled(from: (Timestamp, u64), limit: usize) -> Result<Vec<ScheduledRow>, StoreFailed>;
        count_scheduled() -> Result<usize, StoreFailed>;
        scheduled_to(told: &Told, from: u64, limit: usize) -> Result<Vec<u64>, StoreFailed>;
        remembered(key: &str) -> Result<Option<IdempotencyRecord>, StoreFailed>;
        transcript(call: CallId) -> Result<Option<Value>, StoreFailed>;
        recording(call: CallId) -> Result<Option<String>, StoreFailed>;
        closed(filter: &CallFilter) -> Result<Scan, StoreFailed>;
        closed_deliveries(filter: &DeliveryFilter) -> Result<Scan, StoreFailed>;
        expired(before: CallId, limit: usize) -> Result<Vec<Expired>, StoreFailed>;
        refused(from: u64, before: u64, limit: usize) -> Result<(Vec<Expired>, Option<u64>), StoreFailed>;
        refused_gone() -> Result<u64, StoreFailed>;
        campaigns_gone() -> Result<u64, StoreFailed>;
        day() -> Result<DayCount, StoreFailed>;
        calls_from(from: u64, to: u64, limit: usize) -> Result<Vec<Call>, StoreFailed>;
        calls_that_leave(calls: &[CallId]) -> Result<Vec<Call>, StoreFailed>;
        next_usage(hour: Hour) -> Result<Option<(Hour, HourUsage)>, StoreFailed>;
        accepted_from(from: u64) -> Result<u32, StoreFailed>;
        redialed() -> Result<RedialCount, StoreFailed>;
        seen() -> Result<Seen, StoreFailed>;
        ending_in(digits: &str, between: (u64, u64), limit: usize) -> Looked;
        undelivered(from: u64, limit: usize) -> Result<(Option<u64>, u64), StoreFailed>;
        used_bytes() -> u64;
        oldest() -> Result<Option<CallId>, StoreFailed>;
        feed_notes() -> Result<Option<FeedNotes>, StoreFailed>;
        told_since(from: u64, since: Timestamp, limit: usize) -> Result<FeedScan, StoreFailed>;
        rows_before(at: Timestamp, rows: usize) -> Result<u64, StoreFailed>;
        logged_transitions(from: (Timestamp, u64), until: Timestamp, limit: usize) -> Result<Vec<LateTransition>, StoreFailed>;
    }

    fn brief(&self) -> Result<Option<Brief>, StoreFailed> {
        match self.luck.reads_fail.take() {
            true => Err(StoreFailed),
            false => self.rows.brief(),
        }
    }

    fn put_brief(&self, brief: &Brief) -> Result<(), StoreFailed> {
        self.luck.write_one(|| self.rows.put_brief(brief))
    }

    fn put(&self, mut calls: Vec<CallRow>) -> Result<(), StoreFailed> {
        self.luck.write(calls.len(), |rows| {
            calls.truncate(rows);
            self.rows.put(calls)
        })
    }

    fn remember(
        &self,
        key: &str,
        what: &IdempotencyRecord,
        forget_before: Timestamp,
    ) -> Result<(), StoreFailed> {
        self.luck
            .write_one(|| self.rows.remember(key, what, forget_before))
    }

    fn put_transcript(&self, call: CallId, lines: &Value) -> Result<(), StoreFailed> {
        self.luck
            .write_one(|| self.rows.put_transcript(call, lines))
    }

    fn put_recording(&self, call: CallId, location: &str) -> Result<(), StoreFailed> {
        self.luck
            .write_one(|| self.rows.put_recording(call, location))
    }

    fn put_refused_gone(&self, before: u64) -> Result<(), StoreFailed> {
        self.luck.write_one(|| self.rows.put_refused_gone(before))
    }

    fn put_campaigns_gone(&self, through: u64) -> Result<(), StoreFailed> {
        self.luck
            .write_freed(|| self.rows.put_campaigns_gone(through))
    }

    fn put_day(&self, day: &DayCount) -> Result<(), StoreFailed> {
        self.luck.write_one(|| self.rows.put_day(day))
    }

    fn put_redialed(&self, count: &RedialCount) -> Result<(), StoreFailed> {
        self.luck.write_one(|| self.rows.put_redialed(count))
    }

    fn put_seen(&self, seen: &Seen) -> Result<(), StoreFailed> {
        self.luck.write_one(|| self.rows.put_seen(seen))
    }

    fn put_feed_notes(&self, notes: &FeedNotes) -> Result<(), StoreFailed> {
        self.luck.write_one(|| self.rows.put_feed_notes(notes))
    }

    fn log_transitions(
        &self,
        turns: &[LateTransition],
        forget_before: Timestamp,
    ) -> Result<(), StoreFailed> {
        self.luck.write(turns.len(), |rows| {
            let kept = turns.get(..rows).unwrap_or(turns);
            self.rows.log_transitions(kept, forget_before)
        })
    }

    fn put_usage(&self, hour: Hour, usage: &HourUsage) -> Result<(), StoreFailed> {
        self.luck.write_freed(|| self.rows.put_usage(hour, usage))
    }

    fn forget_answers(&self, calls: &[CallId]) -> Result<(), StoreFailed> {
        self.luck.write_one(|| self.rows.forget_answers(calls))
    }

    fn forget(&self, calls: &[CallId]) -> Result<(), StoreFailed> {
        match self.luck.full.get() {
            Full::All => Err(StoreFailed),
            Full::Writes => {
                self.luck.freed.set(calls.len());
                self.rows.forget(calls)
            }
            Full::No => self.luck.write(calls.len(), |rows| {
                self.rows.forget(calls.get(..rows).unwrap_or(calls))
            }),
        }
    }
}
