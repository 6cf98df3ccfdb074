//! The notification that a campaign is over, at its desk: a delivery like callbacks.

use super::{Answer, CampaignActor, CampaignStore, Desk};
use crate::app::iso8601;
use crate::app::messages::CallbackMessage;
use crate::domain::callback::{AttemptResult, Delivery};
use crate::domain::campaign::{Campaign, Counts, Status};
use crate::domain::ids::DeliveryId;
use crate::domain::object::object;
use crate::domain::time::Timestamp;
use crate::domain::to_json;

impl<S: CampaignStore> Desk<'_, S> {
    fn completion(&mut self, id: DeliveryId) -> Option<&mut Delivery> {
        let record = self.actor.record.as_mut()?;
        let told = record.completion.as_deref_mut();
        told.filter(|told| told.id == id)
    }

    pub(super) fn begin(&mut self, id: DeliveryId, attempt: u32) -> Answer<bool> {
        let now = self.now;
        let told = self.completion(id);
        Ok(told.is_some_and(|told| told.begin(attempt, now)))
    }

    pub(super) fn delivered(
        &mut self,
        id: DeliveryId,
        attempt: u32,
        result: Box<AttemptResult>,
    ) -> Answer<()> {
        let (now, schedule) = (self.now, self.actor.schedule.clone());
        let told = self.completion(id);
        match told.is_some_and(|told| told.finish(attempt, *result, now, &schedule)) {
            true => self.write(),
            false => Ok(()),
        }
    }

    pub(super) fn extend(&mut self, id: DeliveryId, attempt: u32, until: Timestamp) -> Answer<()> {
        if let Some(told) = self.completion(id) {
            told.extend(attempt, until);
        }
        Ok(())
    }
}

impl CampaignActor {
    /// Hands out the attempt at the notification that is due.
    #[must_use]
    pub fn due_message(&mut self, now: Timestamp) -> Option<CallbackMessage> {
        let record = self.record.as_mut()?;
        let told = record.completion.as_deref_mut()?;
        let attempt = told.take(now)?;
        Some(CallbackMessage {
            org: record.campaign.org,
            delivery: told.id,
            attempt,
            good_until: told.lease().map(|lease| lease.until),
            url: told.url.clone(),
            body: body(&record.campaign, told.created_at),
            failure: None,
            campaign: Some(record.campaign.id),
        })
    }
}

/// The notification's body. The same bytes each time, since nothing in it changes any more.
fn body(campaign: &Campaign, at: Timestamp) -> String {
    let status = match campaign.status {
        Status::Canceled => "canceled",
        _ => "completed",
    };
    let body = object! {
        "event": "campaign.completed",
        "campaign_id": campaign.id,
        "status": status,
        "counts": counts(campaign.counts),
        "occurred_at": iso8601::format(at),
    };
    to_json::text(&body)
}

fn counts(counts: Counts) -> serde_json::Value {
    object! {
        "total": counts.total,
        "pending": counts.pending,
        "in_progress": counts.in_progress,
        "waiting": counts.waiting,
        "completed": counts.completed,
        "unreached": counts.unreached,
        "suppressed": counts.suppressed,
        "expired": counts.expired,
        "canceled": counts.canceled,
    }
}
