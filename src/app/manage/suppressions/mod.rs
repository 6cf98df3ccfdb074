//! `/suppressions`: numbers that must not be called.

#[cfg(feature = "openapi")]
pub(crate) mod describe;
mod read;
mod rows;

use serde::{Deserialize, Serialize};

use super::create::{Draw, answered, finish};
use super::row_error;
use crate::app::body::{self, Body};
use crate::app::concurrent::{CONNECTIONS, concurrent};
use crate::app::contacts::{ContactsCommand, ContactsReply, Place};
use crate::app::directory::{FirstOrAgain, Keyed};
use crate::app::http::{Request, Response};
use crate::app::iso8601;
use crate::app::json::value;
use crate::app::page::{Page, bad_cursor};
use crate::app::ports::Api;
use crate::app::suppressing::{AllAsk, Note, ask_directory, suppress};
use crate::domain::access::KeyRecord;
use crate::domain::contacts::{Number, Shard, Source, Suppression};
use crate::domain::phone::E164;
use crate::domain::refusal::Refusal;
use crate::domain::sorting::newest_first;
use crate::domain::time::Timestamp;
pub(super) use read::read_phone;
use read::{last_of_each, read_end, read_reason, read_row};

/// The most bytes of a file of numbers.
pub const MAX_FILE: usize = 4 << 20;
/// The most rows.
const MAX_ROWS: usize = 50_000;
/// How many rejected rows are listed.
const NAMED: usize = 100;

/// Its name in the audit log.
const DELETE: &str = "suppression.delete";

const REASON: &str = "a string of at most 200 characters";
const END: &str = "an ISO 8601 time in the future";

/// A number that must not be called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SuppressionView {
    /// The number, as it was given last.
    pub phone_number: String,
    /// The reason, if one was given.
    pub reason: Option<String>,
    /// Where it last came from: a request, a file, or an agent whose callee asked for it.
    pub source: Source,
    /// When it was suppressed.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// When it may be called again; null for never.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub expires_at: Option<String>,
}

impl From<&Suppression> for SuppressionView {
    fn from(row: &Suppression) -> Self {
        Self {
            phone_number: row.phone.as_str().to_owned(),
            reason: row.reason.clone(),
            source: row.source,
            created_at: iso8601::format(row.created_at),
            expires_at: row.expires_at.map(iso8601::format),
        }
    }
}

// For the OpenAPI document: what `list` answers.
/// A page of suppressions.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct SuppressionList {
    /// Newest first.
    pub suppressions: Vec<SuppressionView>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// The result of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportView {
    /// How many numbers were newly suppressed.
    pub added: usize,
    /// How many already were; the file's reason and expiry now apply.
    pub updated: usize,
    /// The first 100 rows that were rejected.
    pub rejected: Vec<RejectedRow>,
}

/// A row that was rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RejectedRow {
    /// Its number, from 1; the header line does not count.
    pub row: usize,
    /// What is wrong with it.
    pub error: String,
}

// As the OpenAPI document describes it; `create` reads it.
/// The number that must not be called.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct CreateSuppression {
    /// In E.164 format.
    #[schema(pattern = r"^\+[1-9][0-9]{6,14}$")]
    pub phone_number: String,
    /// Why; empty is null.
    #[schema(max_length = 200)]
    pub reason: Option<String>,
    /// When it may be called again: a time in the future, with its offset, or a date; never if left out.
    pub expires_at: Option<String>,
}

/// `POST /suppressions`.
///
/// # Errors
/// An invalid body; an object that can't be reached.
pub async fn create(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let mut body = Body::of(request)?;
    let draw = Draw::of(api, request)?;
    let phone = body.required("phone_number", None, "a string", body::text)?;
    let phone = read_phone(&phone)?;
    let reason = body.optional("reason", None, REASON, body::text)?;
    let ends = body.optional("expires_at", None, END, body::text)?;
    body.finish()?;
    let now = api.now();
    let row = Suppression {
        phone,
        reason: read_reason(reason)?,
        source: Source::Api,
        created_at: now,
        expires_at: ends.map(|text| read_end(&text, now)).transpose()?,
    };
    let target = row.phone.as_str().to_owned();
    let note = note(caller, request, "suppression.create", target);
    let all_ask = match begin(api, caller, &draw, note).await? {
        Begun::Before(replay) => return Ok(replay),
        Begun::Now(all_ask) => all_ask,
    };
    let by = Some(caller.key_id);
    let kept = suppress(api, caller.org_id, by, vec![row], all_ask).await?;
    let last = kept.last.ok_or(Refusal::DirectoryUnavailable)?;
    let status = if kept.added > 0 { 201 } else { 200 };
    finish(api, caller, draw, status, &SuppressionView::from(&last)).await
}

/// `POST /suppressions/import`.
///
/// # Errors
/// No such file, or one that is too large; an object that can't be reached.
pub async fn import(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let draw = Draw::of(api, request)?;
    let now = api.now();
    let mut file = rows::File::of(request)?;
    let (mut rejected, mut taken) = (Vec::new(), Vec::<Suppression>::new());
    let mut count = 0;
    while let Some(row) = file.next_row() {
        count += 1;
        if count > MAX_ROWS {
            return Err(Refusal::RowsTooLarge("50000 rows"));
        }
        match row.and_then(|row| read_row(row, now)) {
            Ok(row) => taken.push(row),
            Err(refusal) if rejected.len() < NAMED => rejected.push(RejectedRow {
                row: count,
                error: row_error(&refusal),
            }),
            Err(_) => {}
        }
    }
    let taken = last_of_each(taken);
    let target = format!("{} numbers", taken.len());
    let note = note(caller, request, "suppression.import", target);
    let all_ask = match begin(api, caller, &draw, note).await? {
        Begun::Before(replay) => return Ok(replay),
        Begun::Now(all_ask) => all_ask,
    };
    let by = Some(caller.key_id);
    let kept = suppress(api, caller.org_id, by, taken, all_ask).await?;
    let view = ImportView {
        added: kept.added,
        updated: kept.updated,
        rejected,
    };
    finish(api, caller, draw, 200, &view).await
}

