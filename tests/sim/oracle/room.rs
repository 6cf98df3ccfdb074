//! What a trunk stores, and for how long: in memory, in its rows, and for the live feed.

use audatec::domain::call::{Call, CallStatus};
use audatec::domain::ids::{CallId, TrunkTag};
use audatec::domain::time::{Span, Timestamp};

use super::Oracle;
use super::scheduled::stands;
use crate::trunk_node::TrunkNode;
use crate::world::W;

/// For so long a call stays that was refused, where there is room.
const REFUSED_STAY: Span = Span::from_secs(86_400);
/// Those that could not leave when they were looked for, as they waited or somebody was to be told of them, are looked for again
/// a day later.
const LATER: Span = Span::from_secs(86_400);
/// So late one may leave: trunks look for them every ten minutes.
const LOOKED_FOR: Span = Span::from_secs(900);
/// For so long a trunk is in the live feed once it was deleted.
const FOLLOWED: Span = Span::from_secs(86_400);
/// Clocks jump, and each incarnation has its own.
const SLACK: Span = Span::from_secs(120);

/// Whether something is still to happen to a call, its callback aside, as its row has it: it waits for capacity, for a dialer,
/// for its end or for what its agent says of it; its carrier may hold a room for it; it takes up a start of this second, or a
/// place among the dials to its number that is to be given back.
pub(super) fn goes_on(row: &Call) -> bool {
    let is_final = row.ended_at.is_some() && row.status.is_terminal();
    let in_progress = !is_final && !stands(row);
    in_progress || row.has_room || row.counts_against_cps_until.is_some() || !row.owes.is_empty()
}

impl Oracle {
    /// A call leaves its trunk: for want of room, or at the end of its time.
    pub(super) fn leaves_in_time(
        &self,
        w: &W,
        node: &TrunkNode,
        now: Timestamp,
        row: Option<&Call>,
    ) {
        let Some(row) = row.filter(|_| !node.is_short_of_room(w)) else {
            return;
        };
        let stays = match row.status {
            CallStatus::RejectedCapacity => REFUSED_STAY.min(w.settings.retention),
            _ => w.settings.retention,
        };
        let age = now - row.created_at();
        self.check(age + SLACK >= stays, node.tag, Some(row.id), || {
            format!(
                "{:?} left after {} s, with room for it",
                row.status,
                age.as_secs()
            )
        });
    }

    /// Trunks have looked for calls that may leave: none of those is there that were refused more than a day ago, or two where
    /// that took a while, or somebody was told.
    pub fn refused_have_left(&self, w: &W, node: &TrunkNode) {
        let now = w.clock();
        let is_old = |row: &&Call| {
            // What waited in the queue or on the schedule was refused later than its row's place tells.
            let waited = row.queued_until.is_some() || row.schedule.is_some();
            let came_later = row.callback.is_some() || waited;
            let again = if came_later { LATER } else { Span(0) };
            row.status == CallStatus::RejectedCapacity
                && !goes_on(row)
                && row.created_at() + REFUSED_STAY + again + LOOKED_FOR + SLACK < now
        };
        let is_told = |row: &&Call| {
            let callback = row.callback.as_ref();
            callback.is_none_or(|callback| callback.next_attempt_at.is_none())
        };
        let rows = node.rows.all();
        let stays = rows.iter().filter(is_old).find(is_told);
        let id: Option<CallId> = stays.map(|row| row.id);
        self.check(stays.is_none(), node.tag, id, || {
            format!("it was refused more than a day ago, and is there: {stays:?}")
        });
    }

    /// A trunk's deletion was answered.
    pub fn is_deleted(&self, w: &W, tag: TrunkTag) {
        self.deleted.borrow_mut().insert(tag, w.high.get());
    }

    /// Somebody who follows the live feed asks this trunk.
    pub fn is_followed(&self, w: &W, tag: TrunkTag) {
        let deleted = self.deleted.borrow().get(&tag).copied();
        let is_over = deleted.is_some_and(|at| at + FOLLOWED + SLACK < w.clock());
        self.check(!is_over, tag, None, || {
            "a trunk that was deleted more than a day ago is asked for the live feed".into()
        });
    }
}
