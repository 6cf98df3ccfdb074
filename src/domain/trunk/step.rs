//! One step of a trunk: the calls that it reads by key, changes, and writes together at its end.

use super::{DayCount, Effect, RedialCount};
use crate::domain::call::{AgentVerdict, Call};
use crate::domain::contacts::{Number, Told};
use crate::domain::ids::CallId;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::Timestamp;
use crate::domain::vitals::Counts;

/// A due callback attempt, from its row's columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueCallback {
    /// When it was due.
    pub due: Timestamp,
    /// The call it belongs to: see [`CallId::row`].
    pub row: u64,
    /// Its receiver's host: see [`crate::domain::callback::host_key`].
    pub host: u64,
}

/// A call on the schedule, from its narrow row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScheduledRow {
    /// When it is due.
    pub at: Timestamp,
    /// Which call: see [`CallId::row`].
    pub row: u64,
    /// When it is too late to dial it.
    pub ends: Timestamp,
}

/// How many calls are taken from the schedule, or end there, in one step before others have their turn.
const TAKEN: usize = 250;

/// A trunk's rows, as far as decisions read them. Unreadable rows don't appear: their owner knows about them, and voids
/// the step.
pub trait Rows {
    /// One call, without its metadata.
    fn call(&self, id: CallId) -> Option<Call>;
    /// The same by its row.
    fn call_at(&self, row: u64) -> Option<Call>;
    /// Callbacks due after `after` and no later than `until`, in the order of their times: at most `limit`.
    fn due_callbacks(
        &self,
        after: (Timestamp, u64),
        until: Timestamp,
        limit: usize,
    ) -> Vec<DueCallback>;
    /// When the first callback after `after` is due.
    fn next_callback(&self, after: Timestamp) -> Option<Timestamp>;
    /// Calls on the schedule from `from` on, in the order of their moments: at most `limit`.
    fn scheduled(&self, from: (Timestamp, u64), limit: usize) -> Vec<ScheduledRow>;
    /// How many calls are on the schedule.
    fn count_scheduled(&self) -> usize;
    /// Rows from `from` on, in order, of scheduled calls whose numbers may be among these: at most `limit`.
    fn scheduled_to(&self, told: &Told, from: u64, limit: usize) -> Vec<u64>;
    /// The row up to which campaigns' calls have left.
    fn campaigns_gone(&self) -> u64;
    /// The acceptances of a day, as last stored.
    fn day(&self) -> DayCount;
    /// How many calls in rows from this one on count from the start: see [`Call::counts_from_the_first`].
    fn accepted_from(&self, row: u64) -> u32;
    /// The follow-up attempts of a day, as last stored.
    fn redialed(&self) -> RedialCount;
}

/// A call held by the step.
pub(super) struct Held {
    pub call: Call,
    /// Its row must be written.
    pub is_changed: bool,
    /// What it counted as before this step.
    before: Counts,
    /// What it said about its agent before.
    pub verdict: Option<AgentVerdict>,
    /// The moment under which its row is on the schedule.
    pub stood_at: Option<Timestamp>,
    /// It is counted among those on the schedule.
    pub is_counted: bool,
    /// It has no row yet.
    pub is_new: bool,
    /// It was over before, and the consequences of that have been decided.
    pub was_over: bool,
    /// Its campaign knows that it no longer holds its channel,
    pub has_freed: bool,
    /// and is told how it ended.
    pub is_told: bool,
}

/// A call whose row is to be written.
pub struct Changed {
    /// The call as it is by now.
    pub call: Call,
    /// The moment under which its row was on the schedule.
    pub stood_at: Option<Timestamp>,
    /// It has no row yet, and follows this call, whose metadata it shares.
    pub follows: Option<CallId>,
}

/// What a step reads and changes: rows to write together, then effects to perform.
pub struct Step<'a> {
    rows: &'a dyn Rows,
    /// In the order of their ids.
    #[allow(
        clippy::vec_box,
        reason = "one that comes between others moves their addresses, not them"
    )]
    calls: Vec<Box<Held>>,
    /// What must be done once the rows are written.
    pub effects: Vec<Effect>,
    /// The directory's brief must be written too: the trunk's own notes in it have changed.
    pub brief: bool,
    /// So must the day's acceptances.
    pub day: bool,
    /// And the day's follow-up attempts.
    pub redialed: bool,
    /// A place among a number's dials that was reserved and is not needed.
    pub unused: Option<(Number, u64)>,
    /// How many more calls may be taken from the schedule.
    pub(super) may_take: usize,
}

impl<'a> Step<'a> {
    /// A step that has read nothing yet.
    #[must_use]
    pub fn new(rows: &'a dyn Rows) -> Self {
        Self {
            rows,
            calls: Vec::new(),
            effects: Vec::new(),
            brief: false,
            day: false,
            redialed: false,
            unused: None,
            may_take: TAKEN,
        }
    }

