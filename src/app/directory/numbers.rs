//! Changes to what is known of numbers, at the desk: the audit log records them, and trunks look up numbers from then on.

use super::{Answer, Desk, DirectoryStore};
use crate::app::host::Host;

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    pub(super) fn note_numbers(
        &mut self,
        action: String,
        target: String,
        suppresses: bool,
    ) -> Answer<()> {
        let entry = self.author().entry(&action, target);
        self.directory.note_numbers(entry, suppresses);
        Ok(())
    }
}
