//! Test events, at the desk: deliveries that belong to no call.

use sha2::{Digest, Sha256};

use super::oversight::notice_body;
use super::{Answer, Desk, Directory, DirectoryRefusal, DirectoryStore};
use crate::app::host::Host;
use crate::app::json::value;
use crate::app::messages::CallbackMessage;
use crate::app::trunk::admits;
use crate::domain::callback::{AttemptResult, Delivery, DeliveryStatus, WebhookSecrets};
use crate::domain::ids::DeliveryId;
use crate::domain::object::object;
use crate::domain::time::Timestamp;
use crate::domain::to_json;

/// Hands out the attempts that are due.
pub(super) fn due_callbacks(directory: &mut Directory, world: &impl Host) -> Vec<CallbackMessage> {
    let org = directory.org_id();
    let due: Vec<(u32, Delivery)> = directory
        .due_tests(world.now())
        .map(|(attempt, delivery)| (attempt, delivery.clone()))
        .collect();
    due.into_iter()
        .map(|(attempt, delivery)| CallbackMessage {
            // The operator, who is not an organisation.
            org: org.unwrap_or_else(|| world.secrets().operators()),
            delivery: delivery.id,
            attempt,
            good_until: delivery.lease().map(|lease| lease.until),
            body: match directory.notice(delivery.id) {
                Some(notice) => notice_body(delivery.id, notice),
                None => test_body(&delivery),
            },
            url: delivery.url,
            failure: None,
            campaign: None,
        })
        .collect()
}

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    pub(super) fn send_test(&mut self, url: String) -> Answer<Delivery> {
        let key = &self.world.secrets().id_key;
        Ok(self.directory.new_test(url, key, self.now)?)
    }

    pub(super) fn delivery(&self, id: DeliveryId) -> Answer<Delivery> {
        Ok(self.directory.test(id)?.clone())
    }

    pub(super) fn deliveries(
        &self,
        status: Vec<DeliveryStatus>,
        before: Option<DeliveryId>,
        limit: usize,
    ) -> Answer<Vec<Delivery>> {
        let tests = self.directory.tests_before(before);
        let wanted = tests.filter(|test| admits(&status, test.status));
        Ok(wanted.take(limit).cloned().collect())
    }

    pub(super) fn redeliver(&mut self, id: DeliveryId) -> Answer<Delivery> {
        Ok(self.directory.redeliver_test(id, self.now)?)
    }

    pub(super) fn begin(&mut self, id: DeliveryId, attempt: u32) -> Answer<WebhookSecrets> {
        self.directory.begin_test(id, attempt, self.now)?;
        if let Some(notice) = self.directory.notice(id) {
            let secret = self.world.secrets().alert_secret.clone();
            let secret = secret.ok_or(DirectoryRefusal::Missing)?;
            return Ok(WebhookSecrets::first(secret, notice.at));
        }
        self.secrets()
    }

    pub(super) fn delivered(
        &mut self,
        id: DeliveryId,
        attempt: u32,
        result: Box<AttemptResult>,
    ) -> Answer<()> {
        let schedule = &self.world.settings().webhook_retry;
        let now = self.now;
        self.directory
            .test_attempted(id, attempt, *result, schedule, now);
        Ok(())
    }

    pub(super) fn extend(&mut self, id: DeliveryId, attempt: u32, until: Timestamp) -> Answer<()> {
        self.directory.extend_test(id, attempt, until);
        Ok(())
    }
}

/// A test event: the documented example, for a call that never existed. The same bytes each time.
fn test_body(delivery: &Delivery) -> String {
    // Looks like a random UUID: no check passes on it, so asking about it wakes no object.
    let digest = Sha256::digest(delivery.id.to_string());
    let bytes = std::array::from_fn(|at| digest.get(at).copied().unwrap_or_default());
    let call = uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string();
    let body = object! {
        "event": value(&delivery.event),
        "call_id": call,
        "call_status": "Completed",
        "call_outcome": object! {
            "disposition": "interested",
            "summary": "Customer confirmed payment for June 20.",
            "sentiment": "positive",
        },
        "duration": 97,
        "transcript_url": (),
        "recording_url": (),
        "metadata": object! {"customer_name": "Rahul Sharma", "amount_due": "7500", "due_date": "2026-06-20"},
        "occurred_at": crate::app::iso8601::format(delivery.created_at),
    };
    to_json::text(&body)
}
