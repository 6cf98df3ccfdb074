//! Erasures, at the desk: requested, and read. Finished ones are rows, read a page at a time.

use super::reply::reply;
use super::{Answer, Desk, DirectoryRefusal, DirectoryReply, DirectoryStore, Erasure};
use crate::app::host::Host;
use crate::app::json;
use crate::domain::contacts::Number;
use crate::domain::directory::erasure_row;
use crate::domain::ids::ErasureId;
use crate::domain::sorting::newest_first;

reply!(
    Vec<Erasure>: erasures => DirectoryReply::Erasures(erasures),
    DirectoryReply::Erasures(erasures) => erasures,
);
reply!(
    Erasure: erasure => DirectoryReply::Erasure(Box::new(erasure)),
    DirectoryReply::Erasure(erasure) => *erasure,
);

/// Sorts after the names of all finished ones.
const END: &str = "erased0";

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    pub(super) fn begin_erasure(&mut self, id: ErasureId, number: Number) -> Answer<Erasure> {
        let author = self.author();
        Ok(self.directory.begin_erasure(id, number, author)?)
    }

    pub(super) fn erasure(&self, id: ErasureId) -> Answer<Erasure> {
        if let Some(erasure) = self.directory.pending_erasure(id) {
            return Ok(erasure.clone());
        }
        let row = self.store.row(&erasure_row(id))?;
        let erasure = row.and_then(|doc| json::read(&doc).ok());
        Ok(erasure.ok_or(DirectoryRefusal::Missing)?)
    }

    pub(super) fn erasures(
        &self,
        pending: Option<bool>,
        before: Option<ErasureId>,
        limit: usize,
    ) -> Answer<Vec<Erasure>> {
        let under_way = self.directory.pending_erasures().rev();
        let is_older = |id: ErasureId| before.is_none_or(|before| id < before);
        let under_way = under_way.filter(|erasure| is_older(erasure.id) && pending != Some(false));
        let mut page: Vec<Erasure> = under_way.cloned().collect();
        if pending != Some(true) {
            let before = before.map_or_else(|| END.to_owned(), erasure_row);
            let rows = self.store.below("erased/", &before, limit)?;
            let done = rows
                .into_iter()
                .filter_map(|(_, doc)| json::read(&doc).ok());
            page.extend(done);
            newest_first(&mut page, |erasure| erasure.id.number());
        }
        page.truncate(limit);
        Ok(page)
    }
}
