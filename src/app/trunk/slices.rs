//! Questions that look at many rows, in slices: between two of them the object does its other work.

use super::{FeedPage, Found, Position, TrunkCommand, TrunkReply};
use crate::domain::ids::CallId;

/// A look into the feed's history takes so many slices at most.
const SLICES: usize = 400;

/// A question, and what its slices found so far.
pub struct Slices {
    next: TrunkCommand,
    /// Rows that may still be looked at, or slices.
    left: usize,
    found: Option<TrunkReply>,
}

impl Slices {
    /// A question that is answered in slices of so many rows, or as it is.
    #[must_use]
    pub fn of(mut command: TrunkCommand, slice: usize) -> Self {
        let left = match &mut command {
            TrunkCommand::List(_, filter) => {
                let all = filter.examine;
                filter.examine = slice.min(all);
                all
            }
            TrunkCommand::Deliveries(_, filter) => {
                let all = filter.examine;
                filter.examine = slice.min(all);
                all
            }
            TrunkCommand::Feed(_, filter) => {
                filter.slice = Some(0);
                SLICES
            }
            _ => 0,
        };
        Self {
            next: command,
            left,
            found: None,
        }
    }

    /// The next slice of the question.
    #[must_use]
    pub fn command(&self) -> TrunkCommand {
        self.next.clone()
    }

    /// Takes a slice's reply; returns the answer when it is complete.
    pub fn take(&mut self, reply: TrunkReply) -> Option<TrunkReply> {
        let Self { next, left, found } = self;
        match (next, reply) {
            (TrunkCommand::List(_, filter), TrunkReply::Calls(calls, until)) => {
                let place = (&mut filter.before, &mut filter.examine, left);
                page(found, Found { calls, until }, filter.limit, place)
            }
            (TrunkCommand::Deliveries(_, filter), TrunkReply::Calls(calls, until)) => {
                let place = (&mut filter.before, &mut filter.examine, left);
                page(found, Found { calls, until }, filter.limit, place)
            }
            (TrunkCommand::Feed(_, filter), TrunkReply::Feed(page)) => {
                let page = match found.take() {
                    Some(TrunkReply::Feed(before)) => together(before, page, filter.limit + 1),
                    _ => page,
                };
                *left = left.saturating_sub(1);
                let complete = page.events.iter().filter(|event| event.0 < page.through);
                let is_full = complete.count() > filter.limit;
                if let Some(goes_on) = page.goes_on.filter(|_| *left > 0 && !is_full) {
                    filter.slice = Some(goes_on);
                    *found = Some(TrunkReply::Feed(page));
                    return None;
                }
                Some(TrunkReply::Feed(cut(page, filter.limit)))
            }
            (_, reply) => Some(reply),
        }
    }
}

/// Adds a slice to a list, and goes on below it, or returns what is complete.
fn page(
    so_far: &mut Option<TrunkReply>,
    slice: Found,
    limit: usize,
    (before, examine, left): (&mut Option<CallId>, &mut usize, &mut usize),
) -> Option<TrunkReply> {
    let found = list(so_far.take(), slice, limit);
    *left = left.saturating_sub(*examine);
    *examine = (*examine).min(*left);
    *before = found.until.or(*before);
    let is_full = found.calls.len() >= limit;
    let until = found.until.filter(|_| !is_full);
    let is_done = until.is_none() || *left == 0;
    let reply = Some(TrunkReply::Calls(found.calls, until));
    if is_done {
        return reply;
    }
    *so_far = reply;
    None
}

/// Two slices of a list, the second below the first.
fn list(before: Option<TrunkReply>, mut then: Found, limit: usize) -> Found {
    if let Some(until) = then.until {
        // What is older comes with the rows that are.
        then.calls.retain(|call| call.id >= until);
    }
    let mut calls = match before {
        Some(TrunkReply::Calls(calls, _)) => calls,
        _ => Vec::new(),
    };
    calls.extend(then.calls);
    calls.truncate(limit);
    Found {
        calls,
        until: then.until,
    }
}

/// Two slices of the history, the second later than the first, in rows though not in moments.
fn together(mut before: FeedPage, then: FeedPage, most: usize) -> FeedPage {
    before.events.extend(then.events);
    Position::sort(&mut before.events, |event| event.0);
    before.events.dedup_by_key(|event| event.0);
    // What the first slice looked at has had other turns since.
    let mut page = FeedPage {
        events: before.events,
        through: then.through.min(Position::start_of(before.now)),
        now: before.now,
        ..then
    };
    if let Some(left_out) = page.events.get(most).map(|event| event.0) {
        page.events.truncate(most);
        page.through = page.through.min(left_out);
    }
    page
}

/// Of a page, what is complete: not more than was asked for.
fn cut(mut page: FeedPage, limit: usize) -> FeedPage {
    page.events.retain(|event| event.0 < page.through);
    if let Some(left_out) = page.events.get(limit).map(|event| event.0) {
        page.events.truncate(limit);
        page.through = left_out;
    }
    page
}
