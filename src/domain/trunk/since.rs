//! A call's moments as its entry counts them: 32 bits each, from when it was accepted or is to begin.

use crate::domain::call::Call;
use crate::domain::time::{Span, Timestamp};

/// A moment in a call's life, in milliseconds since [`BEFORE`] its acceptance, or its scheduled time: see [`origin`].
/// Earlier moments become the first value; none, and one beyond 49 days, the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Since(pub u32);

/// Ids only rise: if the clock goes back by no more than this, a call's moments stay exact though they are before its id's.
pub(super) const BEFORE: Span = Span(1 << 22);

impl Since {
    pub fn of(at: Timestamp, accepted: Timestamp) -> Self {
        let since = at - (accepted - BEFORE);
        match at == Timestamp::MAX {
            true => Self(u32::MAX),
            false => Self(u32::try_from(since.0).unwrap_or(u32::MAX)),
        }
    }

    pub fn at(self, accepted: Timestamp) -> Timestamp {
        match self.0 {
            u32::MAX => Timestamp::MAX,
            since => (accepted - BEFORE) + Span(u64::from(since)),
        }
    }
}

/// About 25 days: for a call that begins this long after its acceptance, moments are counted from there.
pub(super) const LATER: u32 = 31;

/// After how many such steps a call begins.
pub(super) fn later(call: &Call) -> u8 {
    let wait = call
        .slot()
        .map_or(Span(0), |slot| slot.at - call.created_at());
    u8::try_from(wait.0 >> LATER).unwrap_or(u8::MAX)
}

/// The moment from which its moments are counted.
pub(super) fn origin(later: u8, accepted: Timestamp) -> Timestamp {
    accepted + Span(u64::from(later) << LATER)
}
