//! The organisation itself.

use serde::{Deserialize, Serialize};

use super::desk::Desk;
use super::state::Affects;
use super::store::DirectoryStore;
use super::{AuditEntry, Directory, DirectoryRefusal, DirectoryReply, NewKey};
use crate::app::host::Host;
use crate::app::records::RecordKey;
use crate::domain::callback::{WebhookSecret, WebhookSecrets};
use crate::domain::ids::{KeyId, OrgId};
use crate::domain::media::MediaSettings;
use crate::domain::time::Timestamp;

/// Its row.
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

    /// When the organisation was founded, if it is.
    pub(super) fn founded_at(&self) -> Option<Timestamp> {
        self.org.as_ref().map(|org| org.created_at)
    }

    /// What the organisation is called.
    #[must_use]
    pub fn org_name(&self) -> Option<&str> {
        self.org.as_ref().map(|org| org.name.as_str())
    }

    /// How many changes there were.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.org.as_ref().map_or(0, |org| org.version)
    }

    /// Founds the organisation.
    fn found(&mut self, org: OrgId, name: String, secrets: WebhookSecrets, entry: AuditEntry) {
        if self.org.is_none() {
            self.org = Some(Org {
                id: org,
                name,
                created_at: entry.at,
                secrets,
                media: None,
                asks_of_numbers: false,
                version: 0,
            });
            self.record(entry, &[RecordKey::Trunks(org)], Affects::NoTrunk);
        }
    }
}

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    /// Founds the organisation, once.
    pub fn found(
        &mut self,
        org: OrgId,
        name: String,
        owner: NewKey,
        secret: WebhookSecret,
    ) -> DirectoryReply {
        if let Some(at) = self.directory.founded_at() {
            return DirectoryReply::Founded(at, true);
        }
        let secrets = WebhookSecrets::first(secret, self.now());
        let entry = self.entry("organisation.create", org);
        self.directory.found(org, name, secrets, entry);
        let entry = self.entry("api_key.create", owner.id);
        self.directory.add_key(owner, entry);
        // As a repeat is answered: the clock may have gone on meanwhile.
        let at = self.directory.founded_at();
        DirectoryReply::Founded(at.unwrap_or_else(|| self.now()), false)
    }

    /// What an `Idempotency-Key` stands for.
    pub fn settle(&self) -> Result<DirectoryReply, DirectoryRefusal> {
        let once = self
            .command
            .once
            .as_ref()
            .ok_or(DirectoryRefusal::Missing)?;
        Ok(DirectoryReply::Settled(once.seed.clone()))
    }

    /// What a key and its organisation are called.
    pub fn introduce(&self, id: KeyId) -> Result<DirectoryReply, DirectoryRefusal> {
        let org = self.directory.org_name().ok_or(DirectoryRefusal::Missing)?;
        let key = self.directory.key(id).ok_or(DirectoryRefusal::Missing)?;
        Ok(DirectoryReply::Introduced {
            org: org.to_owned(),
            key: key.name.clone(),
        })
    }
}
