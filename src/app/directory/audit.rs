//! The audit log, at the desk: its rows are read a page at a time.

use super::{Answer, AuditEntry, Desk, DirectoryStore};
use crate::app::host::Host;
use crate::app::json;
use crate::domain::directory::audit_row;

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    pub(super) fn note_export(&mut self) -> Answer<()> {
        let org = self.directory.org_card()?.id;
        let entry = self.author().entry("organisation.export", org.to_string());
        self.directory.note(entry);
        Ok(())
    }

    pub(super) fn audit(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Answer<Vec<(u64, AuditEntry)>> {
        let before = audit_row(before.unwrap_or(999_999_999_999));
        let rows = self.store.below("audit/", &before, limit)?;
        let entry = |(name, doc): (String, String)| {
            let position = name.rsplit('/').next()?.parse().ok()?;
            Some((position, json::read(&doc).ok()?))
        };
        Ok(rows.into_iter().filter_map(entry).collect())
    }
}
