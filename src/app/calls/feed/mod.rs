//! `GET /events`: one ordered feed for an organisation, over all of its trunks.
//!
//! Each trunk says up to which position its part is complete; what comes before the earliest of these is complete for the
//! organisation, so one position is the cursor for all of them. A client that asks for a stream is served by the edge, which
//! repeats this request.
//!
//! Listeners wait in the directory: trunks that were asked tell it when there is more. That only says when to ask; what the
//! events are, and that they are complete, is always answered by all trunks. So a lost message delays the feed until all are
//! asked anyway ([`SELDOM`]), but loses nothing.

#[cfg(feature = "openapi")]
pub(crate) mod describe;

mod seen;

use seen::Seen;
use serde_json::Value;

use crate::app::calls::look_at_all;
use crate::app::directory::{self, By, DirectoryRefusal, Tags, Watch, WatchOutcome, Watched};
use crate::app::http::{Request, Response};
use crate::app::page::{Page, bad_cursor};
use crate::app::ports::{Api, Unavailable};
use crate::app::trunk::{FeedEvent, FeedFilter, FeedPage, KEPT, Position, TYPES, TrunkReply};
use crate::domain::access::KeyRecord;
use crate::domain::ids::TrunkTag;
use crate::domain::object::object;
use crate::domain::planted::{Fault, planted};
use crate::domain::refusal::Refusal;
use crate::domain::time::{Span, Timestamp};

/// The longest `wait_seconds`.
pub const MAX_WAIT_SECS: u64 = 30;
/// How long the directory waits for news.
const WAIT: Span = Span(5_000);
/// How soon all trunks are asked again if one of an earlier release tells the directory nothing.
const POLL: Span = Span(400);
/// All trunks are asked at least this often, whatever the directory heard: one that died before it could tell says nothing. A
/// trunk goes on telling for this long after it was asked, and an hour more.
const SELDOM: Span = Span::from_secs(2 * 3_600);
/// While one event follows another, all are asked no sooner than after this much time per trunk,
const PACE: Span = Span(4);
/// and at least this often.
const SLOWEST: Span = Span(2_000);
/// A trunk's news is held back at least this long: another object's clock may be slow, and its present earlier.
const CLOCKS: Span = Span(20);
/// How often an answer searches on past what a filter leaves out,
const LOOKS: usize = 20;
/// and for how long.
const LOOKS_FOR: Span = Span(5_000);
/// A quiet feed's cursor follows the present at this distance, so that it does not expire.
const QUIET: Span = Span(60_000);
/// An answer may arrive this long after the end of retention without being refused.
const GRACE: Span = Span(5_000);

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
            .filter(|after| after.at < now + QUIET)
            .ok_or_else(bad_cursor)?,
    };
    if after.at < oldest.at - GRACE {
        return Err(Refusal::CursorExpired(oldest.cursor()));
    }
    let filter = FeedFilter {
        after,
        only: page.any_of("type", &one_of, known)?,
        limit: page.limit,
        wait: Span(0),
        slice: None,
    };
    let (events, next) = wait_for(api, caller, filter, now + Span::from_secs(wait)).await?;
    let body = object! {"events": events, "next_cursor": next.cursor()};
    Ok(Response::json(200, &body))
}

/// Asks until there are events or the time is up, and at most [`LOOKS`] times past what a filter leaves out.
async fn wait_for(
    api: &impl Api,
    caller: &KeyRecord,
    mut filter: FeedFilter,
    deadline: Timestamp,
) -> Result<(Vec<Value>, Position), Refusal> {
    let noted = api.noted(&Seen::name(caller, &filter));
    let noted = noted.and_then(|text| Seen::read(&text));
    let (mut seen, mut looks) = (noted.unwrap_or_default(), 0);
    let looks_until = api.now() + LOOKS_FOR;
    loop {
        seen.learn(api, caller, &mut filter);
        let pause = seen.rest.min(deadline) - api.now();
        if pause > Span(0) {
            api.sleep(pause).await;
        }
        let trunks = trunks_with_news(api, caller, &seen, deadline).await?;
        let mut events = Vec::new();
        let mut is_over = deadline <= api.now();
        if let Some(trunks) = trunks {
            let present;
            let from = filter.after.at;
            (events, filter.after, present) =
                look(api, caller, &filter, &trunks, &mut seen).await?;
            if events.is_empty() && present {
                seen.teach(api, caller, &filter, from);
            }
            looks += 1;
            is_over = match present {
                true => deadline <= api.now(),
                false => looks >= LOOKS || api.now() >= looks_until,
            };
        } else if planted(Fault::SilenceTold) {
            filter.after = filter.after.max(Position::before(api.now()));
        }
        if !events.is_empty() || is_over {
            seen.note(api, caller, &filter);
            return Ok((events, filter.after));
        }
    }
}

