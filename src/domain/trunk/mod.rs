//! A trunk: admission, pacing, and its open calls.
//!
//! A call is its row. In memory an [`Entry`] stands for each open call: when something is due, whether it holds a channel,
//! what is known of it beyond its row. A channel in use is such an entry and nothing else: there is no counter that could
//! drift. A [`Step`] reads by key what it needs; every change goes through [`Trunk::settle`], which keeps the entries in step
//! and notes which rows to write.

mod admission;
mod agent_bits;
mod agents;
pub mod breaker;
mod call_index;
mod callbacks;
mod campaigns;
mod carrier;
mod config;
mod contact;
mod day;
mod day_count;
mod destinations;
mod dispatch;
mod entries;
mod erasing;
mod give_back;
mod handover;
mod hours;
mod index;
mod kept;
mod queue;
mod redial;
mod review;
mod ring;
mod schedule;
mod senders;
mod share;
mod share_out;
mod since;
mod step;
mod suppression;
mod verdict;
mod window;

use std::collections::BTreeMap;

pub use agents::AgentBreakers;
use breaker::Breaker;
use call_index::CallIndex;
use callbacks::Callbacks;
pub use callbacks::Place;
use campaigns::Campaigns;
pub use config::{Brief, Carrier, TrunkConfig, TrunkState};
pub use day_count::{DayCount, RedialCount};
pub use destinations::{Destinations, HighRisk};
pub use dispatch::Claim;
pub use entries::Wanted;
pub use erasing::Recorded;
pub use handover::Granted;
use index::Entry;
pub use kept::Kept;
use review::Review;
use ring::Rings;
use schedule::Timetable;
pub use step::{Changed, DueCallback, Rows, ScheduledRow, Step};
use suppression::Grants;
pub use suppression::{GRANT, Withdrawn};
pub use verdict::{Admission, OnCapacity, Quota, Terms, Verdict};
use window::Window;

use super::call::{Call, CallEffect, CallStatus};
use super::ids::{Address, CallId, IdKey, KeyId, TrunkTag};
use super::planted::{Fault, planted};
use super::settings::Settings;
use super::time::{Span, Timestamp};

/// Something that must be done outside; always safe to repeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// For which call.
    pub call: CallId,
    /// What is to be done.
    pub what: CallEffect,
}

/// A trunk's object, as far as decisions go.
pub struct Trunk {
    settings: Settings,
    key: IdKey,
    brief: Option<Brief>,
    open: BTreeMap<CallId, Entry>,
    /// Calls that hold a channel.
    live: CallIndex,
    /// Calls that wait for one.
    queue: CallIndex,
    /// Calls that hold a channel, are no scheduled or campaign's calls, and have not been claimed: they are dialed first.
    direct: CallIndex,
    /// All open calls, by when there is something to do.
    due: CallIndex,
    callbacks: Callbacks,
    timetable: Timetable,
    /// The search for calls whose key or agent is gone, while there is one.
    review: Option<Review>,
    /// Acceptances, and calls that left the queue; not those from the schedule, which delay nobody.
    accepted: Window,
    /// Those as well: the pace of calls from the schedule.
    paced: Window,
    dialed: Window,
    /// Phones in rooms.
    rings: Rings,
    /// Who was allowed to ring a phone just now.
    grants: Grants,
    last: Option<Address>,
    /// The day's acceptances, once they are known; `None` if they are not limited.
    today: Option<DayCount>,
    /// The day's follow-up attempts, once somebody has asked.
    redialed: Option<RedialCount>,
    /// The last ticket that was drawn.
    ticketed: Option<Address>,
    clock: Timestamp,
    /// How long channels were held lately: a moving average.
    held: Span,
    breaker: Breaker,
    /// The campaigns that call through it.
    campaigns: Campaigns,
}

