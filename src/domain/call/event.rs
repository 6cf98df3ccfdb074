//! What the carrier says about a call, on its own or when asked.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Failure;
use crate::domain::time::Timestamp;

/// What the carrier, or whoever speaks for it, says about a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CarrierEvent {
    /// The phone is ringing.
    Ringing,
    /// The person, or a machine, picked up.
    Answered,
    /// The conversation is over; with its outcome, if that is already known.
    HungUp(Option<Value>),
    /// The call did not connect; or it was answered, and the dialer lost it.
    Failed(Failure),
    /// An agent left its room, possibly the last one there.
    AgentLeft,
    /// The callee was there without an agent, or with one that is done, and was hung up on.
    Deserted,
    /// An inquiry found the conversation over: it ended before that.
    Vanished,
    /// The room is gone, and any conversation in it.
    RoomClosed,
    /// The carrier sends webhooks about this call, so it need not be asked as often.
    Announced,
    /// The dialer is done with it, and the carrier never held anything for it.
    Released,
    /// The dialer is done with it, and has deleted its room. Its agent may still be on the way there.
    Deleted,
}

impl CarrierEvent {
    pub(super) const fn ends_the_call(&self) -> bool {
        matches!(
            self,
            Self::HungUp(_) | Self::Failed(_) | Self::Deserted | Self::Vanished | Self::RoomClosed
        )
    }
}

/// A carrier's event and its time: in the past for a report, in the future for a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timed {
    /// When it happened, as measured by the carrier or by whoever asked it.
    pub at: Timestamp,
    /// What happened.
    pub event: CarrierEvent,
}

/// What the carrier answers when asked about a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InquiryResult {
    /// It is still ringing or talking.
    StillThere,
    /// What has happened since it was dialed, and what is going to happen if that lies in the future.
    Happened(Vec<Timed>),
    /// The carrier knows of no such call.
    Unknown,
}
