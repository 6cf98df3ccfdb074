//! Calls whose key was revoked or whose agent was deleted.
//!
//! Trunks are reminded of these for a while, not forever: there may be many. A call may be in progress for longer, or be on
//! the schedule for weeks. So when one is gone, all calls are searched: those that nobody has dialed end, and those that were
//! dialed are not followed by another attempt. And none is put on the schedule any more.

use super::schedule::{Place, START, behind};
use super::{Brief, Step, Trunk};
use crate::domain::call::{CallRequest, Phase};
use crate::domain::ids::CallId;
use crate::domain::time::{Span, Timestamp};

/// How many calls are read at a time.
const TOGETHER: usize = 100;
const EVERY: Span = Span(20);

/// How far the search of all calls has got.
#[derive(Clone, Copy)]
pub(super) struct Review {
    /// The position on the schedule; `None` at its end.
    scheduled: Option<Place>,
    /// The position among the calls in memory, by row.
    open: Option<u64>,
    /// When it continues.
    at: Timestamp,
}

impl Review {
    const START: Self = Self {
        scheduled: Some(START),
        open: Some(0),
        at: Timestamp(0),
    };

    /// The search that had not ended when the object was lost.
    pub fn owed(known: Option<&Brief>) -> Option<Self> {
        known.filter(|brief| brief.reviews).map(|_| Self::START)
    }
}

impl Trunk {
    /// The directory has sent a new brief: if a key or an agent in use is gone, its calls are searched for.
    pub(super) fn heed(&mut self, brief: &mut Brief, known: &Brief) {
        let is_news = |now: bool| now && (self.may_have_scheduled() || !self.open.is_empty());
        let revoked = brief.revoked_keys.iter();
        let deleted = brief.deleted_agents.iter();
        let is_more = revoked.clone().any(|key| !known.revoked_keys.contains(key))
            || deleted
                .clone()
                .any(|agent| !known.deleted_agents.contains(agent));
        if is_news(is_more) {
            self.review = Some(Review::START);
        }
        brief.reviews = self.review.is_some();
    }

    /// Whether calls of this request end wherever they wait: its key was revoked, or its agent deleted.
    pub(super) fn is_gone(&self, request: &CallRequest) -> bool {
        let deleted = |brief: &Brief| brief.deleted_agents.contains(&request.agent.id);
        self.is_revoked(request.key) || self.brief.as_ref().is_some_and(deleted)
    }

    /// A call that was just put on the schedule ends there if nobody is left who wants it.
    pub(super) fn goes_if_gone(&self, id: CallId, now: Timestamp, step: &mut Step<'_>) {
        let Some(held) = step.held(id) else { return };
        if held.call.is_scheduled() && self.is_gone(&held.call.request) {
            held.call.cancel(now, &self.key);
        }
    }

    /// When the search of all calls continues.
    pub(super) fn review_due(&self) -> Option<Timestamp> {
        self.review.map(|review| review.at)
    }

    /// Continues the search of all calls.
    pub(super) fn look_for_gone(&mut self, now: Timestamp, step: &mut Step<'_>) {
        let Some(review) = self.review.filter(|review| review.at <= now) else {
            return;
        };
        let scheduled = review
            .scheduled
            .and_then(|from| self.review_schedule(from, now, step));
        let open = review
            .open
            .and_then(|from| self.review_open(from, now, step));
        let goes_on = scheduled.is_some() || open.is_some();
        self.review = goes_on.then_some(Review {
            scheduled,
            open,
            at: now + EVERY,
        });
        if !goes_on && let Some(brief) = &mut self.brief {
            brief.reviews = false;
            step.brief = true;
        }
    }

    /// Searches the schedule. Returns where it continues, unless that was the end.
    fn review_schedule(
        &mut self,
        from: Place,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> Option<Place> {
        let rows = step.rows().scheduled(from, TOGETHER);
        for row in &rows {
            if let Some(id) = self.take_at(row.row, step) {
                self.review_one(id, now, step);
            }
        }
        let last = rows.last().filter(|_| rows.len() == TOGETHER);
        last.map(|last| behind((last.at, last.row)))
    }

    /// Searches the calls in memory.
    fn review_open(&mut self, from: u64, now: Timestamp, step: &mut Step<'_>) -> Option<u64> {
        let calls = self.open.range(CallId::floor_of(from)..);
        let calls: Vec<CallId> = calls.map(|(id, _)| *id).take(TOGETHER).collect();
        for id in &calls {
            self.review_one(*id, now, step);
        }
        let last = calls.last().filter(|_| calls.len() == TOGETHER);
        last.map(|last| last.row() + 1)
    }

    fn review_one(&mut self, id: CallId, now: Timestamp, step: &mut Step<'_>) {
        let Some(call) = self.take(id, step).map(|held| &mut held.call) else {
            return;
        };
        if self.is_gone(&call.request) {
            match call.phase() {
                Phase::Scheduled { .. } | Phase::Queued { .. } => {
                    self.cancel(id, now, step);
                }
                Phase::Unclaimed { .. }
                | Phase::SettingUp { .. }
                | Phase::Ringing { .. }
                | Phase::Talking { .. }
                | Phase::AwaitingReport { .. }
                | Phase::Over => {
                    if call.is_the_last() {
                        self.change_row(id, step);
                    }
                }
            }
        }
        step.let_go_of(id);
    }
}
