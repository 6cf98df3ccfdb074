//! What a campaign does with its trunk's answers.

use super::memory::ASKED_EVERY;
use super::{CampaignActor, CampaignStore, Heard};
use crate::app::trunk::{StoreFailed, TrunkRefusal};
use crate::domain::campaign::handover::{
    Became, GOOD_FOR, MOST_AT_ONCE, RoundAnswer, Standing, Taken,
};
use crate::domain::campaign::{HeldBy, LOOK_AGAIN, RecipientStatus, Row};
use crate::domain::ids::CallId;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};

/// A trunk that grants nothing is asked again after this at the earliest, unless it announces that something is free.
const SOON: Span = Span(20);
/// If nobody answers, the question is asked again after this, twice as long each time,
const AGAIN: Span = Span(500);
/// up to this.
const AGAIN_AT_MOST: Span = Span(5_000);

impl CampaignActor {
    /// Takes the answer to the last question.
    ///
    /// # Errors
    /// Rows can't be read or written: the actor must not be used any more.
    pub fn heard(
        &mut self,
        store: &impl CampaignStore,
        heard: Heard,
        now: Timestamp,
    ) -> Result<(), StoreFailed> {
        match heard {
            Heard::Nothing => {
                if planted(Fault::HandedTwice) {
                    self.forgets_handed(store, now)?;
                }
                self.is_unheard(now);
                return Ok(());
            }
            Heard::Round(answer) => self.takes_round(store, answer, now)?,
            Heard::Standings(standings) => self.checked(store, standings, now)?,
            Heard::Outcomes(outcomes) => self.learns(store, outcomes, now)?,
            Heard::TakenBack(again_at) => self.takes_back(store, again_at, now)?,
            Heard::Told(told) => self.is_told(store, told, now)?,
            Heard::Untold => self.is_untold(now),
            Heard::Rested(mark) => self.has_rested(store, mark, now)?,
            Heard::Refused(TrunkRefusal::InvalidKey) => self.is_revoked(store, now)?,
            Heard::Refused(_) => {
                self.held = Some(HeldBy::TrunkInactive);
                self.is_unheard(now);
                return Ok(());
            }
        }
        self.failures = 0;
        self.advance(store, now)
    }

    /// A planted fault: calls that were handed over without an answer count as not made.
    fn forgets_handed(
        &mut self,
        store: &impl CampaignStore,
        now: Timestamp,
    ) -> Result<(), StoreFailed> {
        let calls: Vec<CallId> = self.calls.to_hand_over().map(|(call, _)| call).collect();
        let mut rows = Vec::new();
        for call in calls {
            if let Some(row) = self.calls.not_taken(call) {
                rows.push(self.undone(call, row, now));
            }
        }
        self.write(store, &rows, now)
    }

    fn is_unheard(&mut self, now: Timestamp) {
        let wait = Span(AGAIN.0 << self.failures.min(4)).min(AGAIN_AT_MOST);
        self.failures += 1;
        self.retry_at = now + wait;
        if self.calls.hands_since(now - GOOD_FOR) {
            // Their ids are too old by now: the trunk is asked how they ended.
            self.calls.stop_handing();
            self.asks_at = now;
        }
    }

    /// The key that started it was revoked: its calls are not wanted any more.
    fn is_revoked(
        &mut self,
        store: &impl CampaignStore,
        now: Timestamp,
    ) -> Result<(), StoreFailed> {
        if let Some(record) = &mut self.record
            && record.is_running()
            && record.pause().is_ok()
        {
            self.stops(now);
            self.write(store, &[], now)?;
        }
        Ok(())
    }

    /// Nothing is handed over from now on.
    pub(super) fn stops(&mut self, now: Timestamp) {
        self.calls.stop_handing();
        self.looks_anew(now);
        self.back_at = None;
        self.back_from.clear();
    }

    /// Everybody who is to be called is looked at again.
    pub(super) fn looks_anew(&mut self, now: Timestamp) {
        self.people.forget();
        self.more_pending = true;
        self.held = None;
        self.again_at = Timestamp(0);
        self.retry_at = self.retry_at.min(now);
    }

    fn checked(
        &mut self,
        store: &impl CampaignStore,
        standings: Vec<Standing>,
        now: Timestamp,
    ) -> Result<(), StoreFailed> {
        let mut rows = Vec::new();
        let people = std::mem::take(&mut self.people.unchecked);
        for (mut row, standing) in people.into_iter().zip(standings) {
            match standing {
                Standing::Ready => self.people.ready.push_back(row),
                Standing::NotAsked => {
                    self.people.unchecked.push(row);
                    self.retry_at = now + AGAIN;
                }
                standing => {
                    let before = (row.status, row.for_hours);
                    row.stands(standing, now);
                    self.recount(before, &row);
                    rows.push(row);
                }
            }
        }
        match rows.is_empty() {
            true => Ok(()),
            false => self.write(store, &rows, now),
        }
    }

    fn recount(&mut self, before: (RecipientStatus, bool), row: &Row) {
        if let Some(record) = &mut self.record {
            record.recount(before, (row.status, row.for_hours));
        }
        self.people.note(row);
    }

