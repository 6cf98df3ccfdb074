//! The parts of an export, a piece at a time. The key is checked for each: a revoked one is sent nothing more.

use serde::Serialize;
use serde_json::Value;

use super::Place;
use crate::app::calls::usage;
use crate::app::contacts::{ContactsCommand, ContactsReply, Place as NumberPlace};
use crate::app::copies::own_trunks;
use crate::app::directory::{AgentsAfter, By, OrgCard, command};
use crate::app::http::{Request, Response};
use crate::app::iso8601;
use crate::app::json::{self, value};
use crate::app::manage::campaigns::{self, recipients};
use crate::app::manage::suppressions::SuppressionView;
use crate::app::manage::{agents, audit, erasures, keys, settings, trunks};
use crate::app::page::bad_cursor;
use crate::app::ports::Api;
use crate::app::records::TrunkRecord;
use crate::app::suppressing::ask_directory;
use crate::app::trunk::{self, CallFilter, Reader, SCAN_LIMIT};
use crate::app::views::delivery::DeliveryView;
use crate::app::views::export::line;
use crate::app::views::manage::TrunkDetail;
use crate::app::views::orgs::OrganisationView;
use crate::domain::access::KeyRecord;
use crate::domain::contacts::{Number, Shard};
use crate::domain::ids::{DeliveryId, TrunkTag};
use crate::domain::json_text::{field, items};
use crate::domain::object::object;
use crate::domain::refusal::Refusal;
use crate::domain::sorting::oldest_first;
use crate::domain::time::{Span, Timestamp};
use crate::domain::to_json::to_json;

/// How many parts there are.
pub const COUNT: usize = 11;

/// How many items are requested one by one for a piece.
const FEW: usize = 20;
/// How many things a page of a list has.
const PAGE: usize = 100;
/// How many of small items.
const MANY: usize = 500;
/// A piece is sent when it has reached this many bytes, or this many objects were asked.
const FULL: usize = 524_288;
const ASKED: usize = 50;
/// The most trunks asked for their sums: others ask the rest.
const TRUNKS: usize = 400;
/// Sums of calls are requested for this many days at a time.
const WINDOW: Span = Span::from_secs(31 * 86_400);
const DAY: u64 = 86_400_000;

/// Some lines, what they cost in requests to objects, and where the part continues; `None` when it is over.
#[derive(Default)]
pub struct Piece {
    pub lines: String,
    pub cost: usize,
    pub next: Option<(String, String)>,
}

impl Piece {
    fn add(&mut self, kind: &str, item: &impl Serialize) {
        self.lines += &line(kind, &to_json(item).unwrap_or_default());
    }

    /// Continues there in the list.
    fn from(mut self, outer: Option<String>) -> Self {
        self.next = outer.map(|outer| (outer, String::new()));
        self
    }

    fn costing(cost: usize) -> Self {
        Self {
            cost,
            ..Self::default()
        }
    }

    fn is_full(&self) -> bool {
        self.lines.len() >= FULL || self.cost >= ASKED
    }

    /// The items of a page that a list's route answered, and where it continues.
    fn page(kind: &str, name: &str, cost: usize, told: &Response) -> Self {
        let body = text(told);
        let mut piece = Self::costing(cost);
        for item in items(field(&body, name).unwrap_or_default()) {
            piece.lines += &line(kind, item);
        }
        let next = field(&body, "next_cursor").and_then(|next| json::read::<String>(next).ok());
        piece.from(next)
    }
}

/// The next piece.
///
/// # Errors
/// An object can't be reached; the key was revoked; a place that does not exist.
pub async fn piece(api: &impl Api, caller: &KeyRecord, place: &Place) -> Result<Piece, Refusal> {
    let outer = place.outer.as_str();
    match place.part {
        0 => first(api, caller).await,
        1 => some_agents(api, caller, outer).await,
        2 => some_trunks(api, caller, outer).await,
        3 => {
            let told = keys::list(api, caller, &asks(PAGE, outer)).await?;
            Ok(Piece::page("api_key", "api_keys", 1, &told))
        }
        4 => numbers(api, caller, place).await,
        5 => people(api, caller, place).await,
        6 => calls(api, caller, place).await,
        7 => test_deliveries(api, caller, outer).await,
        8 => sums(api, caller, outer).await,
        9 => {
            let told = erasures::list(api, caller, &asks(PAGE, outer)).await?;
            Ok(Piece::page("erasure", "erasures", 1, &told))
        }
        10 => {
            let told = audit::list(api, caller, &asks(PAGE, outer)).await?;
            Ok(Piece::page("audit_entry", "entries", 1, &told))
        }
        _ => Ok(Piece::default()),
    }
}

/// A request for a page of a list.
fn asks(limit: usize, cursor: &str) -> Request {
    let query = match cursor {
        "" => format!("limit={limit}"),
        cursor => format!("limit={limit}&cursor={cursor}"),
    };
    Request {
        query,
        ..Request::default()
    }
}

fn text(response: &Response) -> String {
    String::from_utf8_lossy(&response.body).into_owned()
}

