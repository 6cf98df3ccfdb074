//! `GET /platform/v1/health`: the platform's health, with a page of its trunks.

use super::views::{
    AlertView, BacklogView, BindingView, CarrierKeysView, ConnectionCheckView, CronView,
    DeadLettersView, FindingView, HealthView, OldestView, QueueView, TrunkHealthView, TrunksView,
};
use super::{gather, overseen};
use crate::app::authenticate::Operator;
use crate::app::concurrent::{CONNECTIONS, concurrent};
use crate::app::dialers::livekit;
use crate::app::directory::{self, By, Oversight, command};
use crate::app::http::{Request, Response};
use crate::app::iso8601;
use crate::app::page::{Page, bad_cursor};
use crate::app::ports::Api;
use crate::domain::ids::{OrgId, TrunkId};
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;
use crate::domain::vitals::{Vitals, VitalsAsked};

type Of = (OrgId, TrunkId);

/// The valid values of switch parameters.
pub(super) const SWITCH: &str = "true or false";

/// `GET /platform/v1/health`.
///
/// # Errors
/// A parameter that is unknown or has an invalid value; the operator's directory can't be reached.
pub async fn health(api: &impl Api, _: Operator, request: &Request) -> Result<Response, Refusal> {
    let page = Page::read(request, &["checks", "probe"])?;
    let switch = |name: &str| page.parsed(name, SWITCH, |text| text.parse::<bool>().ok());
    let (checks, probe) = (switch("checks")?, switch("probe")?);
    let after = page
        .after
        .as_deref()
        .map(|text| of(text).ok_or_else(bad_cursor));
    let after = after.transpose()?;
    if probe == Some(true) {
        api.try_queues().await;
    }
    let known = api
        .trunks()
        .await
        .map_err(|_| Refusal::DirectoryUnavailable)?;
    let mut trunks = known;
    trunks.sort_by_key(key);
    trunks.retain(|of| after.is_none_or(|after| key(of) > key(&after)));
    trunks.truncate(page.limit + 1);
    let next_cursor = page.cut(&mut trunks, None, key);
    let told = gather(api, &trunks, VitalsAsked::Depth).await;
    let oversight = overseen(api).await?;
    let details = details(api, &trunks, &told, checks == Some(true)).await;
    let (now, settings) = (api.now(), api.settings());
    let public_url_check = match (&settings.public_url, checks) {
        (Some(url), Some(true)) => Some(public_url_check(api, url).await),
        _ => None,
    };
    let bindings = api.bindings().into_iter();
    let view = HealthView {
        now: iso8601::format(now),
        deployment: api.secrets().deployment(),
        public_url: settings.public_url.clone(),
        public_url_check,
        bindings: bindings
            .map(|(name, bound)| BindingView { name, bound })
            .collect(),
        carrier_keys: CarrierKeysView {
            newest: api.sealing_key(),
            former_secrets: oversight.backlogs.former_secrets,
            former_seen_at: oversight.sealed_before_at.map(iso8601::format),
        },
        cron: cron(&oversight, settings.cron_late, now),
        queues: queues(&oversight),
        dead_letters: DeadLettersView {
            total: oversight.dead_letters,
            last_at: oversight.dead_letter_at.map(iso8601::format),
        },
        alerts: oversight.alerts.0.iter().map(AlertView::of).collect(),
        trunks: together(&trunks, &told),
        details,
        next_cursor,
    };
    Ok(Response::json(200, &view))
}

fn key((org, trunk): &Of) -> String {
    format!("{org}/{trunk}")
}

fn of(text: &str) -> Option<Of> {
    let (org, trunk) = text.split_once('/')?;
    Some((org.parse().ok()?, trunk.parse().ok()?))
}

fn cron(oversight: &Oversight, late: crate::domain::time::Span, now: Timestamp) -> CronView {
    CronView {
        last_run_at: oversight.cron_at.map(iso8601::format),
        late: oversight.is_cron_late(late, now),
        trunks_reached: oversight.looked_at,
        trunks_unreachable: oversight.unreachable,
        lost_alarms: oversight.lost_alarms,
        undelivered_notifications: BacklogView::of(&oversight.backlogs.undelivered),
        pending_erasures: BacklogView::of(&oversight.backlogs.erasures),
        pending_deletions: BacklogView::of(&oversight.backlogs.deletions),
    }
}

