//! An organisation's directory as the runtime keeps it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use audatec::app::alarm::Alarm;
use audatec::app::directory::{Directory, DirectoryActor, DirectoryCommand, DirectoryReply};
use audatec::app::ports::Unavailable;
use audatec::app::trunk::StoreFailed;
use audatec::domain::ids::OrgId;
use audatec::domain::time::{Span, Timestamp};

use crate::directory_rows::{DirectoryRows, Failure};
use crate::executor::{Owner, Slot};
use crate::faults::Kind;
use crate::ports::DirectoryPort;
use crate::queue::{Message, Queue};
use crate::scale::Work;
use crate::world::W;

const AGAIN: Span = Span(5_000);

pub type Reply = Result<DirectoryReply, Unavailable>;

/// One organisation's rows, and the incarnation that works on them now.
pub struct Office {
    org: OrgId,
    rows: Rc<RefCell<BTreeMap<String, String>>>,
    now: RefCell<Rc<Incarnation>>,
    stored_alarm: Cell<Option<Timestamp>>,
}

/// One life of the object.
pub struct Incarnation {
    number: u64,
    actor: DirectoryActor,
    pending: Alarm,
    pub store: DirectoryRows,
    /// Who waits for an answer.
    callers: RefCell<Vec<Slot<Reply>>>,
}

impl Office {
    fn incarnate(rows: &Rc<RefCell<BTreeMap<String, String>>>, number: u64) -> Rc<Incarnation> {
        Rc::new(Incarnation {
            number,
            actor: DirectoryActor::default(),
            pending: Alarm::default(),
            store: DirectoryRows {
                rows: Rc::clone(rows),
                ..DirectoryRows::default()
            },
            callers: RefCell::default(),
        })
    }

    /// The directory as its rows tell it.
    pub fn directory(&self) -> Option<Directory> {
        let rows = self.rows.borrow().clone();
        Directory::restore(rows).ok()
    }

    /// All that it keeps.
    pub fn texts(&self) -> Vec<String> {
        let rows = self.rows.borrow();
        rows.iter()
            .map(|(name, doc)| format!("{name} {doc}"))
            .collect()
    }

    /// It forgets all that it keeps.
    pub fn wipe(&self) {
        self.rows.borrow_mut().clear();
    }

    /// It dies; or is replaced, and goes on for a while without knowing it.
    pub fn die(&self, w: &W) {
        w.note(None, || format!("the directory of {} dies", self.org));
        let old = Rc::clone(&self.now.borrow());
        *self.now.borrow_mut() = Self::incarnate(&self.rows, w.rng.next());
        old.store.is_stale.set(true);
        if !w.hit(Kind::StaleActs) {
            w.tasks
                .of(Owner::Directory(old.number))
                .into_iter()
                .for_each(|task| w.tasks.kill(task));
        }
        for caller in old.callers.take() {
            w.after(w.rng.between(1, 50), move |_| caller.fill(Err(Unavailable)));
        }
    }

    fn arm(self: &Rc<Self>, w: &W, incarnation: &Incarnation, due: Timestamp) {
        if incarnation.store.is_stale.get() || !incarnation.pending.wants(due, w.clock()) {
            return;
        }
        if w.hit(Kind::AlarmNotSet) {
            return incarnation.pending.failed();
        }
        self.stored_alarm.set(Some(due));
        self.expect_alarm(w);
    }

    /// The runtime wakes the object at its alarm's time.
    pub fn expect_alarm(self: &Rc<Self>, w: &W) {
        let Some(due) = self.stored_alarm.get() else {
            return;
        };
        let office = Rc::clone(self);
        w.after((due - w.clock()).0, move |w| office.ring(w));
    }

    fn ring(self: &Rc<Self>, w: &W) {
        if self.stored_alarm.get().is_none_or(|due| due > w.clock()) {
            return;
        }
        self.stored_alarm.set(None);
        if !w.hit(Kind::AlarmLost) {
            self.now.borrow().pending.fired();
            self.serve(w, DirectoryCommand::tick(), Slot::new());
        }
    }

    /// One command. Others go on while it waits for trunks and copies.
    fn serve(self: &Rc<Self>, w: &W, command: DirectoryCommand, answer: Slot<Reply>) {
        w.step();
        w.note(None, || {
            format!(
                "directory {}: {:?}",
                self.org,
                crate::oracle::shorten(&format!("{:?}", command.what))
            )
        });
        let incarnation = Rc::clone(&self.now.borrow());
        incarnation.callers.borrow_mut().push(answer.clone());
        let fails = [
            (Kind::StoreFailsBefore, Failure::BeforePersisting),
            (Kind::StoreFailsAfter, Failure::AfterPersisting),
        ];
        let failure = fails
            .into_iter()
            .find(|(kind, _)| w.hit(*kind))
            .map(|(_, failure)| failure);
        incarnation.store.failure.set(failure);
        if incarnation
            .actor
            .may_propagate(&incarnation.store, &command.what)
            .unwrap_or(true)
        {
            self.arm(w, &incarnation, w.clock() + AGAIN);
        }
        let (office, world, owner) = (
            Rc::clone(self),
            Rc::clone(w),
            Owner::Directory(incarnation.number),
        );
        w.tasks.spawn(owner, async move {
            let port = DirectoryPort(Rc::clone(&world));
            let result = incarnation
                .actor
                .serve(&incarnation.store, &port, command)
                .await;
            office.served(&world, &incarnation, result, answer);
        });
    }

    fn served(
        self: &Rc<Self>,
        w: &W,
        incarnation: &Incarnation,
        result: Result<(DirectoryReply, Vec<audatec::app::messages::CallbackMessage>), StoreFailed>,
        answer: Slot<Reply>,
    ) {
        let due = match &result {
            Ok(_) => incarnation.actor.next_due(),
            Err(StoreFailed) => Some(w.clock() + AGAIN),
        };
        if let Some(due) = due {
            self.arm(w, incarnation, due);
        }
        if incarnation.store.is_stale.get() {
            return;
        }
        let reply = result.map(|(reply, callbacks)| {
            callbacks.into_iter().for_each(|message| {
                crate::queue::send(w, Queue::Callbacks, Message::Callback(message))
            });
            reply
        });
        let reply = reply
            .map_err(|_| Unavailable)
            .and_then(|reply| match w.hit(Kind::ReplyLost) {
                true => Err(Unavailable),
                false => Ok(reply),
            });
        w.after(w.rng.between(1, 6), move |_| answer.fill(reply));
    }
}

/// The directory of this organisation; made when somebody first asks for it.
pub fn of(w: &W, org: OrgId) -> Rc<Office> {
    let mut offices = w.offices.borrow_mut();
    let office = offices.entry(org).or_insert_with(|| {
        let rows = Rc::default();
        let now = RefCell::new(Office::incarnate(&rows, w.rng.next()));
        Rc::new(Office {
            org,
            rows,
            now,
            stored_alarm: Cell::default(),
        })
    });
    Rc::clone(office)
}

/// A request to a directory.
pub fn ask(w: &W, org: OrgId, command: DirectoryCommand) -> Slot<Reply> {
    Work::add(&w.work.to_directories, 1);
    let slot = Slot::new();
    let answer = slot.clone();
    let there = if w.hit(Kind::HopSlow) {
        w.rng.between(100, 9_000)
    } else {
        w.rng.between(1, 6)
    };
    match w.hit(Kind::RequestLost) {
        true => w.after(there, move |_| answer.fill(Err(Unavailable))),
        false => w.after(there, move |w| of(w, org).serve(w, command, answer)),
    }
    slot
}
