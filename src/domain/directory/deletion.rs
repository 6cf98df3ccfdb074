//! Deleting an organisation. Once that is answered it may do nothing any more; then everything that keeps something of it is
//! emptied, and its own rows go last. The operator's own directory keeps a record that it was done, without a name.

use serde::{Deserialize, Serialize};

use super::{Affects, Author, Deletion, Directory, DirectoryRefusal, OrgCard};
use crate::domain::access::StoredKey;
use crate::domain::ids::{CampaignId, OrgId};
use crate::domain::planted::{Fault, planted};
use crate::domain::record_key::RecordKey;
use crate::domain::time::Timestamp;

/// What is left of a deleted organisation, in the operator's directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grave {
    /// Its id.
    pub org: OrgId,
    /// When it was founded.
    pub created_at: Timestamp,
    /// When its deletion was requested.
    pub requested_at: Timestamp,
    /// When nothing was left.
    pub deleted_at: Timestamp,
}

/// The name of a grave's row. Never held in memory: it sorts among the audit log's lines but is not one of them.
#[must_use]
pub fn grave_row(org: OrgId) -> String {
    format!("audit/org/{org}")
}

impl From<Grave> for OrgCard {
    fn from(grave: Grave) -> Self {
        Self {
            id: grave.org,
            name: String::new(),
            created_at: grave.created_at,
            suspended_at: None,
            deletion_requested_at: Some(grave.requested_at),
            deleted_at: Some(grave.deleted_at),
            agents: 0,
            trunks: 0,
            keys: 0,
            campaigns: 0,
        }
    }
}

impl Directory {
    /// The deletion, if the organisation is being deleted; and the record that would be kept if nothing were left now.
    #[must_use]
    pub fn deletion(&self, now: Timestamp) -> Option<(Deletion, Grave)> {
        let org = self.org.as_ref()?;
        let deletion = org.deletion?;
        let grave = Grave {
            org: org.id,
            created_at: org.created_at,
            requested_at: deletion.since,
            deleted_at: now,
        };
        Some((deletion, grave))
    }

    /// Whether the organisation is being deleted.
    #[must_use]
    pub fn is_deleting(&self) -> bool {
        let org = self.org.as_ref();
        org.is_some_and(|org| org.deletion.is_some())
    }

    /// Checks that the organisation is not being deleted: the operator changes nothing about one that is.
    ///
    /// # Errors
    /// It is being deleted.
    pub(super) fn check_lasting(&self) -> Result<(), DirectoryRefusal> {
        match self.is_deleting() {
            true => Err(DirectoryRefusal::Deleted),
            false => Ok(()),
        }
    }

    /// Deletes the organisation: its keys end, its trunks are told that nobody may be called, and the rest follows.
    ///
    /// # Errors
    /// There is no such organisation.
    pub fn delete_org(&mut self, author: Author<'_>) -> Result<OrgCard, DirectoryRefusal> {
        let org = self.org.as_mut().ok_or(DirectoryRefusal::Missing)?;
        if org.deletion.is_none() {
            let (since, emptied_at) = (author.at, None);
            org.deletion = Some(Deletion { since, emptied_at });
            let entry = author.entry("organisation.delete", org.id);
            if !planted(Fault::DeletedCallsOn) {
                org.suspended_at.get_or_insert(since);
                self.revoke_all(since);
            }
            self.record(entry, &[], Affects::AllTrunks);
        }
        self.org_card()
    }

    /// Everything had been emptied at `at`.
    pub fn emptied(&mut self, at: Timestamp) {
        if let Some(org) = &mut self.org
            && let Some(deletion) = &mut org.deletion
        {
            deletion.emptied_at = Some(at);
            let org = org.clone();
            self.put("org".into(), &org);
        }
    }

    /// The copies of its keys, whose names don't contain the organisation's.
    pub fn key_copies(&self) -> impl Iterator<Item = RecordKey> {
        let digests = self.keys.values().flat_map(StoredKey::digests);
        digests.cloned().map(RecordKey::ApiKey)
    }

    /// All campaigns that have not been deleted.
    pub fn campaign_ids(&self) -> impl Iterator<Item = CampaignId> {
        self.campaigns.keys().copied()
    }

    /// Records that an organisation was deleted. The first record stays, however often this is repeated.
    pub fn bury(&mut self, grave: &Grave) {
        self.put(grave_row(grave.org), grave);
    }
}