/// What a trunk's rows say about it, apart from its open calls.
#[derive(Default)]
pub struct TrunkRows {
    /// The directory's last brief.
    pub brief: Option<Brief>,
    /// Acceptances within the last second,
    pub accepted: Vec<Timestamp>,
    /// and calls of campaigns.
    pub handed_over: Vec<Timestamp>,
    /// The address of the newest call.
    pub newest: Option<Address>,
    /// The first call on the schedule.
    pub scheduled: Option<ScheduledRow>,
}

impl Trunk {
    /// Rebuilds a trunk from its rows; its open calls follow one by one: see [`Trunk::reopen`].
    #[must_use]
    pub fn restore(remembered: TrunkRows, settings: Settings, key: IdKey) -> Self {
        let timetable = Timetable::new(&remembered);
        let review = Review::owed(remembered.brief.as_ref());
        Self {
            settings,
            key,
            brief: remembered.brief,
            open: BTreeMap::new(),
            live: CallIndex::default(),
            queue: CallIndex::default(),
            direct: CallIndex::default(),
            due: CallIndex::default(),
            callbacks: Callbacks::default(),
            timetable,
            review,
            paced: Window::of([&*remembered.accepted, &*remembered.handed_over].concat()),
            accepted: Window::of(remembered.accepted),
            dialed: Window::default(),
            rings: Rings::none(),
            grants: Grants::default(),
            last: remembered.newest,
            today: None,
            redialed: None,
            ticketed: None,
            clock: Timestamp(0),
            held: Span::from_secs(60),
            breaker: Breaker::default(),
            campaigns: Campaigns::default(),
        }
    }

    /// The directory's last brief.
    #[must_use]
    pub fn brief(&self) -> Option<&Brief> {
        self.brief.as_ref()
    }

    /// Its state for observers; `None` before the directory's first brief.
    #[must_use]
    pub fn state(&self) -> Option<TrunkState> {
        let config = &self.brief.as_ref()?.config;
        Some(TrunkState {
            status: config.status,
            max_cps: config.max_cps,
            max_channels: config.max_channels,
            open_until: self.breaker.open_until(),
        })
    }

    /// Whether a key was revoked, whatever a stale copy says.
    #[must_use]
    pub fn is_revoked(&self, key: KeyId) -> bool {
        self.brief
            .as_ref()
            .is_some_and(|brief| brief.revoked_keys.contains(&key))
            && !planted(Fault::StaleKeyHonoured)
    }

