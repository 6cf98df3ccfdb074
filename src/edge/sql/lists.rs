//! Reading many rows: pages of lists, and the history of the feed. Each row is looked at once, and only the documents of matching
//! calls are read.

use worker::SqlStorageValue;

use super::calls::SCHEDULED;
use super::values::{agent_key, count, delivery_word, millis, number, one_of, unsigned};
use super::{Row, SqlStore};
use crate::app::json;
use crate::app::trunk::{CallFilter, DeliveryFilter, FeedScan, Scan, StoreFailed};
use crate::domain::call::Call;
use crate::domain::ids::CallId;
use crate::domain::search;
use crate::domain::time::Timestamp;
use crate::domain::to_json::to_json;

/// The rows looked at.
pub(super) struct Seen {
    /// The matching rows, in the order of the scan.
    pub fit: Vec<u64>,
    /// The last row looked at.
    pub last: Option<u64>,
    pub count: usize,
}

/// Where to search for closed calls.
pub(super) struct Look {
    pub floor: Option<CallId>,
    pub ceiling: Option<CallId>,
    pub limit: usize,
    pub scan_limit: usize,
}

/// Above all rows.
const NO_CEILING: u64 = (1 << 53) - 1;
/// The columns that a scan of many rows reads: those before the document.
const SEEN: &str = "id, open, out, status, told_at, agent, phone, delivery, callback_due";
/// These filters have no column of their own, so the document is read as well. A call's result is known once its status is
/// terminal; until then no failure or outcome counts in a list.
const FAILED_SO: &str =
    " AND doc ->> '$.failure.code' = ? AND status NOT IN ('Initiating', 'Ringing', 'Answered')";
const DISPOSED_SO: &str =
    " AND doc ->> '$.outcome.disposition' = ? AND json_type(doc, '$.outcome.disposition') = 'text'
                           AND status NOT IN ('Initiating', 'Ringing', 'Answered')";
const BY_CAMPAIGN: &str = " AND doc ->> '$.request.campaign.id' = ?";
/// The rows that one page looks at.
const NEWEST_FIRST: &str = "FROM rows WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT ?";
/// The rows that one slice of the history looks at.
pub(super) const OLDEST_FIRST: &str = "FROM rows WHERE id >= ? AND id < ? ORDER BY id LIMIT ?";
/// The most documents that one slice of the feed's history returns.
const TOLD: usize = 20;

impl SqlStore {
    /// See [`TrunkStore::closed`](crate::app::trunk::TrunkStore::closed).
    pub(super) fn calls_that_fit(&self, filter: &CallFilter) -> Result<Scan, StoreFailed> {
        let floor = CallId::floor(filter.created_after.unwrap_or_default());
        let (is, is_not) = (
            filter.scheduled == Some(true),
            filter.scheduled == Some(false),
        );
        let wanted: [(&str, Option<SqlStorageValue>); 9] = [
            (" AND open = ?", is.then(|| SCHEDULED.into())),
            (" AND open <> ?", is_not.then(|| SCHEDULED.into())),
            (
                " AND status IN (SELECT value FROM json_each(?))",
                one_of(&filter.status),
            ),
            (" AND agent = ?", filter.agent.map(agent_key)),
            (
                " AND phone = ?",
                filter.phone.as_ref().map(|phone| phone.as_str().into()),
            ),
            (
                " AND phone LIKE '%' || ?", // of digits alone: there is nothing to escape
                filter.phone_ends.as_ref().map(|last| last.as_str().into()),
            ),
            (FAILED_SO, filter.failure.map(|code| code.as_str().into())),
            (DISPOSED_SO, filter.disposition.as_deref().map(Into::into)),
            (
                BY_CAMPAIGN,
                filter.campaign.map(|campaign| campaign.to_string().into()),
            ),
        ];
        let look = Look {
            floor: Some(floor),
            ceiling: filter.ceiling(),
            limit: filter.limit,
            scan_limit: filter.scan_limit,
        };
        self.look(look, wanted)
    }

    /// See [`TrunkStore::closed_deliveries`](crate::app::trunk::TrunkStore::closed_deliveries).
    pub(super) fn deliveries_that_fit(&self, filter: &DeliveryFilter) -> Result<Scan, StoreFailed> {
        let numbers: Vec<i32> = filter
            .status
            .iter()
            .map(|status| delivery_word(*status))
            .collect();
        let wanted = match one_of(&numbers) {
            None => (" AND delivery >= ?", Some(0.into())), // which no NULL is
            numbers => (" AND delivery IN (SELECT value FROM json_each(?))", numbers),
        };
        let look = Look {
            floor: None,
            ceiling: filter.before,
            limit: filter.limit,
            scan_limit: filter.scan_limit,
        };
        self.look(look, [wanted])
    }