/// The directory's epoch, all trunks, and when there were no others.
type Trunks = (u64, Vec<TrunkTag>, Timestamp);

/// Waits in the directory; `None` if there was no news.
async fn trunks_with_news(
    api: &impl Api,
    caller: &KeyRecord,
    seen: &Seen,
    deadline: Timestamp,
) -> Result<Option<Trunks>, Refusal> {
    let now = api.now();
    let watched = Watched {
        epoch: seen.epoch,
        through: match now > seen.until {
            true => Timestamp(0),
            false => seen.through,
        },
        wait: WAIT.min(deadline - now).min(seen.until + Span(1) - now),
    };
    let by = By::key(caller.key_id);
    match directory::ask(api, caller.org_id, by, Watch(watched)).await {
        Ok(Ok(WatchOutcome::Quiet)) => Ok(None),
        Ok(Ok(WatchOutcome::Watched(epoch, tags, as_of))) => Ok(Some((epoch, tags, as_of))),
        Ok(Ok(WatchOutcome::AtOnce(Tags(tags, as_of)))) => Ok(Some((0, tags, as_of))),
        Ok(Err(DirectoryRefusal::InvalidKey)) => Err(Refusal::InvalidKey),
        Ok(Err(_)) | Err(Unavailable) => Err(Refusal::TrunkUnavailable),
    }
}

/// Asks all trunks. Returns the events, the position after them, and the present, if that was reached.
async fn look(
    api: &impl Api,
    caller: &KeyRecord,
    filter: &FeedFilter,
    (epoch, tags, as_of): &Trunks,
    seen: &mut Seen,
) -> Result<(Vec<Value>, Position, bool), Refusal> {
    let began = api.now();
    let pages = ask(api, caller, filter, tags).await?;
    let last = pages.iter().filter_map(|page| page.events.last());
    let last = last.map(|event| event.place).max();
    // One of an earlier release tells the directory nothing and announces no plans.
    let planned = pages.iter().map(|page| page.next_planned);
    let planned = planned.min().unwrap_or(Some(Timestamp::MAX));
    let (events, next, present) = merge(pages, *as_of, filter);
    let trunks = u64::try_from(tags.len()).unwrap_or(u64::MAX);
    // What lies after another trunk's present is known, and will not be announced again.
    let is_held_back = present.is_some_and(|now| last >= Some(Position::start_of(now)));
    // By then that many rounds have passed in the directory alone: two requests per round on average.
    let again = Span(trunks.saturating_add(1).max(4).saturating_mul(WAIT.0)).min(SELDOM);
    let rest = match planned.filter(|_| *epoch > 0) {
        Some(_) => Span(trunks.saturating_mul(PACE.0)).clamp(CLOCKS, SLOWEST),
        None => POLL,
    };
    *seen = Seen {
        epoch: *epoch,
        through: present.unwrap_or_default(),
        until: match planned.filter(|_| !is_held_back) {
            Some(planned) => planned.min(began + again),
            None => Timestamp(0),
        },
        // There is more already.
        rest: match present {
            Some(_) => began + rest,
            None => Timestamp(0),
        },
    };
    Ok((events, next, present.is_some()))
}

