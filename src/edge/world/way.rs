//! Which questions to objects share a message with others: see `hops.js`.

use super::World;
use crate::app::directory::DirectoryCommand;
use crate::app::trunk::TrunkCommand;
use crate::domain::ids::OrgId;
use crate::domain::time::{Span, Timestamp};
use crate::edge::platform::{Way, now};

/// A listener who knows the feed up to this long ago keeps up: its question is answered from an object's memory.
const KEEPS_UP: Span = Span(120_000);

impl World {
    /// Questions that are answered at once share messages; so do those of listeners that keep up, in a lane of their own.
    pub(super) fn way_to_trunk(&self, command: &TrunkCommand) -> Way<'_> {
        let keeps_up = |after: Timestamp| after + KEEPS_UP > now();
        match (self.context.as_deref(), command) {
            (Some(context), command) if command.is_quick() => Way::Together(context, ""),
            (Some(context), TrunkCommand::Feed(_, filter)) if keeps_up(filter.after.at) => {
                Way::Together(context, "feed/")
            }
            _ => Way::Alone,
        }
    }

    /// All those in an isolate who wait for the same news ask once.
    pub(super) fn way_to_directory(&self, org: OrgId, command: &DirectoryCommand) -> Way<'_> {
        match (self.context.as_deref(), &command.watched, command.by) {
            (Some(context), Some(watched), Some(key)) if watched.through > Timestamp(0) => {
                Way::Alike {
                    context,
                    question: format!("{org}/{key}/{}", watched.epoch),
                    since: watched.through,
                    wait: watched.wait,
                }
            }
            _ => Way::Alone,
        }
    }
}