async fn card(api: &impl Api, caller: &KeyRecord) -> Result<OrgCard, Refusal> {
    let by = By::key(caller.key_id);
    ask_directory(api, caller.org_id, by, command::Org).await
}

async fn first(api: &impl Api, caller: &KeyRecord) -> Result<Piece, Refusal> {
    let mut piece = Piece::costing(3);
    let card = card(api, caller).await?;
    piece.add("organisation", &OrganisationView::from(&card));
    let settings = settings::get(api, caller).await?;
    piece.lines += &line("settings", &text(&settings));
    Ok(piece)
}

/// The next agents, complete with their scripts.
async fn some_agents(api: &impl Api, caller: &KeyRecord, after: &str) -> Result<Piece, Refusal> {
    let after = match after.split_once('/') {
        Some((at, id)) => {
            let at = at.parse().map_err(|_| bad_cursor())?;
            Some((Timestamp(at), id.parse().map_err(|_| bad_cursor())?))
        }
        None => None,
    };
    let question = AgentsAfter {
        after,
        inactive: true,
        whole: true,
    };
    let (slice, next) = agents::slice(api, caller.org_id, caller.key_id, &question).await?;
    let mut piece = Piece::costing(1);
    for agent in items(&format!("[{slice}]")) {
        // An object of the previous release tells no more than lists do.
        field(agent, "script").ok_or(Refusal::DirectoryUnavailable)?;
        piece.lines += &line("agent", agent);
    }
    let next = next.and_then(|next| next.after);
    Ok(piece.from(next.map(|(at, id)| format!("{}/{id}", at.0))))
}

/// All trunks after this one, including deleted ones, in an order that never changes.
async fn trunks_after(
    api: &impl Api,
    caller: &KeyRecord,
    after: &str,
) -> Result<Vec<TrunkRecord>, Refusal> {
    let after = match after {
        "" => None,
        tag => Some(read_tag(tag)?),
    };
    let mut trunks = own_trunks(api, caller).await?;
    trunks.retain(|trunk| after.is_none_or(|after| trunk.id.tag() > after));
    oldest_first(&mut trunks, |trunk| u128::from(trunk.id.tag().0));
    Ok(trunks)
}

fn read_tag(text: &str) -> Result<TrunkTag, Refusal> {
    let tag = u32::from_str_radix(text, 16).map_err(|_| bad_cursor())?;
    Ok(TrunkTag(tag))
}

