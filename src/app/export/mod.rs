//! `GET /export`: everything kept of an organisation, one line of JSON for each item, sent piece by piece. Each item looks as
//! its own route shows it: what no route shows, such as a secret, is in no line.

#[cfg(feature = "openapi")]
pub(crate) mod describe;
mod parts;

use serde_json::{Map, Value};

use crate::app::directory::{By, command};
use crate::app::http::{Request, Response};
use crate::app::page::{bad_cursor, check_names};
use crate::app::ports::Api;
use crate::app::suppressing::ask_directory;
use crate::app::views::export::{KINDS, count};
use crate::domain::access::{KeyRecord, Role};
use crate::domain::base64::URL_SAFE;
use crate::domain::object::object;
use crate::domain::refusal::Refusal;
use crate::domain::to_json::to_json;

/// The beginning of a `rest` of this file.
pub const FILE: &str = "export ";
/// A response ends with the piece that reaches this many requests to objects: an invocation may make 1,000 under the oldest
/// limits a deployment may have.
const MOST: usize = 900;

/// How far an export has got: which part, the position in its list, and the position in the list of an item there; and how many
/// lines of each kind were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Place {
    part: usize,
    outer: String,
    inner: String,
    counts: [u64; KINDS.len()],
}

impl Place {
    fn cursor(&self) -> String {
        let Self {
            part, outer, inner, ..
        } = self;
        let counts = self.counts.map(|count| count.to_string()).join(",");
        URL_SAFE.encode(format!("{part}.{outer}.{inner}.{counts}"))
    }

    fn read(cursor: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE.decode(cursor)?).ok()?;
        let mut words = text.split('.');
        let mut next = || words.next();
        let mut place = Self {
            part: next()?.parse().ok()?,
            outer: next()?.to_owned(),
            inner: next()?.to_owned(),
            ..Self::default()
        };
        let mut counts = next()?.split(',');
        for count in &mut place.counts {
            *count = counts.next()?.parse().ok()?;
        }
        Some(place).filter(|place| next().is_none() && counts.next().is_none() && place.is_one())
    }

    fn is_one(&self) -> bool {
        self.part <= parts::COUNT
    }

    /// The place after these lines: in the same part, or at the beginning of the next.
    fn after(mut self, lines: &str, next: Option<(String, String)>) -> Self {
        for (count, more) in self.counts.iter_mut().zip(count(lines)) {
            *count = count.saturating_add(more);
        }
        let is_over = next.is_none();
        (self.outer, self.inner) = next.unwrap_or_default();
        self.part += usize::from(is_over);
        self
    }

    /// The last line of a response: whether this was all, how many lines of each kind all responses had, and where the next one
    /// begins.
    fn end(&self) -> String {
        let is_over = self.part >= parts::COUNT;
        let counts: Map<String, Value> = KINDS
            .into_iter()
            .zip(self.counts)
            .map(|(kind, count)| (kind.to_owned(), count.into()))
            .collect();
        let next = Some(self.cursor()).filter(|_| !is_over);
        let end = object! {
            "type": "end",
            "complete": is_over,
            "counts": Value::Object(counts),
            "next_cursor": next,
        };
        to_json(&end).unwrap_or_default() + "\n"
    }
}

/// Begins an export, or continues one.
///
/// # Errors
/// An invalid cursor, or any other parameter; an object can't be reached.
pub async fn get(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let mut given = request.parameters();
    check_names(&given, |name| name == "cursor")?;
    let place = match given.pop() {
        Some((_, cursor)) => Place::read(&cursor).ok_or_else(bad_cursor)?,
        None => Place::default(),
    };
    let by = By {
        key: Some(caller.key_id),
        request: &request.id,
    };
    ask_directory(api, caller.org_id, by, command::NoteExport).await?;
    let (lines, rest) = told(api, caller, place, 0).await?;
    Ok(Response {
        status: 200,
        headers: vec![("Content-Type", "application/x-ndjson".into())],
        body: lines.into_bytes(),
        rest,
    })
}

/// The next piece of an export that was begun.
///
/// # Errors
/// An object can't be reached; the key was revoked meanwhile. The export then ends unfinished.
pub async fn go_on(api: &impl Api, rest: &str) -> Result<(String, Option<String>), Refusal> {
    let mut words = rest.split(' ').skip(1);
    let mut read = || {
        let caller = KeyRecord {
            org_id: words.next()?.parse().ok()?,
            key_id: words.next()?.parse().ok()?,
            role: Role::Owner,
            expires_at: None,
        };
        let spent = words.next()?.parse().ok()?;
        Some((caller, spent, Place::read(words.next()?)?))
    };
    let (caller, spent, place) = read().ok_or(Refusal::NotFound)?;
    told(api, &caller, place, spent).await
}

/// The next piece, and how to continue.
async fn told(
    api: &impl Api,
    caller: &KeyRecord,
    place: Place,
    spent: usize,
) -> Result<(String, Option<String>), Refusal> {
    let piece = parts::piece(api, caller, &place).await?;
    let spent = spent + piece.cost;
    let place = place.after(&piece.lines, piece.next);
    if place.part >= parts::COUNT || spent >= MOST {
        return Ok((piece.lines + &place.end(), None));
    }
    let (org, key) = (caller.org_id, caller.key_id);
    let rest = format!("{FILE}{org} {key} {spent} {}", place.cursor());
    Ok((piece.lines, Some(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_goes_on_where_it_was_and_counts_on() {
        let place = Place::default();
        let lines =
            "{\"type\":\"agent\",\"data\":{}}\n{\"type\":\"call\",\"data\":{\"type\":\"agent\"}}\n";
        let place = place.after(lines, Some(("a".into(), "b/c".into())));
        assert_eq!(place.counts.iter().sum::<u64>(), 2);
        assert_eq!(Place::read(&place.cursor()), Some(place.clone()));
        assert!(place.end().contains("\"complete\":false,"));
        assert!(place.end().contains("\"agent\":1,"));
        let next = place.after(lines, None);
        assert_eq!((next.part, next.outer.as_str()), (1, ""));
        assert!(next.end().contains("\"agent\":2,"));
    }

    #[test]
    fn a_cursor_that_was_not_given_is_none() {
        for text in [
            "",
            "0...",
            "0...0,0",
            "99...0,0,0,0,0,0,0,0,0,0,0,0,0,0",
            "0...0,0,0,0,0,0,0,0,0,0,0,0,0,0,0",
            "0...0,0,0,0,0,0,0,0,0,0,0,0,0,0.",
            "x...0,0,0,0,0,0,0,0,0,0,0,0,0,0",
        ] {
            assert_eq!(Place::read(&URL_SAFE.encode(text)), None, "{text}");
        }
        assert_eq!(Place::read("?"), None);
        let good = URL_SAFE.encode("0...0,0,0,0,0,0,0,0,0,0,0,0,0,0");
        assert_eq!(Place::read(&good), Some(Place::default()));
    }
}
