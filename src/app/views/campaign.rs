//! Campaigns and their recipients as clients see them.

use serde::Serialize;
use serde_json::Value;

use super::call::FailureView;
use crate::app::iso8601;
use crate::domain::call::CallStatus;
use crate::domain::calling_hours::CallingHours;
use crate::domain::campaign::{Attempt, Campaign, Counts, HeldBy, RecipientStatus, Status};
use crate::domain::ids::{AgentId, CallId, CampaignId, TrunkId};
use crate::domain::redial::{Cause, Redial};
use crate::domain::target::masked;
use crate::domain::time::Timestamp;

/// When a recipient is called again.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RedialRules {
    /// The maximum number of attempts for each recipient, however they ended.
    pub max_attempts: u32,
    /// The outcomes after which another attempt follows.
    pub on: Vec<Cause>,
    /// Seconds from the end of the first attempt to the second, and so on; the last one repeats.
    pub wait_seconds: Vec<u32>,
}

impl From<&Redial> for RedialRules {
    fn from(redial: &Redial) -> Self {
        Self {
            max_attempts: redial.max_attempts,
            on: redial.on.clone(),
            wait_seconds: redial.wait_seconds.clone(),
        }
    }
}

/// A campaign: a list of people to call within a share of a trunk.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CampaignView {
    /// The campaign's UUID.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid"))]
    pub id: CampaignId,
    /// Display name.
    pub name: String,
    /// The agent that talks.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid"))]
    pub agent_id: AgentId,
    /// The trunk that its calls go out through.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid"))]
    pub sip_trunk_id: TrunkId,
    /// Where the result of each of its calls is POSTed.
    pub callback_url: Option<String>,
    /// Where `campaign.completed` is POSTed once it is over.
    pub completion_url: Option<String>,
    /// Nobody is called before this time.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub not_before: Option<String>,
    /// Nobody is called at this time or later.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub not_after: Option<String>,
    /// When its phones may ring, within the organisation's and the agent's calling hours.
    pub calling_hours: Option<CallingHours>,
    /// When a recipient is called again; null for once only.
    pub redial: Option<RedialRules>,
    /// The maximum number of the trunk's channels that it uses; null for all of them.
    pub max_channels: Option<u32>,
    /// The maximum number of dials per second; null for the trunk's own limit.
    pub max_cps: Option<u32>,
    /// Its status.
    pub status: Status,
    /// Why it is dialing nobody at the moment, although it is running.
    pub held_by: Option<HeldBy>,
    /// Its recipients by status; they add up to `total`.
    pub counts: Counts,
    /// When it was created, ISO 8601.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// When it was first started.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub started_at: Option<String>,
    /// When it was completed or cancelled.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub ended_at: Option<String>,
    /// When all of its recipients will have a final status if it continues at its recent pace; null if that can't be
    /// estimated.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub projected_end_at: Option<String>,
}

impl CampaignView {
    /// A campaign, with what only its object knows.
    #[must_use]
    pub fn of(campaign: &Campaign, held_by: Option<HeldBy>, ends_at: Option<Timestamp>) -> Self {
        let plan = &campaign.plan;
        let url = |url: &Option<String>| url.as_deref().map(|url| masked(url).into_owned());
        Self {
            id: campaign.id,
            name: plan.name.clone(),
            agent_id: plan.agent,
            sip_trunk_id: plan.trunk,
            callback_url: url(&plan.callback_url),
            completion_url: url(&plan.completion_url),
            not_before: plan.not_before.map(iso8601::format),
            not_after: plan.not_after.map(iso8601::format),
            calling_hours: plan.hours.as_deref().cloned(),
            redial: plan.redial.as_ref().map(RedialRules::from),
            max_channels: plan.max_channels,
            max_cps: plan.max_cps,
            status: campaign.status,
            held_by: held_by.filter(|_| campaign.status == Status::Running),
            counts: campaign.counts,
            created_at: iso8601::format(campaign.created_at),
            started_at: campaign.started_at.map(iso8601::format),
            ended_at: campaign.ended_at.map(iso8601::format),
            projected_end_at: ends_at.map(iso8601::format),
        }
    }
}

/// One attempt to reach a recipient.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecipientAttempt {
    /// The call; null where none was placed.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = "uuid"))]
    pub call_id: Option<CallId>,
    /// How the call ended; null while it is in progress, and where none was placed.
    pub call_status: Option<CallStatus>,
    /// Why it failed.
    pub failure: Option<FailureView>,
    /// When it was placed, or given up.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub at: String,
}

impl From<&Attempt> for RecipientAttempt {
    fn from(attempt: &Attempt) -> Self {
        Self {
            call_id: attempt.call,
            call_status: attempt.status,
            failure: attempt.failure.map(FailureView::from),
            at: iso8601::format(attempt.at),
        }
    }
}

/// The attempts that were made: a call that was given back before anybody dialed it is none.
pub fn tried(attempts: &[Attempt]) -> impl DoubleEndedIterator<Item = &Attempt> {
    attempts.iter().filter(|attempt| !attempt.given_back)
}

/// A recipient of a campaign.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecipientView {
    /// What identifies them in the campaign.
    pub reference: String,
    /// Their number, in E.164 format.
    pub phone_number: String,
    /// Their status.
    pub status: RecipientStatus,
    /// What was tried, oldest first.
    pub attempts: Vec<RecipientAttempt>,
    /// When they will be called next, if they wait.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub next_attempt_at: Option<String>,
    /// What the agent is told.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub metadata: Option<Value>,
}

impl RecipientView {
    /// A recipient by its parts.
    #[must_use]
    pub fn new(
        (reference, phone_number): (String, String),
        status: RecipientStatus,
        attempts: &[Attempt],
        next_attempt_at: Option<Timestamp>,
        metadata: Option<&str>,
    ) -> Self {
        Self {
            reference,
            phone_number,
            status,
            attempts: tried(attempts).map(RecipientAttempt::from).collect(),
            next_attempt_at: next_attempt_at.map(iso8601::format),
            metadata: metadata.and_then(|text| crate::app::json::read(text).ok()),
        }
    }
}
