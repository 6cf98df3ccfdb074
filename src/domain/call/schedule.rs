//! A call that is to be dialed later: from when, for what reason, and until when at the latest.
//!
//! While it is on its trunk's schedule it is a row and nothing else: no channel, no place in the queue, no memory. Once
//! due, it waits for capacity like any queued call, at the place that its due time gives it.

use serde::{Deserialize, Serialize};

use super::deadlines::RECENT;
use super::{Call, CallRequest, Failure, FailureCode, Phase, Volatile};
use crate::domain::ids::{CallId, IdKey};
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};

/// No call waits longer than this for capacity, whatever was requested.
const LONGEST_WAIT: Span = Span::from_secs(14 * 86_400);
/// How long a call waits for capacity that was put off without having asked for a time.
const UNASKED: Span = Span::from_secs(3_600);

/// A call that comes due before its last room is torn down is due again this much later.
const ROOM_GOES: Span = Span(2_000);

/// How far a call that asked for no time may be put off.
pub const LONGEST_UNASKED: Span = Span::from_secs(30 * 86_400);

/// Why a call is dialed when it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ScheduleReason {
    /// Its request said so.
    NotBefore,
    /// Calling hours were closed.
    CallingHours,
    /// Its number had reached a contact limit.
    ContactLimit,
    /// The attempt before it reached nobody.
    Redial,
}

impl ScheduleReason {
    /// As the API spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotBefore => "not_before",
            Self::CallingHours => "calling_hours",
            Self::ContactLimit => "contact_limit",
            Self::Redial => "redial",
        }
    }
}

/// When a call may be dialed, as its request says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Not before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// Only before this moment.
    pub not_after: Timestamp,
    /// How long it waits for capacity once it is due.
    pub max_wait: Span,
}

impl Window {
    /// The window of a call that asked for no time and is put off.
    #[must_use]
    pub fn unasked(now: Timestamp) -> Self {
        Self {
            not_before: None,
            not_after: now + UNASKED,
            max_wait: UNASKED,
        }
    }

    /// The window of a call that waits for an opening, and then for capacity for at most `max_wait`.
    #[must_use]
    pub fn opening(at: Timestamp, max_wait: Span) -> Self {
        Self {
            not_before: None,
            not_after: at + max_wait,
            max_wait,
        }
    }
}

/// Its place on its trunk's schedule: the latest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// When it is due.
    pub at: Timestamp,
    /// Why it is dialed then rather than at once.
    pub reason: ScheduleReason,
    /// When it was put there.
    pub noted_at: Timestamp,
    /// When it was taken from there into the queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<Timestamp>,
}

/// What a call knows about its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// When it may be dialed.
    pub window: Window,
    /// Its place on the schedule, if it ever had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<Slot>,
    /// Its request named no end, so its window moves with the opening that it waits for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unasked: bool,
}

impl Call {
    /// A call that is to be dialed later.
    #[must_use]
    pub fn scheduled(
        id: CallId,
        request: CallRequest,
        window: Window,
        (at, reason): (Timestamp, ScheduleReason),
        now: Timestamp,
    ) -> Self {
        let mut call = Self::accepted(id, request, now).within(Some(window));
        call.put_on_schedule(at, reason, now);
        call
    }

    /// The same for a call that asked for no time; once due, it waits for capacity for at most `max_wait`.
    #[must_use]
    pub fn waiting(
        id: CallId,
        request: CallRequest,
        max_wait: Option<Span>,
        (at, reason): (Timestamp, ScheduleReason),
        now: Timestamp,
    ) -> Self {
        let mut call = Self::accepted(id, request, now);
        call.queued_until = max_wait.map(|wait| now + wait);
        call.put_off(at, reason, now);
        call
    }

    /// The call, limited to the time in which it may be dialed.
    #[must_use]
    pub fn within(mut self, window: Option<Window>) -> Self {
        self.schedule = window.map(|window| Schedule {
            window,
            slot: None,
            unasked: false,
        });
        self
    }

    /// Its latest place on its trunk's schedule.
    #[must_use]
    pub fn slot(&self) -> Option<Slot> {
        self.schedule?.slot
    }

    /// Whether it stands on its trunk's schedule.
    #[must_use]
    pub fn is_scheduled(&self) -> bool {
        matches!(self.phase(), Phase::Scheduled { .. })
    }

