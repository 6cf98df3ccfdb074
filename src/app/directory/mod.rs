//! An organisation's directory: the one place where its agents, trunks, keys and webhook secrets
//! change.
//!
//! Requests are served from copies (KV) and decided in the trunks' objects; the directory orders
//! the writes, makes them unique, keeps the audit log, and owes the copies: what must still be
//! written elsewhere is part of its own rows, so a crash or a failure in between loses nothing.
//!
//! [`DirectoryActor`] is the whole object except for its storage, its alarm and its network. It changes what is in memory, commits
//! the rows together with what others must be told, and then tells them. A request that restricts something is answered only once
//! every trunk concerned has been told.

#![allow(
    clippy::boxed_local,
    reason = "what is large travels in a box, and handlers are given it as it travels"
)]

mod agents;
mod answered;
mod archive;
mod audit;
mod campaigns;
pub mod command;
mod copies;
mod deletion;
mod erasing;
mod erasures;
mod keys;
mod language;
mod media;
mod numbers;
mod orgs;
mod oversight;
mod permits;
mod port;
mod propagation;
mod receiver;
mod recordings;
mod reply;
mod seals;
mod secrets;
mod store;
mod test_events;
mod tick;
mod trunk_copies;
mod trunks;
mod watch;

pub use agents::{ListAgents, Saved, Slice};
pub use answered::{FirstOrAgain, Keyed, render};
pub use campaigns::Marked;
pub use command::Ask;
pub use language::{AgentsAfter, Answered, By, DirectoryCommand, DirectoryReply, Once, Ticked};
pub use orgs::{Founded, Introduced, SettleKey, Settled};
pub use permits::{Permit, Permitted};
pub use port::{AskDirectory, Directories, ask};
pub use receiver::Received;
pub use seals::FormerSecrets;
pub use store::{DirectoryStore, RecordWriter};
pub use watch::{Tags, Watch, WatchOutcome};

pub use crate::domain::directory::{
    AuditEntry, CampaignCard, Directory, DirectoryRefusal, Erasure, NewKey, OrgCard, OrgChange,
    Oversight, RELIED_ON, Rows, Run, RunsWith, Sweep, Watched,
};

use std::cell::RefCell;

use crate::app::campaign::Campaigns;
use crate::app::contacts::Contacts;
use crate::app::erasing::Eraser;
use crate::app::host::{Host, Storage, Vault};
use crate::app::messages::CallbackMessage;
use crate::app::records::RecordKey;
use crate::app::trunk::{StoreFailed, Trunks};
use crate::domain::directory::Author;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};
use answered::answered_before;
use command::told;
use propagation::pending_for;
use test_events::due_callbacks;
use trunks::{Question, Word};
use watch::Bell;

/// How soon the organisation's deletion begins, or continues.
const BEGINS: Span = Span(500);

/// One command being carried out: what it reads, changes and knows.
struct Desk<'a, S, H> {
    directory: &'a mut Directory,
    store: &'a S,
    world: &'a H,
    command: &'a DirectoryCommand,
    now: Timestamp,
    /// The answer of a trunk that this command had asked.
    word: Option<Word>,
}

/// A command's reply, if there is one.
type Answer<R> = Result<R, Stop>;

/// Why there is none.
enum Stop {
    /// It is refused.
    Refused(DirectoryRefusal),
    /// Rows can't be read.
    Failed,
    /// A trunk has a say: the command is carried out again with its answer at the desk.
    Ask(Box<Question>),
}

