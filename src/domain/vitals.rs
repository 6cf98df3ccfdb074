//! What a trunk reports about itself to its operator: how much work is waiting, what its calls add up to, and what is wrong.

use serde::{Deserialize, Serialize};

use super::alerts::{AlertKind, Finding};
use super::call::Call;
use super::callback::DeliveryStatus;
use super::ids::{AgentId, OrgId, TrunkId};
use super::time::{Span, Timestamp};
use super::usage::Tally;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum VitalsAsked {
    /// How much work is waiting.
    Depth,
    /// That, and what its calls add up to.
    Counts,
    /// How much work is waiting: the cron asks, and whatever is due is done along with it.
    Sweep,
    /// The same with what its calls add up to, for the dataset to which the deployment writes it.
    Report,
}

impl VitalsAsked {
    /// Whether the sums of calls are wanted.
    #[must_use]
    pub const fn counts(self) -> bool {
        matches!(self, Self::Counts | Self::Report)
    }

    /// Whether the cron asks.
    #[must_use]
    pub const fn sweeps(self) -> bool {
        matches!(self, Self::Sweep | Self::Report)
    }
}

/// How long a given-up callback is reported.
const EXHAUSTED_FOR: Span = Span::from_secs(3_600);

/// When a trunk last heard from others. Stored in a row that is written rarely: after a restart it may be an hour old.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its carrier's webhook reported a room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_at: Option<Timestamp>,
    /// An agent was in a call's room, or reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_at: Option<Timestamp>,
    /// A callback was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exhausted_at: Option<Timestamp>,
}

impl Seen {
    /// How old the stored row may be.
    const WRITTEN_EVERY: Span = Span::from_secs(3_600);
    const EXHAUSTED_EVERY: Span = Span::from_secs(600);

    /// Whether a row that says `written` must be rewritten.
    #[must_use]
    pub fn differs(&self, written: &Self) -> bool {
        let is_old =
            |now: Option<Timestamp>, then: Option<Timestamp>, every: Span| match (now, then) {
                (Some(now), Some(then)) => now >= then + every,
                (now, then) => now != then,
            };
        is_old(self.webhook_at, written.webhook_at, Self::WRITTEN_EVERY)
            || is_old(self.agent_at, written.agent_at, Self::WRITTEN_EVERY)
            || is_old(
                self.exhausted_at,
                written.exhausted_at,
                Self::EXHAUSTED_EVERY,
            )
    }
}

/// What finished calls add up to. Each of these numbers except the last only rises, whatever is restarted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// By how they ended.
    pub over: Tally,
    /// Callbacks with an attempt under way or due.
    #[serde(default)]
    pub pending: u64,
}

impl Counts {
    /// The counts of one call as it is.
    #[must_use]
    pub fn of(call: &Call) -> Self {
        if !call.status.is_terminal() {
            return Self::default();
        }
        let callback = call.callback.as_ref().map(|callback| callback.status);
        Self {
            over: Tally::of(call),
            pending: u64::from(callback == Some(DeliveryStatus::Pending)),
        }
    }

    /// Adds the other's counts.
    pub fn add(&mut self, other: &Self) {
        self.over.add(&other.over);
        self.pending += other.pending;
    }

    /// Replaces what a call counted as with what it counts as now.
    pub fn change(&mut self, was: &Self, is: &Self) {
        self.add(is);
        self.over.subtract(&was.over);
        self.pending = self.pending.saturating_sub(was.pending);
    }
}

/// What a trunk reports about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vitals {
    /// Its organisation and id; `None` before the directory's first brief.
    pub of: Option<(OrgId, TrunkId)>,
    /// It takes calls.
    pub is_active: bool,
    /// Its carrier has rooms, in which agents are awaited.
    pub has_rooms: bool,
    /// Calls that hold a channel.
    pub channels_in_use: usize,
    /// How many it may use.
    pub max_channels: u32,
    /// Calls that wait for one.
    pub waiting: usize,
    /// Calls in memory: those in progress, and those over whose rooms are still to be torn down.
    #[serde(default)]
    pub open: usize,
    /// Since when the oldest unclaimed call has been available to dialers.
    pub unclaimed_since: Option<Timestamp>,
    /// Since when the oldest callback has been waiting for delivery.
    pub undelivered_since: Option<Timestamp>,
    /// How many bytes it stores.
    pub storage_bytes: u64,
    /// Until when its dialer's breaker is open.
    pub open_until: Option<Timestamp>,
    /// Agents whose breakers are open.
    pub held_back: Vec<AgentId>,
    /// When it last heard from others.
    pub seen: Seen,
    /// Something was due, and no alarm would have woken it.
    pub lost_alarm: bool,
    /// What its calls add up to, if that was asked for and all of them are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Box<Counts>>,
}

