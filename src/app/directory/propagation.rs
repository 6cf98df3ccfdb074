//! Telling others what they must know: first the trunks, which decide, then the copies. Everything is computed from the
//! directory as it is at that moment, so telling late, twice or out of order does no harm.

use super::campaigns::PAUSED_AT_ONCE;
use super::copies::record_of;
use super::{Ask, Directory, DirectoryActor, DirectoryStore, RecordWriter};
use crate::app::campaign::Campaigns;
use crate::app::concurrent::{CONNECTIONS, concurrent};
use crate::app::host::Host;
use crate::app::records::RecordKey;
use crate::app::trunk::{Briefed, StoreFailed, Trunks, ask, command};
use crate::domain::directory::{Pending, PendingHalt};
use crate::domain::ids::TrunkId;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::Span;

/// How soon a failed attempt to tell is repeated.
const AGAIN: Span = Span(5_000);

/// How soon the alarm tells more if all goes well. Whoever sends for the rest has had most of it told by then.
const SOON: Span = Span(1_000);

/// What must be told before a command is answered: what came up since version `before`, or, if it repeats something already
/// done, what is still pending of the first time. A read tells nobody; the alarm tells all.
pub(super) fn pending_for(directory: &Directory, what: &Ask, before: u64) -> Pending {
    let pending = directory.pending().clone();
    match what {
        what if what.is_read() => Pending::default(),
        Ask::Permit(permit) => {
            let needs = permit.refused || directory.must_be_told_of(permit.agent.as_ref());
            let mut briefs = pending.briefs;
            briefs.retain(|(id, _)| needs && id.tag() == permit.trunk);
            Pending {
                briefs,
                ..Pending::default()
            }
        }
        Ask::Tick => pending,
        Ask::RevokeKey(_) | Ask::DeleteAgent(_) if directory.version() == before => pending,
        // An agent may be saved again because its trunks could not be told the first time, and so may a suppression.
        Ask::SaveAgent { was: Some(_), .. }
        | Ask::SaveMedia(_)
        | Ask::ChangeMedia { .. }
        | Ask::ChangeOrg(_)
        | Ask::DeleteOrg
        | Ask::NoteNumbers { .. } => {
            let briefs = pending.briefs.clone();
            Pending {
                briefs,
                ..pending.since(before)
            }
        }
        _ => pending.since(before),
    }
}

impl DirectoryActor {
    /// Tells the trunks, then writes the copies. Returns whether all these trunks were
    /// told; what failed stays pending, and the alarm tries again. If there are more trunks than one
    /// invocation tells, others tell the rest: those that this one `sends_for`, or the alarm's.
    pub(super) async fn tell(
        &self,
        store: &impl DirectoryStore,
        world: &(impl Host + Trunks + Campaigns + RecordWriter),
        pending: &Pending,
        sends_for: bool,
    ) -> Result<bool, StoreFailed> {
        let at_once = world.settings().trunks_at_once;
        let is_more = pending.briefs.len() > at_once || pending.pauses.len() > PAUSED_AT_ONCE;
        let briefs = pending
            .briefs
            .iter()
            .take(at_once)
            .map(|(trunk, _)| self.brief(store, world, *trunk));
        let told = concurrent(CONNECTIONS, briefs).await;
        let pauses = pending.pauses.iter().take(PAUSED_AT_ONCE);
        let pauses = pauses.map(|pause| self.pause(store, world, pause));
        let paused = concurrent(CONNECTIONS, pauses).await;
        let all_paused = paused.iter().all(Option::is_some);
        let paused: Vec<_> = paused.into_iter().flatten().collect();
        let records = pending
            .records
            .iter()
            .map(|(key, _)| self.write(store, world, key));
        let written = concurrent(CONNECTIONS, records).await;
        let (org, left) = self.with(store, |directory| {
            directory.acknowledge(&told, &written);
            directory.acknowledge_pauses(&paused, world.now());
            if is_more && planted(Fault::RestForgotten) {
                directory.drop_briefs();
            }
            (directory.org_id(), directory.pending().briefs.len())
        })?;
        if let Some(org) = org.filter(|_| is_more && sends_for) {
            for _ in 0..left.div_ceil(at_once) {
                world.poke(org).await;
            }
        }
        let (is_untold, is_left) = self.with(store, |directory| {
            let left = directory.pending();
            let is_untold = |(id, at): &(TrunkId, u64)| {
                left.briefs.iter().any(|(left, _)| left == id)
                    && !told
                        .iter()
                        .any(|(told, version)| told == id && *version >= Some(*at))
            };
            let is_running = |pause: &PendingHalt| left.pauses.contains(pause);
            let is_untold =
                pending.briefs.iter().any(is_untold) || pending.pauses.iter().any(is_running);
            (is_untold, !left.is_empty())
        })?;
        let now = world.now();
        let sooner = self.retry_at.get().filter(|at| *at > now);
        let goes_well = is_more && all_paused && told.iter().all(|(_, version)| version.is_some());
        let again = match goes_well {
            true => now + SOON,
            false => sooner.unwrap_or(now + AGAIN),
        };
        self.retry_at.set(is_left.then_some(again));
        Ok(!is_untold)
    }

    /// Briefs one trunk. Returns the version it was told, if it was.
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

    /// Writes one copy, and again if it changes meanwhile. Returns the version written, if it was.
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
                record_of(directory, store, key).map(|json| (directory.version(), json))
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
