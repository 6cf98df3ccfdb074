//! A contacts shard in memory.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use audatec::app::contacts::{
    self, ContactsCommand, ContactsReply, ContactsStore, Found, Place, Tidying,
};
use audatec::app::json;
use audatec::app::trunk::StoreFailed;
use audatec::domain::contacts::{Dials, Number, Suppression};
use audatec::domain::time::Timestamp;

/// Its rows. A commit is what a command changed.
#[derive(Default)]
pub struct Numbers {
    rows: RefCell<BTreeMap<Number, Suppression>>,
    dials: RefCell<BTreeMap<Number, String>>,
    /// How many rows of dials were written.
    pub written: Cell<usize>,
    /// The next commit fails, before or after it was kept.
    pub failure: Cell<Option<bool>>,
    pub is_full: Cell<bool>,
    tidying: RefCell<Tidying>,
    /// How many requests there were.
    pub requests: Cell<usize>,
}

impl Numbers {
    /// Whether a number is suppressed, and whether it has dials.
    pub fn knows(&self, number: Number) -> (bool, bool) {
        let (rows, dials) = (self.rows.borrow(), self.dials.borrow());
        (rows.contains_key(&number), dials.contains_key(&number))
    }

    /// Whether it keeps nothing.
    #[allow(dead_code, reason = "for the simulation")]
    pub fn is_bare(&self) -> bool {
        self.rows.borrow().is_empty() && self.dials.borrow().is_empty()
    }

    /// It forgets all that it keeps.
    #[allow(dead_code, reason = "for the simulation")]
    pub fn clear(&self) {
        self.rows.take();
        self.dials.take();
    }

    /// Carries out one command, as the object's shell does.
    pub fn serve(
        &self,
        command: ContactsCommand,
        now: Timestamp,
    ) -> Result<ContactsReply, StoreFailed> {
        self.requests.set(self.requests.get() + 1);
        let before = (self.rows.borrow().clone(), self.dials.borrow().clone());
        let result = contacts::handle(self, &mut self.tidying.borrow_mut(), command, now);
        match self.failure.take() {
            Some(is_kept) => {
                if !is_kept {
                    (*self.rows.borrow_mut(), *self.dials.borrow_mut()) = before;
                }
                Err(StoreFailed)
            }
            None => result,
        }
    }

    pub fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        contacts::next_due(self, &self.tidying.borrow(), now)
            .ok()
            .flatten()
    }

    pub fn len(&self) -> usize {
        self.rows.borrow().len()
    }
}

impl ContactsStore for Numbers {
    fn get(&self, number: Number) -> Result<Option<Suppression>, StoreFailed> {
        Ok(self.rows.borrow().get(&number).cloned())
    }

    fn put(&self, number: Number, row: &Suppression) -> Result<(), StoreFailed> {
        self.rows.borrow_mut().insert(number, row.clone());
        Ok(())
    }

    fn remove(&self, numbers: &[Number]) -> Result<(), StoreFailed> {
        let mut rows = self.rows.borrow_mut();
        numbers.iter().for_each(|number| drop(rows.remove(number)));
        Ok(())
    }

    fn page(
        &self,
        before: Option<Place>,
        (limit, scan_limit): (usize, usize),
        now: Timestamp,
    ) -> Result<Found, StoreFailed> {
        let rows = self.rows.borrow();
        let place = |row: &Suppression| (row.created_at, row.number());
        let mut all: Vec<Suppression> = rows
            .values()
            .filter(|row| before.is_none_or(|before| place(row) < before))
            .cloned()
            .collect();
        all.sort_by_key(|row| std::cmp::Reverse(place(row)));
        all.truncate(scan_limit);
        let last = all.last().map(place).filter(|_| all.len() == scan_limit);
        all.retain(|row| row.holds(now));
        all.truncate(limit);
        let until = last.filter(|_| all.len() < limit);
        Ok((all, until))
    }

    fn ended(&self, now: Timestamp, limit: usize) -> Result<Vec<Number>, StoreFailed> {
        let rows = self.rows.borrow();
        let ended = rows.iter().filter(|(_, row)| !row.holds(now));
        Ok(ended.map(|(number, _)| *number).take(limit).collect())
    }

    fn first_end(&self) -> Result<Option<Timestamp>, StoreFailed> {
        let rows = self.rows.borrow();
        Ok(rows.values().filter_map(|row| row.expires_at).min())
    }

    fn dials(&self, number: Number) -> Result<Dials, StoreFailed> {
        let dials = self.dials.borrow();
        let known = dials.get(&number).map(|doc| json::read(doc));
        known
            .transpose()
            .map_err(|_| StoreFailed)
            .map(Option::unwrap_or_default)
    }

    fn put_dials(&self, number: Number, dials: &Dials) -> Result<(), StoreFailed> {
        self.written.set(self.written.get() + 1);
        let doc = serde_json::to_string(dials).map_err(|_| StoreFailed)?;
        match dials.is_bare() {
            true => drop(self.dials.borrow_mut().remove(&number)),
            false => drop(self.dials.borrow_mut().insert(number, doc)),
        }
        Ok(())
    }

    fn has_dials(&self) -> Result<bool, StoreFailed> {
        Ok(!self.dials.borrow().is_empty())
    }

    fn forget_dials(
        &self,
        from: Number,
        now: Timestamp,
        limit: usize,
    ) -> Result<Option<Number>, StoreFailed> {
        let numbers: Vec<Number> = self.dials.borrow().keys().copied().collect();
        let mut numbers = numbers.into_iter().filter(|number| *number >= from);
        for number in numbers.by_ref().take(limit) {
            if self.dials(number)?.count_until() <= now {
                self.dials.borrow_mut().remove(&number);
            }
        }
        Ok(numbers.next())
    }

    fn has_room(&self) -> bool {
        !self.is_full.get()
    }
}
