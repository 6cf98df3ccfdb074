//! Continuing the deletion of an organisation, a slice at a time: its trunks, its campaigns, the objects that know of its
//! numbers, the copies, the archive, and finally the directory itself.
//!
//! The list of places still to visit is in memory only: after losing it, the deletion starts over, and finds most of them empty.
//! Nothing leaves the directory's rows before the end, so they name every object until all are empty. What was in transit to one
//! of them (a message, a copy that lands late) is looked for once more a while later, and again as long as there was something.

use super::{Answer, Desk, DirectoryActor, DirectoryStore, OrgCard, RecordWriter};
use crate::app::concurrent::{CONNECTIONS, concurrent};
use crate::app::erasing::{Eraser, Holder};
use crate::app::host::{Host, Unavailable};
use crate::app::json;
use crate::app::records::RecordKey;
use crate::app::telemetry::Event;
use crate::app::trunk::{CarrierCredentials, Retired, StoreFailed, Trunks, ask, command};
use crate::domain::contacts::Shard;
use crate::domain::directory::{Directory, DirectoryRefusal, Grave, StoredTrunk, grave_row};
use crate::domain::ids::{OrgId, TrunkId};
use crate::domain::planted::{Fault, planted};
use crate::domain::settings::Settings;
use crate::domain::time::{Span, Timestamp};
use crate::domain::vitals::{Vitals, VitalsAsked};

/// How many places one slice visits, each with a few requests: an invocation makes 1,000 at most.
const AT_ONCE: usize = 60;

/// The pause between two slices if there was progress; and if there was none.
const SOON: Span = Span(500);
const LATER: Span = Span(10_000);

/// How long one slice may take; after that, another may begin.
const LEASE: Span = Span(600_000);

/// How long after the longest conversation a trunk is emptied, whatever it still owes.
const PATIENCE: Span = Span(900_000);

/// A place that may keep something of an organisation.
#[derive(Clone, Debug)]
enum Place {
    /// A trunk's object, and the record of its carrier's credentials.
    Trunk(TrunkId, Option<RecordKey>),
    /// Another object.
    Object(Holder),
    /// A copy whose name does not contain the organisation's.
    Copy(RecordKey),
    /// Copies whose names do, by the beginning of their names.
    Copies(&'static str),
    /// The archive.
    Archive,
}

/// One round of visits to all places.
#[derive(Default)]
pub(super) struct Look {
    /// The places left; `None` before it begins.
    left: Option<Vec<Place>>,
    /// One of them was not empty.
    found: bool,
    /// Until when, at most, a slice is in progress.
    until: Option<Timestamp>,
}

/// All places, according to the rows.
fn places(directory: &Directory, org: OrgId) -> Vec<Place> {
    let wanted = |stored: &&StoredTrunk| !(stored.deleted && planted(Fault::GoneTrunkKept));
    let trunks = directory.trunks().filter(wanted).map(|stored| {
        let api_key = stored.config.carrier.api_key();
        Place::Trunk(stored.config.id, api_key.map(RecordKey::carrier))
    });
    let campaigns = directory.campaign_ids();
    let campaigns = campaigns.map(|id| Holder::Campaign(org, id));
    let numbers = Shard::all().map(|shard| Holder::Numbers(org, shard));
    let copies = ["agent/", "trunk/", "agents/", "webhook-secrets/", "media/"];
    trunks
        .chain(campaigns.chain(numbers).map(Place::Object))
        .chain(directory.key_copies().map(Place::Copy))
        .chain(copies.map(Place::Copies))
        .chain([Place::Archive])
        .collect()
}

impl DirectoryActor {
    /// One slice, if the organisation is being deleted.
    ///
    /// # Errors
    /// Rows can't be read or written.
    pub(super) async fn go_on_deleting(
        &self,
        store: &impl DirectoryStore,
        world: &(impl Host + Trunks + RecordWriter + Eraser),
    ) -> Result<(), StoreFailed> {
        let now = world.now();
        let Some((deletion, grave)) = self.with(store, |directory| directory.deletion(now))? else {
            return Ok(());
        };
        let rested = deletion
            .emptied_at
            .map(|at| at + world.settings().deletion_pause);
        let busy = self.look.borrow().until;
        if let Some(until) = [rested, busy]
            .into_iter()
            .flatten()
            .max()
            .filter(|at| now < *at)
        {
            self.due_by(until);
            return Ok(());
        }
        let slice = self.next_places(store, grave.org, now + LEASE)?;
        let is_late = now >= deletion.since + latest(world.settings());
        let looks = slice.into_iter().map(|place| async move {
            let is_empty = is_empty(world, grave.org, &place, is_late).await;
            (place, is_empty)
        });
        let seen = concurrent(CONNECTIONS, looks).await;
        let again = match self.note(seen) {
            None => {
                self.seen_all(store, world, deletion.emptied_at, &grave)
                    .await?
            }
            Some(true) => Some(SOON),
            Some(false) => Some(LATER),
        };
        match again {
            Some(again) => self.due_by(world.now() + again),
            None => self.retry_at.set(None),
        }
        Ok(())
    }

