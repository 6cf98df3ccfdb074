//! What the directory tells a trunk's object.

use serde::{Deserialize, Serialize};

use super::agents::AgentBreakers;
use super::destinations::Destinations;
use super::{Step, Trunk};

use crate::domain::agent::Status;
use crate::domain::callback::WebhookSecrets;
use crate::domain::calling_hours::HoursBook;
use crate::domain::contacts::LimitsBook;
use crate::domain::ids::{AgentId, KeyId, OrgId, TrunkId};
use crate::domain::media::{CallbackDetail, MediaPolicy};
use crate::domain::sealed::Sealed;
use crate::domain::time::{Span, Timestamp};

/// The carrier behind a trunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Carrier {
    /// Dials nobody; the number decides what happens.
    Simulator,
    /// A LiveKit server and its SIP trunk.
    LiveKit {
        /// The server, `https://…` or `wss://…`.
        url: String,
        /// Its API key.
        api_key: String,
        /// Its API secret; never shown again.
        api_secret: Sealed,
        /// LiveKit's own id of the outbound trunk, `ST_…`.
        sip_trunk_id: String,
    },
}

impl Carrier {
    /// Whether it is the same server, whatever its current secret.
    #[must_use]
    pub fn is_same_server(&self, other: &Self) -> bool {
        let server = |carrier: &Self| match carrier {
            Self::Simulator => None,
            Self::LiveKit { url, api_key, .. } => Some((url.clone(), api_key.clone())),
        };
        server(self) == server(other)
    }

    /// The API key we use with it, if it needs one.
    #[must_use]
    pub fn api_key(&self) -> Option<&str> {
        match self {
            Self::Simulator => None,
            Self::LiveKit { api_key, .. } => Some(api_key),
        }
    }

    /// The secret that opens it, as stored.
    #[must_use]
    pub const fn secret(&self) -> Option<&Sealed> {
        match self {
            Self::Simulator => None,
            Self::LiveKit { api_secret, .. } => Some(api_secret),
        }
    }

    /// The same, for resealing it.
    pub const fn secret_mut(&mut self) -> Option<&mut Sealed> {
        match self {
            Self::Simulator => None,
            Self::LiveKit { api_secret, .. } => Some(api_secret),
        }
    }

    /// Whether it dials nobody.
    #[must_use]
    pub const fn simulates(&self) -> bool {
        matches!(self, Self::Simulator)
    }

    /// Whether it makes a room for each call.
    #[must_use]
    pub const fn has_rooms(&self) -> bool {
        matches!(self, Self::LiveKit { .. })
    }
}

/// A trunk as its organisation configured it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrunkConfig {
    /// Its id; its tag names its object.
    pub id: TrunkId,
    /// The organisation it belongs to.
    pub org_id: OrgId,
    /// Display name.
    pub name: String,
    /// The caller ID shown to the recipient.
    pub trunk_phone: String,
    /// Acceptances, and dials, in any window of one second: 1 to 1000.
    pub max_cps: u32,
    /// Live calls at any moment: 1 to 10000.
    pub max_channels: u32,
    /// Only active trunks take calls.
    pub status: Status,
    /// The carrier behind it.
    pub carrier: Carrier,
    /// Where it may call.
    #[serde(default, skip_serializing_if = "Destinations::is_default")]
    pub destinations: Destinations,
    /// Calls accepted per day, by UTC: 1 to 1,000,000; `None` for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_calls_per_day: Option<u32>,
}

/// What changes about a working trunk, for its observers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrunkState {
    /// Whether it takes calls.
    pub status: Status,
    /// Acceptances, and dials, per second.
    pub max_cps: u32,
    /// Calls that may be in progress at once.
    pub max_channels: u32,
    /// While its dialer's breaker is open: when the next call may probe it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_until: Option<Timestamp>,
}

