//! Numbers that must not be called, as those know who said so.

use audatec::domain::call::Call;
use audatec::domain::ids::{CallId, OrgId};

use super::Oracle;
use crate::world::W;

impl Oracle {
    /// Somebody asks for a suppression: whether it holds nobody knows.
    pub fn suppresses(&self, org: OrgId, number: &str) {
        let mut numbers = self.numbers.borrow_mut();
        numbers.entry((org, number.to_owned())).or_default();
    }

    /// It was answered, and asked for then: by now no phone of these begins to ring.
    pub fn suppressed(&self, w: &W, org: OrgId, numbers: &[&str], asked: u64) {
        self.none_is_scheduled(org, numbers, asked);
        for number in numbers {
            let mut known = self.numbers.borrow_mut();
            known.insert((org, (*number).to_owned()), Some(w.time()));
        }
    }

    /// Somebody asks for a number to be called again.
    pub fn allows(&self, org: OrgId, number: &str) {
        let mut numbers = self.numbers.borrow_mut();
        numbers.insert((org, number.to_owned()), None);
    }

    /// Whether anybody ever suppressed the number of a call.
    pub fn may_be_suppressed(&self, row: &Call) -> bool {
        let (org, number) = (row.request.org, row.request.phone.as_str().to_owned());
        self.numbers.borrow().contains_key(&(org, number))
    }

    /// Whether anybody ever asked for a number not to be called.
    pub fn was_ever_suppressed(&self, org: OrgId, number: &str) -> bool {
        self.numbers
            .borrow()
            .contains_key(&(org, number.to_owned()))
    }

    /// The numbers that are certainly suppressed.
    pub fn known_suppressed(&self, org: OrgId) -> Vec<String> {
        let numbers = self.numbers.borrow();
        let known = numbers
            .iter()
            .filter(|((of, _), since)| *of == org && since.is_some());
        known.map(|((_, number), _)| number.clone()).collect()
    }

    /// Since when a number is certainly suppressed, if it is.
    pub fn suppressed_since(&self, org: OrgId, number: &str) -> Option<u64> {
        let numbers = self.numbers.borrow();
        numbers.get(&(org, number.to_owned())).copied().flatten()
    }

    /// A dialer is about to have a phone ring: by true time, where clocks only go forward.
    pub fn may_ring(&self, w: &W, id: CallId) {
        self.is_dialed(w, id);
        let calls = self.calls.borrow();
        let Some(seen) = calls.get(&id) else { return };
        self.rings_in_time(w, &seen.row, seen.window);
        self.waits_for_its_turn(w, &calls, &seen.row);
        self.rings_in_hours(w, &seen.row, seen.nonce);
        self.campaign_rings(w, &calls, &seen.row);
        let (org, number) = (seen.row.request.org, seen.row.request.phone.as_str());
        self.check(
            crate::deleter::may_ring(w, org),
            id.address().tag,
            Some(id),
            || "a phone is rung of an organisation that was deleted".into(),
        );
        let since = self.suppressed_since(org, number);
        let is_judged = w.faults.clock_is_true();
        self.check(
            since.is_none() || !is_judged,
            id.address().tag,
            Some(id),
            || format!("a phone of {number} is rung, which is suppressed since {since:?}"),
        );
    }

    /// A call was accepted that was asked for then.
    pub fn accepted_to(&self, org: OrgId, number: &str, asked: u64, call: CallId) {
        let since = self.suppressed_since(org, number);
        let holds = since.is_none_or(|since| since >= asked);
        self.check(holds, call.address().tag, Some(call), || {
            format!("a call to {number} is accepted, which is suppressed since {since:?}")
        });
    }
}
