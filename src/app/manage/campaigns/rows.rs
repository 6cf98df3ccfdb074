//! A file of recipients, row by row: CSV (RFC 4180) with a header line, one JSON object per line, or `{"recipients": […]}`.
//!
//! Only the row being read is held: all rows of a file of 8 MiB together could take many times as much.

use serde_json::{Map, Value};

use crate::app::csv::{self, Record};
use crate::app::http::{MAX_BODY, MAX_DEPTH, Request, is_deeper_than};
use crate::domain::campaign::{CampaignRefusal, MOST_ROWS};
use crate::domain::json_text::{field, first_value};
use crate::domain::refusal::Refusal;
use crate::domain::search;

/// The most bytes of a file of recipients.
pub const MAX_FILE: usize = 8 << 20;
/// The most columns of a file: no row may have metadata for more.
const MOST_COLUMNS: usize = 1_000;
/// The field of a JSON body that contains the rows.
const RECIPIENTS: &str = "recipients";

/// A row as written; `None` for what is empty or missing.
#[derive(Debug, Default, PartialEq)]
pub struct Row {
    pub phone: Option<String>,
    pub reference: Option<String>,
    pub time_zone: Option<String>,
    pub metadata: Option<Map<String, Value>>,
    /// An error found already.
    pub wrong: Option<Refusal>,
}

impl Row {
    fn bad(what: &str) -> Self {
        Self {
            wrong: Some(Refusal::Invalid(format!("the row must be {what}"))),
            ..Self::default()
        }
    }
}

/// A column of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    Phone,
    Reference,
    TimeZone,
    Metadata(String),
}

impl Column {
    fn named(name: &str) -> Self {
        match name {
            "phone_number" => Self::Phone,
            "reference" => Self::Reference,
            "time_zone" => Self::TimeZone,
            _ => Self::Metadata(name.to_owned()),
        }
    }
}

/// The rest of a file.
#[derive(Clone)]
pub enum File<'a> {
    /// The columns, and the text after the last row.
    Csv(Vec<Column>, &'a str),
    Ndjson(&'a str),
    /// The text of an array after its last item or its bracket; and whether it has had an item yet.
    Json(&'a str, bool),
}

impl<'a> File<'a> {
    /// A request's file.
    ///
    /// # Errors
    /// It is not one: 415, 413 and 400, checked in this order.
    pub fn of(request: &'a Request) -> Result<Self, Refusal> {
        if request.body.is_empty() && request.content_type.is_none() {
            return Err(Refusal::Required(RECIPIENTS));
        }
        let media_type = request.content_type.as_deref().unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        let is = |name: &str| media_type.eq_ignore_ascii_case(name);
        let read: fn(&'a str) -> Result<Self, Refusal> = match () {
            () if is("text/csv") => Self::csv,
            () if is("application/x-ndjson") => |text| Ok(Self::Ndjson(text)),
            () if is("application/json") => Self::json,
            () => return Err(Refusal::Campaign(CampaignRefusal::ContentType)),
        };
        let body = request.plain_body()?;
        if body.len() > MAX_FILE {
            return Err(Refusal::RowsTooLarge("8388608 bytes"));
        }
        let text = std::str::from_utf8(body)
            .map_err(|_| Refusal::Invalid("Request body must be UTF-8".into()))?;
        let file = read(text.strip_prefix('\u{feff}').unwrap_or(text))?;
        file.check()?;
        Ok(file)
    }

    /// Checks the whole file before anything is taken from it.
    fn check(&self) -> Result<(), Refusal> {
        let (mut file, mut count) = (self.clone(), 0);
        while let Some(row) = file.next_row() {
            if row.wrong == Some(Refusal::BodyNotJson) {
                return Err(Refusal::BodyNotJson);
            }
            count += 1;
            if count > MOST_ROWS {
                return Err(Refusal::RowsTooLarge("20000 rows"));
            }
        }
        Ok(())
    }

    fn csv(text: &'a str) -> Result<Self, Refusal> {
        let wrong = |text: &str| Err(Refusal::Invalid(text.into()));
        let mut rest = text;
        let first_line = text.trim_start().lines().next().unwrap_or_default();
        let header = csv::record(&mut rest, MOST_COLUMNS).and_then(Result::ok);
        let header = header.unwrap_or_default();
        let has_cr = |cell: &String| cell.trim().contains('\r');
        if header.cells.iter().any(has_cr) && !text.contains('\n') {
            return wrong("lines must end with CRLF or LF");
        }
        if header.count > MOST_COLUMNS {
            return wrong("the header line must name at most 1000 columns");
        }
        let mut columns = Vec::new();
        for name in &header.cells {
            let name = name.trim();
            let column = Column::named(name);
            if columns.contains(&column) {
                return wrong(&format!("column given twice: {name}"));
            }
            columns.push(column);
        }
        match columns.contains(&Column::Phone) {
            false if first_line.contains([';', '\t']) => {
                wrong("columns must be separated by commas")
            }
            false => wrong("the header line must name phone_number"),
            true if columns.contains(&Column::Metadata(String::new())) => {
                wrong("the header line must name each column")
            }
            true => Ok(Self::Csv(columns, rest)),
        }
    }

    fn json(text: &'a str) -> Result<Self, Refusal> {
        let rows = field(text, RECIPIENTS).filter(|rows| rows.starts_with('['));
        let (before, after) = rows
            .and_then(|rows| search::split_once(text, rows))
            .unwrap_or((text, ""));
        let around = match rows {
            Some(_) => [before, "[]", after].concat(),
            None => before.to_owned(),
        };
        // Rows are read one by one. What surrounds them is little, unless it is not such a body.
        if around.len() > MAX_BODY {
            return Err(Refusal::BodyNotJson);
        }
        let value = serde_json::from_slice::<Value>(around.as_bytes());
        let Value::Object(fields) = value.map_err(|_| Refusal::BodyNotJson)? else {
            return Err(Refusal::BodyNotObject);
        };
        let unknown = fields.keys().find(|name| *name != RECIPIENTS);
        if let Some(name) = unknown {
            return Err(Refusal::UnknownField(name.clone()));
        }
        match (fields.get(RECIPIENTS), rows) {
            (None | Some(Value::Null), _) => Err(Refusal::Required(RECIPIENTS)),
            (Some(Value::Array(none)), Some(rows)) if none.is_empty() => {
                Ok(Self::Json(rows.get(1..).unwrap_or_default(), false))
            }
            _ => Err(Refusal::Invalid("recipients must be one array".into())),
        }
    }

    /// The next row. Empty lines are skipped.
    pub fn next_row(&mut self) -> Option<Row> {
        match self {
            Self::Csv(columns, rest) => {
                let record = csv::record(rest, MOST_COLUMNS)?;
                Some(of_cells(columns, record))
            }
            Self::Ndjson(rest) => loop {
                if rest.is_empty() {
                    return None;
                }
                let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
                *rest = after;
                if !line.trim().is_empty() {
                    let row = of_text(line);
                    return Some(row.unwrap_or_else(|| Row::bad("valid JSON")));
                }
            },
            Self::Json(rest, has_some) => {
                let item = next_item(rest, *has_some)?;
                *has_some = true;
                let not_json = || Row {
                    wrong: Some(Refusal::BodyNotJson),
                    ..Row::default()
                };
                Some(item.and_then(of_text).unwrap_or_else(not_json))
            }
        }
    }
}

/// What may stand between JSON values; no other white space.
const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// The next item of an array, after its bracket or an item; the inner `None` if the text is not an array's.
fn next_item<'a>(rest: &mut &'a str, has_some: bool) -> Option<Option<&'a str>> {
    let text = rest.trim_start_matches(SPACE);
    if text == "]" {
        return None;
    }
    let text = match has_some {
        true => text
            .strip_prefix(',')
            .map(|after| after.trim_start_matches(SPACE)),
        false => Some(text),
    };
    let item = text.and_then(first_value);
    *rest = item.map_or("", |(_, after)| after);
    // A text that does not end as an array does yields an error item.
    Some(item.map(|(item, _)| item))
}

