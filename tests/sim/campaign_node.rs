//! A campaign's object as the runtime keeps it: the application's actor, its rows, its alarm, the one exchange under way; and how
//! it dies. What the Worker's shell does around the actor is done here.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use audatec::app::alarm::Alarm;
use audatec::app::campaign::{CampaignActor, CampaignCommand, CampaignRefusal, CampaignReply};
use audatec::app::messages::CallbackMessage;
use audatec::app::ports::Unavailable;
use audatec::app::resting;
use audatec::app::trunk::StoreFailed;
use audatec::domain::ids::{CampaignId, OrgId};
use audatec::domain::time::{Span, Timestamp};

use crate::campaign_rows::CampaignRows;
use crate::executor::{Owner, Slot};
use crate::faults::Kind;
use crate::ports::{Edge, pause};
use crate::queue::{self, Message, Queue};
use crate::world::W;

/// How soon an object whose storage failed tries again.
const AGAIN: Span = Span(5_000);
/// What is due within this time is waited for; for what is due later the alarm is set.
const SOON: Span = Span(10_000);
/// So soon an object wakes that died while it asked, or waited to ask.
const WAKES_AFTER: Span = Span(10_000);
/// How long somebody waits at most for calls to be taken back, and how often it is looked.
const PATIENCE: Span = Span(8_000);
const LOOKS_MS: u64 = 20;
/// How long anybody waits for an object.
const DEADLINE_MS: u64 = 10_000;

pub type Reply = Result<CampaignReply, Unavailable>;

pub struct CampaignNode {
    pub id: CampaignId,
    pub rows: CampaignRows,
    actor: RefCell<Option<CampaignActor>>,
    pending: RefCell<Alarm>,
    stored_alarm: Cell<Option<Timestamp>>,
    exchanging: Cell<bool>,
    turn: Cell<u64>,
    /// Rises with each incarnation.
    life: Cell<u64>,
    died_at: Cell<u64>,
}

/// The same as trunks have, and for the same reason.
const REST_MS: u64 = 250;

impl CampaignNode {
    fn new(id: CampaignId) -> Self {
        Self {
            id,
            rows: CampaignRows::default(),
            actor: RefCell::default(),
            pending: RefCell::default(),
            stored_alarm: Cell::default(),
            exchanging: Cell::default(),
            turn: Cell::default(),
            life: Cell::default(),
            died_at: Cell::default(),
        }
    }

    /// It dies: with it what was in memory, and whoever waited for an answer there.
    pub fn die(&self, w: &W) {
        w.note(None, || format!("campaign {} dies", self.id));
        self.died_at.set(w.time());
        self.life.set(self.life.get() + 1);
        self.actor.take();
        self.pending.take();
        self.exchanging.set(false);
    }

    /// It forgets all that it keeps, and dies.
    pub fn wipe(&self, w: &W) {
        self.die(w);
        self.stored_alarm.take();
        self.rows.clear();
    }

    /// What it holds in memory: calls, and people.
    pub fn held(&self) -> (usize, usize) {
        let actor = self.actor.borrow();
        actor.as_ref().map_or((0, 0), CampaignActor::held)
    }

    /// Works on the actor, which is built when it is not there; one whose rows failed is dropped.
    fn with<T>(
        &self,
        w: &W,
        work: impl FnOnce(&mut CampaignActor, &CampaignRows) -> Result<T, StoreFailed>,
    ) -> Result<T, StoreFailed> {
        w.step();
        let mut slot = self.actor.borrow_mut();
        if slot.is_none() {
            self.rows.reads_fail.set(w.hit(Kind::LoadFails));
            let key = w.secrets.id_key.clone();
            let loaded = CampaignActor::load(&self.rows, &w.settings, key);
            self.rows.reads_fail.set(false);
            *slot = Some(loaded?);
        }
        let fails = [
            (Kind::StoreFailsBefore, false),
            (Kind::StoreFailsAfter, true),
        ];
        let failure = fails.into_iter().find(|(kind, _)| w.hit(*kind));
        self.rows.fails.set(failure.map(|(_, is_kept)| is_kept));
        let actor = slot.as_mut().ok_or(StoreFailed)?;
        let result = work(actor, &self.rows);
        self.rows.fails.set(None);
        self.rows.roll_back();
        if result.is_err() {
            *slot = None;
        }
        drop(slot);
        w.oracle.campaign_wrote(self, self.rows.take_changed());
        result
    }

