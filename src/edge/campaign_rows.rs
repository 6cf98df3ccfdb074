//! A campaign's rows: its own, and small ones for its recipients, with their metadata in another table.

use worker::SqlStorageValue;

use super::platform::Sql;
use super::sql::statements;
use super::sql::values::{count, number, whole};
use crate::app::campaign::CampaignStore;
use crate::app::json;
use crate::app::trunk::StoreFailed;
use crate::domain::calling_hours::ZoneName;
use crate::domain::campaign::{RecipientStatus, Record, Row, STATUSES};
use crate::domain::phone::E164;
use crate::domain::time::Timestamp;
use crate::domain::to_json::to_json;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS campaign (id INTEGER PRIMARY KEY, doc TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS recipients (
        row INTEGER PRIMARY KEY, reference TEXT NOT NULL UNIQUE, phone TEXT NOT NULL, zone TEXT, status INTEGER NOT NULL,
        next_at INTEGER, for_hours INTEGER NOT NULL, changed_at INTEGER NOT NULL, attempts TEXT
    );
    CREATE TABLE IF NOT EXISTS metadata (row INTEGER PRIMARY KEY, json TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS waits ON recipients (next_at) WHERE next_at IS NOT NULL;
";
const COLUMNS: &str = "SELECT row, reference, phone, zone, status, next_at, for_hours, changed_at, attempts FROM recipients";

/// The rows, in the object's SQLite.
pub struct SqlStore(Sql);

type Values = Vec<SqlStorageValue>;

impl SqlStore {
    /// Opens the store, creating its tables.
    pub fn open(sql: Sql) -> Result<Self, StoreFailed> {
        let store = Self(sql);
        store.query(SCHEMA, vec![])?;
        Ok(store)
    }

    fn query(&self, query: &str, bindings: Values) -> Result<Vec<Values>, StoreFailed> {
        let (rows, _) = statements::rows(&self.0, query, bindings)?;
        Ok(rows)
    }

    fn rows(&self, rest: &str, bindings: Values) -> Result<Vec<Row>, StoreFailed> {
        let rows = self.query(&format!("{COLUMNS} {rest}"), bindings)?;
        let rows = rows.into_iter().map(|row| read(row).ok_or(StoreFailed));
        rows.collect()
    }

    /// The single text that a statement returns.
    fn text(&self, query: &str, bindings: Values) -> Result<Option<String>, StoreFailed> {
        let rows = self.query(query, bindings)?;
        let first = rows.into_iter().flatten().next();
        Ok(first.and_then(|value| match value {
            SqlStorageValue::String(text) => Some(text),
            _ => None,
        }))
    }
}

fn code(status: RecipientStatus) -> u64 {
    let place = STATUSES.iter().position(|known| *known == status);
    place.unwrap_or_default() as u64
}

fn read(values: Values) -> Option<Row> {
    let [
        row,
        reference,
        phone,
        zone,
        status,
        next_at,
        for_hours,
        changed_at,
        attempts,
    ] = values.try_into().ok()?;
    let (SqlStorageValue::String(reference), SqlStorageValue::String(phone)) = (reference, phone)
    else {
        return None;
    };
    let status = usize::try_from(whole(&status)?).ok()?;
    Some(Row {
        row: whole(&row)?,
        reference,
        phone: E164::parse(&phone)?,
        time_zone: match zone {
            SqlStorageValue::String(zone) => Some(ZoneName::parse(&zone)?),
            _ => None,
        },
        status: STATUSES.get(status).copied()?,
        next_at: whole(&next_at).map(Timestamp),
        for_hours: whole(&for_hours)? > 0,
        changed_at: Timestamp(whole(&changed_at)?),
        attempts: match attempts {
            SqlStorageValue::String(attempts) => json::read(&attempts).ok()?,
            _ => Vec::new(),
        },
    })
}

/// The columns of a row that change, as a JSON array.
fn changed(row: &Row) -> Result<String, StoreFailed> {
    let next_at = row.next_at.map(|at| at.0);
    let attempts = match row.attempts.is_empty() {
        true => None,
        false => Some(to_json(&row.attempts).map_err(|_| StoreFailed)?),
    };
    let values = (
        row.row,
        code(row.status),
        next_at,
        u64::from(row.for_hours),
        row.changed_at.0,
        attempts,
    );
    to_json(&values).map_err(|_| StoreFailed)
}

/// A new row, as a JSON array.
fn added((row, metadata): &(Row, Option<&str>)) -> Result<String, StoreFailed> {
    let zone = row.time_zone.as_ref().map(ZoneName::as_str);
    let values = (
        row.row,
        row.reference.as_str(),
        row.phone.as_str(),
        zone,
        code(row.status),
        row.changed_at.0,
        *metadata,
    );
    to_json(&values).map_err(|_| StoreFailed)
}

fn array(items: impl Iterator<Item = Result<String, StoreFailed>>) -> Result<String, StoreFailed> {
    let items: Vec<String> = items.collect::<Result<_, _>>()?;
    Ok(format!("[{}]", items.join(",")))
}

impl CampaignStore for SqlStore {
    fn record(&self) -> Result<Option<Record>, StoreFailed> {
        let doc = self.text("SELECT doc FROM campaign WHERE id = 0", vec![])?;
        let record = doc.map(|doc| json::read(&doc)).transpose();
        record.map_err(|_| StoreFailed)
    }

    fn commit(&self, record: &Record, rows: &[Row]) -> Result<(), StoreFailed> {
        if !rows.is_empty() {
            let rows = array(rows.iter().map(changed))?;
            let query = "UPDATE recipients SET status = new.value ->> 1, next_at = new.value ->> 2, for_hours = new.value ->> 3,
                changed_at = new.value ->> 4, attempts = new.value ->> 5
                FROM json_each(?) AS new WHERE recipients.row = new.value ->> 0";
            self.query(query, vec![rows.into()])?;
        }
        let doc = to_json(record).map_err(|_| StoreFailed)?;
        let query = "INSERT OR REPLACE INTO campaign (id, doc) VALUES (0, ?)";
        self.query(query, vec![doc.into()]).map(drop)
    }

    fn add(&self, rows: &[(Row, Option<&str>)]) -> Result<(), StoreFailed> {
        let rows = array(rows.iter().map(added))?;
        let query = "INSERT INTO recipients (row, reference, phone, zone, status, for_hours, changed_at)
            SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, 0, value ->> 5 FROM json_each(?)";
        self.query(query, vec![rows.as_str().into()])?;
        let query = "INSERT INTO metadata (row, json)
            SELECT value ->> 0, value ->> 6 FROM json_each(?) WHERE value ->> 6 IS NOT NULL";
        self.query(query, vec![rows.into()]).map(drop)
    }

    fn ending_in(
        &self,
        digits: &str,
        after: u64,
        limit: usize,
    ) -> Result<(Vec<Row>, Option<u64>), StoreFailed> {
        let looked_at = "SELECT row FROM recipients WHERE row > ? ORDER BY row LIMIT 1 OFFSET ?";
        let last = self.query(looked_at, vec![number(after), count(limit - 1)])?;
        let last = last.into_iter().flatten().next().as_ref().and_then(whole);
        let rest = "WHERE row > ? AND row <= ? AND phone LIKE '%' || ? ORDER BY row";
        let through = last.unwrap_or((1 << 53) - 1);
        let bindings = vec![number(after), number(through), digits.into()];
        Ok((self.rows(rest, bindings)?, last))
    }

    fn remove(&self, rows: &[u64]) -> Result<(), StoreFailed> {
        let rows = to_json(rows).map_err(|_| StoreFailed)?;
        for table in ["metadata", "recipients"] {
            let query =
                format!("DELETE FROM {table} WHERE row IN (SELECT value FROM json_each(?))");
            self.query(&query, vec![rows.as_str().into()])?;
        }
        Ok(())
    }

    fn clear(&self) -> Result<(), StoreFailed> {
        let query = "DELETE FROM campaign; DELETE FROM recipients; DELETE FROM metadata";
        self.query(query, vec![]).map(drop)
    }

    fn known(&self, references: &[&str]) -> Result<Vec<String>, StoreFailed> {
        let references = to_json(&references).map_err(|_| StoreFailed)?;
        let query =
            "SELECT reference FROM recipients WHERE reference IN (SELECT value FROM json_each(?))";
        let rows = self.query(query, vec![references.into()])?;
        let texts = rows.into_iter().flatten().map(|value| match value {
            SqlStorageValue::String(text) => Ok(text),
            _ => Err(StoreFailed),
        });
        texts.collect()
    }

    fn in_progress(&self) -> Result<Vec<Row>, StoreFailed> {
        let status = code(RecipientStatus::InProgress);
        self.rows("WHERE status = ?", vec![number(status)])
    }

    fn pending(&self, after: u64, limit: usize) -> Result<Vec<Row>, StoreFailed> {
        let rest = "WHERE row > ? AND status = ? ORDER BY row LIMIT ?";
        let status = code(RecipientStatus::Pending);
        self.rows(rest, vec![number(after), number(status), count(limit)])
    }

    fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Row>, StoreFailed> {
        let rest = "WHERE next_at IS NOT NULL AND next_at <= ? ORDER BY next_at LIMIT ?";
        self.rows(rest, vec![number(now.0), count(limit)])
    }

    fn next_due(&self, after: Timestamp) -> Result<Option<Timestamp>, StoreFailed> {
        let query = "SELECT next_at FROM recipients WHERE next_at IS NOT NULL AND next_at > ? ORDER BY next_at LIMIT 1";
        let rows = self.query(query, vec![number(after.0)])?;
        let first = rows.into_iter().flatten().next();
        Ok(first.as_ref().and_then(whole).map(Timestamp))
    }

    fn row(&self, row: u64) -> Result<Option<Row>, StoreFailed> {
        Ok(self.rows("WHERE row = ?", vec![number(row)])?.pop())
    }

    fn by_reference(&self, reference: &str) -> Result<Option<Row>, StoreFailed> {
        let rows = self.rows("WHERE reference = ?", vec![reference.into()]);
        Ok(rows?.pop())
    }

    fn page(
        &self,
        status: &[RecipientStatus],
        (after, through): (u64, u64),
        limit: usize,
    ) -> Result<Vec<Row>, StoreFailed> {
        let codes: Vec<String> = status
            .iter()
            .map(|status| code(*status).to_string())
            .collect();
        let wanted = match codes.is_empty() {
            true => String::new(),
            false => format!("AND status IN ({})", codes.join(",")),
        };
        let rest = format!("WHERE row > ? AND row <= ? {wanted} ORDER BY row LIMIT ?");
        self.rows(&rest, vec![number(after), number(through), count(limit)])
    }

    fn metadata(&self, row: u64) -> Result<Option<String>, StoreFailed> {
        let query = "SELECT json FROM metadata WHERE row = ?";
        self.text(query, vec![number(row)])
    }
}
