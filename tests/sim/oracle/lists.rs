//! What lists show: each row once, as it is or a little later.

use std::collections::BTreeMap;

use audatec::domain::call::CallStatus;
use audatec::domain::ids::{CallId, OrgId};
use serde_json::Value;

use super::{Oracle, rank};
use crate::trunk_node::TrunkNode;
use crate::world::W;

/// How many rows a question that looks at many reads of its object at most.
const ROWS: usize = 20_000;
/// How far apart those are who look at many rows of an object.
const APART_MS: u64 = 5;

/// A call as it was when a list of it was asked for.
pub struct Before {
    rank: u8,
    /// What was shown of it when it was over.
    end: Option<Value>,
}

impl Oracle {
    /// An organisation's calls that are there by now, as a list that is asked for now shows them at least.
    pub fn listed(&self, w: &W, org: OrgId) -> BTreeMap<CallId, Before> {
        let calls = self.calls.borrow();
        let own = calls.values().filter(|seen| seen.row.request.org == org);
        let own = own.filter(|seen| !self.has_left(seen.row.id));
        let listed = own.map(|seen| {
            let shown = match w.faults.clock_is_true() {
                true => seen.shown.0,
                false => 0,
            };
            let end = seen.final_body.as_deref();
            let before = Before {
                rank: rank(seen.row.status).max(shown),
                end: end.and_then(|body| serde_json::from_slice(body).ok()),
            };
            (seen.row.id, before)
        });
        listed.collect()
    }

    /// A page of an organisation's calls, all of them older than `below`, that was asked for when `there` were there.
    /// Returns its ids.
    pub fn page_of_calls(
        &self,
        org: OrgId,
        there: &BTreeMap<CallId, Before>,
        below: Option<CallId>,
        page: &Value,
    ) -> Vec<CallId> {
        let items = page["calls"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let id = |item: &Value| item["id"].as_str()?.parse::<CallId>().ok();
        let ids: Vec<CallId> = items.iter().filter_map(id).collect();
        let is_own = |id: &CallId| {
            let calls = self.calls.borrow();
            calls
                .get(id)
                .is_some_and(|seen| seen.row.request.org == org)
        };
        let first = ids.first().copied();
        let is_below = below.is_none_or(|below| first < Some(below));
        if ids.len() != items.len() || !ids.is_sorted_by(|a, b| a > b) || !is_below {
            self.fail(
                None,
                first,
                format!("a page of calls is not in order: {ids:?}"),
            );
        }
        if let Some(id) = ids.iter().find(|id| !is_own(id)) {
            self.fail(None, Some(*id), "a page of calls shows another's".into());
        }
        // The last page goes to the end.
        let goes_on = page["next_cursor"].is_string();
        let last = ids.last().copied().filter(|_| goes_on);
        // One that is empty and goes on looked at rows of which none is shown.
        let there_are = !(goes_on && ids.is_empty());
        for (id, _) in there.range(last.unwrap_or(CallId::floor(Default::default()))..) {
            let belongs = below.is_none_or(|below| *id < below) && !self.has_left(*id);
            let belongs = belongs && there_are;
            if belongs && ids.binary_search_by(|one| id.cmp(one)).is_err() {
                let what =
                    format!("a page of calls leaves one out: {ids:?}, and goes on: {goes_on}");
                self.fail(Some(id.address().tag), Some(*id), what);
            }
        }
        for item in items {
            if let Some((id, before)) = id(item).and_then(|id| there.get_key_value(&id)) {
                self.item(*id, before, item);
            }
        }
        ids
    }

    fn item(&self, id: CallId, before: &Before, item: &Value) {
        let status = item["call_status"].as_str().and_then(CallStatus::parse);
        let is = status.map(rank);
        self.check(is >= Some(before.rank), id.address().tag, Some(id), || {
            format!(
                "a list shows a call in state {is:?} that was in state {}",
                before.rank
            )
        });
        let Some(Value::Object(end)) = &before.end else {
            return;
        };
        let is_same = end.iter().all(|(name, value)| item[name] == *value);
        self.check(is_same, id.address().tag, Some(id), || {
            format!("a list shows {item}, which had ended as {end:?}")
        });
    }

    /// All pages of an organisation's calls, when nothing happens any more.
    pub fn all_pages(&self, org: OrgId, ids: &[CallId]) {
        let calls = self.calls.borrow();
        let own = calls.values().filter(|seen| seen.row.request.org == org);
        let own = own.map(|seen| seen.row.id).filter(|id| !self.has_left(*id));
        let own: Vec<CallId> = own.collect();
        if !own.iter().eq(ids.iter().rev()) {
            let what = format!("all pages of calls show {} of {}", ids.len(), own.len());
            self.fail(None, None, what);
        }
    }

    /// A question for the feed's history or for usage reads so many rows of its object at most.
    pub fn has_read(&self, node: &TrunkNode, rows: usize) {
        self.check(rows <= ROWS, node.tag, None, || {
            format!("a question read {rows} rows, at most {ROWS} it may")
        });
    }

    /// Somebody's next look at many rows of an object, or the answer of the last one. While clocks jump nothing can be told.
    pub fn looks(&self, w: &W, node: &TrunkNode) {
        let before = node.looked_at.replace(Some(w.time()));
        let is_apart = before.is_none_or(|before| w.time() >= before + APART_MS);
        self.check(is_apart || w.has_jumped.get(), node.tag, None, || {
            "two look at many rows at once".into()
        });
    }
}
