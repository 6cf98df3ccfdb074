//! What an object that was lost knows once it is loaded again.

use std::collections::BTreeSet;

use audatec::app::messages::Outgoing;
use audatec::app::trunk::{TrunkActor, TrunkCommand};
use audatec::domain::call::Call;
use audatec::domain::ids::CallId;
use audatec::domain::time::{Span, Timestamp};

use super::Oracle;
use crate::trunk_node::TrunkNode;
use crate::world::W;

/// How far apart those are that are asked about in turn.
const APART: Span = Span(50);

/// An object is there again, and asks about the calls that were in progress.
pub struct Restart {
    at: Timestamp,
    /// By then it has asked about all.
    by: Timestamp,
    /// Those that it did not ask about yet, and of which nobody told it anything.
    left: BTreeSet<CallId>,
    is_first: bool,
}

impl Oracle {
    /// What rows keep of open calls says the same as the calls themselves.
    pub fn is_loaded(&self, w: &W, node: &TrunkNode, actor: &TrunkActor, now: Timestamp) {
        node.rows.whole.set(true);
        let (settings, key) = (w.settings.clone(), w.secrets.id_key.clone());
        let whole = TrunkActor::load(&node.rows, settings, key, now);
        node.rows.whole.set(false);
        let whole = whole.map(|whole| whole.outline()).unwrap_or_default();
        for ((id, kept), (other, call)) in actor.outline().into_iter().zip(&whole) {
            self.check((id, &kept) == (*other, call), node.tag, Some(id), || {
                format!("its row keeps {kept}, and the call itself says {call}")
            });
        }
        let (held, open) = (actor.outline().len(), whole.len());
        self.check(held == open, node.tag, None, || {
            format!("{held} calls were loaded, and {open} are open")
        });
    }

    /// An object that was lost, and with it all that was in its memory, is there again.
    pub fn restarted(&self, w: &W, node: &TrunkNode, now: Timestamp) -> Restart {
        self.none_is_put_off(node.tag);
        let calls = self.calls.borrow();
        let own = calls.values().map(|seen| &seen.row);
        let own = own.filter(|row| row.id.address().tag == node.tag && !self.has_left(row.id));
        let in_progress = |row: &&Call| row.dialed_at.is_some() && row.ended_at.is_none();
        let left = own.filter(in_progress).map(|row| row.id).collect();
        let turns = node.rows.open() / w.settings.asked_together;
        Restart {
            at: now,
            by: now + Span(APART.0 * turns as u64),
            left,
            is_first: true,
        }
    }

    /// It asks about some of these calls at once, and in a while about all of them.
    pub fn asks_in_turn(
        &self,
        w: &W,
        node: &TrunkNode,
        now: Timestamp,
        command: &TrunkCommand,
        outgoing: &Outgoing,
    ) {
        let mut restart = node.restart.borrow_mut();
        let Some(known) = restart.as_mut() else {
            return;
        };
        let told = match command {
            TrunkCommand::Tick | TrunkCommand::Admit(_) | TrunkCommand::Schedule(_) => {
                String::new()
            }
            command => format!("{command:?}"),
        };
        let calls = self.calls.borrow();
        // Whom the command is about, or of whom a plan has told since, is asked about for its own sake.
        known.left.retain(|id| {
            let row = calls.get(id).map(|seen| &seen.row);
            let goes_on = row.is_some_and(|row| row.updated_at < known.at && !is_planned(row, now));
            goes_on && !told.contains(&id.to_string())
        });
        let before = known.left.len();
        known.left.retain(|id| !outgoing.inquire.contains(id));
        let asked = before - known.left.len();
        // An admission that asks about its number has the object loaded, and comes to it only when that is answered.
        let turns = 1 + now.0.saturating_sub(known.at.0) / APART.0;
        let due = w.settings.asked_together.saturating_mul(turns as usize);
        let is_few = !std::mem::take(&mut known.is_first) || asked <= due;
        self.check(is_few, node.tag, None, || {
            format!("{asked} calls are asked about at once after a restart")
        });
        // What makes room does nothing else along with it.
        if now < known.by || matches!(command, TrunkCommand::Forget(_)) {
            return;
        }
        let left = restart.take().map(|known| known.left);
        let is_done = left.as_ref().is_none_or(BTreeSet::is_empty);
        self.check(is_done, node.tag, None, || {
            format!("nobody was asked about {left:?} after a restart")
        });
    }
}

/// Whether a plan has told of a call by now: it goes on by that.
fn is_planned(call: &Call, now: Timestamp) -> bool {
    call.ended_at.is_some() || call.plan.iter().any(|timed| timed.at <= now)
}
