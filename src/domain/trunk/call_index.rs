//! A trunk's calls ordered by a moment: when something is due, or when they were accepted.
//!
//! One type for all of a trunk's indexes, since every further type of B-tree is 6 KB of WebAssembly.

use std::collections::BTreeSet;

use crate::domain::ids::CallId;
use crate::domain::time::Timestamp;

/// A moment and the call by its row, which takes half the space of its id: see [`CallId::row`].
pub type Entry = (Timestamp, u64);

/// Calls, with the earliest moment first.
#[derive(Default)]
pub struct CallIndex(BTreeSet<Entry>);

impl CallIndex {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn first(&self) -> Option<Entry> {
        self.0.first().copied()
    }

    /// The entry with this many before it.
    pub fn nth(&self, before: usize) -> Option<Entry> {
        self.0.iter().nth(before).copied()
    }

    pub fn last(&self) -> Option<Entry> {
        self.0.last().copied()
    }

    pub fn rows(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|(_, row)| *row)
    }

    /// The calls whose moment has come.
    pub fn until(&self, now: Timestamp) -> impl Iterator<Item = u64> {
        let entries = self.0.iter().take_while(move |(at, _)| *at <= now);
        entries.map(|(_, row)| *row)
    }

    pub fn has(&self, entry: Entry) -> bool {
        self.0.contains(&entry)
    }

    /// Adds an entry, or removes it.
    pub fn set(&mut self, entry: Entry, belongs: bool) {
        if belongs {
            self.0.insert(entry);
        } else {
            self.0.remove(&entry);
        }
    }
}

/// A call's entry in the order of acceptance.
pub fn accepted(call: CallId) -> Entry {
    (call.address().at, call.row())
}
