//! Permits, at the desk: see `domain::directory`.

use super::reply::reply;
use super::{Answer, Desk, DirectoryRefusal, DirectoryReply, DirectoryStore};
use crate::app::host::Host;
pub use crate::domain::directory::Permit;

/// Something was permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permitted {
    /// For a minute.
    Done,
    /// It need not be: an object of an earlier release tells each trunk of everything.
    Unneeded,
}
reply!(
    Permitted: permitted => match permitted {
        Permitted::Done => DirectoryReply::Done,
        Permitted::Unneeded => DirectoryReply::Record(None),
    },
    DirectoryReply::Done => Self::Done,
    DirectoryReply::Record(None) => Self::Unneeded,
);

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    pub(super) fn permit(&mut self, permit: Permit) -> Answer<Permitted> {
        let key = self.command.by.ok_or(DirectoryRefusal::Missing)?;
        self.directory.permit(key, &permit, self.now)?;
        Ok(Permitted::Done)
    }
}
