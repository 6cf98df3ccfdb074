//! The directory's briefs.

use super::reply::reply;
use super::{Answer, Desk, StoreFailed, TrunkStore};
use crate::domain::trunk::Brief;

reply! {
    /// The result of a brief.
    pub enum Briefed {
        /// It is stored.
        Done,
        /// This tag belongs to another trunk.
        TagTaken,
    }
}

reply! {
    /// Whether a trunk may be deleted.
    pub enum Retired {
        /// It takes no calls.
        Done,
        /// Not while calls are live, or scheduled.
        HasLiveCalls,
    }
}

impl<S: TrunkStore> Desk<'_, '_, S> {
    pub(super) fn take_brief(&mut self, brief: Box<Brief>) -> Answer<Briefed> {
        if !self.trunk.take_brief(*brief) {
            return Ok(Briefed::TagTaken);
        }
        self.keep_brief()?;
        // What the day has taken by now is stored, in case rows that tell of it leave.
        self.trunk.know_day(self.now, self.step);
        Ok(Briefed::Done)
    }

    pub(super) fn retire(&mut self) -> Answer<Retired> {
        if !self.trunk.retire(self.now, self.step) {
            return Ok(Retired::HasLiveCalls);
        }
        self.keep_brief()?;
        Ok(Retired::Done)
    }

    fn keep_brief(&self) -> Result<(), StoreFailed> {
        match self.trunk.brief() {
            Some(brief) => self.store.put_brief(brief),
            None => Ok(()),
        }
    }
}
