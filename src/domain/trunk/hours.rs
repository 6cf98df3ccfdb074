//! Calling hours, as a trunk applies them: when a call is accepted, when it is due or leaves the queue, when a dialer claims it,
//! and in the moment before its phone rings.

use super::suppression::GRANT;
use super::verdict::{self, Terms};
use super::{Step, Trunk};
use crate::domain::call::{Call, CallRequest, FailureCode, LONGEST_UNASKED, Phase, ScheduleReason};
use crate::domain::calling_hours::{CallingHours, Verdict, ZoneName, judge};
use crate::domain::ids::{AgentId, CallId};
use crate::domain::numbering;
use crate::domain::phone::E164;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::Timestamp;
use crate::domain::zones::Zone;

impl Trunk {
    /// What the hours that apply to a request say about a moment.
    pub(super) fn hours_say(&self, request: &CallRequest, at: Timestamp) -> Verdict {
        if request.ignores_hours {
            return Verdict::Open;
        }
        let campaign = request.campaign.as_ref();
        let own = campaign.and_then(|campaign| campaign.hours.as_deref());
        self.hours_of(&Callee::of(request), own, at)
    }

    /// What the hours that apply to a callee say about a moment, including a campaign's own.
    pub(super) fn hours_of(
        &self,
        callee: &Callee<'_>,
        own: Option<&CallingHours>,
        at: Timestamp,
    ) -> Verdict {
        let Some(brief) = &self.brief else {
            return Verdict::Open;
        };
        let own = own.filter(|_| !planted(Fault::CampaignHoursIgnored));
        if brief.hours.is_empty() && own.is_none() {
            return Verdict::Open;
        }
        let hours = brief.hours.of_calls_by(callee.agent);
        judge(hours.chain(own), &zones_of(callee), at)
    }

    /// Until when a call may not be dialed, and why: by its own terms, and by calling hours.
    pub(super) fn put_off_until(
        &self,
        request: &CallRequest,
        terms: Terms,
        now: Timestamp,
    ) -> Result<Option<(Timestamp, ScheduleReason)>, verdict::Verdict> {
        let asked = terms.put_off_until(now);
        let latest = now + LONGEST_UNASKED;
        let until = terms.window.map_or(latest, |window| window.not_after);
        let at = asked.map_or(now, |(at, _)| at);
        match self.hours_say(request, at) {
            Verdict::Open => Ok(asked),
            Verdict::Closed {
                opens_at: Some(opens_at),
                rejects: false,
                ..
            } if opens_at < until => Ok(Some((opens_at, ScheduleReason::CallingHours))),
            Verdict::Closed { opens_at, .. } => Err(verdict::Verdict::Closed { opens_at }),
            Verdict::ZoneUnknown => Err(verdict::Verdict::ZoneUnknown),
        }
    }

    /// A call that may not be dialed before then.
    pub(super) fn scheduled(
        &self,
        id: CallId,
        request: CallRequest,
        terms: Terms,
        slot: (Timestamp, ScheduleReason),
        now: Timestamp,
    ) -> Call {
        let asked = terms.put_off_until(now).map_or(now, |(at, _)| at);
        let closed_in = match self.hours_say(&request, asked) {
            Verdict::Closed { zone, .. } => Some(ZoneName::of(zone)),
            Verdict::Open | Verdict::ZoneUnknown => None,
        };
        let mut call = match terms.window {
            Some(window) => Call::scheduled(id, request, window, slot, now),
            None => Call::waiting(id, request, terms.max_wait(), slot, now),
        };
        call.closed_in = closed_in;
        call
    }

    /// Whether there are hours that may be closed.
    pub(super) fn has_hours(&self) -> bool {
        let brief = self.brief.as_ref();
        brief.is_some_and(|brief| !brief.hours.is_empty())
    }