    /// The moment from which it may not be dialed any more; `Timestamp::MAX` without one.
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        let schedule = self.schedule.filter(|_| !planted(Fault::DialedLate));
        schedule.map_or(Timestamp::MAX, |schedule| schedule.window.not_after)
    }

    /// Until when it waits for capacity, if it came from the schedule.
    #[must_use]
    pub fn wait_ends(&self) -> Option<Timestamp> {
        let Schedule { window, slot, .. } = self.schedule?;
        let longest = window.max_wait.min(LONGEST_WAIT);
        Some((slot?.at + longest).min(window.not_after))
    }

    /// Whether it is too late to dial it.
    #[must_use]
    pub fn has_missed_its_window(&self, now: Timestamp) -> bool {
        now >= self.not_after()
    }

    /// It is put off, once more perhaps: it leaves the queue and any dialer about to claim it. Its trunk makes sure that it
    /// will still be in time.
    pub fn put_on_schedule(&mut self, at: Timestamp, reason: ScheduleReason, now: Timestamp) {
        let unasked = Window {
            not_after: self.gives_up_at(),
            ..Window::unasked(now)
        };
        let (window, unasked) = self.schedule.map_or((unasked, true), |schedule| {
            (schedule.window, schedule.unasked)
        });
        self.owes_its_place();
        let slot = Slot {
            at,
            reason,
            noted_at: now,
            taken_at: None,
        };
        self.schedule = Some(Schedule {
            window,
            slot: Some(slot),
            unasked,
        });
        (self.queued_until, self.promoted_at) = (None, None);
        self.updated_at = self.updated_at.max(now);
        self.volatile = Volatile {
            dispatch_at: Timestamp::MAX,
            ..Volatile::default()
        };
    }

    /// The same for a reason found when it was about to be dialed. A call that asked for no time waits for that moment, and
    /// then for capacity as long as any other.
    pub fn put_off(&mut self, at: Timestamp, reason: ScheduleReason, now: Timestamp) {
        if self.schedule.is_none_or(|own| own.unasked) {
            let waits = match (self.schedule, self.queued_until) {
                (Some(own), _) => own.window.max_wait,
                (None, Some(until)) => until - self.created_at(),
                (None, None) => UNASKED,
            };
            self.schedule = Some(Schedule {
                window: Window::opening(at, waits),
                slot: None,
                unasked: true,
            });
        }
        self.put_on_schedule(at, reason, now);
    }

    /// How far it may be put off in this way.
    #[must_use]
    pub fn may_be_put_off_until(&self) -> Timestamp {
        let unasked = self.created_at() + LONGEST_UNASKED;
        let own = self.schedule.filter(|own| !own.unasked);
        own.map_or(unasked, |own| own.window.not_after)
    }

    /// The dialer that has it was told not to ring its phone, and did not: it counts as not dialed. The room made for it is
    /// deleted.
    pub fn undial(&mut self) {
        (self.dialed_at, self.counts_against_cps_until) = (None, None);
        self.announced = false;
    }

    /// The latest moment for dialing a call: as requested, or as long as it would have waited.
    #[must_use]
    pub fn gives_up_at(&self) -> Timestamp {
        match (self.schedule, self.queued_until) {
            (Some(schedule), _) => schedule.window.not_after,
            (None, Some(until)) => until,
            (None, None) => self.created_at() + UNASKED,
        }
    }

    /// It is due: from now on it is in the queue, at the place of the moment it was scheduled for. If its last room is still
    /// being torn down, it is due again a little later.
    pub fn enter_queue(&mut self, now: Timestamp) {
        let slot = self.schedule.as_mut().and_then(|own| own.slot.as_mut());
        match slot {
            Some(slot) if self.has_room => {
                slot.at = now + ROOM_GOES;
                return;
            }
            Some(slot) => slot.taken_at = Some(now),
            None => {}
        }
        self.queued_until = self.wait_ends();
        // In the same write, since a restart finds old calls by this mark.
        self.long_lived |= now >= self.created_at() + RECENT;
        self.volatile.dispatch_at = Timestamp::MAX;
    }

    /// It was not dialed while it could have been.
    pub fn miss(&mut self, why: FailureCode, now: Timestamp, key: &IdKey) {
        self.fail(Failure::of(why), now, key);
    }
}
