//! Calls to be dialed later, as those know who requested them.

use audatec::domain::call::Call;
use audatec::domain::ids::{CallId, OrgId};
use audatec::domain::time::Timestamp;

use super::object::nonce;
use super::{Oracle, TrunkFacts};
use crate::world::W;

/// Not before the one, and not at the other or later.
type Window = Option<(Timestamp, Timestamp)>;

/// Whether a call waits for its time, as its row has it: it is in nobody's way.
pub fn stands(row: &Call) -> bool {
    let slot = row.schedule.and_then(|schedule| schedule.slot);
    row.ended_at.is_none() && slot.is_some_and(|slot| slot.taken_at.is_none())
}

/// Whether it waited for its time once.
pub fn was_scheduled(row: &Call) -> bool {
    row.schedule.is_some_and(|schedule| schedule.slot.is_some())
}

impl Oracle {
    /// When a call may be dialed, by its request.
    pub fn window(&self, row: &Call) -> Window {
        let intents = self.intents.borrow();
        intents.get(&nonce(row)?)?.window
    }

    /// A dialer is about to have a phone ring.
    pub fn rings_in_time(&self, w: &W, row: &Call, window: Window) {
        let Some((from, until)) = window.filter(|_| w.faults.clock_is_true()) else {
            return;
        };
        let now = w.clock();
        self.check(
            from <= now && now < until,
            row.id.address().tag,
            Some(row.id),
            || {
                format!(
                    "a phone is rung at {}, and may be from {} to {}",
                    now.0, from.0, until.0
                )
            },
        );
    }

    /// A call whose time is to come waits for it, and is in nobody's way.
    pub fn waits_for_its_time(&self, w: &W, row: &Call, window: Window, now: Timestamp) {
        let window = window.filter(|_| w.faults.clock_is_true());
        // One that is refused, by the day's limit, waits for nothing.
        let is_early = window.is_some_and(|(from, _)| now < from) && row.ended_at.is_none();
        self.check(
            // One that was refused, as a full day does, waits for nothing.
            !is_early || stands(row) || !row.was_accepted(),
            row.id.address().tag,
            Some(row.id),
            || format!("its time is to come, and it does not wait for it: {row:?}"),
        );
    }

    /// These numbers are suppressed since somebody asked for that then: nothing that was there by then waits for its time.
    pub fn none_is_scheduled(&self, org: OrgId, numbers: &[&str], asked: u64) {
        let calls = self.calls.borrow();
        let waits = calls.values().find(|seen| {
            let request = &seen.row.request;
            request.org == org
                && seen.born < asked
                && stands(&seen.row)
                && numbers.contains(&request.phone.as_str())
        });
        if let Some(seen) = waits {
            let what = "its number is suppressed, and it waits for its time all the same";
            self.fail(
                Some(seen.row.id.address().tag),
                Some(seen.row.id),
                what.into(),
            );
        }
    }

    /// A call's place in its trunk's line: one that was scheduled stands where its moment puts it.
    pub fn place_in_line(&self, id: CallId) -> (Timestamp, CallId) {
        let calls = self.calls.borrow();
        let slot = calls.get(&id).and_then(|seen| seen.row.schedule?.slot);
        (slot.map_or(id.address().at, |slot| slot.at), id)
    }

    /// Who is to leave a line next.
    pub(super) fn first_in_line(
        &self,
        facts: &TrunkFacts,
        but: impl Fn(CallId) -> bool,
    ) -> Option<CallId> {
        let waiting = facts.waiting.iter().copied();
        let places = waiting.filter(|id| !but(*id) && !self.may_be_passed(facts, *id));
        places
            .map(|id| self.place_in_line(id))
            .min()
            .map(|(_, id)| id)
    }
}
