//! A call's campaign, and whom it calls there.

use serde::{Deserialize, Serialize};

use super::{Call, FailureCode, FeedEntry, Transition};
use crate::domain::calling_hours::CallingHours;
use crate::domain::ids::{CallId, CampaignId, IdKey};
use crate::domain::time::Timestamp;

/// What a campaign's call knows of its campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignCall {
    /// The campaign that handed it over.
    pub id: CampaignId,
    /// Whom it calls there.
    pub reference: String,
    /// Which attempt this is, from 1,
    pub attempt: u32,
    /// and of how many.
    pub max_attempts: u32,
    /// The first attempt, unless it is this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<CallId>,
    /// The attempt before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<CallId>,
    /// The attempt after it, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<CallId>,
    /// The campaign's own calling hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Box<CallingHours>>,
    /// Why it was given back undialed, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_back: Option<GivenBack>,
}

/// Why a campaign's call was given back undialed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GivenBack {
    /// Its campaign took it back.
    TakenBack,
    /// Calling hours were closed, until then if that is known.
    Closed(Option<Timestamp>),
    /// Its number had reached a contact limit, until then if that is known.
    Limited(Option<Timestamp>),
}

impl Call {
    /// Whether it belongs to this campaign.
    #[must_use]
    pub fn is_of_campaign(&self, campaign: CampaignId) -> bool {
        let own = self.request.campaign.as_ref();
        own.is_some_and(|own| own.id == campaign)
    }

    /// Whether direct calls are dialed before it: it comes from the schedule or from a campaign.
    #[must_use]
    pub fn lets_others_go(&self) -> bool {
        self.slot().is_some() || self.request.campaign.is_some()
    }

    /// Its campaign has handed it over, some time after its id was drawn: the feed tells of it from now on.
    pub fn is_handed_over(&mut self, now: Timestamp) {
        self.feed = vec![FeedEntry::from((now, Transition::Initiating))];
    }

    /// Nobody dialed it, and its campaign gets it back: no campaign call waits here.
    pub fn give_back(&mut self, why: GivenBack, now: Timestamp, key: &IdKey) {
        match why {
            GivenBack::TakenBack => {
                self.cancel(now, key);
            }
            GivenBack::Closed(_) | GivenBack::Limited(_) => {
                self.miss(FailureCode::WindowClosed, now, key);
            }
        }
        if let Some(own) = &mut self.request.campaign {
            own.given_back = Some(why);
        }
    }
}
