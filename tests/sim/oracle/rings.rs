//! Whose phones ring first.

use audatec::domain::call::{Call, Phase, SETUP_LIMIT};
use audatec::domain::ids::{CallId, TrunkTag};
use audatec::domain::time::{Span, Timestamp};

use super::Oracle;
use super::scheduled::was_scheduled;
use crate::world::W;

fn is_direct(row: &Call) -> bool {
    !was_scheduled(row) && row.request.campaign.is_none()
}

impl Oracle {
    /// A phone is told to wait for its turn.
    pub(super) fn is_put_off(&self, tag: TrunkTag, id: CallId, until: Timestamp) {
        let calls = self.calls.borrow();
        if calls.get(&id).is_some_and(|seen| is_direct(&seen.row)) {
            self.with_trunk(tag, |facts| facts.put_off.insert(id, until));
        }
    }

    /// A phone may ring: within the rate, and with room left for direct calls that were told to ask again about now.
    pub(super) fn rings_in_turn(&self, w: &W, tag: TrunkTag, id: CallId, now: Timestamp) {
        let calls = self.calls.borrow();
        let Some(seen) = calls.get(&id) else { return };
        let dialed_at = seen.row.dialed_at.unwrap_or_default();
        let may_wait = w.faults.clock_is_true()
            && !is_direct(&seen.row)
            && now < dialed_at + Span(SETUP_LIMIT.0 / 2);
        let is_set_up = |id: &CallId| {
            let seen = calls.get(id);
            seen.is_some_and(|seen| matches!(seen.row.phase(), Phase::SettingUp { .. }))
        };
        self.with_trunk(tag, |facts| {
            facts.put_off.remove(&id);
            let most = facts.most(|limits| limits.max_cps) as usize;
            let count = facts.may_ring.count(w, now);
            let put_off = &facts.put_off;
            let others = put_off.iter().filter(|(id, until)| now < **until + Span(500) && is_set_up(id));
            let others = others.count();
            self.check(!may_wait || count + others <= most, tag, Some(id), || {
                format!("its phone rings, and those of {others} direct calls wait, beside {count} of {most}")
            });
        });
    }

    /// What was told to wait is known to nobody any more.
    pub(super) fn none_is_put_off(&self, tag: TrunkTag) {
        self.with_trunk(tag, |facts| facts.put_off.clear());
    }
}
