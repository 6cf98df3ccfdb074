//! A trunk's object in memory: its rows, and what it sent, without a runtime.

#![allow(
    dead_code,
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where it fails, and each test file uses its own part"
)]

pub mod livekit;
pub mod rows;

use std::collections::BTreeMap;

use audatec::app::messages::{ContactErrand, Outgoing};
use audatec::app::trunk::{
    FeedNotes, Idempotency, Reader, StoreFailed, Trigger, TrunkActor, TrunkCommand, TrunkReply,
    TrunkStore,
};
use audatec::domain::agent::Status;
use audatec::domain::call::{Call, CallAgent, CallRequest, Window};
use audatec::domain::contacts::{Contact, ContactLimit, Dials, Number, Word, Words};
use audatec::domain::ids::{AgentId, CallId, IdKey, KeyId, OrgId, TrunkId};
use audatec::domain::phone::E164;
use audatec::domain::settings::Settings;
use audatec::domain::time::{Span, Timestamp};
use audatec::domain::trunk::{Admission, Brief, Carrier, OnCapacity, TrunkConfig};

use rows::{Luck, Rows, Store};

/// When the tests begin.
pub const START: Timestamp = Timestamp(1_800_000_000_000);

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
        good_until: None,
    }
}

/// A trunk's object on virtual time.
pub struct World {
    pub rows: Rows,
    pub luck: Luck,
    pub settings: Settings,
    pub now: Timestamp,
    actor: Option<TrunkActor>,
    /// What a failed write made unusable.
    failed: Option<TrunkActor>,
    pub sent: Outgoing,
    /// Numbers that are suppressed, as far as others know.
    pub suppressed: Vec<Number>,
    /// Limits that the trunk is told of while it asks of numbers.
    pub late_brief: Option<Vec<ContactLimit>>,
    /// The dials to numbers, as others count them.
    pub dials: BTreeMap<Number, Dials>,
    /// Nobody answers who knows of numbers.
    pub nobody_knows: bool,
}