impl Vitals {
    /// What in it is worth an alert.
    #[must_use]
    pub fn findings(&self, storage_limit: u64, now: Timestamp) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut find = |kind, opens, detail| {
            found.push(Finding {
                kind,
                of: self.of,
                opens,
                detail,
            });
        };
        if self.open_until.is_some() {
            let detail = "Calls are refused: the trunk's dialer fails call after call";
            find(AlertKind::BreakerOpen, true, detail.to_owned());
        } else if let Some(agent) = self.held_back.first() {
            let detail = format!("Calls of agent {agent} wait: it breaks off call after call");
            find(AlertKind::BreakerOpen, true, detail);
        }
        let exhausted = self.seen.exhausted_at;
        if exhausted.is_some_and(|at| now < at + EXHAUSTED_FOR) {
            let detail = "Within the last hour a callback was given up: its receiver accepted none of the attempts";
            find(AlertKind::CallbacksExhausted, true, detail.to_owned());
        }
        let percent = self.storage_bytes.saturating_mul(100) / storage_limit.max(1);
        if percent >= LOW {
            let detail = format!("The trunk's calls take up {percent} % of STORAGE_LIMIT_BYTES");
            find(AlertKind::StorageHigh, percent >= HIGH, detail);
        }
        found
    }
}

/// The percentage of the limit from which an alert is opened and below which it is resolved.
const HIGH: u64 = 70;
const LOW: u64 = 65;

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(vitals: &Vitals, now: Timestamp) -> Vec<(AlertKind, bool)> {
        let found = vitals.findings(1_000, now).into_iter();
        found.map(|found| (found.kind, found.opens)).collect()
    }

    #[test]
    fn a_trunk_that_is_well_is_worth_no_alert() {
        let vitals = Vitals {
            storage_bytes: 649,
            ..Vitals::default()
        };
        assert_eq!(kinds(&vitals, Timestamp(0)), []);
    }

    #[test]
    fn each_thing_that_is_amiss_is_found() {
        let vitals = Vitals {
            open_until: Some(Timestamp(5)),
            seen: Seen {
                exhausted_at: Some(Timestamp(1_000)),
                ..Seen::default()
            },
            storage_bytes: 700,
            ..Vitals::default()
        };
        let all = [
            (AlertKind::BreakerOpen, true),
            (AlertKind::CallbacksExhausted, true),
            (AlertKind::StorageHigh, true),
        ];
        assert_eq!(kinds(&vitals, Timestamp(3_600_999)), all);
        let later = kinds(&vitals, Timestamp(3_601_000));
        assert_eq!(later, [all[0], all[2]], "an hour without another");
    }

    #[test]
    fn between_65_and_70_percent_an_alert_stays_as_it_is() {
        let vitals = Vitals {
            storage_bytes: 650,
            ..Vitals::default()
        };
        assert_eq!(
            kinds(&vitals, Timestamp(0)),
            [(AlertKind::StorageHigh, false)]
        );
    }

    #[test]
    fn a_call_that_changes_is_counted_as_it_is_now() {
        let was = Counts {
            over: Tally {
                calls: 1,
                failed: vec![(crate::domain::call::FailureCode::NoAnswer, 1)],
                ..Tally::default()
            },
            pending: 1,
        };
        let is = Counts {
            pending: 0,
            over: Tally {
                delivered: 1,
                ..was.over.clone()
            },
        };
        let mut counts = Counts::default();
        counts.add(&was);
        counts.change(&was, &is);
        assert_eq!(counts, is);
    }

    #[test]
    fn the_row_is_written_now_and_then() {
        let at = |secs: u64| Some(Timestamp(secs * 1_000));
        let written = Seen {
            webhook_at: at(0),
            ..Seen::default()
        };
        let seen = |webhook_at, exhausted_at| Seen {
            webhook_at,
            exhausted_at,
            agent_at: None,
        };
        assert!(!seen(at(3_599), None).differs(&written));
        assert!(seen(at(3_600), None).differs(&written));
        assert!(seen(at(0), at(1)).differs(&written));
    }
}
