//! The audit log: a row each, never held in memory.

use serde::{Deserialize, Serialize};

use super::command::question;
use super::store::DirectoryStore;
use super::{Ask, DirectoryReply};
use crate::app::json;
use crate::app::trunk::StoreFailed;
use crate::domain::ids::KeyId;
use crate::domain::time::Timestamp;

/// A page of the log, newest first.
pub struct ListAudit {
    /// Only entries before this one.
    pub before: Option<u64>,
    /// At most this many.
    pub limit: usize,
}
question!(
    ListAudit,
    ListAudit { before, limit } => Ask::Audit { before, limit },
    DirectoryReply::Audit(entries) => entries,
    Vec<(u64, AuditEntry)>
);

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When it was done.
    pub at: Timestamp,
    /// Whose key; none for the platform's operator.
    pub key_id: Option<KeyId>,
    /// What was done, such as `agent.create`.
    pub action: String,
    /// The id of what it was done to.
    pub target: String,
    /// The id of the request that did it.
    pub request_id: String,
}

/// The row of an audit entry: sorted by position.
pub(super) fn audit_row(position: u64) -> String {
    format!("audit/{position:012}")
}

/// A page of the log: entries and their positions, newest first.
pub(super) fn audit_page(
    store: &impl DirectoryStore,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<(u64, AuditEntry)>, StoreFailed> {
    let rows = store.audit(&audit_row(before.unwrap_or(999_999_999_999)), limit)?;
    let entry = |(name, doc): (String, String)| {
        let position = name.rsplit('/').next()?.parse().ok()?;
        Some((position, json::read(&doc).ok()?))
    };
    Ok(rows.into_iter().filter_map(entry).collect())
}
