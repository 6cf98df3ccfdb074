//! A trunk's object as the runtime keeps it: the application's actor, its rows, its alarm; and how it dies. What the Worker's
//! shell does around the actor is done here, step by step.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use audatec::app::alarm::Alarm;
use audatec::app::messages::{CALLS_PER_MESSAGE, CampaignErrand, ContactErrand, Outgoing};
use audatec::app::nudge::nudge;
use audatec::app::ports::Unavailable;
use audatec::app::trunk::{LONG, Slices, TrunkActor, TrunkCommand, TrunkReply, Turns};
use audatec::app::{campaign, contacts};
use audatec::domain::contacts::{Question, Ticket, Words};
use audatec::domain::ids::{CallId, DeliveryId, OrgId, TrunkTag};
use audatec::domain::time::{Span, Timestamp};

use crate::executor::{Owner, Slot};
use crate::faults::Kind;
use crate::oracle::Restart;
use crate::ports::Edge;
use crate::queue::{self, Message, Queue};
use crate::rows::{Failure, Full, Luck, Rows, Store};
use crate::scale::Work;
use crate::world::W;

/// How soon an object whose storage failed tries again.
const AGAIN: Span = Span(5_000);
/// How long anybody waits for an object.
const DEADLINE_MS: u64 = 10_000;
/// So many rows a slice of a question counts as here, where there are few: so that its bound is met.
const SLICE_READS: usize = 2_000;
const USAGE_SLICE_READS: usize = 490;

pub type Reply = Result<TrunkReply, Unavailable>;

pub struct TrunkNode {
    pub tag: TrunkTag,
    pub rows: Rows,
    pub luck: Luck,
    /// After so many more rows have left, a full store has room again.
    crowded: Cell<usize>,
    /// Until then calls may leave before their time: room was needed just now.
    short_until: Cell<u64>,
    actor: RefCell<Option<TrunkActor>>,
    /// An instance that does not know yet that it was replaced.
    stale: RefCell<Option<TrunkActor>>,
    pending: RefCell<Alarm>,
    pub stored_alarm: Cell<Option<Timestamp>>,
    /// When an alarm was lost, by the clock.
    pub alarm_lost_at: Cell<Option<Timestamp>>,
    /// How far this incarnation's clock is off.
    skew: Cell<i64>,
    /// The latest time this incarnation was told.
    pub told: Cell<Timestamp>,
    /// Calls that this incarnation let out of the line: their rows do not say so yet.
    pub promoted: RefCell<BTreeSet<CallId>>,
    /// Attempts of callbacks that this incarnation gave to a sender, and when.
    pub begun: RefCell<BTreeMap<(DeliveryId, u32), Timestamp>>,
    /// Attempts of callbacks that this incarnation handed out, until when each is good, and to which host.
    pub out: RefCell<BTreeMap<(DeliveryId, u32), (Timestamp, String)>>,
    /// Attempts of callbacks whose result this incarnation was told.
    pub back: RefCell<BTreeSet<(DeliveryId, u32)>>,
    /// Since this incarnation is there, as far as what it asks about by then goes.
    pub restart: RefCell<Option<Restart>>,
    /// How many commands in a row failed in this incarnation, and when the last of them did.
    pub vain: Cell<(u32, Timestamp)>,
    /// When somebody last went on looking at many rows.
    pub looked_at: Cell<Option<u64>>,
    turns: RefCell<Turns>,
    unreachable_until: Cell<u64>,
    /// What a failed write made unusable.
    failed: RefCell<Option<TrunkActor>>,
    died_at: Cell<u64>,
    /// Rises with each incarnation.
    life: Cell<u64>,
    is_nudging: Cell<bool>,
}

/// An object lives for so long between two deaths in a step: each sends again all that was on its way, and one that died at
/// every answer would drown in them.
const REST_MS: u64 = 250;

/// How long a batch of calls is on its way to the archive.
const ARCHIVED_MS: u64 = 200;

