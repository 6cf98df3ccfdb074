//! Who would be called, before anybody is.

use serde::Serialize;

use super::{ask, find, refusal};
use crate::app::campaign::{People, command};
use crate::app::concurrent::{CONNECTIONS, concurrent};
use crate::app::copies;
use crate::app::http::Response;
use crate::app::iso8601;
use crate::app::json;
use crate::app::ports::Api;
use crate::app::records::{RecordKey, TrunkRecord};
use crate::app::trunk::{self, command::CampaignCheck};
use crate::domain::access::KeyRecord;
use crate::domain::calling_hours::ZoneName;
use crate::domain::campaign::handover::{CHECKED_AT_ONCE, Check, Standing};
use crate::domain::campaign::{Plan, RecipientStatus};
use crate::domain::numbering::facts;
use crate::domain::phone::E164;
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;
use crate::domain::vec_map::VecMap;

/// How many people are read at a time.
const SLICE: usize = 5_000;
/// How long a call is assumed to hold its channel.
const CALL_SECS: u64 = 60;

/// The recipients still to be called, as they stand at this moment. Each counts under the first reason that applies,
/// in the order `destination_not_allowed`, `impossible`, `suppressed`, `contact_limited`, `closed_now`; else under
/// `ready`.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CampaignPreview {
    /// They may be called now.
    pub ready: u64,
    /// Their number is suppressed.
    pub suppressed: u64,
    /// Their number can't exist, and the organisation refuses such numbers.
    pub impossible: u64,
    /// The trunk may not call there.
    pub destination_not_allowed: u64,
    /// Their number has been called as often as contact limits allow for now.
    pub contact_limited: u64,
    /// Calling hours are closed where they are, or their time zone is not known.
    pub closed_now: u64,
    /// All of them by country; `unknown` where the number does not tell it.
    #[cfg_attr(feature = "openapi", schema(value_type = HashMap<String, u64>))]
    pub by_country: serde_json::Value,
    /// When the first of them could be called if the campaign were started now; null if nobody could.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub first_dial_at: Option<String>,
    /// How long it takes to call each of those who are not ruled out once, with no other calls on the trunk: at the
    /// campaign's `max_cps`, and at its `max_channels` with calls of one minute.
    pub projected_seconds: u64,
}

/// The counts.
#[derive(Default)]
struct Tally {
    view: CampaignPreview,
    countries: VecMap<String, u64>,
    first_at: Option<Timestamp>,
}

impl Tally {
    fn add(&mut self, phone: &E164, standing: Standing, now: Timestamp) {
        let country = facts(phone).country.map(|name| name.to_string());
        let country = country.unwrap_or_else(|| "unknown".into());
        let known = self.countries.get(&country).copied().unwrap_or_default();
        self.countries.insert(country, known + 1);
        let view = &mut self.view;
        let (count, at) = match standing {
            Standing::Ready => (&mut view.ready, Some(now)),
            Standing::NotAllowed => (&mut view.destination_not_allowed, None),
            Standing::Impossible => (&mut view.impossible, None),
            Standing::Suppressed => (&mut view.suppressed, None),
            Standing::Limited(until) => (&mut view.contact_limited, until),
            Standing::Closed(until) => (&mut view.closed_now, until),
            Standing::ZoneUnknown | Standing::NotAsked => (&mut view.closed_now, None),
        };
        *count += 1;
        self.first_at = [self.first_at, at].into_iter().flatten().min();
    }

    fn answer(mut self, plan: &Plan, trunk: Option<&TrunkRecord>, now: Timestamp) -> Response {
        let begins = plan.not_before.unwrap_or(now);
        let first_at = self.first_at.map(|at| at.max(begins));
        let first_at = first_at.filter(|at| plan.not_after.is_none_or(|end| *at < end));
        let view = &mut self.view;
        view.first_dial_at = first_at.map(iso8601::format);
        let people = view.ready + view.contact_limited + view.closed_now;
        let own = |share: Option<u32>, of: fn(&TrunkRecord) -> u32| {
            let limits = [share, trunk.map(of)];
            u64::from(limits.into_iter().flatten().min().unwrap_or(1)).max(1)
        };
        let cps = own(plan.max_cps, |trunk| trunk.max_cps);
        let channels = own(plan.max_channels, |trunk| trunk.max_channels);
        let rounds = people.div_ceil(channels) * CALL_SECS;
        view.projected_seconds = people.div_ceil(cps).max(rounds);
        let mut countries = serde_json::Map::new();
        for (country, count) in self.countries.iter() {
            countries.insert(country.clone(), (*count).into());
        }
        view.by_country = countries.into();
        Response::json(200, view)
    }
}

