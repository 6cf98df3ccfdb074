//! Recipient files for `POST /campaigns/{id}/recipients`, through the API's own parser to a real campaign: never a 5xx; what the
//! response says was added has been; sending a file again adds nothing; and one that breaks off and is sent again adds each
//! recipient once.
//!
//! An input's first line is its `Content-Type`; `*n` after it stands for a body whose last line is repeated n times.

use std::collections::HashMap;

use audatec::app::http::Response;
use audatec::domain::calling_hours::ZoneName;
use audatec::domain::campaign::Counts;
use audatec::domain::refusal::Refusal;
use serde_json::{Map, Value, json};

use super::phone::is_e164;
use super::world::{DENIED, World, missing_keys};

const MOST_ROWS: usize = 20_000;
const MOST_COLUMNS: usize = 1_000;
const MOST_BYTES: usize = 8 << 20;
/// A larger body or row is rejected.
const MOST_OF_A_ROW: usize = 65_536;
/// How many rejected rows are named.
const NAMED: usize = 100;

/// A row of a file, or why it is not valid.
type Row = Result<Map<String, Value>, String>;

/// A recipient that was added: reference, number and metadata.
type Person = (String, String, Option<Value>);

/// What the document says of a file.
enum Expected {
    Refused(u16, String),
    Rows(Vec<Row>),
    /// Not JSON: this is reported, or another fault.
    NotJson,
    /// JSON that different parsers may understand differently.
    Any,
}

fn refused(status: u16, text: impl Into<String>) -> Expected {
    Expected::Refused(status, text.into())
}

