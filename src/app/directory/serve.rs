//! The directory's object: the order in which a command becomes rows, propagation, and words to others.
//!
//! Change in memory, commit the rows with what is owed, then tell. A request that restricts something is answered only when
//! every trunk was told that must know of it.

use std::cell::RefCell;

use super::decide::decide;
use super::store::{DirectoryStore, RecordWriter};
use super::watch::Bell;
use super::{Ask, Directory, DirectoryCommand, DirectoryRefusal, DirectoryReply};
use crate::app::host::Host;
use crate::app::messages::CallbackMessage;
use crate::app::records::RecordKey;
use crate::app::trunk::{StoreFailed, Trunks};
use crate::domain::planted::{Fault, planted};
use crate::domain::time::Timestamp;

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

/// A directory's object, but for its storage, its alarm and its network.
#[derive(Default)]
pub struct DirectoryActor {
    directory: RefCell<Option<Directory>>,
    /// Copies that are being written right now: two writers could land in the wrong order.
    pub(super) writing: RefCell<Vec<RecordKey>>,
    /// The `Idempotency-Key`s of requests that wait for somebody else's word before they are decided.
    under_way: RefCell<Vec<String>>,
    /// Rung when something changed that somebody may wait for.
    pub(super) bell: Bell,
    pub(super) retry_at: std::cell::Cell<Option<Timestamp>>,
}

impl DirectoryActor {
    /// Carries out one command. Callbacks to send come beside the answer.
    ///
    /// A change is answered when every trunk was told that must know of it; one that can't be
    /// reached is told later, and the answer is [`DirectoryRefusal::NotPropagated`]: the change holds, and asking for
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
        self.wait_for_news(store, world, &command).await?;
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
            _ if !vouched => DirectoryReply::Refused(DirectoryRefusal::InvalidKey),
            Some(reply) => reply,
            None => self.carry_out(store, world, &command).await?,
        };
        if !command.what.is_read() || matches!(command.what, Ask::Nudge(_)) {
            self.bell.ring();
        }
        let (callbacks, pending) = self.with(store, |directory| {
            directory.forget_old(world.now());
            let callbacks = directory.due_callbacks(world.now());
            // A repeat may come because the first time not everybody could be told.
            let pending = match again {
                true => directory.owed.clone(),
                false => directory.pending_for(&command.what, before),
            };
            (callbacks, pending)
        })?;
        let refused = matches!(reply, DirectoryReply::Refused(_));
        let sends_for = !matches!(command.what, Ask::Tick);
        let told = self.tell(store, world, &pending, sends_for).await?;
        let told = told || planted(Fault::UntoldAnswered);
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
                let owes = !directory.owed.is_empty() || directory.next_callback().is_some();
                owes || planted(Fault::DirectoryNeverSleeps)
            }),
            Ask::Permit(permit) => Ok(permit.refused),
            what => Ok(!what.is_read()),
        }
    }

    /// When the object must be woken next.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let callback = self
            .directory
            .borrow()
            .as_ref()
            .and_then(Directory::next_callback);
        [callback, self.retry_at.get()].into_iter().flatten().min()
    }

    /// Works on the directory, loaded if need be, and commits what changed.
    pub(super) fn with<T>(
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
}

fn load(store: &impl DirectoryStore) -> Result<Directory, StoreFailed> {
    let (mut directory, mut readable) = (Directory::default(), true);
    store.load(&mut |name, doc| readable &= directory.read_row(name, doc).is_ok())?;
    readable.then_some(directory).ok_or(StoreFailed)
}
