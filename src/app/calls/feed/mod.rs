//! `GET /events`: one ordered feed of an organisation, over all of its trunks. Which they are is asked of the directory: a
//! copy may not know of the newest yet.
//!
//! Each trunk tells up to where its part is complete; what lies before the nearest of these places is complete for the
//! organisation, so one place is the cursor for all of them. A client that asks for a stream is served by the edge, which
//! asks here again and again.

#[cfg(feature = "openapi")]
pub(crate) mod describe;

use serde_json::Value;

use crate::app::calls::{ask_until, reader};
use crate::app::directory::{Denied, DirectoryCommand, DirectoryReply};
use crate::app::http::{Request, Response};
use crate::app::page::{Page, bad_cursor};
use crate::app::ports::{Api, Unavailable};
use crate::app::trunk::{
    FeedEvent, FeedFilter, FeedPage, KEPT, Position, TYPES, TrunkCommand, TrunkReply,
};
use crate::domain::access::KeyRecord;
use crate::domain::ids::TrunkTag;
use crate::domain::object::object;
use crate::domain::refusal::Refusal;
use crate::domain::time::Millis;

/// The longest `wait_seconds`.
pub const MAX_WAIT_SECS: u64 = 30;
/// How long the trunks' objects are left to wait for news, before the directory is asked again which they are.
const WAIT: Millis = Millis(5_000);
/// How long a trunk's news rest that lie behind another's present: the clock of that other's object is late.
const CLOCKS: Millis = Millis(20);
/// How often an answer looks further through what a filter leaves out.
const LOOKS: usize = 20;
/// A quiet feed's cursor follows the present at this distance, so that it does not grow old.
const QUIET: Millis = Millis(60_000);
/// An answer may come so long after the end of retention without being refused.
const GRACE: Millis = Millis(5_000);

/// `GET /events`.
///
/// # Errors
/// A parameter that is unknown or has no such value; 410 when the cursor is older than the feed is kept.
pub async fn events(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let page = Page::read(request, &["after", "wait_seconds", "type"])?;
    if page.after.is_some() {
        return Err(Refusal::UnknownParameter("cursor".into()));
    }
    let what = format!("a number from 0 to {MAX_WAIT_SECS}");
    let digits = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = |text: &str| {
        let secs = Some(text).filter(digits)?.parse().ok()?;
        (secs <= MAX_WAIT_SECS).then_some(secs)
    };
    let wait = page.parsed("wait_seconds", &what, seconds)?.unwrap_or(0);
    let one_of = format!("one of {}", TYPES.join(", "));
    let known = |text: &str| TYPES.contains(&text).then(|| text.to_owned());
    let now = api.now();
    let oldest = Position::before(now - KEPT);
    let after = match page.filter("after") {
        None => oldest,
        Some("latest") => Position::before(now),
        Some(text) => Position::read(text)
            .filter(|after| after.0 < now + QUIET)
            .ok_or_else(bad_cursor)?,
    };
    if after.0 < oldest.0 - GRACE {
        return Err(Refusal::CursorExpired(oldest.cursor()));
    }
    let filter = FeedFilter {
        after,
        only: page.any_of("type", &one_of, known)?,
        limit: page.limit,
        wait: Millis(0),
        slice: None,
    };
    let (events, next) = wait_for(api, caller, filter, now + Millis::from_secs(wait)).await?;
    let body = object! {"events": events, "next_cursor": next.cursor()};
    Ok(Response::json(200, &body))
}

/// Asks until there are events or the time is over; not without end through what a filter leaves out.
async fn wait_for(
    api: &impl Api,
    caller: &KeyRecord,
    mut filter: FeedFilter,
    deadline: Millis,
) -> Result<(Vec<Value>, Position), Refusal> {
    let (mut looks, mut has_news) = (0, true);
    loop {
        let command = DirectoryCommand::tags(caller.key_id);
        let (trunks, as_of) = match api.directory(caller.org_id, &command).await {
            Ok(DirectoryReply::Tags(tags, as_of)) => (tags, as_of),
            Ok(DirectoryReply::Refused(Denied::InvalidKey)) => return Err(Refusal::InvalidKey),
            Ok(_) | Err(Unavailable) => return Err(Refusal::DialerUnavailable),
        };
        let left = deadline - api.now();
        // Of several trunks those wait that know of no news from any: whoever has some has it told at once.
        filter.wait = match trunks.len() > 1 && has_news {
            true => Millis(0),
            false => left.min(WAIT),
        };
        if trunks.is_empty() {
            api.sleep(filter.wait).await;
        }
        let Some(pages) = ask_pages(api, caller, &filter, &trunks).await? else {
            has_news = true;
            continue;
        };
        has_news = pages.iter().any(|page| !page.is_quiet());
        let (events, next, is_present) = merge(pages, as_of, &filter);
        looks += 1;
        let is_over = match is_present {
            true => left == Millis(0),
            false => looks >= LOOKS,
        };
        if !events.is_empty() || is_over {
            return Ok((events, next));
        }
        if has_news && is_present {
            api.sleep(left.min(CLOCKS)).await;
        }
        filter.after = next;
    }
}

/// The pages of all trunks; none when one had news while others still waited.
async fn ask_pages(
    api: &impl Api,
    caller: &KeyRecord,
    filter: &FeedFilter,
    trunks: &[TrunkTag],
) -> Result<Option<Vec<FeedPage>>, Refusal> {
    let command = TrunkCommand::Feed(reader(caller), filter.clone());
    let has_news = |reply: &TrunkReply| filter.wait > Millis(0) && !reply.is_quiet();
    let replies = ask_until(api, trunks, &command, has_news).await?;
    if replies.len() < trunks.len() {
        return Ok(None);
    }
    let pages = replies.into_iter().map(|reply| match reply {
        TrunkReply::Feed(page) => Ok(page),
        _ => Err(Refusal::DialerUnavailable),
    });
    pages.collect::<Result<_, _>>().map(Some)
}

/// The events of several trunks in one order, as far as all of them are complete, the place behind them, and whether that
/// is the present. `as_of` is when there were no other trunks.
fn merge(pages: Vec<FeedPage>, as_of: Millis, filter: &FeedFilter) -> (Vec<Value>, Position, bool) {
    let now = pages.iter().map(|page| page.now).fold(as_of, Millis::min);
    let present = Position::start_of(now);
    let through = pages
        .iter()
        .map(|page| page.through)
        .fold(present, Position::min);
    let mut events: Vec<FeedEvent> = pages.into_iter().flat_map(|page| page.events).collect();
    events.retain(|event| event.0 < through);
    Position::sort(&mut events, |event| event.0);
    let is_whole = events.len() <= filter.limit;
    events.truncate(filter.limit);
    let mut next = events.last().map_or(filter.after, |event| event.0);
    if is_whole {
        // Up to there nothing was left out: not even what the filter left out is looked at again.
        let behind = if through == present {
            now - QUIET
        } else {
            through.0
        };
        next = next.max(Position::before(behind));
    }
    let shown = events.into_iter().map(|FeedEvent(_, event)| event);
    (shown.collect(), next, is_whole && through == present)
}
