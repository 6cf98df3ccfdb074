//! The queues: at least once, some day, in any order; now and then never.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use audatec::app::deliver::deliver;
use audatec::app::directory::DirectoryCommand;
use audatec::app::dispatch::dispatch;
use audatec::app::messages::{CallbackMessage, DispatchMessage};
use audatec::domain::ids::TrunkTag;

use crate::copies::ISOLATES;
use crate::executor::{Owner, TaskId};
use crate::faults::Kind;
use crate::ports::Edge;
use crate::scale::Work;
use crate::world::W;
use crate::{directory_node, trunk_node};

/// After so many attempts a message is a dead letter.
const ATTEMPTS: u32 = 4;

#[derive(Clone, Debug)]
pub enum Message {
    Dispatch(DispatchMessage),
    Callback(CallbackMessage),
}

#[derive(Default)]
pub struct Queues {
    /// What consumers are working on.
    at_work: RefCell<BTreeMap<TaskId, (Message, u32)>>,
}

impl Queues {
    pub fn forget(&self) {
        self.at_work.borrow_mut().clear();
    }
}

/// An object hands a message to its queue.
pub fn send(w: &W, message: Message) {
    Work::add(&w.work.messages, 1);
    if w.hit(Kind::QueueRefuses) {
        return;
    }
    let copies = 1 + u64::from(w.hit(Kind::QueueRepeats));
    for _ in 0..copies {
        if !w.hit(Kind::QueueLoses) {
            let delay = if w.hit(Kind::QueueDelays) {
                w.rng.between(500, 30_000)
            } else {
                w.rng.between(2, 40)
            };
            enqueue(w, message.clone(), 1, delay);
        }
    }
}

fn enqueue(w: &W, message: Message, attempt: u32, delay: u64) {
    w.after(delay, move |w| consume(w, message, attempt));
}

fn consume(w: &W, message: Message, attempt: u32) {
    w.step();
    if attempt > ATTEMPTS {
        return redrive(w, message);
    }
    let edge = Edge::new(w, w.rng.below(ISOLATES as u64) as usize);
    let (world, work) = (Rc::clone(w), message.clone());
    // Heard by the clock of whoever reads it: one that is over asks nobody anything, which would take time.
    let is_over = matches!(&message, Message::Callback(message)
        if message.good_until.is_some_and(|until| w.clock() >= until));
    let began = w.time();
    w.work.begins();
    let task = w.tasks.spawn(Owner::Consumer, async move {
        let done = match work.clone() {
            Message::Dispatch(message) => dispatch(&edge, &edge, message).await,
            Message::Callback(message) => deliver(&edge, message).await,
        };
        world.work.ends(world.time() - began);
        if is_over && world.time() > began {
            let what = "a message that was over was acted upon".into();
            world.oracle.fail(None, None, what);
        }
        if done.is_err() {
            enqueue(&world, work, attempt + 1, world.rng.between(500, 3_000));
        }
    });
    let mut at_work = w.queues.at_work.borrow_mut();
    at_work.retain(|task, _| w.tasks.is_alive(*task));
    at_work.insert(task, (message, attempt));
}

/// A consumer dies at whatever it waits for; its message was not acknowledged, and comes again.
pub fn kill_one(w: &W) {
    let tasks = w.tasks.of(Owner::Consumer);
    let Some(task) = w.rng.pick(&tasks) else {
        return;
    };
    w.tasks.kill(*task);
    let lost = w.queues.at_work.borrow_mut().remove(task);
    if let Some((message, attempt)) = lost {
        w.note(None, || {
            format!(
                "a consumer dies over {}",
                crate::oracle::shorten(&format!("{message:?}"))
            )
        });
        enqueue(w, message, attempt + 1, w.rng.between(500, 5_000));
    }
}

/// A dead letter: its duty is in an object's rows. Knock there.
fn redrive(w: &W, message: Message) {
    let tag = match &message {
        Message::Dispatch(
            DispatchMessage::Dial { trunk, .. }
            | DispatchMessage::Inquire { trunk, .. }
            | DispatchMessage::TearDown { trunk, .. },
        ) => *trunk,
        Message::Callback(callback) => callback.delivery.address().tag,
    };
    match message {
        Message::Callback(callback) if tag == TrunkTag::DIRECTORY => {
            drop(directory_node::ask(
                w,
                callback.org,
                DirectoryCommand::tick(),
            ));
        }
        _ => trunk_node::poke(w, tag),
    }
}
