//! Calls as their organisation reads, lists and stops them.

use super::{
    Answer, CallFilter, Desk, Found, LiveCall, Reader, Shown, StoreFailed, TrunkRefusal,
    TrunkReply, TrunkStore,
};
use crate::domain::call::Call;
use crate::domain::ids::CallId;
use crate::domain::planted::{Fault, planted};
use crate::domain::sorting::newest_first;
use crate::domain::trunk::Wanted;

/// So many live calls are told of at once.
const LIVE: usize = 250;
/// And so many to an edge of an earlier release, which asks for all: it shows no more, and counts no more as in use.
const LIVE_AT_ONCE: usize = 1_000;

impl<S: TrunkStore> Desk<'_, '_, S> {
    pub(super) fn with_metadata(&self, mut call: Call) -> Result<Call, StoreFailed> {
        if call.request.metadata.is_none() {
            call.request.metadata = self.store.metadata(call.id)?;
        }
        Ok(call)
    }

    pub(super) fn for_reader(&mut self, reader: Reader, id: CallId) -> Answer {
        if self.trunk.is_revoked(reader.key) {
            return Ok(TrunkReply::Refused(TrunkRefusal::InvalidKey));
        }
        let is_own =
            |call: &&Call| call.request.org == reader.org || planted(Fault::ForeignCallShown);
        let call = self.trunk.call(id, self.step).filter(is_own).cloned();
        Ok(match call {
            Some(call) => TrunkReply::Call(Box::new(self.with_metadata(call)?)),
            None => TrunkReply::Missing,
        })
    }

    pub(super) fn read(&mut self, reader: Reader, id: CallId) -> Answer {
        if self.trunk.is_open(id) {
            self.trunk.refresh(id, self.now, self.step);
        }
        self.for_reader(reader, id)
    }

    pub(super) fn cancel(&mut self, reader: Reader, id: CallId) -> Answer {
        match self.for_reader(reader, id)? {
            TrunkReply::Call(_) if self.trunk.cancel(id, self.now, self.step) => {
                self.for_reader(reader, id)
            }
            TrunkReply::Call(_) => Ok(TrunkReply::Refused(TrunkRefusal::CallAlreadyTerminal)),
            other => Ok(other),
        }
    }

    pub(super) fn live(&mut self, reader: Reader) -> TrunkReply {
        self.trunk.refresh_all(self.now, self.step);
        // What that found to be over makes room for who waits.
        self.trunk.tick(self.now, self.step);
        let ids: Vec<CallId> = self.trunk.live_calls().take(LIVE_AT_ONCE).collect();
        let mut own = Vec::new();
        for id in ids {
            let call = self.trunk.call(id, self.step);
            own.extend(call.filter(|call| call.request.org == reader.org).cloned());
            self.step.let_go_of(id);
        }
        let held_back = self.trunk.agents_held_back(self.now, self.step);
        TrunkReply::Live(own, self.trunk.waiting(), held_back)
    }

    pub(super) fn live_from(&mut self, reader: Reader, from: u64) -> TrunkReply {
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
        TrunkReply::LiveSlice {
            calls,
            next,
            waiting: self.trunk.waiting(),
            held_back: self.trunk.agents_held_back(self.now, self.step),
        }
    }

    pub(super) fn list(&mut self, reader: Reader, filter: &CallFilter) -> Answer {
        let wanted = Wanted {
            status: &filter.status,
            agent: filter.agent,
            phone: filter.phone.as_ref(),
            phone_ends: filter.phone_ends.as_ref(),
            below: filter.ceiling(),
            ..Wanted::default()
        };
        self.trunk.refresh_all(self.now, self.step);
        let closed = self.store.closed(filter)?;
        let page = self.page(reader, wanted, closed, filter.limit, |call| {
            filter.admits(call)
        });
        Ok(match page {
            TrunkReply::Calls(calls, until) if filter.shown => {
                let shown = calls.iter();
                let shown = shown.map(|call| Shown::of(call, self.now, self.settings));
                TrunkReply::Shown(shown.collect(), until)
            }
            page => page,
        })
    }

    /// Merges what is open, what is about to be written and what the rows hold, newest first.
    pub(super) fn page(
        &mut self,
        reader: Reader,
        wanted: Wanted<'_>,
        closed: Found,
        limit: usize,
        admits: impl Fn(&Call) -> bool,
    ) -> TrunkReply {
        let fits = |call: &Call| call.request.org == reader.org && admits(call);
        let changed = self.step.changed().filter(|call| fits(call));
        let mut calls: Vec<Call> = changed.cloned().collect();
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
        TrunkReply::Calls(calls, closed.until)
    }
}
