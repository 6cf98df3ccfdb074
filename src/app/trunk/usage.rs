//! Usage: sums of a trunk's calls, by the hour in which each was accepted or refused.
//!
//! Calls are read hour by hour, a slice at a time, except in hours whose own row already counts all of their calls.

use super::hours::{HOUR_COSTS, settle};
use super::reply::reply;
use super::sums::{Sums, UsageFilter, UsageSoFar, add};
use super::{Answer, Desk, Reader, StoreFailed, TrunkRefusal, TrunkStore};
use crate::app::iso8601;
use crate::domain::ids::CallId;
use crate::domain::planted::{Fault, planted};
use crate::domain::sorting::oldest_first;
use crate::domain::trunk::{Step, Trunk, Wanted};
use crate::domain::usage::{GroupBy, Hour, Share};

reply!(UsageSoFar: so_far = Usage(so_far));

/// Reading this many shares of an hour's row takes as long as reading one call.
const SHARES_A_CALL: usize = 8;

impl<S: TrunkStore> Desk<'_, '_, S> {
    /// Adds up as many calls as the filter allows to be read.
    pub(super) fn usage(
        &mut self,
        reader: Reader,
        filter: Box<UsageFilter>,
    ) -> Answer<Result<UsageSoFar, TrunkRefusal>> {
        if let Some(refusal) = self.refuses(reader) {
            return Ok(Err(refusal));
        }
        let mut so_far = filter.so_far.clone().unwrap_or(UsageSoFar {
            hour: filter.from,
            ..UsageSoFar::default()
        });
        let brief = self.trunk.brief();
        let Some(brief) = brief.filter(|brief| brief.config.org_id == reader.org) else {
            so_far.hour = filter.to;
            return Ok(Ok(so_far));
        };
        if !self.store.is_complete() {
            // Rows of the first release are in no hour yet.
            return Ok(Err(TrunkRefusal::Late));
        }
        let trunk = brief.config.id.to_string();
        self.trunk.refresh_all(self.now, self.step);
        let mut left = filter.scan_limit.max(HOUR_COSTS);
        while left > 0 && so_far.hour < filter.to {
            let begun = so_far.row;
            match begun {
                None => {
                    let shares = self.begin_hour(&mut so_far, &filter, &trunk)?;
                    left = left.saturating_sub(HOUR_COSTS + shares / SHARES_A_CALL);
                }
                Some(row) if self.count_departed(&mut so_far, filter.by, (row, &trunk)) => {
                    left -= self.count_some(&mut so_far, &filter, &trunk, (row, left))?;
                }
                Some(_) => {
                    // Calls that have left since may have been counted or not: the hour starts over.
                    (so_far.row, so_far.part) = (None, Sums::new());
                    left = left.saturating_sub(HOUR_COSTS);
                }
            }
        }
        Ok(Ok(so_far))
    }

    /// Moves to the next hour in which there is anything to count; returns how many shares its row has.
    fn begin_hour(
        &mut self,
        so_far: &mut UsageSoFar,
        filter: &UsageFilter,
        trunk: &str,
    ) -> Result<usize, StoreFailed> {
        let kept = self.store.next_usage(so_far.hour)?;
        let kept = kept.filter(|(hour, _)| *hour < filter.to);
        let (from, to) = (so_far.hour.row(), filter.to.row());
        let is_known = |hour: Hour| kept.as_ref().is_some_and(|(kept, _)| *kept == hour);
        let hour = match is_known(so_far.hour) {
            true => Some(so_far.hour),
            false => {
                let open = self.first_open(from, to);
                // Open calls, of which there may be thousands, need not be passed over.
                let until = open.map_or(to, CallId::row);
                let row = self.store.calls_from(from, until, 1)?;
                let row = row.first().map(|call| call.id);
                let calls = [row, open].into_iter().flatten().map(Hour::of_call);
                calls.chain(kept.iter().map(|(hour, _)| *hour)).min()
            }
        };
        let Some(hour) = hour else {
            so_far.hour = filter.to;
            return Ok(0);
        };
        so_far.hour = hour;
        so_far.departure = self.counted.last;
        so_far.row = Some(hour.row());
        let Some((_, mut kept)) = kept.filter(|(kept, _)| *kept == hour) else {
            return Ok(0);
        };
        settle(&mut kept, self.store)?;
        let by = (filter.by, hour, trunk);
        let shares = kept.all.as_ref().map_or(0, |all| all.0.len()) + kept.left.0.len();
        match kept.all {
            Some(all) => {
                all.0
                    .iter()
                    .for_each(|share| count(&mut so_far.sums, by, share));
                if !planted(Fault::UsageTwice) {
                    (so_far.hour, so_far.row) = (hour.next(), None);
                }
            }
            None => {
                let left = kept.left.0.iter();
                left.for_each(|share| count(&mut so_far.part, by, share));
            }
        }
        Ok(shares)
    }