    fn next_due(&self) -> Option<Timestamp> {
        self.actor
            .borrow()
            .as_ref()
            .and_then(CampaignActor::next_due)
    }

    fn is_taking_back(&self) -> bool {
        let actor = self.actor.borrow();
        actor.as_ref().is_none_or(CampaignActor::is_taking_back)
    }

    /// One command, but for what waits for calls to be taken back; `None` when nobody answers.
    fn carry_out(self: &Rc<Self>, w: &W, command: CampaignCommand) -> Option<CampaignReply> {
        let named = crate::oracle::shorten(&format!("{command:?}"));
        let now = w.clock();
        let handled = self.with(w, |actor, rows| actor.handle(rows, command, now));
        let reply = handled.as_ref().ok().map(|(reply, _)| reply.clone());
        w.note(None, || {
            let told = crate::oracle::shorten(&format!("{reply:?}"));
            format!("campaign {}: {named} at {} -> {told}", self.id, now.0)
        });
        if w.time() > self.died_at.get() + REST_MS && w.hit(Kind::TrunkDiesInStep) {
            self.die(w);
            return None;
        }
        match handled {
            Ok((reply, message)) => {
                self.send(w, message);
                self.arm(w, false);
                self.drive(w);
                Some(reply)
            }
            Err(StoreFailed) => {
                self.arm(w, true);
                None
            }
        }
    }

    fn serve(
        self: &Rc<Self>,
        w: &W,
        command: CampaignCommand,
        answered: impl FnOnce(&W, Option<CampaignReply>) + 'static,
    ) {
        let waits = command.waits();
        let reply = self.carry_out(w, command);
        if !waits || !matches!(reply, Some(CampaignReply::Campaign(_))) {
            return answered(w, reply);
        }
        let (node, world, life) = (Rc::clone(self), Rc::clone(w), self.life.get());
        w.tasks.spawn(Owner::Client, async move {
            let ends_at = world.clock() + PATIENCE;
            while node.life.get() == life && node.is_taking_back() {
                if world.clock() >= ends_at {
                    let late = CampaignReply::Refused(CampaignRefusal::NotTakenBack);
                    return answered(&world, Some(late));
                }
                pause(&world, LOOKS_MS).await;
            }
            let reply = match node.life.get() == life {
                true => node.carry_out(&world, CampaignCommand::Get),
                false => None,
            };
            answered(&world, reply);
        });
    }

    /// Two answers of one moment: the campaign, and all of its recipients.
    pub fn shows(self: &Rc<Self>, w: &W) -> Option<(CampaignReply, CampaignReply)> {
        let all = CampaignCommand::Recipients {
            status: None,
            after: 0,
            limit: 10_000,
        };
        let shown = self.carry_out(w, CampaignCommand::Get)?;
        Some((shown, self.carry_out(w, all)?))
    }

    /// The directory knows that it runs: the cron pokes it, should its alarm be lost.
    fn is_looked_after(&self) -> bool {
        self.rows.said().is_some_and(|record| record.mark.is_some())
    }

    fn send(&self, w: &W, message: Option<CallbackMessage>) {
        if let Some(message) = message {
            queue::send(w, Queue::Callbacks, Message::Callback(message));
        }
    }

    fn arm(self: &Rc<Self>, w: &W, failed: bool) {
        let due = match failed {
            true => Some(w.clock() + AGAIN),
            false => self.next_due(),
        };
        let Some(due) = due else { return };
        let due = due.max(w.clock() + WAKES_AFTER);
        if self.pending.borrow().wants(due, w.clock()) {
            if self.is_looked_after() && w.hit(Kind::AlarmNotSet) {
                return self.pending.borrow().failed();
            }
            self.stored_alarm.set(Some(due));
            self.expect_alarm(w);
        }
    }

