//! What a campaign holds in memory: calls in progress, and the people to call next. Neither grows with the number of recipients.

use std::collections::VecDeque;

use crate::domain::campaign::handover::Ended;
use crate::domain::campaign::{RecipientStatus, Row};
use crate::domain::contacts::Number;
use crate::domain::ids::{CallId, TrunkTag};
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};
use crate::domain::vec_map::VecMap;

/// How often calls that nothing was heard of are asked about.
pub const ASKED_EVERY: Span = Span::from_secs(4);
const DOUBTED_AFTER: Span = Span::from_secs(2);
const ASKED_TOGETHER: usize = 100;
/// The latest ended calls whose rows are known, in case more is reported about them.
const ENDED_KNOWN: usize = 500;

struct Open {
    row: u64,
    number: Number,
    /// When it was last known to be in progress; 0 if that is not known.
    sure_at: Timestamp,
    /// It is a call by now, according to its trunk.
    is_there: bool,
}

/// Calls in progress.
#[derive(Default)]
pub struct Calls {
    open: VecMap<CallId, Open>,
    /// Calls not handed over yet, or handed over without an answer: each with its recipient, and when its id was granted.
    handing: Vec<(CallId, Row, Timestamp)>,
    news: Vec<(CallId, Ended)>,
    news_since: Option<Timestamp>,
    ended: VecDeque<(CallId, u64)>,
}

impl Calls {
    /// A call is in progress, according to the rows.
    pub fn begin(&mut self, call: CallId, row: &Row) {
        let open = Open {
            row: row.row,
            number: row.number(),
            sure_at: Timestamp(0),
            is_there: false,
        };
        self.open.insert(call, open);
    }

    /// Adds a call to be handed over.
    pub fn hand_over(&mut self, call: CallId, row: Row, now: Timestamp) {
        self.begin(call, &row);
        self.handing.push((call, row, now));
    }

    /// The calls not handed over yet.
    pub fn to_hand_over(&self) -> impl Iterator<Item = (CallId, &Row)> {
        self.handing.iter().map(|(call, row, _)| (*call, row))
    }

    /// How many there are.
    pub fn handing(&self) -> usize {
        self.handing.len()
    }

    /// Whether some of their ids were granted before then.
    pub fn hands_since(&self, then: Timestamp) -> bool {
        self.handing.iter().any(|(_, _, at)| *at <= then)
    }

    /// A call was taken.
    pub fn taken(&mut self, call: CallId, now: Timestamp) {
        self.handing.retain(|(known, ..)| *known != call);
        self.is_open(call, now);
    }

    /// A call was not taken, and does not exist. Returns its recipient.
    pub fn not_taken(&mut self, call: CallId) -> Option<Row> {
        let at = self.handing.iter().position(|(known, ..)| *known == call)?;
        let (_, row, _) = self.handing.remove(at);
        self.open.remove(&call);
        Some(row)
    }

    /// From now on the trunk is asked what became of the calls that were to be handed over.
    pub fn stop_handing(&mut self) {
        self.handing.clear();
    }

    /// A call is in progress.
    pub fn is_open(&mut self, call: CallId, now: Timestamp) {
        if let Some(open) = self.open.get_mut(&call) {
            open.sure_at = now;
            open.is_there = true;
        }
    }

    /// Whether the call may not exist: it was not handed over, or nobody knows whether it was.
    pub fn may_be_none(&self, call: CallId) -> bool {
        let is_unsure = |open: &Open| !open.is_there && !self.is_news(call);
        self.open.get(&call).is_some_and(is_unsure)
    }

    /// The call does not exist. Returns its recipient's row.
    pub fn is_none(&mut self, call: CallId) -> Option<u64> {
        self.open.remove(&call).map(|open| open.row)
    }