    /// Has the object woken by then.
    pub(super) fn due_by(&self, at: Timestamp) {
        let sooner = self.retry_at.get().filter(|other| *other < at);
        self.retry_at.set(sooner.or(Some(at)));
    }

    fn next_places(
        &self,
        store: &impl DirectoryStore,
        org: OrgId,
        until: Timestamp,
    ) -> Result<Vec<Place>, StoreFailed> {
        let mut look = self.look.borrow_mut();
        let begins = look.left.is_none() || look.until.is_some();
        let mut left = match look.left.take().filter(|_| !begins) {
            Some(left) => left,
            None => self.with(store, |directory| places(directory, org))?,
        };
        let slice = left.drain(..left.len().min(AT_ONCE)).collect();
        *look = Look {
            left: Some(left),
            found: look.found && !begins,
            until: Some(until),
        };
        Ok(slice)
    }

    /// Takes a slice's results. Returns whether there was progress, or `None` if that was all.
    fn note(&self, seen: Vec<(Place, Result<bool, Unavailable>)>) -> Option<bool> {
        let mut look = self.look.borrow_mut();
        look.until = None;
        let gets_on = seen.iter().any(|(_, is_empty)| is_empty.is_ok());
        let left = seen
            .into_iter()
            .filter(|(_, is_empty)| *is_empty != Ok(true));
        let left: Vec<Place> = left.map(|(place, _)| place).collect();
        look.found |= !left.is_empty();
        let all = look.left.get_or_insert_default();
        all.extend(left);
        (!all.is_empty()).then_some(gets_on)
    }

