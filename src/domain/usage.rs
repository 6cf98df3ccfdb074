//! What an organisation's calls add up to, counted by the hour in which each was accepted or refused.
//!
//! A trunk keeps a row for each hour ([`HourUsage`]), so that it knows about calls that have left. As long as an hour's
//! calls are there, they are counted themselves; the row holds those that have left, and, once nothing can change any more,
//! all of them, so that they need not be looked at again.

use serde::{Deserialize, Serialize};

use super::call::{Call, CallStatus, FailureCode};
use super::callback::DeliveryStatus;
use super::ids::{AgentId, CallId};
use super::time::Timestamp;

const HOUR_MS: u64 = 3_600_000;

/// An hour in UTC, as the number of hours since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hour(pub u64);

impl Hour {
    /// The hour of a moment.
    #[must_use]
    pub const fn of(at: Timestamp) -> Self {
        Self(at.0 / HOUR_MS)
    }

    /// The hour to which a call belongs.
    #[must_use]
    pub fn of_call(call: CallId) -> Self {
        Self::of(call.address().at)
    }

    /// When it begins.
    #[must_use]
    pub const fn start(self) -> Timestamp {
        Timestamp(self.0.saturating_mul(HOUR_MS))
    }

    /// The one after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The row at which its calls begin: see [`CallId::row`].
    #[must_use]
    pub fn row(self) -> u64 {
        CallId::floor(self.start()).row()
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What calls add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How many there are.
    #[serde(rename = "n")]
    pub calls: u64,
    /// How many were answered.
    #[serde(default, rename = "a", skip_serializing_if = "is_zero")]
    pub answered: u64,
    /// How many ended `Completed`.
    #[serde(default, rename = "c", skip_serializing_if = "is_zero")]
    pub completed: u64,
    /// How many ended `Decline`.
    #[serde(default, rename = "d", skip_serializing_if = "is_zero")]
    pub declined: u64,
    /// How many ended `Rejected — Capacity`.
    #[serde(default, rename = "r", skip_serializing_if = "is_zero")]
    pub rejected: u64,
    /// How long their conversations lasted, each in whole seconds.
    #[serde(default, rename = "t", skip_serializing_if = "is_zero")]
    pub talk_seconds: u64,
    /// How many callbacks were delivered.
    #[serde(default, rename = "cd", skip_serializing_if = "is_zero")]
    pub delivered: u64,
    /// How many were given up.
    #[serde(default, rename = "ce", skip_serializing_if = "is_zero")]
    pub exhausted: u64,
    /// How many were given up, and delivered when asked for again.
    #[serde(default, rename = "cm", skip_serializing_if = "is_zero")]
    pub mended: u64,
    /// How many ended `Trigger Failed` or `SIP Call Failed`, by cause.
    #[serde(default, rename = "f", skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<(FailureCode, u64)>,
}

impl Tally {
    /// The tally of one call as it is.
    #[must_use]
    pub fn of(call: &Call) -> Self {
        let is = |status: CallStatus| u64::from(call.status == status);
        let delivery = call.callback.as_ref().map(|callback| callback.status);
        let is_delivery = |status: DeliveryStatus| u64::from(delivery == Some(status));
        let failure = call.final_failure().map(|failure| failure.code);
        let has_failed = is(CallStatus::TriggerFailed) + is(CallStatus::SipCallFailed) > 0;
        let failed = failure.filter(|_| has_failed);
        Self {
            calls: 1,
            answered: u64::from(call.answered_at.is_some()),
            completed: is(CallStatus::Completed),
            declined: is(CallStatus::Decline),
            rejected: is(CallStatus::RejectedCapacity),
            talk_seconds: call.duration_secs().unwrap_or_default(),
            delivered: is_delivery(DeliveryStatus::Delivered),
            exhausted: is_delivery(DeliveryStatus::Exhausted),
            mended: u64::from(call.callback.as_ref().is_some_and(|told| told.mended)),
            failed: failed.into_iter().map(|code| (code, 1)).collect(),
        }
    }

