//! API keys as their routes show them. The OpenAPI document is made from these types and their comments.

use serde::{Deserialize, Serialize};

use crate::app::iso8601;
use crate::domain::access::{Role, StoredKey};
use crate::domain::ids::KeyId;

/// An API key, as lists show it: never the key itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyView {
    /// The key's public name.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid"))]
    pub id: KeyId,
    /// Display name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The key's first 10 characters.
    pub prefix: String,
    /// When it was created, ISO 8601.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// When it expires.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub expires_at: Option<String>,
    /// When it was last used, to the hour.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub last_used_at: Option<String>,
}

impl From<&StoredKey> for KeyView {
    fn from(key: &StoredKey) -> Self {
        Self {
            id: key.id,
            name: key.name.clone(),
            role: key.role,
            prefix: key.prefix.clone(),
            created_at: iso8601::format(key.created_at),
            expires_at: key.expires_at.map(iso8601::format),
            last_used_at: key.last_used_at.map(iso8601::format),
        }
    }
}

/// A page of keys, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyList {
    /// All keys that have not been deleted, expired ones included.
    pub api_keys: Vec<KeyView>,
    /// Pass it as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// A new API key: the one time that `key` is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewKeyView {
    /// The key's public name.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid"))]
    pub id: KeyId,
    /// Display name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The key, `audtk_…`. Store it now: it can't be retrieved again.
    pub key: String,
    /// When it was created, ISO 8601.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// When it expires.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub expires_at: Option<String>,
}

impl From<&StoredKey> for NewKeyView {
    /// Without the key itself, which is stored nowhere.
    fn from(key: &StoredKey) -> Self {
        Self {
            id: key.id,
            name: key.name.clone(),
            role: key.role,
            key: String::new(),
            created_at: iso8601::format(key.created_at),
            expires_at: key.expires_at.map(iso8601::format),
        }
    }
}
