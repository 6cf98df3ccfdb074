//! The dials to a number, as stored in its row: each under its call's ticket, from when that was accepted.
//!
//! A place among them is *reserved* when a call is accepted, *kept* while the call waits, and *dialed* when a dialer claims
//! it; all three count. A reservation that nothing follows lapses, so that a crash takes no place for good. Asking for the
//! same ticket again yields the same place.

use serde::{Deserialize, Serialize};

use super::Number;
use super::limits::{ContactLimit, judge};
use crate::domain::ids::{AgentId, TrunkTag};
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};
use crate::domain::zones::Zone;

/// A place that was reserved and never confirmed is free again after this.
pub const LAPSES: Span = Span::from_secs(60);
/// A call is dialed within this time after its place was marked as dialed, or it asks again: the dial may come this much
/// later than the mark.
pub const MARGIN: Span = Span::from_secs(1);
/// No request is in transit this long.
const GONE: Span = Span::from_secs(600);
/// No limit looks back more than a week, and no call waits longer than this.
const KEPT: Span = Span::from_secs(8 * 86_400);
const WAITS: Span = Span::from_secs(32 * 86_400);
/// How many dials of one agent are remembered: more than any limit counts.
const MOST: usize = 1_000;

/// What identifies a call's place: its trunk, and a number unique within that trunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket(pub TrunkTag, pub u64);

/// What is wanted of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Nothing: only whether one is free. As a stored stage, that the place was given back: it does not count, and a request
    /// for that ticket still in transit comes too late.
    Look,
    /// It is reserved for a call that is about to be accepted.
    Reserve,
    /// It is kept for a call that waits.
    Keep,
    /// Its call is being dialed now.
    Dial,
}

/// A place that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dial {
    #[serde(rename = "t")]
    ticket: Ticket,
    /// The agent, by [`agent_bits`].
    #[serde(rename = "b")]
    by: u64,
    #[serde(rename = "s")]
    stage: Stage,
    /// Since when it is in this stage.
    #[serde(rename = "a")]
    at: Timestamp,
}

/// A request for a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Take {
    /// Among the dials to this number,
    pub number: Number,
    /// under this ticket,
    pub ticket: Ticket,
    /// for this agent, by [`agent_key`],
    pub by: u64,
    /// within these limits on all dials,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub org: Vec<ContactLimit>,
    /// and within these of the agent's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own: Vec<ContactLimit>,
    /// The zone whose days and weeks count; UTC if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// How far the call has got.
    pub stage: Stage,
}

impl Take {
    /// Asks for no place and applies no limits: for learning whether a number is suppressed where others ask for places.
    #[must_use]
    pub fn look(number: Number) -> Self {
        Self {
            number,
            ticket: Ticket(TrunkTag::DIRECTORY, 0),
            by: 0,
            org: Vec::new(),
            own: Vec::new(),
            zone: None,
            stage: Stage::Look,
        }
    }

    /// Whether two requests have the same limits.
    #[must_use]
    pub fn are_alike(one: Option<&Self>, other: Option<&Self>) -> bool {
        let limits = |take: Option<&Self>| take.map(|take| (take.org.clone(), take.own.clone()));
        limits(one) == limits(other)
    }
}

/// What the limits say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Contact {
    /// The number may be called; a place that was asked for is taken.
    Free,
    /// It may not be called before then (`None`: before something pending is decided); a place taken earlier is lost.
    Limited(Option<Timestamp>),
}

/// The bits of an agent's id that tell its dials from others'.
#[must_use]
pub fn agent_key(agent: AgentId) -> u64 {
    let id = agent.number();
    (id as u64) ^ ((id >> 64) as u64).rotate_left(29)
}

impl Dial {
    /// By when it was dialed, if it was.
    fn dialed_by(&self) -> Option<Timestamp> {
        (self.stage == Stage::Dial).then_some(self.at + MARGIN)
    }

    fn counts_until(&self) -> Timestamp {
        self.at
            + match self.stage {
                Stage::Look => GONE,
                Stage::Reserve if planted(Fault::ContactNeverLapses) => WAITS,
                Stage::Reserve => LAPSES,
                Stage::Keep => WAITS,
                Stage::Dial => KEPT,
            }
    }
}

/// The dials to one number, in the order in which their places were taken, or, for those dialed, in which they were dialed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dials(Vec<Dial>);

