//! What becomes of a request for a call.

use serde::{Deserialize, Serialize};

use super::{Effect, Step, Trunk, TrunkConfig};
use crate::domain::agent::Status;
use crate::domain::call::{Call, CallEffect, CallRequest, FailureCode, ScheduleReason, Window};
use crate::domain::ids::{Address, CallId, TrunkTag};
use crate::domain::planted::{Fault, planted};
use crate::domain::refusal::Refusal;
use crate::domain::time::{Span, Timestamp};

/// The queue holds at most so many calls.
const QUEUE_MAX: usize = 10_000;
const RETRY_AFTER_SECS: std::ops::RangeInclusive<u64> = 1..=60;

/// What is left of a trunk's capacity, for the `RateLimit` headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// `max_channels`.
    pub channels: u32,
    /// Channels free.
    pub channels_left: u32,
    /// `max_cps`.
    pub cps: u32,
    /// Acceptances that this second still has room for.
    pub cps_left: u32,
}

/// What came of a request for a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Admission {
    /// It is accepted, and will be dialed.
    Accepted {
        /// Its id.
        call: CallId,
        /// What is left.
        quota: Quota,
    },
    /// It is accepted, and stands in the queue.
    Queued {
        /// Its id.
        call: CallId,
        /// What is left.
        quota: Quota,
    },
    /// It is accepted, and stands on the schedule.
    Scheduled {
        /// Its id.
        call: CallId,
        /// When it is due.
        at: Timestamp,
        /// What is left.
        quota: Quota,
    },
    /// It is refused while calling hours are closed; nothing was created.
    Closed {
        /// From when on they are open, if ever.
        opens_at: Option<Timestamp>,
    },
    /// It is refused because nobody knows what time it is where the phone is; nothing was created.
    ZoneUnknown,
    /// It is refused for want of capacity, and stays readable.
    Rejected {
        /// Its id.
        call: CallId,
        /// Which limit: channels or rate.
        code: FailureCode,
        /// Seconds until a retry makes sense.
        #[serde(rename = "retry_after")]
        retry_after_secs: u64,
        /// What is left.
        quota: Quota,
    },
    /// It is refused while the dialer is down; nothing was created.
    Down {
        /// Seconds until a retry makes sense.
        #[serde(rename = "retry_after")]
        retry_after_secs: u64,
        /// It is the agent that is down.
        #[serde(default)]
        is_agent: bool,
    },
}

impl Admission {
    /// The call's id, when one was created.
    #[must_use]
    pub fn call(&self) -> Option<CallId> {
        match self {
            Self::Accepted { call, .. }
            | Self::Queued { call, .. }
            | Self::Scheduled { call, .. }
            | Self::Rejected { call, .. } => Some(*call),
            Self::Closed { .. } | Self::ZoneUnknown | Self::Down { .. } => None,
        }
    }
}

/// What a call wants when there is no capacity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnCapacity {
    /// To be refused.
    #[default]
    Reject,
    /// To stand in the queue.
    Queue {
        /// For so long at most.
        max_wait: Span,
    },
}

/// How a call wants to be treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// What happens without capacity.
    pub on_capacity: OnCapacity,
    /// When it may be dialed, if that is not whenever there is capacity.
    pub window: Option<Window>,
}

/// What a trunk decides on a request for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It is dialed at once.
    Go,
    /// It stands in the queue.
    Wait {
        /// Until then at most.
        until: Timestamp,
        /// For want of what: channels or rate.
        code: FailureCode,
    },
    /// It stands on the schedule.
    Schedule {
        /// When it is due.
        at: Timestamp,
        /// Why then.
        reason: ScheduleReason,
    },
    /// It is refused while calling hours are closed.
    Closed {
        /// From when on they are open, if ever.
        opens_at: Option<Timestamp>,
    },
    /// It is refused because nobody knows what time it is where the phone is.
    ZoneUnknown,
    /// It is refused.
    Refuse {
        /// Which limit: channels or rate.
        code: FailureCode,
        /// Seconds until a retry makes sense.
        #[serde(rename = "retry_after")]
        retry_after_secs: u64,
    },
    /// It is refused while the dialer is down.
    Down {
        /// Seconds until a retry makes sense.
        #[serde(rename = "retry_after")]
        retry_after_secs: u64,
        /// It is the agent that is down.
        #[serde(default)]
        is_agent: bool,
    },
}

impl Verdict {
    /// The answer where nothing is created.
    fn refused_with_nothing(self) -> Option<Admission> {
        match self {
            Self::Down {
                retry_after_secs,
                is_agent,
            } => Some(Admission::Down {
                retry_after_secs,
                is_agent,
            }),
            Self::Closed { opens_at } => Some(Admission::Closed { opens_at }),
            Self::ZoneUnknown => Some(Admission::ZoneUnknown),
            Self::Go | Self::Wait { .. } | Self::Schedule { .. } | Self::Refuse { .. } => None,
        }
    }
}

