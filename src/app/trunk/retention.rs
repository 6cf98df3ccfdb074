//! Retention: finished calls leave their trunk's object once they are old, so that it never grows without bound.
//!
//! A refused call leaves after a day, others after the time that calls are kept. When little room is left, refused ones leave
//! first, then the oldest, whatever their age, except campaigns' calls that have only just ended.
//!
//! Calls leave in bounded batches, found when the object wakes anyway (for its alarm, or the cron's poke), so that an idle trunk
//! needs no alarm of its own. A batch goes to the archive first, and its rows are removed once the archive has it: after a crash
//! between the two, the same batch is sent again.

use super::reply::reply;
use super::store::{StoreFailed, TrunkStore};
use super::{Answer, Desk, Reader, hours};
use crate::app::messages::Expired;
use crate::domain::call::Call;
use crate::domain::ids::CallId;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};

/// How many calls leave at a time: few, so that no admission waits for it. `bench/million.mjs` measures it.
pub const BATCH: usize = 100;
/// How soon a batch is sent again that the archive did not take.
const AGAIN: Span = Span(60_000);
/// How often old calls are looked for; more often where calls are kept for a short time.
const LOOK: Span = Span(600_000);
/// How soon an unfinished search continues, and how soon it does when room is needed.
const GOES_ON: Span = Span(1_000);
const GOES_ON_FULL: Span = Span(100);
/// How long a refused call is kept.
const REFUSED_KEPT: Span = Span::from_secs(86_400);

fn refused_kept() -> Span {
    if planted(Fault::RefusedLeaveEarly) {
        return Span::from_secs(3_600);
    }
    match planted(Fault::RefusedLeaveLate) {
        true => Span::from_secs(7 * 86_400),
        false => REFUSED_KEPT,
    }
}

/// From this percentage of its limit on, a trunk has little room left.
const FULL_PERCENT: u64 = 70;
/// From this many bytes on no call is admitted. An object holds 10 GB, whatever the operator's limit: the rest is for what
/// happens to existing calls, and for receivers' answers.
const CROWDED: u64 = 9_800_000_000;
/// How many calls are admitted between two checks of the bytes in use: a few hundred kilobytes.
const UNCOUNTED: u32 = 100;

/// When old calls are next looked for.
pub struct Retention {
    keep: Span,
    limit: u64,
    look_at: Timestamp,
    /// There are known to be more: the object must wake for them.
    busy: bool,
    /// Refused calls before this row have left, or the archive is being given them.
    refused_from: u64,
    /// The first row of those given to the archive that have not left yet.
    handed_over: Option<u64>,
    /// How much of that is stored.
    noted: u64,
    /// The day of rows in which they were last looked for from the start.
    looked_anew: u64,
    /// Too many bytes were in use for another call at the last check.
    is_crowded: bool,
    /// How many more calls are admitted until the next check.
    uncounted: u32,
}

/// How far apart two notes are: an hour of rows.
const NOTED_EVERY: u64 = 3_600_000 << 12;
const DAY: u64 = 24 * NOTED_EVERY;
/// This many days after a call its callback has ended, whatever its receiver.
const TOLD: u64 = 4;

impl Retention {
    /// Calls are kept for this long, and in this many bytes; refused ones before row `gone` have left.
    pub fn new(keep: Span, limit: u64, gone: u64, now: Timestamp) -> Self {
        Self {
            keep,
            limit,
            look_at: now,
            busy: false,
            refused_from: gone,
            handed_over: None,
            noted: gone,
            looked_anew: gone / DAY,
            is_crowded: false,
            uncounted: 0,
        }
    }

    /// Whether there is room for another call, and for everything that may still happen to existing ones.
    pub fn has_room(&mut self, store: &impl TrunkStore) -> bool {
        if self.is_crowded || self.uncounted == 0 {
            self.is_crowded = store.used_bytes() >= CROWDED && !planted(Fault::CrowdedAdmits);
            self.uncounted = UNCOUNTED;
        }
        self.uncounted -= 1;
        !self.is_crowded
    }

    /// When the object must wake for the next batch.
    pub fn due(&self) -> Option<Timestamp> {
        self.busy.then_some(self.look_at)
    }

