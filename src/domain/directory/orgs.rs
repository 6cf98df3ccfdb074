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
    /// Its trunks look up each number, since some are suppressed or were once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks_of_numbers: bool,
    /// Since when the operator has it suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended_at: Option<Timestamp>,
    /// Its deletion, if it is being deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<Deletion>,
    /// Rises with each change; orders briefs and names audit entries.
    pub version: u64,
}

/// An organisation's deletion in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// When it was requested.
    pub since: Timestamp,
    /// When everything that keeps something of it had been emptied. Latecomers are looked for once more a while later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emptied_at: Option<Timestamp>,
}

/// What the platform's operator sees of an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrgCard {
    /// The organisation's id, which names its directory.
    pub id: OrgId,
    /// Display name, as the operator gave it.
    pub name: String,
    /// When it was founded.
    pub created_at: Timestamp,
    /// Since when it is suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended_at: Option<Timestamp>,
    /// When its deletion was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_requested_at: Option<Timestamp>,
    /// When nothing was left of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// How many agents it has.
    pub agents: usize,
    /// How many trunks.
    pub trunks: usize,
    /// How many keys that have not been revoked.
    pub keys: usize,
    /// How many campaigns.
    pub campaigns: usize,
}

/// What the operator changes about an organisation; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrgChange {
    /// What it is called from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it is suspended from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<bool>,
}

impl Directory {
    /// What the operator sees of the organisation.
    ///
    /// # Errors
    /// It has not been founded.
    pub fn org_card(&self) -> Result<OrgCard, DirectoryRefusal> {
        let org = self.org.as_ref().ok_or(DirectoryRefusal::Missing)?;
        Ok(OrgCard {
            id: org.id,
            name: org.name.clone(),
            created_at: org.created_at,
            suspended_at: org.suspended_at,
            deletion_requested_at: org.deletion.map(|deletion| deletion.since),
            deleted_at: None,
            agents: self.agent_count(),
            trunks: self.trunks().filter(|trunk| !trunk.deleted).count(),
            keys: self.key_count(),
            campaigns: self.campaigns.len(),
        })
    }

    /// Whether the organisation is suspended.
    #[must_use]
    pub fn is_suspended(&self) -> bool {
        let org = self.org.as_ref();
        org.is_some_and(|org| org.suspended_at.is_some())
    }

    /// Applies an operator's change. Setting what is already so changes nothing.
    ///
    /// # Errors
    /// There is no such organisation; it is being deleted.
    pub fn change_org(
        &mut self,
        change: OrgChange,
        author: Author<'_>,
    ) -> Result<OrgCard, DirectoryRefusal> {
        self.check_lasting()?;
        let org = self.org.as_mut().ok_or(DirectoryRefusal::Missing)?;
        let id = org.id;
        if let Some(name) = change.name.filter(|name| *name != org.name) {
            org.name = name;
            let entry = author.entry("organisation.update", id);
            self.record(entry, &[], Affects::NoTrunk);
        }
        let was_suspended = self.is_suspended();
        let suspended = change.suspended.filter(|now| *now != was_suspended);
        if let (Some(suspended), Some(org)) = (suspended, self.org.as_mut()) {
            org.suspended_at = suspended.then_some(author.at);
            let action = match suspended {
                true => "organisation.suspend",
                false => "organisation.resume",
            };
            self.record(author.entry(action, id), &[], Affects::AllTrunks);
        }
        self.org_card()
    }

    /// The organisation's id, once it is founded.
    #[must_use]
    pub fn org_id(&self) -> Option<OrgId> {
        self.org.as_ref().map(|org| org.id)
    }

    /// The number of changes so far.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.org.as_ref().map_or(0, |org| org.version)
    }

    /// The names of the organisation and of one of its keys.
    ///
    /// # Errors
    /// There is no such key.
    pub fn names(&self, key: KeyId) -> Result<(&str, &str), DirectoryRefusal> {
        let org = self.org.as_ref().ok_or(DirectoryRefusal::Missing)?;
        let key = self.key(key).ok_or(DirectoryRefusal::Missing)?;
        Ok((&org.name, &key.name))
    }

    /// Founds the organisation, once. Returns when that was, and whether it had been founded before.
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
            suspended_at: None,
            deletion: None,
            version: 0,
        });
        let entry = author.entry("organisation.create", id);
        self.record(entry, &[RecordKey::Trunks(id)], Affects::NoTrunk);
        let entry = author.entry("api_key.create", owner.id);
        self.add_key(owner, entry);
        (author.at, false)
    }
}
