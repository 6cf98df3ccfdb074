//! Where a command is carried out: on the directory, with its store, its world, and who asks.

use super::store::DirectoryStore;
use super::{AuditEntry, Directory, DirectoryCommand};
use crate::app::host::Host;
use crate::domain::time::Timestamp;

/// A desk for one command. Each resource's file adds what it does there.
pub(super) struct Desk<'a, S, H> {
    pub directory: &'a mut Directory,
    pub store: &'a S,
    pub world: &'a H,
    pub command: &'a DirectoryCommand,
}

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    pub fn now(&self) -> Timestamp {
        self.world.now()
    }

    /// The line of the audit log for what the command does.
    pub fn entry(&self, action: &str, target: impl ToString) -> AuditEntry {
        audit(self.world, self.command, action, target)
    }
}

/// The line of the audit log for what a command does.
pub(super) fn audit(
    world: &impl Host,
    command: &DirectoryCommand,
    action: &str,
    target: impl ToString,
) -> AuditEntry {
    AuditEntry {
        at: world.now(),
        key_id: command.by,
        action: action.to_owned(),
        target: target.to_string(),
        request_id: command.request.clone(),
    }
}
