//! Trunks as their copies tell of them.

use super::Directory;
use super::state::json;
use super::trunks::StoredTrunk;
use crate::app::records::{RecordKey, TrunkRecord};
use crate::app::trunk::CarrierCredentials;
use crate::domain::ids::TrunkId;
use crate::domain::sorting::oldest_first;
use crate::domain::trunk::TrunkConfig;

impl Directory {
    /// The JSON of all trunks, deleted ones too; with a word on which of them `hold_no_calls`, which changes too often for a
    /// copy.
    pub(super) fn trunks_json(&self, with_use: bool) -> Option<String> {
        let trunks: Vec<_> = self.trunks.values().collect();
        let records = in_order(trunks);
        let record = |stored: &StoredTrunk| TrunkRecord {
            holds_no_calls: with_use && !stored.may_hold_calls(),
            calls_until: stored.calls_until.filter(|_| with_use),
            ..trunk_record(stored)
        };
        json(&records.map(record).collect::<Vec<_>>())
    }

    /// The JSON of a trunk's copy.
    pub(super) fn trunk_json(&self, id: TrunkId) -> Option<String> {
        json(&trunk_record(self.trunks.get(&id)?))
    }

    /// The JSON of the copy of credentials, under its carrier's API key.
    pub(super) fn carrier_json(&self, key: &RecordKey) -> Option<String> {
        let trunks = self.trunks.values().filter(|stored| !stored.deleted);
        let mut lines = trunks.filter_map(|stored| CarrierCredentials::of(&stored.config));
        json(&lines.find(|line| RecordKey::carrier(&line.api_key) == *key)?)
    }
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
