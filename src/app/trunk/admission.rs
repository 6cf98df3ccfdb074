//! Requests for calls, and their repeats.

use super::reply::reply;
use super::{
    Answer, Desk, IDEMPOTENCY_TTL, Idempotency, IdempotencyRecord, StoreFailed, Trigger,
    TrunkRefusal, TrunkStore,
};
use crate::domain::contacts::Number;
use crate::domain::ids::{CallId, KeyId, OrgId};
use crate::domain::planted::{Fault, planted};
use crate::domain::trunk::{Admission, Terms, Verdict};

reply! {
    /// The result of a request for a call.
    pub enum Admitted {
        /// The request was decided now.
        Admission(admission: Admission),
        /// It was made before.
        Replayed(admission: Admission),
        /// Its key was used for another.
        KeyReused,
    }
}

reply! {
    /// What is remembered of a request made before.
    pub enum Replay {
        /// Its result.
        Replayed(admission: Admission),
        /// Its key was used for another.
        KeyReused,
    }
}

reply!(Verdict: verdict = Verdict(verdict));

impl From<Replay> for Admitted {
    fn from(replay: Replay) -> Self {
        match replay {
            Replay::Replayed(admission) => Self::Replayed(admission),
            Replay::KeyReused => Self::KeyReused,
        }
    }
}

impl<S: TrunkStore> Desk<'_, '_, S> {
    /// The key and the call are written in one commit: a crash keeps both or neither.
    pub(super) fn admit(
        &mut self,
        trigger: Box<Trigger>,
    ) -> Answer<Result<Admitted, TrunkRefusal>> {
        let reserved = self.reserved_for(&trigger.request);
        let unused = reserved.map(|ticket| (Number::of(&trigger.request.phone), ticket));
        let admitted = self.admit_to(trigger, reserved)?;
        let is_used = matches!(
            admitted,
            Ok(Admitted::Admission(
                Admission::Accepted { .. } | Admission::Queued { .. }
            ))
        );
        self.step.unused = unused.filter(|_| !is_used);
        Ok(admitted)
    }

    /// The same, with this place among its number's dials.
    fn admit_to(
        &mut self,
        trigger: Box<Trigger>,
        ticket: Option<u64>,
    ) -> Answer<Result<Admitted, TrunkRefusal>> {
        let Trigger {
            request,
            on_capacity,
            window,
            idempotency,
            good_until,
        } = *trigger;
        let is_late = good_until.is_some_and(|until| self.now >= until);
        if is_late && !planted(Fault::LateHeeded) {
            return Ok(Err(TrunkRefusal::Late));
        }
        if self.trunk.is_revoked(request.key) {
            return Ok(Err(TrunkRefusal::InvalidKey));
        }
        if let Some(given) = &idempotency
            && !planted(Fault::IdempotencyIgnored)
            && let Some(known) = self.known_answer(given)?
        {
            return Ok(Ok(known.into()));
        }
        let limited = match self.check_number(&request) {
            Ok(limited) => limited,
            Err(refused) => return Ok(Err(refused)),
        };
        let terms = Terms {
            on_capacity,
            window,
            limited,
            ticket,
        };
        let admission = match self.trunk.admit(request, terms, self.now, self.step) {
            Ok(admission) => admission,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        // A refusal is not stored, so that a retry can succeed.
        if let Some(Idempotency { key, body }) = idempotency
            && matches!(
                admission,
                Admission::Accepted { .. } | Admission::Queued { .. } | Admission::Scheduled { .. }
            )
        {
            let what = IdempotencyRecord {
                at: self.now,
                body,
                admission: admission.clone(),
            };
            self.store
                .remember(&key, &what, self.now - IDEMPOTENCY_TTL)?;
        }
        Ok(Ok(Admitted::Admission(admission)))
    }

    pub(super) fn dry_run(
        &mut self,
        trigger: Box<Trigger>,
    ) -> Answer<Result<Verdict, TrunkRefusal>> {
        if planted(Fault::DryRunDials) {
            let _ = self.admit(trigger.clone())?;
        }
        let limited = match self.check_number(&trigger.request) {
            Ok(limited) => limited,
            Err(refused) => return Ok(Err(refused)),
        };
        let terms = Terms {
            on_capacity: trigger.on_capacity,
            window: trigger.window,
            limited,
            ticket: None,
        };
        let verdict = self
            .trunk
            .verdict(&trigger.request, terms, self.now, self.step);
        Ok(verdict.map_err(TrunkRefusal::from))
    }

    pub(super) fn find_replay(
        &self,
        org: OrgId,
        key: KeyId,
        given: Idempotency,
    ) -> Answer<Result<Option<Replay>, TrunkRefusal>> {
        if self.trunk.is_revoked(key) {
            return Ok(Err(TrunkRefusal::InvalidKey));
        }
        let brief = self.trunk.brief();
        Ok(Ok(
            match brief.is_some_and(|brief| brief.config.org_id == org) {
                true => self.known_answer(&given)?,
                false => None,
            },
        ))
    }

    /// Whether a call has a row: what was remembered of it may be all that a failed write left.
    fn is_kept(&self, id: CallId) -> Result<bool, StoreFailed> {
        let known = self.trunk.is_open(id) || planted(Fault::KeyWithoutCall);
        Ok(known || self.store.get(id)?.is_some())
    }

    /// The answer to a request that was made before, or to another that used its key.
    fn known_answer(&self, given: &Idempotency) -> Answer<Option<Replay>> {
        let known = self.store.remembered(&given.key)?;
        let Some(known) = known.filter(|known| self.now < known.at + IDEMPOTENCY_TTL) else {
            return Ok(None);
        };
        match known.admission.call() {
            Some(call) if self.is_kept(call)? => {}
            _ => return Ok(None),
        }
        Ok(Some(match known.body == given.body {
            true => Replay::Replayed(known.admission),
            false => Replay::KeyReused,
        }))
    }
}
