//! The OpenAPI description of agents.

use serde_json::json;

use super::CreateAgent;
use crate::app::description::examples;
use crate::app::description::refusals::{NAME, must, nested_required, tidy, unknown_field};
use crate::app::description::{Description, created, gone, ok};
use crate::app::manage::hours::describe::hours;
use crate::app::manage::limits::LIMITS;
use crate::app::views::manage::{AgentDetail, AgentList};
use crate::domain::campaign::CampaignRefusal;
use crate::domain::refusal::Refusal;

const TAG: &str = "Agents";

pub fn list() -> Description {
    let example = json!({"agents": [examples::agent()]});
    Description::new(
        TAG,
        "List agents",
        "Returns all active AI agents available to your organisation, including the metadata fields each agent requires.",
        ok::<AgentList>("The agents.", example),
    )
    .with_inactive()
}

pub fn create() -> Description {
    Description::new(
        TAG,
        "Create an agent",
        "Creates an agent. An organisation can have at most 1000.",
        created::<AgentDetail>(examples::agent_detail()),
    )
    .body::<CreateAgent>(examples::new_agent())
    .once()
    .refuses([Refusal::TooMany("agents")])
    .refuses(fields())
}

pub fn get() -> Description {
    Description::new(
        TAG,
        "Get an agent",
        "One agent, active or not, with its script and voice.",
        ok::<AgentDetail>("The agent.", examples::agent_detail()),
    )
    .refuses([Refusal::AgentNotFound])
}

pub fn update() -> Description {
    Description::new(
        TAG,
        "Change an agent",
        "Changes the given fields. A call gets the script that its agent has when it is dialed. A changed status, \
        calling hours and contact limits take effect at once; everything else applies to calls placed 60 seconds or \
        more later.",
        ok::<AgentDetail>("Changed.", examples::agent_detail()),
    )
    .change("ChangeAgent", json!({"status": "inactive"}))
    .refuses([Refusal::AgentNotFound])
    .refuses(fields())
}

pub fn delete() -> Description {
    let text = "New calls can no longer use it. An agent with running campaigns can't be deleted.";
    Description::new(TAG, "Delete an agent", text, gone()).refuses([
        Refusal::AgentNotFound,
        Refusal::Campaign(CampaignRefusal::AgentInUse),
    ])
}

fn fields() -> Vec<Refusal> {
    let mut all = vec![
        Refusal::Required("name"),
        must("name", NAME),
        Refusal::Required("agent_code"),
        must("agent_code", NAME),
        tidy("agent_code"),
        Refusal::Required("input_schema"),
        must("input_schema", "an object"),
        nested_required("input_schema.fields"),
        must(
            "input_schema.fields",
            "an array of at most 100 different strings of 1 to 200 characters",
        ),
        must(
            "input_schema.sample_context",
            "an object of at most 16384 bytes",
        ),
        Refusal::UnknownField("input_schema.X".into()),
        must("script", "a string of at most 32768 bytes"),
        must("voice", NAME),
        tidy("voice"),
        must("status", "active or inactive"),
    ];
    all.extend(hours());
    all.push(must("contact_limits", LIMITS));
    all.push(Refusal::TooManyHours);
    all.push(unknown_field());
    all
}
