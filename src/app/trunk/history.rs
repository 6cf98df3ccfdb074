//! Where the feed's history begins, and its late transitions, which are in a log of their own.

use super::feed::is_of_type;
use super::news::TYPES;
use super::position::{FeedFilter, LateTransition, Position};
use super::{Desk, StoreFailed, TrunkStore};
use crate::domain::call::{Call, RECENT, longest};
use crate::domain::ids::CallId;
use crate::domain::time::{Span, Timestamp};

/// How many late transitions a slice looks at.
const ROWS: usize = 500;
/// The most rows before its place that are searched for transitions later than [`RECENT`] after their call was accepted.
const LONG_BEFORE: usize = 5_000;

impl<S: TrunkStore> Desk<'_, '_, S> {
    /// The calls of late transitions that belong to a slice's rows, so that each is looked at in one slice of a question. Returns
    /// whether these were all; if not, `through` moves closer.
    pub(super) fn late_calls(
        &self,
        filter: &FeedFilter,
        (begins, until): (Timestamp, Timestamp),
        through: &mut Position,
    ) -> Result<(Vec<Call>, bool), StoreFailed> {
        let Some(since) = self.feed.notes.logged_since else {
            return Ok((Vec::new(), true));
        };
        let known = Position::start_of((since - Span(1)).max(begins));
        let from = filter.after.max(known);
        if from.at >= until {
            return Ok((Vec::new(), true));
        }
        let first = (from.at, from.call.row());
        let transitions = self.store.logged_transitions(first, until, ROWS)?;
        let before = *through;
        if let Some(last) = transitions.last().filter(|_| transitions.len() == ROWS) {
            *through = before.min(last.place());
        }
        let calls = self.calls_of(transitions, filter, through)?;
        Ok((calls, *through == before))
    }

    /// The first row whose call may have transitions after a moment.
    pub(super) fn history_from(&self, after: Timestamp) -> Result<u64, StoreFailed> {
        let recent = CallId::floor(after - RECENT).row();
        let since = self.feed.notes.logged_since;
        if since.is_some_and(|since| since <= after) {
            // Anything later is in the log.
            return Ok(recent);
        }
        let longest = CallId::floor(after - longest(self.settings).max(RECENT)).row();
        let long_before = self.store.rows_before(after, LONG_BEFORE)?;
        Ok(recent.min(longest.max(long_before)))
    }

    /// The calls of these transitions, as far as they are wanted; `through` moves closer if there are too many.
    pub(super) fn calls_of(
        &self,
        transitions: Vec<LateTransition>,
        filter: &FeedFilter,
        through: &mut Position,
    ) -> Result<Vec<Call>, StoreFailed> {
        let mut rows: Vec<u64> = Vec::new();
        let mut calls = Vec::new();
        for transition in transitions {
            let name = TYPES
                .get(usize::from(transition.kind))
                .copied()
                .unwrap_or_default();
            if !is_of_type(filter, name) || rows.contains(&transition.row) {
                continue;
            }
            if rows.len() > filter.limit {
                *through = (*through).min(transition.place());
                break;
            }
            rows.push(transition.row);
            calls.extend(self.store.get_at(transition.row)?);
        }
        Ok(calls)
    }
}
