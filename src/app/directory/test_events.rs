//! Test events: deliveries that belong to no call.

use sha2::{Digest, Sha256};

use super::desk::Desk;
use super::store::DirectoryStore;
use super::{Directory, DirectoryRefusal, DirectoryReply};
use crate::app::host::Host;
use crate::app::json::value;
use crate::app::messages::CallbackMessage;
use crate::app::trunk::admits;
use crate::domain::callback::{AttemptResult, Delivery, DeliveryStatus, EventType};
use crate::domain::ids::{DeliveryId, IdKey, TrunkTag};
use crate::domain::object::object;
use crate::domain::time::Timestamp;
use crate::domain::to_json;

/// So many are kept.
const KEPT: usize = 1000;

impl Directory {
    /// The id for the next test delivery: later than all before it.
    fn next_test_id(&self, now: Timestamp, key: &IdKey) -> DeliveryId {
        let last = self.tests.keys().next_back().map(|id| id.address());
        let next = crate::domain::ids::Address::next(last, now, TrunkTag::DIRECTORY);
        DeliveryId::mint_test(next.at, next.sequence, key)
    }

    /// Whether one more test delivery can be kept: those under way are never dropped.
    fn has_room_for_a_test(&self) -> bool {
        self.tests.len() < KEPT || self.oldest_finished_test().is_some()
    }

    fn oldest_finished_test(&self) -> Option<DeliveryId> {
        let finished = |test: &&Delivery| test.status != DeliveryStatus::Pending;
        self.tests.values().find(finished).map(|test| test.id)
    }

    /// Keeps a test delivery; beyond a number of them, the oldest that is finished goes.
    fn keep_test(&mut self, delivery: Delivery) {
        let is_new = !self.tests.contains_key(&delivery.id);
        if is_new
            && self.tests.len() >= KEPT
            && let Some(oldest) = self.oldest_finished_test()
        {
            self.tests.remove(&oldest);
            self.remove(format!("test/{oldest}"));
        }
        self.put(format!("test/{}", delivery.id), &delivery);
        self.tests.insert(delivery.id, delivery);
    }

    /// When a test delivery is due.
    #[must_use]
    pub fn next_callback(&self) -> Option<Timestamp> {
        self.tests.values().filter_map(Delivery::due).min()
    }

    /// Hands out the attempts that are due.
    pub fn due_callbacks(&mut self, now: Timestamp) -> Vec<CallbackMessage> {
        let Some(org) = self.org_id() else {
            return Vec::new();
        };
        let due = self
            .tests
            .values_mut()
            .filter_map(|delivery| Some((delivery.take(now)?, delivery)));
        due.map(|(attempt, delivery)| CallbackMessage {
            org,
            delivery: delivery.id,
            attempt,
            good_until: delivery.lease().map(|lease| lease.until),
            url: delivery.url.clone(),
            body: test_body(delivery),
            failure: None,
        })
        .collect()
    }
}

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    /// Sends a test event to a receiver.
    pub fn send_test(&mut self, url: String) -> Result<DirectoryReply, DirectoryRefusal> {
        if !self.directory.has_room_for_a_test() {
            return Err(DirectoryRefusal::TooMany);
        }
        let now = self.now();
        let id = self
            .directory
            .next_test_id(now, &self.world.secrets().id_key);
        let delivery = Delivery::new(id, EventType::Completed, url, self.now());
        self.directory.keep_test(delivery.clone());
        Ok(DirectoryReply::Delivery(Box::new(delivery)))
    }

    fn test(&self, id: DeliveryId) -> Result<Delivery, DirectoryRefusal> {
        self.directory
            .tests
            .get(&id)
            .cloned()
            .ok_or(DirectoryRefusal::Missing)
    }

    /// One test delivery.
    pub fn delivery(&self, id: DeliveryId) -> Result<DirectoryReply, DirectoryRefusal> {
        Ok(DirectoryReply::Delivery(Box::new(self.test(id)?)))
    }

    /// Test deliveries, newest first.
    pub fn deliveries(
        &self,
        status: &[DeliveryStatus],
        before: Option<DeliveryId>,
        limit: usize,
    ) -> DirectoryReply {
        let below =
            |test: &&Delivery| before.is_none_or(|before| test.id.address() < before.address());
        let wanted = self.directory.tests.values().rev().filter(below);
        let wanted = wanted.filter(|test| admits(status, test.status));
        DirectoryReply::Deliveries(wanted.take(limit).cloned().collect())
    }

    /// One more attempt.
    pub fn redeliver(&mut self, id: DeliveryId) -> Result<DirectoryReply, DirectoryRefusal> {
        let mut test = self.test(id)?;
        test.redeliver(self.now());
        self.directory.keep_test(test.clone());
        Ok(DirectoryReply::Delivery(Box::new(test)))
    }

    /// What signs an attempt, if it is to be made. Leases are not stored.
    pub fn begin(
        &mut self,
        id: DeliveryId,
        attempt: u32,
    ) -> Result<DirectoryReply, DirectoryRefusal> {
        let now = self.now();
        let test = self.directory.tests.get_mut(&id);
        if !test.is_some_and(|test| test.begin(attempt, now)) {
            return Err(DirectoryRefusal::Missing);
        }
        self.secrets()
    }

    /// The result of an attempt.
    pub fn delivered(
        &mut self,
        id: DeliveryId,
        attempt: u32,
        result: AttemptResult,
    ) -> DirectoryReply {
        let Ok(mut test) = self.test(id) else {
            return DirectoryReply::Done;
        };
        let schedule = &self.world.settings().webhook_retry;
        if test.finish(attempt, result, self.now(), schedule) {
            self.directory.keep_test(test);
        }
        DirectoryReply::Done
    }

    /// A sender waits for a slow receiver.
    pub fn extend(&mut self, id: DeliveryId, attempt: u32, until: Timestamp) -> DirectoryReply {
        if let Some(test) = self.directory.tests.get_mut(&id) {
            test.extend(attempt, until);
        }
        DirectoryReply::Done
    }
}

/// A test event: the documented example, for a call that never was. The same bytes each time.
fn test_body(delivery: &Delivery) -> String {
    // A random UUID, as far as anyone can tell: asked about it, no check passes and no object wakes.
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
