//! The audit log: who did what, one row each, never held in memory.

use serde::{Deserialize, Serialize};

use crate::domain::ids::KeyId;
use crate::domain::time::Timestamp;

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When it was done.
    pub at: Timestamp,
    /// The key that did it; `None` for the platform's operator.
    pub key_id: Option<KeyId>,
    /// What was done, such as `agent.create`.
    pub action: String,
    /// The id of the thing it was done to.
    pub target: String,
    /// The id of the request that did it.
    pub request_id: String,
}

/// The name of an audit entry's row; names sort by position.
#[must_use]
pub fn audit_row(position: u64) -> String {
    format!("audit/{position:012}")
}

/// Who makes a change, and when.
#[derive(Clone, Copy, Debug)]
pub struct Author<'a> {
    /// When it is made.
    pub at: Timestamp,
    /// The key that asks; `None` for the platform's operator.
    pub key: Option<KeyId>,
    /// The request's id.
    pub request: &'a str,
}

impl Author<'_> {
    /// The audit-log line for `action` on `target`.
    pub fn entry(&self, action: &str, target: impl ToString) -> AuditEntry {
        AuditEntry {
            at: self.at,
            key_id: self.key,
            action: action.to_owned(),
            target: target.to_string(),
            request_id: self.request.to_owned(),
        }
    }
}