    /// The next batch for the archive, if it is time to look. Writes no note if `may_note` is false: writes are failing.
    pub fn batch(
        &mut self,
        store: &impl TrunkStore,
        now: Timestamp,
        may_note: bool,
    ) -> Result<Vec<Expired>, StoreFailed> {
        if now < self.look_at || !store.is_complete() {
            return Ok(Vec::new());
        }
        let is_full =
            store.used_bytes() >= self.limit / 100 * FULL_PERCENT && !planted(Fault::FullUnnoticed);
        let kept = |keep: Span| match is_full {
            true => CallId::floor(now - COUNTED),
            false => CallId::floor(now - keep),
        };
        let before = kept(refused_kept().min(self.keep)).row();
        self.look_anew(before);
        // Calls that the archive did not take are sent again.
        let from = self.handed_over.take().unwrap_or(self.refused_from);
        self.refused_from = self.refused_from.min(from);
        let (mut batch, goes_on) = match planted(Fault::RefusedStay) {
            true => Default::default(),
            false => store.refused(self.refused_from, before, BATCH)?,
        };
        self.refused_from = match goes_on {
            Some(next) => next,
            None if batch.is_empty() => self.refused_from.max(before),
            None => self.refused_from,
        };
        self.handed_over = (!batch.is_empty()).then_some(from);
        let gone = self.handed_over.unwrap_or(self.refused_from);
        if may_note && (gone / DAY > self.noted / DAY || gone > self.noted + NOTED_EVERY) {
            store.put_refused_gone(gone)?;
            self.noted = gone;
        }
        if batch.is_empty() && goes_on.is_none() {
            batch = store.expired(kept(self.keep), BATCH)?;
        }
        let some_are_owed = is_full && keeps_owed(store, &mut batch, now)?;
        self.busy = !batch.is_empty() || goes_on.is_some() || some_are_owed;
        let look = LOOK.min(Span(self.keep.0 / 100 + 1_000));
        self.look_at = now
            + match (batch.is_empty(), goes_on) {
                (false, _) => AGAIN,
                (true, Some(_)) if is_full => GOES_ON_FULL,
                (true, Some(_)) => GOES_ON,
                (true, None) if some_are_owed => GOES_ON,
                (true, None) => look,
            };
        Ok(batch)
    }

    /// Once a day, looks for those that could not leave in their turn because their callbacks were still to be delivered.
    fn look_anew(&mut self, before: u64) {
        let day = before / DAY;
        if day > self.looked_anew && !planted(Fault::PendingPassed) {
            self.looked_anew = day;
            let first = before.saturating_sub(TOLD * DAY);
            self.refused_from = self.refused_from.min(first);
        }
    }

    /// The batch has left: the next follows.
    pub fn forgot(&mut self, now: Timestamp) {
        self.handed_over = None;
        self.look_at = now;
    }

    /// Room is needed: calls are looked for at once, unless the archive is being given a batch.
    pub fn hurries(&mut self) {
        if !self.busy {
            self.look_at = Timestamp(0);
        }
    }

    /// The batch has not left, whatever was looked at.
    pub fn begins_anew(&mut self) {
        self.handed_over = None;
        self.refused_from = self.noted;
    }
}

/// A call that may count against `max_cps` stays, however much room is needed: an object that is loaded counts it from its row.
const COUNTED: Span = Span(2_000);

/// By then a campaign has been told how its call ended, even if its object died meanwhile. If it asks later, nobody knows: see
/// [`Trunk::became`](crate::domain::trunk::Trunk::became).
const OWED: Span = Span(60_000);

/// Takes out of a batch the calls whose campaigns must still be told. Returns whether there are any.
fn keeps_owed(
    store: &impl TrunkStore,
    batch: &mut Vec<Expired>,
    now: Timestamp,
) -> Result<bool, StoreFailed> {
    let all: Vec<CallId> = batch.iter().map(|expired| expired.id).collect();
    let owed = store.calls_that_leave(&all)?.into_iter();
    let owed = owed.filter(|call| call.request.campaign.is_some() && now < call.updated_at + OWED);
    let owed: Vec<CallId> = owed.map(|call| call.id).collect();
    batch.retain(|expired| !owed.contains(&expired.id));
    Ok(!owed.is_empty())
}

/// Removes calls. How far campaigns' calls have left is written along with it, so that none of them is taken for one that never
/// existed.
fn forget(
    usage: &mut hours::Usage,
    store: &impl TrunkStore,
    leaving: &[Call],
) -> Result<(), StoreFailed> {
    let of_campaigns = leaving
        .iter()
        .filter(|call| call.request.campaign.is_some());
    let last = of_campaigns.map(|call| call.id.row()).max();
    let known = store.campaigns_gone()?;
    let through = last.filter(|last| *last > known && !planted(Fault::HandedOverForgotten));
    let note = || through.map_or(Ok(()), |through| store.put_campaigns_gone(through));
    // If there is no room for it now, there is once they have left.
    let noted = note();
    let gone = hours::forget(usage, store, leaving);
    noted.or_else(|_| note()).and(gone)
}

/// How much storage a trunk's calls take up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsedStorage {
    /// Bytes in use.
    pub used: u64,
    /// When the oldest call was accepted.
    pub oldest: Option<Timestamp>,
}

reply!(UsedStorage { used, oldest } = Storage { used, oldest });

impl<S: TrunkStore> Desk<'_, '_, S> {
    /// Calls leave, for whatever reason.
    pub(super) fn leave(&mut self, calls: &[CallId]) -> Answer<()> {
        let leaving = self.store.calls_that_leave(calls)?;
        self.health.departs(&leaving);
        let gone = forget(self.counted, self.store, &leaving);
        gone.inspect_err(|_| self.retention.begins_anew())?;
        Ok(())
    }

    pub(super) fn forget(&mut self, calls: Vec<CallId>) -> Answer<()> {
        self.leave(&calls)?;
        self.retention.forgot(self.now);
        self.trouble.eases();
        Ok(())
    }

    pub(super) fn storage(&mut self, reader: Reader) -> Answer<Option<UsedStorage>> {
        let brief = self.trunk.brief();
        if brief.is_none_or(|brief| brief.config.org_id != reader.org) {
            return Ok(None);
        }
        Ok(Some(UsedStorage {
            used: self.store.used_bytes(),
            oldest: self.store.oldest()?.map(|call| call.address().at),
        }))
    }
}
