//! How a campaign proceeds: what it asks its trunk next, and what it does with the answer.

use super::memory::ASKED_EVERY;
use super::{CampaignActor, CampaignStore, Exchange};
use crate::app::json;
use crate::app::trunk::StoreFailed;
use crate::domain::call::{CallRequest, CampaignCall};
use crate::domain::campaign::handover::{CHECKED_AT_ONCE, Check, Demand, Handed, Round};
use crate::domain::campaign::{Record, Row};
use crate::domain::ids::{CallId, TrunkTag};
use crate::domain::time::Timestamp;

/// With fewer people at hand than this, more are looked for.
const LOW: usize = 100;
impl CampaignActor {
    /// What to ask now, usually of the trunk. Not to be called before [`Self::heard`] took the previous answer.
    ///
    /// # Errors
    /// Rows can't be read or written: the actor must not be used any more.
    pub fn next_exchange(
        &mut self,
        store: &impl CampaignStore,
        now: Timestamp,
    ) -> Result<Option<Exchange>, StoreFailed> {
        self.advance(store, now)?;
        if now < self.retry_at {
            return Ok(None);
        }
        if self.is_taking_back() {
            return self.take_back(store, now);
        }
        if self.tells_at().is_some_and(|at| now >= at) {
            return Ok(self.tell(now));
        }
        let may_call = self.may_call(now);
        let Some(record) = &self.record else {
            return Ok(None);
        };
        if now >= self.asks_at {
            if let Some((trunk, calls)) = self.calls.to_ask(now) {
                return Ok(Some(outcomes(record, trunk, calls)));
            }
            self.asks_at = now + ASKED_EVERY;
        }
        if let Some(mark) = record.rests() {
            return Ok(Some(Exchange::Rest {
                org: record.campaign.org,
                campaign: record.campaign.id,
                mark,
            }));
        }
        if !may_call {
            return Ok(None);
        }
        if self.calls.handing() > 0 {
            return self.round(store).map(Some);
        }
        if self.people.ready.len() < LOW {
            if self.people.unchecked.is_empty() {
                self.find_people(store, now)?;
            }
            if !self.people.unchecked.is_empty() {
                return Ok(self.check());
            }
        }
        match !self.people.ready.is_empty() && now >= self.again_at {
            true => self.round(store).map(Some),
            false => Ok(None),
        }
    }

    fn take_back(
        &mut self,
        store: &impl CampaignStore,
        now: Timestamp,
    ) -> Result<Option<Exchange>, StoreFailed> {
        let Some((trunk, calls)) = self.calls.not_over(&self.back_from) else {
            self.has_taken_back(store, now)?;
            return Ok(None);
        };
        if self.back_at.is_some_and(|at| now < at) {
            return Ok(None);
        }
        self.back_why = self.record.as_ref().and_then(|record| record.takes_back);
        self.back_asked = Some(trunk);
        let exchange = self.record.as_ref().and_then(|record| {
            Some(Exchange::TakeBack {
                trunk,
                org: record.campaign.org,
                campaign: record.campaign.id,
                calls,
                why: record.takes_back?,
                last: self.back_at.is_some(),
            })
        });
        Ok(exchange)
    }

    /// Reads those who are to be called next.
    fn find_people(
        &mut self,
        store: &impl CampaignStore,
        now: Timestamp,
    ) -> Result<(), StoreFailed> {
        let mut found = Vec::new();
        if self.people.next_due().is_some_and(|at| at <= now) {
            let most = CHECKED_AT_ONCE + self.people.ready.len();
            let due = store.due(now, most)?;
            let all = due.len() < most;
            let new = due.into_iter().filter(|row| !self.people.knows(row.row));
            found.extend(new.take(CHECKED_AT_ONCE));
            if all {
                self.people.reads_on_at(store.next_due(now)?);
            }
        }
        while found.is_empty() && self.more_pending {
            let room = CHECKED_AT_ONCE;
            let pending = store.pending(self.people.pending_after, room)?;
            self.more_pending = pending.len() == room;
            if let Some(last) = pending.last() {
                self.people.pending_after = last.row;
            }
            found.extend(
                pending
                    .into_iter()
                    .filter(|row| !self.people.knows(row.row)),
            );
        }
        self.people.unchecked = found;
        Ok(())
    }

    fn check(&self) -> Option<Exchange> {
        let campaign = &self.record.as_ref()?.campaign;
        let people = self.people.unchecked.iter();
        let check = Check {
            org: campaign.org,
            agent: campaign.plan.agent,
            hours: campaign.plan.hours.clone(),
            people: people
                .map(|row| (row.phone.clone(), row.time_zone.clone()))
                .collect(),
        };
        Some(Exchange::Check(campaign.plan.trunk.tag(), Box::new(check)))
    }

    fn round(&self, store: &impl CampaignStore) -> Result<Exchange, StoreFailed> {
        let record = self.record.as_ref().ok_or(StoreFailed)?;
        let campaign = &record.campaign;
        let key = campaign.started_by.ok_or(StoreFailed)?;
        let mut calls = Vec::new();
        for (call, row) in self.calls.to_hand_over() {
            calls.push(handed(record, call, row, store)?);
        }
        let count = |many: usize| u32::try_from(many).unwrap_or(u32::MAX);
        let round = Round {
            org: campaign.org,
            campaign: campaign.id,
            key,
            agent: campaign.plan.agent,
            demand: Demand {
                ready: count(self.people.ready.len()),
                in_progress: count(self.calls.over(campaign.plan.trunk.tag())),
                max_channels: campaign.plan.max_channels,
                max_cps: campaign.plan.max_cps,
            },
            calls,
        };
        Ok(Exchange::Round(campaign.plan.trunk.tag(), Box::new(round)))
    }
}

fn outcomes(record: &Record, trunk: TrunkTag, calls: Vec<CallId>) -> Exchange {
    Exchange::Outcomes {
        trunk,
        org: record.campaign.org,
        campaign: record.campaign.id,
        calls,
    }
}

/// A call in the form in which it is handed over.
fn handed(
    record: &Record,
    call: CallId,
    row: &Row,
    store: &impl CampaignStore,
) -> Result<Handed, StoreFailed> {
    let campaign = &record.campaign;
    let plan = &campaign.plan;
    let metadata = store.metadata(row.row)?;
    let metadata = metadata.map(|text| json::read(&text)).transpose();
    let before: Vec<CallId> = row.tried().filter(|tried| *tried != call).collect();
    let count = |many: usize| u32::try_from(many).unwrap_or(u32::MAX);
    let own = CampaignCall {
        id: campaign.id,
        reference: row.reference.clone(),
        attempt: count(before.len() + 1),
        max_attempts: plan.redial.as_ref().map_or(1, |redial| redial.max_attempts),
        first: before.first().copied(),
        previous: before.last().copied(),
        next: None,
        hours: plan.hours.clone(),
        given_back: None,
    };
    let request = CallRequest {
        org: campaign.org,
        trunk: plan.trunk,
        key: campaign.started_by.ok_or(StoreFailed)?,
        phone: row.phone.clone(),
        agent: record.agent.clone().ok_or(StoreFailed)?,
        metadata: metadata.map_err(|_| StoreFailed)?,
        callback_url: plan.callback_url.clone(),
        time_zone: row.time_zone.clone(),
        ignores_hours: false,
        redial: None,
        campaign: Some(Box::new(own)),
    };
    Ok(Handed {
        call,
        request,
        not_after: plan.not_after,
    })
}