impl TrunkNode {
    fn new(tag: TrunkTag) -> Self {
        Self {
            tag,
            rows: Rows::default(),
            luck: Luck::default(),
            crowded: Cell::default(),
            short_until: Cell::default(),
            actor: RefCell::default(),
            stale: RefCell::default(),
            pending: RefCell::default(),
            stored_alarm: Cell::default(),
            alarm_lost_at: Cell::default(),
            skew: Cell::default(),
            told: Cell::new(Timestamp(0)),
            promoted: RefCell::default(),
            begun: RefCell::default(),
            out: RefCell::default(),
            back: RefCell::default(),
            restart: RefCell::default(),
            vain: Cell::default(),
            looked_at: Cell::default(),
            turns: RefCell::default(),
            unreachable_until: Cell::default(),
            failed: RefCell::default(),
            died_at: Cell::default(),
            life: Cell::default(),
            is_nudging: Cell::default(),
        }
    }

    pub fn next_due(&self) -> Option<Timestamp> {
        self.actor.borrow().as_ref().and_then(TrunkActor::next_due)
    }

    pub fn is_loaded(&self) -> bool {
        self.actor.borrow().is_some()
    }

    /// How many calls the object holds in memory.
    pub fn entries(&self) -> usize {
        let actor = self.actor.borrow();
        actor.as_ref().map_or(0, |actor| actor.held().0)
    }

    /// Its store is full, until `crowded` rows have left.
    pub fn fill(&self, w: &W, full: Full, crowded: usize) {
        w.note(Some(self.tag), || format!("the store is full: {full:?}"));
        self.luck.full.set(full);
        self.luck.refused.set(false);
        self.crowded.set(crowded);
        self.use_up(w, w.settings.storage_limit / 4 * 3);
    }

    /// A row left.
    pub fn left(&self, w: &W) {
        match self.crowded.get() {
            0 | 1 => self.make_room(w),
            more => self.crowded.set(more - 1),
        }
    }

    /// There is room again.
    pub fn make_room(&self, w: &W) {
        if self.luck.full.replace(Full::No) != Full::No {
            w.note(Some(self.tag), || "the store has room".into());
        }
        self.use_up(w, 0);
    }

    pub fn is_full(&self) -> bool {
        self.luck.full.get() != Full::No
    }

    /// So many bytes are in use.
    pub fn use_up(&self, w: &W, bytes: u64) {
        let is_short = bytes >= w.settings.storage_limit / 10 * 7;
        self.rows.used.set(bytes);
        // What was chosen to leave until then is on its way.
        self.short_until.set(match is_short {
            true => u64::MAX,
            false => w.time() + 2 * ARCHIVED_MS,
        });
    }

    /// Whether calls may leave before their time, for want of room.
    pub fn is_short_of_room(&self, w: &W) -> bool {
        w.time() < self.short_until.get()
    }