fn of_cells(columns: &[Column], record: Result<Record, Refusal>) -> Row {
    let mut row = Row::default();
    let record = record.and_then(|record| {
        record.check(columns.len())?;
        Ok(record)
    });
    let cells = match record {
        Ok(record) => record.cells,
        Err(refusal) => {
            row.wrong = Some(refusal);
            return row;
        }
    };
    for (column, cell) in columns.iter().zip(cells) {
        if cell.is_empty() {
            continue;
        }
        match column {
            Column::Phone => row.phone = Some(cell),
            Column::Reference => row.reference = Some(cell),
            Column::TimeZone => row.time_zone = Some(cell),
            Column::Metadata(name) => {
                let metadata = row.metadata.get_or_insert_default();
                metadata.insert(name.clone(), cell.into());
            }
        }
    }
    row
}

/// A row from its JSON; `None` if it is not one.
fn of_text(text: &str) -> Option<Row> {
    if text.len() > MAX_BODY {
        return Some(Row::bad("at most 65536 bytes"));
    }
    Some(match serde_json::from_slice::<Value>(text.as_bytes()) {
        Ok(value) if is_deeper_than(&value, MAX_DEPTH) => Row::bad("at most 100 levels deep"),
        Ok(Value::Object(fields)) => of_fields(fields),
        Ok(_) => Row::bad("a JSON object"),
        Err(_) => return None,
    })
}

fn of_fields(mut fields: Map<String, Value>) -> Row {
    let (mut wrong, mut order) = ([None, None, None, None, None], 0);
    let mut text = |name: &str, refusal: Refusal| {
        order += 1;
        match fields.remove(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(_) => {
                if let Some(wrong) = wrong.get_mut(order - 1) {
                    *wrong = Some(refusal);
                }
                None
            }
        }
    };
    let must = |what: &str| Refusal::Invalid(what.into());
    let phone = text("phone_number", Refusal::PhoneNotE164);
    let reference = text("reference", must("reference must be a string"));
    let time_zone = text("time_zone", must(super::TIME_ZONE));
    let metadata = match fields.remove("metadata") {
        Some(Value::Object(metadata)) => Some(metadata),
        None | Some(Value::Null) => None,
        Some(_) => {
            wrong[3] = Some(Refusal::MetadataNotObject);
            None
        }
    };
    let unknown = fields.into_iter().next();
    wrong[4] = unknown.map(|(name, _)| Refusal::UnknownField(name));
    Row {
        phone,
        reference,
        time_zone,
        metadata,
        wrong: wrong.into_iter().flatten().next(),
    }
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
