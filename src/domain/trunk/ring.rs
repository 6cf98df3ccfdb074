//! The pace of phones in rooms, which ring some time after their dial: once the agent is there.

use super::dispatch::BEHIND;
use super::window::Window;
use super::{Step, Trunk};
use crate::domain::call::{Call, FailureCode, Phase, SETUP_LIMIT};
use crate::domain::ids::CallId;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};
use crate::domain::vec_map::VecMap;

/// How long after its dial a phone lets those of direct calls ring before it; any longer, and it would never ring.
const LETS_OTHERS: Span = Span(SETUP_LIMIT.0 / 2);
/// Whoever was told when to ask again has asked within this time after that, or never will.
const ASKS_AGAIN: Span = Span(1_000);

/// Phones that rang lately, and those that wait for their turn.
#[derive(Clone)]
pub(super) struct Rings {
    rung: Window,
    /// Some may have rung before this object remembers: none may ring for a second from its first word on.
    from: Option<Timestamp>,
    /// The rows of direct calls that were told to ask again, and when.
    put_off: VecMap<u64, Timestamp>,
}

impl Rings {
    /// For a trunk on which no phone has rung.
    pub fn none() -> Self {
        Self {
            rung: Window::default(),
            from: Some(Timestamp(0)),
            put_off: VecMap::default(),
        }
    }

    /// A phone may have rung just before.
    pub fn may_have_been(&mut self) {
        self.from = None;
    }

    /// This call's phone rings now. A call that lets others go first leaves room for all those told to ask again.
    ///
    /// # Errors
    /// When to ask again.
    fn turn(
        &mut self,
        call: CallId,
        lets_others: bool,
        max_cps: u32,
        now: Timestamp,
    ) -> Result<(), Timestamp> {
        let from = *self.from.get_or_insert(now + Span(1_000));
        self.put_off.retain(|_, at| *at + ASKS_AGAIN > now);
        self.put_off.remove(&call.row());
        let others = match lets_others {
            true => u32::try_from(self.put_off.len()).unwrap_or(u32::MAX),
            false => 0,
        };
        let left = max_cps.saturating_sub(others);
        let free = match left {
            0 => now + BEHIND,
            left => self.rung.next_free(now, left),
        };
        let free = free.max(from);
        if now < free && !planted(Fault::RingsUnpaced) {
            if !lets_others {
                self.put_off.insert(call.row(), free);
            }
            return Err(free);
        }
        self.rung.push(now);
        Ok(())
    }
}

impl Trunk {
    /// The agent is there, and a phone is about to ring: within [`super::suppression::GRANT`], or not before asking again.
    /// No more than `max_cps` ring in any second, those of direct calls first.
    ///
    /// # Errors
    /// When it may ring, at the earliest.
    pub fn ring(
        &mut self,
        id: CallId,
        now: Timestamp,
        step: &mut Step<'_>,
    ) -> Result<(), Timestamp> {
        let max_cps = self.brief.as_ref().map_or(0, |brief| brief.config.max_cps);
        if self.is_suspended() {
            return Err(now + BEHIND);
        }
        let lets_others = self.open_call(id, step).is_some_and(|call| {
            let dialed_at = call.dialed_at.unwrap_or_default();
            call.lets_others_go() && now < dialed_at + LETS_OTHERS
        });
        let lets_others = lets_others && !planted(Fault::ScheduledRingsFirst);
        self.rings.turn(id, lets_others, max_cps, now)?;
        self.grants.give(id, now);
        if let Some(entry) = self.open.get_mut(&id) {
            entry.rings();
        }
        Ok(())
    }

    /// Whether it is too late for this call's phone to ring: then the call ends.
    pub fn rings_too_late(&mut self, id: CallId, now: Timestamp, step: &mut Step<'_>) -> bool {
        let is_late = |call: &mut Call| {
            matches!(call.phase(), Phase::SettingUp { .. }) && call.has_missed_its_window(now)
        };
        self.open_call(id, step).is_some_and(is_late)
            && self.change(id, now, step, |call, _, key| {
                call.miss(FailureCode::WindowClosed, now, key);
                true
            })
    }
}
