//! The campaign's object: a list of people, and how they are called within a share of a trunk.
//!
//! [`CampaignActor`] is the whole object except for its storage, its alarm and its network. A command is decided and written, then
//! answered. What the campaign wants of its trunk is asked in [exchanges](Exchange), one at a time: `next_exchange` says what to ask,
//! `heard` takes the answer. Whatever an exchange relies on is written before it is asked, and each may be repeated, so the object
//! may die at any point. When a read or a write fails, memory no longer matches the rows: the shell drops the actor, and the
//! next command rebuilds it.

#![allow(
    clippy::boxed_local,
    reason = "what is large travels in a box, and handlers are given it as it travels"
)]

mod answers;
pub mod command;
mod erasing;
mod exchange;
mod language;
mod lifecycle;
mod memory;
mod news;
mod over;
mod people;
mod port;
mod pull;
mod reply;
mod store;
mod tell;

pub use command::CampaignCommand;
pub use erasing::{EraseRecipients, ErasedRecipients};
pub use exchange::{Exchange, Heard};
pub use language::{
    Added, CampaignRefusal, CampaignReply, People, Recipient, RecipientPage, Shown, Snapshot,
    Ticked,
};
pub use port::{AskCampaign, Campaigns, ask};
pub use store::CampaignStore;
pub use tell::tell;

use crate::app::messages::CallbackMessage;
use crate::app::trunk::StoreFailed;
use crate::domain::callback::DeliveryStatus;
use crate::domain::campaign::handover::{Ended, TakeBack};
use crate::domain::campaign::{HeldBy, RecipientStatus, Record, Row};
use crate::domain::ids::{CallId, IdKey, TrunkTag};
use crate::domain::planted::{Fault, planted};
use crate::domain::settings::Settings;
use crate::domain::time::{Span, Timestamp};
use memory::{Calls, People as Buffer};
use news::News;

/// How long reported ends wait to be written along with something else, mostly the next calls.
const LINGER: Span = Span(500);

/// A campaign's object, except for its storage, its alarm and its network.
pub struct CampaignActor {
    key: IdKey,
    /// The retry schedule of the notification that it is over.
    schedule: Vec<Span>,
    record: Option<Record>,
    calls: Calls,
    people: Buffer,
    /// There may be pending recipients that have not been read yet.
    more_pending: bool,
    /// Why the trunk grants no more, according to its last answer;
    held: Option<HeldBy>,
    /// and when it is asked again.
    again_at: Timestamp,
    /// When calls are taken back again, for the last time.
    back_at: Option<Timestamp>,
    /// Why calls were last taken back, and from which trunk;
    back_why: Option<TakeBack>,
    back_asked: Option<TrunkTag>,
    /// and the trunks that have given all theirs back.
    back_from: Vec<TrunkTag>,
    /// How often in a row nobody answered, and when to ask again.
    failures: u32,
    retry_at: Timestamp,
    /// When the trunk is asked how calls ended that nothing was heard of.
    asks_at: Timestamp,
    /// What the live feed's listeners know.
    news: News,
}

/// One command being carried out.
struct Desk<'a, S> {
    actor: &'a mut CampaignActor,
    store: &'a S,
    now: Timestamp,
}

type Answer<R> = Result<R, Stop>;

/// Why a command is not carried out.
enum Stop {
    Refused(CampaignRefusal),
    /// Rows can't be read or written.
    Failed,
}

impl From<CampaignRefusal> for Stop {
    fn from(refusal: CampaignRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreFailed> for Stop {
    fn from(_: StoreFailed) -> Self {
        Self::Failed
    }
}

impl<S: CampaignStore> Desk<'_, S> {
    fn write(&mut self) -> Answer<()> {
        Ok(self.actor.write(self.store, &[], self.now)?)
    }

    fn ended(&mut self, calls: Vec<(CallId, Ended)>) -> Answer<()> {
        self.actor.again_at = Timestamp(0);
        self.actor.calls.learn(calls, self.now);
        Ok(())
    }

    /// Whatever is due is done along with each command.
    fn tick(&mut self) -> Answer<Ticked> {
        let record = self.actor.record.as_ref();
        let told = record.and_then(|record| record.completion.as_deref());
        let pending = told.filter(|told| told.status == DeliveryStatus::Pending);
        Ok(Ticked {
            undelivered_since: pending.map(|told| told.created_at),
            lost_alarm: false,
        })
    }
}

impl CampaignActor {
    /// Rebuilds the object from its rows.
    ///
    /// # Errors
    /// They can't be read.
    pub fn load(
        store: &impl CampaignStore,
        settings: &Settings,
        key: IdKey,
    ) -> Result<Self, StoreFailed> {
        let record = store.record()?;
        let mut calls = Calls::default();
        let has_calls = |record: &Record| record.campaign.counts.in_progress > 0;
        if record.as_ref().is_some_and(has_calls) && !planted(Fault::StallsAfterCrash) {
            for row in store.in_progress()? {
                if let Some(call) = row.attempts.last().and_then(|last| last.call) {
                    calls.begin(call, &row);
                }
            }
        }
        Ok(Self {
            key,
            schedule: settings.webhook_retry.clone(),
            record,
            calls,
            people: Buffer::default(),
            more_pending: true,
            held: None,
            again_at: Timestamp(0),
            back_at: None,
            back_why: None,
            back_asked: None,
            back_from: Vec::new(),
            failures: 0,
            retry_at: Timestamp(0),
            asks_at: Timestamp(0),
            news: News::default(),
        })
    }

