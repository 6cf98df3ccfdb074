//! Secrets sealed with a former key, at the desk.

use super::reply::reply;
use super::{Answer, Desk, DirectoryReply, DirectoryStore};
use crate::app::concurrent::share_of;
use crate::app::host::Host;
use crate::domain::media::MediaSettings;
use crate::domain::trunk::TrunkConfig;

/// How many are resealed at a time; if there are more, different ones each minute, so that one that can't be opened holds up nothing.
const AT_ONCE: usize = 20;

/// Some secrets sealed with a former key.
#[derive(Clone, Debug, Default)]
pub struct FormerSecrets {
    /// Trunks.
    pub trunks: Vec<TrunkConfig>,
    /// The settings, if it is the secret of the recordings' storage.
    pub media: Option<Box<MediaSettings>>,
}
reply!(
    FormerSecrets: old => DirectoryReply::SealedBefore(old.trunks, old.media),
    DirectoryReply::SealedBefore(trunks, media) => Self { trunks, media },
);

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    pub(super) fn sealed_before(&mut self, key: String) -> Answer<FormerSecrets> {
        let old = self.directory.trunks_sealed_before(&key);
        let secret = self.directory.storage_secret();
        let is_old = secret.is_some_and(|sealed| sealed.key() != key);
        let media = self.directory.media().filter(|_| is_old);
        Ok(FormerSecrets {
            trunks: share_of(old, AT_ONCE, self.now).collect(),
            media: media.cloned().map(Box::new),
        })
    }
}