    fn learns(
        &mut self,
        store: &impl CampaignStore,
        outcomes: Vec<(CallId, Became)>,
        now: Timestamp,
    ) -> Result<(), StoreFailed> {
        let mut rows = Vec::new();
        let mut over = Vec::new();
        for (call, became) in outcomes {
            match became {
                Became::Open => self.calls.is_open(call, now),
                Became::Over(ended) => over.push((call, *ended)),
                Became::Nothing => {
                    if let Some(number) = self.calls.is_none(call)
                        && let Some(row) = store.row(number)?
                    {
                        rows.push(self.undone(call, row, now));
                    }
                }
            }
        }
        self.calls.learn(over, now);
        self.asks_at = match self.calls.any_unknown() {
            true => now,
            false => now + ASKED_EVERY,
        };
        match rows.is_empty() {
            true => Ok(()),
            false => self.write(store, &rows, now),
        }
    }

    /// A recipient's call was not made: they are next again.
    fn undone(&mut self, call: CallId, mut row: Row, now: Timestamp) -> Row {
        let before = (row.status, row.for_hours);
        if let Some(record) = &self.record {
            row.undo(call, record.rules(), now);
        }
        self.recount(before, &row);
        self.more_pending = true;
        row
    }

    fn takes_round(
        &mut self,
        store: &impl CampaignStore,
        answer: RoundAnswer,
        now: Timestamp,
    ) -> Result<(), StoreFailed> {
        self.held = answer.held_by;
        self.again_at = match answer.granted.is_empty() {
            true => answer.again_at.max(now + SOON),
            false => answer.again_at,
        };
        let mut rows = Vec::new();
        let mut revoked = false;
        for (call, taken) in answer.taken {
            match taken {
                Taken::Accepted => {
                    self.calls.taken(call, now);
                    continue;
                }
                Taken::Held(held) => self.held = Some(held),
                Taken::KeyRevoked => revoked = true,
                Taken::NoRoom | Taken::Stale | Taken::Unfit(_) => {}
            }
            let Some(row) = self.calls.not_taken(call) else {
                continue;
            };
            let mut row = self.undone(call, row, now);
            if let Taken::Unfit(standing) = taken {
                let before = (row.status, row.for_hours);
                row.stands(standing, now);
                self.recount(before, &row);
            }
            rows.push(row);
        }
        let begun = self.begins(store, &mut rows, answer.granted, now)?;
        rows.extend(begun);
        if !rows.is_empty() {
            self.write(store, &rows, now)?;
        }
        match revoked {
            true => self.is_revoked(store, now),
            false => Ok(()),
        }
    }

    /// Starts the calls under the granted ids, and in the same write records the news about other calls.
    fn begins(
        &mut self,
        store: &impl CampaignStore,
        rows: &mut Vec<Row>,
        granted: Vec<CallId>,
        now: Timestamp,
    ) -> Result<Vec<Row>, StoreFailed> {
        let mut begun = Vec::new();
        if granted.is_empty() || !self.may_call(now) || self.people.ready.is_empty() {
            return Ok(begun);
        }
        for row in self.take_news(store, now)? {
            rows.push(row);
        }
        let room = MOST_AT_ONCE.saturating_sub(self.calls.handing());
        for call in granted.into_iter().take(room) {
            while let Some(mut row) = self.people.ready.pop_front() {
                let before = (row.status, row.for_hours);
                let is_called = self.calls.has_number(row.number()) && !planted(Fault::NumberTwice);
                match is_called {
                    true => row.waits(now + LOOK_AGAIN, false, now),
                    false => row.begins(call, now),
                }
                self.recount(before, &row);
                begun.push(row.clone());
                if !is_called {
                    self.calls.hand_over(call, row, now);
                    break;
                }
            }
        }
        Ok(begun)
    }

    /// How far a trunk has got with giving calls back. An answer to a request for another reason than the present one is ignored.
    fn takes_back(
        &mut self,
        store: &impl CampaignStore,
        again_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), StoreFailed> {
        let why = self.record.as_ref().and_then(|record| record.takes_back);
        match (why == self.back_why && why.is_some(), again_at) {
            (false, _) => Ok(()),
            (true, Some(at)) => {
                self.back_at = Some(at.max(now + Span(1)));
                Ok(())
            }
            (true, None) => {
                self.back_at = None;
                self.back_from.extend(self.back_asked);
                match self.calls.not_over(&self.back_from) {
                    Some(_) => Ok(()),
                    None => self.has_taken_back(store, now),
                }
            }
        }
    }

    /// The directory knows that it has rested since that start; it may have been started again meanwhile.
    fn has_rested(
        &mut self,
        store: &impl CampaignStore,
        mark: u64,
        now: Timestamp,
    ) -> Result<(), StoreFailed> {
        match &mut self.record {
            Some(record) if record.rests() == Some(mark) => {
                record.mark = None;
                self.write(store, &[], now)
            }
            _ => Ok(()),
        }
    }

    pub(super) fn has_taken_back(
        &mut self,
        store: &impl CampaignStore,
        now: Timestamp,
    ) -> Result<(), StoreFailed> {
        self.back_at = None;
        self.back_from.clear();
        if let Some(record) = &mut self.record {
            record.takes_back = None;
        }
        // The trunk is asked at once how they ended.
        self.calls.doubt();
        self.asks_at = now;
        self.write(store, &[], now)
    }
}