    /// Adds those calls among the rows not read yet that have left since. `false` if these are not known.
    fn count_departed(
        &self,
        so_far: &mut UsageSoFar,
        by: GroupBy,
        (row, trunk): (u64, &str),
    ) -> bool {
        let hour = so_far.hour;
        let Some(gone) = self.counted.departed_since((hour, row), so_far.departure) else {
            return false;
        };
        gone.for_each(|share| count(&mut so_far.part, (by, hour, trunk), share));
        so_far.departure = self.counted.last;
        true
    }

    /// The first call between these rows whose row may be out of date.
    fn first_open(&self, from: u64, to: u64) -> Option<CallId> {
        in_hand(self.trunk, self.step, from, to).min()
    }

    /// Counts an hour's calls from a row on; returns how many were read.
    fn count_some(
        &mut self,
        so_far: &mut UsageSoFar,
        filter: &UsageFilter,
        trunk: &str,
        (row, left): (u64, usize),
    ) -> Result<usize, StoreFailed> {
        let hour = so_far.hour;
        let mut to = hour.next().row();
        let mut own: Vec<CallId> = in_hand(self.trunk, self.step, row, to).collect();
        oldest_first(&mut own, |id| id.number());
        own.dedup();
        if let Some(next) = own.get(left) {
            to = next.row();
        }
        let rows = self.store.calls_from(row, to, left)?;
        if let Some(last) = rows.last().filter(|_| rows.len() >= left) {
            to = last.id.row() + 1;
        }
        own.retain(|id| id.row() < to);
        let by = (filter.by, hour, trunk);
        for call in rows.iter().filter(|call| !own.contains(&call.id)) {
            count(&mut so_far.part, by, &Share::of(call));
        }
        for id in &own {
            if let Some(call) = self.trunk.call(*id, self.step) {
                count(&mut so_far.part, by, &Share::of(call));
            }
            self.step.let_go_of(*id);
        }
        so_far.row = Some(to);
        if to == hour.next().row() {
            for (key, tally) in std::mem::take(&mut so_far.part) {
                add(&mut so_far.sums, key, &tally);
            }
            (so_far.hour, so_far.row) = (hour.next(), None);
        }
        Ok((rows.len() + own.len()).clamp(1, left))
    }
}

/// The calls between these rows that are open, or about to be written.
fn in_hand<'a>(
    trunk: &'a Trunk,
    step: &'a Step<'_>,
    from: u64,
    to: u64,
) -> impl Iterator<Item = CallId> + 'a {
    let wanted = Wanted {
        below: Some(CallId::floor_of(to)),
        from_row: from,
        ..Wanted::default()
    };
    let is_here = move |id: &CallId| (from..to).contains(&id.row());
    let changed = step.changed().map(|call| call.id).filter(is_here);
    trunk.open_calls(wanted).chain(changed)
}

fn count(sums: &mut Sums, (by, hour, trunk): (GroupBy, Hour, &str), share: &Share) {
    let at = || iso8601::format(hour.start());
    let key = match by {
        GroupBy::Hour => Some(at()),
        GroupBy::Day => Some(at().chars().take(10).collect()),
        GroupBy::Agent => Some(share.agent.to_string()),
        GroupBy::Trunk => Some(trunk.to_owned()),
        GroupBy::Campaign => share.campaign.clone(),
    };
    add(sums, key, &share.tally);
}
