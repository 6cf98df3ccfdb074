//! Campaigns and their trunk.

use std::collections::BTreeMap;

use audatec::app::campaign::{
    CampaignActor, CampaignCommand, CampaignRefusal, CampaignReply, Exchange, Heard, Recipient,
    Shown,
};
use audatec::app::messages::CallbackMessage;
use audatec::app::trunk::{CampaignHeard, StoreFailed, TrunkCommand, TrunkReply};
use audatec::domain::call::CallAgent;
use audatec::domain::campaign::handover::{Became, RoundAnswer, Standing};
use audatec::domain::campaign::{
    Campaign, Counts, NewRecipient, Plan, RecipientStatus, Record, Row, Status,
};
use audatec::domain::ids::{CallId, CampaignId, TrunkId};
use audatec::domain::phone::E164;
use audatec::domain::settings::Settings;
use audatec::domain::time::{Span, Timestamp};

use super::campaign_rows::CampaignRows;
use super::plan::bare_plan;
use super::support::{self, START, agent, api_key, org};

/// What goes wrong with an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Luck {
    /// Nobody heard the question.
    Unasked,
    /// Nobody heard the answer.
    Unheard,
    /// The campaign's object dies before it hears the answer,
    Dies,
    /// or once it has.
    DiesLater,
    /// It can't write what it heard.
    Unwritten,
    /// It can, and hears that it could not.
    Written,
    /// The trunk's object dies behind its answer.
    TrunkDies,
}

/// A campaign's object.
pub struct Caller {
    pub id: CampaignId,
    pub store: CampaignRows,
    actor: Option<CampaignActor>,
    pub told: Vec<CallbackMessage>,
}

impl Caller {
    pub fn record(&self) -> Record {
        self.store.said().expect("a row")
    }
}

/// A trunk and its campaigns.
pub struct World {
    pub trunk: support::World,
    pub callers: Vec<Caller>,
    /// Each call that was dialed, with when.
    pub dialed: Vec<(CallId, Timestamp)>,
    /// What happens to the exchanges to come.
    pub luck: Vec<Option<Luck>>,
    /// Trunks tell campaigns nothing by themselves.
    pub silent: bool,
    pub exchanges: usize,
    /// How often campaigns told of themselves; and that nobody hears it.
    pub told: u64,
    pub mute: bool,
    /// The directory can't be reached.
    pub no_directory: bool,
    /// What it was told: campaigns that rest, each since which start.
    pub rested: Vec<(CampaignId, u64)>,
}

pub fn plan() -> Plan {
    bare_plan(agent(), TrunkId::from_entropy([7; 16]))
}

