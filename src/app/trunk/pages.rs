//! Pages of calls: their filters, and what was found.

use serde::{Deserialize, Serialize};

use crate::app::views::call::ListedCall;
use crate::domain::call::{Call, CallStatus, FailureCode};
use crate::domain::callback::DeliveryStatus;
use crate::domain::ids::{AgentId, CallId, CampaignId};
use crate::domain::phone::{E164, LastDigits};
use crate::domain::planted::{Fault, planted};
use crate::domain::settings::Settings;
use crate::domain::sorting::newest_first;
use crate::domain::time::Timestamp;
use crate::domain::to_json::to_json;

/// The most rows that an object scans for one page. Otherwise a filter that matches few calls would read everything the
/// object has, and hold up every admission meanwhile.
pub const SCAN_LIMIT: usize = 20_000;

/// A call as its list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The call's id.
    pub id: CallId,
    /// The item of the list, as JSON.
    pub item: String,
}

impl Shown {
    /// A call as listed at that moment.
    #[must_use]
    pub fn of(call: &Call, now: Timestamp, settings: &Settings) -> Self {
        let accepted = planted(Fault::ShownStale).then(|| Call {
            status: CallStatus::Initiating,
            ..call.clone()
        });
        let item = ListedCall::of(accepted.as_ref().unwrap_or(call), now, settings);
        Self {
            id: call.id,
            item: to_json(&item).unwrap_or_default(),
        }
    }
}

/// What one scan of closed calls found: those that match a filter, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan<T = Call> {
    /// At most a page of them.
    pub calls: Vec<T>,
    /// The oldest row scanned, if the scan ended before the page was full and before the rows did.
    pub until: Option<CallId>,
}

/// Anything that has a call's place in a list.
pub trait InList {
    /// The call whose place it has.
    fn call(&self) -> CallId;
}

impl InList for Call {
    fn call(&self) -> CallId {
        self.id
    }
}

impl InList for Shown {
    fn call(&self) -> CallId {
        self.id
    }
}

impl<T: InList> Scan<T> {
    /// One page from those of several trunks. If one of them stopped scanning early, the page ends there for all: older calls
    /// of the others come after those that one may still have.
    #[must_use]
    pub fn merge(found: Vec<Self>, limit: usize) -> Self {
        let until = found.iter().filter_map(|found| found.until).max();
        let mut calls: Vec<T> = found.into_iter().flat_map(|found| found.calls).collect();
        calls.retain(|call| until.is_none_or(|until| call.call() >= until));
        newest_first(&mut calls, |call| call.call().number());
        calls.truncate(limit);
        Self { calls, until }
    }
}

/// Whether a filter lets a value pass: it is one of those wanted, or none are given.
pub fn admits<T: PartialEq>(wanted: &[T], is: T) -> bool {
    wanted.is_empty() || wanted.contains(&is)
}

/// Which calls a page lists.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CallFilter {
    /// Only those with one of these statuses; with any if empty.
    pub status: Vec<CallStatus>,
    /// Only this agent's.
    pub agent: Option<AgentId>,
    /// Only to this number.
    pub phone: Option<E164>,
    /// Only to numbers that end with these digits.
    #[serde(default)]
    pub phone_ends: Option<LastDigits>,
    /// `true`: only those on the schedule; `false`: none of those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled: Option<bool>,
    /// Only those that failed with this code, or were ended early with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureCode>,
    /// Only those whose agent reported this disposition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition: Option<String>,
    /// Only this campaign's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<CampaignId>,
    /// Only those created at this moment or later.
    pub created_after: Option<Timestamp>,
    /// Only those created before this moment.
    pub created_before: Option<Timestamp>,
    /// Only older than this call.
    pub before: Option<CallId>,
    /// Page size.
    pub limit: usize,
    /// The most rows to scan: see [`SCAN_LIMIT`].
    #[serde(rename = "examine")]
    pub scan_limit: usize,
    /// Return each as its list shows it: `Shown`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shown: bool,
}

impl CallFilter {
    pub(super) fn admits(&self, call: &Call) -> bool {
        admits(&self.status, call.status)
            && self
                .agent
                .is_none_or(|agent| call.request.agent.id == agent)
            && self
                .phone
                .as_ref()
                .is_none_or(|phone| call.request.phone == *phone)
            && self
                .phone_ends
                .as_ref()
                .is_none_or(|digits| digits.end(&call.request.phone))
            && self
                .scheduled
                .is_none_or(|scheduled| call.is_scheduled() == scheduled)
            && self.admits_result(call)
            && self
                .campaign
                .is_none_or(|campaign| call.is_of_campaign(campaign))
            && self
                .created_after
                .is_none_or(|after| call.created_at() >= after)
            && self.ceiling().is_none_or(|ceiling| call.id < ceiling)
    }

    /// Whether a call has the result asked for.
    #[must_use]
    pub fn admits_result(&self, call: &Call) -> bool {
        let code = call.final_failure().map(|failure| failure.code);
        let disposition = self.disposition.as_deref();
        self.failure.is_none_or(|wanted| code == Some(wanted))
            && disposition.is_none_or(|wanted| call.disposition() == Some(wanted))
    }

    /// Whether the filter asks for results, which only finished calls have.
    #[must_use]
    pub fn is_of_results(&self) -> bool {
        self.failure.is_some() || self.disposition.is_some()
    }

    /// Everything that the filter lets pass is below this id.
    #[must_use]
    pub fn ceiling(&self) -> Option<CallId> {
        let before = self.created_before.map(CallId::floor);
        match (self.before, before) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

/// Which callbacks a page lists.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeliveryFilter {
    /// Only those with one of these statuses; with any if empty.
    pub status: Vec<DeliveryStatus>,
    /// Only older than this call's.
    pub before: Option<CallId>,
    /// Page size.
    pub limit: usize,
    /// The most rows to scan: see [`SCAN_LIMIT`].
    #[serde(rename = "examine")]
    pub scan_limit: usize,
}

impl DeliveryFilter {
    pub(super) fn admits(&self, call: &Call) -> bool {
        call.callback
            .as_ref()
            .is_some_and(|delivery| admits(&self.status, delivery.status))
            && self.before.is_none_or(|before| call.id < before)
    }
}
