//! `GET /events`: one ordered feed of an organisation, over all of its trunks. Which they are is asked of the directory: a
//! copy may not know of the newest yet.
//!
//! Each trunk tells up to where its part is complete; what lies before the nearest of these places is complete for the
//! organisation, so one place is the cursor for all of them. A client that asks for a stream is served by the edge, which
//! asks here again and again.

use serde_json::{Value, json};

use crate::app::calls::{ask_all, reader};
use crate::app::directory::{Denied, DirectoryCommand, DirectoryReply};
use crate::app::http::{Request, Response};
use crate::app::page::{Page, bad_cursor};
use crate::app::ports::{Api, Unavailable};
use crate::app::trunk::{
    FeedEvent, FeedFilter, FeedPage, KEPT, Position, TYPES, TrunkCommand, TrunkReply,
};
use crate::domain::access::KeyRecord;
use crate::domain::refusal::Refusal;
use crate::domain::time::Millis;

/// The longest `wait_seconds`.
pub const MAX_WAIT_SECS: u64 = 30;
/// How long the object of a single trunk is left to wait.
const WAIT_ALONE: Millis = Millis(5_000);
/// How long each waits where there are several: the first to have news waits for the others.
const WAIT_TOGETHER: Millis = Millis(400);
/// How often an answer that is due looks further through what a filter leaves out.
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
    };
    let (events, next) = wait_for(api, caller, filter, now + Millis::from_secs(wait)).await?;
    let body = json!({"events": events, "next_cursor": next.cursor()});
    Ok(Response::json(200, &body))
}

/// Asks until there are events or the time is over.
async fn wait_for(
    api: &impl Api,
    caller: &KeyRecord,
    mut filter: FeedFilter,
    deadline: Millis,
) -> Result<(Vec<Value>, Position), Refusal> {
    let mut looks = 0;
    loop {
        let command = DirectoryCommand::tags(caller.key_id);
        let (trunks, as_of) = match api.directory(caller.org_id, &command).await {
            Ok(DirectoryReply::Tags(tags, as_of)) => (tags, as_of),
            Ok(DirectoryReply::Refused(Denied::InvalidKey)) => return Err(Refusal::InvalidKey),
            Ok(_) | Err(Unavailable) => return Err(Refusal::DialerUnavailable),
        };
        let longest = match trunks.len() {
            1 => WAIT_ALONE,
            _ => WAIT_TOGETHER,
        };
        let left = deadline - api.now();
        filter.wait = left.min(longest);
        if trunks.is_empty() {
            api.sleep(filter.wait).await;
        }
        let command = TrunkCommand::Feed(reader(caller), filter.clone());
        let mut pages = Vec::new();
        for reply in ask_all(api, trunks.len(), &trunks, &command).await? {
            let TrunkReply::Feed(page) = reply else {
                return Err(Refusal::DialerUnavailable);
            };
            pages.push(page);
        }
        let (events, next, is_present) = merge(pages, as_of, &filter);
        looks += 1;
        let is_over = left == Millis(0) && (is_present || looks == LOOKS);
        if !events.is_empty() || is_over {
            return Ok((events, next));
        }
        filter.after = next;
    }
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
        // Up to there nothing was left out: not even what the filter asked away is looked at again.
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
