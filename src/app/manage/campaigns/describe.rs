//! The OpenAPI description of campaigns.

use serde_json::{Value, json};

use super::CampaignList;
use super::fields::{CHANNELS, CPS, CreateCampaign, NO_WINDOW, TOO_FAR};
use crate::app::calls::trigger::describe_redial;
use crate::app::description::examples::{AGENT, TRUNK};
use crate::app::description::notification;
use crate::app::description::refusals::{NAME, must, no_time, unknown_field};
use crate::app::description::{Description, created, gone, ok};
use crate::app::manage::hours::describe::hours;
use crate::app::target::WHOLE_URL;
use crate::app::views::campaign::CampaignView;
use crate::domain::campaign::{CampaignRefusal, Status};
use crate::domain::refusal::Refusal;

pub(super) const TAG: &str = "Campaigns";
const ID: &str = "8f14e45f-ceea-467f-a0e6-9b1c0f2d7a31";

pub(super) fn not_found() -> Refusal {
    Refusal::Campaign(CampaignRefusal::NotFound)
}

pub(super) fn is(status: Status) -> Refusal {
    Refusal::Campaign(CampaignRefusal::Is(status))
}

fn shown() -> Value {
    json!({
        "id": ID, "name": "June reminders", "agent_id": AGENT, "sip_trunk_id": TRUNK,
        "callback_url": null, "completion_url": "https://example.com/campaigns/done", "not_before": null,
        "not_after": null, "calling_hours": null,
        "redial": {"max_attempts": 3, "on": ["no_answer", "busy"], "wait_seconds": [3600]},
        "max_channels": 10, "max_cps": null, "status": "running", "held_by": null,
        "counts": {
            "total": 1200, "pending": 700, "in_progress": 10, "waiting": 90, "completed": 380, "unreached": 15,
            "suppressed": 5, "expired": 0, "canceled": 0,
        },
        "created_at": "2026-06-14T10:00:00.000Z", "started_at": "2026-06-14T10:05:00.000Z", "ended_at": null,
        "projected_end_at": "2026-06-14T11:20:00.000Z",
    })
}

fn draft() -> Value {
    let mut draft = shown();
    let counts = json!({
        "total": 0, "pending": 0, "in_progress": 0, "waiting": 0, "completed": 0, "unreached": 0, "suppressed": 0,
        "expired": 0, "canceled": 0,
    });
    if let Some(fields) = draft.as_object_mut() {
        fields.insert("status".into(), "draft".into());
        fields.insert("counts".into(), counts);
        for field in ["started_at", "projected_end_at"] {
            fields.insert(field.into(), Value::Null);
        }
    }
    draft
}

fn fields() -> Vec<Refusal> {
    let mut all = vec![
        Refusal::Required("name"),
        must("name", NAME),
        Refusal::Required("agent_id"),
        Refusal::NotAUuid("agent_id"),
        Refusal::Required("sip_trunk_id"),
        Refusal::NotAUuid("sip_trunk_id"),
        must("not_before", TOO_FAR),
        must("not_after", NO_WINDOW),
        must("max_channels", CHANNELS),
        must("max_cps", CPS),
        unknown_field(),
        Refusal::AgentNotFound,
        Refusal::AgentInactive,
        Refusal::TrunkNotFound,
        Refusal::TrunkInactive,
    ];
    for field in ["callback_url", "completion_url"] {
        all.extend([
            Refusal::UrlInvalid(field),
            Refusal::UrlPrivate(field),
            Refusal::UrlAddress(field),
            must(field, WHOLE_URL),
        ]);
    }
    all.extend(no_time("not_before"));
    all.extend(no_time("not_after"));
    all.extend(hours());
    all.extend(describe_redial());
    all
}

pub fn list() -> Description {
    Description::new(
        TAG,
        "List campaigns",
        "Campaigns, newest first, whatever their status.",
        ok::<CampaignList>(
            "A page of campaigns.",
            json!({"campaigns": [shown()], "next_cursor": null}),
        ),
    )
    .paged()
}

pub fn create() -> Description {
    Description::new(
        TAG,
        "Create a campaign",
        "A campaign calls a list of people, each once or as `redial` says, within its share of a trunk. It begins as a draft: \
         add recipients, look at the preview, start it. Its calls are ordinary calls. Its recipients wait in the campaign, not \
         in the trunk's queue: they take no capacity from other calls, which always go first, and several campaigns share what is \
         free evenly. An organisation can have at most 10,000 campaigns.",
        created::<CampaignView>(draft()),
    )
    .body::<CreateCampaign>(json!({
        "name": "June reminders", "agent_id": AGENT, "sip_trunk_id": TRUNK, "max_channels": 10,
        "redial": {"max_attempts": 3, "on": ["no_answer", "busy"], "wait_seconds": [3600]},
        "completion_url": "https://example.com/campaigns/done",
    }))
    .once()
    .callbacks(notification::of_campaign())
    .schemas([notification::campaign_schema()])
    .refuses([Refusal::Campaign(CampaignRefusal::TooMany)])
    .refuses(fields())
}

pub fn get() -> Description {
    Description::new(
        TAG,
        "Get a campaign",
        "One campaign. Its `counts` always add up to `total`.",
        ok::<CampaignView>("The campaign.", shown()),
    )
    .refuses([not_found()])
}

pub fn update() -> Description {
    Description::new(
        TAG,
        "Change a campaign",
        "Changes the given fields of a draft or paused campaign. Recipients are not checked again against another \
        agent or trunk: those who can't be called by then end `unreached`.",
        ok::<CampaignView>("Changed.", draft()),
    )
    .change("ChangeCampaign", json!({"max_channels": 20}))
    .refuses([not_found(), is(Status::Running)])
    .refuses(fields())
}

pub fn delete() -> Description {
    Description::new(
        TAG,
        "Delete a campaign",
        "Deletes a draft, or a campaign that is completed or cancelled, with its recipients. Its calls stay.",
        gone(),
    )
    .refuses([not_found(), is(Status::Running)])
}

/// A route that changes a campaign's status.
pub(super) fn change_of_status(
    summary: &'static str,
    text: &'static str,
    from: Status,
) -> Description {
    Description::new(
        TAG,
        summary,
        text,
        ok::<CampaignView>("The campaign.", shown()),
    )
    .refuses([not_found(), is(from)])
}
