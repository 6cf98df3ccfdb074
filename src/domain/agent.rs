//! Agents: AI personas that hold the conversations.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::calling_hours::CallingHours;
use super::contacts::ContactLimit;
use super::ids::AgentId;
use super::json_text::JsonText;
use super::template::{self, Filled};
use super::time::Timestamp;

/// Whether an agent or a trunk can be used for calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Calls may use it.
    #[default]
    Active,
    /// Kept, but no new call may use it.
    Inactive,
}

/// What a call with this agent must supply.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InputSchema {
    /// Keys that must be present in `metadata`.
    pub fields: Vec<String>,
    /// Example values showing the expected format of each field.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub sample_context: JsonText,
}

impl InputSchema {
    /// The required keys missing from `metadata`, in the agent's order. A `null` counts as missing.
    #[must_use]
    pub fn missing_keys(&self, metadata: Option<&Map<String, Value>>) -> Vec<String> {
        let given = |field: &String| {
            metadata
                .and_then(|map| map.get(field))
                .is_some_and(|value| !value.is_null())
        };
        self.fields
            .iter()
            .filter(|field| !given(field))
            .cloned()
            .collect()
    }
}

/// An agent as the organisation's directory keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    /// Its id, the `agent_id` of a call.
    pub id: AgentId,
    /// Display name.
    pub name: String,
    /// The name under which the agent is dispatched on the LiveKit server.
    pub agent_code: String,
    /// Only active agents take calls.
    pub status: Status,
    /// What a call must supply.
    pub input_schema: InputSchema,
    /// What the agent is to say and do.
    #[serde(default)]
    pub script: Option<String>,
    /// The voice it speaks with.
    #[serde(default)]
    pub voice: Option<String>,
    /// What the outcome of its calls must look like: a JSON Schema, within the subset that
    /// [`outcome`](super::outcome) supports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome_schema: Option<JsonText>,
    /// What it does when a machine answers: an `action`, and the `message` to leave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voicemail: Option<Value>,
    /// When phones may ring for its calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calling_hours: Option<CallingHours>,
    /// How often its calls may dial a number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contact_limits: Vec<ContactLimit>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// The result of filling in an agent's texts.
#[derive(Debug, PartialEq, Eq)]
pub struct Filling {
    /// Keys that the texts name and the metadata lacks: each once, in order of appearance.
    pub unknown: Vec<String>,
    /// Whether the filled texts stay within their limits.
    pub fits: bool,
}

impl Agent {
    /// Fills `{{key}}` in its script and in the message that it leaves, from a call's metadata.
    pub fn fill(&mut self, metadata: Option<&Map<String, Value>>) {
        let mut filling = Filling::NONE;
        if let Some(script) = &mut self.script {
            *script = filling.fill(script, metadata);
        }
        let message = self.voicemail.as_mut().and_then(|it| it.get_mut("message"));
        if let Some(Value::String(message)) = message {
            *message = filling.fill(message, metadata);
        }
    }

    /// How that would come out.
    #[must_use]
    pub fn filling(&self, metadata: Option<&Map<String, Value>>) -> Filling {
        let mut filling = Filling::NONE;
        let message = self.voicemail.as_ref().and_then(|it| it.get("message"));
        let texts = [self.script.as_deref(), message.and_then(Value::as_str)];
        for text in texts.into_iter().flatten() {
            filling.fill(text, metadata);
        }
        filling
    }
}

impl Filling {
    const NONE: Self = Self {
        unknown: Vec::new(),
        fits: true,
    };

    fn fill(&mut self, text: &str, metadata: Option<&Map<String, Value>>) -> String {
        let filled: Filled = template::fill(text, metadata);
        for key in filled.unknown {
            if !self.unknown.contains(&key) {
                self.unknown.push(key);
            }
        }
        self.fits &= filled.fits;
        filled.text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn missing_keys_come_in_the_agents_order_and_null_is_missing() {
        let schema = InputSchema {
            fields: ["customer_name", "amount_due", "due_date"]
                .map(String::from)
                .to_vec(),
            sample_context: JsonText::default(),
        };
        let missing = |metadata: Value| schema.missing_keys(metadata.as_object());
        assert_eq!(
            missing(json!({"customer_name": "R", "amount_due": 0, "due_date": "", "x": 1})),
            [""; 0]
        );
        assert_eq!(
            missing(json!({"due_date": null, "customer_name": "R"})),
            ["amount_due", "due_date"]
        );
        assert_eq!(
            schema.missing_keys(None),
            ["customer_name", "amount_due", "due_date"]
        );
    }

    #[test]
    fn script_and_message_are_filled_and_what_they_lack_is_named_once() {
        let mut agent = Agent {
            id: "00000000-0000-4000-8000-000000000000"
                .parse()
                .expect("a UUID"),
            name: "{{name}}".into(),
            agent_code: "emi".into(),
            status: Status::Active,
            input_schema: InputSchema::default(),
            script: Some("Greet {{name}} for {{company}} about {{due}}.".into()),
            voice: None,
            outcome_schema: None,
            voicemail: Some(
                json!({"action": "leave_message", "message": "{{company}} for {{name}} {{x}}"}),
            ),
            calling_hours: None,
            contact_limits: Vec::new(),
            created_at: Timestamp(0),
        };
        let metadata = json!({"name": "Rahul", "due": "Friday"});

        let filling = agent.filling(metadata.as_object());
        agent.fill(metadata.as_object());

        assert_eq!(filling.unknown, ["company", "x"]);
        assert!(filling.fits);
        assert_eq!(agent.name, "{{name}}");
        assert_eq!(
            agent.script.as_deref(),
            Some("Greet Rahul for {{company}} about Friday.")
        );
        assert_eq!(
            agent.voicemail,
            Some(json!({"action": "leave_message", "message": "{{company}} for Rahul {{x}}"}))
        );
    }
}
