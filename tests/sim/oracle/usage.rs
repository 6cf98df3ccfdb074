//! Usage: the sums of all calls that there ever were, whether they are still stored or not.

use std::collections::BTreeMap;

use audatec::domain::call::CallStatus;
use audatec::domain::callback::DeliveryStatus;
use audatec::domain::ids::OrgId;
use audatec::domain::time::Timestamp;
use serde_json::{Value, json};

use super::Oracle;
use crate::clients::{Ask, Org, ask};
use crate::world::W;

const HOUR: u64 = 3_600_000;
/// The longest time that one answer tells of.
const MOST: u64 = 31 * 24;

/// Asks for all of an organisation's usage, by each grouping, when nothing happens any more.
pub async fn judge(w: &W, org: &Org) {
    let Some((first, last)) = w.oracle.hours_of_calls(org.id) else {
        return;
    };
    for by in ["hour", "day", "agent", "trunk", "campaign"] {
        let mut from = first;
        while from <= last {
            let to = (from + MOST).min(last + 1);
            let (begin, end) = (time(from), time(to));
            let path = format!("/usage?from={begin}&to={end}&group_by={by}");
            let heard = ask(w, Ask::get(path, &org.owner)).await;
            let wanted = w.oracle.usage(org.id, by, from..to);
            let told = heard.map(|heard| heard.json()["rows"].clone());
            if told.as_ref() != Some(&wanted) {
                let what = format!("usage by {by} is {told:?}, not {wanted}");
                w.oracle.fail(None, None, what);
            }
            from = to;
        }
    }
}

fn time(hour: u64) -> String {
    audatec::app::iso8601::format(Timestamp(hour * HOUR))
}

impl Oracle {
    /// The first hour and the last in which calls of an organisation came to be.
    fn hours_of_calls(&self, org: OrgId) -> Option<(u64, u64)> {
        let calls = self.calls.borrow();
        let own = calls.values().filter(|seen| seen.row.request.org == org);
        let hours = own.map(|seen| seen.row.created_at().0 / HOUR);
        let hours: Vec<u64> = hours.collect();
        Some((*hours.iter().min()?, *hours.iter().max()?))
    }

    /// A walk over all calls.
    fn usage(&self, org: OrgId, by: &str, hours: std::ops::Range<u64>) -> Value {
        let mut rows: BTreeMap<Option<String>, Vec<&super::Seen>> = BTreeMap::new();
        let calls = self.calls.borrow();
        for seen in calls.values() {
            let row = &seen.row;
            let hour = row.created_at().0 / HOUR;
            if row.request.org != org || !hours.contains(&hour) {
                continue;
            }
            let key = match by {
                "hour" => Some(time(hour)),
                "day" => time(hour).get(..10).map(str::to_owned),
                "agent" => Some(row.request.agent.id.to_string()),
                "trunk" => Some(row.request.trunk.to_string()),
                _ => {
                    let campaign = row.request.campaign.as_ref();
                    campaign.map(|campaign| campaign.id.to_string())
                }
            };
            rows.entry(key).or_default().push(seen);
        }
        let row = |(key, seen): (Option<String>, Vec<&super::Seen>)| {
            let count =
                |is: &dyn Fn(&super::Seen) -> bool| seen.iter().filter(|seen| is(seen)).count();
            let ended = |status| count(&|seen| seen.row.status == status);
            let told = |status| {
                let of = |seen: &super::Seen| seen.row.callback.as_ref().map(|it| it.status);
                count(&|seen| of(seen) == Some(status))
            };
            let mut failed: BTreeMap<String, u64> = BTreeMap::new();
            let mut talk = 0;
            for seen in &seen {
                let row = &seen.row;
                if let (Some(from), Some(to)) = (row.answered_at, row.ended_at) {
                    talk += (to - from).0 / 1_000;
                }
                if matches!(
                    row.status,
                    CallStatus::TriggerFailed | CallStatus::SipCallFailed
                ) && let Some(failure) = row.failure
                {
                    let code = json!(failure.code).as_str().map(str::to_owned);
                    *failed.entry(code.unwrap_or_default()).or_default() += 1;
                }
            }
            json!({
                "key": key, "calls": seen.len(), "answered": count(&|seen| seen.row.answered_at.is_some()),
                "completed": ended(CallStatus::Completed), "declined": ended(CallStatus::Decline), "failed": failed,
                "rejected": ended(CallStatus::RejectedCapacity), "talk_seconds": talk,
                "callbacks": {"delivered": told(DeliveryStatus::Delivered), "exhausted": told(DeliveryStatus::Exhausted)},
            })
        };
        rows.into_iter().map(row).collect()
    }
}
