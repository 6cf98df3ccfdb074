//! A campaign's recipients: adding them, and reading how they fared.

use serde::Serialize;

use super::rows::File;
use super::terms::Terms;
use super::{RESOURCE, Refused, ask, find, given_before, note, refusal};
use crate::app::campaign::{Recipient, command};
use crate::app::directory;
use crate::app::http::{Request, Response};
use crate::app::json::{self, value};
use crate::app::manage::create::{Draw, finish};
use crate::app::manage::{get as get_of_directory, row_error};
use crate::app::page::{Page, bad_cursor};
use crate::app::ports::Api;
use crate::app::views::campaign::RecipientView;
use crate::domain::access::KeyRecord;
use crate::domain::campaign::{
    CampaignRefusal, LONGEST_REFERENCE, MOST_RECIPIENTS, NewRecipient, RecipientStatus,
};
use crate::domain::ids::{CampaignId, OrgId};
use crate::domain::refusal::Refusal;
use crate::domain::sorting::oldest_first;
use crate::domain::target::percent_decoded;

/// How many rejected rows are listed.
const NAMED: usize = 100;
/// A piece of a file is handed on when it has this many people, or enough bytes.
const PIECE_PEOPLE: usize = 2_000;
const PIECE_BYTES: usize = 1 << 20;
/// How often a page searches on for recipients of several statuses.
const LOOKS: usize = 20;

/// The valid values of a filter by status.
pub const STATUS: &str =
    "pending, in_progress, waiting, completed, unreached, suppressed, expired or canceled";

// As the OpenAPI document describes it; `rows` reads it.
/// The recipients to add.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct AddRecipients {
    /// At most 20,000.
    #[schema(max_items = 20000)]
    pub recipients: Vec<RecipientToAdd>,
}

/// Somebody to call.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct RecipientToAdd {
    /// In E.164 format.
    #[schema(pattern = r"^\+[1-9][0-9]{6,14}$")]
    pub phone_number: String,
    /// What identifies them, unique in the campaign: any text but `.` and `..`. By default, the number.
    #[schema(max_length = 128)]
    pub reference: Option<String>,
    /// Where the phone is: an IANA time zone.
    pub time_zone: Option<String>,
    /// What the agent is told, like the `metadata` of `POST /calls`.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<serde_json::Map<String, serde_json::Value>>,
}

// For the OpenAPI document: what `list` answers.
/// A page of recipients.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct RecipientList {
    /// In the order in which they were added.
    pub recipients: Vec<RecipientView>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// The result of adding recipients.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AddedRecipients {
    /// How many recipients were added.
    pub added: u64,
    /// How many rows had a reference that the campaign already has; they changed nothing.
    pub duplicates: u64,
    /// The first 100 rows that were rejected.
    pub rejected: Vec<RejectedRecipient>,
}

/// A row that was rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RejectedRecipient {
    /// Its number, from 1; the header line does not count.
    pub row: usize,
    /// Its reference, or its number; null where it has neither.
    pub reference: Option<String>,
    /// What is wrong with it.
    pub error: String,
}

/// The valid part of a file read so far.
#[derive(Default)]
struct Piece {
    people: Vec<NewRecipient>,
    rows: Vec<usize>,
    bytes: usize,
}

impl Piece {
    fn push(&mut self, row: usize, person: NewRecipient) {
        let metadata = person.metadata.as_ref().map_or(0, String::len);
        self.bytes += 128 + person.reference.len() + metadata;
        self.people.push(person);
        self.rows.push(row);
    }

    fn is_full(&self) -> bool {
        self.people.len() >= PIECE_PEOPLE || self.bytes >= PIECE_BYTES
    }

    /// Hands it on, and counts the results.
    async fn add(
        &mut self,
        api: &impl Api,
        (org, id): (OrgId, CampaignId),
        all: &mut AddedRecipients,
    ) -> Result<(), Refusal> {
        let piece = std::mem::take(self);
        if piece.people.is_empty() {
            return Ok(());
        }
        let references: Vec<String> = piece
            .people
            .iter()
            .map(|one| one.reference.clone())
            .collect();
        let added = ask(api, org, id, command::Add(piece.people)).await?;
        let added = added.map_err(refusal)?;
        all.added += added.added;
        all.duplicates += added.duplicates;
        for nth in added.too_many.into_iter().take(NAMED) {
            all.rejected.push(RejectedRecipient {
                row: piece.rows.get(nth).copied().unwrap_or_default(),
                reference: references.get(nth).cloned(),
                error: format!("A campaign can have at most {MOST_RECIPIENTS} recipients"),
            });
        }
        Ok(())
    }
}

