//! This isolate's own copies of KV records: a key's record is read once, not at each request.
//!
//! Only what is there is kept; what is missing is asked for again. Every read asks an object as well, which knows of revoked
//! keys, and what costs money is decided by a trunk: so a stale copy starts no call and shows nothing.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::domain::access::KeyRecord;
use crate::domain::ids::{KeyId, OrgId};
use crate::domain::search;
use crate::domain::time::{Span, Timestamp};
use crate::domain::vec_map::VecMap;

/// A changed agent counts for new calls once this and KV's own time (30 s and more) are over.
const KEEP: Span = Span(20_000);
/// What a directory told itself is newer than KV's copy, and kept until that has caught up.
const KEEP_TOLD: Span = Span(100_000);
const MAX_ENTRIES: usize = 5_000;
/// An agent alone may be a hundred KB.
const MAX_BYTES: usize = 4 << 20;
const HOUR: u64 = 3_600_000;
/// How many refusals of an organisation are taken to its directory
const DOUBTS: u32 = 20;
/// within so long.
const DOUBTED_FOR: Span = Span(10_000);

/// A copy.
struct Kept {
    json: String,
    until: Timestamp,
    /// What it says, once somebody read that.
    read: Option<Rc<dyn Any>>,
}

impl Kept {
    fn holds(&self, now: Timestamp) -> bool {
        now < self.until && now + KEEP_TOLD >= self.until
    }
}

thread_local! {
    static RECORDS: RefCell<VecMap<String, Kept>> = RefCell::default();
    /// An upper bound of the bytes in them: what is replaced or dropped counts until all are dropped.
    static BYTES: Cell<usize> = const { Cell::new(0) };
    static DOUBTED: RefCell<VecMap<OrgId, (Timestamp, u32)>> = RefCell::default();
    static USED: RefCell<VecMap<KeyId, u64>> = RefCell::default();
}

/// The JSON under a KV key, if it was read lately.
pub fn get(key: &str, now: Timestamp) -> Option<String> {
    RECORDS.with_borrow(|records| {
        let kept = records.get(&key.to_owned())?;
        kept.holds(now).then(|| kept.json.clone())
    })
}

/// What that says, if it was read as such lately. (Measured: the records of a
/// `POST /calls` took 7 % of the time that an isolate spends on it, and take 2.)
pub fn read<T: 'static>(key: &String, now: Timestamp) -> Option<Rc<T>> {
    RECORDS.with_borrow(|records| {
        let kept = records.get(key).filter(|kept| kept.holds(now))?;
        Rc::clone(kept.read.as_ref()?).downcast().ok()
    })
}

/// Keeps what a copy says beside it.
pub fn keep_read<T: 'static>(key: &String, record: &Rc<T>) {
    RECORDS.with_borrow_mut(|records| {
        if let Some(kept) = records.get_mut(key) {
            // It takes about as much as its text.
            BYTES.set(BYTES.get() + kept.json.len());
            kept.read = Some(Rc::clone(record) as Rc<dyn Any>);
        }
    });
}

/// Keeps what was read.
pub fn put(key: String, json: &str, now: Timestamp) {
    keep(key, json, now + KEEP);
}

/// Keeps what a directory told.
pub fn put_told(key: String, json: &str, now: Timestamp) {
    keep(key, json, now + KEEP_TOLD);
}

/// Keeps it until then.
pub fn keep(key: String, json: &str, until: Timestamp) {
    RECORDS.with_borrow_mut(|records| {
        let bytes = BYTES.get() + key.len() + json.len();
        if records.len() >= MAX_ENTRIES || bytes > MAX_BYTES {
            *records = VecMap::default();
            BYTES.set(0);
        }
        BYTES.set(BYTES.get() + key.len() + json.len());
        let kept = Kept {
            json: json.to_owned(),
            until,
            read: None,
        };
        records.insert(key, kept);
    });
}

/// Drops what belongs to an organisation.
pub fn forget(org: OrgId) {
    let org = org.to_string();
    RECORDS.with_borrow_mut(|records| {
        records
            .retain(|key, kept| !search::contains(key, &org) && !search::contains(&kept.json, &org))
    });
}

/// Whether one more refusal of an organisation may be taken to its directory; counts it.
pub fn may_doubt(org: OrgId, now: Timestamp) -> bool {
    DOUBTED.with_borrow_mut(|doubted| {
        if doubted.len() >= MAX_ENTRIES {
            *doubted = VecMap::default();
        }
        let known = doubted.get(&org).copied();
        let lately = known.filter(|(since, _)| (*since..*since + DOUBTED_FOR).contains(&now));
        let (since, times) = lately.unwrap_or((now, 0));
        doubted.insert(org, (since, times + 1));
        times < DOUBTS
    })
}

/// Whether this is the first use of a key within the hour that this isolate sees.
pub fn is_first_use(key: &KeyRecord, now: Timestamp) -> bool {
    USED.with_borrow_mut(|used| {
        if used.len() >= MAX_ENTRIES {
            *used = VecMap::default();
        }
        used.insert(key.key_id, now.0 / HOUR) != Some(now.0 / HOUR)
    })
}
