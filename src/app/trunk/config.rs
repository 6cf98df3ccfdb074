//! What the directory says of a trunk.

use super::{Answer, Desk, TrunkReply, TrunkStore};
use crate::domain::trunk::Brief;

impl<S: TrunkStore> Desk<'_, '_, S> {
    pub(super) fn take_brief(&mut self, brief: Brief) -> Answer {
        if !self.trunk.take_brief(brief) {
            return Ok(TrunkReply::TagTaken);
        }
        self.keep_brief()
    }

    pub(super) fn retire(&mut self) -> Answer {
        if !self.trunk.retire(self.now) {
            return Ok(TrunkReply::HasLiveCalls);
        }
        self.keep_brief()
    }

    fn keep_brief(&self) -> Answer {
        if let Some(brief) = self.trunk.brief() {
            self.store.put_brief(brief)?;
        }
        Ok(TrunkReply::Done)
    }
}
