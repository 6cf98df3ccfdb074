//! The webhook secrets. Trunks sign with them, so they are told each; no copy holds one.

use super::{Affects, Author, Directory, DirectoryRefusal};
use crate::domain::callback::{MOST_PREVIOUS, WebhookSecret, WebhookSecrets};
use crate::domain::ids::{TrunkId, TrunkTag};
use crate::domain::planted::{Fault, planted};
use crate::domain::record_key::RecordKey;
use crate::domain::time::Span;

impl Directory {
    /// The webhook secrets.
    #[must_use]
    pub fn secrets(&self) -> Option<&WebhookSecrets> {
        self.org.as_ref().map(|org| &org.secrets)
    }

    /// Makes another the newest; the one before signs beside it for a while. All trunks are told; a copy written by an earlier release is removed.
    ///
    /// # Errors
    /// There is no organisation; too many secrets sign at the same time.
    pub fn rotate_secret(
        &mut self,
        secret: WebhookSecret,
        overlap: Span,
        author: Author<'_>,
    ) -> Result<WebhookSecrets, DirectoryRefusal> {
        let org = self.org.as_mut().ok_or(DirectoryRefusal::Missing)?;
        if overlap > Span(0) && org.secrets.outgoing(author.at).count() >= MOST_PREVIOUS {
            return Err(DirectoryRefusal::TooMany);
        }
        let secrets = org.secrets.clone().rotated(secret, overlap, author.at);
        org.secrets = secrets.clone();
        let record = RecordKey::WebhookSecrets(org.id);
        let affects = match planted(Fault::RotationUntold) {
            true => Affects::NoTrunk,
            false => Affects::AllTrunks,
        };
        let entry = author.entry("webhook_secret.rotate", "webhook_secret");
        self.record(entry, &[record], affects);
        Ok(secrets)
    }

    /// Queues a brief for a trunk that does not know the secrets but could.
    pub fn owe_secrets(&mut self, tag: TrunkTag) {
        let ids = self.trunks.keys().copied();
        let ids: Vec<TrunkId> = ids.filter(|id| id.tag() == tag).collect();
        for id in ids {
            self.owe_brief(id);
        }
    }
}