/// `GET /suppressions`: newest first.
///
/// # Errors
/// A parameter that is unknown or has an invalid value; an object that can't be reached.
pub async fn list(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let page = Page::read(request, &["phone_number"])?;
    let phone = page.parsed("phone_number", "in E.164 format", E164::parse_decoded)?;
    let after = page.after.as_deref();
    let before = after
        .map(|text| read_place(text).ok_or_else(bad_cursor))
        .transpose()?;
    let (shards, command) = match phone.as_ref().map(Number::of) {
        Some(number) => (vec![number.shard()], ContactsCommand::Get(number)),
        None => {
            let limit = page.limit + 1;
            (
                Shard::all().collect(),
                ContactsCommand::Page {
                    before,
                    limit,
                    in_parts: true,
                },
            )
        }
    };
    let asked = shards
        .into_iter()
        .map(|shard| api.contacts(caller.org_id, shard, &command));
    let mut all = Vec::new();
    // How far each of them was searched.
    let mut until: Option<Place> = None;
    for reply in concurrent(CONNECTIONS, asked).await {
        match reply {
            Ok(ContactsReply::Page(some, ended)) => {
                all.extend(some);
                until = until.max(ended);
            }
            // A single number's, or all that an object of the previous release has.
            Ok(ContactsReply::Suppressions(some)) => all.extend(some),
            _ => return Err(Refusal::DirectoryUnavailable),
        }
    }
    all.retain(|row| until.is_none_or(|until| place(row) >= until));
    let is_behind = |row: &Suppression| before.is_none_or(|before| place(row) < before);
    all.retain(is_behind);
    newest_first(&mut all, |row| {
        let (at, number) = place(row);
        u128::from(at.0) << 64 | u128::from(number.0)
    });
    let text = |(at, number): Place| format!("{}/{}", at.0, number.0);
    let name = |row: &Suppression| text(place(row));
    let view = |row: &Suppression| value(&SuppressionView::from(row));
    let answer = page.answer("suppressions", all, until.map(text), name, view);
    Ok(Response::json(200, &answer))
}

/// `DELETE /suppressions/{phone_number}`.
///
/// # Errors
/// It is not suppressed; an object that can't be reached.
pub async fn delete(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    phone: &str,
) -> Result<Response, Refusal> {
    let digits = phone.strip_prefix("%2B").or(phone.strip_prefix("%2b"));
    let phone = match digits {
        Some(digits) => E164::parse(&format!("+{digits}")),
        None => E164::parse(phone),
    };
    let phone = phone.ok_or(Refusal::SuppressionNotFound)?;
    let (org, number) = (caller.org_id, Number::of(&phone));
    let ask = async |command| {
        let reply = api.contacts(org, number.shard(), &command).await;
        reply.map_err(|_| Refusal::DirectoryUnavailable)
    };
    match ask(ContactsCommand::Get(number)).await? {
        ContactsReply::Suppressions(known) if known.is_empty() => {
            return Err(Refusal::SuppressionNotFound);
        }
        _ => {}
    }
    let target = phone.as_str().to_owned();
    let note = note(caller, request, DELETE, target);
    ask_directory(api, org, note.by(), note.command()).await?;
    match ask(ContactsCommand::Remove(number)).await? {
        ContactsReply::Removed(true) => Ok(Response::no_content()),
        ContactsReply::Removed(false) => Err(Refusal::SuppressionNotFound),
        _ => Err(Refusal::DirectoryUnavailable),
    }
}

fn note<'a>(
    caller: &KeyRecord,
    request: &'a Request,
    action: &'static str,
    target: String,
) -> Note<'a> {
    Note {
        action,
        target,
        suppresses: action != DELETE,
        by: Some(caller.key_id),
        request: &request.id,
    }
}

/// A change that the directory has noted.
enum Begun {
    /// It was done before under the request's `Idempotency-Key`: the response of that time.
    Before(Response),
    /// It must be done.
    Now(AllAsk),
}

/// Has the directory note what is about to be done. If it was done before under the request's `Idempotency-Key`, that response
/// is given again.
async fn begin(
    api: &impl Api,
    caller: &KeyRecord,
    draw: &Draw,
    note: Note<'_>,
) -> Result<Begun, Refusal> {
    let command = Keyed(note.command(), draw.once());
    let noted = ask_directory(api, caller.org_id, note.by(), command).await;
    match AllAsk::unless_untold(noted)? {
        (Some(FirstOrAgain::Answered(answer, _)), _) => Ok(Begun::Before(answered(answer, true))),
        (Some(FirstOrAgain::First(())) | None, all_ask) => Ok(Begun::Now(all_ask)),
    }
}

fn place(row: &Suppression) -> Place {
    (row.created_at, row.number())
}

fn read_place(text: &str) -> Option<Place> {
    let (at, number) = text.split_once('/')?;
    Some((Timestamp(at.parse().ok()?), Number(number.parse().ok()?)))
}
