//! KV, and each isolate's own cache of it: what is read may be a minute old, and at the edge a little older. A write under way
//! when its writer dies is never seen.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use audatec::app::directory::RELIED_ON;
use audatec::domain::ids::{KeyId, OrgId};
use audatec::domain::time::{Span, Timestamp};

use crate::world::World;

/// How long KV answers with what it once read at a location, misses included.
const STALE_MS: u64 = 60_000;
/// How long an isolate keeps what it read.
const KEPT: Span = Span(20_000);

type Kept = BTreeMap<String, (Option<String>, u64)>;

/// How many isolates serve requests and consume queues, each at a location of its own.
pub const ISOLATES: usize = 3;

#[derive(Default)]
struct Isolate {
    location: Kept,
    cache: BTreeMap<String, (String, Timestamp)>,
    used: BTreeSet<(KeyId, u64)>,
    notes: BTreeMap<String, (String, Timestamp)>,
}

#[derive(Default)]
pub struct Copies {
    stored: RefCell<BTreeMap<String, String>>,
    isolates: [RefCell<Isolate>; ISOLATES],
}

impl Copies {
    fn isolate(&self, at: usize) -> &RefCell<Isolate> {
        &self.isolates[at % ISOLATES]
    }

    pub fn write(&self, key: String, json: Option<String>) {
        match json {
            Some(json) => self.stored.borrow_mut().insert(key, json),
            None => self.stored.borrow_mut().remove(&key),
        };
    }

    pub fn cached(&self, at: usize, key: &str, now: Timestamp) -> Option<String> {
        let isolate = self.isolate(at).borrow();
        let (json, read_at) = isolate.cache.get(key)?;
        (now < *read_at + KEPT && now >= *read_at).then(|| json.clone())
    }

    pub fn read(&self, w: &World, at: usize, key: String) -> Option<String> {
        let mut isolate = self.isolate(at).borrow_mut();
        let fresh = |(_, since): &&(Option<String>, u64)| w.time() < since + STALE_MS;
        let json = match isolate.location.get(&key).filter(fresh) {
            Some((json, _)) => json.clone(),
            None => {
                let json = self.stored.borrow().get(&key).cloned();
                isolate
                    .location
                    .insert(key.clone(), (json.clone(), w.time()));
                json
            }
        };
        if let Some(json) = &json {
            isolate.cache.insert(key, (json.clone(), w.clock()));
        }
        json
    }

    pub fn learn(&self, at: usize, key: String, json: &str, now: Timestamp) {
        let mut isolate = self.isolate(at).borrow_mut();
        isolate.cache.insert(key, (json.to_owned(), now));
    }

    pub fn forget(&self, at: usize, org: OrgId) {
        let org = org.to_string();
        let keep = |key: &String, (json, _): &mut (String, Timestamp)| {
            !key.contains(&org) && !json.contains(&org)
        };
        self.isolate(at).borrow_mut().cache.retain(keep);
    }

    pub fn noted(&self, at: usize, name: &str, now: Timestamp) -> Option<String> {
        let isolate = self.isolate(at).borrow();
        let (text, until) = isolate.notes.get(name)?;
        (now < *until && now + RELIED_ON >= *until).then(|| text.clone())
    }

    pub fn note(&self, at: usize, name: String, text: &str, until: Timestamp) {
        let mut isolate = self.isolate(at).borrow_mut();
        isolate.notes.insert(name, (text.to_owned(), until));
    }

    /// Whether it is the first use of a key within the hour that this isolate sees.
    pub fn is_first_use(&self, at: usize, key: KeyId, now: Timestamp) -> bool {
        self.isolate(at)
            .borrow_mut()
            .used
            .insert((key, now.0 / 3_600_000))
    }

    /// An isolate is gone; its location is not.
    pub fn evict(&self, at: usize) {
        let mut isolate = self.isolate(at).borrow_mut();
        isolate.cache.clear();
        isolate.used.clear();
        isolate.notes.clear();
    }

    /// All caches run out.
    pub fn expire(&self) {
        self.isolates
            .iter()
            .for_each(|isolate| *isolate.borrow_mut() = Isolate::default());
    }

    pub fn stored(&self, key: &str) -> Option<String> {
        self.stored.borrow().get(key).cloned()
    }

    pub fn names(&self, prefix: &str) -> Vec<String> {
        let stored = self.stored.borrow();
        stored
            .keys()
            .filter(|key| key.starts_with(prefix))
            .cloned()
            .collect()
    }
}
