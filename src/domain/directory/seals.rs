//! Which keys seal others' secrets: those of trunks' carriers, and of the recordings' storage.

use super::Directory;
use crate::domain::sealed::Sealed;
use crate::domain::trunk::TrunkConfig;

impl Directory {
    /// The names of the keys in use as seals, each with how many secrets it seals.
    #[must_use]
    pub fn seals(&self) -> Vec<(String, usize)> {
        let trunks = self.trunks.values().filter(|trunk| !trunk.deleted);
        let secrets = trunks.filter_map(|trunk| trunk.config.carrier.secret());
        let mut names: Vec<(String, usize)> = Vec::new();
        for sealed in secrets.chain(self.storage_secret()) {
            match names.iter_mut().find(|(name, _)| name == sealed.key()) {
                Some((_, count)) => *count += 1,
                None => names.push((sealed.key().to_owned(), 1)),
            }
        }
        names
    }

    /// The trunks whose secret is sealed with a key other than this one.
    #[must_use]
    pub fn trunks_sealed_before(&self, key: &str) -> Vec<TrunkConfig> {
        let trunks = self.trunks.values().filter(|trunk| !trunk.deleted);
        let is_old = |config: &&TrunkConfig| {
            let secret = config.carrier.secret();
            secret.is_some_and(|sealed| sealed.key() != key)
        };
        let configs = trunks.map(|trunk| &trunk.config).filter(is_old);
        configs.cloned().collect()
    }

    /// The secret of the recordings' storage.
    #[must_use]
    pub fn storage_secret(&self) -> Option<&Sealed> {
        let storage = self.media()?.recordings.as_ref()?;
        Some(&storage.secret)
    }
}
