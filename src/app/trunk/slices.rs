//! Questions that read many rows, in slices: between two slices the object does its other work.

use std::cell::Cell;

use super::sums::USAGE_SCAN;
use super::{InList, Scan, TrunkCommand, TrunkReply};
use crate::domain::call::Call;
use crate::domain::ids::CallId;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};

/// The most slices of a trunk's report on itself.
const SLICES: usize = 400;
/// The most rows that one question reads of the feed's history,
pub const FEED_ROWS: usize = 20_000;
/// and the most that one slice reads: the rows it scans, its late transitions, and the calls reported.
const FEED_SLICE: usize = 1_200;
/// The most that a slice of a sum reads: the rows it scans, and as many calls in progress among them, which the scan passes
/// over and which are looked at one by one.
const USAGE_SLICE: usize = 500;

/// A question is answered with what was found within this time: where many ask, each one's turn comes rarely.
pub const LONG: Span = Span(2_000);

/// The most calls that a slice of a list returns: each is read, and serialised into the answer.
const CALLS: usize = 10;

/// How long a slice's turn lasts, most of which is left for other work; and how many calls are reported per further
/// millisecond.
const SLICE_TAKES: Span = Span(5);
const CALLS_TOLD_PER_MS: u64 = 4;
/// An answer with no more calls or events than this waits for nobody.
const FEW: usize = 20;

/// A question, and what its slices have found so far.
pub struct Slices {
    next: TrunkCommand,
    /// How many more rows, or slices, may be read.
    left: usize,
    /// How many calls or events are wanted.
    limit: usize,
    found: Option<TrunkReply>,
    /// How many of them the last slice found.
    fresh: usize,
    is_first: bool,
}

impl Slices {
    /// Splits a question into slices of this many rows, or leaves it in one piece.
    #[must_use]
    pub fn of(mut command: TrunkCommand, slice: usize) -> Self {
        let slice = match planted(Fault::SeenAtOnce) {
            true => usize::MAX,
            false => slice,
        };
        let list = |limit: &mut usize, scan_limit: &mut usize| {
            let whole = (*scan_limit, *limit);
            *scan_limit = slice.min(*scan_limit);
            *limit = slice.min(CALLS).min(*limit);
            whole
        };
        let (left, limit) = match &mut command {
            TrunkCommand::List(_, filter) => list(&mut filter.limit, &mut filter.scan_limit),
            TrunkCommand::Deliveries(_, filter) => list(&mut filter.limit, &mut filter.scan_limit),
            TrunkCommand::Feed(_, filter) => {
                // If an earlier question got no further than a row.
                filter.slice = Some(filter.slice.unwrap_or(0));
                (FEED_ROWS, filter.limit)
            }
            TrunkCommand::Usage(_, filter) => {
                filter.scan_limit = slice.min(filter.scan_limit);
                (USAGE_SCAN, 0)
            }
            TrunkCommand::Vitals(_) => (SLICES, 0),
            _ => (0, 0),
        };
        Self {
            next: command,
            left,
            limit,
            found: None,
            fresh: 0,
            is_first: true,
        }
    }

    /// The next slice of the question.
    #[must_use]
    pub fn command(&self) -> TrunkCommand {
        self.next.clone()
    }

    /// It has taken long: the next slice is its last.
    pub fn ends(&mut self) {
        self.left = 0;
    }

    /// The slice about to be taken read this many of the object's rows. If they are limited, it may be the last.
    pub fn has_read(&mut self, rows: usize) {
        let counts = match self.next {
            TrunkCommand::Feed(..) => !planted(Fault::FeedUnbounded),
            TrunkCommand::Usage(..) => !planted(Fault::UsageUnbounded),
            _ => false,
        };
        if counts {
            self.left = self.left.saturating_sub(rows);
        }
    }

    /// How many calls or events the last slice found.
    #[must_use]
    pub fn fresh(&self) -> usize {
        self.fresh
    }

    /// Takes a slice's reply. Returns the answer if it is complete, and whether the caller must wait for its turn before it
    /// passes the answer on or asks for the next slice.
    pub fn take(&mut self, reply: TrunkReply) -> (Option<TrunkReply>, bool) {
        let answer = self.add(reply);
        let is_small = std::mem::take(&mut self.is_first) && self.fresh <= FEW;
        let waits = !is_small || answer.is_none();
        (answer, waits)
    }