    /// See [`TrunkStore::told_since`](crate::app::trunk::TrunkStore::told_since).
    pub(super) fn history(
        &self,
        from: u64,
        since: Timestamp,
        limit: usize,
    ) -> Result<FeedScan, StoreFailed> {
        // Calls that began after that moment have all of their transitions after it: no more of them need be looked at than are
        // returned.
        let limit = match CallId::floor_of(from).address().at >= since {
            true => limit.min(TOLD + 1),
            false => limit,
        };
        let bounds = vec![number(from), number(NO_CEILING), count(limit)];
        let fits = "open <> 1 AND told_at >= ?";
        let seen = self.seen(OLDEST_FIRST, bounds, fits, vec![millis(since)])?;
        let goes_on = match seen.fit.get(TOLD) {
            Some(next) => Some(*next),
            None => seen
                .last
                .filter(|_| seen.count == limit)
                .map(|last| last + 1),
        };
        let calls = self.calls_at(seen.fit.get(..TOLD).unwrap_or(&seen.fit))?;
        Ok(FeedScan { calls, goes_on })
    }

    /// The newest closed calls that match: clauses, each with its value if it applies.
    fn look<const N: usize>(
        &self,
        look: Look,
        wanted: [(&str, Option<SqlStorageValue>); N],
    ) -> Result<Scan, StoreFailed> {
        // Calls in progress are in memory.
        let mut fits = String::from("open <> 1");
        let mut values = Vec::new();
        for (clause, value) in wanted {
            if let Some(value) = value {
                fits.push_str(clause);
                values.push(value);
            }
        }
        // If most rows match, no more are looked at than fill the page.
        let scan_limit = match values.is_empty() {
            true => look.scan_limit.min(look.limit),
            false => look.scan_limit,
        };
        let bounds = vec![
            number(look.floor.map_or(0, CallId::row)),
            number(look.ceiling.map_or(NO_CEILING, CallId::row)),
            count(scan_limit),
        ];
        let seen = self.seen(NEWEST_FIRST, bounds, &fits, values)?;
        let is_cut = seen.fit.len() >= look.limit;
        let wanted = seen.fit.get(..look.limit).unwrap_or(&seen.fit);
        let calls = self.calls_at(wanted)?;
        let until = seen.last.filter(|_| !is_cut && seen.count == scan_limit);
        let found = Scan {
            calls,
            until: until.map(CallId::floor_of),
        };
        match self.is_legacy.get() {
            true => self.with_legacy(found, &look),
            false => Ok(found),
        }
    }

    /// Looks at some rows, each once, without reading their documents.
    pub(super) fn seen(
        &self,
        rows: &str,
        bounds: Row,
        fits: &str,
        values: Row,
    ) -> Result<Seen, StoreFailed> {
        // The last row that a range yields in its order is the lowest or the highest.
        let last = if search::contains(rows, "DESC") {
            "MIN"
        } else {
            "MAX"
        };
        let doc = match search::contains(fits, "doc") {
            true => ", doc",
            false => "",
        };
        let query = format!(
            "SELECT {last}(id), COUNT(*), '[' || GROUP_CONCAT(id) FILTER (WHERE {fits}) || ']' FROM (SELECT {SEEN}{doc} {rows})"
        );
        let bindings = values.into_iter().chain(bounds).collect();
        let found = self.query(&query, bindings)?;
        match found.first().map(Vec::as_slice) {
            Some([last, SqlStorageValue::Integer(count), fit]) => Ok(Seen {
                fit: match fit {
                    SqlStorageValue::String(rows) => json::read(rows).map_err(|_| StoreFailed)?,
                    _ => Vec::new(),
                },
                last: match last {
                    SqlStorageValue::Integer(row) => Some(unsigned(*row)?),
                    _ => None,
                },
                count: usize::try_from(*count).map_err(|_| StoreFailed)?,
            }),
            _ => Err(StoreFailed),
        }
    }

    /// See [`TrunkStore::rows_before`](crate::app::trunk::TrunkStore::rows_before).
    pub(super) fn place_before(&self, at: Timestamp, rows: usize) -> Result<u64, StoreFailed> {
        let query = "SELECT id FROM rows WHERE id < ? ORDER BY id DESC LIMIT 1 OFFSET ?";
        let floor = number(CallId::floor(at).row());
        let rows = self.query(query, vec![floor, count(rows.saturating_sub(1))])?;
        match rows.into_iter().flatten().next() {
            Some(SqlStorageValue::Integer(row)) => unsigned(row),
            _ => Ok(0),
        }
    }

    /// The calls in these rows, in this order.
    fn calls_at(&self, rows: &[u64]) -> Result<Vec<Call>, StoreFailed> {
        let rows = to_json(rows).map_err(|_| StoreFailed)?;
        let query =
            "SELECT doc FROM json_each(?) AS wanted CROSS JOIN rows ON rows.id = wanted.value";
        self.docs(query, vec![rows.into()])
    }
}
