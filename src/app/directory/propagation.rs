//! What others must still be told: what is pending, and what pays them off.
//!
//! First the trunks, whose word decides, then the copies. All that they are told is computed from the directory as it is then, so
//! telling late, twice or out of turn does no harm.

use serde::{Deserialize, Serialize};

use super::serve::DirectoryActor;
use super::store::{DirectoryStore, RecordWriter};
use super::{Ask, Directory, DirectoryRefusal};
use crate::app::concurrent::{CONNECTIONS, concurrent};
use crate::app::host::Host;
use crate::app::records::RecordKey;
use crate::app::trunk::{Briefed, StoreFailed, Trunks, ask, command};
use crate::domain::ids::{AgentId, TrunkId};
use crate::domain::planted::{Fault, planted};
use crate::domain::time::Span;

/// How soon what is owed is tried again.
const AGAIN: Span = Span(5_000);

/// How soon the alarm tells more, where all goes well. Whoever sends for the rest has had most of it told by then.
const SOON: Span = Span(1_000);

/// What others must still be told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pending {
    /// Copies to write, each with the version that made it wrong.
    pub records: Vec<(RecordKey, u64)>,
    /// Trunks that are still to be briefed.
    pub briefs: Vec<(TrunkId, u64)>,
}

impl Pending {
    /// Whether everybody was told.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.briefs.is_empty()
    }

    pub fn brief(&mut self, trunk: TrunkId, version: u64) {
        self.briefs.retain(|(owed, _)| *owed != trunk);
        self.briefs.push((trunk, version));
    }
}

impl Directory {
    /// What a command is to see through before it is answered: what it came to owe since version
    /// `before`, or, when it asked again for what was done already, what is still owed of the
    /// first time. A read pays nobody's debts; the alarm pays all.
    pub(super) fn pending_for(&self, what: &Ask, before: u64) -> Pending {
        let mut owed = self.owed.clone();
        if what.is_read() {
            return Pending::default();
        }
        if let Ask::Permit(permit) = what {
            owed.records.clear();
            let has_rules = |agent: &AgentId| self.has_rules(agent);
            let needs = permit.refused || permit.agent.as_ref().is_some_and(has_rules);
            owed.briefs
                .retain(|(id, _)| needs && id.tag() == permit.trunk);
            return owed;
        }
        let repeats =
            self.version() == before && matches!(what, Ask::RevokeKey(_) | Ask::DeleteAgent(_));
        if !repeats && !matches!(what, Ask::Tick) {
            owed.records.retain(|(_, at)| *at > before);
        }
        // An agent may be saved again because its trunks could not be told the first time, and so may numbers be suppressed.
        let may_repeat = matches!(
            what,
            Ask::SaveAgent { was: Some(_), .. } | Ask::SaveMedia(_) | Ask::NoteNumbers { .. }
        );
        if !repeats && !may_repeat && !matches!(what, Ask::Tick) {
            owed.briefs.retain(|(_, at)| *at > before);
        }
        owed
    }

    /// Takes off what was told, unless it changed meanwhile.
    pub(super) fn acknowledge(
        &mut self,
        told: &[(TrunkId, Option<u64>)],
        written: &[(&RecordKey, Option<u64>)],
    ) {
        let before = self.owed.clone();
        self.owed.briefs.retain(|(owed, at)| {
            !told
                .iter()
                .any(|(id, version)| id == owed && *version >= Some(*at))
        });
        // Whoever could not be told has its turn after all others.
        let was_tried = |(owed, _): &(TrunkId, u64)| told.iter().any(|(id, _)| id == owed);
        let (tried, mut briefs): (Vec<_>, Vec<_>) = self.owed.briefs.drain(..).partition(was_tried);
        briefs.extend(tried);
        self.owed.briefs = briefs;
        self.owed.records.retain(|(owed, at)| {
            !written
                .iter()
                .any(|(key, version)| *key == owed && *version >= Some(*at))
        });
        if planted(Fault::DebtForgotten) {
            self.owed = Pending::default();
        }
        if self.owed != before {
            self.put_owed();
        }
    }

    /// A restriction that was asked for again: done, while somebody is still owed the word of it.
    pub(super) fn repeated(&self, was_done: bool) -> Result<(), DirectoryRefusal> {
        match was_done && !self.owed.briefs.is_empty() {
            true => Ok(()),
            false => Err(DirectoryRefusal::Missing),
        }
    }
}

impl DirectoryActor {
    /// Pays debts: tells the trunks, then writes the copies. Returns whether all these trunks were
    /// told; what failed stays owed, and the alarm tries again. Where there are more trunks than one
    /// invocation tells, others tell the rest: those that this one `sends_for`, or the alarm's.
    pub(super) async fn tell(
        &self,
        store: &impl DirectoryStore,
        world: &(impl Host + Trunks + RecordWriter),
        pending: &Pending,
        sends_for: bool,
    ) -> Result<bool, StoreFailed> {
        let at_once = world.settings().trunks_at_once;
        let is_more = pending.briefs.len() > at_once;
        let briefs = pending
            .briefs
            .iter()
            .take(at_once)
            .map(|(trunk, _)| self.brief(store, world, *trunk));
        let told = concurrent(CONNECTIONS, briefs).await;
        let records = pending
            .records
            .iter()
            .map(|(key, _)| self.write(store, world, key));
        let written = concurrent(CONNECTIONS, records).await;
        let (org, owed) = self.with(store, |directory| {
            directory.acknowledge(&told, &written);
            if is_more && planted(Fault::RestForgotten) {
                directory.owed.briefs.clear();
                directory.put_owed();
            }
            (directory.org_id(), directory.owed.briefs.len())
        })?;
        if let Some(org) = org.filter(|_| is_more && sends_for) {
            for _ in 0..owed.div_ceil(at_once) {
                world.poke(org).await;
            }
        }
        let (unpaid, left) = self.with(store, |directory| {
            let untold = |(id, at): &(TrunkId, u64)| {
                let owed = directory.owed.briefs.iter().any(|(owed, _)| owed == id);
                owed && !told
                    .iter()
                    .any(|(told, version)| told == id && *version >= Some(*at))
            };
            (
                pending.briefs.iter().any(untold),
                !directory.owed.is_empty(),
            )
        })?;
        let now = world.now();
        let sooner = self.retry_at.get().filter(|at| *at > now);
        let goes_well = is_more && told.iter().all(|(_, version)| version.is_some());
        let again = match goes_well {
            true => now + SOON,
            false => sooner.unwrap_or(now + AGAIN),
        };
        self.retry_at.set(left.then_some(again));
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
        let briefed = ask(world, id.tag(), command::Brief(Box::new(brief))).await;
        (id, (briefed == Ok(Briefed::Done)).then_some(version))
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