    /// Adds the other's counts.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.answered += other.answered;
        self.completed += other.completed;
        self.declined += other.declined;
        self.rejected += other.rejected;
        self.talk_seconds += other.talk_seconds;
        self.delivered += other.delivered;
        self.exhausted += other.exhausted;
        self.mended += other.mended;
        for (code, count) in &other.failed {
            let mut known = self.failed.iter_mut();
            match known.find(|(known, _)| known == code) {
                Some((_, known)) => *known += count,
                None => self.failed.push((*code, *count)),
            }
        }
    }

    /// Subtracts counts that were added.
    pub fn subtract(&mut self, other: &Self) {
        let less = |from: &mut u64, count: u64| *from = from.saturating_sub(count);
        less(&mut self.calls, other.calls);
        less(&mut self.answered, other.answered);
        less(&mut self.completed, other.completed);
        less(&mut self.declined, other.declined);
        less(&mut self.rejected, other.rejected);
        less(&mut self.talk_seconds, other.talk_seconds);
        less(&mut self.delivered, other.delivered);
        less(&mut self.exhausted, other.exhausted);
        less(&mut self.mended, other.mended);
        for (code, count) in &other.failed {
            let mut known = self.failed.iter_mut();
            if let Some((_, known)) = known.find(|(known, _)| known == code) {
                less(known, *count);
            }
        }
    }
}

/// Calls of one agent and one campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The agent that talked, or would have.
    pub agent: AgentId,
    /// The campaign's id; `None` for calls of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    /// The totals.
    #[serde(rename = "of")]
    pub tally: Tally,
}

impl Share {
    /// The share of one call as it is.
    #[must_use]
    pub fn of(call: &Call) -> Self {
        Self {
            agent: call.request.agent.id,
            campaign: call
                .request
                .campaign
                .as_ref()
                .map(|campaign| campaign.id.to_string()),
            tally: Tally::of(call),
        }
    }
}

/// Calls, broken down by agent and campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shares(pub Vec<Share>);

impl Shares {
    /// Adds a share.
    pub fn add(&mut self, share: &Share) {
        let is_same =
            |known: &&mut Share| known.agent == share.agent && known.campaign == share.campaign;
        match self.0.iter_mut().find(is_same) {
            Some(known) => known.tally.add(&share.tally),
            None => self.0.push(share.clone()),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What is stored for an hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourUsage {
    /// Calls that have left.
    #[serde(default, skip_serializing_if = "Shares::is_empty")]
    pub left: Shares,
    /// Calls about to leave, each with its row: those count that have left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaving: Vec<(u64, Share)>,
    /// All calls of the hour, once nothing about those still there can change on its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<Shares>,
}

impl HourUsage {
    /// Those about to leave have left, except for some that are still there.
    pub fn settle(&mut self, still: &[u64]) {
        for (row, share) in std::mem::take(&mut self.leaving) {
            if !still.contains(&row) {
                self.left.add(&share);
            }
        }
    }
}

impl Call {
    /// Whether what it adds to an hour is final, unless its callback is asked for again.
    #[must_use]
    pub fn is_counted_for_good(&self) -> bool {
        let is_told = |status| status != DeliveryStatus::Pending;
        let callback = self.callback.as_ref().map(|callback| callback.status);
        self.status.is_terminal() && callback.is_none_or(is_told)
    }
}

/// What usage is grouped by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum GroupBy {
    /// The hour in which a call was accepted or refused.
    #[default]
    Hour,
    /// The day of that hour, by UTC.
    Day,
    /// The agent that was to talk.
    Agent,
    /// The trunk that the call was asked of.
    Trunk,
    /// The campaign that handed the call over.
    Campaign,
}

impl GroupBy {
    /// All of them, with their names.
    pub const ALL: [(Self, &str); 5] = [
        (Self::Hour, "hour"),
        (Self::Day, "day"),
        (Self::Agent, "agent"),
        (Self::Trunk, "trunk"),
        (Self::Campaign, "campaign"),
    ];

    /// The grouping with that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|(_, name)| *name == text).map(|(by, _)| by)
    }
}
