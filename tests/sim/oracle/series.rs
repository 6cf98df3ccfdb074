//! Attempts to reach somebody, as those know who requested them.

use std::collections::BTreeMap;

use audatec::app::trunk::TrunkStore;
use audatec::domain::call::{Call, FailureCode};
use audatec::domain::ids::{CallId, TrunkTag};
use audatec::domain::time::Span;
use serde_json::json;

use super::object::nonce;
use super::{Oracle, Redial, Seen};
use crate::world::W;

/// The first attempt of a call's series.
fn first(row: &Call) -> Option<CallId> {
    row.series.map(|series| series.first)
}

impl Redial {
    /// How long is waited after so many attempts.
    fn wait(&self, attempts: usize) -> Span {
        let wait = self
            .waits
            .get(attempts.saturating_sub(1))
            .or(self.waits.last());
        Span::from_secs(wait.copied().unwrap_or_default())
    }
}

impl Oracle {
    /// Whether a request wants to be called again.
    pub fn redial(&self, row: &Call) -> Option<Redial> {
        let intents = self.intents.borrow();
        intents.get(&nonce(row)?)?.redial.clone()
    }

    /// A phone rings: of a series so many do at most, and one after the other.
    pub(super) fn is_one_at_a_time(&self, calls: &BTreeMap<CallId, Seen>, row: &Call) {
        let Some(redial) = calls.get(&row.id).and_then(|seen| seen.redial.as_ref()) else {
            return;
        };
        let (tag, id) = (row.id.address().tag, Some(row.id));
        let series = calls.values().filter(|seen| first(&seen.row) == first(row));
        let dialed: Vec<&Seen> = series.filter(|seen| seen.dials > 0).collect();
        self.check(dialed.len() <= redial.most as usize, tag, id, || {
            format!("{} attempts, and {} at most", dialed.len(), redial.most)
        });
        let previous = row.series.and_then(|series| series.previous);
        let before = previous.and_then(|previous| calls.get(&previous));
        let series = before.and_then(|before| before.row.series);
        let is_known = series.is_none_or(|series| series.next == Some(row.id));
        self.check(is_known, tag, id, || {
            format!("it rings, and another follows the attempt before: {series:?}")
        });
        let mut others = dialed.iter().filter(|seen| seen.row.id != row.id);
        let open = others.find(|seen| !seen.row.status.is_terminal());
        self.check(open.is_none(), tag, id, || {
            format!("two attempts at once: {:?}", open.map(|seen| &seen.row))
        });
    }

    /// An attempt is about to ring: some time after the one before.
    pub(super) fn waits_for_its_turn(&self, w: &W, calls: &BTreeMap<CallId, Seen>, row: &Call) {
        let redial = calls.get(&row.id).and_then(|seen| seen.redial.as_ref());
        let Some(redial) = redial.filter(|_| w.faults.clock_is_true()) else {
            return;
        };
        let series = calls.values().filter(|seen| first(&seen.row) == first(row));
        // Some dialer had each of them, though its report may be lost, and with it that it dialed.
        let others = series.filter(|seen| seen.row.dialed_at.is_some() && seen.row.id != row.id);
        let ends: Vec<_> = others.filter_map(|seen| seen.row.ended_at).collect();
        let Some(last) = ends.iter().max() else {
            return;
        };
        let due = *last + redial.wait(ends.len());
        self.check(w.clock() >= due, row.id.address().tag, Some(row.id), || {
            format!(
                "called again at {}, and the call before ended at {}",
                w.clock().0,
                last.0
            )
        });
    }

    /// One waits on the schedule no more. If it follows another, it counts on this day, and only if that has room for it.
    pub(super) fn is_due(&self, tag: TrunkTag, calls: &BTreeMap<CallId, Seen>, row: &Call) {
        if row.series.is_none_or(|series| series.previous.is_none()) {
            return;
        }
        let code = row.failure.map(|failure| failure.code);
        let is_full = code == Some(FailureCode::DailyLimitReached);
        if row.ended_at.is_some() && !is_full {
            return;
        }
        // What is accepted later has a later id, whatever the clock says.
        let of_this = calls.keys().filter(|id| id.address().tag == tag);
        let newest = of_this.map(|id| id.address().at).max();
        let taken_at = row.slot().and_then(|slot| slot.taken_at);
        let at = taken_at
            .unwrap_or(row.updated_at)
            .max(newest.unwrap_or_default());
        self.with_trunk(tag, |facts| {
            let (least, most) = facts.per_day();
            let (accepted, gone) = facts.days.entry(at.0 / 86_400_000).or_default();
            let is_counted = !is_full && facts.due.insert(row.id);
            *accepted += u32::from(is_counted);
            let (accepted, gone) = (*accepted, *gone);
            let may = !is_counted || accepted - gone.min(accepted) <= most;
            self.check(may, tag, Some(row.id), || {
                format!("{accepted} calls on a day with those that follow others, max_calls_per_day is {most}")
            });
            self.check(!is_full || accepted >= least, tag, Some(row.id), || {
                format!("it ended on a full day of {accepted} calls, max_calls_per_day is {least}")
            });
        });
    }

    /// All is over: each end has what follows from it.
    pub(super) fn judge_the_series(&self, w: &W, seen: &Seen) {
        let (row, Some(redial)) = (&seen.row, &seen.redial) else {
            return;
        };
        let (Some(series), Some(ended_at)) = (row.series, row.ended_at) else {
            return;
        };
        let (tag, id) = (row.id.address().tag, Some(row.id));
        let calls = self.calls.borrow();
        let is_there = series.next.is_none_or(|next| calls.contains_key(&next));
        self.check(is_there, tag, id, || {
            format!("the attempt after it is lost: {row:?}")
        });
        let code = row.failure.map(|failure| failure.code);
        let is_cancelled = code == Some(FailureCode::Canceled);
        self.check(series.next.is_none() || !is_cancelled, tag, id, || {
            "it was cancelled, and another follows".into()
        });
        let request = &row.request;
        // Whoever revoked it may not have heard the answer.
        let brief = crate::trunk_node::of(w, tag).rows.brief().ok().flatten();
        let knows = brief.is_some_and(|brief| brief.revoked_keys.contains(&request.key));
        let is_free = !knows
            && !self.revoked.borrow().contains(&request.key)
            && !self.rested.borrow().contains(&request.agent.id)
            && !self.may_be_suppressed(row);
        let attempt = series.attempt as usize;
        let has_left = attempt < redial.most as usize;
        let is_in_time = seen
            .window
            .is_none_or(|(_, until)| ended_at + redial.wait(attempt) < until);
        let code = code.map(|code| json!(code));
        let is_cause = redial.on.iter().any(|on| Some(json!(on)) == code);
        let must = is_free && has_left && is_in_time && is_cause;
        self.check(series.next.is_some() || !must, tag, id, || {
            format!("no attempt follows: {row:?}")
        });
    }
}
