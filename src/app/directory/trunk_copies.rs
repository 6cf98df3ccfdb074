//! Trunks as their copies have them.

use super::Directory;
use crate::app::records::TrunkRecord;
use crate::domain::directory::StoredTrunk;
use crate::domain::sorting::oldest_first;
use crate::domain::to_json::to_json;
use crate::domain::trunk::TrunkConfig;

/// The JSON of all trunks, including deleted ones; `with_use` adds which of them hold no calls, which changes too often for
/// a copy.
pub(super) fn trunks_json(directory: &Directory, with_use: bool) -> Option<String> {
    let records = in_order(directory.trunks().collect());
    let record = |stored: &StoredTrunk| TrunkRecord {
        holds_no_calls: with_use && !stored.may_hold_calls(),
        calls_until: stored.calls_until.filter(|_| with_use),
        ..trunk_record(stored)
    };
    to_json(&records.map(record).collect::<Vec<_>>()).ok()
}

/// The JSON of a trunk's copy.
pub(super) fn trunk_json(stored: &StoredTrunk) -> Option<String> {
    to_json(&trunk_record(stored)).ok()
}

/// In the order in which they were created.
fn in_order(mut trunks: Vec<&StoredTrunk>) -> impl Iterator<Item = &StoredTrunk> {
    oldest_first(&mut trunks, |stored| {
        stored.config.id.born(stored.created_at)
    });
    trunks.into_iter()
}

fn trunk_record(stored: &StoredTrunk) -> TrunkRecord {
    let TrunkConfig {
        id,
        name,
        trunk_phone,
        max_cps,
        max_channels,
        status,
        destinations,
        carrier,
        ..
    } = stored.config.clone();
    TrunkRecord {
        id,
        name,
        trunk_phone,
        max_cps,
        max_channels,
        status,
        destinations,
        simulates: carrier.simulates(),
        deleted: stored.deleted,
        holds_no_calls: false,
        calls_until: None,
    }
}
