//! The webhook secrets. Trunks sign by them, so they are told of each; no copy holds one.

use super::command::question;
use super::desk::Desk;
use super::state::Affects;
use super::store::DirectoryStore;
use super::{Ask, AuditEntry, Directory, DirectoryRefusal, DirectoryReply};
use crate::app::host::Host;
use crate::app::records::RecordKey;
use crate::domain::callback::{MOST_PREVIOUS, WebhookSecret, WebhookSecrets};
use crate::domain::ids::{TrunkId, TrunkTag};
use crate::domain::planted::{Fault, planted};
use crate::domain::time::Span;

/// The webhook secrets.
pub struct GetSecrets;
question!(GetSecrets, _asked => Ask::Secrets, DirectoryReply::Secrets(secrets) => secrets, WebhookSecrets);

impl Directory {
    /// The webhook secrets.
    #[must_use]
    pub fn secrets(&self) -> Option<&WebhookSecrets> {
        self.org.as_ref().map(|org| &org.secrets)
    }

    /// Replaces the webhook secrets. Trunks sign by them, so all of them are told; a copy from earlier days goes.
    fn set_secrets(&mut self, secrets: WebhookSecrets, entry: AuditEntry) {
        if let Some(org) = self.org.as_mut() {
            org.secrets = secrets;
            let record = RecordKey::WebhookSecrets(org.id);
            let concerns = match planted(Fault::RotationUntold) {
                true => Affects::NoTrunk,
                false => Affects::AllTrunks,
            };
            self.record(entry, &[record], concerns);
        }
    }

    /// Owes a trunk its brief, if it is one that does not know the secrets and could.
    fn owe_secrets(&mut self, tag: TrunkTag) {
        let ids: Vec<TrunkId> = self
            .trunks
            .values()
            .map(|stored| stored.config.id)
            .collect();
        for id in ids.into_iter().filter(|id| id.tag() == tag) {
            self.owe_brief(id);
        }
    }
}

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    /// The webhook secrets.
    pub fn secrets(&self) -> Result<DirectoryReply, DirectoryRefusal> {
        let secrets = self.directory.secrets().ok_or(DirectoryRefusal::Missing)?;
        Ok(DirectoryReply::Secrets(secrets.clone()))
    }

    /// The same for a trunk that does not know them, and is told.
    pub fn secrets_of(&mut self, trunk: TrunkTag) -> Result<DirectoryReply, DirectoryRefusal> {
        self.directory.owe_secrets(trunk);
        self.secrets()
    }

    /// Makes another the newest; the one before signs beside it for a while.
    pub fn rotate_secret(
        &mut self,
        secret: WebhookSecret,
        overlap: Span,
    ) -> Result<DirectoryReply, DirectoryRefusal> {
        let secrets = self.directory.secrets().ok_or(DirectoryRefusal::Missing)?;
        let now = self.now();
        if overlap > Span(0) && secrets.outgoing(now).count() >= MOST_PREVIOUS {
            return Err(DirectoryRefusal::TooMany);
        }
        let secrets = secrets.clone().rotated(secret, overlap, now);
        let entry = self.entry("webhook_secret.rotate", "webhook_secret");
        self.directory.set_secrets(secrets.clone(), entry);
        Ok(DirectoryReply::Secrets(secrets))
    }
}