/// `GET /campaigns/{id}/preview`.
///
/// # Errors
/// No such campaign; an object that can't be reached.
pub async fn get(api: &impl Api, caller: &KeyRecord, id: &str) -> Result<Response, Refusal> {
    let (card, shown) = find(api, caller, id).await?;
    let plan = shown.campaign.plan;
    let key = RecordKey::Trunk(caller.org_id, plan.trunk);
    let trunk = copies::ask(api, caller, &key).await?;
    let trunk = trunk.and_then(|text| json::read::<TrunkRecord>(&text).ok());
    let trunk = trunk.filter(|trunk| !trunk.deleted);
    if trunk.is_none() {
        return Err(Refusal::TrunkNotFound);
    }
    let (now, mut tally, mut after) = (api.now(), Tally::default(), Some(0));
    while let Some(behind) = after {
        let question = command::PreviewPeople {
            after: behind,
            limit: SLICE,
        };
        let found = ask(api, caller.org_id, card.id, question).await?;
        let People { people, next } = found.map_err(refusal)?;
        after = next;
        let is_left = |(_, _, status): &(E164, Option<ZoneName>, RecipientStatus)| {
            matches!(status, RecipientStatus::Pending | RecipientStatus::Waiting)
        };
        let left = people.into_iter().filter(is_left);
        let left: Vec<_> = left.map(|(phone, zone, _)| (phone, zone)).collect();
        let checks = left.chunks(CHECKED_AT_ONCE);
        let checks = checks.map(|people| check(api, caller, &plan, people));
        for counted in concurrent(CONNECTIONS, checks).await {
            for (phone, standing) in counted? {
                tally.add(&phone, standing, now);
            }
        }
    }
    Ok(tally.answer(&plan, trunk.as_ref(), now))
}

async fn check(
    api: &impl Api,
    caller: &KeyRecord,
    plan: &Plan,
    people: &[(E164, Option<ZoneName>)],
) -> Result<Vec<(E164, Standing)>, Refusal> {
    let question = CampaignCheck(Check {
        org: caller.org_id,
        agent: plan.agent,
        hours: plan.hours.clone(),
        people: people.to_vec(),
    });
    let told = trunk::ask(api, plan.trunk.tag(), question).await;
    let told = told.map_err(|_| Refusal::TrunkUnavailable)??;
    // An exact count, or none.
    if told.len() != people.len() || told.contains(&Standing::NotAsked) {
        return Err(Refusal::TrunkUnavailable);
    }
    let phones = people.iter().map(|(phone, _)| phone.clone());
    Ok(phones.zip(told).collect())
}

#[cfg(feature = "openapi")]
pub(crate) mod describe {
    //! The OpenAPI description of it.

    use serde_json::json;

    use super::CampaignPreview;
    use crate::app::description::{Description, ok};
    use crate::app::manage::campaigns::describe::{TAG, not_found};
    use crate::domain::refusal::Refusal;

    pub fn get() -> Description {
        Description::new(
            TAG,
            "Preview a campaign",
            "Counts the recipients still to be called by whether they could be called now. Changes nothing.",
            ok::<CampaignPreview>(
                "The preview.",
                json!({
                    "ready": 900, "suppressed": 12, "impossible": 0, "destination_not_allowed": 3, "contact_limited": 5,
                    "closed_now": 280, "by_country": {"IN": 1100, "US": 100},
                    "first_dial_at": "2026-06-14T10:05:00.000Z", "projected_seconds": 7200,
                }),
            ),
        )
        .id("getCampaignPreview")
        .refuses([not_found(), Refusal::TrunkNotFound, Refusal::TrunkUnavailable])
    }
}
