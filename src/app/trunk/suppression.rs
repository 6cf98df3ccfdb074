//! Numbers that are not to be called. What is known of a number is asked before the object decides: see [`TrunkActor::questions`].

use super::reply::reply;
use super::{Answer, Desk, StoreFailed, TrunkActor, TrunkCommand, TrunkRefusal, TrunkStore};
use crate::domain::call::CallRequest;
use crate::domain::contacts::{Number, Told};
use crate::domain::ids::{CallId, OrgId};
use crate::domain::phone::E164;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::Timestamp;
use crate::domain::trunk::Withdrawn;

/// How far a trunk is with taking back its calls to some numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppressed {
    /// The row from which on it is to be told again.
    pub next: Option<u64>,
    /// A phone may ring just now: it is to be told again then.
    pub again_at: Option<Timestamp>,
}

reply!(Suppressed { next, again_at } = Suppressed { next, again_at });

/// Whose call it is, and to which number.
type Called = (OrgId, E164);
reply!(Called: (org, phone) = NumberOf(org, phone));

impl TrunkActor {
    /// Of which numbers must be known, before a command is carried out, whether they may be called. A decision takes no time,
    /// and asking does: what is known by then need not be known any more when it is decided. A number that is suppressed
    /// meanwhile is told of to this object as well, which then takes the call back.
    ///
    /// # Errors
    /// Rows can't be read.
    pub fn questions(
        &self,
        store: &impl TrunkStore,
        command: &TrunkCommand,
    ) -> Result<(Option<OrgId>, Vec<Number>), StoreFailed> {
        let org = self.trunk.brief().map(|brief| brief.config.org_id);
        if !self.trunk.asks_of_numbers() {
            return Ok((org, Vec::new()));
        }
        let numbers = match command {
            TrunkCommand::Admit(trigger)
            | TrunkCommand::DryRun(trigger)
            | TrunkCommand::Schedule(trigger)
            | TrunkCommand::DryRunSchedule(trigger) => {
                vec![Number::of(&trigger.request.phone)]
            }
            TrunkCommand::Claim(calls) => {
                let mut numbers = Vec::new();
                for id in calls.iter().filter(|id| self.trunk.may_be_claimed(**id)) {
                    let call = store.get(*id)?;
                    numbers.extend(call.map(|call| Number::of(&call.request.phone)));
                }
                numbers
            }
            _ => Vec::new(),
        };
        Ok((org, numbers))
    }
}

impl<S: TrunkStore> Desk<'_, '_, S> {
    /// Whether a call may be placed to a number. What is wrong with the request itself comes first.
    pub(super) fn check_number(&self, request: &CallRequest) -> Result<(), TrunkRefusal> {
        self.trunk.takes(request)?;
        if !self.trunk.asks_of_numbers() {
            return Ok(());
        }
        match self.words.of(Number::of(&request.phone)) {
            Some(true) if !planted(Fault::SuppressedAdmitted) => {
                Err(TrunkRefusal::NumberSuppressed)
            }
            Some(_) => Ok(()),
            None => Err(TrunkRefusal::NotAsked),
        }
    }

    /// Whether a dialer may have a call: its number may be called, by the word of whoever knows. Without a word nobody gets it,
    /// and it is handed out again.
    pub(super) fn may_be_called(&mut self, id: CallId) -> bool {
        if !self.trunk.asks_of_numbers() || !self.trunk.may_be_claimed(id) {
            return true;
        }
        let call = self.trunk.call(id, self.step);
        let word = call.and_then(|call| self.words.of(Number::of(&call.request.phone)));
        match word {
            Some(true) => {
                self.trunk.suppress_call(id, self.now, self.step);
            }
            Some(false) => {}
            None => {
                self.trunk.not_asked(id, self.now);
                self.step.let_go_of(id);
            }
        }
        word == Some(false)
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