    /// The same for the whole time in which a phone may ring that is allowed to now: open only if it does not close before then.
    fn hours_say_while_it_may_ring(&self, request: &CallRequest, now: Timestamp) -> Verdict {
        match self.hours_say(request, now) {
            // No opening and no break is that short.
            Verdict::Open => self.hours_say(request, now + GRANT),
            closed => closed,
        }
    }

    /// If hours are closed for a call that nobody has dialed, it waits for the next opening, if that is in time, or ends. It then
    /// no longer belongs to any dialer.
    pub(super) fn put_off_if_closed(
        &mut self,
        id: CallId,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> bool {
        self.put_off_if_they_say(id, now, step, Self::hours_say)
    }

    /// The same if they close before its phone, which whoever asks for the call rings at once, has rung.
    pub(super) fn put_off_if_closing(
        &mut self,
        id: CallId,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> bool {
        self.put_off_if_they_say(id, now, step, Self::hours_say_while_it_may_ring)
    }

    fn put_off_if_they_say(
        &mut self,
        id: CallId,
        now: Timestamp,
        step: &mut Step<'_>,
        say: impl Fn(&Self, &CallRequest, Timestamp) -> Verdict,
    ) -> bool {
        let Some(call) = self.take(id, step).map(|held| &held.call) else {
            return false;
        };
        if planted(Fault::ScheduledUnchecked) && call.slot().is_some() {
            return false;
        }
        let until = call.may_be_put_off_until();
        let said = say(self, &call.request, now);
        if call.request.campaign.is_some() {
            return self.give_back_if_closed(id, said, now, step);
        }
        let opens = match said {
            Verdict::Open => return false,
            Verdict::Closed { opens_at, zone, .. } => {
                let in_time = opens_at.filter(|at| *at < until);
                in_time.map(|at| (at, ZoneName::of(zone)))
            }
            Verdict::ZoneUnknown => None,
        };
        let key = self.key.clone();
        self.change_undialed(id, now, step, |call| {
            match opens {
                Some((at, zone)) => {
                    call.put_off(at, ScheduleReason::CallingHours, now);
                    call.closed_in = Some(zone);
                }
                None => call.miss(FailureCode::WindowClosed, now, &key),
            }
            true
        })
    }

    /// Whether hours are closed now that a phone is about to ring whose room is ready, with its agent in it. If so, the call
    /// counts as not dialed and is put off like any other, while its room is torn down.
    ///
    /// # Errors
    /// Somebody was allowed to ring it just now: when that has passed.
    pub fn rings_outside_hours(
        &mut self,
        id: CallId,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> Result<bool, Timestamp> {
        let Some(call) = self.open_call(id, step) else {
            return Ok(false);
        };
        let is_set_up = matches!(call.phase(), Phase::SettingUp { .. });
        let is_open = self.hours_say_while_it_may_ring(&call.request, now) == Verdict::Open;
        if !is_set_up || is_open || planted(Fault::HoursIgnoredAtRing) {
            step.let_go_of(id);
            return Ok(false);
        }
        let may_ring_until = self.grants.until(id);
        if may_ring_until > now {
            return Err(may_ring_until);
        }
        if let Some(call) = self.open_call(id, step) {
            call.undial();
        }
        Ok(self.put_off_if_closing(id, now, step))
    }
}

/// Who is called, and by whom.
pub(super) struct Callee<'a> {
    pub agent: AgentId,
    pub phone: &'a E164,
    /// The zone of the phone, if it was given.
    pub time_zone: Option<&'a ZoneName>,
}

impl<'a> Callee<'a> {
    pub fn of(request: &'a CallRequest) -> Self {
        Self {
            agent: request.agent.id,
            phone: &request.phone,
            time_zone: request.time_zone.as_ref(),
        }
    }
}

/// The zones in which the callee's phone may be.
fn zones_of(callee: &Callee<'_>) -> Vec<Zone> {
    if let Some(given) = callee.time_zone {
        return given.zone().into_iter().collect();
    }
    let names = numbering::facts(callee.phone).time_zones;
    names.into_iter().filter_map(Zone::named).collect()
}
