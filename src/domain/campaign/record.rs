//! A campaign's own row: where it is, its recipients counted, and what it owes.

use serde::{Deserialize, Serialize};

use super::handover::TakeBack;
use super::pace::Pace;
use super::row::Rules;
use super::{Campaign, Counts, HeldBy, Plan, RecipientStatus, Status};
use crate::domain::call::CallAgent;
use crate::domain::callback::{Delivery, DeliveryStatus, EventType};
use crate::domain::ids::{DeliveryId, IdKey, KeyId};
use crate::domain::planted::{Fault, planted};
use crate::domain::time::Timestamp;

/// A campaign, as stored in its one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The part that clients see.
    pub campaign: Campaign,
    /// The agent as it was when the campaign was last started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<CallAgent>,
    /// The mark by which the directory knows that start, until it has heard that the campaign rests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<u64>,
    /// The number of its last row.
    #[serde(default)]
    pub rows: u64,
    /// How many wait for calling hours.
    #[serde(default)]
    pub closed: u64,
    /// What all pending and waiting recipients became when the campaign's time was over, without rewriting their rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_as: Option<RecipientStatus>,
    /// Why its calls are to be taken back, if they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes_back: Option<TakeBack>,
    /// The notification that it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion: Option<Box<Delivery>>,
    /// How fast recipients have been decided lately.
    #[serde(default)]
    pub pace: Pace,
    /// Its status as the live feed last told it, unless it was running.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Status>,
    /// It was deleted, and disappears as soon as nothing is owed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

impl Counts {
    fn slot(&mut self, status: RecipientStatus) -> &mut u64 {
        match status {
            RecipientStatus::Pending => &mut self.pending,
            RecipientStatus::InProgress => &mut self.in_progress,
            RecipientStatus::Waiting => &mut self.waiting,
            RecipientStatus::Completed => &mut self.completed,
            RecipientStatus::Unreached => &mut self.unreached,
            RecipientStatus::Suppressed => &mut self.suppressed,
            RecipientStatus::Expired => &mut self.expired,
            RecipientStatus::Canceled => &mut self.canceled,
        }
    }

    fn moves(&mut self, from: RecipientStatus, to: RecipientStatus, how_many: u64) {
        let left = self.slot(from);
        *left = left.saturating_sub(how_many);
        *self.slot(to) += how_many;
    }

    /// How many are not decided yet.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.pending + self.in_progress + self.waiting
    }
}

impl Record {
    /// A campaign that was just created.
    #[must_use]
    pub fn new(campaign: Campaign) -> Self {
        Self {
            campaign,
            agent: None,
            mark: None,
            rows: 0,
            closed: 0,
            left_as: None,
            takes_back: None,
            completion: None,
            pace: Pace::default(),
            told: None,
            deleted: false,
        }
    }

