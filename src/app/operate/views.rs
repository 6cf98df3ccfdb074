//! What the operator sees of the platform's health. The OpenAPI document is made from these types and their comments.

use serde::Serialize;

use crate::app::iso8601;
use crate::domain::alerts::{AlertKind, OpenAlert};
use crate::domain::directory::Backlog;
use crate::domain::ids::{OrgId, TrunkId};
use crate::domain::time::Timestamp;

/// How the platform is, and a page of its trunks.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthView {
    /// The present, by the platform's clock.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub now: String,
    /// The `X-Deployment` header of `GET /healthz`, wherever this deployment is reached.
    pub deployment: String,
    /// `PUBLIC_URL`; null where it is not set or is no URL.
    pub public_url: Option<String>,
    /// With `checks=true`, whether the platform reaches itself there; null otherwise, and where it is not set.
    pub public_url_check: Option<ConnectionCheckView>,
    /// The bindings, secrets and variables that a deployment has, or may have. Of secrets, only whether they are set.
    pub bindings: Vec<BindingView>,
    /// What encrypts the secrets of carriers and of recordings' storage.
    pub carrier_keys: CarrierKeysView,
    /// What the cron, which runs every minute, has found.
    pub cron: CronView,
    /// When a message sent by `probe=true` last came out of each queue.
    pub queues: Vec<QueueView>,
    /// Queue messages that failed repeatedly.
    pub dead_letters: DeadLettersView,
    /// The alerts that are open.
    pub alerts: Vec<AlertView>,
    /// The trunks of this page.
    pub trunks: TrunksView,
    /// Those that have problems; with `checks=true`, also all that are connected to LiveKit.
    pub details: Vec<TrunkHealthView>,
    /// Pass it as `cursor` for the next trunks; null when there are no more.
    pub next_cursor: Option<String>,
}

/// A binding, a secret or a variable.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BindingView {
    /// Its name, such as `DISPATCH` or `MASTER_KEY`.
    pub name: &'static str,
    /// Whether the deployment has it; of `ALERT_URL`, whether alerts can be sent there: it is an http or https URL of a public host.
    pub bound: bool,
}

/// What the cron, which runs every minute, has found.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CronView {
    /// When it last ran; null when it never did.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub last_run_at: Option<String>,
    /// Whether that is too long ago (`CRON_LATE_SECONDS`). A cron that never ran is late 90 seconds after health was
    /// first requested: the first run is due within a minute of the deployment.
    pub late: bool,
    /// How many trunks it reached then.
    pub trunks_reached: usize,
    /// How many of them did not answer.
    pub trunks_unreachable: usize,
    /// How many objects it has found so far that had work to do and no alarm; it woke them.
    pub lost_alarms: u64,
    /// Notifications that belong to no call and were not yet delivered then: test events, and ends of campaigns.
    pub undelivered_notifications: BacklogView,
    /// Erasures that were pending then.
    pub pending_erasures: BacklogView,
    /// Organisations that were being deleted then.
    pub pending_deletions: BacklogView,
}

/// What was waiting, in all organisations that the cron's run asked.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BacklogView {
    /// How many are waiting.
    pub count: usize,
    /// What has been waiting longest; null if nothing is.
    pub oldest: Option<OldestOfOrgView>,
}

/// Whose it is, and since when it has been waiting.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OldestOfOrgView {
    /// The organisation.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid"))]
    pub org_id: OrgId,
    /// Since when it has been waiting.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub since: String,
}

impl BacklogView {
    pub fn of(backlog: &Backlog) -> Self {
        Self {
            count: backlog.count,
            oldest: backlog.oldest.map(|(org_id, since)| OldestOfOrgView {
                org_id,
                since: iso8601::format(since),
            }),
        }
    }
}

