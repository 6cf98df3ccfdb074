//! One recipient, as stored in their row, and what becomes of them.

use super::handover::{Ended, GivenBack, Standing};
use super::{Attempt, NewRecipient, RecipientStatus};
use crate::domain::call::{CallStatus, Failure, FailureCode, cause};
use crate::domain::calling_hours::ZoneName;
use crate::domain::contacts::Number;
use crate::domain::ids::CallId;
use crate::domain::phone::E164;
use crate::domain::planted::{Fault, planted};
use crate::domain::redial::Redial;
use crate::domain::time::{Span, Timestamp};

/// Somebody who can't be called, for a reason whose end is unknown, is looked at again after this,
pub const LOOK_AGAIN: Span = Span::from_secs(60);
/// and after a day where hours never open.
const NEVER_OPENS: Span = Span(86_400_000);
/// How many attempts are kept; those that were given back are dropped first.
const KEPT: usize = 30;

/// All statuses of recipients. Rows refer to one by its index here, so a new one goes at the end.
pub const STATUSES: [RecipientStatus; 8] = [
    RecipientStatus::Pending,
    RecipientStatus::InProgress,
    RecipientStatus::Waiting,
    RecipientStatus::Completed,
    RecipientStatus::Unreached,
    RecipientStatus::Suppressed,
    RecipientStatus::Expired,
    RecipientStatus::Canceled,
];

/// A recipient's row, without the metadata, which has a row of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Their place on the list, from 1.
    pub row: u64,
    /// What identifies them in the campaign.
    pub reference: String,
    /// The number to call.
    pub phone: E164,
    /// The time zone of their phone, if it was given.
    pub time_zone: Option<ZoneName>,
    /// Their status.
    pub status: RecipientStatus,
    /// When they are called next, if they wait.
    pub next_at: Option<Timestamp>,
    /// Whether they wait for calling hours.
    pub for_hours: bool,
    /// When this row last changed.
    pub changed_at: Timestamp,
    /// The attempts so far.
    pub attempts: Vec<Attempt>,
}

/// What decides how an attempt's end is taken.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// When somebody is called again.
    pub redial: Option<&'a Redial>,
    /// Nobody is called from this moment on.
    pub not_after: Option<Timestamp>,
    /// What all undecided recipients became when the campaign's time was over.
    pub left_as: Option<RecipientStatus>,
}

impl Row {
    /// A recipient nobody has called yet.
    #[must_use]
    pub fn new(row: u64, person: &NewRecipient, now: Timestamp) -> Self {
        Self {
            row,
            reference: person.reference.clone(),
            phone: person.phone.clone(),
            time_zone: person.time_zone.clone(),
            status: RecipientStatus::Pending,
            next_at: None,
            for_hours: false,
            changed_at: now,
            attempts: Vec::new(),
        }
    }

    /// Their number in its normal form.
    #[must_use]
    pub fn number(&self) -> Number {
        Number::of(&self.phone)
    }

    /// The calls of the attempts that count, oldest first.
    pub fn tried(&self) -> impl Iterator<Item = CallId> {
        let counts = |attempt: &&Attempt| !attempt.given_back;
        self.attempts
            .iter()
            .filter(counts)
            .filter_map(|attempt| attempt.call)
    }

    fn becomes(&mut self, status: RecipientStatus, now: Timestamp) {
        self.status = status;
        self.next_at = None;
        self.for_hours = false;
        self.changed_at = now;
    }

    /// Their data is erased: they are not called any more.
    pub fn leaves(&mut self, now: Timestamp) {
        self.becomes(RecipientStatus::Canceled, now);
    }

    /// They are called next at `at`, at the earliest a moment from now.
    pub fn waits(&mut self, at: Timestamp, for_hours: bool, now: Timestamp) {
        self.becomes(RecipientStatus::Waiting, now);
        self.next_at = Some(at.max(now + Span(1)));
        self.for_hours = for_hours;
    }

    /// A call to them is about to be handed over.
    pub fn begins(&mut self, call: CallId, now: Timestamp) {
        self.becomes(RecipientStatus::InProgress, now);
        let given_back = |attempt: &Attempt| attempt.given_back;
        if self.attempts.len() >= KEPT
            && let Some(at) = self.attempts.iter().position(given_back)
        {
            self.attempts.remove(at);
        }
        self.attempts.push(Attempt {
            call: Some(call),
            at: now,
            status: None,
            failure: None,
            answered_by: None,
            disposition: None,
            duration_secs: None,
            given_back: false,
        });
    }