    fn add(&mut self, reply: TrunkReply) -> Option<TrunkReply> {
        self.fresh = match &reply {
            TrunkReply::Calls(calls, _) => calls.len(),
            TrunkReply::Shown(calls, _) => calls.len(),
            TrunkReply::Feed(page) => page.events.len(),
            _ => 0,
        };
        let (left, limit, found) = (&mut self.left, self.limit, &mut self.found);
        match (&mut self.next, reply) {
            (TrunkCommand::List(_, filter), TrunkReply::Shown(calls, until)) => {
                let so_far = match found.take() {
                    Some(TrunkReply::Shown(calls, _)) => calls,
                    _ => Vec::new(),
                };
                let bounds = (&mut filter.before, &mut filter.scan_limit, filter.limit);
                let page = page(so_far, Scan { calls, until }, limit, left, bounds);
                keep(found, page, TrunkReply::Shown)
            }
            (TrunkCommand::List(_, filter), TrunkReply::Calls(calls, until)) => {
                let bounds = (&mut filter.before, &mut filter.scan_limit, filter.limit);
                let page = page(so_far(found), Scan { calls, until }, limit, left, bounds);
                keep(found, page, TrunkReply::Calls)
            }
            (TrunkCommand::Deliveries(_, filter), TrunkReply::Calls(calls, until)) => {
                let bounds = (&mut filter.before, &mut filter.scan_limit, filter.limit);
                let page = page(so_far(found), Scan { calls, until }, limit, left, bounds);
                keep(found, page, TrunkReply::Calls)
            }
            (TrunkCommand::Usage(_, filter), TrunkReply::Usage(so_far)) => {
                if so_far.hour >= filter.to || *left < USAGE_SLICE {
                    return Some(TrunkReply::Usage(so_far));
                }
                filter.so_far = Some(so_far);
                None
            }
            (TrunkCommand::Vitals(_), TrunkReply::Vitals(vitals)) => {
                *left = left.saturating_sub(1);
                // Before the directory's first brief there is nothing to count.
                let is_done = vitals.counts.is_some() || vitals.of.is_none();
                (is_done || *left == 0).then_some(TrunkReply::Vitals(vitals))
            }
            (TrunkCommand::Feed(_, filter), TrunkReply::Feed(page)) => {
                let page = match found.take() {
                    Some(TrunkReply::Feed(before)) => before.then(page, limit + 1),
                    _ => page,
                };
                let is_done = page.complete() > limit || *left < FEED_SLICE;
                if let Some(goes_on) = page.goes_on.filter(|_| !is_done) {
                    filter.slice = Some(goes_on);
                    *found = Some(TrunkReply::Feed(page));
                    return None;
                }
                // However many calls began shortly before the place asked for, the caller gets past them: the cursor knows no
                // rows, but this answer does.
                let stays = page.goes_on.is_some() && !page.gets_on(filter.after);
                Some(TrunkReply::Feed(
                    match stays && !planted(Fault::FeedStandsStill) {
                        true => page,
                        false => page.cut(limit),
                    },
                ))
            }
            (_, reply) => Some(reply),
        }
    }
}

/// Readers of many rows of an object take turns, so that its other work comes in between.
#[derive(Default)]
pub struct Turns(Cell<Timestamp>);

impl Turns {
    /// How long a reader that was given this many calls waits: as long as the slice before takes here, and its answer to be
    /// written.
    #[must_use]
    pub fn wait(&self, calls: usize, now: Timestamp) -> Span {
        let told = u64::try_from(calls).unwrap_or_default() / CALLS_TOLD_PER_MS;
        let at = self.0.get().max(now);
        self.0.set(at + SLICE_TAKES + Span(told));
        match planted(Fault::ViewersTogether) {
            true => Span(0),
            false => at - now,
        }
    }
}

fn so_far(found: &mut Option<TrunkReply>) -> Vec<Call> {
    match found.take() {
        Some(TrunkReply::Calls(calls, _)) => calls,
        _ => Vec::new(),
    }
}

/// Stores a page for its next slice, or returns it if it is complete.
fn keep<T>(
    so_far: &mut Option<TrunkReply>,
    (page, is_done): (Scan<T>, bool),
    reply: impl Fn(Vec<T>, Option<CallId>) -> TrunkReply,
) -> Option<TrunkReply> {
    let reply = Some(reply(page.calls, page.until));
    if is_done {
        return reply;
    }
    *so_far = reply;
    None
}

/// Appends a slice to a list, which continues below it unless it is complete.
fn page<T: InList + Clone>(
    mut calls: Vec<T>,
    mut slice: Scan<T>,
    limit: usize,
    left: &mut usize,
    (before, scan_limit, most): (&mut Option<CallId>, &mut usize, usize),
) -> (Scan<T>, bool) {
    if let Some(until) = slice.until {
        // Older calls come with the rows of their age.
        slice.calls.retain(|call| call.call() >= until);
    }
    let last = slice.calls.last().map(InList::call);
    // A full one was cut off after its last call.
    let goes_on = last.filter(|_| slice.calls.len() >= most).or(slice.until);
    calls.extend(slice.calls);
    if goes_on.is_some() && planted(Fault::SliceSkips) {
        calls.pop();
    }
    if goes_on.is_some() && planted(Fault::SliceRepeats) {
        calls.extend(calls.last().cloned());
    }
    *left = left.saturating_sub(*scan_limit);
    *scan_limit = (*scan_limit).min(*left);
    *before = goes_on.or(*before);
    let is_full = calls.len() >= limit;
    calls.truncate(limit);
    let until = goes_on.filter(|_| !is_full);
    let is_done = until.is_none() || *left == 0;
    (Scan { calls, until }, is_done)
}
