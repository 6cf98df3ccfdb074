//! How a command becomes rows, debts, and words to others.
//!
//! The order: change in memory, commit the rows with what is owed, then tell: first the trunks,
//! whose word decides, then the copies. A request that restricts something is answered only when
//! every trunk was told.

use std::cell::RefCell;
use std::collections::BTreeSet;

use futures_util::StreamExt;

use super::state::audit_row;
use super::{Ask, AuditEntry, Denied, Directory, DirectoryCommand, DirectoryReply, Rows};
use crate::app::messages::CallbackMessage;
use crate::app::ports::{Host, Trunks, Unavailable};
use crate::app::records::RecordKey;
use crate::app::trunk::{StoreFailed, TrunkCommand, TrunkReply};
use crate::domain::agent::Agent;
use crate::domain::callback::{Delivery, EventType, WebhookSecrets};
use crate::domain::ids::{DeliveryId, KeyId, TrunkId, TrunkTag};
use crate::domain::time::Millis;
use crate::domain::trunk::TrunkConfig;

/// How soon what is owed is tried again.
const AGAIN: Millis = Millis(5_000);
/// How many trunks are told at once.
const SIDE_BY_SIDE: usize = 6;
/// How often a trunk's id is drawn until its tag is free.
const DRAWS: usize = 8;

/// The directory's rows.
pub trait DirectoryStore {
    /// All rows but the audit log's.
    fn load(&self) -> Result<Vec<(String, String)>, StoreFailed>;
    /// Writes and removes rows, together.
    fn commit(&self, rows: &Rows) -> Result<(), StoreFailed>;
    /// Rows of the audit log with names below `before`, highest first.
    fn audit(&self, before: &str, limit: usize) -> Result<Vec<(String, String)>, StoreFailed>;
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
    writing: RefCell<BTreeSet<RecordKey>>,
    retry_at: std::cell::Cell<Option<Millis>>,
}

