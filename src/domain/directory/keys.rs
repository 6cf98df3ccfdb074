//! API keys. The keys themselves are stored nowhere: a row holds the digest.

use serde::{Deserialize, Serialize};

use super::permits::User;
use super::{Affects, AuditEntry, Author, Directory, DirectoryRefusal, MOST, forgotten};
use crate::domain::access::{KeyDigest, KeyRecord, Role, StoredKey};
use crate::domain::ids::{KeyId, TrunkTag};
use crate::domain::record_key::RecordKey;
use crate::domain::settings::Settings;
use crate::domain::sorting::newest_first;
use crate::domain::time::Timestamp;

const HOUR: u64 = 3_600_000;

/// A new key; the key itself stays with its holder.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewKey {
    /// The key's id, by which it is revoked.
    pub id: KeyId,
    /// Display name, as given by whoever made it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The digest it is found under.
    pub digest: KeyDigest,
    /// Its first characters.
    pub prefix: String,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
}

impl Directory {
    /// How many keys are in use.
    #[must_use]
    pub fn key_count(&self) -> usize {
        self.keys
            .values()
            .filter(|key| key.revoked_at.is_none())
            .count()
    }

    pub(super) fn add_key(&mut self, new: NewKey, entry: AuditEntry) -> StoredKey {
        let key = StoredKey {
            id: new.id,
            name: new.name,
            role: new.role,
            digest: new.digest,
            former_digest: None,
            prefix: new.prefix,
            created_at: entry.at,
            expires_at: new.expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        let record = RecordKey::ApiKey(key.digest.clone());
        self.keep_key(key.clone());
        self.record(entry, &[record], Affects::NoTrunk);
        key
    }

    fn keep_key(&mut self, key: StoredKey) {
        self.put(format!("key/{}", key.id), &key);
        self.keys.insert(key.id, key);
    }

    /// A key that has not been revoked.
    #[must_use]
    pub fn key(&self, id: KeyId) -> Option<&StoredKey> {
        self.keys.get(&id).filter(|key| key.revoked_at.is_none())
    }

    /// Whether without this key the organisation would have no owner, now or once other keys have expired.
    fn is_last_owner(&self, id: KeyId, now: Timestamp) -> bool {
        let is_lasting = |key: &StoredKey| key.expires_at.is_none();
        let owner =
            |key: &&StoredKey| key.role == Role::Owner && key.is_good(now) && is_lasting(key);
        self.keys
            .get(&id)
            .as_ref()
            .is_some_and(|key| key.role == Role::Owner && is_lasting(key))
            && !self.keys.values().filter(owner).any(|key| key.id != id)
    }

    /// Makes a key.
    ///
    /// # Errors
    /// Its expiry is in the past; there are too many; the organisation is being deleted.
    pub fn create_key(
        &mut self,
        mut key: NewKey,
        settings: &Settings,
        author: Author<'_>,
    ) -> Result<StoredKey, DirectoryRefusal> {
        if key.expires_at.is_some_and(|end| end <= author.at) {
            return Err(DirectoryRefusal::Past);
        }
        if self.org.is_none() {
            return Err(DirectoryRefusal::Missing);
        }
        self.check_lasting()?;
        if self.key_count() >= MOST {
            return Err(DirectoryRefusal::TooMany);
        }
        key.id = self.guarded_key(key.id, settings);
        let entry = author.entry("api_key.create", key.id);
        Ok(self.add_key(key, entry))
    }

    /// Revokes a key.
    ///
    /// # Errors
    /// There is no such key; the organisation would be left without an owner.
    pub fn revoke_key(&mut self, id: KeyId, author: Author<'_>) -> Result<(), DirectoryRefusal> {
        let Some(mut key) = self.key(id).cloned() else {
            return self.repeated(self.keys.contains_key(&id));
        };
        if self.is_last_owner(id, author.at) {
            return Err(DirectoryRefusal::LastOwner);
        }
        key.revoked_at = Some(author.at);
        let records: Vec<_> = key.digests().cloned().map(RecordKey::ApiKey).collect();
        self.keep_key(key);
        let entry = author.entry("api_key.delete", id);
        self.record(entry, &records, Affects::TrunksOf(User::Key(id)));
        self.pause_campaigns_of(id, author);
        Ok(())
    }

    /// Ends all keys. Their copies are removed one by one; until then, objects refuse whoever uses such a copy.
    pub(super) fn revoke_all(&mut self, at: Timestamp) {
        let good = self.keys.values().filter(|key| key.revoked_at.is_none());
        let good: Vec<StoredKey> = good.cloned().collect();
        for mut key in good {
            key.revoked_at = Some(at);
            self.keep_key(key);
        }
    }

    /// The id of a new key: guarded if there are many, including those that trunks are still reminded of.
    fn guarded_key(&self, id: KeyId, settings: &Settings) -> KeyId {
        let known = self.keys.values().filter(|key| !key.id.is_guarded());
        id.guarded(known.count() >= settings.unguarded)
    }

    /// Revoked keys that a stale copy might still vouch for at this trunk.
    pub(super) fn revoked_for(&self, trunk: TrunkTag, now: Timestamp) -> Vec<KeyId> {
        let revoked = self.keys.values().filter(|key| key.revoked_at.is_some());
        let revoked = revoked.map(|key| key.id);
        let may_come =
            |id: &KeyId| !id.is_guarded() || self.is_permitted(User::Key(*id), trunk, now);
        revoked.filter(may_come).collect()
    }

    /// Forgets revoked keys that nobody can use any more.
    pub(super) fn forget_keys(&mut self, now: Timestamp) {
        let revoked = |key: &StoredKey| Some((key.revoked_at?, key.id));
        let revoked: Vec<_> = self.keys.values().filter_map(revoked).collect();
        let (guarded, known): (Vec<_>, Vec<_>) =
            revoked.into_iter().partition(|(_, id)| id.is_guarded());
        let unused = guarded.into_iter().map(|(_, id)| id);
        let unused = unused.filter(|id| !self.is_used(User::Key(*id), now));
        let gone: Vec<KeyId> = unused.chain(forgotten(known, now)).collect();
        for id in gone {
            self.keys.remove(&id);
            self.remove(format!("key/{id}"));
        }
    }

    /// Notes that a key was used.
    pub fn touch_key(&mut self, id: KeyId, now: Timestamp) {
        let hour = Some(Timestamp(now.0 - now.0 % HOUR));
        let key = self
            .keys
            .get(&id)
            .filter(|key| key.last_used_at < hour)
            .cloned();
        if let Some(key) = key {
            self.keep_key(StoredKey {
                last_used_at: hour,
                ..key
            });
        }
    }

    /// After a change of the master key, a key is found under another digest as well.
    pub fn move_key(&mut self, id: KeyId, digest: KeyDigest) {
        let Some(mut key) = self.key(id).cloned().filter(|key| key.digest != digest) else {
            return;
        };
        let before = std::mem::replace(&mut key.digest, digest);
        let forgotten = key.former_digest.replace(before);
        let version = self.version();
        for digest in [Some(key.digest.clone()), forgotten].into_iter().flatten() {
            self.pending.copy(&RecordKey::ApiKey(digest), version);
        }
        self.keep_key(key);
        self.put_pending();
    }

    /// The record of the key with this digest, as its copy has it; `None` if it was revoked.
    #[must_use]
    pub fn key_record(&self, digest: &KeyDigest) -> Option<KeyRecord> {
        let org_id = self.org_id()?;
        let mut good = self.keys.values().filter(|key| key.revoked_at.is_none());
        let key = good.find(|key| key.digests().any(|known| known == digest))?;
        Some(KeyRecord {
            key_id: key.id,
            org_id,
            role: key.role,
            expires_at: key.expires_at,
        })
    }

    /// Keys in use, newest first.
    #[must_use]
    pub fn keys_page(&self, before: Option<(Timestamp, KeyId)>, limit: usize) -> Vec<StoredKey> {
        let mut keys: Vec<&StoredKey> = self
            .keys
            .values()
            .filter(|key| key.revoked_at.is_none())
            .collect();
        keys.retain(|key| before.is_none_or(|before| (key.created_at, key.id) < before));
        newest_first(&mut keys, |key| key.id.born(key.created_at));
        keys.into_iter().take(limit).cloned().collect()
    }
}
