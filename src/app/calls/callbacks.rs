//! Deliveries: those of calls, which live with their call, and those of test events, which live in the
//! directory. A delivery's id says which it is.

use serde_json::Value;

use crate::app::body::Body;
use crate::app::calls::among::Among;
use crate::app::calls::{AboutCall, ask_about, ask_all, ask_own, read, reader};
use crate::app::concurrent::CONNECTIONS;
use crate::app::copies::own_trunks;
use crate::app::directory::{self, AskDirectory, By};
use crate::app::http::{Request, Response};
use crate::app::json::value;
use crate::app::page::{Page, bad_cursor};
use crate::app::ports::{Api, Unavailable};
use crate::app::trunk::{DeliveryFilter, Reader, SCAN_LIMIT, Scan, admits, command};
use crate::app::views::delivery::DeliveryView;
use crate::domain::access::KeyRecord;
use crate::domain::call::Call;
use crate::domain::callback::{Delivery, DeliveryStatus};
use crate::domain::ids::{CallId, DeliveryId};
use crate::domain::refusal::Refusal;
use crate::domain::sorting::newest_first;

// For the OpenAPI document: what `list` answers.
/// A page of deliveries, newest first.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct DeliveryList {
    /// Each with its attempts so far.
    pub deliveries: Vec<DeliveryView<'static>>,
    /// Pass it as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// A delivery, and the call it belongs to; none for a test event.
struct Entry {
    call: Option<CallId>,
    delivery: Delivery,
}

impl Entry {
    fn view(&self) -> Value {
        value(&DeliveryView::of(&self.delivery, self.call))
    }
}

/// `GET /webhooks/deliveries`: newest first.
///
/// # Errors
/// A parameter that is unknown or has no such value.
pub async fn list(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let mut page = Page::read(request, &["status", "call_id"])?;
    let among = Among::read(&mut page)?;
    let status = page.any_of(
        "status",
        "one of pending, delivered, exhausted",
        read_status,
    )?;
    let before = page
        .after
        .as_deref()
        .map(|text| DeliveryId::verify(text, &api.secrets().id_key).ok_or_else(bad_cursor));
    let before = before.transpose()?;
    let (entries, until) = match page.filter("call_id") {
        Some(call) => (of_call(api, caller, call, &status, before).await?, None),
        None => of_all(api, caller, among, status, before, page.limit + 1).await?,
    };
    Ok(Response::json(
        200,
        &page.answer(
            "deliveries",
            entries,
            until,
            |entry| entry.delivery.id.to_string(),
            Entry::view,
        ),
    ))
}

fn read_status(text: &str) -> Option<DeliveryStatus> {
    crate::app::json::from_value(&Value::from(text)).ok()
}

/// A call's one delivery, if it has one yet; `None` for an id that names no call of ours.
async fn of_call(
    api: &impl Api,
    caller: &KeyRecord,
    call: &str,
    status: &[DeliveryStatus],
    before: Option<DeliveryId>,
) -> Result<Vec<Entry>, Refusal> {
    let call = match ask_about(api, caller, call, read).await {
        Err(Refusal::CallNotFound) => return Ok(Vec::new()),
        call => call?,
    };
    let admits = |entry: &Entry| {
        before.is_none_or(|before| entry.delivery.id.address() < before.address())
            && admits(status, entry.delivery.status)
    };
    Ok(entry(call).into_iter().filter(admits).collect())
}

async fn of_all(
    api: &impl Api,
    caller: &KeyRecord,
    mut among: Among,
    status: Vec<DeliveryStatus>,
    before: Option<DeliveryId>,
    limit: usize,
) -> Result<(Vec<Entry>, Option<String>), Refusal> {
    let trunks = own_trunks(api, caller).await?;
    let asked = among.whom(trunks, None, api.settings().trunks_at_once);
    let below = before.map(|before| CallId::mint(before.address(), &api.secrets().id_key));
    let filter = DeliveryFilter {
        status: status.clone(),
        before: below,
        limit,
        scan_limit: SCAN_LIMIT,
    };
    let command = command::Deliveries(reader(caller), filter);
    let mut found = Vec::new();
    ask_all(api, CONNECTIONS, &asked, command, |page| {
        found.push(page);
        Ok(())
    })
    .await?;
    let Scan { calls, until } = among.conclude(found, limit);
    if among.goes_on.is_some() {
        return Ok((Vec::new(), among.goes_on));
    }
    let tests = directory::command::Deliveries {
        status,
        before,
        limit,
    };
    let tests = directory::ask(api, caller.org_id, By::PLATFORM, tests).await;
    let Ok(Ok(tests)) = tests else {
        return Err(Refusal::TrunkUnavailable);
    };
    let tests = tests.into_iter().map(|delivery| Entry {
        call: None,
        delivery,
    });
    let until = until.map(|call| call.delivery(&api.secrets().id_key));
    let mut entries: Vec<Entry> = calls.into_iter().filter_map(entry).chain(tests).collect();
    entries
        .retain(|entry| until.is_none_or(|until| entry.delivery.id.address() >= until.address()));
    newest_first(&mut entries, |entry| entry.delivery.id.number());
    entries.truncate(limit);
    Ok((entries, until.map(|id| id.to_string())))
}