    /// Nothing came of that call: it never existed.
    pub fn undo(&mut self, call: CallId, rules: Rules<'_>, now: Timestamp) {
        self.attempts.retain(|attempt| attempt.call != Some(call));
        self.is_next(rules, now);
    }

    /// They are to be called as soon as possible.
    fn is_next(&mut self, rules: Rules<'_>, now: Timestamp) {
        match (rules.left_as, self.attempts.is_empty()) {
            (Some(status), _) => self.becomes(status, now),
            (None, true) => self.becomes(RecipientStatus::Pending, now),
            (None, false) => {
                self.becomes(RecipientStatus::Waiting, now);
                self.next_at = Some(now);
            }
        }
    }

    /// Applies the trunk's answer on how they stand.
    pub fn stands(&mut self, standing: Standing, now: Timestamp) {
        let code = match standing {
            Standing::Ready => return,
            Standing::NotAsked => return self.waits(now + LOOK_AGAIN, false, now),
            Standing::Suppressed => return self.becomes(RecipientStatus::Suppressed, now),
            Standing::Limited(at) => {
                return self.waits(at.unwrap_or(now + LOOK_AGAIN), false, now);
            }
            Standing::Closed(at) => {
                return self.waits(at.unwrap_or(now + NEVER_OPENS), true, now);
            }
            Standing::NotAllowed => FailureCode::DestinationNotAllowed,
            Standing::Impossible => FailureCode::Unreachable,
            Standing::ZoneUnknown => FailureCode::WindowClosed,
        };
        self.becomes(RecipientStatus::Unreached, now);
        self.attempts.push(Attempt {
            call: None,
            at: now,
            status: None,
            failure: Some(Failure::of(code)),
            answered_by: None,
            disposition: None,
            duration_secs: None,
            given_back: false,
        });
    }

    /// Records how an attempt ended. Returns whether there was such an attempt.
    pub fn learns(&mut self, call: CallId, ended: &Ended) -> bool {
        let mut attempts = self.attempts.iter_mut();
        let Some(attempt) = attempts.find(|attempt| attempt.call == Some(call)) else {
            return false;
        };
        attempt.status = Some(ended.status).filter(|_| !ended.is_unknown());
        attempt.failure = ended.failure;
        attempt.answered_by = ended.answered_by;
        attempt.disposition.clone_from(&ended.disposition);
        attempt.duration_secs = ended.duration_secs;
        attempt.given_back = ended.given_back.is_some();
        true
    }

    /// Their call is over.
    pub fn ends(&mut self, call: CallId, ended: &Ended, rules: Rules<'_>, now: Timestamp) {
        if !self.learns(call, ended) {
            return;
        }
        match ended.given_back {
            Some(GivenBack::TakenBack) => return self.is_next(rules, now),
            Some(GivenBack::Closed(at)) => self.stands(Standing::Closed(at), now),
            Some(GivenBack::Limited(at)) => self.stands(Standing::Limited(at), now),
            None => match self.decided(ended, rules) {
                Ok(status) => self.becomes(status, now),
                Err(at) => self.waits(at, false, now),
            },
        }
        if let Some(left_as) = rules.left_as
            && self.status == RecipientStatus::Waiting
        {
            self.becomes(left_as, now);
        }
    }

    /// Their new status; or, as an error, when they are called again.
    fn decided(&self, ended: &Ended, rules: Rules<'_>) -> Result<RecipientStatus, Timestamp> {
        // Decided by any attempt: an attempt that reached a machine counts once none is left.
        let mut told = self.attempts.iter().map(|attempt| attempt.status);
        let was_reached = told.any(|status| status == Some(CallStatus::Completed));
        let over = rules.not_after.is_some_and(|at| ended.ended_at >= at);
        match ended.failure.map(|failure| failure.code) {
            Some(FailureCode::Canceled) if ended.was_answered => Ok(RecipientStatus::Completed),
            Some(FailureCode::Canceled) => Ok(RecipientStatus::Canceled),
            Some(FailureCode::NumberSuppressed) if !ended.was_answered => {
                Ok(RecipientStatus::Suppressed)
            }
            Some(FailureCode::WindowClosed) if over => Ok(RecipientStatus::Expired),
            failure => {
                let tried = match planted(Fault::CampaignRedialsOn) {
                    true => 1,
                    false => u32::try_from(self.tried().count()).unwrap_or(u32::MAX),
                };
                let cause = cause(failure, ended.status, ended.answered_by);
                let until = rules.not_after.unwrap_or(Timestamp::MAX);
                let next = rules.redial.zip(cause).and_then(|(redial, cause)| {
                    redial.next_at(tried, cause, ended.ended_at, until)
                });
                match next {
                    Some(at) => Err(at),
                    None if was_reached => Ok(RecipientStatus::Completed),
                    None => Ok(RecipientStatus::Unreached),
                }
            }
        }
    }