/// The next trunks, without their carriers' secrets.
async fn some_trunks(api: &impl Api, caller: &KeyRecord, after: &str) -> Result<Piece, Refusal> {
    let mut known = trunks_after(api, caller, after).await?;
    known.retain(|trunk| !trunk.deleted);
    let mut piece = Piece::costing(1 + known.len().min(FEW));
    for trunk in known.iter().take(FEW) {
        match trunks::find(api, caller, &trunk.id.to_string()).await {
            Ok(trunk) => piece.add("sip_trunk", &TrunkDetail::from(&trunk)),
            // It was deleted a moment ago.
            Err(Refusal::TrunkNotFound) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    let last = known.get(FEW - 1).filter(|_| known.len() > FEW);
    Ok(piece.from(last.map(|trunk| trunk.id.tag().to_string())))
}

/// The next suppressed numbers, shard by shard, in each shard's order.
async fn numbers(api: &impl Api, caller: &KeyRecord, place: &Place) -> Result<Piece, Refusal> {
    // Checks that the key is still valid.
    card(api, caller).await?;
    let shard: usize = match place.outer.as_str() {
        "" => 0,
        shard => shard.parse().map_err(|_| bad_cursor())?,
    };
    let mut piece = Piece::costing(2);
    let Some(asked) = Shard::all().nth(shard) else {
        return Ok(piece);
    };
    let before = match place.inner.split_once('/') {
        Some((at, number)) => {
            let at = Timestamp(at.parse().map_err(|_| bad_cursor())?);
            let place: NumberPlace = (at, Number(number.parse().map_err(|_| bad_cursor())?));
            Some(place)
        }
        None => None,
    };
    let limit = MANY;
    let question = ContactsCommand::Page {
        before,
        limit,
        in_parts: true,
    };
    let told = api.contacts(caller.org_id, asked, &question).await;
    let (rows, until) = match told {
        Ok(ContactsReply::Page(rows, until)) => (rows, until),
        Ok(ContactsReply::Suppressions(rows)) => (rows, None),
        _ => return Err(Refusal::DirectoryUnavailable),
    };
    for row in &rows {
        piece.add("suppression", &SuppressionView::from(row));
    }
    let last = rows.last().filter(|_| rows.len() >= limit);
    let last = last.map(|row| (row.created_at, row.number()));
    piece.next = match last.or(until) {
        Some((at, number)) => Some((shard.to_string(), format!("{}/{}", at.0, number.0))),
        None => Some(((shard + 1).to_string(), String::new())),
    };
    Ok(piece)
}

/// The next campaign with its first recipients, or its next recipients. While one is being sent, `outer` is where the list
/// of campaigns continues after it.
async fn people(api: &impl Api, caller: &KeyRecord, place: &Place) -> Result<Piece, Refusal> {
    const LAST: &str = "-";
    let mut piece = Piece::costing(4);
    let (outer, id, after) = match place.inner.split_once('/') {
        Some((id, after)) => {
            let after = after.parse().map_err(|_| bad_cursor())?;
            (place.outer.clone(), id.to_owned(), after)
        }
        None if place.outer == LAST => return Ok(Piece::default()),
        None => {
            let told = campaigns::list(api, caller, &asks(1, &place.outer)).await?;
            let page = Piece::page("campaign", "campaigns", 2, &told);
            let outer = page.next.map_or(LAST.to_owned(), |(outer, _)| outer);
            let body: Value = json::read(page.lines.trim_end()).unwrap_or_default();
            piece.lines = page.lines;
            match body.pointer("/data/id").and_then(Value::as_str) {
                Some(id) => (outer, id.to_owned(), 0),
                // It is being deleted, or does not exist.
                None => return Ok(piece.from(Some(outer))),
            }
        }
    };
    let (recipients, next) = match recipients::some(api, caller, &id, after, MANY).await {
        Err(refusal) if refusal.status() == 404 => (Vec::new(), None),
        told => told?,
    };
    for recipient in recipients {
        let data = object! {"campaign_id": id.as_str(), "recipient": recipient};
        piece.add("recipient", &data);
    }
    let inner = next.map_or_else(String::new, |after| format!("{id}/{after}"));
    piece.next = Some((outer, inner));
    Ok(piece)
}

/// The next calls of a trunk, and of those after it: `outer` is the last trunk that was sent completely, `inner` the position
/// in the next one.
async fn calls(api: &impl Api, caller: &KeyRecord, place: &Place) -> Result<Piece, Refusal> {
    let mut trunks = trunks_after(api, caller, &place.outer).await?;
    let (from, mut before) = match place.inner.split_once('/') {
        Some((tag, id)) => (
            Some(read_tag(tag)?),
            Some(id.parse().map_err(|_| bad_cursor())?),
        ),
        None => (None, None),
    };
    trunks.retain(|trunk| !trunk.holds_no_calls && from.is_none_or(|from| trunk.id.tag() >= from));
    let reader = Reader {
        org: caller.org_id,
        key: caller.key_id,
        good_until: None,
    };
    let mut piece = Piece::costing(1);
    for trunk in trunks {
        let tag = trunk.id.tag();
        let mut from = before.take();
        loop {
            let filter = CallFilter {
                before: from,
                limit: PAGE,
                scan_limit: SCAN_LIMIT,
                ..CallFilter::default()
            };
            let told = trunk::ask(api, tag, trunk::command::Whole(reader, filter)).await;
            let told = told.map_err(|_| Refusal::TrunkUnavailable)??;
            piece.cost += 1;
            for call in &told.calls {
                piece.lines += &call.item;
            }
            let last = told.calls.last().filter(|_| told.calls.len() >= PAGE);
            from = told.until.or(last.map(|call| call.id));
            let Some(before) = from else { break };
            if piece.is_full() {
                piece.next = Some((place.outer.clone(), format!("{tag}/{before}")));
                return Ok(piece);
            }
        }
        if piece.is_full() {
            return Ok(piece.from(Some(tag.to_string())));
        }
    }
    Ok(piece)
}

/// The next deliveries that belong to no call.
async fn test_deliveries(
    api: &impl Api,
    caller: &KeyRecord,
    after: &str,
) -> Result<Piece, Refusal> {
    let before = match after {
        "" => None,
        id => Some(DeliveryId::verify(id, &api.secrets().id_key).ok_or_else(bad_cursor)?),
    };
    let question = command::Deliveries {
        status: Vec::new(),
        before,
        limit: PAGE,
    };
    let by = By::key(caller.key_id);
    let told = ask_directory(api, caller.org_id, by, question).await?;
    let mut piece = Piece::costing(1);
    for delivery in &told {
        piece.add("delivery", &value(&DeliveryView::of(delivery, None)));
    }
    let last = told.last().filter(|_| told.len() >= PAGE);
    Ok(piece.from(last.map(|delivery| delivery.id.to_string())))
}

/// Sums of calls by day, for the next month.
async fn sums(api: &impl Api, caller: &KeyRecord, from: &str) -> Result<Piece, Refusal> {
    let card = card(api, caller).await?;
    let from = match from {
        "" => Timestamp(card.created_at.0 / DAY * DAY),
        from => Timestamp(from.parse().map_err(|_| bad_cursor())?),
    };
    let tomorrow = Timestamp((api.now().0 / DAY + 1) * DAY);
    if from >= tomorrow {
        return Ok(Piece::costing(1));
    }
    let to = tomorrow.min(from + WINDOW);
    let [first, last] = [from, to].map(iso8601::format);
    let request = Request {
        query: format!("from={first}&to={last}&group_by=day"),
        ..Request::default()
    };
    let told = usage::usage(api, caller, &request).await?;
    let piece = Piece::page("usage", "rows", 2 + card.trunks.min(TRUNKS), &told);
    Ok(piece.from(Some(to.0.to_string())))
}
