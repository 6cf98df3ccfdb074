//! What a dialer is given: a call, and the carrier that it goes to.

use serde::{Deserialize, Serialize};

use crate::domain::call::CallRequest;
use crate::domain::ids::{CallId, OrgId};
use crate::domain::media::MediaPolicy;
use crate::domain::sealed::Sealed;
use crate::domain::time::{Span, Timestamp};
use crate::domain::trunk::{Carrier, GRANT, TrunkConfig};

/// What identifies the carrier behind a trunk when it sends a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarrierCredentials {
    /// The organisation that the trunk belongs to.
    pub org: OrgId,
    /// The carrier's API key.
    pub api_key: String,
    /// Its secret, sealed for the organisation.
    pub api_secret: Sealed,
}

impl CarrierCredentials {
    /// Those of a trunk as it is now.
    #[must_use]
    pub fn of(config: &TrunkConfig) -> Option<Self> {
        Self::over(config.org_id, &config.carrier)
    }

    /// A carrier's; `None` for a simulator.
    #[must_use]
    pub fn over(org: OrgId, carrier: &Carrier) -> Option<Self> {
        match carrier {
            Carrier::Simulator => None,
            Carrier::LiveKit {
                api_key,
                api_secret,
                ..
            } => Some(Self {
                org,
                api_key: api_key.clone(),
                api_secret: api_secret.clone(),
            }),
        }
    }
}

/// What a dialer needs to know of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DialOrder {
    /// The call's id, which also names its room.
    pub call: CallId,
    /// What was requested.
    pub request: CallRequest,
    /// The carrier to dial through.
    pub carrier: Carrier,
    /// The caller ID.
    pub trunk_phone: String,
    /// What is to be stored of it.
    #[serde(rename = "keeps")]
    pub media_policy: MediaPolicy,
    /// When it was claimed, if it was.
    pub dialed_at: Option<Timestamp>,
    /// When it rang, if it did.
    pub ringing_at: Option<Timestamp>,
    /// When it was answered, if it was.
    pub answered_at: Option<Timestamp>,
    /// Its agent reported that it is finished: whoever is still in the room is hung up on.
    #[serde(default)]
    pub is_agent_done: bool,
    /// The moment from which its phone may no longer ring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
}

impl DialOrder {
    /// How long a dialer relies on the answer to whether a phone may ring: less than [`GRANT`], so that the permission has
    /// lapsed before it can be taken back.
    const RELIED_ON: Span = Span(GRANT.0 * 3 / 4);

    /// Whether a dialer that asked at `asked_at` may still ring its phone.
    #[must_use]
    pub fn may_ring(&self, asked_at: Timestamp, now: Timestamp) -> bool {
        now <= asked_at + Self::RELIED_ON && self.not_after.is_none_or(|end| now < end)
    }
}