    pub(super) fn rows(&self) -> &'a dyn Rows {
        self.rows
    }

    fn place(&self, id: CallId) -> Result<usize, usize> {
        self.calls.binary_search_by(|held| held.call.id.cmp(&id))
    }

    pub(super) fn held(&mut self, id: CallId) -> Option<&mut Held> {
        let place = self.place(id).ok()?;
        self.calls.get_mut(place).map(Box::as_mut)
    }

    /// A call that the step holds.
    #[must_use]
    pub fn peek(&self, id: CallId) -> Option<&Call> {
        let place = self.place(id).ok()?;
        self.calls.get(place).map(|held| &held.call)
    }

    /// The call in hand that has this row, or will have it.
    pub(super) fn at_row(&self, row: u64) -> Option<CallId> {
        let place = self.calls.partition_point(|held| held.call.id.row() < row);
        let id = self.calls.get(place)?.call.id;
        (id.row() == row).then_some(id)
    }

    /// Takes a call in hand that has no row yet.
    pub(super) fn create(&mut self, call: Call) {
        let id = call.id;
        self.hold(call, None);
        if let Some(held) = self.held(id) {
            (held.stood_at, held.is_counted, held.is_new) = (None, false, true);
            held.was_over = false;
            held.before = Counts::default();
        }
    }

    /// Adds a call; one that is held already stays as it is.
    pub(super) fn hold(&mut self, call: Call, verdict: Option<AgentVerdict>) {
        if let Err(place) = self.place(call.id) {
            let slot = call.slot().filter(|_| call.is_scheduled());
            let held = Held {
                is_changed: false,
                before: Counts::of(&call),
                verdict,
                stood_at: slot.map(|slot| slot.at),
                is_counted: slot.is_some(),
                is_new: false,
                was_over: call.status.is_terminal(),
                has_freed: false,
                is_told: false,
                call,
            };
            self.calls.insert(place, Box::new(held));
        }
    }

    /// Lets go of a call that did not change.
    pub fn let_go_of(&mut self, id: CallId) {
        if let Ok(place) = self.place(id)
            && self.calls.get(place).is_some_and(|held| !held.is_changed)
        {
            self.calls.remove(place);
        }
    }

    /// The calls that changed, oldest first.
    pub fn changed(&self) -> impl Iterator<Item = &Call> {
        let changed = self.calls.iter().filter(|held| held.is_changed);
        changed.map(|held| &held.call)
    }

    /// The same, each with what it counted as before.
    pub fn counted(&self) -> impl Iterator<Item = (&Counts, &Call)> {
        let changed = self.calls.iter().filter(|held| held.is_changed);
        changed.map(|held| (&held.before, &held.call))
    }

    /// The calls that changed, in the order in which their rows are to be written. If that fails halfway, no kept row is newer
    /// than a lost one, except that an attempt following another is written before that one's end, so that it is not lost;
    /// whether that end was kept is checked before the attempt is dialed.
    pub fn into_changed(self) -> Vec<Changed> {
        let (mut old, mut ends, mut new) = (Vec::new(), Vec::new(), Vec::new());
        let mut following = Vec::new();
        for held in self.calls.into_iter().filter(|held| held.is_changed) {
            let series = held.call.series;
            let follows = series.and_then(|series| series.previous.filter(|_| held.is_new));
            let changed = Changed {
                stood_at: held.stood_at,
                follows,
                call: held.call,
            };
            match (held.is_new, follows, series.and_then(|series| series.next)) {
                (true, Some(_), _) => following.push(changed),
                (true, None, _) => new.push(changed),
                (false, _, Some(_)) => ends.push(changed),
                (false, _, None) => old.push(changed),
            }
        }
        match planted(Fault::SuccessorLost) {
            true => old
                .into_iter()
                .chain(ends)
                .chain(following)
                .chain(new)
                .collect(),
            false => old
                .into_iter()
                .chain(following)
                .chain(ends)
                .chain(new)
                .collect(),
        }
    }

    /// The first of those that this step put on the schedule.
    pub(super) fn first_scheduled(&self) -> Option<((Timestamp, u64), CallId)> {
        let changed = self.changed().filter(|call| call.is_scheduled());
        let places = changed.filter_map(|call| Some(((call.slot()?.at, call.id.row()), call.id)));
        places.min()
    }

    /// How many this step put on the schedule, and how many it took from it.
    pub(super) fn drift(&self) -> (usize, usize) {
        let (mut put, mut taken) = (0, 0);
        for held in &self.calls {
            match (held.stood_at.is_some(), held.call.is_scheduled()) {
                (false, true) => put += 1,
                (true, false) => taken += 1,
                _ => {}
            }
        }
        (put, taken)
    }
}
