//! Debts: what others must still be told, and what pays it off.

use serde::{Deserialize, Serialize};

use super::{Ask, Denied, Directory, DirectoryReply};
use crate::app::records::RecordKey;
use crate::domain::ids::TrunkId;
use crate::domain::planted::{Fault, planted};

/// What others must still be told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Owed {
    /// Copies to write, each with the version that made it wrong.
    pub records: Vec<(RecordKey, u64)>,
    /// Trunks to brief, likewise.
    pub briefs: Vec<(TrunkId, u64)>,
}

impl Owed {
    /// Whether everybody was told.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.briefs.is_empty()
    }

    pub fn brief(&mut self, trunk: TrunkId, version: u64) {
        self.briefs.retain(|(owed, _)| *owed != trunk);
        self.briefs.push((trunk, version));
    }
}

impl Directory {
    /// What a command is to see through before it is answered: what it came to owe since version
    /// `before`, or, when it asked again for what was done already, what is still owed of the
    /// first time. A read pays nobody's debts; the alarm pays all.
    pub(super) fn debts(&self, what: &Ask, before: u64) -> Owed {
        let mut owed = self.owed.clone();
        if what.is_read() {
            return Owed::default();
        }
        if let Ask::Permit(permit) = what {
            owed.records.clear();
            owed.briefs
                .retain(|(id, _)| permit.refused && id.tag() == permit.trunk);
            return owed;
        }
        let repeats =
            self.version() == before && matches!(what, Ask::RevokeKey(_) | Ask::DeleteAgent(_));
        if !repeats && !matches!(what, Ask::Tick) {
            owed.records.retain(|(_, at)| *at > before);
        }
        // An agent may be saved again because its trunks could not be told the first time.
        if !repeats && !matches!(what, Ask::Tick | Ask::SaveAgent { was: Some(_), .. }) {
            owed.briefs.retain(|(_, at)| *at > before);
        }
        owed
    }

    /// Takes off what was told, unless it changed meanwhile.
    pub(super) fn settle(
        &mut self,
        told: &[(TrunkId, Option<u64>)],
        written: &[(&RecordKey, Option<u64>)],
    ) {
        let before = self.owed.clone();
        self.owed.briefs.retain(|(owed, at)| {
            !told
                .iter()
                .any(|(id, version)| id == owed && *version >= Some(*at))
        });
        self.owed.records.retain(|(owed, at)| {
            !written
                .iter()
                .any(|(key, version)| *key == owed && *version >= Some(*at))
        });
        if planted(Fault::DebtForgotten) {
            self.owed = Owed::default();
        }
        if self.owed != before {
            self.put_owed();
        }
    }

    /// A restriction that was asked for again: done, while somebody is still owed the word of it.
    pub(super) fn repeated(&self, was_done: bool) -> DirectoryReply {
        match was_done && !self.owed.briefs.is_empty() {
            true => DirectoryReply::Done,
            false => DirectoryReply::Refused(Denied::Missing),
        }
    }
}
