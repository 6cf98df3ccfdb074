//! API keys and roles.
//!
//! A key is `audtk_`, 32 random base62 characters (190 bits) and a 6-character checksum: a mistyped
//! key is refused without any lookup. Only a keyed digest of it is ever stored.

use std::fmt;

use hmac::Mac;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::ids::{KeyId, OrgId};
use super::mac::{hex, hmac_sha256};
use super::time::Timestamp;

/// What a key may do; each role may do everything the one before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// List agents and trunks, check call status.
    Viewer,
    /// Trigger calls.
    Member,
    /// Manage webhooks.
    Admin,
    /// Unrestricted within the organisation.
    Owner,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        })
    }
}

const PREFIX: &str = "audtk_";
const RANDOM_LEN: usize = 32;
const CHECKSUM_LEN: usize = 6;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A key in plain text. Its `Debug` output is masked; [`RawKey::reveal`] returns the key itself.
#[derive(Clone, PartialEq, Eq)]
pub struct RawKey(String);

impl RawKey {
    /// Makes a new key from 32 random bytes.
    #[must_use]
    pub fn from_entropy(entropy: [u8; 32]) -> Self {
        let mut text = String::from(PREFIX);
        let mut block = Sha256::digest(entropy);
        while text.len() < PREFIX.len() + RANDOM_LEN {
            // 248 is 4 × 62: using larger bytes would make some characters more likely than others.
            let fair = block.iter().filter(|byte| **byte < 248);
            let room = PREFIX.len() + RANDOM_LEN - text.len();
            text.extend(fair.take(room).map(|byte| base62(u64::from(*byte))));
            block = Sha256::digest(block);
        }
        let checksum = checksum(&text);
        Self(text + &checksum)
    }

    /// Parses a key received from outside. `None` unless its form and its checksum are right.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let body = text.strip_prefix(PREFIX)?;
        if body.len() != RANDOM_LEN + CHECKSUM_LEN
            || !body.bytes().all(|b| b.is_ascii_alphanumeric())
        {
            return None;
        }
        let (random, given) = text.split_at_checked(PREFIX.len() + RANDOM_LEN)?;
        (checksum(random) == given).then(|| Self(text.to_owned()))
    }

    /// The key itself: shown to its holder once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The first 10 characters, which tell keys apart in a list.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.0.get(..10).unwrap_or_default()
    }

    /// What is stored instead of the key.
    #[must_use]
    pub fn digest(&self, pepper: &[u8]) -> KeyDigest {
        let mut mac = hmac_sha256(pepper);
        mac.update(self.0.as_bytes());
        KeyDigest(hex(&mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for RawKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", self.prefix())
    }
}

fn base62(number: u64) -> char {
    BASE62
        .get((number % 62) as usize)
        .map_or('0', |byte| char::from(*byte))
}

fn checksum(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let mut number = digest
        .iter()
        .take(8)
        .fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
    (0..CHECKSUM_LEN)
        .map(|_| {
            let digit = base62(number);
            number /= 62;
            digit
        })
        .collect()
}

/// HMAC-SHA256 of a key under the pepper, in hex: the name of its record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyDigest(pub String);

/// What a key stands for; stored in KV under its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// The key's public name.
    pub key_id: KeyId,
    /// Whom it speaks for.
    pub org_id: OrgId,
    /// What it may do.
    pub role: Role,
    /// The moment from which it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl KeyRecord {
    /// The record that stands for the operator, who may read whatever an organisation's keys may: no real key has it.
    #[must_use]
    pub fn of_the_operator(org_id: OrgId) -> Self {
        Self {
            key_id: KeyId::from_entropy([0; 16]),
            org_id,
            role: Role::Viewer,
            expires_at: None,
        }
    }

    /// Whether the key is still valid: it has not expired.
    #[must_use]
    pub fn is_current(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// Makes it expire at `end`, unless it expires earlier: a session ends no later than its key.
    pub fn end_by(&mut self, end: Timestamp) {
        self.expires_at = Some(self.expires_at.map_or(end, |known| known.min(end)));
    }
}

/// A key's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredKey {
    /// The key's id, by which it is revoked.
    pub id: KeyId,
    /// Display name, as given by whoever made it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The digest it is found under.
    pub digest: KeyDigest,
    /// The digest it was found under before the master key changed; still accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former_digest: Option<KeyDigest>,
    /// Its first characters.
    pub prefix: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

impl StoredKey {
    /// All digests it is found under.
    pub fn digests(&self) -> impl Iterator<Item = &KeyDigest> {
        std::iter::once(&self.digest).chain(&self.former_digest)
    }

    /// Whether it is neither revoked nor expired.
    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// A role, and the role that was needed. Boxed: a refusal that holds single bytes is moved byte by byte wherever it is
/// passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLow {
    /// The key's role.
    pub has: Role,
    /// The lowest role that would be allowed.
    pub needs: Role,
}

impl TooLow {
    /// The public text.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { has, needs } = self;
        format!("This API key's role ({has}) can't do this; it needs {needs}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_minted_key_is_read_back(entropy in any::<[u8; 32]>()) {
            let key = RawKey::from_entropy(entropy);
            prop_assert_eq!(key.reveal().len(), "audtk_Wg8xJCrw-I6n3h48v6ZfTFgUzpADscHid36SCM".len());
            prop_assert_eq!(RawKey::parse(key.reveal()), Some(key));
        }

        #[test]
        fn one_wrong_character_is_refused(entropy in any::<[u8; 32]>(), at in 6usize..44, to in 0u64..62) {
            let key = RawKey::from_entropy(entropy).reveal().to_owned();
            let mut wrong: Vec<char> = key.chars().collect();
            prop_assume!(wrong[at] != base62(to));
            wrong[at] = base62(to);
            prop_assert_eq!(RawKey::parse(&wrong.into_iter().collect::<String>()), None);
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "(audtk_)?.{0,50}") {
            let _ = RawKey::parse(&text);
        }
    }

    #[test]
    fn two_draws_give_two_keys_and_two_digests() {
        let (a, b) = (RawKey::from_entropy([1; 32]), RawKey::from_entropy([2; 32]));
        assert_ne!(a, b);
        assert_ne!(a.digest(b"pepper"), b.digest(b"pepper"));
        assert_ne!(a.digest(b"pepper"), a.digest(b"another"));
    }

    #[test]
    fn a_log_line_shows_no_whole_key() {
        let key = RawKey::from_entropy([3; 32]);
        assert_eq!(format!("{key:?}"), format!("{}…", key.prefix()));
    }

    #[test]
    fn each_role_may_do_what_the_lower_ones_may() {
        assert!(
            Role::Viewer < Role::Member && Role::Member < Role::Admin && Role::Admin < Role::Owner
        );
    }

    #[test]
    fn a_key_is_current_until_the_moment_it_expires() {
        let entropy = [0; 16];
        let record = KeyRecord {
            key_id: KeyId::from_entropy(entropy),
            org_id: OrgId::from_entropy(entropy),
            role: Role::Viewer,
            expires_at: Some(Timestamp(100)),
        };
        assert!(record.is_current(Timestamp(99)) && !record.is_current(Timestamp(100)));
    }
}
