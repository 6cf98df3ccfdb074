//! `results.csv`: one line per recipient, sent piece by piece, as fast as the client reads them.

use serde_json::Value;

use super::recipients::known;
use super::{RESOURCE, ask, refusal};
use crate::app::campaign::{Recipient, RecipientPage, Snapshot, command};
use crate::app::csv::cell;
use crate::app::directory::{self, By};
use crate::app::http::{Request, Response};
use crate::app::iso8601;
use crate::app::json;
use crate::app::manage::unheard;
use crate::app::page::check_names;
use crate::app::ports::Api;
use crate::app::views::campaign::tried;
use crate::domain::access::KeyRecord;
use crate::domain::ids::{CampaignId, KeyId, OrgId};
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;

/// How many lines a piece has.
const LINES: usize = 500;
/// The beginning of a `rest` of this file.
pub const FILE: &str = "results.csv ";

/// Its first line, by which clients know the columns.
const HEADER: &str = "reference,phone_number,status,attempts,last_call_id,call_status,failure_code,disposition,answered_by,duration,last_attempt_at\r\n";

/// Where the file continues.
struct Rest {
    org: OrgId,
    key: KeyId,
    id: CampaignId,
    snapshot: Snapshot,
    after: u64,
}

/// `GET /campaigns/{id}/results.csv`. It has no filter: whoever asks for one would take all of it for what matches.
///
/// # Errors
/// A parameter; no such campaign; an object that can't be reached.
pub async fn get(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    id: &str,
) -> Result<Response, Refusal> {
    check_names(&request.parameters(), |_| false)?;
    let id = known(api, caller, id).await?;
    let question = command::Results {
        snapshot: None,
        after: 0,
        limit: LINES,
    };
    let page = ask(api, caller.org_id, id, question).await?;
    let page = page.map_err(refusal)?;
    let rest = page.next.map(|after| Rest {
        org: caller.org_id,
        key: caller.key_id,
        id,
        snapshot: page.snapshot,
        after,
    });
    let body = format!("{HEADER}{}", lines(&page));
    let response = Response {
        status: 200,
        headers: Vec::new(),
        body: body.into_bytes(),
        rest: rest.map(|rest| rest.text()),
    };
    Ok(response.with_header("Content-Type", "text/csv; charset=utf-8"))
}

/// The next piece of a file that was begun, and how to continue.
///
/// # Errors
/// The object can't be reached; the key was revoked meanwhile. The file then ends unfinished.
pub async fn go_on(api: &impl Api, rest: &str) -> Result<(String, Option<String>), Refusal> {
    let mut rest = Rest::read(rest).ok_or(Refusal::NotFound)?;
    let question = directory::command::KnownCampaign(rest.id);
    let known = directory::ask(api, rest.org, By::key(rest.key), question).await;
    known
        .map_err(unheard)?
        .map_err(|denied| RESOURCE.refusal(denied))?;
    let question = command::Results {
        snapshot: Some(rest.snapshot),
        after: rest.after,
        limit: LINES,
    };
    let page = ask(api, rest.org, rest.id, question).await?;
    let page = page.map_err(refusal)?;
    let next = page.next.map(|after| {
        rest.after = after;
        rest.text()
    });
    Ok((lines(&page), next))
}

impl Rest {
    fn text(&self) -> String {
        let Snapshot { at, through, left } = self.snapshot;
        let (org, key, id, after) = (self.org, self.key, self.id, self.after);
        let left = left.map_or_else(|| "-".into(), |left| left.to_string());
        format!("{FILE}{org} {key} {id} {} {through} {left} {after}", at.0)
    }

    fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ').skip(1);
        let mut next = || words.next();
        Some(Self {
            org: next()?.parse().ok()?,
            key: next()?.parse().ok()?,
            id: next()?.parse().ok()?,
            snapshot: Snapshot {
                at: Timestamp(next()?.parse().ok()?),
                through: next()?.parse().ok()?,
                left: next()?.parse().ok(),
            },
            after: next()?.parse().ok()?,
        })
    }
}

fn lines(page: &RecipientPage) -> String {
    page.recipients.iter().map(of).collect()
}

