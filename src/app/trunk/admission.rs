//! Requests for calls, and their repeats.

use super::{
    Answer, Desk, IDEMPOTENCY_TTL, Idempotency, IdempotencyRecord, StoreFailed, Trigger,
    TrunkRefusal, TrunkReply, TrunkStore,
};
use crate::domain::ids::{CallId, KeyId, OrgId};
use crate::domain::planted::{Fault, planted};
use crate::domain::trunk::Admission;

impl<S: TrunkStore> Desk<'_, '_, S> {
    /// The key and the call are written in one commit: a crash keeps both or neither.
    pub(super) fn admit(&mut self, trigger: Trigger) -> Answer {
        let Trigger {
            request,
            on_capacity,
            idempotency,
            good_until,
        } = trigger;
        if good_until.is_some_and(|until| self.now >= until) {
            return Ok(TrunkReply::Refused(TrunkRefusal::Late));
        }
        if self.trunk.is_revoked(request.key) {
            return Ok(TrunkReply::Refused(TrunkRefusal::InvalidKey));
        }
        if let Some(given) = &idempotency
            && !planted(Fault::IdempotencyIgnored)
            && let Some(known) = self.recall(given)?
        {
            return Ok(known);
        }
        let admission = match self.trunk.admit(request, on_capacity, self.now, self.step) {
            Ok(admission) => admission,
            Err(refusal) => return Ok(TrunkReply::Refused(refusal.into())),
        };
        // A refusal is not kept, so that a retry can succeed.
        if let Some(Idempotency { key, body }) = idempotency
            && matches!(
                admission,
                Admission::Accepted { .. } | Admission::Queued { .. }
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
        Ok(TrunkReply::Admission(admission))
    }

    pub(super) fn foresee(&mut self, trigger: Trigger) -> Answer {
        if planted(Fault::DryRunDials) {
            return self.admit(trigger);
        }
        let Trigger {
            request,
            on_capacity,
            ..
        } = trigger;
        let verdict = self
            .trunk
            .foresee(&request, on_capacity, self.now, self.step);
        Ok(match verdict {
            Ok(verdict) => TrunkReply::Verdict(verdict),
            Err(refusal) => TrunkReply::Refused(refusal.into()),
        })
    }

    pub(super) fn recall_for(&self, org: OrgId, key: KeyId, given: &Idempotency) -> Answer {
        if self.trunk.is_revoked(key) {
            return Ok(TrunkReply::Refused(TrunkRefusal::InvalidKey));
        }
        let brief = self.trunk.brief();
        let known = match brief.is_some_and(|brief| brief.config.org_id == org) {
            true => self.recall(given)?,
            false => None,
        };
        Ok(known.unwrap_or(TrunkReply::Missing))
    }

    /// Whether a call has a row: what was remembered of one may be all that a failed write left.
    fn is_kept(&self, id: CallId) -> Result<bool, StoreFailed> {
        let known = self.trunk.is_open(id) || planted(Fault::KeyWithoutCall);
        Ok(known || self.store.get(id)?.is_some())
    }

    /// The answer to a request that was made before, or to another that used its key.
    fn recall(&self, given: &Idempotency) -> Result<Option<TrunkReply>, StoreFailed> {
        let known = self.store.remembered(&given.key)?;
        let Some(known) = known.filter(|known| self.now < known.at + IDEMPOTENCY_TTL) else {
            return Ok(None);
        };
        match known.admission.call() {
            Some(call) if self.is_kept(call)? => {}
            _ => return Ok(None),
        }
        Ok(Some(match known.body == given.body {
            true => TrunkReply::Replayed(known.admission),
            false => TrunkReply::KeyReused,
        }))
    }
}