impl DirectoryActor {
    /// Carries out one command. Callbacks to send come beside the answer.
    ///
    /// # Errors
    /// When rows can't be read or written; what is in memory is then forgotten.
    pub async fn serve(
        &self,
        store: &impl DirectoryStore,
        world: &(impl Host + Trunks + RecordWriter),
        command: DirectoryCommand,
    ) -> Result<(DirectoryReply, Vec<CallbackMessage>), StoreFailed> {
        let reply = match command.what {
            Ask::CreateTrunk(ref config) => {
                self.create_trunk(store, world, &command, (**config).clone())
                    .await?
            }
            Ask::DeleteTrunk(id) => self.delete_trunk(store, world, &command, id).await?,
            _ => self.with(store, |directory| decide(directory, store, world, &command))??,
        };
        let callbacks = self.with(store, |directory| {
            directory.forget_old(world.now());
            directory.due_callbacks(world.now(), &world.secrets().id_key)
        })?;
        let told = self.tell(store, world).await?;
        let untold =
            !told && is_change(&command.what) && !matches!(reply, DirectoryReply::Refused(_));
        Ok((
            if untold {
                DirectoryReply::Refused(Denied::Untold)
            } else {
                reply
            },
            callbacks,
        ))
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
            None => slot.insert(Directory::restore(store.load()?).map_err(|_| StoreFailed)?),
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
    async fn create_trunk(
        &self,
        store: &impl DirectoryStore,
        world: &(impl Host + Trunks),
        command: &DirectoryCommand,
        mut config: TrunkConfig,
    ) -> Result<DirectoryReply, StoreFailed> {
        let full = self.with(store, |directory| {
            directory.trunk_count() >= super::state::MOST
        })?;
        if full {
            return Ok(DirectoryReply::Refused(Denied::TooMany));
        }
        for _ in 0..DRAWS {
            if config.id.tag() != TrunkTag::DIRECTORY {
                let brief = self.with(store, |directory| directory.brief(&config, world.now()))?;
                match world
                    .trunk(config.id.tag(), &TrunkCommand::Brief(Box::new(brief)))
                    .await
                {
                    Ok(TrunkReply::TagTaken) => {}
                    Ok(_) => {
                        let entry = audit(world, command, "sip_trunk.create", config.id);
                        self.with(store, |directory| {
                            directory.save_trunk(config.clone(), false, entry)
                        })?;
                        return Ok(DirectoryReply::Trunk(Box::new(config)));
                    }
                    Err(Unavailable) => return Ok(DirectoryReply::Refused(Denied::Untold)),
                }
            }
            config.id = TrunkId::from_entropy(world.id_entropy());
        }
        Ok(DirectoryReply::Refused(Denied::Untold))
    }

    async fn delete_trunk(
        &self,
        store: &impl DirectoryStore,
        world: &(impl Host + Trunks),
        command: &DirectoryCommand,
        id: TrunkId,
    ) -> Result<DirectoryReply, StoreFailed> {
        let Some(config) = self.with(store, |directory| directory.trunk(id).cloned())? else {
            return Ok(DirectoryReply::Refused(Denied::Missing));
        };
        match world.trunk(id.tag(), &TrunkCommand::Retire).await {
            Ok(TrunkReply::HasLiveCalls) => Ok(DirectoryReply::Refused(Denied::LiveCalls)),
            Ok(_) => {
                let entry = audit(world, command, "sip_trunk.delete", id);
                self.with(store, |directory| directory.save_trunk(config, true, entry))?;
                Ok(DirectoryReply::Done)
            }
            Err(Unavailable) => Ok(DirectoryReply::Refused(Denied::Untold)),
        }
    }

    /// Tells the trunks and writes the copies. Returns whether every trunk was told; what was not
    /// stays owed.
    async fn tell(
        &self,
        store: &impl DirectoryStore,
        world: &(impl Host + Trunks + RecordWriter),
    ) -> Result<bool, StoreFailed> {
        let owed = self.with(store, |directory| directory.owed.clone())?;
        if owed.briefs.is_empty() && owed.records.is_empty() {
            self.retry_at.set(None);
            return Ok(true);
        }
        let briefs = owed
            .briefs
            .iter()
            .map(|(trunk, _)| self.brief(store, world, *trunk));
        let told: Vec<_> = futures_util::stream::iter(briefs)
            .buffer_unordered(SIDE_BY_SIDE)
            .collect()
            .await;
        let records = owed
            .records
            .iter()
            .map(|(key, _)| self.write(store, world, key));
        let written: Vec<_> = futures_util::stream::iter(records)
            .buffer_unordered(SIDE_BY_SIDE)
            .collect()
            .await;
        let left = self.with(store, |directory| {
            let done = |at: u64, result: Option<u64>| result.is_some_and(|version| at <= version);
            for (id, version) in told
                .iter()
                .filter_map(|(id, version)| Some((id, (*version)?)))
            {
                directory
                    .owed
                    .briefs
                    .retain(|(owed, at)| owed != id || !done(*at, Some(version)));
            }
            for (key, version) in written
                .iter()
                .filter_map(|(key, version)| Some((key, (*version)?)))
            {
                directory
                    .owed
                    .records
                    .retain(|(owed, at)| owed != *key || !done(*at, Some(version)));
            }
            directory.put_owed();
            !directory.owed.briefs.is_empty() || !directory.owed.records.is_empty()
        })?;
        self.retry_at.set(left.then(|| world.now() + AGAIN));
        Ok(told.iter().all(|(_, version)| version.is_some()))
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
        if !self.writing.borrow_mut().insert(key.clone()) {
            return (key, None);
        }
        let mut written = None;
        while let Ok((version, json)) = self.with(store, |directory| {
            (directory.version(), directory.record_json(key))
        }) {
            if written == Some(version) {
                break;
            }
            if world.write(key, json).await.is_err() {
                written = None;
                break;
            }
            written = Some(version);
        }
        self.writing.borrow_mut().remove(key);
        (key, written)
    }
}

fn audit(
    world: &impl Host,
    command: &DirectoryCommand,
    action: &str,
    target: impl ToString,
) -> AuditEntry {
    AuditEntry {
        at: world.now(),
        key_id: command.by,
        action: action.to_owned(),
        target: target.to_string(),
        request_id: command.request.clone(),
    }
}

/// Whether the answer waits until every trunk was told.
fn is_change(what: &Ask) -> bool {
    matches!(
        what,
        Ask::SaveAgent { .. }
            | Ask::DeleteAgent(_)
            | Ask::SaveTrunk { .. }
            | Ask::DeleteTrunk(_)
            | Ask::RevokeKey(_)
    )
}

fn decide(
    directory: &mut Directory,
    store: &impl DirectoryStore,
    world: &impl Host,
    command: &DirectoryCommand,
) -> Result<DirectoryReply, StoreFailed> {
    let entry =
        |action: &str, target: &dyn std::fmt::Display| audit(world, command, action, target);
    let missing = DirectoryReply::Refused(Denied::Missing);
    Ok(match command.what.clone() {
        Ask::Found {
            org,
            name,
            owner,
            secret,
        } => {
            directory.found(
                org,
                name,
                WebhookSecrets::first(secret, world.now()),
                entry("organisation.create", &org),
            );
            let id = owner.id;
            directory.add_key(*owner, entry("api_key.create", &id));
            DirectoryReply::Done
        }
        Ask::Agent(id) => directory.agent(id).map_or(missing, |agent| {
            DirectoryReply::Agent(Box::new(agent.clone()))
        }),
        Ask::SaveAgent { agent, was } => save_agent(directory, *agent, was, &entry),
        Ask::DeleteAgent(id) if directory.agent(id).is_some() => {
            directory.delete_agent(id, entry("agent.delete", &id));
            DirectoryReply::Done
        }
        Ask::Trunk(id) => directory.trunk(id).map_or(missing, |trunk| {
            DirectoryReply::Trunk(Box::new(trunk.clone()))
        }),
        Ask::SaveTrunk { trunk, was } => match directory.trunk(trunk.id) {
            None => missing,
            Some(current) if *current != *was => DirectoryReply::Refused(Denied::Changed),
            Some(_) => {
                let entry = entry("sip_trunk.update", &trunk.id);
                directory.save_trunk(*trunk, false, entry);
                DirectoryReply::Done
            }
        },
        Ask::CreateKey(_) if directory.key_count() >= super::state::MOST => {
            DirectoryReply::Refused(Denied::TooMany)
        }
        Ask::CreateKey(key) => {
            let id = key.id;
            directory.add_key(*key, entry("api_key.create", &id));
            DirectoryReply::Done
        }
        Ask::Keys { before, limit } => DirectoryReply::Keys(directory.keys_page(before, limit)),
        Ask::RevokeKey(id) => revoke_key(directory, id, world.now(), entry("api_key.delete", &id)),
        Ask::TouchKey(id) => {
            directory.touch_key(id, world.now());
            DirectoryReply::Done
        }
        Ask::Secrets => directory
            .secrets()
            .map_or(missing, |secrets| DirectoryReply::Secrets(secrets.clone())),
        Ask::RotateSecret { secret, overlap } => match directory.secrets().cloned() {
            None => missing,
            Some(secrets) => {
                let secrets = secrets.rotated(secret, overlap, world.now());
                directory.set_secrets(
                    secrets.clone(),
                    entry("webhook_secret.rotate", &"webhook_secret"),
                );
                DirectoryReply::Secrets(secrets)
            }
        },
        Ask::Audit { before, limit } => DirectoryReply::Audit(audit_page(store, before, limit)?),
        Ask::TestEvent { url } => {
            let id = directory.next_test_id(world.now(), &world.secrets().id_key);
            let delivery = Delivery::new(id, EventType::Completed, url, world.now());
            directory.keep_test(delivery.clone());
            DirectoryReply::Delivery(Box::new(delivery))
        }
        Ask::Delivery(id) => directory.test(id).map_or(missing, |test| {
            DirectoryReply::Delivery(Box::new(test.clone()))
        }),
        Ask::Deliveries {
            status,
            before,
            limit,
        } => {
            let below =
                |test: &&Delivery| before.is_none_or(|before| test.id.address() < before.address());
            let wanted = directory.tests_newest_first().filter(below);
            let wanted = wanted.filter(|test| status.is_none_or(|status| test.status == status));
            DirectoryReply::Deliveries(wanted.take(limit).cloned().collect())
        }
        Ask::Redeliver(id) => match directory.test(id).cloned() {
            None => missing,
            Some(mut test) => {
                test.redeliver(world.now());
                directory.keep_test(test.clone());
                DirectoryReply::Delivery(Box::new(test))
            }
        },
        Ask::Delivered(id, attempt, result) => {
            finish(directory, id, attempt, *result, world);
            DirectoryReply::Done
        }
        Ask::Extend(id, attempt, until) => {
            if let Some(test) = directory.test_mut(id) {
                test.extend(attempt, until);
            }
            DirectoryReply::Done
        }
        Ask::Tick => DirectoryReply::Done,
        Ask::DeleteAgent(_) | Ask::CreateTrunk(_) | Ask::DeleteTrunk(_) => missing,
    })
}

fn save_agent(
    directory: &mut Directory,
    agent: Agent,
    was: Option<Box<Agent>>,
    entry: &dyn Fn(&str, &dyn std::fmt::Display) -> AuditEntry,
) -> DirectoryReply {
    let action = match (directory.agent(agent.id), was) {
        (None, None) if directory.agent_count() >= super::state::MOST => {
            return DirectoryReply::Refused(Denied::TooMany);
        }
        (None, None) => "agent.create",
        (None, Some(_)) => return DirectoryReply::Refused(Denied::Missing),
        (Some(current), Some(was)) if *current == *was => "agent.update",
        (Some(_), _) => return DirectoryReply::Refused(Denied::Changed),
    };
    let entry = entry(action, &agent.id);
    directory.save_agent(agent, entry);
    DirectoryReply::Done
}

fn revoke_key(
    directory: &mut Directory,
    id: KeyId,
    now: Millis,
    entry: AuditEntry,
) -> DirectoryReply {
    if directory.key(id).is_none() {
        return DirectoryReply::Refused(Denied::Missing);
    }
    if directory.is_last_owner(id, now) {
        return DirectoryReply::Refused(Denied::LastOwner);
    }
    directory.revoke_key(id, entry);
    DirectoryReply::Done
}

fn finish(
    directory: &mut Directory,
    id: DeliveryId,
    attempt: u32,
    result: crate::domain::callback::AttemptResult,
    world: &impl Host,
) {
    let Some(mut test) = directory.test(id).cloned() else {
        return;
    };
    if test.finish(
        attempt,
        result,
        world.now(),
        &world.settings().webhook_retry,
    ) {
        directory.keep_test(test);
    }
}

fn audit_page(
    store: &impl DirectoryStore,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<(u64, AuditEntry)>, StoreFailed> {
    let rows = store.audit(&audit_row(before.unwrap_or(999_999_999_999)), limit)?;
    let entry = |(name, doc): (String, String)| {
        let position = name.rsplit('/').next()?.parse().ok()?;
        Some((position, serde_json::from_str(&doc).ok()?))
    };
    Ok(rows.into_iter().filter_map(entry).collect())
}