    /// Carries out a command. Whatever must be sent is returned beside the answer.
    ///
    /// # Errors
    /// Rows can't be read or written: the actor must not be used any more.
    pub fn handle(
        &mut self,
        store: &impl CampaignStore,
        command: CampaignCommand,
        now: Timestamp,
    ) -> Result<(CampaignReply, Option<CallbackMessage>), StoreFailed> {
        self.advance(store, now)?;
        let mut desk = Desk {
            actor: self,
            store,
            now,
        };
        let reply = match desk.carry_out(command) {
            Ok(reply) => reply,
            Err(Stop::Refused(refusal)) => CampaignReply::Refused(refusal),
            Err(Stop::Failed) => return Err(StoreFailed),
        };
        self.advance(store, now)?;
        Ok((reply, self.due_message(now)))
    }

    /// Whether calls are being taken back, which some commands' answers wait for.
    #[must_use]
    pub fn is_taking_back(&self) -> bool {
        self.record
            .as_ref()
            .is_some_and(|record| record.takes_back.is_some())
    }

    /// When the object must next be woken, or asks its trunk something.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let record = self.record.as_ref()?;
        let told = record.completion.as_ref().and_then(|told| told.due());
        let plan = &record.campaign.plan;
        let runs = record.is_running();
        let opens = plan.not_before.unwrap_or_default();
        let work = self.people.next_due().map(|at| at.max(opens));
        let work = match self.people.has_ready() {
            _ if self.calls.handing() > 0 => Some(opens),
            true => Some(self.again_at.max(opens)),
            false if self.more_pending => Some(opens),
            false => work,
        };
        let owes = record.takes_back.map(|_| self.back_at.unwrap_or_default());
        let asks = (!self.calls.is_empty()).then_some(self.asks_at);
        let rests = record.rests().map(|_| Timestamp(0));
        let asked = [
            work.filter(|_| runs && record.left_as.is_none()),
            owes,
            asks,
            rests,
            self.tells_at(),
        ];
        let asked = asked
            .into_iter()
            .flatten()
            .min()
            .map(|at| at.max(self.retry_at));
        let ends = plan.not_after.filter(|_| runs && record.left_as.is_none());
        let news = self.calls.news_since().map(|at| at + LINGER);
        [told, asked, ends, news].into_iter().flatten().min()
    }

    /// How many calls and people it holds in memory.
    #[must_use]
    pub fn held(&self) -> (usize, usize) {
        (self.calls.len(), self.people.len())
    }

    /// The campaign, unless it was deleted.
    fn living(&self) -> Option<&Record> {
        self.record.as_ref().filter(|record| !record.deleted)
    }

    /// Whether there is nobody to check or to call at once.
    fn is_idle(&self) -> bool {
        !self.people.has_ready()
    }

    /// Whether people may be called now, as far as the campaign is concerned.
    fn may_call(&self, now: Timestamp) -> bool {
        self.record.as_ref().is_some_and(|record| {
            let early = record.campaign.plan.not_before.is_some_and(|at| now < at);
            record.is_running() && record.left_as.is_none() && !early
        })
    }

    /// Applies the passing of time.
    fn advance(&mut self, store: &impl CampaignStore, now: Timestamp) -> Result<(), StoreFailed> {
        let Some(record) = &mut self.record else {
            return Ok(());
        };
        let expires = record.expires(now);
        if expires {
            record.leave_as(RecipientStatus::Expired);
            self.people.forget();
        }
        let mut waits_for_company = self.may_call(now) && self.people.has_ready();
        let mut linger = LINGER;
        if planted(Fault::CompletesLate) {
            (waits_for_company, linger) = (true, Span(6_000));
        }
        let since = self.calls.news_since();
        let news = since.is_some_and(|since| !waits_for_company || now >= since + linger);
        if expires || news {
            let rows = self.take_news(store, now)?;
            self.write(store, &rows, now)?;
        }
        self.looks_for_news(now);
        Ok(())
    }

    /// Takes the news of calls that are over: the rows that change because of it.
    fn take_news(
        &mut self,
        store: &impl CampaignStore,
        now: Timestamp,
    ) -> Result<Vec<Row>, StoreFailed> {
        let Some(record) = &mut self.record else {
            return Ok(Vec::new());
        };
        let mut rows: Vec<Row> = Vec::new();
        for (call, number, ended, is_open) in self.calls.take_news() {
            let known = rows.iter().position(|row| row.row == number);
            let row = match known {
                Some(at) => Some(rows.remove(at)),
                None => store.row(number)?,
            };
            let Some(mut row) = row else { continue };
            let before = (row.status, row.for_hours);
            match is_open {
                true => row.ends(call, &ended, record.rules(), now),
                false => {
                    row.learns(call, &ended);
                    self.people.replace(&row);
                }
            }
            record.recount(before, (row.status, row.for_hours));
            self.people.note(&row);
            rows.push(row);
        }
        Ok(rows)
    }

    /// Writes everything that changed, together.
    fn write(
        &mut self,
        store: &impl CampaignStore,
        rows: &[Row],
        now: Timestamp,
    ) -> Result<(), StoreFailed> {
        let Some(record) = &mut self.record else {
            return Ok(());
        };
        record.settle(&self.key, now);
        if record.deleted && record.is_done() {
            self.record = None;
            return store.clear();
        }
        store.commit(record, rows)
    }
}
