//! `GET /calls.csv`: the list of calls as a file, sent piece by piece (RFC 4180), as it was when it was requested: calls that
//! arrive meanwhile are left out.

use serde_json::Value;

use super::{KNOWN, look};
use crate::app::csv;
use crate::app::http::{Request, Response};
use crate::app::json;
use crate::app::page::Page;
use crate::app::ports::Api;
use crate::app::trunk::Shown;
use crate::domain::access::{KeyRecord, Role};
use crate::domain::refusal::Refusal;
use crate::domain::time::{Span, Timestamp};

/// The beginning of a `rest` of this file.
const FILE: &str = "calls.csv ";
/// The most calls read from all trunks together for a piece,
const READ: usize = 10_000;
/// and the number of calls in a piece.
const PIECE: std::ops::RangeInclusive<usize> = 50..=500;

/// The columns, one word of a list item each; the last two come from its objects.
pub(super) const COLUMNS: [&str; 20] = [
    "id",
    "phone_number",
    "call_status",
    "is_terminal",
    "stalled",
    "duration",
    "start_timestamp",
    "end_timestamp",
    "transcript_url",
    "recording_url",
    "last_updated",
    "agent_id",
    "sip_trunk_id",
    "created_at",
    "dialed_at",
    "answered_by",
    "campaign_id",
    "reference",
    "failure_code",
    "disposition",
];

/// How many calls a piece has if this many trunks are asked.
pub(super) fn piece(trunks: usize) -> usize {
    (READ / trunks.max(1)).clamp(*PIECE.start(), *PIECE.end())
}

/// Begins the file.
///
/// # Errors
/// As for the list; and it has no pages.
pub async fn begin(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let names = request.parameters().into_iter().map(|(name, _)| name);
    let mut of_pages = names.filter(|name| matches!(name.as_str(), "limit" | "cursor"));
    if let Some(name) = of_pages.next() {
        return Err(Refusal::UnknownParameter(name));
    }
    let mut page = Page::read(request, &KNOWN)?;
    // A call from this very millisecond is included.
    let snapshot = api.now() + Span(1);
    let (rows, next) = rows(api, caller, &mut page, snapshot).await?;
    let body = format!("{}\r\n{rows}", COLUMNS.join(","));
    let KeyRecord {
        org_id: org,
        key_id: key,
        ..
    } = caller;
    let query = &request.query;
    let rest = next.map(|next| format!("{FILE}{org} {key} {} {next} {query}", snapshot.0));
    Ok(Response {
        status: 200,
        headers: vec![("Content-Type", "text/csv; charset=utf-8".into())],
        body: body.into_bytes(),
        rest,
    })
}

/// The next piece of a file that was begun; nothing for another's `rest`.
pub async fn go_on(
    api: &impl Api,
    rest: &str,
) -> Option<Result<(String, Option<String>), Refusal>> {
    let words = rest.strip_prefix(FILE)?;
    Some(match Asked::read(words) {
        Some(asked) => asked.go_on(api).await,
        None => Err(Refusal::NotFound),
    })
}

/// What was requested, and how far it has been sent.
struct Asked<'a> {
    caller: KeyRecord,
    snapshot: Timestamp,
    cursor: &'a str,
    query: &'a str,
}

impl<'a> Asked<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut words = text.splitn(5, ' ');
        let caller = KeyRecord {
            org_id: words.next()?.parse().ok()?,
            key_id: words.next()?.parse().ok()?,
            role: Role::Viewer,
            expires_at: None,
        };
        Some(Self {
            caller,
            snapshot: Timestamp(words.next()?.parse().ok()?),
            cursor: words.next()?,
            query: words.next()?,
        })
    }

    async fn go_on(self, api: &impl Api) -> Result<(String, Option<String>), Refusal> {
        let request = Request {
            query: format!("{}&cursor={}", self.query, self.cursor),
            ..Request::default()
        };
        let mut page = Page::read(&request, &KNOWN)?;
        let (rows, next) = rows(api, &self.caller, &mut page, self.snapshot).await?;
        let (org, key) = (self.caller.org_id, self.caller.key_id);
        let (at, query) = (self.snapshot.0, self.query);
        let rest = next.map(|next| format!("{FILE}{org} {key} {at} {next} {query}"));
        Ok((rows, rest))
    }
}

/// The next rows, and the cursor of those that follow.
async fn rows(
    api: &impl Api,
    caller: &KeyRecord,
    page: &mut Page,
    snapshot: Timestamp,
) -> Result<(String, Option<String>), Refusal> {
    let (mut calls, until) = look(api, caller, page, Some(snapshot)).await?;
    let next = page.cut(&mut calls, until, |call| call.id.to_string());
    Ok((calls.iter().map(row).collect(), next))
}

fn row(call: &Shown) -> String {
    let item: Value = json::read(&call.item).unwrap_or_default();
    let cells = COLUMNS.map(|column| match column {
        "failure_code" => cell(item.pointer("/failure/code")),
        "disposition" => cell(item.pointer("/call_outcome/disposition")),
        _ => cell(item.get(column)),
    });
    format!("{}\r\n", cells.join(","))
}

/// A value as its cell has it; empty for one that is missing or not a single value.
fn cell(value: Option<&Value>) -> String {
    match value.unwrap_or(&Value::Null) {
        Value::String(text) => csv::cell(text),
        Value::Bool(is) => is.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cell_is_quoted_where_rfc_4180_has_it_and_nothing_is_escaped_for_a_spreadsheet() {
        for (value, text) in [
            (json!("a \"b\""), "\"a \"\"b\"\"\""),
            (json!("a,b"), "\"a,b\""),
            (json!("a\r\nb"), "\"a\r\nb\""),
            (json!("a\nb"), "\"a\nb\""),
            (json!("=1+1"), "=1+1"),
            (json!(" +91 "), " +91 "),
            (json!("—"), "—"),
            (json!(true), "true"),
            (json!(97), "97"),
            (json!(null), ""),
            (json!({"a": 1}), ""),
        ] {
            assert_eq!(cell(Some(&value)), text);
        }
    }

    #[test]
    fn the_columns_are_the_scalar_fields_of_a_lists_item_in_its_order() {
        let golden =
            include_str!("../../../../tests/golden/calls/sent_listed_with_campaign_failed.json");
        let mut at = 0;
        for column in COLUMNS.iter().take(COLUMNS.len() - 2) {
            let name = format!("  \"{column}\":");
            let place = golden.get(at..).and_then(|rest| rest.find(&name));
            at += place.unwrap_or_else(|| panic!("{column} is none, or not in order"));
        }
        let item: Value = serde_json::from_str(golden).expect("JSON");
        let fields = item.as_object().expect("an object");
        let left_out = fields
            .keys()
            .filter(|name| !COLUMNS.contains(&name.as_str()));
        let left_out: Vec<_> = left_out.collect();
        assert_eq!(left_out, ["call_outcome", "failure", "redial"]);
    }

    #[test]
    fn a_piece_is_as_long_as_reading_it_of_many_trunks_allows() {
        assert_eq!([0, 1, 30, 400].map(piece), [500, 500, 333, 50]);
    }
}
