//! The campaign of a call, and whom it calls there.

use serde::{Deserialize, Serialize};

use crate::domain::calling_hours::CallingHours;
use crate::domain::ids::{CallId, CampaignId};

/// What a campaign's call says of its campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignCall {
    /// The campaign.
    pub id: CampaignId,
    /// Whom it calls there.
    pub reference: String,
    /// Which attempt it is, from 1,
    pub attempt: u32,
    /// and of how many.
    pub max_attempts: u32,
    /// The first attempt, if it is not that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<CallId>,
    /// The one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<CallId>,
    /// The campaign's own calling hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Box<CallingHours>>,
}