pub fn person(reference: &str, phone: &str) -> NewRecipient {
    NewRecipient {
        reference: reference.into(),
        phone: E164::parse(phone).expect("a number"),
        time_zone: None,
        metadata: Some(r#"{"customer_name":"Rahul Sharma"}"#.into()),
    }
}

/// People whose calls are answered, each with a number of their own.
pub fn people(count: usize) -> Vec<NewRecipient> {
    let one = |nth: usize| person(&format!("customer-{nth}"), &format!("+1415555{nth:04}"));
    (0..count).map(one).collect()
}

impl World {
    pub fn new(max_channels: u32, max_cps: u32) -> Self {
        Self {
            trunk: support::World::new(max_channels, max_cps),
            callers: Vec::new(),
            dialed: Vec::new(),
            luck: Vec::new(),
            silent: false,
            exchanges: 0,
            told: 0,
            mute: false,
            no_directory: false,
            rested: Vec::new(),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.trunk.now
    }

    /// A campaign of these people, as a draft.
    pub fn draft(&mut self, plan: Plan, people: Vec<NewRecipient>) -> usize {
        let nth = self.callers.len();
        let id = CampaignId::from_entropy([nth as u8 + 1; 16]);
        let store = CampaignRows::default();
        store.few.set(Some(7));
        self.callers.push(Caller {
            id,
            store,
            actor: None,
            told: Vec::new(),
        });
        let campaign = Campaign {
            id,
            org: org(),
            plan,
            status: Status::Draft,
            counts: Counts::default(),
            started_by: None,
            created_at: self.now(),
            started_at: None,
            ended_at: None,
        };
        self.ask(nth, CampaignCommand::Create(Box::new(campaign)));
        if !people.is_empty() {
            self.ask(nth, CampaignCommand::Add(people));
        }
        nth
    }

    pub fn running(&mut self, plan: Plan, people: Vec<NewRecipient>) -> usize {
        let nth = self.draft(plan, people);
        self.start(nth);
        nth
    }

    pub fn start(&mut self, nth: usize) -> Shown {
        self.shown(nth, Self::starts())
    }

    pub fn refused_start(&mut self, nth: usize) -> CampaignRefusal {
        self.refused(nth, Self::starts())
    }

    fn starts() -> CampaignCommand {
        CampaignCommand::Start {
            key: api_key(),
            agent: Box::new(CallAgent {
                id: agent(),
                code: "emi-reminder-v2".into(),
                fields: vec!["customer_name".into()],
            }),
            mark: 1,
        }
    }

    pub fn shown(&mut self, nth: usize, command: CampaignCommand) -> Shown {
        match self.ask(nth, command) {
            CampaignReply::Campaign(shown) => *shown,
            other => panic!("{other:?}"),
        }
    }

    pub fn refused(&mut self, nth: usize, command: CampaignCommand) -> CampaignRefusal {
        match self.ask(nth, command) {
            CampaignReply::Refused(refusal) => refusal,
            other => panic!("{other:?}"),
        }
    }

    pub fn get(&mut self, nth: usize) -> Shown {
        self.shown(nth, CampaignCommand::Get)
    }

    pub fn counts(&mut self, nth: usize) -> Counts {
        self.get(nth).campaign.counts
    }

    pub fn recipient(&mut self, nth: usize, reference: &str) -> Recipient {
        match self.ask(nth, CampaignCommand::Recipient(reference.into())) {
            CampaignReply::Recipient(recipient) => *recipient,
            other => panic!("{other:?}"),
        }
    }

    /// Works on the actor; one whose rows failed is gone.
    fn with<T>(
        &mut self,
        nth: usize,
        work: impl FnOnce(&mut CampaignActor, &CampaignRows, Timestamp) -> Result<T, StoreFailed>,
    ) -> Result<T, StoreFailed> {
        let now = self.trunk.now;
        let caller = &mut self.callers[nth];
        let mut actor = match caller.actor.take() {
            Some(actor) => actor,
            None => {
                let key = support::World::key();
                CampaignActor::load(&caller.store, &Settings::default(), key)?
            }
        };
        let result = work(&mut actor, &caller.store, now);
        caller.store.roll_back();
        let result = result?;
        if let Some(message) = actor.due_message(now) {
            caller.told.push(message);
        }
        caller.actor = Some(actor);
        self.check(nth);
        Ok(result)
    }

    /// One command; what waits for calls to be taken back is answered when that is done.
    pub fn ask(&mut self, nth: usize, command: CampaignCommand) -> CampaignReply {
        let waits = command.waits();
        let (reply, message) = self
            .with(nth, |actor, store, now| actor.handle(store, command, now))
            .expect("written");
        self.callers[nth].told.extend(message);
        if waits && matches!(reply, CampaignReply::Campaign(_)) {
            let asked_at = self.now();
            while self.is_taking_back(nth) {
                let next = self.now() + Span(20);
                self.live_until(next);
                assert!(self.now() <= asked_at + Span::from_secs(60));
            }
            return self.ask(nth, CampaignCommand::Get);
        }
        reply
    }

    pub fn is_taking_back(&self, nth: usize) -> bool {
        self.callers[nth].record().takes_back.is_some()
    }

    pub fn crash(&mut self, nth: usize) {
        self.callers[nth].actor = None;
    }

    /// What must hold whenever something was written.
    fn check(&self, nth: usize) {
        let store = &self.callers[nth].store;
        if store.is_empty() {
            return;
        }
        let record = self.callers[nth].record();
        let counts = record.campaign.counts;
        let rows = store.all();
        let many = |wanted: RecipientStatus| {
            let those = rows
                .iter()
                .filter(|row| record.status_of(row.status) == wanted);
            let removed = store.removed.borrow();
            let removed = removed
                .iter()
                .filter(|status| record.status_of(**status) == wanted);
            (those.count() + removed.count()) as u64
        };
        let by_rows = Counts {
            total: (rows.len() + store.removed.borrow().len()) as u64,
            pending: many(RecipientStatus::Pending),
            in_progress: many(RecipientStatus::InProgress),
            waiting: many(RecipientStatus::Waiting),
            completed: many(RecipientStatus::Completed),
            unreached: many(RecipientStatus::Unreached),
            suppressed: many(RecipientStatus::Suppressed),
            expired: many(RecipientStatus::Expired),
            canceled: many(RecipientStatus::Canceled),
        };
        assert_eq!(counts, by_rows);
        let open = rows
            .iter()
            .filter(|row| row.status == RecipientStatus::InProgress);
        let mut numbers: Vec<_> = open.map(Row::number).collect();
        let all = numbers.len();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), all, "one number is called once at a time");
    }

    /// What a trunk says that knows none of these calls, and grants none.
    fn put_to_another(exchange: Exchange) -> Heard {
        match exchange {
            Exchange::Round(..) => Heard::Round(RoundAnswer {
                taken: Vec::new(),
                granted: Vec::new(),
                again_at: Timestamp::MAX,
                held_by: None,
            }),
            Exchange::Check(_, check) => {
                Heard::Standings(check.people.iter().map(|_| Standing::Ready).collect())
            }
            Exchange::Outcomes { calls, .. } => {
                let nothing = calls.into_iter().map(|call| (call, Became::Nothing));
                Heard::Outcomes(nothing.collect())
            }
            Exchange::TakeBack { .. } => Heard::TakenBack(None),
            Exchange::Tell { .. } => Heard::Untold,
            Exchange::Rest { mark, .. } => Heard::Rested(mark),
        }
    }

    fn put(&mut self, exchange: Exchange) -> Heard {
        let asked = match &exchange {
            Exchange::Round(trunk, _) | Exchange::Check(trunk, _) => Some(*trunk),
            Exchange::Outcomes { trunk, .. }
            | Exchange::TakeBack { trunk, .. }
            | Exchange::Tell { trunk, .. } => Some(*trunk),
            Exchange::Rest { .. } => None,
        };
        let own = self.trunk.known_brief().config.id.tag();
        if asked.is_some_and(|asked| asked != own) {
            return Self::put_to_another(exchange);
        }
        let command = match exchange {
            Exchange::Round(_, round) => TrunkCommand::CampaignRound(*round),
            Exchange::Check(_, check) => TrunkCommand::CampaignCheck(*check),
            Exchange::Outcomes {
                org,
                campaign,
                calls,
                ..
            } => TrunkCommand::CampaignOutcomes {
                org,
                campaign,
                calls,
            },
            Exchange::TakeBack {
                org,
                campaign,
                calls,
                why,
                last,
                ..
            } => TrunkCommand::CampaignTakeBack {
                org,
                campaign,
                calls,
                why,
                last,
            },
            Exchange::Tell {
                org,
                campaign,
                view,
                ..
            } => {
                if self.mute {
                    return Heard::Untold;
                }
                self.told += 1;
                TrunkCommand::CampaignTells {
                    org,
                    campaign,
                    view,
                }
            }
            Exchange::Rest { campaign, mark, .. } => {
                if self.no_directory {
                    return Heard::Nothing;
                }
                self.rested.push((campaign, mark));
                return Heard::Rested(mark);
            }
        };
        match self.trunk.ask(command) {
            TrunkReply::Round(answer) => Heard::Round(answer),
            TrunkReply::Standings(standings) => Heard::Standings(standings),
            TrunkReply::Outcomes(outcomes) => Heard::Outcomes(outcomes),
            TrunkReply::TakenBack { again_at } => Heard::TakenBack(again_at),
            TrunkReply::CampaignHeard {
                taken,
                again_at,
                listened,
            } => Heard::Told(CampaignHeard {
                taken,
                again_at,
                listened,
            }),
            TrunkReply::Refused(refusal) => Heard::Refused(refusal),
            other => panic!("{other:?}"),
        }
    }

    /// One exchange of a campaign's, if it has one. Whether it had.
    fn exchange(&mut self, nth: usize) -> bool {
        let next = self.with(nth, |actor, store, now| actor.next_exchange(store, now));
        let Some(exchange) = next.expect("written") else {
            return false;
        };
        self.exchanges += 1;
        let luck = match self.luck.is_empty() {
            true => None,
            false => self.luck.remove(0),
        };
        let heard = match luck {
            Some(Luck::Unasked) => Heard::Nothing,
            _ => self.put(exchange),
        };
        let fails = match luck {
            Some(Luck::Unwritten) => Some(false),
            Some(Luck::Written) => Some(true),
            _ => None,
        };
        self.callers[nth].store.fails.set(fails);
        let heard = match luck {
            Some(Luck::Unheard) => Heard::Nothing,
            _ => heard,
        };
        if luck == Some(Luck::Dies) {
            self.crash(nth);
            return true;
        }
        let written = self.with(nth, |actor, store, now| actor.heard(store, heard, now));
        assert!(written.is_ok() || fails.is_some());
        self.callers[nth].store.fails.set(None);
        match luck {
            Some(Luck::DiesLater) => self.crash(nth),
            Some(Luck::TrunkDies) => self.trunk.crash(),
            _ => {}
        }
        true
    }

    pub fn next_due_of(&mut self, nth: usize) -> Option<Timestamp> {
        let next = self.with(nth, |actor, _, _| Ok(actor.next_due()));
        next.expect("read")
    }

    fn next_due(&mut self) -> Option<Timestamp> {
        let now = self.now();
        let mut due = Vec::from_iter(self.trunk.next_due());
        for nth in 0..self.callers.len() {
            let next = self.with(nth, |actor, _, _| Ok(actor.next_due()));
            due.extend(next.expect("read"));
        }
        due.into_iter().min().map(|due| due.max(now + Span(1)))
    }

    /// All that happens without waiting.
    fn settle(&mut self) {
        for _ in 0..10_000 {
            let mut moved = false;
            for nth in 0..self.callers.len() {
                moved |= self.exchange(nth);
            }
            let now = self.now();
            let dialed = self.trunk.dispatch();
            moved |= !dialed.is_empty();
            self.dialed
                .extend(dialed.into_iter().map(|call| (call, now)));
            self.trunk.inquire();
            for errand in std::mem::take(&mut self.trunk.sent.campaigns) {
                let mut callers = self.callers.iter();
                let nth = callers.position(|caller| caller.id == errand.campaign);
                if let Some(nth) = nth.filter(|_| !self.silent) {
                    let _ = self.with(nth, |actor, store, now| {
                        actor.handle(store, CampaignCommand::Ended(errand.calls), now)
                    });
                    moved = true;
                }
            }
            if !moved {
                return;
            }
        }
        panic!("it never rests");
    }

    /// Lives on until then.
    pub fn live_until(&mut self, end: Timestamp) {
        for _ in 0..200_000 {
            self.settle();
            match self.next_due().filter(|due| *due <= end) {
                Some(due) => {
                    self.trunk.now = due;
                    self.trunk.ask(TrunkCommand::Tick);
                }
                None => {
                    self.trunk.now = self.now().max(end);
                    return;
                }
            }
        }
        panic!("it never rests");
    }

    /// Lives on until the campaign is over, for an hour at most.
    pub fn run(&mut self, nth: usize) -> Shown {
        let end = self.now() + Span::from_secs(3_600);
        while self.now() < end {
            let shown = self.get(nth);
            if matches!(shown.campaign.status, Status::Completed | Status::Canceled) {
                return shown;
            }
            let next = self.now() + Span(1_000);
            self.live_until(next);
        }
        panic!("it is never over: {:?}", self.get(nth));
    }

    /// How often each recipient was dialed, by their row.
    pub fn dials(&self, nth: usize) -> BTreeMap<u64, usize> {
        let mut dials = BTreeMap::new();
        for row in self.callers[nth].store.all() {
            let own = row.attempts.iter().filter_map(|attempt| attempt.call);
            let own: Vec<CallId> = own.collect();
            let dialed = self.dialed.iter().filter(|(call, _)| own.contains(call));
            dials.insert(row.row, dialed.count());
        }
        dials
    }
}

/// When the tests begin.
pub const BEGIN: Timestamp = START;
