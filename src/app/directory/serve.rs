//! How a command becomes rows, debts, and words to others.
//!
//! The order: change in memory, commit the rows with what is owed, then tell: first the trunks,
//! whose word decides, then the copies. A request that restricts something is answered only when
//! every trunk was told.

use std::cell::RefCell;

use super::decide::{audit, decide};
use super::owed::Owed;
use super::state::MOST;
use super::{Ask, Denied, Directory, DirectoryCommand, DirectoryReply, Rows};
use crate::app::messages::CallbackMessage;
use crate::app::ports::{Host, Trunks, Unavailable};
use crate::app::records::RecordKey;
use crate::app::side_by_side::{CONNECTIONS, side_by_side};
use crate::app::trunk::{StoreFailed, TrunkCommand, TrunkReply};
use crate::domain::ids::{TrunkId, TrunkTag};
use crate::domain::planted::{Fault, planted};
use crate::domain::time::Millis;
use crate::domain::trunk::TrunkConfig;

/// How soon what is owed is tried again.
const AGAIN: Millis = Millis(5_000);
/// How often a trunk's id is drawn until its tag is free.
const DRAWS: usize = 8;

/// The directory's rows.
pub trait DirectoryStore {
    /// All rows but the audit log's, and those named `answer/…`: one by one, so that they need no room together. An agent's may
    /// be told without what its card does not hold.
    fn load(&self, row: &mut dyn FnMut(&str, &str)) -> Result<(), StoreFailed>;
    /// Writes and removes rows, together.
    fn commit(&self, rows: &Rows) -> Result<(), StoreFailed>;
    /// A row that is not held in memory: an agent's, or an answer to a request with an `Idempotency-Key`.
    fn row(&self, name: &str) -> Result<Option<String>, StoreFailed>;
    /// Rows of the audit log with names below `before`, highest first.
    fn audit(&self, before: &str, limit: usize) -> Result<Vec<(String, String)>, StoreFailed>;
}

/// An `Idempotency-Key` while its request is under way, however that ends.
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

/// What writes the copies.
#[allow(
    async_fn_in_trait,
    reason = "a Worker has one thread: no future needs to be Send"
)]
pub trait RecordWriter {
    /// Puts the JSON under a key, or removes it.
    async fn write(&self, key: &RecordKey, json: Option<String>) -> Result<(), Unavailable>;
}

/// A directory's object, but for its storage, its alarm and its network.
#[derive(Default)]
pub struct DirectoryActor {
    directory: RefCell<Option<Directory>>,
    /// Copies that are being written right now: two writers could land in the wrong order.
    writing: RefCell<Vec<RecordKey>>,
    /// The `Idempotency-Key`s of requests that wait for somebody else's word before they are decided.
    under_way: RefCell<Vec<String>>,
    retry_at: std::cell::Cell<Option<Millis>>,
}

impl DirectoryActor {
    /// Carries out one command. Callbacks to send come beside the answer.
    ///
    /// A change is answered when every trunk was told that must know of it; one that can't be
    /// reached is told later, and the answer is [`Denied::Untold`]: the change holds, and asking for
    /// it again does no harm. Copies that can't be written are written later, and delay nobody.
    ///
    /// # Errors
    /// When rows can't be read or written; what is in memory is then forgotten.
    pub async fn serve(
        &self,
        store: &impl DirectoryStore,
        world: &(impl Host + Trunks + RecordWriter),
        command: DirectoryCommand,
    ) -> Result<(DirectoryReply, Vec<CallbackMessage>), StoreFailed> {
        // A copy may vouch for a revoked key for a minute: long enough to make itself a new one.
        let (before, vouched) = self.with(store, |directory| {
            let vouched = command.by.is_none_or(|key| directory.key(key).is_some());
            (directory.version(), vouched)
        })?;
        let known = self.with(store, |directory| {
            directory.answered_before(store, &command, world.now())
        })??;
        let again = known.is_some();
        let reply = match known {
            _ if !vouched => DirectoryReply::Refused(Denied::InvalidKey),
            Some(reply) => reply,
            None => self.carry_out(store, world, &command).await?,
        };
        let (callbacks, debts) = self.with(store, |directory| {
            directory.forget_old(world.now());
            let callbacks = directory.due_callbacks(world.now());
            // A repeat may come because the first time not everybody could be told.
            let debts = match again {
                true => directory.owed.clone(),
                false => directory.debts(&command.what, before),
            };
            (callbacks, debts)
        })?;
        let refused = matches!(reply, DirectoryReply::Refused(_));
        let told = self.tell(store, world, &debts).await?;
        let told = told || planted(Fault::UntoldAnswered);
        let reply = match command.what.waits_for_trunks() && !refused && !told {
            true => DirectoryReply::Refused(Denied::Untold),
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
            return Ok(DirectoryReply::Refused(Denied::InProgress));
        }
        match &command.what {
            Ask::CreateTrunk(config) => {
                let _held = key.map(|key| Held::of(&self.under_way, key));
                self.create_trunk(store, world, command, (**config).clone())
                    .await
            }
            Ask::DeleteTrunk(id) => self.delete_trunk(store, world, command, *id).await,
            _ => self.with(store, |directory| {
                let reply = decide(directory, store, world, command)?;
                Ok(directory.answer(command, reply, world.now()))
            })?,
        }
    }

