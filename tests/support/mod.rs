//! A trunk's object in memory: its rows, and what it sent, without a runtime.

#![allow(
    dead_code,
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where it fails, and each test file uses its own part"
)]

pub mod livekit;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use audatec::app::messages::Outgoing;
use audatec::app::trunk::{
    CallFilter, CallRow, DeliveryFilter, Expired, FeedNotes, Found, LoggedTurn, OpenRow, Reader,
    Remembrance, StoreFailed, Told, Trigger, TrunkActor, TrunkCommand, TrunkReply, TrunkStore,
};
use audatec::domain::agent::Status;
use audatec::domain::call::{Call, CallAgent, CallRequest};
use audatec::domain::ids::{AgentId, CallId, IdKey, KeyId, OrgId, TrunkId};
use audatec::domain::phone::E164;
use audatec::domain::settings::Settings;
use audatec::domain::time::Millis;
use audatec::domain::trunk::{
    Admission, Brief, Carrier, DueCallback, OnCapacity, Place, TrunkConfig,
};
use serde_json::{Map, Value};

/// When the tests begin.
pub const START: Millis = Millis(1_800_000_000_000);

pub fn org() -> OrgId {
    OrgId::from_entropy([1; 16])
}

pub fn api_key() -> KeyId {
    KeyId::from_entropy([2; 16])
}

pub fn agent() -> AgentId {
    AgentId::from_entropy([3; 16])
}

pub fn reader() -> Reader {
    Reader {
        org: org(),
        key: api_key(),
    }
}

/// Rows as JSON text, so that what is read back is what was stored.
#[derive(Default)]
pub struct Rows {
    calls: RefCell<BTreeMap<CallId, (String, Place)>>,
    metadata: RefCell<BTreeMap<CallId, Map<String, Value>>>,
    brief: RefCell<Option<String>>,
    transcripts: RefCell<BTreeMap<CallId, serde_json::Value>>,
    recordings: RefCell<BTreeMap<CallId, String>>,
    keys: RefCell<BTreeMap<String, Remembrance>>,
    feed_notes: RefCell<Option<String>>,
    log: RefCell<BTreeMap<(Millis, u64), u8>>,
    pub written: Cell<usize>,
    feed_rows: Cell<usize>,
    /// How many bytes the rows are said to take up.
    pub used: Cell<u64>,
    /// Fails the next write, before or after it is kept.
    pub fail: Cell<Option<Fail>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fail {
    Before,
    After,
}

impl Rows {
    pub fn all(&self) -> Vec<Call> {
        self.calls
            .borrow()
            .values()
            .map(|(doc, _)| {
                let mut call: Call = serde_json::from_str(doc).expect("a row");
                call.request.metadata = self.metadata.borrow().get(&call.id).cloned();
                call
            })
            .collect()
    }

    fn places(&self) -> Vec<(Call, Place)> {
        let places: Vec<Place> = self.calls.borrow().values().map(|row| row.1).collect();
        self.all().into_iter().zip(places).collect()
    }

    /// How many rows were written for the live feed alone.
    pub fn feed_rows(&self) -> usize {
        self.feed_rows.get()
    }

    /// The closed calls that are admitted, newest first, among so many rows below the ceiling.
    fn look(
        &self,
        ceiling: Option<CallId>,
        admits: impl Fn(&Call) -> bool,
        limit: usize,
        examine: usize,
    ) -> Found {
        let mut rows = self.all();
        rows.retain(|call| ceiling.is_none_or(|ceiling| call.id < ceiling));
        rows.reverse();
        rows.truncate(examine);
        let until = rows.last().map(|call| call.id);
        let is_cut_off = rows.len() == examine;
        rows.retain(|call| !call.is_open() && admits(call));
        rows.truncate(limit);
        let until = until.filter(|_| is_cut_off && rows.len() < limit);
        Found { calls: rows, until }
    }
}

impl TrunkStore for Rows {
    fn feed_notes(&self) -> Result<Option<FeedNotes>, StoreFailed> {
        let notes = self.feed_notes.borrow();
        Ok(notes
            .as_deref()
            .map(|doc| audatec::app::json::read(doc).expect("notes")))
    }

