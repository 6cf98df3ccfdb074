//! A call's place among the dials to its number, where contact limits count them.

use super::{Call, FailureCode, FailureSource};
use crate::domain::planted::{Fault, planted};

/// Tickets from here on are derived from the call itself; the numbers a trunk draws never reach this.
const OF_THE_CALL: u64 = 1 << 60;

impl Call {
    /// The ticket that holds its place: the one drawn for it, or the one it always has.
    #[must_use]
    pub fn ticket(&self) -> u64 {
        let since = self.slot().map_or(0, |slot| slot.noted_at.0 << 8);
        let own = (self.id.row() ^ since) & (OF_THE_CALL - 1);
        self.ticket.unwrap_or(own | OF_THE_CALL)
    }

    /// It has no place any more: its shard is told until it has confirmed that.
    pub(super) fn owes_its_place(&mut self) {
        if !planted(Fault::ContactUnreturned) {
            self.owes.extend(self.ticket);
        }
        self.ticket = None;
    }

    /// It ends. Its place is given back if its phone was not reached for a reason other than the callee.
    pub(super) fn settles_its_place(&mut self) {
        if self.ticket.is_some() && self.did_not_reach() {
            self.owes_its_place();
        }
    }

    /// Whether, as far as is known, its phone neither rang nor was picked up. Where nobody has said whether it rang and it
    /// may have, it counts as having rung.
    fn did_not_reach(&self) -> bool {
        if planted(Fault::ContactReturnedRung) {
            return true;
        }
        let Some(failure) = self.failure else {
            return false;
        };
        let is_silent = match self.has_room {
            true => self.volatile.silent,
            false => !self.plan.is_empty(),
        };
        let is_known = match failure.source() {
            FailureSource::Callee => return false,
            FailureSource::Carrier => true,
            FailureSource::Dialer => {
                let refused = failure.code == FailureCode::DialerUnavailable;
                !failure.is_loss() && (refused || !self.has_room)
            }
            FailureSource::Caller | FailureSource::Platform => false,
        };
        let rang = self.ringing_at.is_some() || self.answered_at.is_some();
        !rang && (is_known || is_silent || self.dialed_at.is_none())
    }
}
