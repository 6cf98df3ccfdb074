//! A directory's rows in memory, for the native tests and the simulation.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use audatec::app::directory::{DirectoryStore, Rows};
use audatec::app::trunk::StoreFailed;

/// How a commit fails.
#[derive(Clone, Copy, PartialEq)]
pub enum Failure {
    BeforePersisting,
    AfterPersisting,
}

/// An organisation's rows, as one life of its object sees them.
#[derive(Default)]
pub struct DirectoryRows {
    pub rows: Rc<RefCell<BTreeMap<String, String>>>,
    /// The next commit does.
    pub failure: Cell<Option<Failure>>,
    /// Another life has taken over, and this one does not know: it writes nothing any more.
    pub is_stale: Cell<bool>,
}

impl DirectoryStore for DirectoryRows {
    fn load(&self, row: &mut dyn FnMut(&str, &str)) -> Result<(), StoreFailed> {
        for (name, doc) in self.rows.borrow().iter() {
            let apart = ["audit/", "answer/", "erased/"];
            if !apart.iter().any(|apart| name.starts_with(apart)) {
                row(name, doc);
            }
        }
        Ok(())
    }

    fn commit(&self, rows: &Rows) -> Result<(), StoreFailed> {
        let failure = self.failure.take();
        if self.is_stale.get() || failure == Some(Failure::BeforePersisting) {
            return Err(StoreFailed);
        }
        for (name, doc) in rows.iter() {
            match doc {
                Some(doc) => self.rows.borrow_mut().insert(name.clone(), doc.clone()),
                None => self.rows.borrow_mut().remove(name),
            };
        }
        failure.map_or(Ok(()), |_| Err(StoreFailed))
    }

    fn row(&self, name: &str) -> Result<Option<String>, StoreFailed> {
        Ok(self.rows.borrow().get(name).cloned())
    }

    fn having(&self, prefix: &str, word: &str) -> Result<Vec<(String, String)>, StoreFailed> {
        let rows = self.rows.borrow();
        let has = rows
            .iter()
            .filter(|(name, doc)| name.starts_with(prefix) && doc.contains(word));
        Ok(has.map(|(name, doc)| (name.clone(), doc.clone())).collect())
    }

    fn below(
        &self,
        from: &str,
        before: &str,
        limit: usize,
    ) -> Result<Vec<(String, String)>, StoreFailed> {
        let rows = self.rows.borrow();
        let rows = rows.range(from.to_owned()..before.to_owned()).rev();
        let wanted = rows.take(limit);
        Ok(wanted
            .map(|(name, doc)| (name.clone(), doc.clone()))
            .collect())
    }
}