fn queues(oversight: &Oversight) -> Vec<QueueView> {
    let queues = oversight.queues.iter();
    let view = |(name, at): &(String, Timestamp)| QueueView {
        name: name.clone(),
        probed_at: iso8601::format(*at),
    };
    queues.map(view).collect()
}

fn together(trunks: &[Of], told: &[(Of, Vitals)]) -> TrunksView {
    let oldest = |since: fn(&Vitals) -> Option<Timestamp>| {
        let all = told.iter();
        let all = all.filter_map(|(of, vitals)| Some((*of, since(vitals)?)));
        all.min_by_key(|(_, since)| *since).map(OldestView::of)
    };
    TrunksView {
        asked: trunks.len(),
        unreachable: trunks.len() - told.len(),
        without_alarm: told.iter().filter(|(_, told)| told.lost_alarm).count(),
        oldest_undelivered_callback: oldest(|vitals| vitals.undelivered_since),
        oldest_unclaimed_call: oldest(|vitals| vitals.unclaimed_since),
    }
}

/// The trunks with problems; with checks, all that have a LiveKit server.
async fn details(
    api: &impl Api,
    trunks: &[Of],
    told: &[(Of, Vitals)],
    checks: bool,
) -> Vec<TrunkHealthView> {
    let mut views = Vec::new();
    for of in trunks {
        let vitals = told.iter().find(|(known, _)| known == of);
        let view = view(api, *of, vitals.map(|(_, vitals)| vitals));
        let is_checked = checks && view.livekit;
        if !view.reachable || view.without_alarm || !view.findings.is_empty() || is_checked {
            views.push((is_checked, view));
        }
    }
    let active = |of: Of| {
        told.iter()
            .any(|(known, told)| *known == of && told.is_active)
    };
    let checked = views
        .into_iter()
        .enumerate()
        .map(async |(at, (is_checked, mut view))| {
            if is_checked && active((view.org_id, view.sip_trunk_id)) {
                view.checks = check(api, view.org_id, view.sip_trunk_id).await;
            }
            (at, view)
        });
    let mut views = concurrent(CONNECTIONS, checked).await;
    views.sort_by_key(|(at, _)| *at);
    views.into_iter().map(|(_, view)| view).collect()
}

fn view(api: &impl Api, (org_id, sip_trunk_id): Of, vitals: Option<&Vitals>) -> TrunkHealthView {
    let limit = api.settings().storage_limit;
    let findings = vitals.map(|vitals| vitals.findings(limit, api.now()));
    let findings = findings.unwrap_or_default().into_iter();
    let seen = vitals.map(|vitals| vitals.seen).unwrap_or_default();
    TrunkHealthView {
        org_id,
        sip_trunk_id,
        reachable: vitals.is_some(),
        without_alarm: vitals.is_some_and(|vitals| vitals.lost_alarm),
        findings: findings
            .filter(|finding| finding.opens)
            .map(|finding| FindingView {
                alert: finding.kind,
                detail: finding.detail,
            })
            .collect(),
        livekit: vitals.is_some_and(|vitals| vitals.has_rooms),
        webhook_seen_at: seen.webhook_at.map(iso8601::format),
        agent_seen_at: seen.agent_at.map(iso8601::format),
        checks: Vec::new(),
    }
}

/// Whether this deployment answers at the URL that agents and LiveKit's webhook use.
async fn public_url_check(api: &impl Api, url: &str) -> ConnectionCheckView {
    let told = api.deployment_at(url).await;
    let is_own = |deployment: &Option<String>| *deployment == Some(api.secrets().deployment());
    ConnectionCheckView {
        name: "public_url",
        ok: told.as_ref().is_ok_and(is_own),
        message: match told {
            Ok(deployment) if is_own(&deployment) => "This deployment answers there".into(),
            Ok(Some(_)) => "Another deployment answers there".into(),
            Ok(None) => "Something else answers there".into(),
            Err(why) => format!("Not reachable: {why}"),
        },
    }
}

