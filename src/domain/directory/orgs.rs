//! The organisation itself.

use serde::{Deserialize, Serialize};

use super::{Affects, Author, Directory, DirectoryRefusal, NewKey};
use crate::domain::callback::{WebhookSecret, WebhookSecrets};
use crate::domain::ids::{KeyId, OrgId};
use crate::domain::media::MediaSettings;
use crate::domain::record_key::RecordKey;
use crate::domain::time::Timestamp;

/// The organisation's row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Org {
    pub id: OrgId,
    pub name: String,
    pub created_at: Timestamp,
    pub secrets: WebhookSecrets,
    /// What it keeps of its calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<MediaSettings>,
    /// It has said of numbers that they are not to be called: its trunks ask of each.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks_of_numbers: bool,
    /// Rises with each change; orders briefs and names audit entries.
    pub version: u64,
}

impl Directory {
    /// The organisation's id, once it is founded.
    #[must_use]
    pub fn org_id(&self) -> Option<OrgId> {
        self.org.as_ref().map(|org| org.id)
    }

    /// How many changes there were.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.org.as_ref().map_or(0, |org| org.version)
    }

    /// What the organisation and one of its keys are called.
    ///
    /// # Errors
    /// There is no such key.
    pub fn names(&self, key: KeyId) -> Result<(&str, &str), DirectoryRefusal> {
        let org = self.org.as_ref().ok_or(DirectoryRefusal::Missing)?;
        let key = self.key(key).ok_or(DirectoryRefusal::Missing)?;
        Ok((&org.name, &key.name))
    }

    /// Founds the organisation, once. Returns when that was, and whether it was before.
    pub fn found(
        &mut self,
        id: OrgId,
        name: String,
        owner: NewKey,
        secret: WebhookSecret,
        author: Author<'_>,
    ) -> (Timestamp, bool) {
        if let Some(org) = &self.org {
            return (org.created_at, true);
        }
        self.org = Some(Org {
            id,
            name,
            created_at: author.at,
            secrets: WebhookSecrets::first(secret, author.at),
            media: None,
            asks_of_numbers: false,
            version: 0,
        });
        let entry = author.entry("organisation.create", id);
        self.record(entry, &[RecordKey::Trunks(id)], Affects::NoTrunk);
        let entry = author.entry("api_key.create", owner.id);
        self.add_key(owner, entry);
        (author.at, false)
    }
}
