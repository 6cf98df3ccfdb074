//! Why a request about a campaign is refused.

use super::{MOST_CAMPAIGNS, Status};

/// The reason; each has a status, a name and a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CampaignRefusal {
    /// No such campaign in this organisation.
    NotFound,
    /// No such recipient in it.
    RecipientNotFound,
    /// Its current status does not allow it.
    Is(Status),
    /// There is nobody to call.
    NoRecipients,
    /// The agent can't be deleted: running campaigns use it.
    AgentInUse,
    /// The same for a trunk.
    TrunkInUse,
    /// The organisation has as many campaigns as it may.
    TooMany,
    /// It calls nobody from now on, but a phone may still ring.
    NotTakenBack,
    /// A file of recipients whose `Content-Type` is not that of one.
    ContentType,
}

impl CampaignRefusal {
    /// One of each.
    pub const EXAMPLES: [Self; 9] = [
        Self::NotFound,
        Self::RecipientNotFound,
        Self::Is(Status::Running),
        Self::NoRecipients,
        Self::AgentInUse,
        Self::TrunkInUse,
        Self::TooMany,
        Self::NotTakenBack,
        Self::ContentType,
    ];

    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::NotFound | Self::RecipientNotFound => 404,
            Self::ContentType => 415,
            Self::NotTakenBack => 503,
            _ => 409,
        }
    }

    /// The machine-readable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotFound => "campaign_not_found",
            Self::RecipientNotFound => "recipient_not_found",
            Self::Is(_) => "campaign_status",
            Self::NoRecipients => "campaign_has_no_recipients",
            Self::AgentInUse => "agent_has_running_campaigns",
            Self::TrunkInUse => "trunk_has_running_campaigns",
            Self::TooMany => "campaigns_full",
            Self::NotTakenBack => "campaign_not_taken_back",
            Self::ContentType => "content_type_not_recipients",
        }
    }

    /// The public text.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::NotFound => "Campaign not found".into(),
            Self::RecipientNotFound => "Recipient not found".into(),
            Self::Is(status) => format!("Campaign is {}", status.as_str()),
            Self::NoRecipients => "Campaign has no recipients".into(),
            Self::AgentInUse => "Agent has running campaigns".into(),
            Self::TrunkInUse => "SIP trunk has running campaigns".into(),
            Self::TooMany => {
                format!("An organisation can have at most {MOST_CAMPAIGNS} campaigns")
            }
            Self::NotTakenBack => {
                "The campaign starts no more calls, but a phone may still begin to ring; send it again".into()
            }
            Self::ContentType => {
                "Content-Type must be application/json, application/x-ndjson or text/csv".into()
            }
        }
    }
}
