//! What dialers and carriers ask and tell.

use super::{Answer, CarrierCredentials, Desk, DialOrder, TrunkReply, TrunkStore};
use crate::domain::call::{Call, InquiryResult, Timed};
use crate::domain::ids::CallId;
use crate::domain::trunk::Claim;

/// An inquiry asks about these.
pub(super) fn in_progress(call: &Call) -> bool {
    !call.phase().has_ended()
}

impl<S: TrunkStore> Desk<'_, '_, S> {
    pub(super) fn claim(&mut self, mut calls: Vec<CallId>) -> Answer {
        calls.retain(|id| self.trunk.claim(*id, self.now, self.step) == Claim::Yours);
        self.orders(calls, in_progress)
    }

    /// What a dialer needs to know of those of these calls that are open, and as wanted.
    pub(super) fn orders(&mut self, calls: Vec<CallId>, wanted: fn(&Call) -> bool) -> Answer {
        let mut orders = Vec::new();
        for id in calls {
            let call = match self.trunk.is_open(id) {
                true => self.trunk.call(id, self.step).filter(|call| wanted(call)),
                false => None,
            };
            let (Some(call), Some(brief)) = (call.cloned(), self.trunk.brief()) else {
                continue;
            };
            let call = self.with_metadata(call)?;
            orders.push(DialOrder {
                call: call.id,
                carrier: brief.carrier_at(call.dialed_at).clone(),
                trunk_phone: brief.config.trunk_phone.clone(),
                keeps: call.keeps,
                dialed_at: call.dialed_at,
                ringing_at: call.ringing_at,
                answered_at: call.answered_at,
                is_agent_done: call.is_agent_done(),
                request: call.request,
            });
            self.step.let_go_of(id);
        }
        Ok(TrunkReply::Orders(orders))
    }

    pub(super) fn ring(&mut self, id: CallId) -> TrunkReply {
        if !self.trunk.in_progress(id) {
            return TrunkReply::Over(vec![id]);
        }
        match self.trunk.ring(id, self.now) {
            Ok(()) => TrunkReply::Done,
            Err(free) => TrunkReply::NotBefore(free),
        }
    }

    pub(super) fn carrier(&mut self, reports: Vec<(CallId, Vec<Timed>)>) -> TrunkReply {
        let calls = reports.iter().map(|(call, _)| *call);
        let over: Vec<_> = calls.filter(|id| !self.trunk.in_progress(*id)).collect();
        for (call, events) in reports {
            self.trunk.carrier(call, events, self.now, self.step);
        }
        match over.is_empty() {
            true => TrunkReply::Done,
            false => TrunkReply::Over(over),
        }
    }

    pub(super) fn learn(&mut self, findings: Vec<(CallId, InquiryResult)>) -> TrunkReply {
        for (call, finding) in findings {
            self.trunk.learn(call, finding, self.now, self.step);
        }
        TrunkReply::Done
    }

    pub(super) fn torn_down(&mut self, calls: Vec<CallId>) -> TrunkReply {
        for call in calls {
            self.trunk.torn_down(call, self.now, self.step);
        }
        TrunkReply::Done
    }

    pub(super) fn room_seen(&mut self, id: CallId) -> TrunkReply {
        self.trunk.room_seen(id, self.now, self.step);
        TrunkReply::Done
    }

    pub(super) fn line(&mut self, of: Option<CallId>) -> TrunkReply {
        let call = of.and_then(|id| self.trunk.call(id, self.step));
        let dialed_at = call.and_then(|call| call.dialed_at);
        let brief = self.trunk.brief();
        TrunkReply::Line(brief.and_then(|brief| {
            CarrierCredentials::over(brief.config.org_id, brief.carrier_at(dialed_at))
        }))
    }
}