    fn put_feed_notes(&self, notes: &FeedNotes) -> Result<(), StoreFailed> {
        self.feed_rows.set(self.feed_rows.get() + 1);
        *self.feed_notes.borrow_mut() = Some(serde_json::to_string(notes).expect("json"));
        Ok(())
    }

    fn told_since(&self, from: u64, since: Millis, limit: usize) -> Result<Told, StoreFailed> {
        let mut rows = self.all();
        rows.retain(|call| call.id.row() >= from && !call.is_open());
        let goes_on = rows.get(limit).map(|call| call.id.row());
        rows.truncate(limit);
        rows.retain(|call| call.told_at() >= since);
        Ok(Told {
            calls: rows,
            goes_on,
        })
    }

    fn rows_before(&self, at: Millis, rows: usize) -> Result<u64, StoreFailed> {
        let older = CallId::floor(at).row();
        let all = self.all();
        let older = all.iter().rev().filter(|call| call.id.row() < older);
        Ok(older.take(rows).last().map_or(0, |call| call.id.row()))
    }

    fn log_turns(&self, turns: &[LoggedTurn], forget_before: Millis) -> Result<(), StoreFailed> {
        let mut log = self.log.borrow_mut();
        let before = log.len();
        log.extend(turns.iter().map(|turn| ((turn.at, turn.row), turn.kind)));
        self.feed_rows
            .set(self.feed_rows.get() + log.len() - before);
        log.retain(|(at, _), _| *at >= forget_before);
        Ok(())
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

    fn expired(&self, before: CallId, limit: usize) -> Result<Vec<Expired>, StoreFailed> {
        let old = self.all().into_iter();
        let old = old.filter(|call| call.id < before && !call.is_open());
        let expired = old.take(limit).map(|call| Expired {
            id: call.id,
            call: serde_json::to_string(&call).expect("json"),
            transcript: self
                .transcripts
                .borrow()
                .get(&call.id)
                .map(ToString::to_string),
        });
        Ok(expired.collect())
    }

    fn refused(
        &self,
        from: u64,
        before: u64,
        limit: usize,
    ) -> Result<(Vec<Expired>, Option<u64>), StoreFailed> {
        let refused = audatec::domain::call::CallStatus::RejectedCapacity;
        let expired = self.expired(CallId::floor_of(before), usize::MAX)?;
        let old = expired.into_iter().filter(|call| {
            let row = call.id.row();
            let known = self.get(call.id).ok().flatten();
            row >= from && known.is_some_and(|known| known.status == refused)
        });
        let found: Vec<Expired> = old.take(limit).collect();
        let next = found.last().map(|last| last.id.row() + 1);
        Ok((found, next))
    }

    fn used_bytes(&self) -> u64 {
        self.used.get()
    }

    fn oldest(&self) -> Result<Option<CallId>, StoreFailed> {
        Ok(self.calls.borrow().keys().next().copied())
    }

    fn forget(&self, calls: &[CallId]) -> Result<(), StoreFailed> {
        for call in calls {
            self.calls.borrow_mut().remove(call);
            self.transcripts.borrow_mut().remove(call);
        }
        Ok(())
    }

    fn brief(&self) -> Result<Option<Brief>, StoreFailed> {
        Ok(self
            .brief
            .borrow()
            .as_deref()
            .map(|doc| serde_json::from_str(doc).expect("a brief")))
    }

    fn put_brief(&self, brief: &Brief) -> Result<(), StoreFailed> {
        *self.brief.borrow_mut() = Some(serde_json::to_string(brief).expect("json"));
        Ok(())
    }

    fn open_calls(&self, recent: CallId, each: &mut dyn FnMut(OpenRow)) -> Result<(), StoreFailed> {
        for (call, place) in self.places() {
            let is_found = (place.is_open() && call.late) || call.id >= recent;
            match place.kept {
                _ if !is_found => {}
                _ if place.is_out => each(OpenRow::Whole(Box::new(call), true)),
                Some(kept) => each(OpenRow::Kept(kept.to_string().parse().expect("a row"))),
                None => {}
            }
        }
        Ok(())
    }

    fn starts(
        &self,
        from: CallId,
        since: Millis,
    ) -> Result<Vec<(Millis, Option<Millis>)>, StoreFailed> {
        let rejected = audatec::domain::call::CallStatus::RejectedCapacity;
        let calls = self
            .all()
            .into_iter()
            .filter(|call| call.id >= from && call.status != rejected);
        Ok(calls
            .map(|call| (call.created_at(), call.dialed_at))
            .filter(|(at, dialed)| *at >= since || *dialed >= Some(since))
            .collect())
    }

    fn newest(&self) -> Result<Option<CallId>, StoreFailed> {
        Ok(self.calls.borrow().keys().next_back().copied())
    }

    fn put(&self, calls: Vec<CallRow>) -> Result<(), StoreFailed> {
        let fail = self.fail.take();
        if fail == Some(Fail::Before) {
            return Err(StoreFailed);
        }
        self.written.set(self.written.get() + calls.len());
        for CallRow { mut call, place } in calls {
            if let Some(metadata) = call.request.metadata.take() {
                self.metadata.borrow_mut().insert(call.id, metadata);
            }
            let doc = serde_json::to_string(&call).expect("json");
            self.calls.borrow_mut().insert(call.id, (doc, place));
        }
        if fail == Some(Fail::After) {
            Err(StoreFailed)
        } else {
            Ok(())
        }
    }

    fn get(&self, call: CallId) -> Result<Option<Call>, StoreFailed> {
        let calls = self.calls.borrow();
        let row = calls.get(&call).map(|(doc, _)| doc);
        Ok(row.map(|doc| serde_json::from_str(doc).expect("a row")))
    }

    fn get_at(&self, row: u64) -> Result<Option<Call>, StoreFailed> {
        let calls = self.calls.borrow();
        let mut found = calls.range(CallId::floor_of(row)..);
        let found = found.find(|(id, _)| id.row() >= row);
        let found = found.filter(|(id, _)| id.row() == row);
        Ok(found.map(|(_, (doc, _))| serde_json::from_str(doc).expect("a row")))
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
        let mut due: Vec<DueCallback> = Vec::new();
        for (id, (doc, place)) in self.calls.borrow().iter() {
            let row = id.row();
            let at = place.callback_due;
            let Some(at) = at.filter(|at| (*at, row) > after && *at <= until) else {
                continue;
            };
            let call: Call = serde_json::from_str(doc).expect("a row");
            let url = call.request.callback_url.unwrap_or_default();
            due.push(DueCallback {
                due: at,
                row,
                host: audatec::domain::callback::host_key(&url),
            });
        }
        due.sort_by_key(|due| (due.due, due.row));
        due.truncate(limit);
        Ok(due)
    }

    fn next_callback(&self, after: Millis) -> Result<Option<Millis>, StoreFailed> {
        let due = self.calls.borrow();
        let due = due.values().filter_map(|(_, place)| place.callback_due);
        Ok(due.filter(|due| *due > after).min())
    }

    fn remembered(&self, key: &str) -> Result<Option<Remembrance>, StoreFailed> {
        Ok(self.keys.borrow().get(key).cloned())
    }

    fn remember(
        &self,
        key: &str,
        what: &Remembrance,
        forget_before: Millis,
    ) -> Result<(), StoreFailed> {
        self.keys
            .borrow_mut()
            .retain(|_, known| known.at >= forget_before);
        self.keys.borrow_mut().insert(key.to_owned(), what.clone());
        Ok(())
    }

    fn transcript(&self, call: CallId) -> Result<Option<serde_json::Value>, StoreFailed> {
        Ok(self.transcripts.borrow().get(&call).cloned())
    }

    fn put_transcript(&self, call: CallId, lines: &serde_json::Value) -> Result<(), StoreFailed> {
        self.transcripts
            .borrow_mut()
            .entry(call)
            .or_insert_with(|| lines.clone());
        Ok(())
    }

    fn recording(&self, call: CallId) -> Result<Option<String>, StoreFailed> {
        Ok(self.recordings.borrow().get(&call).cloned())
    }

    fn put_recording(&self, call: CallId, location: &str) -> Result<(), StoreFailed> {
        self.recordings.borrow_mut().insert(call, location.into());
        Ok(())
    }

    fn closed(&self, filter: &CallFilter) -> Result<Found, StoreFailed> {
        let fits = |call: &Call| {
            let phone = filter.phone.as_ref();
            let digits = filter.phone_ends.as_ref();
            phone.is_none_or(|phone| call.request.phone == *phone)
                && digits.is_none_or(|digits| digits.end(&call.request.phone))
        };
        Ok(self.look(filter.ceiling(), fits, filter.limit, filter.examine))
    }

    fn closed_deliveries(&self, filter: &DeliveryFilter) -> Result<Found, StoreFailed> {
        let fits = |call: &Call| call.callback.is_some();
        Ok(self.look(filter.before, fits, filter.limit, filter.examine))
    }
}

/// A trunk's object on virtual time.
pub struct World {
    pub rows: Rows,
    pub settings: Settings,
    pub now: Millis,
    actor: Option<TrunkActor>,
    pub sent: Outgoing,
}

impl World {
    pub fn new(max_channels: u32, max_cps: u32) -> Self {
        let mut world = Self {
            rows: Rows::default(),
            settings: Settings::default(),
            now: START,
            actor: None,
            sent: Outgoing::default(),
        };
        world.brief(max_channels, max_cps, |_| {});
        world
    }

