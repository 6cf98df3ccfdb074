//! A call's place among the dials to its number, where contact limits count these.

use super::{Call, FailureCode, FailureSource};
use crate::domain::planted::{Fault, planted};

/// Tickets that stand for a call itself: none that a trunk draws is so high.
const OF_THE_CALL: u64 = 1 << 60;

impl Call {
    /// Under which number its place is taken: the one that was drawn for it, or the one that it always has.
    #[must_use]
    pub fn ticket(&self) -> u64 {
        let since = self.slot().map_or(0, |slot| slot.noted_at.0 << 8);
        let own = (self.id.row() ^ since) & (OF_THE_CALL - 1);
        self.ticket.unwrap_or(own | OF_THE_CALL)
    }

    /// It has a place no more: whoever counts is told so until that was heard.
    pub(super) fn owes_its_place(&mut self) {
        if !planted(Fault::ContactUnreturned) {
            self.owes.extend(self.ticket);
        }
        self.ticket = None;
    }

    /// It ends. Its place is given back where its phone was not reached, and that was not the callee's doing.
    pub(super) fn settles_its_place(&mut self) {
        if self.ticket.is_some() && self.did_not_reach() {
            self.owes_its_place();
        }
    }

    /// Whether its phone neither rang nor was picked up, for all that is known. Where nobody has said whether it rang, and it
    /// may have, it did.
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