    /// Whether it calls people.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.campaign.status == Status::Running
    }

    /// What decides how an attempt's end is taken.
    #[must_use]
    pub fn rules(&self) -> Rules<'_> {
        Rules {
            redial: self.campaign.plan.redial.as_ref(),
            not_after: self.campaign.plan.not_after,
            left_as: self.left_as,
        }
    }

    /// Its owner changes it.
    ///
    /// # Errors
    /// Its status, if that does not allow it.
    pub fn change(&mut self, plan: Plan) -> Result<(), Status> {
        match self.campaign.status {
            Status::Draft | Status::Paused => {
                self.campaign.plan = plan;
                Ok(())
            }
            status => Err(status),
        }
    }

    /// It is started, or resumed.
    ///
    /// # Errors
    /// Its status, if that does not allow it.
    pub fn start(
        &mut self,
        key: KeyId,
        agent: CallAgent,
        mark: u64,
        now: Timestamp,
    ) -> Result<(), Status> {
        match self.campaign.status {
            Status::Draft | Status::Paused => {
                self.campaign.status = Status::Running;
                self.campaign.started_by = Some(key);
                self.campaign.started_at = self.campaign.started_at.or(Some(now));
                (self.agent, self.mark) = (Some(agent), Some(mark));
                self.takes_back = None;
                self.told = None;
                self.pace.begins(self.decided(), now);
                Ok(())
            }
            status => Err(status),
        }
    }

    /// It is paused. Asking again while a phone may still ring makes no difference.
    ///
    /// # Errors
    /// Its status, if that does not allow it.
    pub fn pause(&mut self) -> Result<(), Status> {
        match self.campaign.status {
            Status::Running => {
                self.campaign.status = Status::Paused;
                self.takes_back = Some(TakeBack::Paused);
                Ok(())
            }
            Status::Paused if self.takes_back.is_some() => Ok(()),
            status => Err(status),
        }
    }

    /// It is cancelled. Asking again while a phone may still ring makes no difference.
    ///
    /// # Errors
    /// Its status, if that does not allow it.
    pub fn cancel(&mut self, hang_up: bool, now: Timestamp) -> Result<(), Status> {
        let why = match hang_up {
            true => TakeBack::HungUp,
            false => TakeBack::Canceled,
        };
        match self.campaign.status {
            Status::Draft | Status::Running | Status::Paused => {
                self.campaign.status = Status::Canceled;
                self.campaign.ended_at = Some(now);
                self.takes_back = Some(why);
                self.leave_as(RecipientStatus::Canceled);
                Ok(())
            }
            Status::Canceled if self.takes_back.is_some() => {
                self.takes_back = Some(why);
                Ok(())
            }
            status => Err(status),
        }
    }

    /// Whether its time is over while those who were not called are undecided.
    #[must_use]
    pub fn expires(&self, now: Timestamp) -> bool {
        let over = self.campaign.plan.not_after.is_some_and(|at| now >= at);
        self.is_running() && over && self.left_as.is_none()
    }

    /// Everybody undecided who is not being called gets this status.
    pub fn leave_as(&mut self, status: RecipientStatus) {
        if self.left_as.is_some() {
            return;
        }
        self.left_as = Some(status);
        self.closed = 0;
        let counts = &mut self.campaign.counts;
        counts.moves(RecipientStatus::Pending, status, counts.pending);
        counts.moves(RecipientStatus::Waiting, status, counts.waiting);
    }

    /// Somebody's status, given the one in their row.
    #[must_use]
    pub fn status_of(&self, status: RecipientStatus) -> RecipientStatus {
        match (status, self.left_as) {
            (RecipientStatus::Pending | RecipientStatus::Waiting, Some(left_as)) => left_as,
            _ => status,
        }
    }

    /// Somebody's row changed.
    pub fn recount(&mut self, from: (RecipientStatus, bool), to: (RecipientStatus, bool)) {
        let (before, after) = (self.status_of(from.0), self.status_of(to.0));
        if planted(Fault::CountDrifts) && to.0 == RecipientStatus::Waiting {
            return;
        }
        self.campaign.counts.moves(before, after, 1);
        if self.left_as.is_none() {
            self.closed = (self.closed + u64::from(to.1)).saturating_sub(u64::from(from.1));
        }
    }

    /// This many people were added to the list.
    pub fn adds(&mut self, people: u64) {
        let status = self.status_of(RecipientStatus::Pending);
        self.rows += people;
        self.campaign.counts.total += people;
        *self.campaign.counts.slot(status) += people;
    }

    fn decided(&self) -> u64 {
        self.campaign.counts.total - self.campaign.counts.left().min(self.campaign.counts.total)
    }

    /// What follows from the present state; called before each write.
    pub fn settle(&mut self, key: &IdKey, now: Timestamp) {
        self.pace.goes_on(self.decided(), now);
        let counts = self.campaign.counts;
        if self.is_running() && counts.left() == 0 {
            self.campaign.status = Status::Completed;
            self.campaign.ended_at = Some(now);
        }
        let over = self.is_over() && counts.in_progress == 0;
        if over
            && (self.completion.is_none() || self.tells_again())
            && let Some(url) = &self.campaign.plan.completion_url
        {
            let id = DeliveryId::mint_campaign(self.campaign.id, now, key);
            let delivery = Delivery::new(id, EventType::Completed, url.clone(), now);
            self.completion = Some(Box::new(delivery));
        }
    }

    fn tells_again(&self) -> bool {
        let told = self.completion.as_deref();
        planted(Fault::CompletionAgain)
            && told.is_some_and(|told| told.status != DeliveryStatus::Pending)
    }

    /// Whether it is over for good.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.campaign.status, Status::Completed | Status::Canceled)
    }

    /// The mark by which the directory must hear that the campaign rests, until it has.
    #[must_use]
    pub fn rests(&self) -> Option<u64> {
        let rests = !self.is_running() && self.takes_back.is_none();
        self.mark.filter(|_| rests)
    }

    /// Whether it owes nothing to anybody.
    #[must_use]
    pub fn is_done(&self) -> bool {
        let told = self
            .completion
            .as_ref()
            .is_none_or(|told| told.due().is_none());
        let knows = self.mark.is_none() && self.takes_back.is_none();
        self.campaign.counts.in_progress == 0 && told && knows
    }

    /// Why it is calling nobody at the moment, as far as its row tells.
    #[must_use]
    pub fn held_by(&self, now: Timestamp) -> Option<HeldBy> {
        let counts = self.campaign.counts;
        let early = self.campaign.plan.not_before.is_some_and(|at| now < at);
        let all_closed = counts.left() == self.closed && self.closed > 0;
        match (self.is_running(), early, all_closed) {
            (true, true, _) => Some(HeldBy::NotBefore),
            (true, false, true) => Some(HeldBy::CallingHours),
            _ => None,
        }
    }

    /// When all will be decided at the recent pace.
    #[must_use]
    pub fn projected_end_at(&self, now: Timestamp) -> Option<Timestamp> {
        let left = self.campaign.counts.left();
        let end = self.pace.ends_at(left, self.decided(), now);
        let end = end.filter(|_| self.is_running() && left > 0)?;
        Some(self.campaign.plan.not_after.map_or(end, |at| end.min(at)))
    }
}