    /// Whether the object must be woken should it die over this command: something is owed, or may
    /// come to be. A knock at a directory that owes nothing must not beget the next one.
    ///
    /// # Errors
    /// When rows can't be read.
    pub fn may_owe(&self, store: &impl DirectoryStore, what: &Ask) -> Result<bool, StoreFailed> {
        match what {
            Ask::Tick => self.with(store, |directory| {
                let owes = !directory.owed.is_empty() || directory.next_callback().is_some();
                owes || planted(Fault::DirectoryNeverSleeps)
            }),
            Ask::Permit(permit) => Ok(permit.refused),
            what => Ok(!what.is_read()),
        }
    }

    /// When the object must be woken next.
    #[must_use]
    pub fn next_due(&self) -> Option<Millis> {
        let callback = self
            .directory
            .borrow()
            .as_ref()
            .and_then(Directory::next_callback);
        [callback, self.retry_at.get()].into_iter().flatten().min()
    }

    /// Works on the directory, loaded if need be, and commits what changed.
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
            return Err(StoreFailed);
        }
        Ok(result)
    }

    /// A new trunk's object takes its tag first; when another trunk has it, the id is drawn anew.
    /// An object that can't be reached leaves nothing behind: the tag may be taken, by no trunk.
    async fn create_trunk(
        &self,
        store: &impl DirectoryStore,
        world: &(impl Host + Trunks),
        command: &DirectoryCommand,
        mut config: TrunkConfig,
    ) -> Result<DirectoryReply, StoreFailed> {
        for _ in 0..DRAWS {
            let brief = self.with(store, |directory| {
                config.id = directory.guarded_trunk(config.id, world.settings());
                (directory.trunk_count() < MOST).then(|| directory.brief(&config, world.now()))
            })?;
            let Some(brief) = brief else {
                return Ok(DirectoryReply::Refused(Denied::TooMany));
            };
            let tag = config.id.tag();
            let reply = match tag {
                TrunkTag::DIRECTORY => Ok(TrunkReply::TagTaken),
                _ => {
                    world
                        .trunk(tag, &TrunkCommand::Brief(Box::new(brief)))
                        .await
                }
            };
            match reply {
                Ok(TrunkReply::Done) => {
                    let entry = audit(world, command, "sip_trunk.create", config.id);
                    return self.with(store, |directory| {
                        let reply = directory.add_trunk(config, entry);
                        directory.answer(command, reply, world.now())
                    });
                }
                Ok(TrunkReply::TagTaken) => {
                    config.id = TrunkId::from_entropy(world.id_entropy());
                }
                _ => return Ok(DirectoryReply::Refused(Denied::Untold)),
            }
        }
        Ok(DirectoryReply::Refused(Denied::Untold))
    }

    /// The trunk's object retires first. Until the deletion is written, a brief is owed: should
    /// anything go wrong in between, it brings the trunk back to what the directory says.
    async fn delete_trunk(
        &self,
        store: &impl DirectoryStore,
        world: &(impl Host + Trunks),
        command: &DirectoryCommand,
        id: TrunkId,
    ) -> Result<DirectoryReply, StoreFailed> {
        if !self.with(store, |directory| directory.owe_brief(id))? {
            return Ok(DirectoryReply::Refused(Denied::Missing));
        }
        match world.trunk(id.tag(), &TrunkCommand::Retire).await {
            Ok(TrunkReply::HasLiveCalls) => Ok(DirectoryReply::Refused(Denied::LiveCalls)),
            Ok(TrunkReply::Done) => {
                let entry = audit(world, command, "sip_trunk.delete", id);
                self.with(store, |directory| directory.delete_trunk(id, entry))?;
                Ok(DirectoryReply::Done)
            }
            _ => Ok(DirectoryReply::Refused(Denied::Untold)),
        }
    }

    /// Pays debts: tells the trunks, then writes the copies. Returns whether all these trunks were
    /// told; what failed stays owed, and the alarm tries again.
    async fn tell(
        &self,
        store: &impl DirectoryStore,
        world: &(impl Host + Trunks + RecordWriter),
        debts: &Owed,
    ) -> Result<bool, StoreFailed> {
        let briefs = debts
            .briefs
            .iter()
            .map(|(trunk, _)| self.brief(store, world, *trunk));
        let told = side_by_side(CONNECTIONS, briefs).await;
        let records = debts
            .records
            .iter()
            .map(|(key, _)| self.write(store, world, key));
        let written = side_by_side(CONNECTIONS, records).await;
        let (unpaid, left) = self.with(store, |directory| {
            directory.settle(&told, &written);
            let untold = |(id, at): &(TrunkId, u64)| {
                let owed = directory.owed.briefs.iter().any(|(owed, _)| owed == id);
                owed && !told
                    .iter()
                    .any(|(told, version)| told == id && *version >= Some(*at))
            };
            (debts.briefs.iter().any(untold), !directory.owed.is_empty())
        })?;
        let sooner = self.retry_at.get().filter(|at| *at > world.now());
        self.retry_at
            .set(left.then(|| sooner.unwrap_or(world.now() + AGAIN)));
        Ok(!unpaid)
    }

    /// Briefs one trunk. The version it was told, or none.
    async fn brief(
        &self,
        store: &impl DirectoryStore,
        world: &(impl Host + Trunks),
        id: TrunkId,
    ) -> (TrunkId, Option<u64>) {
        let Ok(Some(brief)) = self.with(store, |directory| directory.owed_brief(id, world.now()))
        else {
            return (id, None);
        };
        let version = brief.version;
        let reply = world
            .trunk(id.tag(), &TrunkCommand::Brief(Box::new(brief)))
            .await;
        (id, matches!(reply, Ok(TrunkReply::Done)).then_some(version))
    }

    /// Writes one copy, and again while it changes meanwhile. The version written, or none.
    async fn write<'a>(
        &self,
        store: &impl DirectoryStore,
        world: &impl RecordWriter,
        key: &'a RecordKey,
    ) -> (&'a RecordKey, Option<u64>) {
        if self.writing.borrow().contains(key) {
            return (key, None);
        }
        self.writing.borrow_mut().push(key.clone());
        let mut written = None;
        while let Ok((version, json)) = self
            .with(store, |directory| {
                directory
                    .record_of(store, key)
                    .map(|json| (directory.version(), json))
            })
            .and_then(|read| read)
        {
            if written == Some(version) {
                break;
            }
            if world.write(key, json).await.is_err() {
                written = None;
                break;
            }
            written = Some(version);
        }
        self.writing.borrow_mut().retain(|other| other != key);
        (key, written)
    }
}

fn load(store: &impl DirectoryStore) -> Result<Directory, StoreFailed> {
    let (mut directory, mut readable) = (Directory::default(), true);
    store.load(&mut |name, doc| readable &= directory.read_row(name, doc).is_ok())?;
    readable.then_some(directory).ok_or(StoreFailed)
}
