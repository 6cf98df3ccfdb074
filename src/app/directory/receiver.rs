//! What the built-in receiver took, at the desk.

use super::{Answer, Desk, DirectoryStore};
use crate::app::host::Host;
pub use crate::domain::directory::Received;

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    pub(super) fn receive(&mut self, received: Box<Received>) -> Answer<()> {
        Ok(self.directory.receive(*received, self.now)?)
    }

    pub(super) fn received(&self) -> Answer<Vec<Received>> {
        Ok(self.directory.received_lately(self.now))
    }
}