    pub fn key() -> IdKey {
        IdKey::new(b"the tests' own key")
    }

    pub fn brief(&mut self, max_channels: u32, max_cps: u32, change: impl FnOnce(&mut Brief)) {
        let mut brief = Brief {
            version: self.now.0,
            config: TrunkConfig {
                id: TrunkId::from_entropy([7; 16]),
                org_id: org(),
                name: "Trunk".into(),
                trunk_phone: "+918069000000".into(),
                max_cps,
                max_channels,
                status: Status::Active,
                carrier: Carrier::Simulator,
            },
            revoked_keys: vec![],
            inactive_agents: vec![],
            keeps: audatec::domain::media::Keeps::default(),
            secrets: None,
            retired_until: None,
            former: Vec::new(),
            agents: Default::default(),
        };
        change(&mut brief);
        assert_eq!(
            self.ask(TrunkCommand::Brief(Box::new(brief))),
            TrunkReply::Done
        );
    }

    /// The brief that the rows hold.
    pub fn known_brief(&self) -> Brief {
        self.rows.brief().expect("readable").expect("a brief")
    }

    /// What the rows hold for the live feed.
    pub fn known_feed_notes(&self) -> FeedNotes {
        self.rows.feed_notes().expect("readable").expect("notes")
    }

    /// Forgets all that is not in the rows, as a crash does.
    pub fn crash(&mut self) {
        self.actor = None;
    }