    /// All places are empty. If nothing has come in since they last were, the deletion is done.
    async fn seen_all(
        &self,
        store: &impl DirectoryStore,
        world: &(impl Host + RecordWriter + Eraser),
        emptied_at: Option<Timestamp>,
        grave: &Grave,
    ) -> Result<Option<Span>, StoreFailed> {
        let found = std::mem::take(&mut *self.look.borrow_mut()).found;
        let owes = self.with(store, |directory| !directory.pending().is_empty())?;
        let lasts = emptied_at.is_some() && !found || planted(Fault::EmptiedOnce);
        if owes || !lasts {
            let now = world.now();
            self.with(store, |directory| directory.emptied(now))?;
            return Ok(Some(world.settings().deletion_pause));
        }
        // Of the copy by which it is listed, only the name remains: the cron removes it once nobody answers to it.
        let last = world.bury(grave).await;
        let last = last.and(
            world
                .write(&RecordKey::Trunks(grave.org), Some("[]".to_owned()))
                .await,
        );
        if last.is_err() || world.wipe(Holder::Directory(grave.org)).await.is_err() {
            return Ok(Some(LATER));
        }
        *self.directory.borrow_mut() = None;
        world.log(&Event::OrganisationDeleted { org: grave.org });
        Ok(None)
    }
}

/// When conversations that were in progress are over, with everything they owe.
fn latest(settings: &Settings) -> Span {
    Span(settings.max_call.0.saturating_add(PATIENCE.0))
}

/// Visits a place and empties it. Returns whether it was empty before.
async fn is_empty(
    world: &(impl Host + Trunks + RecordWriter + Eraser),
    org: OrgId,
    place: &Place,
    is_late: bool,
) -> Result<bool, Unavailable> {
    match place {
        Place::Trunk(id, carrier) => {
            let is_empty = trunk_is_empty(world, (org, *id), is_late).await?;
            if let Some(key) = carrier.as_ref().filter(|_| is_empty) {
                remove_own(world, org, key).await?;
            }
            Ok(is_empty)
        }
        Place::Object(holder) => {
            let is_empty = world.is_empty(*holder).await?;
            if !is_empty {
                world.wipe(*holder).await?;
            }
            Ok(is_empty)
        }
        Place::Copy(key) => world.write(key, None).await.map(|()| true),
        Place::Copies(kind) => {
            let removed = world.remove_copies(&format!("{kind}{org}")).await?;
            Ok(!removed)
        }
        Place::Archive => Ok(!world.remove_archived(&format!("calls/{org}/")).await?),
    }
}

/// A trunk is emptied when its last conversation is over and reported, or when it is too late to wait for that.
async fn trunk_is_empty(
    world: &(impl Host + Trunks + Eraser),
    (org, id): (OrgId, TrunkId),
    is_late: bool,
) -> Result<bool, Unavailable> {
    let holder = Holder::Trunk(id.tag());
    if world.is_empty(holder).await? {
        return Ok(true);
    }
    let vitals = ask(world, id.tag(), command::Vitals(VitalsAsked::Sweep)).await;
    let vitals = vitals.ok();
    let of = vitals.as_ref().and_then(|vitals| vitals.of);
    if of.is_some_and(|of| of != (org, id)) {
        return Ok(true); // its tag belongs to another by now
    }
    let owes = |vitals: Box<Vitals>| vitals.open > 0 || vitals.undelivered_since.is_some();
    let is_busy = vitals.is_none_or(owes);
    if !is_late && (is_busy || ask(world, id.tag(), command::Retire).await? != Retired::Done) {
        return Err(Unavailable);
    }
    world.wipe(holder).await?;
    Ok(false)
}

/// Removes a carrier's credentials, unless another organisation uses the same key with the same server.
async fn remove_own(
    world: &(impl RecordWriter + Eraser),
    org: OrgId,
    key: &RecordKey,
) -> Result<(), Unavailable> {
    let known = world.stored_copy(key).await?;
    let known = known.and_then(|text| json::read::<CarrierCredentials>(&text).ok());
    match known.is_some_and(|known| known.org == org) {
        true => world.write(key, None).await,
        false => Ok(()),
    }
}

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    pub(super) fn delete_org(&mut self) -> Answer<OrgCard> {
        let author = self.author();
        Ok(self.directory.delete_org(author)?)
    }

    /// For the operator's directory: the first record of a deletion counts.
    pub(super) fn bury(&mut self, grave: Grave) -> Answer<()> {
        if self.store.row(&grave_row(grave.org))?.is_none() {
            self.directory.bury(&grave);
        }
        Ok(())
    }

    pub(super) fn buried(&self, org: OrgId) -> Answer<OrgCard> {
        let row = self.store.row(&grave_row(org))?;
        let row = row.ok_or(DirectoryRefusal::Missing)?;
        let grave: Grave = json::read(&row).map_err(|_| StoreFailed)?;
        Ok(grave.into())
    }
}