/// `POST /campaigns/{id}/recipients`. The valid rows of a file are added piece by piece: if that is interrupted, the rest is
/// added when the file is sent again.
///
/// # Errors
/// No such file, or one that is too large; no such campaign, or one that is over; an object that can't be reached.
pub async fn add(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    id: &str,
) -> Result<Response, Refusal> {
    let file = File::of(request);
    if let Err(refusal @ (Refusal::RowsTooLarge(_) | Refusal::Campaign(_))) = file {
        return Err(refusal);
    }
    let draw = Draw::of(api, request)?;
    if let Some(response) = given_before(api, caller, &draw).await? {
        return Ok(response);
    }
    let (card, shown) = find(api, caller, id).await?;
    let mut file = file?;
    if shown.campaign.status.is_over() {
        return Err(refusal(Refused::Is(shown.campaign.status)));
    }
    let terms = Terms::of(api, caller, &shown.campaign.plan).await?;
    note(api, caller, request, card.id, "campaign.recipients").await?;
    let whose = (caller.org_id, card.id);
    let (mut all, mut piece) = (AddedRecipients::default(), Piece::default());
    let (mut row, mut wrong) = (0, Vec::new());
    while let Some(read) = file.next_row() {
        row += 1;
        let reference = read.reference.as_ref().filter(|text| !text.is_empty());
        let reference = reference.or(read.phone.as_ref().filter(|text| !text.is_empty()));
        let reference = reference.map(|text| text.chars().take(LONGEST_REFERENCE).collect());
        match terms.recipient(read) {
            Ok(person) => piece.push(row, person),
            Err(refusal) if wrong.len() < NAMED => wrong.push(RejectedRecipient {
                row,
                reference,
                error: row_error(&refusal),
            }),
            Err(_) => {}
        }
        if piece.is_full() {
            piece.add(api, whose, &mut all).await?;
        }
    }
    piece.add(api, whose, &mut all).await?;
    all.rejected.extend(wrong);
    oldest_first(&mut all.rejected, |rejected| rejected.row as u128);
    all.rejected.truncate(NAMED);
    finish(api, caller, draw, 200, &all).await
}

/// `GET /campaigns/{id}/recipients`: in the order in which they were added.
///
/// # Errors
/// A parameter that is unknown or has an invalid value; no such campaign.
pub async fn list(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    id: &str,
) -> Result<Response, Refusal> {
    let page = Page::read(request, &["status"])?;
    let after = page.after.as_deref();
    let after = after.map(|text| text.parse::<u64>().map_err(|_| bad_cursor()));
    let after = after.transpose()?.unwrap_or(0);
    let one_of = |text: &str| json::from_value::<RecipientStatus>(&text.into()).ok();
    let status = page.any_of("status", STATUS, one_of)?;
    let id = known(api, caller, id).await?;
    let whose = (caller.org_id, id);
    let (recipients, next) = matching(api, whose, &status, after, page.limit).await?;
    let until = next.map(|row| row.to_string());
    let answer = page.answer(
        "recipients",
        recipients,
        until,
        |recipient| recipient.row.to_string(),
        |recipient| value(&view(recipient)),
    );
    Ok(Response::json(200, &answer))
}

/// Recipients after this row, in the order in which they were added, and where the next ones begin.
///
/// # Errors
/// No such campaign; an object that can't be reached.
pub async fn some(
    api: &impl Api,
    caller: &KeyRecord,
    id: &str,
    after: u64,
    limit: usize,
) -> Result<(Vec<serde_json::Value>, Option<u64>), Refusal> {
    let id = known(api, caller, id).await?;
    let (all, next) = matching(api, (caller.org_id, id), &[], after, limit).await?;
    let shown = all.iter().map(|recipient| value(&view(recipient)));
    Ok((shown.collect(), next))
}

/// Recipients with any of these statuses, and where the search for more ended.
async fn matching(
    api: &impl Api,
    (org, id): (OrgId, CampaignId),
    statuses: &[RecipientStatus],
    mut after: u64,
    limit: usize,
) -> Result<(Vec<Recipient>, Option<u64>), Refusal> {
    let status = match statuses {
        [one] => Some(*one),
        _ => None,
    };
    let mut all = Vec::new();
    for _ in 0..LOOKS {
        let question = command::Recipients {
            status,
            after,
            limit,
        };
        let found = ask(api, org, id, question).await?;
        let found = found.map_err(refusal)?;
        let is_one = |one: &Recipient| statuses.is_empty() || statuses.contains(&one.status);
        all.extend(found.recipients.into_iter().filter(is_one));
        match found.next {
            // A search for one status has looked at as many rows as a page may.
            Some(next) if all.len() < limit && status.is_none() => after = next,
            next => return Ok((all, next)),
        }
    }
    Ok((all, Some(after)))
}

/// `GET /campaigns/{id}/recipients/{reference}`.
///
/// # Errors
/// No such campaign, or no recipient with that reference.
pub async fn get(
    api: &impl Api,
    caller: &KeyRecord,
    id: &str,
    reference: &str,
) -> Result<Response, Refusal> {
    let id = known(api, caller, id).await?;
    let missing = || Refusal::Campaign(CampaignRefusal::RecipientNotFound);
    let reference = String::from_utf8(percent_decoded(reference)).map_err(|_| missing())?;
    let found = ask(api, caller.org_id, id, command::Recipient(reference)).await?;
    let found = found.map_err(refusal)?.ok_or_else(missing)?;
    Ok(Response::json(200, &view(&found)))
}

/// A campaign that the directory knows.
pub(super) async fn known(
    api: &impl Api,
    caller: &KeyRecord,
    id: &str,
) -> Result<CampaignId, Refusal> {
    let id = id.parse::<CampaignId>();
    let id = id.map_err(|_| RESOURCE.missing.clone())?;
    let question = directory::command::KnownCampaign(id);
    get_of_directory(api, caller, question, &RESOURCE).await?;
    Ok(id)
}

fn view(recipient: &Recipient) -> RecipientView {
    RecipientView::new(
        (
            recipient.reference.clone(),
            recipient.phone.as_str().to_owned(),
        ),
        recipient.status,
        &recipient.attempts,
        recipient.next_attempt_at,
        recipient.metadata.as_deref(),
    )
}

#[cfg(feature = "openapi")]
#[path = "recipients_describe.rs"]
pub(crate) mod describe;