impl From<DirectoryRefusal> for Stop {
    fn from(refusal: DirectoryRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreFailed> for Stop {
    fn from(_: StoreFailed) -> Self {
        Self::Failed
    }
}

/// How far a command got.
enum Step {
    Answered(DirectoryReply),
    Asks(Box<Question>),
}

impl<'a, S: DirectoryStore, H: Host> Desk<'a, S, H> {
    /// The author of the command's change.
    fn author(&self) -> Author<'a> {
        Author {
            at: self.now,
            key: self.command.by,
            request: &self.command.request,
        }
    }

    fn step(mut self) -> Result<Step, StoreFailed> {
        let reply = match self.decide() {
            Ok(reply) => reply,
            Err(Stop::Refused(refusal)) => DirectoryReply::Refused(refusal),
            Err(Stop::Failed) => return Err(StoreFailed),
            Err(Stop::Ask(question)) => return Ok(Step::Asks(question)),
        };
        Ok(Step::Answered(self.answer(reply)))
    }

    fn decide(&mut self) -> Answer<DirectoryReply> {
        let command = self.command;
        match (&command.what, &command.slice, &command.watched) {
            (Ask::Record(RecordKey::Agents(_)), Some(slice), _) => {
                told::<ListAgents>(self.list_agents(slice))
            }
            (Ask::Tags, _, Some(watched)) => told::<Watch>(self.news(watched)),
            _ => self.carry_out(command.what.clone()),
        }
    }
}

/// An `Idempotency-Key` while its request is in progress, however that ends.
struct Held<'a>(&'a RefCell<Vec<String>>, &'a String);

impl<'a> Held<'a> {
    fn of(all: &'a RefCell<Vec<String>>, key: &'a String) -> Self {
        all.borrow_mut().push(key.clone());
        Self(all, key)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.borrow_mut().retain(|other| other != self.1);
    }
}

/// A directory's object, except for its storage, its alarm and its network.
#[derive(Default)]
pub struct DirectoryActor {
    directory: RefCell<Option<Directory>>,
    /// Copies being written right now: with two writers, the older could land last.
    writing: RefCell<Vec<RecordKey>>,
    /// The `Idempotency-Key`s of requests that wait for somebody's answer before they are decided.
    under_way: RefCell<Vec<String>>,
    /// Somebody is erasing; others leave it to them.
    erasing: std::cell::Cell<bool>,
    /// Rung when something changed that somebody may be waiting for.
    bell: Bell,
    retry_at: std::cell::Cell<Option<Timestamp>>,
    /// How far the organisation's deletion has got.
    look: RefCell<deletion::Look>,
    /// When the cron will be late, if this is the operator's directory.
    cron_due: std::cell::Cell<Option<Timestamp>>,
    /// Memory contains everything that happened since then.
    loaded_at: std::cell::Cell<Option<Timestamp>>,
}

impl DirectoryActor {
    /// Carries out one command. Callbacks to send are returned beside the reply.
    ///
    /// A change is answered once every trunk concerned has been told. One that can't be reached is told later, and the answer
    /// is [`DirectoryRefusal::NotPropagated`]: the change stands, and asking for it again does no harm. Copies that can't be
    /// written are written later, and delay nobody.
    ///
    /// # Errors
    /// When rows can't be read or written; what is in memory is then discarded.
    pub async fn serve(
        &self,
        store: &impl DirectoryStore,
        world: &(impl Host + Trunks + Campaigns + Contacts + RecordWriter + Eraser + Vault + Storage),
        command: DirectoryCommand,
    ) -> Result<(DirectoryReply, Vec<CallbackMessage>), StoreFailed> {
        self.wait_for_news(store, world, &command).await?;
        let loaded_at = self.loaded_at.get().unwrap_or(world.now());
        self.loaded_at.set(Some(loaded_at));
        // A copy may vouch for a revoked key for a minute: long enough to make itself a new one.
        let (before, vouched) = self.with(store, |directory| {
            let vouched = command.by.is_none_or(|key| directory.key(key).is_some());
            (directory.version(), vouched)
        })?;
        let known = self.with(store, |directory| {
            answered_before(directory, store, &command, world.now())
        })??;
        let again = known.is_some();
        let reply = match known {
            _ if !vouched => DirectoryReply::Refused(DirectoryRefusal::InvalidKey),
            Some(reply) => reply,
            None => self.carry_out(store, world, &command).await?,
        };
        if !command.what.is_read() || matches!(command.what, Ask::Nudge(_)) {
            self.bell.ring();
        }
        let (callbacks, pending) = self.with(store, |directory| {
            directory.forget_old(world.now());
            directory.oversee(world.settings(), &world.secrets().id_key, world.now());
            self.cron_due.set(directory.cron_due(world.settings()));
            let callbacks = due_callbacks(directory, world);
            // It may be repeated because not everybody could be told the first time.
            let pending = match again {
                true => directory.pending().clone(),
                false => pending_for(directory, &command.what, before),
            };
            (callbacks, pending)
        })?;
        let refused = matches!(reply, DirectoryReply::Refused(_));
        let sends_for = !matches!(command.what, Ask::Tick);
        let told = self.tell(store, world, &pending, sends_for).await?;
        let told = told || planted(Fault::UntoldAnswered);
        if matches!(command.what, Ask::Tick) {
            self.erase(store, world).await?;
            self.go_on_deleting(store, world).await?;
        } else if self.with(store, |directory| directory.is_deleting())? {
            self.due_by(world.now() + BEGINS);
        }
        if !refused {
            self.outlive_shorts(store, world, &command.what).await?;
        }
        let reply = match command.what.waits_for_trunks() && !refused && !told {
            true => DirectoryReply::Refused(DirectoryRefusal::NotPropagated),
            false => reply,
        };
        Ok((reply, callbacks))
    }