fn of(recipient: &Recipient) -> String {
    let last = tried(&recipient.attempts).next_back();
    let word = |value: Option<Value>| match value {
        Some(Value::String(text)) => text,
        _ => String::new(),
    };
    let failure = last.and_then(|last| last.failure);
    let seconds = last.and_then(|last| last.duration_secs);
    let cells = [
        recipient.reference.clone(),
        recipient.phone.as_str().to_owned(),
        word(Some(json::value(&recipient.status))),
        tried(&recipient.attempts).count().to_string(),
        last.and_then(|last| last.call)
            .map_or_else(String::new, |call| call.to_string()),
        word(
            last.and_then(|last| last.status)
                .map(|status| json::value(&status)),
        ),
        word(failure.map(|failure| json::value(&failure.code))),
        last.and_then(|last| last.disposition.clone())
            .unwrap_or_default(),
        word(
            last.and_then(|last| last.answered_by)
                .map(|who| json::value(&who)),
        ),
        seconds.map_or_else(String::new, |seconds| seconds.to_string()),
        last.map_or_else(String::new, |last| iso8601::format(last.at)),
    ];
    format!("{}\r\n", cells.map(|text| cell(&text)).join(","))
}

#[cfg(feature = "openapi")]
pub(crate) mod describe {
    //! The OpenAPI description of it.

    use super::HEADER;
    use crate::app::description::{Description, Success};
    use crate::app::manage::campaigns::describe::{TAG, not_found};
    use crate::domain::refusal::Refusal;

    pub fn get() -> Description {
        let line = "loan-4711,+919876543210,completed,1,31106b7c-9d02-4723-8b07-5bb8d90240cb,Completed,,promised,human,62,2026-06-14T10:32:00.000Z";
        Description::new(
            TAG,
            "Get a campaign's results",
            "A CSV file (RFC 4180, UTF-8, CRLF) with one line per recipient, in the order in which they were added, as of the moment \
             of the request. `attempts` counts; the columns after it are those of the last attempt. It is sent piece by piece; if it \
             breaks off, the connection is reset.",
            Success::text("The results.", "text/csv", &format!("{HEADER}{line}\r\n")),
        )
        .id("getCampaignResults")
        .refuses([Refusal::UnknownParameter("X".into()), not_found()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::call::{CallStatus, Failure, FailureCode};
    use crate::domain::campaign::{Attempt, RecipientStatus};
    use crate::domain::phone::E164;

    #[test]
    fn a_line_tells_of_the_last_attempt_and_is_quoted_where_it_must_be() {
        let attempt = |at| Attempt {
            call: None,
            at: Timestamp(at),
            status: Some(CallStatus::SipCallFailed),
            failure: Some(Failure::of(FailureCode::Busy)),
            answered_by: None,
            disposition: Some("=1+1, \"no\"".into()),
            duration_secs: Some(7),
            given_back: false,
        };
        let recipient = |reference: &str, attempts| Recipient {
            row: 1,
            reference: reference.into(),
            phone: E164::parse("+15005550001").expect("a number"),
            time_zone: None,
            status: RecipientStatus::InProgress,
            next_attempt_at: None,
            attempts,
            metadata: None,
        };
        assert_eq!(
            of(&recipient(
                "a,b\r\nc",
                vec![attempt(0), attempt(1_781_431_200_000)]
            )),
            "\"a,b\r\nc\",+15005550001,in_progress,2,,SIP Call Failed,busy,\"=1+1, \"\"no\"\"\",,7,2026-06-14T10:00:00.000Z\r\n"
        );
        assert_eq!(
            of(&recipient("7", vec![])),
            "7,+15005550001,in_progress,0,,,,,,,\r\n"
        );
    }

    #[test]
    fn a_list_goes_on_where_it_was() {
        for left in ["-", "true", "false"] {
            let text = format!(
                "results.csv 00000000-0000-4000-8000-000000000001 00000000-0000-4000-8000-000000000002 00000000-0000-4000-8000-000000000003 4 5 {left} 6"
            );
            assert_eq!(Rest::read(&text).map(|rest| rest.text()), Some(text));
        }
        assert!(Rest::read("results").is_none());
    }
}
