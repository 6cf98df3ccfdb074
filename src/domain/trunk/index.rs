//! What stays in memory of a trunk's calls in progress: an entry each, and nothing of those that are over.

use super::agent_bits::agent_bits;
use super::since::{Since, later, origin};
use crate::domain::call::{Call, CallStatus, Phase, Timed, Volatile};
use crate::domain::contacts::{Number, Told};
use crate::domain::phone::E164;
use crate::domain::settings::Settings;
use crate::domain::time::Timestamp;

/// An entry's moments, in its own units.
pub(super) struct Moments {
    pub watchdog: u32,
    pub stale_at: u32,
    pub told_at: u32,
    pub dialed_at: u32,
}

const UNCLAIMED: u8 = 1;
const WAITS: u8 = 1 << 1;
const DIALER_DONE: u8 = 1 << 2;
const SILENT: u8 = 1 << 3;
const ALONE: u8 = 1 << 4;
const ANNOUNCED: u8 = 1 << 5;
const PROMOTED: u8 = 1 << 6;
const OVER: u8 = 1 << 7;

/// A flag above the last digits: the number's normal form differs from the one it was given in, so its last digits may differ too.
const REWRITTEN: u32 = 1 << 31;
/// A flag beside it: the call lets direct calls go first, since it came from the schedule or a campaign.
const SCHEDULED: u32 = 1 << 30;

/// An open call's entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// When there is something to do, apart from its dispatch.
    watchdog: Since,
    dispatch_at: Since,
    inquire_at: Since,
    looked_at: Since,
    seen_at: Since,
    teardown_at: Since,
    planned_until: Since,
    /// When it left the queue; while it is queued, the moment that determines its place: when it was accepted, if there is
    /// none.
    promoted_at: Since,
    /// When its plan makes it something other than `status`.
    stale_at: Since,
    told_at: Since,
    /// The last nine digits of the number called, with [`REWRITTEN`] and [`SCHEDULED`].
    digits: u32,
    /// The first bits of its agent's id.
    agent: u32,
    teardown_tries: u8,
    status: CallStatus,
    flags: u8,
    /// How long after its acceptance it was scheduled, in steps of [`super::since::LATER`].
    later: u8,
}

/// A number's last nine digits.
pub(super) fn last_digits(digits: &str) -> u32 {
    let start = digits.len().saturating_sub(9);
    let last = digits.get(start..).unwrap_or(digits);
    last.bytes()
        .filter(u8::is_ascii_digit)
        .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'))
}

fn rewritten(phone: &E164) -> u32 {
    match Number::is_rewritten(phone) {
        true => REWRITTEN,
        false => 0,
    }
}

impl Entry {
    pub fn of(call: &Call, settings: &Settings) -> Self {
        let later = later(call);
        let origin = origin(later, call.created_at());
        let since = |at| Since::of(at, origin);
        let place = match call.phase() {
            Phase::Queued { .. } => UNCLAIMED | WAITS,
            Phase::Unclaimed { .. } => UNCLAIMED,
            Phase::SettingUp { .. } | Phase::Ringing { .. } | Phase::Talking { .. } => 0,
            // It is here only because of its room.
            Phase::Scheduled { .. } | Phase::AwaitingReport { .. } | Phase::Over => OVER,
        };
        let watchdog = match place & UNCLAIMED {
            0 => call.due(settings).unwrap_or(Timestamp::MAX),
            _ => call.due_but_for_dispatch(),
        };
        let plan = call.plan.first();
        let volatile = Volatile {
            announced: call.announced,
            ..call.volatile
        };
        let entry = Self {
            watchdog: since(watchdog),
            stale_at: since(plan.map_or(Timestamp::MAX, |Timed { at, .. }| *at)),
            told_at: since(call.told_at()),
            digits: last_digits(call.request.phone.as_str())
                | rewritten(&call.request.phone)
                | if call.lets_others_go() { SCHEDULED } else { 0 },
            agent: agent_bits(call.request.agent.id),
            status: call.status,
            flags: place,
            promoted_at: since(call.slot().map_or(Timestamp::MAX, |slot| slot.at)),
            later,
            ..Self::NONE
        };
        entry.knowing(volatile, origin)
    }

    /// Whether its carrier is asked about it.
    pub fn is_asked_about(&self) -> bool {
        self.flags & (UNCLAIMED | OVER) == 0
    }

    /// Has its carrier asked about it no later than then.
    pub fn ask_by(&mut self, at: Timestamp, accepted: Timestamp) {
        let origin = self.origin(accepted);
        self.inquire_at = Since::of(at, origin);
        self.watchdog = Since::of(self.watchdog.at(origin).min(at), origin);
    }