/// All that a trunk's object must know about its organisation before a change is answered. Always
/// complete, so that a repeated or overtaken one does no harm: the highest version wins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// Rises with each change in the directory.
    pub version: u64,
    /// The trunk itself.
    pub config: TrunkConfig,
    /// Recently revoked keys that a stale copy might still vouch for.
    pub revoked_keys: Vec<KeyId>,
    /// Deactivated or recently deleted agents that a stale copy might still offer.
    pub inactive_agents: Vec<AgentId>,
    /// The deleted ones among them: calls scheduled for them end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deleted_agents: Vec<AgentId>,
    /// What the organisation keeps of its calls.
    #[serde(default, skip_serializing_if = "MediaPolicy::nothing")]
    #[serde(rename = "keeps")]
    pub media_policy: MediaPolicy,
    /// How detailed the callbacks of calls that end from now on are.
    #[serde(default, skip_serializing_if = "CallbackDetail::is_default")]
    pub callback_detail: CallbackDetail,
    /// When its phones may ring.
    #[serde(default, skip_serializing_if = "HoursBook::is_empty")]
    pub hours: HoursBook,
    /// What signs its calls' callbacks. `None` for a deleted trunk, which is told nothing any more: then the directory
    /// itself is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets: Option<WebhookSecrets>,
    /// The organisation suppresses or limits calls to numbers: a call's number is looked up before the call is admitted and before
    /// a dialer gets it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks_of_numbers: bool,
    /// How often numbers may be called.
    #[serde(default, skip_serializing_if = "LimitsBook::is_empty")]
    pub limits: LimitsBook,
    /// Numbers that can't exist are refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refuses_impossible: bool,
    /// The operator has suspended the organisation: what is in progress goes on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspended: bool,
    /// Until then the trunk takes no calls, because it is about to be deleted. The trunk's own note:
    /// the directory's next brief replaces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_until: Option<Timestamp>,
    /// The carriers before the present one, each with until when it was in use: a call is asked about, and hung up,
    /// where it was dialed. The trunk's own note as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[serde(rename = "former")]
    pub former_carriers: Vec<(Timestamp, Carrier)>,
    /// The schedule is being searched for calls whose key or agent is gone. The trunk's own note as well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reviews: bool,
    /// There once were contact limits. The trunk's own note as well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub counted_dials: bool,
    /// The agents that broke off calls lately. The trunk's own note as well.
    #[serde(default, skip_serializing_if = "AgentBreakers::is_empty")]
    pub agents: AgentBreakers,
}

/// How many former carriers are remembered, so that calls dialed over them can still be hung up.
const FORMER: usize = 8;

impl Brief {
    /// Whether the trunk takes calls, as far as its organisation and the operator say.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.config.status == Status::Active && !self.suspended
    }

    /// The carrier of a call that was dialed then, or of one yet to be dialed.
    #[must_use]
    pub fn carrier_at(&self, dialed_at: Option<Timestamp>) -> &Carrier {
        let dialed_at = dialed_at.unwrap_or(Timestamp::MAX);
        let mut former = self.former_carriers.iter();
        former
            .find(|(until, _)| dialed_at < *until)
            .map_or(&self.config.carrier, |(_, carrier)| carrier)
    }

    /// Whether a call may have a place among the dials to its number.
    #[must_use]
    pub fn counts_dials(&self) -> bool {
        self.counted_dials || !self.limits.is_empty()
    }

    /// Takes over the trunk's own notes from the previous brief.
    pub fn follow(&mut self, before: &Self, now: Timestamp) {
        self.counted_dials = before.counts_dials();
        self.agents = before.agents.clone();
        self.former_carriers.clone_from(&before.former_carriers);
        if !self.config.carrier.is_same_server(&before.config.carrier) {
            self.former_carriers
                .push((now, before.config.carrier.clone()));
        }
        let too_many = self.former_carriers.len().saturating_sub(FORMER);
        self.former_carriers.drain(..too_many);
    }
}

/// How long a trunk takes no calls because of a deletion that nobody confirms.
const RETIRED_FOR: Span = Span(600_000);

impl Trunk {
    /// Takes the directory's brief, unless a newer one came first. `false` if it is another trunk's.
    pub fn take_brief(&mut self, mut brief: Brief) -> bool {
        match &self.brief {
            Some(known) if known.config.id != brief.config.id => return false,
            Some(known) if known.version > brief.version => return true,
            Some(known) => {
                brief.follow(known, self.clock);
            }
            None => {}
        }
        if let Some(known) = self.brief.take() {
            self.heed(&mut brief, &known);
        }
        if brief.config.max_calls_per_day.is_none() {
            self.today = None;
        }
        self.brief = Some(brief);
        true
    }

    /// Stops taking calls until the directory's next brief, or for [`RETIRED_FOR`] in case this request comes so
    /// late that the directory has given up on it. `false`, with nothing changed, while calls are live or scheduled.
    pub fn retire(&mut self, now: Timestamp, step: &Step<'_>) -> bool {
        if !self.live.is_empty() || !self.queue.is_empty() || self.has_scheduled(step) {
            return false;
        }
        if let Some(brief) = &mut self.brief {
            brief.retired_until = Some(now + RETIRED_FOR);
        }
        true
    }
}
