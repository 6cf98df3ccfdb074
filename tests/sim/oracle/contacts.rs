//! How often numbers were dialed, as their owners see it by the ringing of their phones.

use audatec::domain::call::{Call, Failure, FailureSource};
use audatec::domain::ids::{AgentId, CallId, OrgId};

use super::Oracle;
use crate::limiter::Limit;
use crate::world::W;

/// A phone rang.
pub struct Ring {
    pub org: OrgId,
    pub agent: AgentId,
    pub number: String,
    pub call: CallId,
    /// When its call was dialed: by true time, and by the clock.
    pub dialed: u64,
    pub clock: u64,
    /// A carrier with rooms was asked to ring it; a simulated phone rings when its plan says so.
    pub has_room: bool,
}

/// Whose limits they are: an agent's own, or those of all calls.
pub type Whose = (OrgId, Option<AgentId>);

/// Whether the last of two rings, and what lies between, keeps to a limit.
type Apart<'a> = dyn Fn(&Ring, &Ring) -> bool + 'a;

impl Oracle {
    /// Somebody asks for other limits: which hold nobody knows.
    pub fn limits_change(&self, org: OrgId, agent: Option<AgentId>) {
        self.contact_limits.borrow_mut().remove(&(org, agent));
    }

    /// These hold from now on, for what is dialed.
    pub fn limits_hold(&self, w: &W, org: OrgId, agent: Option<AgentId>, limits: Vec<Limit>) {
        let mut known = self.contact_limits.borrow_mut();
        known.insert((org, agent), (w.time(), limits));
    }

    /// A phone rings, whose call was dialed a while ago.
    pub fn is_dialed(&self, w: &W, id: CallId) {
        let calls = self.calls.borrow();
        let Some(seen) = calls.get(&id) else { return };
        let (org, number) = (
            seen.row.request.org,
            seen.row.request.phone.as_str().to_owned(),
        );
        let (dialed, clock) = seen.claimed_at;
        let agent = seen.row.request.agent.id;
        let mut rings = self.rings.borrow_mut();
        rings.push(Ring {
            org,
            agent,
            number: number.clone(),
            call: id,
            dialed,
            clock,
            has_room: seen.row.has_room,
        });
        if !w.faults.clock_is_true() {
            return;
        }
        let mut same: Vec<&Ring> = rings
            .iter()
            .filter(|ring| ring.org == org && ring.number == number)
            .filter(|ring| {
                let row = calls.get(&ring.call).map(|seen| &seen.row);
                row.is_none_or(|row| match ring.has_room {
                    true => may_count(row),
                    false => row.ended_at.is_none() || reached(row),
                })
            })
            .collect();
        same.sort_by_key(|ring| ring.dialed);
        self.keeps_to_limits(id, (org, None), &same);
        same.retain(|ring| ring.agent == agent);
        self.keeps_to_limits(id, (org, Some(agent)), &same);
    }

    /// These rings of one number keep to limits, as far as they came since these hold.
    fn keeps_to_limits(&self, id: CallId, whose: Whose, same: &[&Ring]) {
        let limits = self.contact_limits.borrow();
        let Some((since, limits)) = limits.get(&whose) else {
            return;
        };
        let same = same.iter().filter(|ring| ring.dialed > *since);
        let same: Vec<&&Ring> = same.collect();
        for limit in limits {
            // By the clock, which may leap forward: what it says has passed is all that a limit can go by.
            let (most, apart): (usize, &Apart<'_>) = match limit {
                Limit::Hour(most) => (*most, &|first, last| last.clock - first.clock >= 3_600_000),
                Limit::Gap(ms) => (1, &|first, last| last.clock - first.clock >= *ms),
                Limit::Day(most) => (*most, &|first, last| day(first.clock) < day(last.clock)),
            };
            let too_many = same
                .windows(most + 1)
                .find(|some| !apart(some[0], some[most]));
            self.check(too_many.is_none(), id.address().tag, Some(id), || {
                let dials = same.iter().map(|ring| (ring.call, ring.dialed));
                let dials = dials.collect::<Vec<_>>();
                format!(
                    "a number is dialed once too often: {limit:?} of {whose:?}, dialed at {dials:?}"
                )
            });
        }
    }

    /// Of each number, how often it can have been dialed: by all, or by one agent.
    pub fn dials_by_number(&self, org: OrgId, by: Option<AgentId>) -> Vec<(String, usize)> {
        let mut counted = std::collections::BTreeMap::<String, usize>::new();
        for seen in self
            .calls
            .borrow()
            .values()
            .filter(|seen| seen.row.request.org == org)
            .filter(|seen| by.is_none_or(|agent| seen.row.request.agent.id == agent))
        {
            let number = seen.row.request.phone.as_str().to_owned();
            *counted.entry(number).or_default() += usize::from(may_count(&seen.row));
        }
        counted.into_iter().collect()
    }
}

/// The day where the sandbox's numbers are: the west-most of their zones, in winter.
fn day(clock: u64) -> u64 {
    (clock - 10 * 3_600_000) / 86_400_000
}

/// Whether a call's phone rang, or was busy, or declined.
fn reached(row: &Call) -> bool {
    let is_callees = |failure: Failure| failure.source() == FailureSource::Callee;
    row.ringing_at.is_some() || row.answered_at.is_some() || row.failure.is_some_and(is_callees)
}

/// Whether a call may count among the dials to its number: it was dialed, and not known not to have reached the phone.
fn may_count(row: &Call) -> bool {
    let is_known = row.failure.is_some_and(|failure| {
        let refused = matches!(
            failure.code,
            audatec::domain::call::FailureCode::DialerUnavailable
        ) && failure.reason.is_none();
        failure.source() == FailureSource::Carrier || refused
    });
    let rang = row.ringing_at.is_some() || row.answered_at.is_some();
    row.dialed_at.is_some() && (rang || !is_known)
}
