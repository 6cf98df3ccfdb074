//! Suppressed numbers. What is known of a number is asked before the object decides: see [`TrunkActor::questions`].

use super::campaigns::{questions_of_check, questions_of_round};
use super::reply::reply;
use super::{
    Answer, Desk, Reading, StoreFailed, Trigger, TrunkActor, TrunkCommand, TrunkRefusal, TrunkStore,
};
use crate::app::messages::ContactErrand;
use crate::domain::call::CallRequest;
use crate::domain::contacts::{Contact, MARGIN, Number, Question, Stage, Take, Ticket, Told, Word};
use crate::domain::ids::{CallId, OrgId};
use crate::domain::phone::E164;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::Timestamp;
use crate::domain::trunk::{Step, Terms, Withdrawn};

/// How far a trunk has got with taking back its calls to some numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppressed {
    /// The row from which to tell it again.
    pub next: Option<u64>,
    /// A phone may ring right now: tell it again at this moment.
    pub again_at: Option<Timestamp>,
}

reply!(Suppressed { next, again_at } = Suppressed { next, again_at });

/// The organisation and the number of a call.
type Called = (OrgId, E164);
reply!(Called: (org, phone) = NumberOf(org, phone));

impl TrunkActor {
    /// The questions about numbers that must be answered before a command is carried out: whether they may be called, and a
    /// place among their dials. A decision takes no time, but asking does: the answers may be out of date when they are used.
    /// This object is also told of a number suppressed meanwhile, and then takes the call back.
    ///
    /// # Errors
    /// Rows can't be read.
    pub fn questions(
        &mut self,
        store: &impl TrunkStore,
        command: &TrunkCommand,
        now: Timestamp,
    ) -> Result<(Option<OrgId>, Vec<Question>), StoreFailed> {
        if !self.trunk.asks_of_numbers() {
            return Ok((self.org(), Vec::new()));
        }
        let now = self.trunk.observe(now);
        let rows = Reading::new(store);
        let mut step = Step::new(&rows);
        let questions = match command {
            TrunkCommand::Admit(trigger)
            | TrunkCommand::Schedule(trigger)
            | TrunkCommand::Redial(trigger) => {
                let known = trigger.idempotency.as_ref();
                let known = known
                    .map(|given| store.remembered(&given.key))
                    .transpose()?;
                let is_replay = known.flatten().is_some();
                vec![self.question(trigger, is_replay, now, &mut step)]
            }
            TrunkCommand::DryRun(trigger) | TrunkCommand::DryRunSchedule(trigger) => {
                vec![self.question(trigger, true, now, &mut step)]
            }
            TrunkCommand::Claim(calls) => {
                let mut questions = Vec::new();
                for id in calls.iter().filter(|id| self.trunk.may_be_claimed(**id)) {
                    let call = self.trunk.call(*id, &mut step).cloned();
                    questions.extend(call.map(|call| self.trunk.question_of(&call, now)));
                }
                questions
            }
            TrunkCommand::CampaignRound(round) => questions_of_round(&mut self.trunk, round, now),
            TrunkCommand::CampaignCheck(check) => questions_of_check(&mut self.trunk, check, now),
            _ => Vec::new(),
        };
        rows.finish()?;
        Ok((self.org(), questions))
    }

    fn question(
        &mut self,
        trigger: &Trigger,
        is_tried: bool,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> Question {
        let terms = Terms {
            on_capacity: trigger.on_capacity,
            window: trigger.window,
            ..Terms::default()
        };
        self.trunk
            .question(&trigger.request, terms, is_tried, now, step)
    }

    /// The organisation of the trunk, once it is known.
    #[must_use]
    pub fn org(&self) -> Option<OrgId> {
        self.trunk.brief().map(|brief| brief.config.org_id)
    }
}

impl<S: TrunkStore> Desk<'_, '_, S> {
    /// The place among its number's dials that was reserved for a request, if one was.
    pub(super) fn reserved_for(&self, request: &CallRequest) -> Option<u64> {
        if self.words.is_empty() {
            return None; // nobody was asked
        }
        let (asked, word) = self.words.of(Number::of(&request.phone), None)?;
        let take = asked.take.as_ref()?;
        let is_taken = take.stage == Stage::Reserve && *word == Word::suppressed(false);
        is_taken.then_some(take.ticket.1)
    }

