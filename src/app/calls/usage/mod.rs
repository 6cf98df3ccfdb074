//! `GET /usage`: what an organisation's calls add up to, over all trunks, including deleted ones.

#[cfg(feature = "openapi")]
pub(crate) mod describe;

use serde_json::{Map, Value};

use crate::app::calls::look_at_all;
use crate::app::copies::{own_trunks, trunks_of};
use crate::app::http::{Request, Response};
use crate::app::page::{check_names, read_time};
use crate::app::ports::Api;
use crate::app::records::TrunkRecord;
use crate::app::trunk::{
    FeedFilter, Position, Sums, TrunkReply, USAGE_SCAN, UsageFilter, add_usage,
};
use crate::domain::access::KeyRecord;
use crate::domain::call::FailureCode;
use crate::domain::ids::{OrgId, TrunkTag};
use crate::domain::object::object;
use crate::domain::refusal::Refusal;
use crate::domain::time::{Span, Timestamp};
use crate::domain::usage::{GroupBy, Hour, Tally};

/// The longest period of one request.
const LONGEST: Span = Span::from_secs(31 * 86_400);
const KNOWN: [&str; 3] = ["from", "to", "group_by"];
const SPAN: &str = "to must be after from, by at most 31 days";

/// `GET /usage`.
///
/// # Errors
/// A parameter that is missing or invalid; a trunk that can't be reached.
pub async fn usage(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let filter = filter(request)?;
    let trunks = own_trunks(api, caller).await?;
    answer(api, caller, &filter, &trunks).await
}

/// The same for the operator, for any organisation.
///
/// # Errors
/// As above.
pub async fn usage_of(api: &impl Api, org: OrgId, request: &Request) -> Result<Response, Refusal> {
    let filter = filter(request)?;
    let trunks = trunks_of(api, org).await?;
    answer(api, &KeyRecord::of_the_operator(org), &filter, &trunks).await
}

async fn answer(
    api: &impl Api,
    caller: &KeyRecord,
    filter: &UsageFilter,
    trunks: &[TrunkRecord],
) -> Result<Response, Refusal> {
    let tags: Vec<TrunkTag> = trunks.iter().map(|trunk| trunk.id.tag()).collect();
    let mut all = Sums::new();
    for sums in ask(api, caller, filter, &tags).await? {
        for (key, tally) in sums {
            add_usage(&mut all, key, &tally);
        }
    }
    let rows = all.iter().filter(|(_, tally)| tally.calls > 0);
    let rows: Vec<Value> = rows.map(|(key, tally)| row(key, tally)).collect();
    Ok(Response::json(200, &object! {"rows": rows}))
}

fn filter(request: &Request) -> Result<UsageFilter, Refusal> {
    let given = request.parameters();
    check_names(&given, |name| KNOWN.contains(&name))?;
    let value = |name: &str| {
        let mut values = given.iter().filter(|(known, _)| known == name);
        let missing = || Refusal::Invalid(format!("{name} is required"));
        values
            .next()
            .map(|(_, value)| value.as_str())
            .ok_or_else(missing)
    };
    let time = |name: &str| read_time(name, value(name)?);
    let (starts_at, ends_at) = (time("from")?, time("to")?);
    // A call belongs to a whole hour: these are all the hours that the period touches.
    let (from, last) = (Hour::of(starts_at), Hour::of(ends_at));
    let to = match last.start() < ends_at {
        true => last.next(),
        false => last,
    };
    let by = GroupBy::parse(value("group_by")?);
    let by = by.ok_or_else(|| Refusal::Invalid(format!("group_by must be {}", groups())))?;
    if ends_at <= starts_at || ends_at - starts_at > LONGEST {
        return Err(Refusal::Invalid(SPAN.into()));
    }
    Ok(UsageFilter {
        from,
        to,
        by,
        scan_limit: USAGE_SCAN,
        so_far: None,
    })
}

fn groups() -> String {
    let names = GroupBy::ALL.map(|(_, name)| name);
    format!("one of {}", names.join(", "))
}

/// The sums of each part of all trunks.
async fn ask(
    api: &impl Api,
    caller: &KeyRecord,
    filter: &UsageFilter,
    tags: &[TrunkTag],
) -> Result<Vec<Sums>, Refusal> {
    let wanted = (&no_feed(api.now()), Some(filter));
    look_at_all(api, caller, tags, wanted, |reply| match reply {
        TrunkReply::Usage(told) => Some(told.sums),
        _ => None,
    })
    .await
}

/// The feed is not asked for.
fn no_feed(now: Timestamp) -> FeedFilter {
    FeedFilter {
        after: Position::before(now),
        only: Vec::new(),
        limit: 0,
        wait: Span(0),
        slice: None,
    }
}

fn row(key: &Option<String>, tally: &Tally) -> Value {
    let mut failed = Map::new();
    for (code, name) in FailureCode::ALL {
        let mut counts = tally.failed.iter().filter(|(known, _)| *known == code);
        if let Some((_, count)) = counts.next() {
            failed.insert(name.to_owned(), (*count).into());
        }
    }
    object! {
        "key": key.as_deref(),
        "calls": tally.calls,
        "answered": tally.answered,
        "completed": tally.completed,
        "declined": tally.declined,
        "failed": Value::Object(failed),
        "rejected": tally.rejected,
        "talk_seconds": tally.talk_seconds,
        "callbacks": object! {"delivered": tally.delivered, "exhausted": tally.exhausted},
    }
}
