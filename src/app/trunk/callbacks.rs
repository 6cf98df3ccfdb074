//! Callbacks of calls that are over: their attempts, and what is sent for them.

use super::{Answer, DeliveryFilter, Desk, Reader, StoreFailed, TrunkReply, TrunkStore};
use crate::app::messages::{CallbackMessage, Outgoing};
use crate::app::views::call::{Notification, failure_header};
use crate::domain::call::{Call, CallEffect, CallStatus};
use crate::domain::ids::{CallId, DeliveryId};
use crate::domain::planted::{Fault, planted};
use crate::domain::time::Timestamp;
use crate::domain::to_json::to_json;
use crate::domain::trunk::Wanted;

impl<S: TrunkStore> Desk<'_, '_, S> {
    /// The message comes along where a queue had no room for it.
    pub(super) fn begin_of(
        &mut self,
        delivery: DeliveryId,
        attempt: u32,
        wants_message: bool,
    ) -> Answer {
        let begun = self.begin(delivery, attempt);
        let (true, TrunkReply::Begun(secrets)) = (wants_message, &begun) else {
            return Ok(begun);
        };
        let secrets = secrets.clone();
        let message = match delivery.call(self.key) {
            Some(call) => self.callback_message(call, attempt)?,
            None => None,
        };
        Ok(message.map_or(TrunkReply::Missing, |message| {
            TrunkReply::NextAttempt(Box::new(message), secrets)
        }))
    }

    pub(super) fn begin(&mut self, delivery: DeliveryId, attempt: u32) -> TrunkReply {
        let call = delivery.call(self.key);
        let may = call.is_some_and(|call| self.trunk.begin(call, attempt, self.now, self.step));
        let secrets = self.trunk.secrets().cloned().map(Box::new);
        match may {
            true => TrunkReply::Begun(secrets),
            false => TrunkReply::Missing,
        }
    }

    /// One of the attempts about to be sent goes to a sender that has just done one: it travels through no queue.
    pub(super) fn next_attempt(&mut self, outgoing: &mut Outgoing) -> Option<TrunkReply> {
        let message = outgoing.callbacks.pop()?;
        match self.begin(message.delivery, message.attempt) {
            TrunkReply::Begun(secrets) => Some(TrunkReply::NextAttempt(Box::new(message), secrets)),
            _ => None,
        }
    }

    pub(super) fn extend(
        &mut self,
        delivery: DeliveryId,
        attempt: u32,
        until: Timestamp,
    ) -> TrunkReply {
        if let Some(call) = delivery.call(self.key) {
            self.trunk.extend(call, attempt, until);
        }
        TrunkReply::Done
    }

    pub(super) fn redeliver(&mut self, reader: Reader, id: CallId) -> Answer {
        match self.for_reader(reader, id)? {
            TrunkReply::Call(_) if self.trunk.redeliver(id, self.now, self.step) => {
                self.for_reader(reader, id)
            }
            TrunkReply::Call(_) => Ok(TrunkReply::Missing),
            other => Ok(other),
        }
    }

    pub(super) fn deliveries(&mut self, reader: Reader, filter: &DeliveryFilter) -> Answer {
        let wanted = Wanted {
            status: &CallStatus::TERMINAL,
            below: filter.before,
            ..Wanted::default()
        };
        self.trunk.refresh_all(self.now, self.step);
        let closed = self.store.closed_deliveries(filter)?;
        Ok(self.page(reader, wanted, closed, filter.limit, |call| {
            filter.admits(call)
        }))
    }

    /// What the step wants sent.
    pub(super) fn outgoing(&mut self) -> Result<Outgoing, StoreFailed> {
        let mut outgoing = Outgoing::default();
        for effect in std::mem::take(&mut self.step.effects) {
            match effect.what {
                CallEffect::Dispatch => outgoing.dial.push(effect.call),
                CallEffect::Inquire => outgoing.inquire.push(effect.call),
                CallEffect::TearDown => outgoing.tear_down.push(effect.call),
                CallEffect::Callback(attempt) => {
                    let message = self.callback_message(effect.call, attempt)?;
                    outgoing.callbacks.extend(message);
                }
            }
        }
        Ok(outgoing)
    }

    fn callback_message(
        &mut self,
        id: CallId,
        attempt: u32,
    ) -> Result<Option<CallbackMessage>, StoreFailed> {
        let Some(call) = self.trunk.call(id, self.step).cloned() else {
            return Ok(None);
        };
        let call = self.with_metadata(call)?;
        self.step.let_go_of(id);
        Ok(message(&call, attempt, self.settings))
    }
}

fn message(
    call: &Call,
    attempt: u32,
    settings: &crate::domain::settings::Settings,
) -> Option<CallbackMessage> {
    let callback = call.callback.as_ref()?;
    Some(CallbackMessage {
        org: call.request.org,
        delivery: callback.id,
        attempt,
        good_until: callback.lease().map(|lease| lease.until),
        url: callback.url.clone(),
        body: to_json(&Notification::of(call, settings)?).ok()?,
        failure: call
            .final_failure()
            .filter(|_| !planted(Fault::FailureUntold))
            .map(|failure| failure_header(&failure)),
    })
}
