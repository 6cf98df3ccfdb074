//! A file of numbers, row by row: CSV (RFC 4180) with a header line, or one JSON object per line.

use serde_json::Value;

use crate::app::http::Request;
use crate::domain::refusal::Refusal;

use super::MAX_FILE;
use crate::app::csv::{self, Record};

/// One more than there are different ones: a header line with more contains a wrong one.
const MOST_COLUMNS: usize = 4;

/// A row's cells as written; `None` for what is empty or missing.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Row {
    pub phone: Option<String>,
    pub reason: Option<String>,
    pub expires_at: Option<String>,
}

/// A column of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Phone,
    Reason,
    Expires,
}

impl Column {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "phone_number" => Self::Phone,
            "reason" => Self::Reason,
            "expires_at" => Self::Expires,
            _ => return None,
        })
    }

    fn of(self, row: &mut Row) -> &mut Option<String> {
        match self {
            Self::Phone => &mut row.phone,
            Self::Reason => &mut row.reason,
            Self::Expires => &mut row.expires_at,
        }
    }
}

/// The rest of a file.
pub enum File<'a> {
    /// The columns, and the text after the last row.
    Csv(Vec<Column>, &'a str),
    Ndjson(&'a str),
}

impl<'a> File<'a> {
    /// A request's file.
    ///
    /// # Errors
    /// It is not one: 415, 413 and 400, checked in this order.
    pub fn of(request: &'a Request) -> Result<Self, Refusal> {
        let media_type = request.content_type.as_deref().unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        let is_csv = media_type.eq_ignore_ascii_case("text/csv");
        if !is_csv && !media_type.eq_ignore_ascii_case("application/x-ndjson") {
            return Err(Refusal::NotRowsContentType);
        }
        let body = request.plain_body()?;
        if body.len() > MAX_FILE {
            return Err(Refusal::RowsTooLarge("4194304 bytes"));
        }
        let text = std::str::from_utf8(body)
            .map_err(|_| Refusal::Invalid("Request body must be UTF-8".into()))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match is_csv {
            true => Self::csv(text),
            false => Ok(Self::Ndjson(text)),
        }
    }

    fn csv(text: &'a str) -> Result<Self, Refusal> {
        let mut rest = text;
        let header = csv::record(&mut rest, MOST_COLUMNS).and_then(Result::ok);
        let mut columns = Vec::new();
        for name in header.unwrap_or_default().cells {
            let name = name.trim();
            let column = Column::named(name)
                .ok_or_else(|| Refusal::Invalid(format!("unknown column: {name}")))?;
            if columns.contains(&column) {
                return Err(Refusal::Invalid(format!("column given twice: {name}")));
            }
            columns.push(column);
        }
        match columns.contains(&Column::Phone) {
            true => Ok(Self::Csv(columns, rest)),
            false => Err(Refusal::Invalid(
                "the header line must name phone_number".into(),
            )),
        }
    }

    /// The next row, or what is wrong with it. Empty lines are skipped.
    pub fn next_row(&mut self) -> Option<Result<Row, Refusal>> {
        match self {
            Self::Csv(columns, rest) => {
                let record = csv::record(rest, MOST_COLUMNS)?;
                Some(record.and_then(|record| of_cells(columns, record)))
            }
            Self::Ndjson(rest) => loop {
                if rest.is_empty() {
                    return None;
                }
                let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
                *rest = after;
                if !line.trim().is_empty() {
                    return Some(of_line(line));
                }
            },
        }
    }
}

fn of_cells(columns: &[Column], record: Record) -> Result<Row, Refusal> {
    record.check(columns.len())?;
    let mut row = Row::default();
    for (column, cell) in columns.iter().zip(record.cells) {
        *column.of(&mut row) = Some(cell).filter(|cell| !cell.is_empty());
    }
    Ok(row)
}

fn of_line(line: &str) -> Result<Row, Refusal> {
    let no_row = |what: &str| Refusal::Invalid(format!("the row must be {what}"));
    let value = serde_json::from_slice::<Value>(line.as_bytes());
    let Ok(value) = value else {
        return Err(no_row("valid JSON"));
    };
    let Value::Object(fields) = value else {
        return Err(no_row("a JSON object"));
    };
    let mut row = Row::default();
    for (name, value) in fields {
        let column = Column::named(&name).ok_or_else(|| Refusal::UnknownField(name.clone()))?;
        *column.of(&mut row) = match value {
            Value::Null => None,
            Value::String(text) => Some(text),
            _ if column == Column::Phone => return Err(Refusal::PhoneNotE164),
            _ => return Err(Refusal::Invalid(format!("{name} must be a string"))),
        };
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(media_type: &str, body: &str) -> Result<Vec<Result<Row, String>>, String> {
        let request = Request {
            content_type: Some(media_type.into()),
            body: body.as_bytes().to_vec(),
            ..Request::default()
        };
        let mut file = File::of(&request).map_err(|refusal| refusal.text())?;
        let rows = std::iter::from_fn(|| file.next_row());
        Ok(rows
            .map(|row| row.map_err(|refusal| refusal.text()))
            .collect())
    }

    fn row(phone: &str, reason: &str, expires_at: &str) -> Result<Row, String> {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Ok(Row {
            phone: some(phone),
            reason: some(reason),
            expires_at: some(expires_at),
        })
    }

    #[test]
    fn csv_is_read_as_rfc_4180_writes_it() {
        let body = "\u{feff}reason,phone_number,expires_at\r\n\"He said \"\"no\"\", twice\nand left\",+919876543210,\r\n\r\n,+15005550000,2030-01-01\nplain,+15005550001,";
        assert_eq!(
            read("text/csv; charset=utf-8", body),
            Ok(vec![
                row("+919876543210", "He said \"no\", twice\nand left", ""),
                row("+15005550000", "", "2030-01-01"),
                row("+15005550001", "plain", ""),
            ])
        );
    }

    #[test]
    fn a_row_that_is_wrong_takes_no_other_along() {
        let body = "phone_number,reason\n+15005550000,a,b\n+1500\"5550001,c\n\"+15005550002\"x,d\n\"+15005550003,e\n+15005550004,f\n";
        let quotes = || Err("the row's quotes are wrong".to_owned());
        assert_eq!(
            read("text/csv", body),
            Ok(vec![
                Err("the row has 3 cells, the header line has 2".into()),
                quotes(),
                quotes(),
                quotes(),
                row("+15005550004", "f", ""),
            ])
        );
    }

    #[test]
    fn a_header_line_names_columns_that_are_known_each_once() {
        let error = |body| read("text/csv", body).expect_err("no file");
        assert_eq!(error("phone_number,colour\n"), "unknown column: colour");
        assert_eq!(
            error("phone_number,phone_number\n"),
            "column given twice: phone_number"
        );
        assert_eq!(error("reason\n"), "the header line must name phone_number");
        assert_eq!(error(""), "the header line must name phone_number");
        assert_eq!(read("text/csv", "phone_number"), Ok(vec![]));
        let error = |media_type| read(media_type, "").expect_err("no file");
        assert_eq!(
            error("application/json"),
            "Content-Type must be text/csv or application/x-ndjson"
        );
    }

    #[test]
    fn each_line_of_ndjson_is_a_row() {
        let body = "{\"phone_number\": \"+919876543210\", \"reason\": null}\r\n\n{\"phone\": 1}\nno\n[]\n{\"phone_number\": 1}\n{\"reason\": 1}";
        let wrong = |text: &str| Err(text.to_owned());
        assert_eq!(
            read("application/x-ndjson", body),
            Ok(vec![
                row("+919876543210", "", ""),
                wrong("unknown field: phone"),
                wrong("the row must be valid JSON"),
                wrong("the row must be a JSON object"),
                wrong("phone_number must be in E.164 format"),
                wrong("reason must be a string"),
            ])
        );
    }
}