/// `CARRIER_KEYS`.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CarrierKeysView {
    /// The name of the key that encrypts now; null if there is none.
    pub newest: Option<String>,
    /// How many secrets encrypted by a former key the cron's last run saw. It re-encrypts some of them each minute.
    pub former_secrets: usize,
    /// When it last saw one; null if it never did. An hour after that, the former keys can be removed.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub former_seen_at: Option<String>,
}

/// A queue, and when it was seen to work.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QueueView {
    /// The queue's binding.
    pub name: String,
    /// When a message came out of it.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub probed_at: String,
}

/// Queue messages that failed repeatedly.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeadLettersView {
    /// How many there were.
    pub total: u64,
    /// When the last of them came; null when there was none.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub last_at: Option<String>,
}

/// An open alert.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertView {
    /// What it is about.
    pub alert: AlertKind,
    /// Whose trunk it is about; null for the whole platform.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = "uuid"))]
    pub org_id: Option<OrgId>,
    /// Which trunk; null for the whole platform.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = "uuid"))]
    pub sip_trunk_id: Option<TrunkId>,
    /// What was found, for people.
    pub detail: String,
    /// When it opened.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub since: String,
    /// Whether its message was handed over for `ALERT_URL`.
    pub sent: bool,
}

impl AlertView {
    pub fn of(open: &OpenAlert) -> Self {
        Self {
            alert: open.finding.kind,
            org_id: open.finding.of.map(|(org, _)| org),
            sip_trunk_id: open.finding.of.map(|(_, trunk)| trunk),
            detail: open.finding.detail.clone(),
            since: iso8601::format(open.since),
            sent: open.is_told,
        }
    }
}

/// The totals of a page of trunks.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrunksView {
    /// How many were asked.
    pub asked: usize,
    /// How many of them did not answer.
    pub unreachable: usize,
    /// How many had work to do and no alarm; asking them woke them.
    pub without_alarm: usize,
    /// The oldest callback not yet delivered; null if there is none.
    pub oldest_undelivered_callback: Option<OldestView>,
    /// The oldest call that no dialer has claimed; null when there is none.
    pub oldest_unclaimed_call: Option<OldestView>,
}

/// The oldest call or callback of its kind.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OldestView {
    /// Whose trunk it is on.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid"))]
    pub org_id: OrgId,
    /// The trunk that it is on.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid"))]
    pub sip_trunk_id: TrunkId,
    /// Since when it has been waiting.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub since: String,
}

impl OldestView {
    pub fn of(((org_id, sip_trunk_id), since): ((OrgId, TrunkId), Timestamp)) -> Self {
        Self {
            org_id,
            sip_trunk_id,
            since: iso8601::format(since),
        }
    }
}

/// One trunk.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrunkHealthView {
    /// Whose it is.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid"))]
    pub org_id: OrgId,
    /// The trunk's id.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid"))]
    pub sip_trunk_id: TrunkId,
    /// Whether it answered; if not, nothing else is known about it.
    pub reachable: bool,
    /// Whether it had work to do and no alarm.
    pub without_alarm: bool,
    /// What is wrong with it, for people.
    pub findings: Vec<FindingView>,
    /// Whether it is connected to a LiveKit server.
    pub livekit: bool,
    /// When that server's webhook last reported a room, to within an hour after a restart; null if it never did.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub webhook_seen_at: Option<String>,
    /// When an agent was last in a call's room, or last reported, with the same precision; null if none was.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub agent_seen_at: Option<String>,
    /// With `checks=true`: what a test of its connection found, as `POST /sip-trunks/{id}/test` returns it; empty for
    /// simulated and inactive trunks.
    pub checks: Vec<ConnectionCheckView>,
}

/// A problem that was found.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FindingView {
    /// The alert that it raises.
    pub alert: AlertKind,
    /// What was found.
    pub detail: String,
}

/// One check of a connection.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionCheckView {
    /// `server`, `api_key`, `api_secret` or `sip_trunk`; `public_url`.
    pub name: &'static str,
    /// Whether it passed.
    pub ok: bool,
    /// What was found, and what to fix.
    pub message: String,
}
