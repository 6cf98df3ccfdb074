//! What a dialer is given of a call, and of the carrier that it goes to.

use serde::{Deserialize, Serialize};

use crate::domain::call::CallRequest;
use crate::domain::ids::{CallId, OrgId};
use crate::domain::media::MediaPolicy;
use crate::domain::sealed::Sealed;
use crate::domain::time::{Span, Timestamp};
use crate::domain::trunk::{Carrier, GRANT, TrunkConfig};

/// The carrier behind a trunk, as far as it takes to know who speaks for it.
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

    /// A carrier's; none behind a simulator.
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
    /// What was asked for.
    pub request: CallRequest,
    /// The carrier to dial through.
    pub carrier: Carrier,
    /// The caller ID.
    pub trunk_phone: String,
    /// What is kept of it.
    #[serde(rename = "keeps")]
    pub media_policy: MediaPolicy,
    /// When it was claimed, if it was.
    pub dialed_at: Option<Timestamp>,
    /// When it rang, if it did.
    pub ringing_at: Option<Timestamp>,
    /// When it was answered, if it was.
    pub answered_at: Option<Timestamp>,
    /// Its agent said that it is done: whoever is still there is to be hung up on.
    #[serde(default)]
    pub is_agent_done: bool,
    /// Its phone may not ring then, and not later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
}

impl DialOrder {
    /// How long whoever asked whether a phone may ring relies on the answer: less than [`GRANT`], by which it can be taken
    /// back.
    const RELIED_ON: Span = Span(GRANT.0 * 3 / 4);

    /// Whether somebody who asked then may still ring its phone.
    #[must_use]
    pub fn may_ring(&self, asked_at: Timestamp, now: Timestamp) -> bool {
        now <= asked_at + Self::RELIED_ON && self.not_after.is_none_or(|end| now < end)
    }
}