    pub fn try_ask(&mut self, command: TrunkCommand) -> Result<TrunkReply, StoreFailed> {
        let actor = match &mut self.actor {
            Some(actor) => actor,
            None => self.actor.insert(TrunkActor::load(
                &self.rows,
                self.settings.clone(),
                Self::key(),
                self.now,
            )?),
        };
        match actor.handle(&self.rows, command, self.now) {
            Ok((reply, outgoing)) => {
                self.sent.append(outgoing);
                Ok(reply)
            }
            Err(failed) => {
                self.actor = None;
                Err(failed)
            }
        }
    }

    pub fn ask(&mut self, command: TrunkCommand) -> TrunkReply {
        self.try_ask(command).expect("the rows can be written")
    }

    pub fn request(number: &str) -> CallRequest {
        CallRequest {
            org: org(),
            trunk: TrunkId::from_entropy([7; 16]),
            key: api_key(),
            phone: E164::parse(number).expect("a number"),
            agent: CallAgent {
                id: agent(),
                code: "emi-reminder-v2".into(),
                fields: vec!["customer_name".into()],
            },
            metadata: serde_json::json!({"customer_name": "Rahul Sharma"})
                .as_object()
                .cloned(),
            callback_url: Some("https://example.com/hook".into()),
        }
    }