    /// Whether a call may be placed to a number, and until when contact limits rule it out. Faults of the request itself come
    /// first.
    pub(super) fn check_number(
        &self,
        request: &CallRequest,
    ) -> Result<Option<Option<Timestamp>>, TrunkRefusal> {
        self.trunk.takes(request)?;
        if !self.trunk.asks_of_numbers() {
            return Ok(None);
        }
        let words = self.words.of(Number::of(&request.phone), None);
        let Some((_, word)) = words else {
            return Err(TrunkRefusal::NotAsked);
        };
        match word.contact {
            _ if word.suppressed && !planted(Fault::SuppressedAdmitted) => {
                Err(TrunkRefusal::NumberSuppressed)
            }
            Contact::Limited(until) => Ok(Some(until)),
            Contact::Free => Ok(None),
        }
    }

    /// Whether a dialer may have a call: only if those who know say that its number may be called. Without their answer
    /// nobody gets it, and it is handed out again.
    pub(super) fn may_be_called(&mut self, id: CallId) -> bool {
        if !self.trunk.asks_of_numbers() || !self.trunk.may_be_claimed(id) {
            return true;
        }
        let call = self.trunk.call(id, self.step).cloned();
        let is_campaigns = call
            .as_ref()
            .is_some_and(|call| call.request.campaign.is_some());
        let word = call.and_then(|call| {
            let number = Number::of(&call.request.phone);
            let said = self.words.of(number, Some(id))?;
            Some((said, self.trunk.question_of(&call, self.now)))
        });
        let Some(((asked, word), now_asked)) = word else {
            self.trunk.not_asked(id, self.now);
            self.step.let_go_of(id);
            return false;
        };
        match (word.contact, &asked.take) {
            _ if word.suppressed && !(is_campaigns && planted(Fault::SuppressedCalled)) => {
                self.trunk.suppress_call(id, self.now, self.step);
                false
            }
            (Contact::Limited(until), _) => {
                self.trunk.limited(id, until, self.now, self.step);
                false
            }
            // Limits may have been added or changed meanwhile.
            (Contact::Free, take)
                if self.now > asked.at + MARGIN && take.is_some()
                    || !Take::are_alike(take.as_deref(), now_asked.take.as_deref()) =>
            {
                self.trunk.took_too_long(id, self.now, self.step);
                false
            }
            (Contact::Free, take) => {
                if let Some(take) = take {
                    self.trunk.has_place(id, take.ticket.1, self.step);
                }
                true
            }
        }
    }

    /// The errands about numbers once this is written.
    pub(super) fn contact_errands(&mut self, id: CallId, gives_back: bool) -> Vec<ContactErrand> {
        let Some(call) = self.trunk.call(id, self.step).cloned() else {
            return Vec::new();
        };
        if !gives_back {
            let place = self.trunk.waiting_place(&call, self.now);
            return place.map(ContactErrand::Take).into_iter().collect();
        }
        let owed = call.owes.iter().map(|ticket| ContactErrand::GiveBack {
            call: Some(id),
            number: Number::of(&call.request.phone),
            ticket: Ticket(id.address().tag, *ticket),
        });
        owed.collect()
    }

    pub(super) fn given_back(&mut self, id: CallId, tickets: Vec<u64>) -> Answer<()> {
        self.trunk.given_back(id, &tickets, self.step);
        Ok(())
    }

    pub(super) fn suppress(
        &mut self,
        org: OrgId,
        numbers: Vec<Number>,
        from: u64,
        last: bool,
    ) -> Answer<Suppressed> {
        let brief = self.trunk.brief();
        if brief.is_none_or(|brief| brief.config.org_id != org) {
            return Ok(Suppressed {
                next: None,
                again_at: None,
            });
        }
        let told = Told::new(numbers);
        let Withdrawn { next, again_at } =
            self.trunk.withdraw(&told, from, last, self.now, self.step);
        Ok(Suppressed { next, again_at })
    }

    pub(super) fn number_of(&mut self, id: CallId) -> Answer<Option<Called>> {
        let call = self.trunk.call(id, self.step);
        Ok(call.map(|call| (call.request.org, call.request.phone.clone())))
    }
}