    fn store(&self) -> Store<'_> {
        Store {
            rows: &self.rows,
            luck: &self.luck,
        }
    }

    pub fn cut_off(&self, w: &W, ms: u64) {
        self.unreachable_until.set(w.time() + ms);
    }

    /// It dies: what was in memory alone is gone, or lingers for a while in an instance that does
    /// not know.
    pub fn die(&self, w: &W) {
        w.note(Some(self.tag), || "the object dies".into());
        self.died_at.set(w.time());
        let actor = self.forget();
        self.failed.take();
        self.back.borrow_mut().clear();
        if w.hit(Kind::StaleActs) {
            *self.stale.borrow_mut() = actor;
        }
        self.pending.take();
        self.turns.take();
        self.looked_at.take();
        self.vain.take();
        let skewed = w.hit(Kind::ClockSkew);
        self.skew.set(if skewed {
            w.rng.between(0, 1_600) as i64 - 800
        } else {
            0
        });
    }

    /// It forgets all that it keeps, and dies.
    pub fn wipe(&self, w: &W) {
        self.die(w);
        self.stale.take();
        self.stored_alarm.take();
        self.rows.clear();
    }

    fn forget(&self) -> Option<TrunkActor> {
        self.promoted.borrow_mut().clear();
        self.begun.borrow_mut().clear();
        self.out.borrow_mut().clear();
        self.restart.take();
        self.told.set(Timestamp(0));
        self.life.set(self.life.get() + 1);
        self.is_nudging.set(false);
        self.actor.borrow_mut().take()
    }

    fn clock(&self, w: &W) -> Timestamp {
        let now = Timestamp(w.clock().0.saturating_add_signed(self.skew.get()));
        w.high.set(w.high.get().max(now));
        now
    }

    /// One command, from its arrival to its answer; `None` when nobody answers.
    fn serve(self: &Rc<Self>, w: &W, command: TrunkCommand) -> Option<TrunkReply> {
        self.serve_knowing(w, command, &Words::default())
    }

    /// One command of which something must be known that others know: they are asked first, while all else goes on.
    fn serve_asking(
        self: &Rc<Self>,
        w: &W,
        command: TrunkCommand,
        answered: impl FnOnce(&W, Option<TrunkReply>) + 'static,
    ) {
        let questions = self.questions(w, &command);
        let Some((Some(org), numbers)) = questions.filter(|(_, numbers)| !numbers.is_empty())
        else {
            return answered(w, self.serve(w, command));
        };
        let (node, world, died_at) = (Rc::clone(self), Rc::clone(w), self.died_at.get());
        w.tasks.spawn(Owner::Client, async move {
            let words = contacts::ask(&Edge::new(&world, 0), org, &numbers).await;
            match node.died_at.get() == died_at {
                true => {
                    let reply = node.serve_knowing(&world, command, &words);
                    answered(&world, reply);
                }
                false => answered(&world, None),
            }
        });
    }

    fn questions(&self, w: &W, command: &TrunkCommand) -> Option<(Option<OrgId>, Vec<Question>)> {
        let now = self.clock(w);
        let mut slot = self.actor.borrow_mut();
        if !matches!(
            command,
            TrunkCommand::Admit(_)
                | TrunkCommand::Schedule(_)
                | TrunkCommand::Redial(_)
                | TrunkCommand::DryRun(_)
                | TrunkCommand::DryRunSchedule(_)
                | TrunkCommand::Claim(_)
                | TrunkCommand::CampaignRound(_)
                | TrunkCommand::CampaignCheck(_)
        ) {
            return None;
        }
        self.load(w, &mut slot, now);
        slot.as_mut()?.questions(&self.store(), command, now).ok()
    }

    fn serve_knowing(
        self: &Rc<Self>,
        w: &W,
        command: TrunkCommand,
        words: &Words,
    ) -> Option<TrunkReply> {
        w.step();
        if w.hit(Kind::StaleActs) && self.act_stale(w, &command) {
            return None;
        }
        let result = self.run(w, command, words);
        if w.time() > self.died_at.get() + REST_MS && w.hit(Kind::TrunkDiesInStep) {
            self.die(w);
            return None;
        }
        self.arm(w, result.is_none());
        let (reply, outgoing) = result.unzip();
        self.send(w, outgoing.unwrap_or_default());
        self.nudge(w);
        w.oracle.after_step(w, self);
        reply
    }

    /// A question that looks at many rows: between two slices much may happen, and who looks waits for others who do.
    fn serve_slices(
        self: &Rc<Self>,
        w: &W,
        (mut slices, read): (Slices, usize),
        ends_at: u64,
        answered: impl FnOnce(&W, Option<TrunkReply>) + 'static,
    ) {
        let Some(slice) = self.serve(w, slices.command()) else {
            return answered(w, None);
        };
        if w.time() >= ends_at {
            slices.ends();
        }
        let reads = match slices.command() {
            TrunkCommand::Feed(..) => SLICE_READS,
            TrunkCommand::Usage(..) => USAGE_SLICE_READS,
            _ => 0,
        };
        slices.has_read(reads);
        let read = read + reads;
        w.oracle.has_read(self, read);
        let (answer, waits) = slices.take(slice);
        if !waits {
            return answered(w, answer);
        }
        let wait = self.turns.borrow().wait(slices.fresh(), w.clock());
        let (node, died_at) = (Rc::clone(self), self.died_at.get());
        w.after(wait.0, move |w| {
            if node.died_at.get() != died_at {
                return answered(w, None);
            }
            w.oracle.looks(w, &node);
            match answer {
                Some(answer) => answered(w, Some(answer)),
                None => node.serve_slices(w, (slices, read), ends_at, answered),
            }
        });
    }

    /// Decides, writes, and lets the oracle see what was written and what is about to be said.
    fn run(
        self: &Rc<Self>,
        w: &W,
        command: TrunkCommand,
        words: &Words,
    ) -> Option<(TrunkReply, Outgoing)> {
        let now = self.clock(w);
        let mut slot = self.actor.borrow_mut();
        self.load(w, &mut slot, now);
        if slot.is_some() {
            self.told.set(self.told.get().max(now));
        }
        self.luck.failure.set(draw_failure(w));
        let before = w.oracle.before(self, &command);
        let named = w.oracle.name(&command);
        if let TrunkCommand::Delivered {
            delivery, attempt, ..
        } = &command
        {
            self.out.borrow_mut().remove(&(*delivery, *attempt));
        }
        let actor = slot.as_mut()?;
        if let TrunkCommand::Delivered {
            delivery, attempt, ..
        } = &command
        {
            self.back.borrow_mut().insert((*delivery, *attempt));
        }
        self.rows.looked.take();
        let result = actor.handle_knowing(&self.store(), command.clone(), words, now);
        self.luck.failure.set(None);
        let (told, journal) = (self.told.get(), self.rows.take_journal());
        w.note(Some(self.tag), || {
            let reply = result
                .as_ref()
                .map(|(reply, _)| crate::oracle::brief(reply));
            let rows: Vec<_> = journal
                .iter()
                .map(|call| format!("{} {:?}", call.id, call.status))
                .collect();
            let leave = result
                .as_ref()
                .map_or(0, |(_, outgoing)| outgoing.expired.len());
            format!(
                "{named} at {} -> {reply:?}, {leave} to leave, wrote {rows:?}, due {:?}",
                now.0,
                slot.as_ref().and_then(TrunkActor::next_due)
            )
        });
        w.oracle.rows(w, self, told, journal);
        w.oracle.gone(w, self, told, self.rows.take_left());
        w.oracle.looked(w, self, self.rows.looked.take());
        match result {
            Ok((reply, outgoing)) => {
                drop(slot);
                self.vain.take();
                w.oracle.handed_out(w, self, told, &outgoing);
                w.oracle.asks_in_turn(w, self, told, &command, &outgoing);
                w.oracle.replied(w, self, told, before, &reply);
                Some((reply, outgoing))
            }
            Err(_) => {
                drop(slot);
                w.oracle.failed(self, told, &command);
                let failed = self.forget();
                *self.failed.borrow_mut() = failed;
                None
            }
        }
    }

    fn load(&self, w: &W, slot: &mut Option<TrunkActor>, now: Timestamp) {
        self.luck
            .reads_fail
            .set(slot.is_none() && w.hit(Kind::LoadFails));
        if slot.is_none() {
            *slot = TrunkActor::load(
                &self.store(),
                w.settings.clone(),
                w.secrets.id_key.clone(),
                now,
            )
            .ok();
            if let Some(actor) = slot.as_mut() {
                w.oracle.is_loaded(w, self, actor, now);
                match self.failed.take() {
                    Some(failed) => actor.succeed(failed),
                    None => *self.restart.borrow_mut() = Some(w.oracle.restarted(w, self, now)),
                }
            }
            w.note(Some(self.tag), || format!("loaded: {}", slot.is_some()));
        }
    }

    /// The old instance acts once more. Its writes fail and its answers reach nobody; what it sends does.
    fn act_stale(self: &Rc<Self>, w: &W, command: &TrunkCommand) -> bool {
        let mut slot = self.stale.borrow_mut();
        let Some(actor) = slot.as_mut() else {
            return false;
        };
        w.note(Some(self.tag), || {
            format!("a stale instance gets {}", w.oracle.name(command))
        });
        let luck = Luck::default();
        luck.full.set(Full::All);
        let store = Store {
            rows: &self.rows,
            luck: &luck,
        };
        match actor.handle(&store, command.clone(), self.clock(w)) {
            Ok((_, outgoing)) => self.send(w, outgoing),
            Err(_) => *slot = None,
        }
        true
    }

    fn arm(self: &Rc<Self>, w: &W, failed: bool) {
        let due = match self.is_loaded() {
            true => self.next_due(),
            false => failed.then(|| w.clock() + AGAIN),
        };
        let Some(due) = due else { return };
        let pending = self.pending.borrow();
        if pending.wants(due, self.clock(w)) {
            if w.hit(Kind::AlarmNotSet) {
                pending.failed();
                self.alarm_lost_at.set(Some(w.clock()));
                return;
            }
            self.stored_alarm.set(Some(due));
            self.expect_alarm(w);
        }
    }

    /// The runtime wakes the object at its alarm's time, or a little later.
    pub fn expect_alarm(self: &Rc<Self>, w: &W) {
        let Some(due) = self.stored_alarm.get() else {
            return;
        };
        let late = if w.faults.is_calm() {
            0
        } else {
            w.rng.below(30)
        };
        let node = Rc::clone(self);
        w.after((due - w.clock()).0 + late, move |w| node.ring(w));
    }

    fn ring(self: &Rc<Self>, w: &W) {
        if self.stored_alarm.get().is_none_or(|due| due > w.clock()) {
            return;
        }
        self.stored_alarm.set(None);
        if w.hit(Kind::AlarmLost) {
            w.note(Some(self.tag), || "an alarm is lost".into());
            self.alarm_lost_at.set(Some(w.clock()));
            return;
        }
        self.pending.borrow().fired();
        self.serve(w, TrunkCommand::Tick);
    }

    /// The archive has taken a batch: its rows go, unless the object has died meanwhile.
    fn archive(self: &Rc<Self>, w: &W, gone: Vec<CallId>) {
        let (node, died_at) = (Rc::clone(self), self.died_at.get());
        w.after(ARCHIVED_MS + w.rng.below(50), move |w| {
            if node.died_at.get() == died_at {
                node.serve(w, TrunkCommand::Forget(gone));
            }
        });
    }

    fn owed_nudge(&self, life: u64) -> Option<(OrgId, Timestamp)> {
        let actor = self.actor.borrow();
        let owed = actor.as_ref().and_then(TrunkActor::nudge);
        owed.filter(|_| self.life.get() == life)
    }

    /// Tells the directory of news, while all else goes on; should the object die, nobody does.
    fn nudge(self: &Rc<Self>, w: &W) {
        let life = self.life.get();
        if self.owed_nudge(life).is_none() || self.is_nudging.replace(true) {
            return;
        }
        let (node, edge) = (Rc::clone(self), Edge::new(w, 0));
        w.tasks.spawn(Owner::Client, async move {
            let heard = |at| {
                if let Some(actor) = node.actor.borrow_mut().as_mut()
                    && node.life.get() == life
                {
                    actor.nudged(at);
                }
            };
            nudge(&edge, || node.owed_nudge(life), heard).await;
            if node.life.get() == life {
                node.is_nudging.set(false);
            }
        });
    }

    /// Tells those who count the dials to numbers, unless the object dies meanwhile.
    fn tell_of_numbers(self: &Rc<Self>, w: &W, errands: Vec<ContactErrand>) {
        let org = self.actor.borrow().as_ref().and_then(TrunkActor::org);
        let Some(org) = org.filter(|_| !errands.is_empty()) else {
            return;
        };
        let (node, world, died_at) = (Rc::clone(self), Rc::clone(w), self.died_at.get());
        w.tasks.spawn(Owner::Client, async move {
            let told = contacts::run(&Edge::new(&world, 0), org, errands).await;
            for (call, Ticket(_, ticket)) in told {
                if node.died_at.get() == died_at {
                    node.serve(&world, TrunkCommand::GivenBack(call, vec![ticket]));
                }
            }
        });
    }

    /// Tells campaigns what became of their calls; should that be lost, they ask.
    fn tell_campaigns(&self, w: &W, errands: Vec<CampaignErrand>) {
        let org = self.actor.borrow().as_ref().and_then(TrunkActor::org);
        let Some(org) = org.filter(|_| !errands.is_empty()) else {
            return;
        };
        let world = Rc::clone(w);
        w.tasks.spawn(Owner::Client, async move {
            campaign::tell(&Edge::new(&world, 0), org, errands).await;
        });
    }

    fn send(self: &Rc<Self>, w: &W, outgoing: Outgoing) {
        if !outgoing.expired.is_empty() {
            let gone = outgoing.expired.iter().map(|call| call.id);
            self.archive(w, gone.collect());
        }
        self.tell_of_numbers(w, outgoing.contacts.clone());
        self.tell_campaigns(w, outgoing.campaigns.clone());
        let actor = self.actor.borrow();
        let calls = actor
            .as_ref()
            .map_or(CALLS_PER_MESSAGE, TrunkActor::calls_per_message);
        for message in outgoing.hang_ups(self.tag) {
            queue::send(w, Queue::HangUps, Message::Dispatch(message));
        }
        for message in outgoing.dials(self.tag, calls) {
            queue::send(w, Queue::Dials, Message::Dispatch(message));
        }
        for message in &outgoing.callbacks {
            let json = message.for_queue(w.settings.message_max);
            queue::send_callback(w, self.tag, &json.unwrap_or_default());
        }
    }
}

