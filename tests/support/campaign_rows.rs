//! A campaign's rows in memory: written together or not at all, and read back as written.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use audatec::app::campaign::CampaignStore;
use audatec::app::trunk::StoreFailed;
use audatec::domain::campaign::{RecipientStatus, Record, Row};
use audatec::domain::time::Timestamp;

type Kept = (Row, Option<String>);

#[derive(Default)]
pub struct CampaignRows {
    record: RefCell<Option<String>>,
    rows: RefCell<BTreeMap<u64, Kept>>,
    /// Added, and not committed yet.
    added: RefCell<Vec<Kept>>,
    /// The rows that changed since they were taken last.
    changed: RefCell<Vec<Row>>,
    /// The next write fails, once it was kept or before.
    pub fails: Cell<Option<bool>>,
    /// Nothing can be read.
    pub reads_fail: Cell<bool>,
    /// How many rows of recipients and of the campaign were committed.
    pub written: Cell<u64>,
    /// How many recipients a question read at most.
    pub most_read: Cell<usize>,
    /// Where those were whose rows were removed.
    pub removed: RefCell<Vec<RecipientStatus>>,
    /// So many are looked at in one go, where digits are looked for, if that is few: a look goes on.
    pub few: Cell<Option<usize>>,
}

impl CampaignRows {
    fn some(&self, limit: usize, wanted: impl Fn(&Row) -> bool) -> Result<Vec<Row>, StoreFailed> {
        if self.reads_fail.get() {
            return Err(StoreFailed);
        }
        let rows = self.rows.borrow();
        let rows = rows.values().map(|(row, _)| row).filter(|row| wanted(row));
        let rows: Vec<Row> = rows.take(limit).cloned().collect();
        self.most_read.set(self.most_read.get().max(rows.len()));
        Ok(rows)
    }

    /// All rows, as they are.
    pub fn all(&self) -> Vec<Row> {
        let rows = self.rows.borrow();
        rows.values().map(|(row, _)| row.clone()).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.record.borrow().is_none() && self.rows.borrow().is_empty()
    }

    /// The campaign's own row.
    pub fn said(&self) -> Option<Record> {
        let doc = self.record.borrow();
        doc.as_deref()
            .map(|doc| audatec::app::json::read(doc).expect("readable"))
    }

    /// Every text that it keeps.
    #[allow(dead_code, reason = "for the simulation")]
    pub fn texts(&self) -> Vec<String> {
        let mut all: Vec<String> = self.record.borrow().iter().cloned().collect();
        for (row, metadata) in self.rows.borrow().values() {
            all.push(format!("{} {row:?} {metadata:?}", row.phone.as_str()));
        }
        all
    }

    /// All is forgotten.
    #[allow(dead_code, reason = "for the simulation")]
    pub fn clear(&self) {
        self.record.take();
        self.rows.take();
        self.added.take();
        self.changed.take();
    }

    /// The rows that were written since this was asked last.
    pub fn take_changed(&self) -> Vec<Row> {
        self.changed.take()
    }

    /// What was added and not committed is forgotten.
    pub fn roll_back(&self) {
        self.added.take();
    }
}

impl CampaignStore for CampaignRows {
    fn record(&self) -> Result<Option<Record>, StoreFailed> {
        match self.reads_fail.get() {
            true => Err(StoreFailed),
            false => Ok(self.said()),
        }
    }

    fn commit(&self, record: &Record, rows: &[Row]) -> Result<(), StoreFailed> {
        let fails = self.fails.take();
        if fails == Some(false) {
            return Err(StoreFailed);
        }
        *self.record.borrow_mut() = Some(serde_json::to_string(record).expect("JSON"));
        let mut all = self.rows.borrow_mut();
        let mut changed = self.changed.borrow_mut();
        for new in self.added.take() {
            changed.push(new.0.clone());
            let before = all.insert(new.0.row, new);
            assert!(before.is_none(), "a row is taken once");
        }
        for row in rows {
            let attempts = serde_json::to_string(&row.attempts).expect("JSON");
            let attempts = serde_json::from_str(&attempts).expect("readable");
            let row = Row {
                attempts,
                ..row.clone()
            };
            changed.push(row.clone());
            let kept = all.get_mut(&row.row).expect("a row");
            kept.0 = row;
        }
        self.written.set(self.written.get() + 1 + rows.len() as u64);
        fails.map_or(Ok(()), |_| Err(StoreFailed))
    }