fn expected(media_type: &str, body: &[u8]) -> Expected {
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    let media_type = media_type.to_ascii_lowercase();
    if !["text/csv", "application/x-ndjson", "application/json"].contains(&media_type.as_str()) {
        let text =
            "Content-Type must be application/json, application/x-ndjson or text/csv".to_owned();
        return Expected::Refused(415, text);
    }
    if body.len() > MOST_BYTES {
        return refused(413, "Request body must be at most 8388608 bytes");
    }
    let Ok(text) = std::str::from_utf8(body) else {
        return refused(400, "Request body must be UTF-8");
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let read = match media_type.as_str() {
        "text/csv" => csv(text),
        "application/x-ndjson" => Expected::Rows(ndjson(text)),
        _ => body_of_json(text),
    };
    match read {
        Expected::Rows(rows) if rows.len() > MOST_ROWS => {
            refused(413, "Request body must be at most 20000 rows")
        }
        read => read,
    }
}

fn ndjson(text: &str) -> Vec<Row> {
    let lines = text.split('\n').filter(|line| !line.trim().is_empty());
    lines
        .map(|line| match serde_json::from_str(line) {
            _ if line.len() > MOST_OF_A_ROW => Err("the row must be at most 65536 bytes".into()),
            Ok(value) => of_value(value),
            Err(_) => Err("the row must be valid JSON".into()),
        })
        .collect()
}

fn of_value(value: Value) -> Row {
    match value {
        value if depth(&value) > 100 => Err("the row must be at most 100 levels deep".into()),
        Value::Object(fields) => Ok(fields),
        _ => Err("the row must be a JSON object".into()),
    }
}

fn depth(value: &Value) -> usize {
    let below = |values: &mut dyn Iterator<Item = &Value>| 1 + values.map(depth).max().unwrap_or(0);
    match value {
        Value::Array(items) => below(&mut items.iter()),
        Value::Object(fields) => below(&mut fields.values()),
        _ => 0,
    }
}

fn body_of_json(text: &str) -> Expected {
    // Duplicate keys, and keys with escapes, are handled differently by different parsers.
    let is_odd = text.matches("\"recipients\"").count() != 1 || text.contains("\\u");
    if text.len() > MOST_OF_A_ROW {
        return Expected::Any;
    }
    match serde_json::from_str::<Value>(text) {
        Err(error) if error.to_string().contains("recursion") => Expected::Any,
        Err(_) => Expected::NotJson,
        Ok(Value::Object(mut fields)) => {
            let mut names = fields.keys();
            let unknown = names.find(|name| *name != "recipients").cloned();
            match (unknown, fields.remove("recipients")) {
                (Some(name), _) => refused(400, format!("unknown field: {name}")),
                (None, None | Some(Value::Null)) => refused(400, "recipients is required"),
                _ if is_odd => Expected::Any,
                (None, Some(Value::Array(rows))) => {
                    Expected::Rows(rows.into_iter().map(of_value).collect())
                }
                _ => refused(400, "recipients must be one array"),
            }
        }
        Ok(_) => refused(400, "Request body must be a JSON object"),
    }
}

/// Where in a CSV record a letter is.
enum Within {
    Start,
    Plain,
    Quotes,
    /// After a quote that closes a cell, unless another one follows.
    Closed,
}

/// The records of a CSV file, letter by letter; an inner `None` if quotes are wrong: such a record ends with its first line.
fn records(text: &str) -> Vec<Option<Vec<String>>> {
    let mut all = Vec::new();
    let mut rest = text;
    loop {
        let line_end = rest.find('\n').map_or(rest.len(), |at| at + 1);
        if rest.is_empty() {
            return all;
        }
        if rest[..line_end].chars().all(|it| matches!(it, '\r' | '\n')) {
            rest = &rest[line_end..];
            continue;
        }
        let (record, length) = record(rest);
        rest = &rest[if record.is_some() { length } else { line_end }..];
        all.push(record);
    }
}

/// The first record, and how long it is.
fn record(text: &str) -> (Option<Vec<String>>, usize) {
    let (mut cells, mut cell, mut within) = (Vec::new(), String::new(), Within::Start);
    let mut length = 0;
    let mut letters = text.chars().peekable();
    loop {
        let letter = letters.next();
        length += letter.map_or(0, char::len_utf8);
        // CRLF is a single line break, and so is a CR where the file ends.
        let ends_by_cr = letter == Some('\r') && matches!(letters.peek(), None | Some('\n'));
        let is_end = matches!(letter, None | Some('\n' | ',')) || ends_by_cr;
        match (&within, letter) {
            (Within::Quotes, None) => return (None, 0),
            (Within::Quotes, Some('"')) => within = Within::Closed,
            (Within::Quotes, Some(letter)) => cell.push(letter),
            (Within::Closed, Some('"')) => {
                cell.push('"');
                within = Within::Quotes;
            }
            (Within::Start, Some('"')) => within = Within::Quotes,
            (_, letter) if is_end => {
                cells.push(std::mem::take(&mut cell));
                within = Within::Start;
                if letter != Some(',') {
                    let and_lf = ends_by_cr && letters.peek().is_some();
                    return (Some(cells), length + usize::from(and_lf));
                }
            }
            (Within::Closed, _) | (_, Some('"')) => return (None, 0),
            (_, letter) => {
                cell.extend(letter);
                within = Within::Plain;
            }
        }
    }
}

fn csv(text: &str) -> Expected {
    let mut records = records(text).into_iter();
    let header = records.next().flatten().unwrap_or_default();
    let mut first = header.iter().take(MOST_COLUMNS);
    if !text.contains('\n') && first.any(|name| name.trim().contains('\r')) {
        return refused(400, "lines must end with CRLF or LF");
    }
    if header.len() > MOST_COLUMNS {
        return refused(400, "the header line must name at most 1000 columns");
    }
    let names: Vec<&str> = header.iter().map(|name| name.trim()).collect();
    for (at, name) in names.iter().enumerate() {
        if names[..at].contains(name) {
            return refused(400, format!("column given twice: {name}"));
        }
    }
    if !names.contains(&"phone_number") {
        let first = text.trim_start().lines().next().unwrap_or_default();
        return refused(
            400,
            match first.contains([';', '\t']) {
                true => "columns must be separated by commas",
                false => "the header line must name phone_number",
            },
        );
    }
    if names.contains(&"") {
        return refused(400, "the header line must name each column");
    }
    let row = |record: Option<Vec<String>>| {
        let cells = record.ok_or("the row's quotes are wrong")?;
        if cells.len() != names.len() {
            let [many, columns] = [cells.len(), names.len()];
            return Err(format!(
                "the row has {many} cells, the header line has {columns}"
            ));
        }
        let (mut fields, mut metadata) = (Map::new(), Map::new());
        for (name, cell) in names.iter().zip(cells) {
            let own = ["phone_number", "reference", "time_zone"].contains(name);
            let into = if own { &mut fields } else { &mut metadata };
            if !cell.is_empty() {
                into.insert((*name).to_owned(), cell.into());
            }
        }
        if !metadata.is_empty() {
            fields.insert("metadata".into(), metadata.into());
        }
        Ok(fields)
    };
    Expected::Rows(records.map(row).collect())
}

/// The recipient in a row, or what is wrong with it.
fn person(fields: &Map<String, Value>) -> Result<Person, String> {
    let given = |name: &str| fields.get(name).filter(|value| !value.is_null());
    let text = |name: &str, otherwise: &str| match given(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(otherwise.to_owned()),
    };
    let zone = "time_zone must be an IANA time zone";
    let phone = text("phone_number", "phone_number must be in E.164 format")?;
    let reference = text("reference", "reference must be a string")?;
    let time_zone = text("time_zone", zone)?;
    let metadata = match given("metadata") {
        None => None,
        Some(Value::Object(metadata)) => Some(metadata),
        Some(_) => return Err("metadata must be an object".into()),
    };
    let known = ["phone_number", "reference", "time_zone", "metadata"];
    if let Some(name) = fields.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("unknown field: {name}"));
    }
    let phone = phone.filter(|text| !text.is_empty());
    let phone = phone.ok_or("phone_number is required")?;
    if !is_e164(&phone) {
        return Err("phone_number must be in E.164 format".into());
    }
    let reference = reference.filter(|text| !text.is_empty());
    let reference = reference.unwrap_or_else(|| phone.clone());
    if [".", ".."].contains(&reference.as_str()) || reference.chars().count() > 128 {
        return Err("reference must be a string of 1 to 128 characters other than . and ..".into());
    }
    // Which zones exist has an oracle of its own.
    if time_zone.is_some_and(|text| ZoneName::parse(&text).is_none()) {
        return Err(zone.into());
    }
    if metadata.is_some_and(|it| Value::from(it.clone()).to_string().len() > 16_384) {
        return Err("metadata must be at most 16384 bytes".into());
    }
    let missing = missing_keys(metadata);
    if !missing.is_empty() {
        let missing = missing.join(", ");
        return Err(format!("metadata missing required keys: {missing}"));
    }
    match DENIED.iter().any(|prefix| phone.starts_with(prefix)) {
        true => Err("Destination not allowed".into()),
        false => Ok((reference, phone, metadata.cloned().map(Value::from))),
    }
}

