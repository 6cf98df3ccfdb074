//! What a trunk knows of one campaign: what it could use, and what it has.

use super::window::Window;
use crate::domain::campaign::handover::Demand;
use crate::domain::ids::{CallId, CampaignId};
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};

/// Who asked within this time has a share.
const ACTIVE: Span = Span(3_000);
/// Dials are granted so much ahead of their moments: until it is handed over, a call takes about as long.
pub(super) const AHEAD: Span = Span(100);

/// A campaign, as its trunk knows it.
#[derive(Clone)]
pub(super) struct Share {
    pub id: CampaignId,
    pub asked_at: Timestamp,
    pub demand: Demand,
    /// How many channels its calls hold, at most.
    pub live: u32,
    /// Its live calls were counted.
    pub is_counted: bool,
    /// Ids that it was granted, and did not hand over yet.
    pub granted: Vec<CallId>,
    /// Calls that it handed over and no dialer has.
    pub undialed: Vec<CallId>,
    /// How many dials it had.
    pub dials: u64,
    /// The moments of those that it was granted.
    pub pace: Window,
    /// The moments at which its calls went to dialers.
    pub dialed: Window,
    /// For how long it held channels, in milliseconds times channels, up to `since`.
    pub held: u64,
    pub since: Timestamp,
    /// It would have been granted more.
    pub waits: bool,
}

impl Share {
    /// What it has of the channels: those that its calls hold, and those that it was promised.
    pub fn has(&self) -> u64 {
        u64::from(self.live) + self.granted.len() as u64
    }

    pub fn is_active(&self, now: Timestamp) -> bool {
        now < self.asked_at + ACTIVE
    }

    /// How many dials it has had when those are dialed that it was promised.
    pub fn dials(&self) -> u64 {
        self.dials + (self.undialed.len() + self.granted.len()) as u64
    }

    /// For how long it held channels up to now.
    pub fn held(&self, now: Timestamp) -> u64 {
        let passed = (now - self.since).0;
        self.held + passed.saturating_mul(u64::from(self.live))
    }

    /// It held so many channels until now.
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