    /// The row as it was at that moment, as far as it still tells.
    #[must_use]
    pub fn as_of(mut self, at: Timestamp) -> Self {
        if self.changed_at <= at {
            return self;
        }
        let all = self.attempts.len();
        self.attempts.retain(|attempt| attempt.at <= at);
        let began_later = self.attempts.len() < all;
        self.next_at = None;
        self.status = match self.attempts.last_mut() {
            None => RecipientStatus::Pending,
            Some(_) if began_later => RecipientStatus::Waiting,
            // That attempt was over, and the next was not made.
            Some(last)
                if self.status == RecipientStatus::Suppressed
                    && last.failure.map(|failure| failure.code)
                        != Some(FailureCode::NumberSuppressed) =>
            {
                RecipientStatus::Waiting
            }
            Some(last) => {
                (last.status, last.failure, last.answered_by) = (None, None, None);
                (last.disposition, last.duration_secs) = (None, None);
                RecipientStatus::InProgress
            }
        };
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::call::AnsweredBy;
    use crate::domain::ids::{Address, IdKey, TrunkTag};
    use crate::domain::redial::Cause;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn ended(status: CallStatus, code: Option<FailureCode>, by: Option<AnsweredBy>) -> Ended {
        Ended {
            status,
            failure: code.map(Failure::of),
            dialed_at: Some(NOW),
            ended_at: NOW,
            answered_by: by,
            was_answered: by.is_some(),
            disposition: None,
            duration_secs: None,
            given_back: None,
        }
    }

    /// The status of somebody whose attempts end like this, one after another.
    fn becomes(redial: Option<&Redial>, ends: &[Ended]) -> RecipientStatus {
        let phone = E164::parse("+14155550001").expect("a number");
        let person = NewRecipient {
            reference: "one".into(),
            phone,
            time_zone: None,
            metadata: None,
        };
        let mut row = Row::new(1, &person, NOW);
        let rules = Rules {
            redial,
            not_after: None,
            left_as: None,
        };
        for (ended, at) in ends.iter().zip(1..) {
            let address = Address::next(None, NOW + Span(at), TrunkTag::DIRECTORY);
            let call = CallId::mint(address, &IdKey::new(b"key"));
            row.begins(call, NOW);
            row.ends(call, ended, rules, NOW);
        }
        row.status
    }

    #[test]
    fn a_machine_counts_as_somebody_reached_once_no_attempt_is_left() {
        let redial = |on: &[Cause]| Redial {
            max_attempts: 2,
            on: on.to_vec(),
            wait_seconds: vec![60],
        };
        let on_both = redial(&[Cause::Voicemail, Cause::NoAnswer]);
        let on_busy = redial(&[Cause::Busy]);
        let machine = ended(CallStatus::Completed, None, Some(AnsweredBy::Machine));
        let nobody = ended(CallStatus::SipCallFailed, Some(FailureCode::NoAnswer), None);
        let all = [
            (Some(&on_both), vec![&machine], RecipientStatus::Waiting),
            (
                Some(&on_both),
                vec![&machine, &machine],
                RecipientStatus::Completed,
            ),
            (
                Some(&on_both),
                vec![&machine, &nobody],
                RecipientStatus::Completed,
            ),
            (
                Some(&on_both),
                vec![&nobody, &nobody],
                RecipientStatus::Unreached,
            ),
            (Some(&on_busy), vec![&machine], RecipientStatus::Completed),
            (Some(&on_busy), vec![&nobody], RecipientStatus::Unreached),
            (None, vec![&machine], RecipientStatus::Completed),
        ];
        for (redial, ends, status) in all {
            let ends: Vec<Ended> = ends.into_iter().cloned().collect();
            assert_eq!(becomes(redial, &ends), status, "{redial:?} {ends:?}");
        }
    }

    #[test]
    fn a_call_that_is_cancelled_is_somebodys_last() {
        let redial = Redial {
            max_attempts: 3,
            on: Cause::ALL.into_iter().map(|(_, cause)| cause).collect(),
            wait_seconds: vec![60],
        };
        let canceled = Some(FailureCode::Canceled);
        let before = ended(CallStatus::TriggerFailed, canceled, None);
        let after = ended(CallStatus::Completed, canceled, Some(AnsweredBy::Human));
        assert_eq!(becomes(Some(&redial), &[before]), RecipientStatus::Canceled);
        assert_eq!(becomes(Some(&redial), &[after]), RecipientStatus::Completed);
    }
}