impl Dials {
    /// Whether none of them counts.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|dial| dial.stage == Stage::Look)
    }

    /// Whether there is nothing to keep.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.0.is_empty()
    }

    /// The moment from which none of them counts.
    #[must_use]
    pub fn count_until(&self) -> Timestamp {
        let until = self.0.iter().map(Dial::counts_until);
        until.max().unwrap_or_default()
    }

    /// Forgets what no longer counts.
    pub fn tidy(&mut self, now: Timestamp) {
        self.0.retain(|dial| now < dial.counts_until());
        if let Some(last) = self.0.last().copied()
            && self.0.len() > MOST
        {
            let of_it = |dial: &Dial| dial.by == last.by;
            let mut extra = self.0.iter().filter(|dial| of_it(dial)).count();
            self.0.retain(|dial| {
                let goes = of_it(dial) && dial.stage == Stage::Dial && extra > MOST;
                extra -= usize::from(goes);
                !goes
            });
        }
    }

    /// Takes a place, or looks whether one is free; or says until when none is. A call that has a place counts what came
    /// before it and what was dialed.
    pub fn take(&mut self, take: &Take, now: Timestamp) -> Contact {
        self.tidy(now);
        let place = self.0.iter().position(|dial| dial.ticket == take.ticket);
        let is_gone = |dial: &Dial| dial.stage == Stage::Look;
        if place
            .and_then(|place| self.0.get(place))
            .is_some_and(is_gone)
        {
            return Contact::Limited(None);
        }
        let before = place.unwrap_or(self.0.len());
        let zone = take.zone.as_deref().and_then(Zone::named);
        let own = match planted(Fault::ContactOwnIgnored) {
            true => &[][..],
            false => &take.own,
        };
        let judged = [(&take.org[..], None), (own, Some(take.by))].map(|(limits, by)| {
            let counted = self.0.iter().enumerate().rev().filter(|(at, dial)| {
                let is_own = Some(*at) == place;
                let is_earlier = *at < before || dial.stage == Stage::Dial;
                !is_own
                    && is_earlier
                    && dial.stage != Stage::Look
                    && by.is_none_or(|by| dial.by == by)
            });
            let counted = || counted.clone().map(|(_, dial)| dial);
            let pending = counted().filter(|dial| dial.stage != Stage::Dial);
            let dialed = counted().filter(|dial| dial.stage == Stage::Dial);
            let newest_first = pending.chain(dialed).map(Dial::dialed_by);
            let newest_first: Vec<Option<Timestamp>> = newest_first.collect();
            judge(&newest_first, limits, zone, now)
        });
        let limited = match judged {
            [Ok(()), Ok(())] => None,
            [Err(until), Ok(())] | [Ok(()), Err(until)] => Some(until),
            [Err(one), Err(other)] => Some(one.zip(other).map(|(one, other)| one.max(other))),
        };
        if let Some(until) = limited {
            // A call marked as dialed may have been dialed: its trunk knows, and gives the place back if not.
            let ticket = take.ticket;
            let goes = |dial: &Dial| dial.ticket == ticket && dial.stage != Stage::Dial;
            if take.stage != Stage::Look {
                self.0.retain(|dial| !goes(dial));
            }
            return Contact::Limited(until);
        }
        let known = place.and_then(|place| self.0.get_mut(place));
        match (take.stage, known) {
            (Stage::Look, _) => {}
            // Asking again for what it already has.
            (Stage::Reserve, Some(_)) => {}
            (Stage::Keep, Some(dial)) if dial.stage == Stage::Reserve => {
                (dial.stage, dial.at) = (Stage::Keep, now);
            }
            // A place that was given back meanwhile is not taken again.
            (Stage::Keep, _) => {}
            (stage, _) => {
                self.leave(take.ticket);
                self.0.push(Dial {
                    ticket: take.ticket,
                    by: take.by,
                    stage,
                    at: now,
                });
            }
        }
        Contact::Free
    }

    /// Frees a place for good. Returns whether that changed anything.
    pub fn give_back(&mut self, ticket: Ticket, now: Timestamp) -> bool {
        self.tidy(now);
        let known = self.0.iter().find(|dial| dial.ticket == ticket);
        if known.is_some_and(|dial| dial.stage == Stage::Look) {
            return false;
        }
        let by = known.map_or(0, |dial| dial.by);
        self.leave(ticket);
        self.0.push(Dial {
            ticket,
            by,
            stage: Stage::Look,
            at: now,
        });
        true
    }

    fn leave(&mut self, ticket: Ticket) {
        self.0.retain(|dial| dial.ticket != ticket);
    }
}
