//! What becomes of a request for a call.

use super::{Admission, Effect, OnCapacity, Quota, Step, Terms, Trunk, TrunkConfig, Verdict};
use crate::domain::agent::Status;
use crate::domain::call::{Call, CallEffect, CallRequest, FailureCode, ScheduleReason};
use crate::domain::ids::{Address, AgentId, CallId, KeyId, OrgId, TrunkTag};
use crate::domain::planted::{Fault, planted};
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;

/// The most calls the queue holds.
const QUEUE_MAX: usize = 10_000;
const RETRY_AFTER_SECS: std::ops::RangeInclusive<u64> = 1..=60;

impl Trunk {
    /// Checks that calls of this kind may be placed at all.
    ///
    /// # Errors
    /// A revoked key, or an agent or a trunk that takes no calls.
    pub fn takes(&self, request: &CallRequest) -> Result<(), Refusal> {
        self.may_call(request).map(drop)
    }

    /// What would become of a request for a call, without carrying it out.
    ///
    /// # Errors
    /// A revoked key, or an agent or a trunk that takes no calls.
    pub fn verdict(
        &mut self,
        request: &CallRequest,
        terms: Terms,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> Result<Verdict, Refusal> {
        self.may_call(request)?;
        let put_off = match self.put_off_until(request, terms, now) {
            Ok(put_off) => put_off,
            Err(refused) => return Ok(refused),
        };
        let full_day = self.day_wait(now, step);
        let full_day = full_day.map(|retry_after_secs| Verdict::Refuse {
            code: FailureCode::DailyLimitReached,
            retry_after_secs,
        });
        if let Some(due) = put_off {
            return Ok(full_day.unwrap_or_else(|| self.goes_on_schedule(due, terms, now, step)));
        }
        if let Some(next_allowed_at) = terms.limited {
            return Ok(Verdict::Limited { next_allowed_at });
        }
        if let Err((until, is_agent)) = self.dialer_takes(request.agent.id, now, step) {
            let retry_after_secs = (until - now).as_secs_ceil().max(1);
            return Ok(Verdict::Down {
                retry_after_secs,
                is_agent,
            });
        }
        if let Some(refused) = full_day {
            return Ok(refused);
        }
        let (max_channels, max_cps) = self.limits();
        let is_full = self.live.len() >= max_channels as usize;
        let lacking = if is_full || self.next_in_queue(now, step).is_some() {
            Some((FailureCode::ChannelsExhausted, self.channel_wait(now)))
        } else if self.accepted.room(now, max_cps) == 0 {
            Some((FailureCode::RateExceeded, 1))
        } else {
            None
        };
        Ok(match (lacking, terms.on_capacity) {
            (None, _) => Verdict::Go,
            (Some((code, _)), OnCapacity::Queue { max_wait }) if self.waiting() < QUEUE_MAX => {
                let window = terms.window.map(|window| window.not_after);
                Verdict::Wait {
                    until: (now + max_wait).min(window.unwrap_or(Timestamp::MAX)),
                    code,
                }
            }
            (Some((code, retry_after_secs)), _) => Verdict::Refuse {
                code,
                retry_after_secs,
            },
        })
    }

    /// It may not be dialed yet: it goes on the schedule, if that has room.
    fn goes_on_schedule(
        &mut self,
        (at, reason): (Timestamp, ScheduleReason),
        terms: Terms,
        now: Timestamp,
        step: &Step<'_>,
    ) -> Verdict {
        match self.takes_scheduled(step) {
            true => Verdict::Schedule {
                at,
                reason,
                next_allowed_at: terms.limited.flatten(),
            },
            false => Verdict::Refuse {
                code: FailureCode::ScheduleFull,
                retry_after_secs: self.schedule_wait(now),
            },
        }
    }

    /// Decides on a request for a call, and carries the decision out.
    ///
    /// # Errors
    /// A revoked key, or an agent or a trunk that takes no calls: nothing is created.
    pub fn admit(
        &mut self,
        request: CallRequest,
        terms: Terms,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> Result<Admission, Refusal> {
        let verdict = self.verdict(&request, terms, now, step)?;
        if let Some(refused) = verdict.refused_with_nothing() {
            return Ok(refused);
        }
        let (id, agent) = (self.next_id(now), request.agent.id);
        if !matches!(verdict, Verdict::Refuse { .. }) {
            self.count_today(id, step);
        }
        let mut call = match verdict {
            Verdict::Refuse { code, .. } => Call::rejected(id, request, code, &self.key, now),
            Verdict::Wait { until, .. } => {
                Call::queued(id, request, until, now).within(terms.window)
            }
            Verdict::Schedule { at, reason, .. } => {
                if planted(Fault::ScheduledCounted) {
                    self.accepted.push(now);
                }
                self.scheduled(id, request, terms, (at, reason), now)
            }
            Verdict::Go
            | Verdict::Closed { .. }
            | Verdict::ZoneUnknown
            | Verdict::Limited { .. }
            | Verdict::Down { .. } => {
                self.started(id, agent, now, step);
                self.accepted.push(id.address().at);
                self.paced.push(id.address().at);
                step.effects.push(Effect {
                    call: id,
                    what: CallEffect::Dispatch,
                });
                Call::accepted(id, request, now).within(terms.window)
            }
        };
        if let Verdict::Go | Verdict::Wait { .. } = verdict {
            call.ticket = terms.ticket;
        }
        if call.is_open() {
            self.note(&call);
        }
        step.create(call);
        self.keeps_place(id, step);
        self.follow(id, now, step);
        Ok(verdict.admits(id, self.quota(now)))
    }

    fn quota(&self, now: Timestamp) -> Quota {
        let (channels, cps) = self.limits();
        let in_use = u32::try_from(self.live.len()).unwrap_or(u32::MAX);
        Quota {
            channels,
            channels_left: channels.saturating_sub(in_use),
            cps,
            cps_left: u32::try_from(self.accepted.room(now, cps)).unwrap_or(u32::MAX),
        }
    }

    /// `max_channels` and `max_cps`; both 0 before the directory's first brief.
    pub(super) fn limits(&self) -> (u32, u32) {
        self.brief.as_ref().map_or((0, 0), |brief| {
            (brief.config.max_channels, brief.config.max_cps)
        })
    }

    pub(super) fn may_call(&self, request: &CallRequest) -> Result<&TrunkConfig, Refusal> {
        self.may_call_by(request.org, request.key, request.agent.id)
    }

    /// Checks that an agent may call at all, on behalf of a key.
    ///
    /// # Errors
    /// As for [`Trunk::takes`].
    pub(super) fn may_call_by(
        &self,
        org: OrgId,
        key: KeyId,
        agent: AgentId,
    ) -> Result<&TrunkConfig, Refusal> {
        let brief = self.brief.as_ref().ok_or(Refusal::TrunkNotFound)?;
        if brief.config.org_id != org {
            return Err(Refusal::TrunkNotFound);
        }
        if self.is_revoked(key) {
            return Err(Refusal::InvalidKey);
        }
        if brief.suspended {
            return Err(Refusal::OrganisationSuspended);
        }
        if brief.inactive_agents.contains(&agent) {
            return Err(Refusal::AgentInactive);
        }
        let is_retired = brief.retired_until.is_some_and(|until| self.clock < until);
        if is_retired || brief.config.status != Status::Active {
            return Err(Refusal::TrunkInactive);
        }
        Ok(&brief.config)
    }

    pub(super) fn next_id(&mut self, now: Timestamp) -> CallId {
        let tag = self
            .brief
            .as_ref()
            .map_or(TrunkTag::DIRECTORY, |brief| brief.config.id.tag());
        let address = Address::next(self.last, now, tag);
        self.last = Some(address);
        CallId::mint(address, &self.key)
    }

    /// Seconds until the oldest live call has lasted as long as calls have lately.
    fn channel_wait(&self, now: Timestamp) -> u64 {
        let oldest = self.live.first().map_or(now, |(at, _)| at);
        let left = (oldest + self.held) - now;
        left.as_secs_ceil()
            .clamp(*RETRY_AFTER_SECS.start(), *RETRY_AFTER_SECS.end())
    }
}