    /// All of it as text. The time of the next inquiry is left out where none is made.
    pub fn outline(&self) -> String {
        let inquire_at = match self.is_asked_about() {
            true => self.inquire_at,
            false => Self::NONE.inquire_at,
        };
        format!(
            "{:?}",
            Self {
                inquire_at,
                ..*self
            }
        )
    }

    /// What its row keeps of it: see [`super::Kept`].
    pub fn kept(
        moments: Moments,
        (digits, agent): (u32, u32),
        status: CallStatus,
        (flags, later): (u8, u8),
        was_scheduled: bool,
    ) -> Self {
        let digits = match was_scheduled {
            true => digits | SCHEDULED,
            false => digits,
        };
        let (dispatch_at, promoted_at) = match flags & WAITS {
            0 => (Since(0), Since(0)),
            // The queue moves on its own.
            _ => (Since(u32::MAX), Since(moments.dialed_at)),
        };
        Self {
            watchdog: Since(moments.watchdog),
            stale_at: Since(moments.stale_at),
            told_at: Since(moments.told_at),
            dispatch_at,
            promoted_at,
            digits,
            agent,
            status,
            flags,
            later,
            ..Self::NONE
        }
    }

    /// A queued call was not dialed: its place is stored there instead.
    pub fn moments(&self, dialed_at: Option<Timestamp>, accepted: Timestamp) -> Moments {
        let dialed_at = dialed_at.unwrap_or(Timestamp::MAX);
        Moments {
            watchdog: self.watchdog.0,
            stale_at: self.stale_at.0,
            told_at: self.told_at.0,
            dialed_at: match self.waits() {
                true => self.promoted_at.0,
                false => Since::of(dialed_at, self.origin(accepted)).0,
            },
        }
    }

    /// When a call was dialed, as its row keeps it.
    pub fn dialed_at(since: u32, flags: u8, later: u8, accepted: Timestamp) -> Option<Timestamp> {
        let at = Since(since).at(origin(later, accepted));
        (at < Timestamp::MAX && flags & WAITS == 0).then_some(at)
    }

    /// The moment from which its moments are counted.
    fn origin(&self, accepted: Timestamp) -> Timestamp {
        origin(self.later, accepted)
    }

    pub fn later(&self) -> u8 {
        self.later
    }

    pub fn digits(&self) -> u32 {
        self.digits & !SCHEDULED
    }

    /// Whether it came from the schedule.
    pub fn was_scheduled(&self) -> bool {
        self.digits & SCHEDULED != 0
    }

    pub fn flags(&self) -> u8 {
        self.flags
    }

    const NONE: Self = Self {
        watchdog: Since(0),
        dispatch_at: Since(0),
        inquire_at: Since(0),
        looked_at: Since(0),
        seen_at: Since(0),
        teardown_at: Since(0),
        planned_until: Since(0),
        promoted_at: Since(0),
        stale_at: Since(0),
        told_at: Since(0),
        digits: 0,
        agent: 0,
        teardown_tries: 0,
        status: CallStatus::Initiating,
        flags: 0,
        later: 0,
    };

    /// The entry with what else is known of its call.
    fn knowing(mut self, volatile: Volatile, origin: Timestamp) -> Self {
        let since = |at| Since::of(at, origin);
        self.dispatch_at = since(volatile.dispatch_at);
        self.inquire_at = since(volatile.inquire_at);
        self.looked_at = since(volatile.looked_at);
        self.seen_at = since(volatile.seen_at);
        self.teardown_at = since(volatile.teardown_at);
        self.planned_until = since(volatile.planned_until);
        if !self.waits() {
            self.promoted_at = since(volatile.promoted_at.unwrap_or_default());
        }
        self.teardown_tries = u8::try_from(volatile.teardown_tries).unwrap_or(u8::MAX);
        for (flag, is_so) in [
            (DIALER_DONE, volatile.dialer_done),
            (SILENT, volatile.silent),
            (ALONE, volatile.alone),
            (ANNOUNCED, volatile.announced),
            (PROMOTED, volatile.promoted_at.is_some()),
        ] {
            self.flags = match is_so {
                true => self.flags | flag,
                false => self.flags & !flag,
            };
        }
        self
    }

