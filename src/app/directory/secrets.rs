//! The webhook secrets, at the desk.

use super::{Answer, Desk, DirectoryRefusal, DirectoryStore};
use crate::app::host::Host;
use crate::domain::callback::{WebhookSecret, WebhookSecrets};
use crate::domain::ids::TrunkTag;
use crate::domain::time::Span;

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    pub(super) fn secrets(&self) -> Answer<WebhookSecrets> {
        let secrets = self.directory.secrets().cloned();
        Ok(secrets.ok_or(DirectoryRefusal::Missing)?)
    }

    /// For a trunk that does not know them, and is told along with it.
    pub(super) fn secrets_of(&mut self, trunk: TrunkTag) -> Answer<WebhookSecrets> {
        self.directory.owe_secrets(trunk);
        self.secrets()
    }

    pub(super) fn rotate_secret(
        &mut self,
        secret: WebhookSecret,
        overlap: Span,
    ) -> Answer<WebhookSecrets> {
        Ok(self
            .directory
            .rotate_secret(secret, overlap, self.author())?)
    }
}