/// A campaign's recipients, as they must be.
#[derive(Default)]
struct Model {
    people: Vec<Person>,
    places: HashMap<String, usize>,
}

impl Model {
    /// Takes rows in. Returns the expected response.
    fn take(&mut self, rows: &[Row]) -> Value {
        let (mut added, mut duplicates, mut rejected) = (0, 0, Vec::new());
        for (at, row) in rows.iter().enumerate() {
            match row.clone().and_then(|fields| person(&fields)) {
                Ok(person) if self.places.contains_key(&person.0) => duplicates += 1,
                Ok(person) => {
                    self.places.insert(person.0.clone(), self.people.len());
                    self.people.push(person);
                    added += 1;
                }
                Err(error) => {
                    let name = |name: &str| row.as_ref().ok()?.get(name)?.as_str();
                    let reference = name("reference").or(name("phone_number"));
                    let reference: Option<String> =
                        reference.map(|text| text.chars().take(128).collect());
                    rejected.push(json!({"row": at + 1, "reference": reference, "error": error}));
                }
            }
        }
        rejected.truncate(NAMED);
        json!({"added": added, "duplicates": duplicates, "rejected": rejected})
    }
}

/// The same without the names of unknown fields: of several, any may be reported.
fn unnamed(answer: &Value) -> Value {
    let mut answer = answer.clone();
    let rejected = answer["rejected"].as_array_mut().expect("a list");
    for row in rejected {
        let error = row["error"].as_str().expect("a text");
        if error.starts_with("unknown field: ") {
            row["error"] = "unknown field".into();
        }
    }
    answer
}

