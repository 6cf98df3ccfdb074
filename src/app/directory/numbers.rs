//! That the organisation says of numbers that they are not to be called. Which numbers those are, other objects know.

use super::desk::Desk;
use super::state::Affects;
use super::store::DirectoryStore;
use super::{AuditEntry, Directory, DirectoryReply};
use crate::app::host::Host;
use crate::domain::planted::{Fault, planted};

impl Directory {
    /// Whether the organisation's trunks ask of each number.
    #[must_use]
    pub fn asks_of_numbers(&self) -> bool {
        self.org.as_ref().is_some_and(|org| org.asks_of_numbers)
    }

    /// Notes what is done; where it `suppresses`, all trunks ask from now on, if they don't yet.
    fn note(&mut self, entry: AuditEntry, suppresses: bool) {
        let Some(org) = self.org.as_mut() else { return };
        let is_first = suppresses && !org.asks_of_numbers;
        org.asks_of_numbers |= suppresses;
        let concerns = match is_first && !planted(Fault::AskingUntold) {
            true => Affects::AllTrunks,
            false => Affects::NoTrunk,
        };
        self.record(entry, &[], concerns);
    }
}

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    /// What is known of numbers is about to change.
    pub fn note_numbers(
        &mut self,
        action: &str,
        target: String,
        suppresses: bool,
    ) -> DirectoryReply {
        let entry = self.entry(action, target);
        self.directory.note(entry, suppresses);
        DirectoryReply::Done
    }
}
