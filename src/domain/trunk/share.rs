//! What a trunk knows of one campaign: what it could use, and what it has.

use super::window::Window;
use crate::domain::campaign::handover::Demand;
use crate::domain::ids::{CallId, CampaignId};
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};

/// A campaign that asked within this time has a share.
const ACTIVE: Span = Span(3_000);
/// Dials are granted this much ahead of their moments, about as long as a call takes to be handed over.
pub(super) const AHEAD: Span = Span(100);

/// A campaign, as its trunk knows it.
#[derive(Clone)]
pub(super) struct Share {
    pub id: CampaignId,
    pub asked_at: Timestamp,
    pub demand: Demand,
    /// How many channels its calls hold at most.
    pub live: u32,
    /// Its live calls have been counted.
    pub is_counted: bool,
    /// Ids that it was granted and has not handed over yet.
    pub granted: Vec<CallId>,
    /// Calls that it handed over and that no dialer has.
    pub undialed: Vec<CallId>,
    /// How many dials it has had.
    pub dials: u64,
    /// The moments of the dials it was granted.
    pub pace: Window,
    /// The moments at which dialers got its calls.
    pub dialed: Window,
    /// How long it has held channels, in milliseconds times channels, up to `since`.
    pub held: u64,
    pub since: Timestamp,
    /// It would have taken more.
    pub waits: bool,
}

impl Share {
    /// The channels it has: held by its calls, or promised.
    pub fn has(&self) -> u64 {
        u64::from(self.live) + self.granted.len() as u64
    }

    pub fn is_active(&self, now: Timestamp) -> bool {
        now < self.asked_at + ACTIVE
    }

    /// How many dials it will have had once those it was promised are made.
    pub fn dials(&self) -> u64 {
        self.dials + (self.undialed.len() + self.granted.len()) as u64
    }

    /// How long it has held channels, up to now.
    pub fn held(&self, now: Timestamp) -> u64 {
        let passed = (now - self.since).0;
        self.held + passed.saturating_mul(u64::from(self.live))
    }

    /// It held this many channels until now.
    pub fn passes(&mut self, now: Timestamp) {
        self.held = self.held(now);
        self.since = self.since.max(now);
    }

    /// How many dials its own rate has room for.
    pub fn room(&self, now: Timestamp) -> u64 {
        let most = self.demand.max_cps;
        let most = most.filter(|_| !planted(Fault::RateExceeded));
        most.map_or(u64::MAX, |most| self.pace.room(now + AHEAD, most) as u64)
    }
}
