//! Callbacks of calls that are over: their attempts, and what is sent for them.

use super::reading::OneCall;
use super::reply::reply;
use super::{Answer, DeliveryFilter, Desk, Reader, Scan, StoreFailed, TrunkStore};
use crate::app::messages::{CallbackMessage, ContactErrand, Outgoing};
use crate::app::views::call::{FullNotification, Notification, failure_header};
use crate::domain::call::{Call, CallEffect, CallStatus};
use crate::domain::callback::{AttemptResult, WebhookSecrets};
use crate::domain::contacts::Ticket;
use crate::domain::ids::{CallId, DeliveryId};
use crate::domain::planted::{Fault, planted};
use crate::domain::settings::Settings;
use crate::domain::time::Timestamp;
use crate::domain::to_json::to_json;
use crate::domain::trunk::Wanted;

/// What signs an attempt; `None` if the trunk can't tell, and the directory must be asked.
type Secrets = Option<Box<WebhookSecrets>>;

reply! {
    /// An attempt at a callback belongs to its sender.
    pub enum Begun {
        /// The sender has its message.
        Begun(secrets: Secrets),
        /// This is its message.
        NextAttempt(message: Box<CallbackMessage>, secrets: Secrets),
    }
}

reply! {
    /// The result of an attempt was taken.
    pub enum Attempted {
        /// Nothing else to do.
        Done,
        /// Its sender makes this one as well.
        NextAttempt(message: Box<CallbackMessage>, secrets: Secrets),
    }
}

impl<S: TrunkStore> Desk<'_, '_, S> {
    /// The message is included if a queue had no room for it.
    pub(super) fn begin(
        &mut self,
        delivery: DeliveryId,
        attempt: u32,
        wants_message: bool,
    ) -> Answer<Option<Begun>> {
        let Some(secrets) = self.may_begin(delivery, attempt) else {
            return Ok(None);
        };
        if !wants_message {
            return Ok(Some(Begun::Begun(secrets)));
        }
        let message = match delivery.call(self.key) {
            Some(call) => self.callback_message(call, attempt)?,
            None => None,
        };
        Ok(message.map(|message| Begun::NextAttempt(Box::new(message), secrets)))
    }

    /// What signs an attempt that belongs to its sender from now on.
    fn may_begin(&mut self, delivery: DeliveryId, attempt: u32) -> Option<Secrets> {
        let call = delivery.call(self.key)?;
        let may = self.trunk.begin(call, attempt, self.now, self.step);
        may.then(|| self.trunk.secrets().cloned().map(Box::new))
    }

    /// The receiver's answer was taken before: see `trouble`.
    pub(super) fn delivered(
        &self,
        _: DeliveryId,
        _: u32,
        _: AttemptResult,
        _: bool,
    ) -> Answer<Attempted> {
        Ok(Attempted::Done)
    }

    /// Gives one of the attempts about to be sent to a sender that has just finished one, without a queue.
    pub(super) fn next_attempt(&mut self, outgoing: &mut Outgoing) -> Option<Attempted> {
        let message = outgoing.callbacks.pop()?;
        let secrets = self.may_begin(message.delivery, message.attempt)?;
        Some(Attempted::NextAttempt(Box::new(message), secrets))
    }

    pub(super) fn extend(
        &mut self,
        delivery: DeliveryId,
        attempt: u32,
        until: Timestamp,
    ) -> Answer<()> {
        if let Some(call) = delivery.call(self.key) {
            self.trunk.extend(call, attempt, until);
        }
        Ok(())
    }

    pub(super) fn redeliver(&mut self, reader: Reader, id: CallId) -> Answer<OneCall> {
        match self.for_reader(reader, id)? {
            Ok(Some(_)) if self.trunk.redeliver(id, self.now, self.step) => {
                self.for_reader(reader, id)
            }
            Ok(_) => Ok(Ok(None)),
            refused => Ok(refused),
        }
    }

    pub(super) fn deliveries(&mut self, reader: Reader, filter: DeliveryFilter) -> Answer<Scan> {
        let wanted = Wanted {
            status: &CallStatus::TERMINAL,
            below: filter.before,
            ..Wanted::default()
        };
        self.trunk.refresh_all(self.now, self.step);
        let closed = self.store.closed_deliveries(&filter)?;
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
                CallEffect::KeepPlace | CallEffect::GiveBack => {
                    let gives_back = effect.what == CallEffect::GiveBack;
                    let errands = self.contact_errands(effect.call, gives_back);
                    outgoing.contacts.extend(errands);
                }
                CallEffect::TellCampaign => self.tell_campaign(effect.call, &mut outgoing),
                CallEffect::Callback(attempt) => {
                    let message = self.callback_message(effect.call, attempt)?;
                    outgoing.callbacks.extend(message);
                }
            }
        }
        for campaign in self.trunk.wakes_campaigns(self.now, self.step) {
            outgoing.tell_campaign(campaign, Vec::new());
        }
        let unused = self.step.unused.take().zip(self.trunk.brief());
        outgoing.contacts.extend(
            unused.map(|((number, ticket), brief)| ContactErrand::GiveBack {
                call: None,
                number,
                ticket: Ticket(brief.config.id.tag(), ticket),
            }),
        );
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
        Ok(message(&call, attempt, self.settings))
    }
}

fn message(call: &Call, attempt: u32, settings: &Settings) -> Option<CallbackMessage> {
    let callback = call.callback.as_ref()?;
    Some(CallbackMessage {
        org: call.request.org,
        delivery: callback.id,
        attempt,
        good_until: callback.lease().map(|lease| lease.until),
        url: callback.url.clone(),
        body: body(call, callback.is_full, settings)?,
        failure: call
            .final_failure()
            .filter(|_| !planted(Fault::FailureUntold))
            .map(|failure| failure_header(&failure)),
        campaign: None,
    })
}

/// The body sent to the receiver: the same for each attempt.
fn body(call: &Call, is_full: bool, settings: &Settings) -> Option<String> {
    match is_full {
        true => to_json(&FullNotification::of(call, settings)?).ok(),
        false => to_json(&Notification::of(call, settings)?).ok(),
    }
}