impl Terms {
    /// Until when a call may not be dialed that wants this, and why.
    pub(super) fn put_off_until(&self, now: Timestamp) -> Option<(Timestamp, ScheduleReason)> {
        let not_before = self.window?.not_before.filter(|at| *at > now)?;
        Some((not_before, ScheduleReason::NotBefore))
    }

    /// How long a call waits for capacity, as far as it says.
    pub(super) fn max_wait(&self) -> Option<Span> {
        match self.on_capacity {
            OnCapacity::Queue { max_wait } => Some(max_wait),
            OnCapacity::Reject => None,
        }
    }
}

impl Trunk {
    /// Whether calls of this kind may be placed at all.
    ///
    /// # Errors
    /// A revoked key, an agent or a trunk that takes no calls.
    pub fn takes(&self, request: &CallRequest) -> Result<(), Refusal> {
        self.may_call(request).map(drop)
    }

    /// What would become of a request for a call, without doing it.
    ///
    /// # Errors
    /// A revoked key, an agent or a trunk that takes no calls.
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
        let full_day = self.day_wait(now).map(|retry_after_secs| Verdict::Refuse {
            code: FailureCode::DailyLimitReached,
            retry_after_secs,
        });
        if let Some((at, reason)) = put_off {
            if let Some(refused) = full_day {
                return Ok(refused);
            }
            let retry_after_secs = self.schedule_wait(now);
            return Ok(match self.takes_scheduled(step) {
                true => Verdict::Schedule { at, reason },
                false => Verdict::Refuse {
                    code: FailureCode::ScheduleFull,
                    retry_after_secs,
                },
            });
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

    /// Decides on a request for a call.
    ///
    /// # Errors
    /// A revoked key, an agent or a trunk that takes no calls: nothing is created.
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
        let call = match verdict {
            Verdict::Refuse { code, .. } => Call::rejected(id, request, code, &self.key, now),
            Verdict::Wait { until, .. } => {
                Call::queued(id, request, until, now).within(terms.window)
            }
            Verdict::Schedule { at, reason } => {
                if planted(Fault::ScheduledCounted) {
                    self.accepted.push(now);
                }
                self.scheduled(id, request, terms, (at, reason), now)
            }
            Verdict::Go | Verdict::Closed { .. } | Verdict::ZoneUnknown | Verdict::Down { .. } => {
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
        if call.is_open() {
            self.note(&call);
        }
        step.create(call);
        self.follow(id, now, step);
        let quota = self.quota(now);
        Ok(match verdict {
            Verdict::Refuse {
                code,
                retry_after_secs,
            } => Admission::Rejected {
                call: id,
                code,
                retry_after_secs,
                quota,
            },
            Verdict::Wait { .. } => Admission::Queued { call: id, quota },
            Verdict::Schedule { at, .. } => Admission::Scheduled {
                call: id,
                at,
                quota,
            },
            Verdict::Go | Verdict::Closed { .. } | Verdict::ZoneUnknown | Verdict::Down { .. } => {
                Admission::Accepted { call: id, quota }
            }
        })
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

    /// `max_channels` and `max_cps`; none of either before the directory's first word.
    pub(super) fn limits(&self) -> (u32, u32) {
        self.brief.as_ref().map_or((0, 0), |brief| {
            (brief.config.max_channels, brief.config.max_cps)
        })
    }

    pub(super) fn may_call(&self, request: &CallRequest) -> Result<&TrunkConfig, Refusal> {
        let brief = self.brief.as_ref().ok_or(Refusal::TrunkNotFound)?;
        if brief.config.org_id != request.org {
            return Err(Refusal::TrunkNotFound);
        }
        if self.is_revoked(request.key) {
            return Err(Refusal::InvalidKey);
        }
        if brief.inactive_agents.contains(&request.agent.id) {
            return Err(Refusal::AgentInactive);
        }
        let is_retired = brief.retired_until.is_some_and(|until| self.clock < until);
        if is_retired || brief.config.status != Status::Active {
            return Err(Refusal::TrunkInactive);
        }
        Ok(&brief.config)
    }

    fn next_id(&mut self, now: Timestamp) -> CallId {
        let tag = self
            .brief
            .as_ref()
            .map_or(TrunkTag::DIRECTORY, |brief| brief.config.id.tag());
        let address = Address::next(self.last, now, tag);
        self.last = Some(address);
        CallId::mint(address, &self.key)
    }

    /// Seconds until the oldest live call has lasted as long as calls did lately.
    fn channel_wait(&self, now: Timestamp) -> u64 {
        let oldest = self.live.first().map_or(now, |(at, _)| at);
        let left = (oldest + self.held) - now;
        left.as_secs_ceil()
            .clamp(*RETRY_AFTER_SECS.start(), *RETRY_AFTER_SECS.end())
    }
}