/// The results of testing a trunk's connection; empty if its configuration can't be read.
async fn check(api: &impl Api, org: OrgId, trunk: TrunkId) -> Vec<ConnectionCheckView> {
    let config = directory::ask(api, org, By::PLATFORM, command::Trunk(trunk)).await;
    let Ok(Ok(config)) = config else {
        return Vec::new();
    };
    let checks = livekit::check(api, &config.carrier, org).await.into_iter();
    let view = |(name, ok, message)| ConnectionCheckView { name, ok, message };
    checks.map(view).collect()
}

#[cfg(feature = "openapi")]
pub(crate) mod describe {
    //! The OpenAPI description of it.

    use serde_json::{Value, json};

    use super::{HealthView, SWITCH};
    use crate::app::description::reference::filter;
    use crate::app::description::refusals::must;
    use crate::app::description::{Description, ok};
    use crate::domain::refusal::Refusal;

    pub fn health() -> Description {
        let switch = |name: &str, what: &str| {
            filter(name, what, json!({"type": "boolean", "default": false}))
        };
        Description::new(
            "Platform",
            "Get the platform's health",
            "The platform's health and backlog and, a page at a time, the trunks that have problems. `npm run doctor` \
            reads this, and says what is wrong and how to fix it. To find out only whether the Worker is up, use `GET \
            /healthz`, which costs next to nothing.",
            ok::<HealthView>("The platform's health.", example()),
        )
        .id("getHealthOfPlatform")
        .paged()
        .query([
            switch("checks", "Also tests the connections of the page's active trunks to their LiveKit servers, as Test \
            a SIP trunk's connection does, and whether the platform reaches itself at its `PUBLIC_URL`: takes up to 10 s for every six trunks."),
            switch("probe", "Sends a message through each queue first. `queues` says when it came out: in a later \
            response, moments afterwards."),
        ])
        .refuses([
            must("checks", SWITCH),
            must("probe", SWITCH),
            Refusal::DirectoryUnavailable,
        ])
    }

    fn example() -> Value {
        let (org, trunk) = (
            "7c9e6679-7425-40de-944b-e07fc1f90ae7",
            "c9f0f895-fb98-4b91-8a3c-2d5e6f7a8b9c",
        );
        let at = "2026-06-14T10:31:00.000Z";
        json!({
            "now": "2026-06-14T10:31:42.000Z", "deployment": "3f9a04c1", "public_url": "https://calls.example.com",
            "public_url_check": {"name": "public_url", "ok": true, "message": "This deployment answers there"},
            "bindings": [{"name": "MASTER_KEY", "bound": true}, {"name": "METRICS", "bound": false}],
            "carrier_keys": {"newest": "k1", "former_secrets": 0, "former_seen_at": null},
            "cron": {"last_run_at": at, "late": false, "trunks_reached": 2, "trunks_unreachable": 0, "lost_alarms": 0,
                "undelivered_notifications": {"count": 1, "oldest": {"org_id": org, "since": at}},
                "pending_erasures": {"count": 0, "oldest": null}, "pending_deletions": {"count": 0, "oldest": null}},
            "queues": [{"name": "DISPATCH", "probed_at": at}],
            "dead_letters": {"total": 0, "last_at": null},
            "alerts": [{
                "alert": "breaker_open", "org_id": org, "sip_trunk_id": trunk, "since": at, "sent": true,
                "detail": "Calls are refused: the trunk's dialer fails call after call",
            }],
            "trunks": {
                "asked": 2, "unreachable": 0, "without_alarm": 0, "oldest_unclaimed_call": null,
                "oldest_undelivered_callback": {"org_id": org, "sip_trunk_id": trunk, "since": at},
            },
            "details": [{
                "org_id": org, "sip_trunk_id": trunk, "reachable": true, "without_alarm": false,
                "findings": [{"alert": "breaker_open", "detail": "Calls are refused: the trunk's dialer fails call after call"}],
                "livekit": true, "webhook_seen_at": at, "agent_seen_at": null,
                "checks": [{"name": "server", "ok": false, "message": "Server not reachable"}],
            }],
            "next_cursor": null,
        })
    }
}