/// A page of each part of all trunks.
async fn ask(
    api: &impl Api,
    caller: &KeyRecord,
    filter: &FeedFilter,
    tags: &[TrunkTag],
) -> Result<Vec<FeedPage>, Refusal> {
    look_at_all(api, caller, tags, (filter, None), |reply| match reply {
        TrunkReply::Feed(page) => Some(page),
        _ => None,
    })
    .await
}

/// The events of several trunks in one order, as far as all of them are complete, the position after them, and the present,
/// if that was reached. `as_of` is when there were no other trunks.
fn merge(
    pages: Vec<FeedPage>,
    as_of: Timestamp,
    filter: &FeedFilter,
) -> (Vec<Value>, Position, Option<Timestamp>) {
    let now = pages
        .iter()
        .map(|page| page.now)
        .fold(as_of, Timestamp::min);
    let present = Position::start_of(now);
    let through = pages
        .iter()
        .map(|page| page.through)
        .fold(present, Position::min);
    let mut events: Vec<FeedEvent> = pages.into_iter().flat_map(|page| page.events).collect();
    events.retain(|event| event.place < through);
    Position::sort(&mut events, |event| event.place);
    let is_whole = events.len() <= filter.limit;
    events.truncate(filter.limit);
    let mut next = events.last().map_or(filter.after, |event| event.place);
    if is_whole {
        // Up to there nothing is missing: not even what the filter left out is read again.
        let behind = match through == present {
            true => Position::before(now - QUIET),
            false => through.just_before(),
        };
        next = next.max(behind);
    }
    let shown = events.into_iter().map(|FeedEvent { event, .. }| event);
    let is_present = is_whole && through == present;
    (shown.collect(), next, is_present.then_some(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::CallId;
    use serde_json::json;

    /// A trunk's page: what became known at these moments, complete before `through`.
    fn page(trunk: u32, moments: &[u64], through: u64, now: u64, most: usize) -> FeedPage {
        let place = |at: &u64| Position::new(Timestamp(*at), CallId::floor_of(u64::from(trunk)));
        let events = moments.iter().map(|at| FeedEvent {
            place: place(at),
            event: json!(trunk),
        });
        let mut events: Vec<FeedEvent> = events.collect();
        let mut through = Position::start_of(Timestamp(through));
        if let Some(left_out) = events.get(most) {
            through = through.min(left_out.place);
            events.truncate(most);
        }
        FeedPage {
            events,
            through,
            now: Timestamp(now),
            goes_on: None,
            next_planned: Some(Timestamp(now + u64::from(trunk))),
        }
    }

    #[test]
    fn what_helpers_put_together_is_what_all_trunks_would_have_told() {
        let mut chance: u64 = 7;
        let mut drawn = |below: u64| {
            chance = chance
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (chance >> 33) % below
        };
        for limit in [1, 2, 5, 40] {
            for _ in 0..500 {
                let pages: Vec<FeedPage> = (0..1 + drawn(7) as u32)
                    .map(|trunk| {
                        let mut moments: Vec<u64> =
                            (0..drawn(6)).map(|_| 100 + drawn(50)).collect();
                        moments.sort_unstable();
                        moments.dedup();
                        let now = 140 + drawn(15);
                        let through = if drawn(3) == 0 { 120 + drawn(20) } else { now };
                        page(trunk, &moments, through, now, limit)
                    })
                    .collect();
                let filter = FeedFilter {
                    after: Position::start_of(Timestamp(90)),
                    only: Vec::new(),
                    limit,
                    wait: Span(0),
                    slice: None,
                };
                let parts = pages.chunks(1 + drawn(4) as usize).map(|part| {
                    let mut part = part.iter().cloned();
                    let first = part.next().expect("a page");
                    part.fold(first, |so_far, page| so_far.beside(page, limit + 1))
                });
                let parts: Vec<FeedPage> = parts.collect();
                let planned = |pages: &[FeedPage]| pages.iter().map(|page| page.next_planned).min();
                assert_eq!(planned(&parts), planned(&pages));
                let as_of = Timestamp(150);
                let whole = merge(pages, as_of, &filter);
                assert_eq!(merge(parts, as_of, &filter), whole, "limit {limit}");
            }
        }
    }
}