fn entry(call: Call) -> Option<Entry> {
    Some(Entry {
        call: Some(call.id),
        delivery: call.callback?,
    })
}

/// `GET /webhooks/deliveries/{id}`.
///
/// # Errors
/// No such delivery.
pub async fn get(api: &impl Api, caller: &KeyRecord, delivery: &str) -> Result<Response, Refusal> {
    let found = ask_holder(api, caller, delivery, read, directory::command::Delivery).await?;
    Ok(Response::json(200, &found.view()))
}

/// `POST /webhooks/deliveries/{id}/redeliver`: one attempt now, whatever the status.
///
/// # Errors
/// No such delivery.
pub async fn redeliver(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    delivery: &str,
) -> Result<Response, Refusal> {
    Body::none(request)?;
    let on_trunk = |reader, id| AboutCall::of(command::Redeliver(reader, id));
    let in_directory = directory::command::Redeliver;
    let found = ask_holder(api, caller, delivery, on_trunk, in_directory).await?;
    Ok(Response::json(202, &found.view()))
}

/// Sends a command to whichever object holds a delivery.
async fn ask_holder<C: AskDirectory<Told = Delivery>>(
    api: &impl Api,
    caller: &KeyRecord,
    delivery: &str,
    on_trunk: fn(Reader, CallId) -> AboutCall,
    in_directory: fn(DeliveryId) -> C,
) -> Result<Entry, Refusal> {
    let key = &api.secrets().id_key;
    let id = DeliveryId::verify(delivery, key).ok_or(Refusal::DeliveryNotFound)?;
    let Some(call) = id.call(key) else {
        let asked = directory::ask(api, caller.org_id, By::PLATFORM, in_directory(id));
        return match asked.await {
            Ok(Ok(delivery)) => Ok(Entry {
                call: None,
                delivery,
            }),
            Ok(Err(_)) => Err(Refusal::DeliveryNotFound),
            Err(Unavailable) => Err(Refusal::TrunkUnavailable),
        };
    };
    match ask_own(api, caller, call, on_trunk).await {
        Ok(call) => entry(call).ok_or(Refusal::DeliveryNotFound),
        Err(Refusal::CallNotFound) => Err(Refusal::DeliveryNotFound),
        Err(refusal) => Err(refusal),
    }
}

#[cfg(feature = "openapi")]
pub(crate) mod describe {
    //! The OpenAPI description of them.

    use serde_json::json;

    use super::DeliveryList;
    use crate::app::description::examples;
    use crate::app::description::reference::{any_of, filter};
    use crate::app::description::refusals::must;
    use crate::app::description::{Description, answer, ok};
    use crate::app::views::delivery::DeliveryView;
    use crate::domain::refusal::Refusal;

    const TAG: &str = "Webhooks";

    pub fn list() -> Description {
        let example = examples::page("deliveries", examples::delivery());
        let of_call = filter(
            "call_id",
            "Only this call's delivery; none if the id is not that of one of your calls.",
            json!({"type": "string"}),
        );
        Description::new(
            TAG,
            "List deliveries",
            "Callbacks and test events, newest first. As with List calls, a page may hold fewer than `limit` and still \
            have a `next_cursor`.",
            ok::<DeliveryList>("A page of deliveries.", example),
        )
        .paged()
        .query([
            any_of(
                "status",
                "Only deliveries with this status.",
                "DeliveryStatus",
            ),
            of_call,
        ])
        .refuses([
            must("status", "one of pending, delivered, exhausted"),
            Refusal::TrunkUnavailable,
        ])
    }

    pub fn get() -> Description {
        Description::new(
            TAG,
            "Get a delivery",
            "One delivery, with its attempts.",
            ok::<DeliveryView<'static>>("The delivery.", examples::delivery()),
        )
        .refuses([Refusal::DeliveryNotFound, Refusal::TrunkUnavailable])
    }

    pub fn redeliver() -> Description {
        Description::new(
            TAG,
            "Deliver again",
            "Makes one more attempt now, whatever the delivery's status, with the same id and body.",
            answer::<DeliveryView<'static>>(202, "The attempt is due.", examples::delivery()),
        )
        .no_fields()
        .refuses([Refusal::DeliveryNotFound, Refusal::TrunkUnavailable])
    }
}