    fn add(&self, rows: &[(Row, Option<&str>)]) -> Result<(), StoreFailed> {
        let new = rows.iter();
        let new = new.map(|(row, metadata)| (row.clone(), metadata.map(str::to_owned)));
        self.added.borrow_mut().extend(new);
        Ok(())
    }

    fn ending_in(
        &self,
        digits: &str,
        after: u64,
        limit: usize,
    ) -> Result<(Vec<Row>, Option<u64>), StoreFailed> {
        let limit = limit.min(self.few.get().unwrap_or(limit));
        let looked_at = self.some(limit, |row| row.row > after)?;
        let last = looked_at.last().filter(|_| looked_at.len() == limit);
        let last = last.map(|row| row.row);
        let fits = |row: &Row| row.phone.as_str().ends_with(digits);
        Ok((looked_at.into_iter().filter(fits).collect(), last))
    }

    fn remove(&self, rows: &[u64]) -> Result<(), StoreFailed> {
        for row in rows {
            let removed = self.rows.borrow_mut().remove(row);
            let status = removed.map(|(row, _)| row.status);
            self.removed.borrow_mut().extend(status);
        }
        Ok(())
    }

    fn clear(&self) -> Result<(), StoreFailed> {
        *self.record.borrow_mut() = None;
        self.rows.borrow_mut().clear();
        Ok(())
    }

    fn known(&self, references: &[&str]) -> Result<Vec<String>, StoreFailed> {
        let is_asked = |row: &Row| references.contains(&row.reference.as_str());
        let mut known = self.some(usize::MAX, is_asked)?;
        let added = self.added.borrow();
        let added = added.iter().map(|(row, _)| row);
        known.extend(added.filter(|row| is_asked(row)).cloned());
        Ok(known.into_iter().map(|row| row.reference).collect())
    }

    fn in_progress(&self) -> Result<Vec<Row>, StoreFailed> {
        self.some(usize::MAX, |row| row.status == RecipientStatus::InProgress)
    }

    fn pending(&self, after: u64, limit: usize) -> Result<Vec<Row>, StoreFailed> {
        self.some(limit, |row| {
            row.row > after && row.status == RecipientStatus::Pending
        })
    }

    fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Row>, StoreFailed> {
        let mut due = self.some(usize::MAX, |row| row.next_at.is_some_and(|at| at <= now))?;
        due.sort_by_key(|row| row.next_at);
        due.truncate(limit);
        Ok(due)
    }

    fn next_due(&self, after: Timestamp) -> Result<Option<Timestamp>, StoreFailed> {
        let later = self.some(usize::MAX, |row| row.next_at.is_some_and(|at| at > after))?;
        Ok(later.into_iter().filter_map(|row| row.next_at).min())
    }

    fn row(&self, row: u64) -> Result<Option<Row>, StoreFailed> {
        match self.reads_fail.get() {
            true => Err(StoreFailed),
            false => Ok(self.rows.borrow().get(&row).map(|(row, _)| row.clone())),
        }
    }

    fn by_reference(&self, reference: &str) -> Result<Option<Row>, StoreFailed> {
        Ok(self.some(1, |row| row.reference == reference)?.pop())
    }

    fn page(
        &self,
        status: &[RecipientStatus],
        (after, through): (u64, u64),
        limit: usize,
    ) -> Result<Vec<Row>, StoreFailed> {
        self.some(limit, |row| {
            let fits = status.is_empty() || status.contains(&row.status);
            row.row > after && row.row <= through && fits
        })
    }

    fn metadata(&self, row: u64) -> Result<Option<String>, StoreFailed> {
        let rows = self.rows.borrow();
        Ok(rows.get(&row).and_then(|(_, metadata)| metadata.clone()))
    }
}
