//! API keys, at the desk.

use super::{Answer, Desk, DirectoryStore, NewKey};
use crate::app::host::Host;
use crate::domain::access::{KeyDigest, StoredKey};
use crate::domain::ids::KeyId;
use crate::domain::time::Timestamp;

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    pub(super) fn create_key(&mut self, key: Box<NewKey>) -> Answer<Vec<StoredKey>> {
        let settings = self.world.settings();
        let created = self.directory.create_key(*key, settings, self.author())?;
        Ok(vec![created])
    }

    pub(super) fn keys(
        &self,
        before: Option<(Timestamp, KeyId)>,
        limit: usize,
    ) -> Answer<Vec<StoredKey>> {
        Ok(self.directory.keys_page(before, limit))
    }

    pub(super) fn revoke_key(&mut self, id: KeyId) -> Answer<()> {
        Ok(self.directory.revoke_key(id, self.author())?)
    }

    pub(super) fn move_key(&mut self, id: KeyId, digest: KeyDigest) -> Answer<()> {
        self.directory.move_key(id, digest);
        Ok(())
    }

    pub(super) fn touch_key(&mut self, id: KeyId) -> Answer<()> {
        self.directory.touch_key(id, self.now);
        Ok(())
    }
}
