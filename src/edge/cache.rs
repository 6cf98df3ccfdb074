//! This isolate's own copies of KV records: a key's record is read once, not at each request.
//!
//! Only what is there is kept; what is missing is asked for again. What costs money is checked in
//! the trunk's object too, so a stale copy starts no call.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::domain::access::KeyRecord;
use crate::domain::ids::{KeyId, OrgId};
use crate::domain::time::Millis;

/// With KV's own 30 s, a revoked key reads nothing after a minute.
const KEEP: Millis = Millis(20_000);
const MAX_ENTRIES: usize = 5_000;
const HOUR: u64 = 3_600_000;

thread_local! {
    static RECORDS: RefCell<HashMap<String, (String, Millis)>> = RefCell::default();
    static USED: RefCell<HashMap<KeyId, u64>> = RefCell::default();
}

/// The JSON under a KV key, if it was read lately.
pub fn get(key: &str, now: Millis) -> Option<String> {
    RECORDS.with_borrow(|records| {
        let (json, read_at) = records.get(key)?;
        (now < *read_at + KEEP && now >= *read_at).then(|| json.clone())
    })
}

/// Keeps what was read.
pub fn put(key: String, json: &str, now: Millis) {
    RECORDS.with_borrow_mut(|records| {
        if records.len() >= MAX_ENTRIES {
            records.clear();
        }
        records.insert(key, (json.to_owned(), now));
    });
}

/// Drops what belongs to an organisation.
pub fn forget(org: OrgId) {
    let org = org.to_string();
    RECORDS.with_borrow_mut(|records| {
        records.retain(|key, (json, _)| !key.contains(&org) && !json.contains(&org))
    });
}

/// Whether this is the first use of a key within the hour that this isolate sees.
pub fn is_first_use(key: &KeyRecord, now: Millis) -> bool {
    USED.with_borrow_mut(|used| {
        if used.len() >= MAX_ENTRIES {
            used.clear();
        }
        used.insert(key.key_id, now.0 / HOUR) != Some(now.0 / HOUR)
    })
}
