//! Pages of a list: `limit`, `cursor`, and the list's other parameters.
//!
//! A cursor names the last item of the page before, so a page costs a range scan wherever it is,
//! and items that come or go meanwhile shift nothing.

use serde_json::{Map, Value};

use crate::app::http::{Request, Response};
use crate::app::iso8601;
use crate::domain::base64::URL_SAFE;
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 100;

/// A list's query: the page, and its filters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The most items that a page may hold: 1 to 100.
    pub limit: usize,
    /// The last item of the page before.
    pub after: Option<String>,
    filters: Vec<(String, String)>,
}

impl Page {
    /// Reads the query of a list that has these filters besides `limit` and `cursor`.
    ///
    /// # Errors
    /// 400 for an invalid limit or cursor, and for an unknown parameter.
    pub fn read(request: &Request, known: &[&str]) -> Result<Self, Refusal> {
        let mut page = Self {
            limit: DEFAULT_LIMIT,
            after: None,
            filters: Vec::new(),
        };
        let parameters = request.parameters();
        check_names(&parameters, |name| {
            matches!(name, "limit" | "cursor") || known.contains(&name)
        })?;
        for (name, value) in parameters {
            match name.as_str() {
                "limit" => page.limit = read_limit(&value)?,
                "cursor" => page.after = Some(read_cursor(&value)?),
                _ => page.filters.push((name, value)),
            }
        }
        Ok(page)
    }

    /// A filter's value.
    #[must_use]
    pub fn filter(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let of_that_name = self.filters.iter().filter(move |(known, _)| known == name);
        of_that_name.map(|(_, value)| value.as_str())
    }

    /// The values of a filter that accepts several, parsed: as repeated parameters, or as a list with commas. An item matches any
    /// of them; without one, all match.
    ///
    /// # Errors
    /// 400 with `what` each of them must be.
    pub fn any_of<T>(
        &self,
        name: &str,
        what: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, Refusal> {
        let refusal = || Refusal::Invalid(format!("{name} must be {what}"));
        let values = self.values(name).flat_map(|list| list.split(','));
        values
            .map(|value| parse(value.trim()).ok_or_else(refusal))
            .collect()
    }

    /// A filter that is a time.
    ///
    /// # Errors
    /// 400; with a hint for a time that lacks its offset.
    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, Refusal> {
        let value = self.filter(name);
        value.map(|text| read_time(name, text)).transpose()
    }

    /// A filter's value, parsed.
    ///
    /// # Errors
    /// 400 with `what` the parameter must be.
    pub fn parsed<T>(
        &self,
        name: &str,
        what: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        let refusal = || Refusal::Invalid(format!("{name} must be {what}"));
        self.filter(name)
            .map(|value| parse(value).ok_or_else(refusal))
            .transpose()
    }

    /// The response: `items` under their name, possibly one more than the page shows; `key` is an
    /// item's cursor. `until` is the item where the search for more ended early.
    pub fn answer<T>(
        &self,
        name: &str,
        mut items: Vec<T>,
        until: Option<String>,
        key: impl Fn(&T) -> String,
        view: impl Fn(&T) -> Value,
    ) -> Value {
        let next = self.cut(&mut items, until, key);
        let mut answer = Map::new();
        answer.insert(name.to_owned(), items.iter().map(view).collect());
        answer.insert("next_cursor".to_owned(), next.into());
        Value::Object(answer)
    }

    /// The same for items that are JSON already, each with its key: none of them is parsed.
    pub fn answer_of_texts(
        &self,
        name: &str,
        mut items: Vec<(String, String)>,
        until: Option<String>,
    ) -> Response {
        let next = self.cut(&mut items, until, |(key, _)| key.clone());
        let texts: Vec<String> = items.into_iter().map(|(_, text)| text).collect();
        let next = next.map_or("null".into(), |next| format!("\"{next}\""));
        let body = format!(
            "{{\"{name}\":[{}],\"next_cursor\":{next}}}",
            texts.join(",")
        );
        Response::json_text(200, body)
    }

    /// Cuts a list to the page. Returns the cursor of the next one.
    pub fn cut<T>(
        &self,
        items: &mut Vec<T>,
        until: Option<String>,
        key: impl Fn(&T) -> String,
    ) -> Option<String> {
        let more = items.len() > self.limit;
        items.truncate(self.limit);
        let shown = items.last().filter(|_| more).map(key);
        shown.or(until).map(|key| URL_SAFE.encode(key))
    }
}

/// Filters that accept several values, any of which matches.
pub(crate) const WITH_SEVERAL: [&str; 3] = ["type", "call_status", "status"];

/// Checks that a query's parameters are known, and occur once each, whatever their values.
///
/// # Errors
/// 400 with the first one that is not.
pub fn check_names(
    parameters: &[(String, String)],
    is_known: impl Fn(&str) -> bool,
) -> Result<(), Refusal> {
    for (at, (name, _)) in parameters.iter().enumerate() {
        let mut before = parameters.iter().take(at);
        if !is_known(name) {
            return Err(Refusal::UnknownParameter(name.clone()));
        }
        if !WITH_SEVERAL.contains(&name.as_str()) && before.any(|(other, _)| other == name) {
            return Err(Refusal::RepeatedParameter(name.clone()));
        }
    }
    Ok(())
}

/// Parses a time that a client gave under this name.
///
/// # Errors
/// 400; with a hint for a time that lacks its offset.
pub fn read_time(name: &str, text: &str) -> Result<Timestamp, Refusal> {
    iso8601::parse(text).ok_or_else(|| {
        let hint = match iso8601::without_offset(text) {
            Some(time) => format!(" with its offset from UTC, such as {time}Z or {time}+05:30"),
            None => String::new(),
        };
        Refusal::Invalid(format!("{name} must be an ISO 8601 time{hint}"))
    })
}

fn read_limit(text: &str) -> Result<usize, Refusal> {
    let digits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let limit = digits
        .and_then(|text| text.parse().ok())
        .filter(|limit| (1..=MAX_LIMIT).contains(limit));
    limit.ok_or_else(|| Refusal::Invalid(format!("limit must be a number from 1 to {MAX_LIMIT}")))
}

fn read_cursor(text: &str) -> Result<String, Refusal> {
    let bytes = URL_SAFE
        .decode(text)
        .filter(|bytes| !bytes.is_empty() && bytes.len() <= 1_024);
    let key = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    key.ok_or_else(bad_cursor)
}

/// The refusal of a cursor that this list can't have given.
#[must_use]
pub fn bad_cursor() -> Refusal {
    Refusal::Invalid("cursor is invalid".into())
}