    /// Nothing is known for certain about any of them.
    pub fn doubt(&mut self) {
        for open in self.open.values_mut() {
            open.sure_at = Timestamp(0);
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// How many of them are on a trunk.
    pub fn over(&self, trunk: TrunkTag) -> usize {
        let calls = self.open.keys();
        calls.filter(|call| call.address().tag == trunk).count()
    }

    /// All calls of one trunk that are not known to be over; `but` lists trunks to leave out. `None` if there are no more.
    pub fn not_over(&self, but: &[TrunkTag]) -> Option<(TrunkTag, Vec<CallId>)> {
        let calls = self.open.keys().copied();
        let left = calls.filter(|call| !self.is_news(*call) && !but.contains(&call.address().tag));
        of_one(left.collect(), |call| call.address().tag.0.into())
    }

    /// Whether somebody with this number is being called.
    pub fn has_number(&self, number: Number) -> bool {
        self.open.values().any(|open| open.number == number)
    }

    /// Those to be asked about now, all of one trunk: that of the call heard of least recently.
    pub fn to_ask(&self, now: Timestamp) -> Option<(TrunkTag, Vec<CallId>)> {
        if planted(Fault::OutcomeUnasked) {
            return None;
        }
        let is_handed = |call: &CallId| self.handing.iter().all(|(known, ..)| known != call);
        let sure_at = |call: &CallId| self.open.get(call).map_or(0, |open| open.sure_at.0);
        let doubtful = self
            .open
            .iter()
            .filter(|(_, open)| open.sure_at + DOUBTED_AFTER <= now);
        let doubtful = doubtful.map(|(call, _)| *call);
        let doubtful = doubtful.filter(|call| is_handed(call) && !self.is_news(*call));
        let (trunk, mut calls) = of_one(doubtful.collect(), sure_at)?;
        calls.truncate(ASKED_TOGETHER);
        Some((trunk, calls))
    }

    /// Whether there are some that nothing is known of.
    pub fn any_unknown(&self) -> bool {
        let is_handed = |call: &CallId| self.handing.iter().all(|(known, ..)| known != call);
        let mut open = self.open.iter();
        open.any(|(call, open)| {
            open.sure_at == Timestamp(0) && is_handed(call) && !self.is_news(*call)
        })
    }

    fn is_news(&self, call: CallId) -> bool {
        self.news.iter().any(|(known, _)| *known == call)
    }

    /// Takes how calls ended, or what more is known about that.
    pub fn learn(&mut self, told: Vec<(CallId, Ended)>, now: Timestamp) {
        for (call, ended) in told {
            let is_known =
                self.open.contains_key(&call) || self.ended.iter().any(|(known, _)| *known == call);
            if is_known {
                self.handing.retain(|(known, ..)| *known != call);
                self.news.retain(|(known, _)| *known != call);
                self.news.push((call, ended));
                self.news_since = self.news_since.or(Some(now));
            }
        }
    }

    /// Since when something is known that no row records.
    pub fn news_since(&self) -> Option<Timestamp> {
        self.news_since
    }

    /// That news: each call with its recipient's row, its end, and whether it was in progress.
    pub fn take_news(&mut self) -> Vec<(CallId, u64, Ended, bool)> {
        self.news_since = None;
        let mut all = Vec::new();
        for (call, ended) in std::mem::take(&mut self.news) {
            if let Some(open) = self.open.remove(&call) {
                self.ended.push_back((call, open.row));
                if self.ended.len() > ENDED_KNOWN {
                    self.ended.pop_front();
                }
                all.push((call, open.row, ended, true));
            } else if let Some((_, row)) = self.ended.iter().find(|(known, _)| *known == call) {
                all.push((call, *row, ended, false));
            }
        }
        all
    }
}

/// Those of these calls that are on the same trunk as the first in this order: a campaign whose trunk was changed while it was
/// paused may have calls on several.
fn of_one(
    mut calls: Vec<CallId>,
    order: impl Fn(&CallId) -> u64,
) -> Option<(TrunkTag, Vec<CallId>)> {
    let first = calls.iter().min_by_key(|call| order(call))?;
    let trunk = first.address().tag;
    calls.retain(|call| call.address().tag == trunk);
    Some((trunk, calls))
}

/// The people to call next.
pub struct People {
    /// Those who may be called.
    pub ready: VecDeque<Row>,
    /// Those to be checked.
    pub unchecked: Vec<Row>,
    /// The last row that was searched for pending recipients.
    pub pending_after: u64,
    /// When the first recipient is due who waits and has not been read yet.
    next_wait: Option<Timestamp>,
}

impl Default for People {
    fn default() -> Self {
        Self {
            ready: VecDeque::new(),
            unchecked: Vec::new(),
            pending_after: 0,
            next_wait: Some(Timestamp(0)),
        }
    }
}

impl People {
    /// Everybody is looked at again.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Somebody's row changed: they may be the next who is due.
    pub fn note(&mut self, row: &Row) {
        match row.status {
            RecipientStatus::Waiting => {
                let first = self.next_wait.into_iter().chain(row.next_at).min();
                self.next_wait = first;
            }
            RecipientStatus::Pending => {
                self.pending_after = self.pending_after.min(row.row.saturating_sub(1));
            }
            _ => {}
        }
    }

    /// When the first recipient is due who waits and has not been read yet.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.next_wait
    }

    /// Everybody due by now was read: the next is due at `at`.
    pub fn reads_on_at(&mut self, at: Option<Timestamp>) {
        self.next_wait = at;
    }

    /// How many were read.
    pub fn len(&self) -> usize {
        self.ready.len() + self.unchecked.len()
    }

    /// Whether some may be called, or must be checked.
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty() || !self.unchecked.is_empty()
    }

    /// Somebody's row changed, who may have been read already.
    pub fn replace(&mut self, row: &Row) {
        let mut known = self.ready.iter_mut().chain(&mut self.unchecked);
        if let Some(known) = known.find(|known| known.row == row.row) {
            known.clone_from(row);
        }
    }

    /// Whether somebody was read already.
    pub fn knows(&self, row: u64) -> bool {
        let mut known = self.ready.iter().chain(&self.unchecked);
        known.any(|known| known.row == row)
    }
}
