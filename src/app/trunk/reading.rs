//! Reading, listing and cancelling an organisation's calls.

use super::reply::reply;
use super::{
    Answer, CallFilter, Desk, LiveCall, Reader, Scan, Shown, StoreFailed, TrunkRefusal, TrunkReply,
    TrunkStore,
};
use crate::app::asking::Reply;
use crate::app::views::call::StatusView;
use crate::domain::call::{Call, CallStatus};
use crate::domain::ids::{AgentId, CallId};
use crate::domain::planted::{Fault, planted};
use crate::domain::sorting::newest_first;
use crate::domain::time::Timestamp;
use crate::domain::to_json::to_json;
use crate::domain::trunk::Wanted;

/// The most live calls in one answer.
const LIVE: usize = 250;
/// The most for an edge of an earlier release, which asks for all: it shows no more, and counts no more as in use.
const LIVE_AT_ONCE: usize = 1_000;

/// One call, for a reader: `None` unless it belongs to the reader's organisation.
pub type OneCall = Result<Option<Box<Call>>, TrunkRefusal>;

/// All calls that hold a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveNow {
    /// The calls, oldest first.
    pub calls: Vec<Call>,
    /// How many calls wait for a channel.
    pub waiting: usize,
    /// See [`LiveSlice::held_back`].
    pub held_back: Vec<(AgentId, Timestamp)>,
}

/// Some of the calls that hold a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveSlice {
    /// The calls, oldest first.
    pub calls: Vec<LiveCall>,
    /// The row at which the next ones begin, if there are more.
    pub next: Option<u64>,
    /// How many calls wait for a channel.
    pub waiting: usize,
    /// The agents whose calls are held back, each with when a call may probe it.
    pub held_back: Vec<(AgentId, Timestamp)>,
}

/// The status of one call, for a reader: `None` unless it belongs to the reader's organisation.
pub type OneStatus = Result<Option<StatusOf>, TrunkRefusal>;

reply!(Box<Call>: call = Call(call));
reply! {
    /// The answer to a question for a call's status.
    pub enum StatusOf {
        /// As clients see it, in JSON.
        Status(json: String),
        /// The call itself, from an object of an earlier release.
        Call(call: Box<Call>),
    }
}
reply!(
    LiveNow {
        calls,
        waiting,
        held_back
    } = Live(calls, waiting, held_back)
);
reply!(
    LiveSlice {
        calls,
        next,
        waiting,
        held_back
    } = LiveSlice {
        calls,
        next,
        waiting,
        held_back
    }
);
reply!(Scan { calls, until } = Calls(calls, until));

/// A page of calls.
#[derive(Clone, Debug, PartialEq)]
pub enum Listed {
    /// Whole calls: asked for by an edge of an earlier release, and answered by an object of one.
    Calls(Scan),
    /// Each as its list shows it.
    Shown(Scan<Shown>),
}

impl From<Listed> for TrunkReply {
    fn from(listed: Listed) -> Self {
        match listed {
            Listed::Calls(found) => found.into(),
            Listed::Shown(found) => Self::Shown(found.calls, found.until),
        }
    }
}

impl Reply<TrunkReply> for Listed {
    fn read(answer: TrunkReply) -> Option<Self> {
        match answer {
            TrunkReply::Shown(calls, until) => Some(Self::Shown(Scan { calls, until })),
            answer => Scan::read(answer).map(Self::Calls),
        }
    }
}

impl<S: TrunkStore> Desk<'_, '_, S> {
    pub(super) fn with_metadata(&self, mut call: Call) -> Result<Call, StoreFailed> {
        if call.request.metadata.is_none() {
            call.request.metadata = self.store.metadata(call.id)?;
        }
        Ok(call)
    }

    /// Whether this reader may not be told of any call, and why.
    pub(super) fn refuses(&self, reader: Reader) -> Option<TrunkRefusal> {
        let is_late = reader.good_until.is_some_and(|until| self.now >= until);
        let late = (is_late && !planted(Fault::LateHeeded)).then_some(TrunkRefusal::Late);
        match self.trunk.is_revoked(reader.key) {
            true => Some(TrunkRefusal::InvalidKey),
            false => late,
        }
    }

    pub(super) fn for_reader(&mut self, reader: Reader, id: CallId) -> Answer<OneCall> {
        if let Some(refusal) = self.refuses(reader) {
            return Ok(Err(refusal));
        }
        let call = self.own(reader, id).cloned();
        Ok(Ok(match call {
            Some(call) => Some(Box::new(self.with_metadata(call)?)),
            None => None,
        }))
    }

    fn own(&mut self, reader: Reader, id: CallId) -> Option<&Call> {
        let is_own =
            |call: &&Call| call.request.org == reader.org || planted(Fault::ForeignCallShown);
        self.trunk.call(id, self.step).filter(is_own)
    }

    /// The one question that is asked again and again: it reads one row, and its answer is serialised here, where the call is
    /// at hand.
    pub(super) fn status(&mut self, reader: Reader, id: CallId) -> Answer<OneStatus> {
        if let Some(refusal) = self.refuses(reader) {
            return Ok(Err(refusal));
        }
        if self.trunk.is_open(id) {
            self.trunk.refresh(id, self.now, self.step);
        }
        let (now, settings) = (self.now, self.settings);
        let call = self.own(reader, id);
        let json = call.and_then(|call| to_json(&StatusView::of(call, now, settings)).ok());
        Ok(Ok(json.map(StatusOf::Status)))
    }

