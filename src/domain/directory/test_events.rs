//! Test events: deliveries that belong to no call.

use super::backlog::Waiting;
use super::{Directory, DirectoryRefusal};
use crate::domain::callback::{AttemptResult, Delivery, DeliveryStatus, EventType};
use crate::domain::ids::{Address, DeliveryId, IdKey, TrunkTag};
use crate::domain::time::{Span, Timestamp};

/// How many are kept.
const KEPT: usize = 1000;

impl Directory {
    /// The id for the next test delivery: later than any before.
    fn next_test_id(&self, now: Timestamp, key: &IdKey) -> DeliveryId {
        let last = self.tests.keys().next_back().map(|id| id.address());
        let next = Address::next(last, now, TrunkTag::DIRECTORY);
        DeliveryId::mint_test(next.at, next.sequence, key)
    }

    fn oldest_finished_test(&self) -> Option<DeliveryId> {
        let finished = |test: &&Delivery| test.status != DeliveryStatus::Pending;
        self.tests.values().find(finished).map(|test| test.id)
    }

    /// Stores a test delivery; beyond the maximum, the oldest finished one is dropped.
    fn keep_test(&mut self, delivery: Delivery) {
        let is_new = !self.tests.contains_key(&delivery.id);
        if is_new
            && self.tests.len() >= KEPT
            && let Some(oldest) = self.oldest_finished_test()
        {
            self.tests.remove(&oldest);
            self.remove(format!("test/{oldest}"));
            if self.notices.remove(&oldest).is_some() {
                self.remove(format!("notice/{oldest}"));
            }
        }
        self.put(format!("test/{}", delivery.id), &delivery);
        self.tests.insert(delivery.id, delivery);
    }

    /// The test deliveries in progress.
    #[must_use]
    pub fn undelivered(&self) -> Option<Waiting> {
        let tests = self.tests.values();
        let pending = tests.filter(|test| test.status == DeliveryStatus::Pending);
        Waiting::of(pending.map(|test| test.created_at))
    }

    /// When a test delivery is next due.
    #[must_use]
    pub fn next_callback(&self) -> Option<Timestamp> {
        self.tests.values().filter_map(Delivery::due).min()
    }

    /// Hands out the due attempts, each with its number.
    pub fn due_tests(&mut self, now: Timestamp) -> impl Iterator<Item = (u32, &Delivery)> {
        let due = move |delivery: &mut Delivery| delivery.take(now);
        let tests = self.tests.values_mut();
        tests.filter_map(move |test| Some((due(test)?, &*test)))
    }

    /// A new test delivery to this receiver.
    ///
    /// # Errors
    /// No more can be stored: those in progress are never dropped.
    pub fn new_test(
        &mut self,
        url: String,
        key: &IdKey,
        now: Timestamp,
    ) -> Result<Delivery, DirectoryRefusal> {
        let new = |id| Delivery::new(id, EventType::Completed, url, now);
        self.new_delivery(new, key, now)
    }

    /// A new delivery that belongs to no call.
    pub(super) fn new_delivery(
        &mut self,
        new: impl FnOnce(DeliveryId) -> Delivery,
        key: &IdKey,
        now: Timestamp,
    ) -> Result<Delivery, DirectoryRefusal> {
        if self.tests.len() >= KEPT && self.oldest_finished_test().is_none() {
            return Err(DirectoryRefusal::TooMany);
        }
        let delivery = new(self.next_test_id(now, key));
        self.keep_test(delivery.clone());
        Ok(delivery)
    }

    /// One test delivery.
    ///
    /// # Errors
    /// There is no such delivery.
    pub fn test(&self, id: DeliveryId) -> Result<&Delivery, DirectoryRefusal> {
        self.tests.get(&id).ok_or(DirectoryRefusal::Missing)
    }

    /// Test deliveries, newest first.
    pub fn tests_before(&self, before: Option<DeliveryId>) -> impl Iterator<Item = &Delivery> {
        let is_before = move |test: &&Delivery| {
            before.is_none_or(|before| test.id.address() < before.address())
        };
        self.tests.values().rev().filter(is_before)
    }

    /// One more attempt.
    ///
    /// # Errors
    /// There is no such delivery.
    pub fn redeliver_test(
        &mut self,
        id: DeliveryId,
        now: Timestamp,
    ) -> Result<Delivery, DirectoryRefusal> {
        let mut test = self.test(id)?.clone();
        test.redeliver(now);
        self.keep_test(test.clone());
        Ok(test)
    }

    /// A sender is about to make an attempt. Leases are not stored.
    ///
    /// # Errors
    /// The attempt must not be made.
    pub fn begin_test(
        &mut self,
        id: DeliveryId,
        attempt: u32,
        now: Timestamp,
    ) -> Result<(), DirectoryRefusal> {
        let test = self.tests.get_mut(&id);
        let begins = test.is_some_and(|test| test.begin(attempt, now));
        begins.then_some(()).ok_or(DirectoryRefusal::Missing)
    }

    /// Takes the result of an attempt.
    pub fn test_attempted(
        &mut self,
        id: DeliveryId,
        attempt: u32,
        result: AttemptResult,
        schedule: &[Span],
        now: Timestamp,
    ) {
        let test = self.tests.get(&id).cloned();
        if let Some(mut test) = test
            && test.finish(attempt, result, now, schedule)
        {
            self.keep_test(test);
        }
    }

    /// A sender is waiting for a slow receiver.
    pub fn extend_test(&mut self, id: DeliveryId, attempt: u32, until: Timestamp) {
        if let Some(test) = self.tests.get_mut(&id) {
            test.extend(attempt, until);
        }
    }
}