    /// The runtime wakes the object at its alarm's time.
    pub fn expect_alarm(self: &Rc<Self>, w: &W) {
        let Some(due) = self.stored_alarm.get() else {
            return;
        };
        let node = Rc::clone(self);
        w.after((due - w.clock()).0, move |w| {
            if node.stored_alarm.get().is_none_or(|due| due > w.clock()) {
                return;
            }
            node.stored_alarm.set(None);
            if node.is_looked_after() && w.hit(Kind::AlarmLost) {
                return w.note(None, || format!("an alarm of campaign {} is lost", node.id));
            }
            node.pending.borrow().fired();
            node.carry_out(w, CampaignCommand::Tick);
        });
    }

    /// Asks the trunk, until nothing is to be asked for a while.
    fn drive(self: &Rc<Self>, w: &W) {
        if self.exchanging.replace(true) {
            return;
        }
        let (node, world, life) = (Rc::clone(self), Rc::clone(w), self.life.get());
        w.tasks.spawn(Owner::Client, async move {
            loop {
                let asked = node.asks_on(&world, life).await;
                if node.life.get() != life {
                    return;
                }
                node.exchanging.set(false);
                if asked.is_err() {
                    return node.arm(&world, true);
                }
                let turn = node.turn.get() + 1;
                node.turn.set(turn);
                node.arm(&world, false);
                let soon = world.clock() + SOON;
                let Some(due) = node.next_due().filter(|due| *due <= soon) else {
                    return;
                };
                pause(&world, (due - world.clock()).0.max(1)).await;
                let is_later = node.life.get() != life || node.turn.get() != turn;
                if is_later || node.exchanging.replace(true) {
                    return;
                }
            }
        });
    }

    async fn asks_on(self: &Rc<Self>, w: &W, life: u64) -> Result<(), StoreFailed> {
        let edge = Edge::new(w, 0);
        loop {
            let now = w.clock();
            let next = self.with(w, |actor, rows| actor.next_exchange(rows, now))?;
            let Some(exchange) = next else { break };
            let heard = resting::ask(&edge, &exchange).await;
            if self.life.get() != life {
                return Ok(());
            }
            w.note(None, || {
                let (asked, told) = (format!("{exchange:?}"), format!("{heard:?}"));
                let [asked, told] = [asked, told].map(|text| crate::oracle::shorten(&text));
                format!("campaign {}: asks {asked} -> {told}", self.id)
            });
            let now = w.clock();
            let message = self.with(w, |actor, rows| {
                actor.heard(rows, heard, now)?;
                Ok(actor.due_message(now))
            })?;
            self.send(w, message);
            if w.time() > self.died_at.get() + REST_MS && w.hit(Kind::TrunkDiesInStep) {
                self.die(w);
                return Ok(());
            }
        }
        let now = w.clock();
        let message = self.with(w, |actor, _| Ok(actor.due_message(now)))?;
        self.send(w, message);
        Ok(())
    }
}

/// The object of this campaign; made when somebody first asks for it.
pub fn of(w: &W, id: CampaignId) -> Rc<CampaignNode> {
    let mut all = w.campaigns.borrow_mut();
    let node = all
        .entry(id)
        .or_insert_with(|| Rc::new(CampaignNode::new(id)));
    Rc::clone(node)
}

/// A request to a campaign's object, over a network that loses and delays.
pub fn ask(w: &W, _: OrgId, id: CampaignId, command: CampaignCommand) -> Slot<Reply> {
    let slot = Slot::new();
    let (answer, late) = (slot.clone(), slot.clone());
    let there = match w.hit(Kind::HopSlow) {
        true => w.rng.between(100, 15_000),
        false => w.rng.between(1, 6),
    };
    w.after(DEADLINE_MS, move |_| late.fill(Err(Unavailable)));
    if w.hit(Kind::RequestLost) {
        w.after(there, move |_| answer.fill(Err(Unavailable)));
        return slot;
    }
    w.after(there, move |w| {
        of(w, id).serve(w, command, move |w, reply| {
            let reply = reply.filter(|_| !w.hit(Kind::ReplyLost)).ok_or(Unavailable);
            w.after(w.rng.between(1, 6), move |_| answer.fill(reply));
        });
    });
    slot
}