/// Sends a file, compares the response with the document, and the campaign with the response.
fn send(world: &World, model: &mut Model, media_type: &str, body: &[u8]) -> Value {
    let path = world.recipients_path();
    let response = world.send_file(&path, media_type, body);
    let answer: Value = serde_json::from_slice(&response.body).expect("an answer is JSON");
    let kept = || world.people();
    match expected(media_type, body) {
        Expected::Refused(status, text) => {
            assert_eq!((response.status, &answer["error"]), (status, &text.into()));
            is_documented(&response);
        }
        Expected::Rows(rows) => {
            let wanted = model.take(&rows);
            assert_eq!(response.status, 200, "{answer}");
            assert_eq!(unnamed(&answer), unnamed(&wanted));
        }
        Expected::Any if response.status == 200 => {
            // As many more as it says, without duplicates.
            let all = kept();
            let more = answer["added"].as_u64().expect("a number") as usize;
            assert_eq!(all.len(), model.people.len() + more);
            model.people = all;
            let people = model.people.iter().enumerate();
            model.places = people.map(|(at, person)| (person.0.clone(), at)).collect();
            assert_eq!(model.places.len(), model.people.len());
        }
        Expected::NotJson => {
            assert_eq!(response.status, 400);
            is_documented(&response);
        }
        Expected::Any => is_documented(&response),
    }
    assert_eq!(kept(), model.people);
    let total = model.people.len() as u64;
    let counts = Counts {
        total,
        pending: total,
        ..Counts::default()
    };
    assert_eq!(world.counts(), counts);
    answer
}

/// A documented refusal, which is not the platform's fault.
fn is_documented(response: &Response) {
    let mut headers = response.headers.iter();
    let code = headers.find(|(name, _)| *name == "X-Error-Code");
    let code = code.map(|(_, code)| code.as_str()).unwrap_or_default();
    let mut listed = Refusal::examples().into_iter();
    let listed = listed.find(|refusal| refusal.code() == code);
    let status = listed.map(|refusal| refusal.status());
    assert_eq!(
        status,
        Some(response.status),
        "{code:?} is not documented so"
    );
    assert!(response.status < 500, "{code}");
}

/// The content type and the body that an input stands for.
fn file(data: &[u8]) -> (String, Vec<u8>) {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let head = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let mut body = parts.next().unwrap_or_default().to_vec();
    let Some((media_type, times)) = head.split_once('*') else {
        return (head, body);
    };
    let times = times.trim().parse().unwrap_or(1_usize).min(MOST_ROWS + 1);
    let end = body.strip_suffix(b"\n").unwrap_or(&body);
    let line = end
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let again = body[line..].to_vec();
    for _ in 1..times {
        body.extend_from_slice(&again);
    }
    (media_type.to_owned(), body)
}

/// Any bytes as a file: sent completely, sent again, and sent again after it broke off.
pub fn run(data: &[u8]) {
    let (media_type, body) = file(data);
    let (world, mut model) = (World::with_campaign(), Model::default());
    let first = send(&world, &mut model, &media_type, &body);
    let again = send(&world, &mut model, &media_type, &body);
    if let Some(added) = first["added"].as_u64() {
        let duplicates = added + first["duplicates"].as_u64().expect("a number");
        let rejected = &first["rejected"];
        let wanted = json!({"added": 0, "duplicates": duplicates, "rejected": rejected});
        assert_eq!(again, wanted);
    } else {
        assert_eq!(again, first);
    }
    // Wherever it may break off.
    let (world, mut model) = (World::with_campaign(), Model::default());
    let sum = data.iter().fold(7_usize, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add((*byte).into())
    });
    send(
        &world,
        &mut model,
        &media_type,
        &body[..sum % (body.len() + 1)],
    );
    send(&world, &mut model, &media_type, &body);
}