impl World {
    pub fn new(max_channels: u32, max_cps: u32) -> Self {
        let mut world = Self {
            rows: Rows::default(),
            luck: Luck::default(),
            settings: Settings::default(),
            now: START,
            actor: None,
            failed: None,
            sent: Outgoing::default(),
            suppressed: Vec::new(),
            late_brief: None,
            dials: BTreeMap::new(),
            nobody_knows: false,
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
                destinations: Default::default(),
                max_calls_per_day: None,
            },
            revoked_keys: vec![],
            inactive_agents: vec![],
            deleted_agents: vec![],
            reviews: false,
            counted_dials: false,
            media_policy: audatec::domain::media::MediaPolicy::default(),
            callback_detail: Default::default(),
            hours: Default::default(),
            limits: Default::default(),
            secrets: None,
            suspended: false,
            retired_until: None,
            former_carriers: Vec::new(),
            agents: Default::default(),
            asks_of_numbers: false,
            refuses_impossible: false,
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
    pub fn feed_notes(&self) -> Option<FeedNotes> {
        self.rows.feed_notes().expect("readable")
    }

    pub fn known_feed_notes(&self) -> FeedNotes {
        self.rows.feed_notes().expect("readable").expect("notes")
    }

    /// Forgets all that is not in the rows, as a crash does.
    pub fn crash(&mut self) {
        self.actor = None;
        self.failed = None;
    }

    pub fn try_ask(&mut self, command: TrunkCommand) -> Result<TrunkReply, StoreFailed> {
        let store = Store {
            rows: &self.rows,
            luck: &self.luck,
        };
        let actor = match &mut self.actor {
            Some(actor) => actor,
            None => {
                let settings = self.settings.clone();
                let mut actor = TrunkActor::load(&store, settings, Self::key(), self.now)?;
                if let Some(failed) = self.failed.take() {
                    actor.succeed(failed);
                }
                self.actor.insert(actor)
            }
        };
        let (_, questions) = actor.questions(&store, &command, self.now)?;
        let known = questions.into_iter().filter(|_| !self.nobody_knows);
        let words = known.map(|asked| {
            let suppressed = self.suppressed.contains(&asked.number);
            let dials = self.dials.entry(asked.number).or_default();
            let contact = match &asked.take {
                Some(take) if !suppressed => dials.take(take, self.now),
                _ => Contact::Free,
            };
            (
                asked,
                Word {
                    suppressed,
                    contact,
                },
            )
        });
        let words = Words::new(words.collect());
        if let Some(limits) = self.late_brief.take() {
            let mut brief = self.rows.brief()?.expect("a brief");
            brief.version += 1;
            brief.limits.org = limits;
            actor.handle(&store, TrunkCommand::Brief(Box::new(brief)), self.now)?;
        }
        match actor.handle_knowing(&store, command, &words, self.now) {
            Ok((reply, outgoing)) => {
                self.sent.append(outgoing);
                Ok(reply)
            }
            Err(failed) => {
                self.failed = self.actor.take();
                Err(failed)
            }
        }
    }

    /// Tells those who count the dials what is owed.
    pub fn tell_of_numbers(&mut self) {
        for errand in std::mem::take(&mut self.sent.contacts) {
            match errand {
                ContactErrand::Take(take) => {
                    let dials = self.dials.entry(take.number).or_default();
                    dials.take(&take, self.now);
                }
                ContactErrand::GiveBack {
                    call,
                    number,
                    ticket,
                } => {
                    self.dials
                        .entry(number)
                        .or_default()
                        .give_back(ticket, self.now);
                    if let Some(call) = call {
                        self.ask(TrunkCommand::GivenBack(call, vec![ticket.1]));
                    }
                }
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
            time_zone: None,
            ignores_hours: false,
            redial: None,
            campaign: None,
        }
    }

    /// A request that wants to be refused when there is no capacity.
    pub fn trigger_of(number: &str) -> Trigger {
        Trigger {
            request: Self::request(number),
            on_capacity: OnCapacity::Reject,
            window: None,
            idempotency: None,
            good_until: None,
        }
    }

    /// A request with an `Idempotency-Key`, the same each time.
    pub fn keyed(number: &str) -> TrunkCommand {
        let idempotency = Some(Idempotency {
            key: "once".into(),
            body: "b".into(),
        });
        TrunkCommand::Admit(Box::new(Trigger {
            idempotency,
            ..Self::trigger_of(number)
        }))
    }

    pub fn trigger(&mut self, number: &str) -> Admission {
        match self.ask(TrunkCommand::Admit(Box::new(Self::trigger_of(number)))) {
            TrunkReply::Admission(admission) => admission,
            other => panic!("{other:?}"),
        }
    }

    pub fn queued(&mut self, number: &str, max_wait: Span) -> CallId {
        let on_capacity = OnCapacity::Queue { max_wait };
        let trigger = Trigger {
            on_capacity,
            ..Self::trigger_of(number)
        };
        match self.ask(TrunkCommand::Admit(Box::new(trigger))) {
            TrunkReply::Admission(Admission::Queued { call, .. }) => call,
            other => panic!("not queued: {other:?}"),
        }
    }

    /// A call that may be dialed in `window` alone.
    pub fn within(&mut self, number: &str, window: Window) -> Admission {
        let trigger = Trigger {
            window: Some(window),
            ..Self::trigger_of(number)
        };
        match self.ask(TrunkCommand::Schedule(Box::new(trigger))) {
            TrunkReply::Admission(admission) => admission,
            other => panic!("{other:?}"),
        }
    }

    /// One that is dialed when `wait` has passed, and waits for capacity for an hour then.
    pub fn scheduled(&mut self, number: &str, wait: Span) -> CallId {
        let max_wait = Span::from_secs(3_600);
        let window = Window {
            not_before: Some(self.now + wait),
            not_after: self.now + wait + max_wait,
            max_wait,
        };
        match self.within(number, window) {
            Admission::Scheduled { call, at, .. } if at == self.now + wait => call,
            other => panic!("not scheduled: {other:?}"),
        }
    }

    pub fn scheduled_within(&mut self, number: &str, window: Window) -> CallId {
        match self.within(number, window) {
            Admission::Scheduled { call, .. } => call,
            other => panic!("not scheduled: {other:?}"),
        }
    }

    /// Lives on until `end`, with everything working; callbacks stay undelivered.
    pub fn live_until(&mut self, end: Timestamp) {
        for _ in 0..100_000 {
            self.dispatch();
            self.inquire();
            if !self.ring(end) {
                self.now = self.now.max(end);
                return;
            }
        }
        panic!("it never rests");
    }

    /// How many calls are held in memory, and how many of them wait.
    pub fn held(&self) -> (usize, usize) {
        let actor = self.actor.as_ref();
        let (calls, waiting, _) = actor.map_or((0, 0, 0), TrunkActor::held);
        (calls, waiting)
    }

    pub fn accepted(&mut self, number: &str) -> CallId {
        match self.trigger(number) {
            Admission::Accepted { call, .. } => call,
            other => panic!("not accepted: {other:?}"),
        }
    }

    /// Whether there is such a call.
    pub fn has(&mut self, id: CallId) -> bool {
        matches!(
            self.ask(TrunkCommand::Read(reader(), id)),
            TrunkReply::Call(_)
        )
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
        self.ask(TrunkCommand::CarrierEvents(reports));
        dialed
    }

    /// Asks the carrier about all that should be asked about.
    pub fn inquire(&mut self) {
        let calls = std::mem::take(&mut self.sent.inquire);
        let TrunkReply::Orders(orders) = self.ask(TrunkCommand::InquiryOrders(calls)) else {
            panic!("orders")
        };
        let findings = orders.iter().map(|order| {
            (
                order.call,
                audatec::app::dialers::simulator::inquire(order, self.now, &self.settings),
            )
        });
        let findings = findings.collect();
        self.ask(TrunkCommand::InquiryResults(findings));
    }

    pub fn next_due(&self) -> Option<Timestamp> {
        self.actor.as_ref().and_then(TrunkActor::next_due)
    }

    pub fn has_duties(&self) -> bool {
        self.actor.as_ref().is_some_and(TrunkActor::has_duties)
    }

    /// Rings the alarm at the next due time; `false` when there is none within `limit`.
    pub fn ring(&mut self, limit: Timestamp) -> bool {
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
            assert!(
                self.ring(Timestamp::MAX),
                "a call in progress has a due time"
            );
        }
        panic!("no end in sight");
    }
}
