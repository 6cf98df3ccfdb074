//! A campaign's life, at its desk: created, started, paused, cancelled, deleted.

use super::language::{CampaignRefusal, Shown};
use super::{Answer, CampaignActor, CampaignStore, Desk, Stop};
use crate::domain::call::CallAgent;
use crate::domain::campaign::{Campaign, HeldBy, Plan, Record, Status};
use crate::domain::ids::KeyId;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::Timestamp;

impl From<Status> for Stop {
    fn from(status: Status) -> Self {
        Self::Refused(CampaignRefusal::Is(status))
    }
}

impl<S: CampaignStore> Desk<'_, S> {
    pub(super) fn create(&mut self, campaign: Box<Campaign>) -> Answer<Shown> {
        if self.actor.record.is_none() {
            self.actor.record = Some(Record::new(*campaign));
            self.write()?;
        }
        self.get()
    }

    pub(super) fn get(&mut self) -> Answer<Shown> {
        let (now, actor) = (self.now, &*self.actor);
        let record = actor.living().ok_or(CampaignRefusal::Missing)?;
        Ok(Shown {
            campaign: record.campaign.clone(),
            held_by: actor.held_by(now),
            projected_end_at: record.projected_end_at(now),
        })
    }

    pub(super) fn save(&mut self, plan: Box<Plan>, was: Box<Plan>) -> Answer<Shown> {
        let record = self.record()?;
        if record.campaign.plan != *was {
            return Err(CampaignRefusal::Changed.into());
        }
        record.change(*plan)?;
        self.write()?;
        self.get()
    }

    pub(super) fn start(&mut self, key: KeyId, agent: Box<CallAgent>, mark: u64) -> Answer<Shown> {
        let now = self.now;
        let record = self.record()?;
        let counts = record.campaign.counts;
        let status = record.campaign.status;
        if counts.total == 0 && matches!(status, Status::Draft | Status::Paused) {
            return Err(CampaignRefusal::NoRecipients.into());
        }
        record.start(key, *agent, mark, now)?;
        self.actor.looks_anew(now);
        self.write()?;
        self.get()
    }

    pub(super) fn pause(&mut self) -> Answer<Shown> {
        self.record()?.pause()?;
        self.takes_back()
    }

    pub(super) fn revoke_key(&mut self, key: KeyId) -> Answer<Shown> {
        let record = self.record()?;
        let is_its_own = record.campaign.started_by == Some(key);
        match is_its_own && record.pause().is_ok() {
            true => self.takes_back(),
            false => self.get(),
        }
    }

    pub(super) fn cancel(&mut self, hang_up: bool) -> Answer<Shown> {
        let now = self.now;
        self.record()?.cancel(hang_up, now)?;
        self.takes_back()
    }

    /// Nothing more is handed over from now on, and what was handed over is taken back.
    fn takes_back(&mut self) -> Answer<Shown> {
        self.actor.stops(self.now);
        if planted(Fault::PauseLeaks)
            && let Some(record) = &mut self.actor.record
        {
            record.takes_back = None;
        }
        self.write()?;
        self.get()
    }

    pub(super) fn delete(&mut self) -> Answer<()> {
        let record = self.record()?;
        match record.campaign.status {
            Status::Draft | Status::Completed | Status::Canceled => {
                record.deleted = true;
                self.write()
            }
            status => Err(status.into()),
        }
    }
}

impl CampaignActor {
    /// Why it is calling nobody at the moment, if it is running.
    pub(super) fn held_by(&self, now: Timestamp) -> Option<HeldBy> {
        let record = self.living()?;
        let rows_say = record.held_by(now).filter(|held| {
            // Those whose time has come are being looked at.
            *held != HeldBy::CallingHours || self.is_idle()
        });
        let trunk_says = self.held.filter(|held| {
            let counts = record.campaign.counts;
            record.is_running() && (*held != HeldBy::Capacity || counts.in_progress == 0)
        });
        rows_say.or(trunk_says)
    }
}
