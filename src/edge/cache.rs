//! This isolate's own copies of KV records: a key's record is read once, rather than for every request.
//!
//! Only records that exist are kept; missing ones are asked for again. Every read also asks an object, which knows of revoked
//! keys, and whatever costs money is decided by a trunk: so a stale copy starts no call and shows nothing.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::domain::access::KeyRecord;
use crate::domain::ids::{KeyId, OrgId};
use crate::domain::search;
use crate::domain::time::{Span, Timestamp};
use crate::domain::vec_map::VecMap;

/// A changed agent applies to new calls once this and KV's own delay (30 s and more) are over.
const KEEP: Span = Span(20_000);
/// What a directory itself answered is newer than KV's copy, and kept until that has caught up.
const KEEP_TOLD: Span = Span(100_000);
const MAX_ENTRIES: usize = 5_000;
/// A single agent may take 100 KB.
const MAX_BYTES: usize = 4 << 20;
const HOUR: u64 = 3_600_000;
/// How many refusals for an organisation are checked with its directory
const DOUBTS: u32 = 20;
/// within this time.
const DOUBTED_FOR: Span = Span(10_000);

/// A copy.
struct Kept {
    json: String,
    until: Timestamp,
    /// Its contents, once somebody has parsed them.
    read: Option<Rc<dyn Any>>,
}

impl Kept {
    fn holds(&self, now: Timestamp) -> bool {
        now < self.until && now + KEEP_TOLD >= self.until
    }
}

thread_local! {
    static RECORDS: RefCell<VecMap<String, Kept>> = RefCell::default();
    /// An upper bound of the bytes in them: what is replaced or dropped still counts until everything is dropped.
    static BYTES: Cell<usize> = const { Cell::new(0) };
    static DOUBTED: RefCell<VecMap<OrgId, (Timestamp, u32)>> = RefCell::default();
    static USED: RefCell<VecMap<KeyId, u64>> = RefCell::default();
}

/// The JSON under a KV key, if it was read recently.
pub fn get(key: &str, now: Timestamp) -> Option<String> {
    RECORDS.with_borrow(|records| {
        let kept = records.get(&key.to_owned())?;
        kept.holds(now).then(|| kept.json.clone())
    })
}

/// Its parsed contents, if they were parsed as this type recently. (Measured: the records of a `POST /calls` took 7 % of the time
/// that an isolate spends on it, and now take 2 %.)
pub fn read<T: 'static>(key: &String, now: Timestamp) -> Option<Rc<T>> {
    RECORDS.with_borrow(|records| {
        let kept = records.get(key).filter(|kept| kept.holds(now))?;
        Rc::clone(kept.read.as_ref()?).downcast().ok()
    })
}

/// Keeps the parsed contents beside a copy.
pub fn keep_read<T: 'static>(key: &String, record: &Rc<T>) {
    RECORDS.with_borrow_mut(|records| {
        if let Some(kept) = records.get_mut(key) {
            // They take about as many bytes as the text.
            BYTES.set(BYTES.get() + kept.json.len());
            kept.read = Some(Rc::clone(record) as Rc<dyn Any>);
        }
    });
}

/// Keeps a record as read from KV.
pub fn put(key: String, json: &str, now: Timestamp) {
    keep(key, json, now + KEEP);
}

/// Keeps a record as a directory answered it.
pub fn put_told(key: String, json: &str, now: Timestamp) {
    keep(key, json, now + KEEP_TOLD);
}

/// Keeps a record until that moment.
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

/// Drops everything that belongs to an organisation.
pub fn forget(org: OrgId) {
    let org = org.to_string();
    RECORDS.with_borrow_mut(|records| {
        records
            .retain(|key, kept| !search::contains(key, &org) && !search::contains(&kept.json, &org))
    });
}

/// Counts one more refusal for an organisation, and returns whether it may be checked with the directory.
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

/// Whether this is the first use of a key in the present hour, as far as this isolate has seen.
pub fn is_first_use(key: &KeyRecord, now: Timestamp) -> bool {
    USED.with_borrow_mut(|used| {
        if used.len() >= MAX_ENTRIES {
            *used = VecMap::default();
        }
        used.insert(key.key_id, now.0 / HOUR) != Some(now.0 / HOUR)
    })
}