    /// A request that wants to be refused when there is no capacity.
    pub fn trigger_of(number: &str) -> Trigger {
        Trigger {
            request: Self::request(number),
            wish: OnCapacity::Reject,
            idempotency: None,
            good_until: None,
        }
    }

    pub fn trigger(&mut self, number: &str) -> Admission {
        match self.ask(TrunkCommand::Admit(Box::new(Self::trigger_of(number)))) {
            TrunkReply::Admission(admission) => admission,
            other => panic!("{other:?}"),
        }
    }

    pub fn queued(&mut self, number: &str, max_wait: Millis) -> CallId {
        let wish = OnCapacity::Queue { max_wait };
        let trigger = Trigger {
            wish,
            ..Self::trigger_of(number)
        };
        match self.ask(TrunkCommand::Admit(Box::new(trigger))) {
            TrunkReply::Admission(Admission::Queued { call, .. }) => call,
            other => panic!("not queued: {other:?}"),
        }
    }

    pub fn accepted(&mut self, number: &str) -> CallId {
        match self.trigger(number) {
            Admission::Accepted { call, .. } => call,
            other => panic!("not accepted: {other:?}"),
        }
    }

    pub fn call(&mut self, id: CallId) -> Call {
        match self.ask(TrunkCommand::Read(reader(), id)) {
            TrunkReply::Call(call) => *call,
            other => panic!("{other:?}"),
        }
    }

    /// Does what the dispatch consumer does with all that was sent so far.
    pub fn dispatch(&mut self) -> Vec<CallId> {
        let calls = std::mem::take(&mut self.sent.dial);
        let TrunkReply::Orders(orders) = self.ask(TrunkCommand::Claim(calls)) else {
            panic!("orders")
        };
        let reports = orders.iter().map(|order| {
            (
                order.call,
                audatec::app::dialers::simulator::dial(order, self.now, &self.settings),
            )
        });
        let reports: Vec<_> = reports.collect();
        let dialed = reports.iter().map(|(call, _)| *call).collect();
        self.ask(TrunkCommand::Carrier(reports));
        dialed
    }

    /// Asks the carrier about all that should be asked about.
    pub fn inquire(&mut self) {
        let calls = std::mem::take(&mut self.sent.inquire);
        let TrunkReply::Orders(orders) = self.ask(TrunkCommand::Examine(calls)) else {
            panic!("orders")
        };
        let findings = orders.iter().map(|order| {
            (
                order.call,
                audatec::app::dialers::simulator::inquire(order, self.now, &self.settings),
            )
        });
        let findings = findings.collect();
        self.ask(TrunkCommand::Learn(findings));
    }

    pub fn next_due(&self) -> Option<Millis> {
        self.actor.as_ref().and_then(TrunkActor::next_due)
    }

    /// Rings the alarm at the next due time; `false` when there is none within `limit`.
    pub fn ring(&mut self, limit: Millis) -> bool {
        let Some(due) = self.next_due().filter(|due| *due <= limit) else {
            return false;
        };
        self.now = self.now.max(due);
        self.ask(TrunkCommand::Tick);
        true
    }

    /// Lets a call live to its end with everything working; its callback stays undelivered.
    pub fn run_to_end(&mut self, id: CallId) -> Call {
        for _ in 0..10_000 {
            self.dispatch();
            self.inquire();
            let call = self.call(id);
            if call.status.is_terminal() {
                return call;
            }
            assert!(self.ring(Millis::MAX), "a call in progress has a due time");
        }
        panic!("no end in sight");
    }
}
