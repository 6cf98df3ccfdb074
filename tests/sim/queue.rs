//! The queues: at least once, at some time, in any order; now and then never. A queue refuses messages that are too long, and the
//! consumer of dials is done with a batch when its phones are.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use audatec::app::campaign::CampaignCommand;
use audatec::app::deliver::deliver;
use audatec::app::directory::DirectoryCommand;
use audatec::app::dispatch::dispatch;
use audatec::app::messages::{CallbackMessage, DispatchMessage, Errand};
use audatec::domain::ids::TrunkTag;

use crate::copies::ISOLATES;
use crate::executor::{Owner, TaskId};
use crate::faults::Kind;
use crate::ports::Edge;
use crate::scale::Work;
use crate::world::W;
use crate::{campaign_node, directory_node, trunk_node};

/// After so many attempts a message is a dead letter.
const ATTEMPTS: u32 = 4;

#[derive(Clone, Debug)]
pub enum Message {
    Dispatch(DispatchMessage),
    Callback(CallbackMessage),
}

/// Which queue a message is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    Dials,
    HangUps,
    Callbacks,
}

/// A message on its way.
#[derive(Clone)]
struct Letter {
    queue: Queue,
    message: Message,
    attempt: u32,
    /// When it reaches its consumer, if that is free.
    due: u64,
}

/// Whoever hangs up is heard by then.
const HANGS_UP_MS: u64 = 1_000;
/// How often a batch looks whether the one before it is done.
const BATCH_MS: u64 = 50;

#[derive(Default)]
pub struct Queues {
    /// What consumers are working on.
    at_work: RefCell<BTreeMap<TaskId, Letter>>,
}

impl Queues {
    pub fn forget(&self) {
        self.at_work.borrow_mut().clear();
    }
}

/// An object hands a message to its queue.
pub fn send(w: &W, queue: Queue, message: Message) {
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
            enqueue(w, queue, message.clone(), 1, delay);
        }
    }
}

/// A trunk hands a callback's message to its queue, in JSON, which must fit it.
pub fn send_callback(w: &W, tag: TrunkTag, json: &str) {
    let most = w.settings.message_max / 100 * 128;
    if json.len() > most {
        let what = format!(
            "a message of {} bytes is sent to a queue that takes {most}",
            json.len()
        );
        return w.oracle.fail(Some(tag), None, what);
    }
    match Errand::read(json) {
        Some(Errand::Callback(message)) => send(w, Queue::Callbacks, Message::Callback(message)),
        other => w
            .oracle
            .fail(Some(tag), None, format!("a queue holds {other:?}")),
    }
}

fn enqueue(w: &W, queue: Queue, message: Message, attempt: u32, delay: u64) {
    let letter = Letter {
        queue,
        message,
        attempt,
        due: w.time() + delay,
    };
    w.after(delay, move |w| consume(w, letter));
}

/// Whether phones ring by now of which the queue has the messages: what comes after them waits.
fn rings(w: &W) -> bool {
    let mut at_work = w.queues.at_work.borrow_mut();
    at_work.retain(|task, _| w.tasks.is_alive(*task));
    let dials = |letter: &Letter| {
        matches!(
            letter.message,
            Message::Dispatch(DispatchMessage::Dial { .. })
        )
    };
    at_work.values().any(dials)
}

fn consume(w: &W, letter: Letter) {
    let Letter {
        queue,
        message,
        attempt,
        due,
    } = letter.clone();
    let hangs_up = matches!(
        message,
        Message::Dispatch(DispatchMessage::TearDown { .. } | DispatchMessage::Inquire { .. })
    );
    if hangs_up && queue == Queue::Dials && rings(w) {
        return w.after(BATCH_MS, move |w| consume(w, letter));
    }
    if hangs_up && w.time() > due + HANGS_UP_MS {
        let late = w.time() - due;
        let what = format!("what hangs up waited {late} ms for others: {message:?}");
        return w.oracle.fail(None, None, what);
    }
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
            let later = world.rng.between(500, 3_000);
            enqueue(&world, queue, work, attempt + 1, later);
        }
    });
    let mut at_work = w.queues.at_work.borrow_mut();
    at_work.retain(|task, _| w.tasks.is_alive(*task));
    at_work.insert(task, letter);
}

/// A consumer dies at whatever it waits for; its message was not acknowledged, and comes again.
pub fn kill_one(w: &W) {
    let tasks = w.tasks.of(Owner::Consumer);
    let Some(task) = w.rng.pick(&tasks) else {
        return;
    };
    w.tasks.kill(*task);
    let lost = w.queues.at_work.borrow_mut().remove(task);
    if let Some(lost) = lost {
        let (queue, message, attempt) = (lost.queue, lost.message, lost.attempt);
        w.note(None, || {
            format!(
                "a consumer dies over {}",
                crate::oracle::shorten(&format!("{message:?}"))
            )
        });
        let later = w.rng.between(500, 5_000);
        enqueue(w, queue, message, attempt + 1, later);
    }
}

/// A dead letter: its duty is in an object's rows. Poke there.
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
        Message::Callback(CallbackMessage {
            org,
            campaign: Some(campaign),
            ..
        }) => drop(campaign_node::ask(w, org, campaign, CampaignCommand::Tick)),
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