fn draw_failure(w: &W) -> Option<(u64, Failure)> {
    let kinds = [
        (Kind::StoreFailsBefore, Failure::Before),
        (Kind::StoreFailsAfter, Failure::After),
        (Kind::StoreFailsHalfway, Failure::Halfway),
    ];
    let drawn = kinds.into_iter().find(|(kind, _)| w.hit(*kind));
    drawn.map(|(_, failure)| (w.rng.below(2), failure))
}

/// The object of this tag; made when somebody first asks for it.
pub fn of(w: &W, tag: TrunkTag) -> Rc<TrunkNode> {
    let mut trunks = w.trunks.borrow_mut();
    Rc::clone(
        trunks
            .entry(tag)
            .or_insert_with(|| Rc::new(TrunkNode::new(tag))),
    )
}

/// A request to a trunk's object, over a network that loses and delays.
pub fn ask(w: &W, tag: TrunkTag, command: TrunkCommand) -> Slot<Reply> {
    if matches!(command, TrunkCommand::Feed(..)) {
        w.oracle.is_followed(w, tag);
    }
    let slot = Slot::new();
    let answer = slot.clone();
    let slow = |w: &W| {
        if w.hit(Kind::HopSlow) {
            w.rng.between(100, 15_000)
        } else {
            w.rng.between(1, 6)
        }
    };
    let (there, back) = (slow(w), slow(w));
    Work::add(&w.work.to_trunks, 1);
    if w.hit(Kind::RequestLost) {
        w.after(there, move |_| answer.fill(Err(Unavailable)));
        return slot;
    }
    w.after(there, move |w| {
        let node = of(w, tag);
        let cut_off = w.faults_are_on() && node.unreachable_until.get() > w.time();
        let answered = move |w: &W, reply: Option<TrunkReply>| {
            let reply = reply.filter(|_| !w.hit(Kind::ReplyLost)).ok_or(Unavailable);
            w.after(back, move |_| answer.fill(reply));
        };
        if cut_off {
            answered(w, None);
        } else if command.looks_at_many() {
            let ends_at = w.time() + LONG.0;
            let slices = Slices::of(command, w.settings.slice);
            node.serve_slices(w, (slices, 0), ends_at, answered);
        } else {
            node.serve_asking(w, command, answered);
        }
    });
    if there + back > DEADLINE_MS {
        let late = slot.clone();
        w.after(DEADLINE_MS, move |_| late.fill(Err(Unavailable)));
    }
    slot
}

/// The cron pokes.
pub fn poke(w: &W, tag: TrunkTag) {
    drop(ask(w, tag, TrunkCommand::Tick));
}
