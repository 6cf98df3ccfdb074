//! Questions that look at many rows, in slices: between two of them the object does its other work.

use super::{FeedPage, Found, Position, TrunkCommand, TrunkReply};

/// How many rows a slice of a list looks at.
const SLICE: usize = 250;
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
    /// A question that is answered in slices, or as it is.
    #[must_use]
    pub fn of(mut command: TrunkCommand) -> Self {
        let left = match &mut command {
            TrunkCommand::List(_, filter) => {
                let all = filter.examine;
                filter.examine = SLICE.min(all);
                all
            }
            TrunkCommand::Deliveries(_, filter) => {
                let all = filter.examine;
                filter.examine = SLICE.min(all);
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
        match (&mut self.next, reply) {
            (TrunkCommand::List(_, filter), TrunkReply::Calls(calls, until)) => {
                let (limit, slice) = (filter.limit, filter.examine);
                let found = self.found.take();
                let found = list(found, Found { calls, until }, limit);
                self.left = self.left.saturating_sub(slice);
                filter.examine = slice.min(self.left);
                filter.before = found.until.or(filter.before);
                self.go_on_or_end(found, limit)
            }
            (TrunkCommand::Deliveries(_, filter), TrunkReply::Calls(calls, until)) => {
                let (limit, slice) = (filter.limit, filter.examine);
                let found = self.found.take();
                let found = list(found, Found { calls, until }, limit);
                self.left = self.left.saturating_sub(slice);
                filter.examine = slice.min(self.left);
                filter.before = found.until.or(filter.before);
                self.go_on_or_end(found, limit)
            }
            (TrunkCommand::Feed(_, filter), TrunkReply::Feed(page)) => {
                let page = match self.found.take() {
                    Some(TrunkReply::Feed(before)) => together(before, page, filter.limit + 1),
                    _ => page,
                };
                self.left = self.left.saturating_sub(1);
                let complete = page.events.iter().filter(|event| event.0 < page.through);
                let is_full = complete.count() > filter.limit;
                if let Some(goes_on) = page.goes_on.filter(|_| self.left > 0 && !is_full) {
                    filter.slice = Some(goes_on);
                    self.found = Some(TrunkReply::Feed(page));
                    return None;
                }
                Some(TrunkReply::Feed(cut(page, filter.limit)))
            }
            (_, reply) => Some(reply),
        }
    }

    fn go_on_or_end(&mut self, found: Found, limit: usize) -> Option<TrunkReply> {
        let is_done = found.calls.len() >= limit || found.until.is_none() || self.left == 0;
        let is_full = found.calls.len() >= limit;
        let until = found.until.filter(|_| !is_full);
        let reply = TrunkReply::Calls(found.calls, until);
        if is_done {
            return Some(reply);
        }
        self.found = Some(reply);
        None
    }
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
    let mut page = FeedPage {
        events: before.events,
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