    async fn carry_out(
        &self,
        store: &impl DirectoryStore,
        world: &(impl Host + Trunks + RecordWriter),
        command: &DirectoryCommand,
    ) -> Result<DirectoryReply, StoreFailed> {
        let key = command.once.as_ref().map(|once| &once.given.key);
        if key.is_some_and(|key| self.under_way.borrow().contains(key)) {
            return Ok(DirectoryReply::Refused(DirectoryRefusal::InProgress));
        }
        let _held = key.map(|key| Held::of(&self.under_way, key));
        let mut word = None;
        loop {
            let heard = word.take();
            let step = self.with(store, |directory| {
                let desk = Desk {
                    directory,
                    store,
                    world,
                    command,
                    now: world.now(),
                    word: heard,
                };
                desk.step()
            })??;
            match step {
                Step::Answered(reply) => return Ok(reply),
                Step::Asks(question) => word = Some(question.put(world).await),
            }
        }
    }

    /// Whether the object must be woken in case it dies over this command: something is owed, or may
    /// come to be. A reminder to a directory that owes nothing must not lead to another one.
    ///
    /// # Errors
    /// When rows can't be read.
    pub fn may_propagate(
        &self,
        store: &impl DirectoryStore,
        what: &Ask,
    ) -> Result<bool, StoreFailed> {
        match what {
            Ask::Tick => self.with(store, |directory| {
                let owes = !directory.pending().is_empty()
                    || directory.next_callback().is_some()
                    || directory.erasures_due().is_some()
                    || directory.is_deleting();
                owes || planted(Fault::DirectoryNeverSleeps)
            }),
            Ask::Permit(permit) => Ok(permit.refused),
            // They recur, and what they owe is due by the rows.
            Ask::Swept(_) | Ask::DeadLetter | Ask::QueueSeen(_) => Ok(false),
            what => Ok(!what.is_read()),
        }
    }

    /// When the object must next be woken.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let directory = self.directory.borrow();
        let directory = directory.as_ref();
        let erases = directory.and_then(Directory::erasures_due);
        let due = [
            directory.and_then(Directory::next_callback),
            // Whoever is erasing takes care of the rest: others would only wake the object again and again.
            erases.filter(|_| !self.erasing.get()),
            self.retry_at.get(),
            self.cron_due.get(),
        ];
        due.into_iter().flatten().min()
    }

    /// Works on the directory, loading it if need be, and commits what changed.
    fn with<T>(
        &self,
        store: &impl DirectoryStore,
        work: impl FnOnce(&mut Directory) -> T,
    ) -> Result<T, StoreFailed> {
        let mut slot = self.directory.borrow_mut();
        let directory = match &mut *slot {
            Some(directory) => directory,
            None => slot.insert(load(store)?),
        };
        let result = work(directory);
        let rows = directory.take_rows();
        if !rows.is_empty() && store.commit(&rows).is_err() {
            *slot = None;
            self.loaded_at.set(None);
            return Err(StoreFailed);
        }
        Ok(result)
    }
}

fn load(store: &impl DirectoryStore) -> Result<Directory, StoreFailed> {
    let (mut directory, mut readable) = (Directory::default(), true);
    store.load(&mut |name, doc| readable &= directory.read_row(name, doc).is_ok())?;
    readable.then_some(directory).ok_or(StoreFailed)
}