    /// Takes over what is in flight from what was known before a write failed. It is looked at again when its row alone
    /// says so, and no later.
    pub fn inherit(self, known: &Self, accepted: Timestamp) -> Self {
        let mut volatile = self.volatile(accepted);
        volatile.inherit(&known.volatile(accepted), !self.has(UNCLAIMED));
        self.knowing(volatile, self.origin(accepted))
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    pub fn volatile(&self, accepted: Timestamp) -> Volatile {
        let accepted = self.origin(accepted);
        Volatile {
            planned_until: self.planned_until.at(accepted),
            promoted_at: self.has(PROMOTED).then(|| self.promoted_at.at(accepted)),
            dispatch_at: self.dispatch_at.at(accepted),
            inquire_at: self.inquire_at.at(accepted),
            looked_at: self.looked_at.at(accepted),
            seen_at: self.seen_at.at(accepted),
            teardown_at: self.teardown_at.at(accepted),
            teardown_tries: u32::from(self.teardown_tries),
            dialer_done: self.has(DIALER_DONE),
            silent: self.has(SILENT),
            alone: self.has(ALONE),
            announced: self.has(ANNOUNCED),
        }
    }

    /// When there is something to do.
    pub fn due(&self, accepted: Timestamp) -> Timestamp {
        let accepted = self.origin(accepted);
        let watchdog = self.watchdog.at(accepted);
        match self.has(UNCLAIMED) {
            true => watchdog.min(self.dispatch_at.at(accepted)),
            false => watchdog,
        }
    }

    pub fn dispatch_at(&self, accepted: Timestamp) -> Timestamp {
        self.dispatch_at.at(self.origin(accepted))
    }

    /// Postpones its dispatch.
    pub fn dispatch_again(&mut self, at: Timestamp, accepted: Timestamp) {
        self.dispatch_at = Since::of(at, self.origin(accepted));
    }

    /// Whether it holds a channel and no dialer has claimed it.
    pub fn is_unclaimed(&self) -> bool {
        self.has(UNCLAIMED) && !self.has(WAITS)
    }

    /// Whether no dialer has claimed it, and nothing else is to be done about it by `now`.
    pub fn is_only_unclaimed(&self, accepted: Timestamp, now: Timestamp) -> bool {
        self.is_unclaimed() && self.watchdog.at(self.origin(accepted)) > now
    }

    pub fn waits(&self) -> bool {
        self.has(WAITS)
    }

    /// The moment that determines its place in the queue, while it is there.
    pub fn queued_from(&self, accepted: Timestamp) -> Timestamp {
        match self.promoted_at.at(self.origin(accepted)) {
            Timestamp::MAX => accepted,
            at => at,
        }
    }

    pub fn holds_channel(&self) -> bool {
        !self.has(OVER) && !self.has(WAITS)
    }

    pub fn is_over(&self) -> bool {
        self.has(OVER)
    }

    pub fn status(&self) -> CallStatus {
        self.status
    }

    /// Its phone is about to ring.
    pub fn rings(&mut self) {
        self.flags &= !SILENT;
    }

    /// When its plan makes it something other than it is.
    pub fn stale_at(&self, accepted: Timestamp) -> Timestamp {
        self.stale_at.at(self.origin(accepted))
    }

    /// Whether its plan has made it something else by now.
    pub fn is_stale(&self, accepted: Timestamp, now: Timestamp) -> bool {
        self.stale_at(accepted) <= now
    }

    /// When its latest transition became known, as of the last look at it.
    pub fn told_at(&self, accepted: Timestamp) -> Timestamp {
        self.told_at.at(self.origin(accepted))
    }

    pub fn agent(&self) -> u32 {
        self.agent
    }

    /// Whether it may be to this number, or to one that ends in these digits.
    pub fn may_be_to(&self, phone: Option<&E164>, ends: Option<&str>) -> bool {
        let digits = self.digits() & !REWRITTEN;
        let is = phone.is_none_or(|phone| last_digits(phone.as_str()) == digits);
        let ends_so = ends.is_none_or(|ends| {
            let places = u32::try_from(ends.len().min(9)).unwrap_or(9);
            last_digits(ends) == digits % 10_u32.pow(places)
        });
        is && ends_so
    }

    /// Whether it may be to one of these numbers.
    pub fn may_be_one_of(&self, told: &Told) -> bool {
        self.digits & REWRITTEN != 0 || told.may_hold(self.digits())
    }

    /// Whether a dialer has it and no phone was allowed to ring, as far as this object remembers: `false` for whatever it
    /// was loaded with.
    pub fn is_silent(&self) -> bool {
        self.has(SILENT)
    }
}

const _: () = assert!(size_of::<Entry>() <= 52, "an entry is small");