    /// When [`Trunk::tick`] next has something to do.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let call = self.due.first().map(|(at, _)| at);
        let more = [self.callbacks.next_due(), self.schedule_due()];
        call.into_iter().chain(more.into_iter().flatten()).min()
    }

    /// The present as this trunk knows it, which never goes back.
    pub fn observe(&mut self, now: Timestamp) -> Timestamp {
        self.clock = self.clock.max(now);
        self.clock
    }

    /// Does all that is due at `now`.
    pub fn tick(&mut self, now: Timestamp, step: &mut Step<'_>) {
        self.look_at_schedule(now, step);
        loop {
            self.take_in(now, step);
            self.dequeue(now, step);
            // Only before a call that would be handed out: it looks at everything due, and after a restart that may be
            // every call there is.
            let first = self.first_due(now).and_then(|(_, row)| self.at_row(row));
            if first.is_some_and(|id| self.is_unclaimed(id)) {
                self.space_out(now);
            }
            let Some(next) = self.first_due(now) else {
                break;
            };
            self.due.set(next, false);
            if let Some(id) = self.at_row(next.1)
                && !self.goes_out_again(id, now, step)
            {
                self.advance(id, now, step);
                step.let_go_of(id);
            }
        }
        self.hand_out(now, step);
    }

    /// Brings one call up to `now`: its plan may have had more to tell than it was woken for.
    pub fn refresh(&mut self, id: CallId, now: Timestamp, step: &mut Step<'_>) {
        self.advance(id, now, step);
    }

    /// Brings all open calls up to `now`.
    pub fn refresh_all(&mut self, now: Timestamp, step: &mut Step<'_>) {
        let is_stale = |(id, entry): &(&CallId, &Entry)| entry.is_stale(id.address().at, now);
        let stale = self.open.iter().filter(is_stale);
        let stale: Vec<CallId> = stale.map(|(id, _)| *id).collect();
        for id in stale {
            self.advance(id, now, step);
            step.let_go_of(id);
        }
    }

    /// The next moment at which a plan makes an open call something else, as of the last look at it: the present, if that
    /// has just happened.
    #[must_use]
    pub fn next_planned(&self, now: Timestamp) -> Timestamp {
        let moments = self.open.iter().map(|(id, entry)| {
            let (told_at, stale_at) = (
                entry.told_at(id.address().at),
                entry.stale_at(id.address().at),
            );
            if told_at >= now { told_at } else { stale_at }
        });
        moments.min().unwrap_or(Timestamp::MAX)
    }

    /// Brings one open call up to `now`.
    fn advance(&mut self, id: CallId, now: Timestamp, step: &mut Step<'_>) {
        if self.open_call(id, step).is_none() {
            self.forget(id);
            return;
        }
        if self.misses(id, now, step) {
            self.settle(id, step);
            self.send(id, now, step);
            return;
        }
        let Some(call) = self.open_call(id, step) else {
            return;
        };
        let done = call.advance(now, &self.settings, &self.key);
        let effects = done.effects.into_iter();
        step.effects
            .extend(effects.map(|what| Effect { call: id, what }));
        if done.write {
            self.settle(id, step);
        } else {
            self.index(id, step);
        }
        self.send(id, now, step);
    }

    fn change(
        &mut self,
        id: CallId,
        now: Timestamp,
        step: &mut Step<'_>,
        with: impl FnOnce(&mut Call, &Settings, &IdKey) -> bool,
    ) -> bool {
        self.advance(id, now, step);
        let Some(call) = self.open_call(id, step) else {
            return false;
        };
        let changed = with(call, &self.settings, &self.key);
        if changed {
            self.follow(id, now, step);
        } else {
            self.index(id, step);
        }
        changed
    }

    /// A call changed: immediate consequences are in the same write.
    fn follow(&mut self, id: CallId, now: Timestamp, step: &mut Step<'_>) {
        self.change_row(id, step);
        // While its entry still says that it was open.
        self.owes_unseen_place(id, step);
        self.tells_campaign(id, step);
        self.advance(id, now, step);
        self.settle(id, step);
        self.send(id, now, step);
    }

    /// Notes that a call's row must be written, and what the change means for the trunk.
    fn settle(&mut self, id: CallId, step: &mut Step<'_>) {
        let clock = self.clock;
        let Some(held) = self.take(id, step) else {
            return;
        };
        held.call.record_transitions(clock);
        held.is_changed = true;
        self.judge_detail(id, step);
        self.owes_unseen_place(id, step);
        let Some(held) = step.held(id) else { return };
        self.timetable.counts(held);
        let before = held.verdict;
        let verdict = held.call.agent_verdict();
        held.verdict = verdict.or(before);
        self.judge_agent(id, before, verdict, step);
        self.tells_campaign(id, step);
        if let Some(call) = step.peek(id) {
            let freed = self.is_live(id) && !call.holds_channel();
            if freed
                && call.status != CallStatus::RejectedCapacity
                && let Some(ended_at) = call.ended_at
            {
                let began = call.promoted_at.unwrap_or(call.created_at());
                let held = ended_at - began;
                self.held = Span((self.held.0 * 7 + held.0) / 8);
            }
        }
        self.index(id, step);
        self.redial(id, step);
    }

    /// A row must be written though its content does not change.
    fn change_row(&mut self, id: CallId, step: &mut Step<'_>) {
        if let Some(held) = self.take(id, step) {
            held.is_changed = true;
        }
    }
}
