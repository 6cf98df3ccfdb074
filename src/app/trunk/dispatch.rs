//! What dialers and carriers ask and report.

use super::reply::reply;
use super::{Answer, CarrierCredentials, Desk, DialOrder, TrunkReply, TrunkStore};
use crate::app::asking::Reply;
use crate::domain::call::{Call, InquiryResult, Timed};
use crate::domain::ids::CallId;
use crate::domain::time::Timestamp;
use crate::domain::trunk::Claim;

reply! {
    /// Whether a phone may ring.
    pub enum Rung {
        /// It may ring now.
        Done,
        /// The call is over.
        Over(calls: Vec<CallId>),
        /// Not yet, because of `max_cps`: ask again at this moment.
        NotBefore(at: Timestamp),
    }
}

reply!(Vec<DialOrder>: orders = Orders(orders));
reply!(Option<CarrierCredentials>: credentials = Credentials(credentials));

/// Calls that were over before their carrier reported.
impl From<Vec<CallId>> for TrunkReply {
    fn from(over: Vec<CallId>) -> Self {
        match over.is_empty() {
            true => Self::Done,
            false => Self::Over(over),
        }
    }
}

impl Reply<TrunkReply> for Vec<CallId> {
    fn read(answer: TrunkReply) -> Option<Self> {
        match answer {
            TrunkReply::Done => Some(Self::new()),
            TrunkReply::Over(over) => Some(over),
            _ => None,
        }
    }
}

/// An inquiry asks about these.
fn in_progress(call: &Call) -> bool {
    !call.phase().has_ended()
}

impl<S: TrunkStore> Desk<'_, '_, S> {
    pub(super) fn claim(&mut self, mut calls: Vec<CallId>) -> Answer<Vec<DialOrder>> {
        calls.retain(|id| {
            self.may_be_called(*id) && self.trunk.claim(*id, self.now, self.step) == Claim::Yours
        });
        self.orders(calls, in_progress)
    }

    pub(super) fn inquiry_orders(&mut self, calls: Vec<CallId>) -> Answer<Vec<DialOrder>> {
        self.orders(calls, in_progress)
    }

    pub(super) fn tear_down(&mut self, calls: Vec<CallId>) -> Answer<Vec<DialOrder>> {
        self.orders(calls, Call::left_a_room)
    }

    /// The dial orders of those of these calls that are open and wanted.
    fn orders(&mut self, calls: Vec<CallId>, wanted: fn(&Call) -> bool) -> Answer<Vec<DialOrder>> {
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
                media_policy: call.media_policy,
                dialed_at: call.dialed_at,
                ringing_at: call.ringing_at,
                answered_at: call.answered_at,
                is_agent_done: call.is_agent_done(),
                not_after: Some(call.not_after()).filter(|at| *at < Timestamp::MAX),
                request: call.request,
            });
            self.step.let_go_of(id);
        }
        Ok(orders)
    }

    /// Asked when the agent is in the call's room.
    pub(super) fn ring(&mut self, id: CallId) -> Answer<Rung> {
        self.sees(|seen| &mut seen.agent_at);
        if self.trunk.is_withdrawn(id) {
            self.trunk.suppress_call(id, self.now, self.step);
        }
        if self.trunk.is_taken_back(id) {
            self.trunk.never_rings(id, self.now, self.step);
        }
        let is_late = self.trunk.rings_too_late(id, self.now, self.step);
        let is_closed = self.trunk.rings_outside_hours(id, self.now, self.step);
        let is_closed = match is_closed {
            Ok(is_closed) => is_closed,
            Err(passes) => return Ok(Rung::NotBefore(passes)),
        };
        if is_late || is_closed || !self.trunk.in_progress(id) {
            return Ok(Rung::Over(vec![id]));
        }
        Ok(match self.trunk.ring(id, self.now, self.step) {
            Ok(()) => Rung::Done,
            Err(free) => Rung::NotBefore(free),
        })
    }

    pub(super) fn apply_carrier_events(
        &mut self,
        reports: Vec<(CallId, Vec<Timed>)>,
    ) -> Answer<Vec<CallId>> {
        let calls = reports.iter().map(|(call, _)| *call);
        let over: Vec<_> = calls.filter(|id| !self.trunk.in_progress(*id)).collect();
        for (call, events) in reports {
            self.trunk
                .apply_carrier_events(call, events, self.now, self.step);
        }
        Ok(over)
    }

    pub(super) fn learn(&mut self, findings: Vec<(CallId, InquiryResult)>) -> Answer<()> {
        for (call, finding) in findings {
            self.trunk.learn(call, finding, self.now, self.step);
        }
        Ok(())
    }

    pub(super) fn torn_down(&mut self, calls: Vec<CallId>) -> Answer<()> {
        for call in calls {
            self.trunk.torn_down(call, self.now, self.step);
        }
        Ok(())
    }

    pub(super) fn room_seen(&mut self, id: CallId) -> Answer<()> {
        self.sees(|seen| &mut seen.webhook_at);
        self.trunk.room_seen(id, self.now, self.step);
        Ok(())
    }

    pub(super) fn credentials(&mut self, of: Option<CallId>) -> Answer<Option<CarrierCredentials>> {
        let call = of.and_then(|id| self.trunk.call(id, self.step));
        let dialed_at = call.and_then(|call| call.dialed_at);
        let brief = self.trunk.brief();
        Ok(brief.and_then(|brief| {
            CarrierCredentials::over(brief.config.org_id, brief.carrier_at(dialed_at))
        }))
    }
}