    pub(super) fn read(&mut self, reader: Reader, id: CallId) -> Answer<OneCall> {
        if self.trunk.is_open(id) {
            self.trunk.refresh(id, self.now, self.step);
        } else {
            self.trunk.refresh_scheduled(id, self.now, self.step);
        }
        self.for_reader(reader, id)
    }

    pub(super) fn cancel(&mut self, reader: Reader, id: CallId) -> Answer<OneCall> {
        match self.for_reader(reader, id)? {
            Ok(Some(_)) if self.trunk.cancel(id, self.now, self.step) => {
                self.for_reader(reader, id)
            }
            Ok(Some(_)) => Ok(Err(TrunkRefusal::CallAlreadyTerminal)),
            other => Ok(other),
        }
    }

    pub(super) fn live(&mut self, reader: Reader) -> Answer<LiveNow> {
        self.trunk.refresh_all(self.now, self.step);
        // Calls that turned out to be over make room for those that wait.
        self.trunk.tick(self.now, self.step);
        let ids: Vec<CallId> = self.trunk.live_calls().take(LIVE_AT_ONCE).collect();
        let mut calls = Vec::new();
        for id in ids {
            let call = self.trunk.call(id, self.step);
            calls.extend(call.filter(|call| call.request.org == reader.org).cloned());
            self.step.let_go_of(id);
        }
        Ok(LiveNow {
            calls,
            waiting: self.trunk.waiting(),
            held_back: self.trunk.agents_held_back(self.now, self.step),
        })
    }

    pub(super) fn live_from(&mut self, reader: Reader, from: u64) -> Answer<LiveSlice> {
        self.trunk.refresh_all(self.now, self.step);
        self.trunk.tick(self.now, self.step);
        let rows = self.trunk.live_calls().filter(|id| id.row() >= from);
        let mut ids: Vec<CallId> = rows.take(LIVE + 1).collect();
        let next = ids.get(LIVE).map(|id| id.row());
        ids.truncate(LIVE);
        let mut calls = Vec::new();
        for id in ids {
            let call = self.trunk.call(id, self.step);
            let own = call.filter(|call| call.request.org == reader.org);
            calls.extend(own.map(|call| LiveCall {
                id,
                status: call.status,
                phone: call.request.phone.clone(),
                since: call.promoted_at.unwrap_or(call.created_at()),
            }));
            self.step.let_go_of(id);
        }
        Ok(LiveSlice {
            calls,
            next,
            waiting: self.trunk.waiting(),
            held_back: self.trunk.agents_held_back(self.now, self.step),
        })
    }

    pub(super) fn list(&mut self, reader: Reader, filter: CallFilter) -> Answer<Listed> {
        let page = self.found(reader, &filter)?;
        if !filter.shown {
            return Ok(Listed::Calls(page));
        }
        let shown = page.calls.iter();
        let shown = shown.map(|call| Shown::of(call, self.now, self.settings));
        Ok(Listed::Shown(Scan {
            calls: shown.collect(),
            until: page.until,
        }))
    }

    /// The calls of a page, without their metadata.
    pub(super) fn found(&mut self, reader: Reader, filter: &CallFilter) -> Answer<Scan> {
        let mut wanted = Wanted {
            status: &filter.status,
            agent: filter.agent,
            phone: filter.phone.as_ref(),
            phone_ends: filter.phone_ends.as_ref(),
            below: filter.ceiling(),
            ..Wanted::default()
        };
        if filter.is_of_results() && filter.status.is_empty() {
            // Calls in progress have none; a few of those that are over still have something to do.
            wanted.status = &CallStatus::TERMINAL;
        }
        if filter.scheduled == Some(true) {
            // Open calls are not on the schedule.
            wanted.below = Some(CallId::floor(Timestamp(0)));
        }
        self.trunk.refresh_all(self.now, self.step);
        let closed = self.store.closed(filter)?;
        for call in &closed.calls {
            if self.trunk.has_left_the_schedule(call, self.now) {
                self.trunk.refresh_scheduled(call.id, self.now, self.step);
            }
        }
        Ok(self.page(reader, wanted, closed, filter.limit, |call| {
            filter.admits(call)
        }))
    }

    /// Merges open calls, those about to be written and those in the rows, newest first.
    pub(super) fn page(
        &mut self,
        reader: Reader,
        wanted: Wanted<'_>,
        closed: Scan,
        limit: usize,
        admits: impl Fn(&Call) -> bool,
    ) -> Scan {
        let fits = |call: &Call| call.request.org == reader.org && admits(call);
        let changed = self.step.changed().filter(|call| fits(call));
        let mut calls: Vec<Call> = changed.cloned().collect();
        // Older ones come with the scan that reaches their rows.
        let from_row = closed.until.map_or(0, CallId::row);
        let wanted = Wanted { from_row, ..wanted };
        let open: Vec<CallId> = self.trunk.open_calls(wanted).collect();
        let mut found = 0;
        for id in open {
            if found == limit {
                break;
            }
            let call = self.trunk.call(id, self.step);
            if let Some(call) = call.filter(|call| fits(call)) {
                calls.push(call.clone());
                found += 1;
            }
            self.step.let_go_of(id);
        }
        let closed_still = |call: &Call| self.step.peek(call.id).is_none();
        let rows = closed.calls.into_iter();
        calls.extend(rows.filter(|call| fits(call) && closed_still(call)));
        newest_first(&mut calls, |call| call.id.number());
        calls.dedup_by(|a, b| a.id == b.id);
        calls.truncate(limit);
        Scan {
            calls,
            until: closed.until,
        }
    }
}
