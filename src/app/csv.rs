//! CSV (RFC 4180): read record by record, with LF accepted as a line end besides CRLF, as well as a CR at the very end of a file;
//! written line by line.

use crate::domain::refusal::Refusal;

/// A line of cells.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Only the first ones: in memory a cell takes more than the comma that it may be in the file.
    pub cells: Vec<String>,
    /// How many there are.
    pub count: usize,
}

impl Record {
    /// Checks that it has as many cells as the header line.
    ///
    /// # Errors
    /// It has not.
    pub fn check(&self, columns: usize) -> Result<(), Refusal> {
        match self.count == columns {
            true => Ok(()),
            false => Err(Refusal::Invalid(format!(
                "the row has {} cells, the header line has {columns}",
                self.count
            ))),
        }
    }
}

/// The next record that is not an empty line, with at most `most` cells. One with misplaced quotes ends with its line.
pub fn record(rest: &mut &str, most: usize) -> Option<Result<Record, Refusal>> {
    loop {
        let line = rest.trim_start_matches('\r');
        match line.strip_prefix('\n') {
            Some(after) => *rest = after,
            None if line.is_empty() => return None,
            None => break,
        }
    }
    let whole = *rest;
    let mut record = Record::default();
    loop {
        let Some((cell, after)) = next_cell(rest) else {
            let end = whole.find('\n').map_or(whole.len(), |at| at + 1);
            *rest = whole.get(end..).unwrap_or_default();
            return Some(Err(Refusal::Invalid("the row's quotes are wrong".into())));
        };
        record.count += 1;
        if record.count <= most {
            record.cells.push(cell);
        }
        let is_last = !after.starts_with(',');
        let behind = after.strip_prefix(',').or(after.strip_prefix("\r\n"));
        *rest = behind.or(after.strip_prefix('\n')).unwrap_or(after);
        if is_last {
            return Some(Ok(record));
        }
    }
}

/// A cell, and the text from its end on: a comma, the end of the line, or nothing. `None` if quotes are misplaced.
fn next_cell(text: &str) -> Option<(String, &str)> {
    let is_end = |after: &str| {
        after.is_empty()
            || after.starts_with(',')
            || after.starts_with('\n')
            || after.starts_with("\r\n")
            || after == "\r"
    };
    let Some(mut quoted) = text.strip_prefix('"') else {
        let end = text.find([',', '\n']).unwrap_or(text.len());
        let (cell, _) = text.split_at_checked(end)?;
        let cell = match text.get(end..)?.starts_with(',') {
            true => cell,
            false => cell.strip_suffix('\r').unwrap_or(cell),
        };
        let after = text.get(cell.len()..)?;
        return (!cell.contains('"')).then(|| (cell.to_owned(), after));
    };
    let mut cell = String::new();
    loop {
        let (before, after) = quoted.split_once('"')?;
        cell.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                cell.push('"');
                quoted = more;
            }
            None => return is_end(after).then_some((cell, after)),
        }
    }
}

/// A text as a cell, quoted if necessary. What a spreadsheet might take for a formula stays as it is.
#[must_use]
pub fn cell(text: &str) -> String {
    if !text.contains(['"', ',', '\r', '\n']) {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        if letter == '"' {
            quoted.push('"');
        }
        quoted.push(letter);
    }
    quoted.push('"');
    quoted
}
