//! Contact limits, as a trunk applies them.
//!
//! Dials to a number are counted where the number is known, and a call takes its place among them before it is decided on
//! here: when it is accepted, and when a dialer gets it. So no decision waits for another object.

use super::hours::Callee;
use super::{Brief, Effect, Step, Terms, Trunk, Verdict};
use crate::domain::call::{Call, CallEffect, CallRequest, GivenBack, ScheduleReason};
use crate::domain::contacts::{Number, Question, Stage, Take, Ticket, agent_key, zone_of};
use crate::domain::ids::{Address, AgentId, CallId};
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};
use crate::domain::zones::Zone;

/// A call whose number has something pending looks again after this.
const PENDING: Span = Span(5_000);
/// A call whose place was marked as dialed too long ago is handed out again after this.
const SOON: Span = Span(100);

impl Trunk {
    /// What must be known before a request is decided: if it would be accepted, its place is reserved along with the question.
    pub fn question(
        &mut self,
        request: &CallRequest,
        terms: Terms,
        is_tried: bool,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> Question {
        let mut question = Question {
            at: now,
            ..Question::of(Number::of(&request.phone))
        };
        let stage = match self.verdict(request, terms, now, step) {
            // It takes its place when it is due.
            Ok(Verdict::Schedule { .. }) if !is_tried => return question,
            Err(_) => return question,
            Ok(Verdict::Go | Verdict::Wait { .. }) if !is_tried => Stage::Reserve,
            Ok(_) => Stage::Look,
        };
        let ticket = self.draw_ticket(now);
        question.take = self.place_for(&Callee::of(request), ticket, stage, now);
        question
    }

    /// What must be known before saying whether somebody may be called: no place is taken.
    pub(super) fn look_at(&mut self, callee: &Callee<'_>, now: Timestamp) -> Question {
        let ticket = self.draw_ticket(now);
        Question {
            take: self.place_for(callee, ticket, Stage::Look, now),
            at: now,
            ..Question::of(Number::of(callee.phone))
        }
    }

    /// What must be known before a dialer gets a call.
    #[must_use]
    pub fn question_of(&self, call: &Call, now: Timestamp) -> Question {
        let request = &call.request;
        let is_asked = !planted(Fault::ContactUnclaimed);
        Question {
            call: Some(call.id),
            take: self.place_of(call, Stage::Dial, now).filter(|_| is_asked),
            at: now,
            ..Question::of(Number::of(&request.phone))
        }
    }

    /// A call's place. A call whose limits were lifted keeps the place it took.
    fn place_of(&self, call: &Call, stage: Stage, now: Timestamp) -> Option<Box<Take>> {
        let callee = Callee::of(&call.request);
        let place = self.place_for(&callee, call.ticket(), stage, now)?;
        (self.is_limited(callee.agent) || call.ticket.is_some()).then_some(place)
    }

    fn place_for(
        &self,
        callee: &Callee<'_>,
        ticket: u64,
        stage: Stage,
        now: Timestamp,
    ) -> Option<Box<Take>> {
        let brief = self.brief.as_ref()?;
        let (org, own) = (&brief.limits.org, brief.limits.own(callee.agent));
        let is_new = matches!(stage, Stage::Look | Stage::Reserve);
        if is_new && !self.is_limited(callee.agent) {
            return None;
        }
        Some(Box::new(Take {
            number: Number::of(callee.phone),
            ticket: Ticket(brief.config.id.tag(), ticket),
            by: agent_key(callee.agent),
            org: org.clone(),
            own: own.to_vec(),
            zone: callee_zone(callee, now).map(|zone| zone.name().to_owned()),
            stage,
        }))
    }

    /// Ticket numbers rise as calls' ids do.
    fn draw_ticket(&mut self, now: Timestamp) -> u64 {
        let tag = super::TrunkTag::DIRECTORY;
        let next = Address::next(self.ticketed.max(self.last), now, tag);
        self.ticketed = Some(next);
        next.row()
    }

    fn is_limited(&self, agent: AgentId) -> bool {
        let limits =
            |brief: &Brief| !brief.limits.org.is_empty() || !brief.limits.own(agent).is_empty();
        self.brief.as_ref().is_some_and(limits)
    }

    /// A call is due: from now on it is in the queue, and its place is reserved.
    pub(super) fn enters_queue(&mut self, id: CallId, now: Timestamp, step: &mut Step<'_>) {
        let ticket = self.draw_ticket(now);
        let Some(held) = step.held(id) else { return };
        held.call.enter_queue(now);
        if self.is_limited(held.call.request.agent.id) && held.call.ticket.is_none() {
            held.call.ticket = Some(ticket);
            self.keeps_place(id, step);
        }
    }

    /// Keeps a call's place while it waits.
    pub(super) fn keeps_place(&self, id: CallId, step: &mut Step<'_>) {
        let waits = |call: &Call| call.ticket.is_some() && call.queued_until.is_some();
        if step.peek(id).is_some_and(waits) {
            step.effects.push(Effect {
                call: id,
                what: CallEffect::KeepPlace,
            });
        }
    }

    /// How a waiting call's place is kept: one that came from the schedule has none yet.
    #[must_use]
    pub fn waiting_place(&self, call: &Call, now: Timestamp) -> Option<Box<Take>> {
        let stage = match call.slot() {
            Some(_) => Stage::Reserve,
            None => Stage::Keep,
        };
        call.ticket.and_then(|_| self.place_of(call, stage, now))
    }

    /// A call has its place, and may be dialed.
    pub fn has_place(&mut self, id: CallId, ticket: u64, step: &mut Step<'_>) {
        if let Some(call) = self.open_call(id, step) {
            call.ticket = Some(ticket);
        }
    }

    /// Its place was marked as dialed too long ago: it is handed out again.
    pub fn took_too_long(&mut self, id: CallId, now: Timestamp, step: &mut Step<'_>) {
        self.dispatch_again(id, now + SOON);
        step.let_go_of(id);
    }

    /// A number has reached a contact limit: the call waits until it may be called again, if that is in time, and has no place.
    pub fn limited(
        &mut self,
        id: CallId,
        until: Option<Timestamp>,
        now: Timestamp,
        step: &mut Step<'_>,
    ) {
        // What an earlier claim may have marked is given back as well.
        if let Some(call) = self.open_call(id, step) {
            call.ticket = Some(call.ticket());
            if call.request.campaign.is_some() {
                self.give_back(id, GivenBack::Limited(until), now, step);
                return;
            }
        }
        let at = until.unwrap_or(now + PENDING).max(now + Span(1));
        self.schedule(id, at, ScheduleReason::ContactLimit, now, step);
    }

    /// A call that no dialer got ends. Its row does not know of a place that it may have got just before a crash.
    pub(super) fn owes_unseen_place(&self, id: CallId, step: &mut Step<'_>) {
        let was_open = self.open.get(&id).is_some_and(|entry| !entry.is_over());
        let Some(held) = step.held(id) else { return };
        let call = &mut held.call;
        let is_over = call.ended_at.is_some() && call.dialed_at.is_none();
        if was_open && is_over && call.ticket.is_none() && call.owes.is_empty() {
            // Limits that applied when it was claimed may have been lifted since.
            let (ticket, counted) = (
                call.ticket(),
                self.brief.as_ref().is_some_and(Brief::counts_dials),
            );
            call.owes.extend(counted.then_some(ticket));
        }
    }

    /// Places were given back.
    pub fn given_back(&mut self, id: CallId, tickets: &[u64], step: &mut Step<'_>) {
        let Some(call) = self.take(id, step).map(|held| &mut held.call) else {
            return;
        };
        let before = call.owes.len();
        call.owes.retain(|ticket| !tickets.contains(ticket));
        if call.owes.len() < before {
            self.settle(id, step);
        }
    }
}

/// The zone whose calendar counts: the one in the request, or the number's own.
fn callee_zone(callee: &Callee<'_>, now: Timestamp) -> Option<Zone> {
    let given = callee.time_zone.and_then(|name| name.zone());
    given.or_else(|| zone_of(callee.phone, now))
}
