//! What the carrier says of a call, by itself or when it is asked.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Failure;
use crate::domain::time::Timestamp;

/// What the carrier, or whoever speaks for it, says of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CarrierEvent {
    /// The phone rings.
    Ringing,
    /// The person, or a machine, picked up.
    Answered,
    /// The conversation is over; with its outcome when that is known already.
    HungUp(Option<Value>),
    /// The call did not connect; or, of one that was answered, the dialer lost it.
    Failed(Failure),
    /// An agent left its room: it may have been the last.
    AgentLeft,
    /// The person called was there with no agent, or with one that is done, and was hung up on.
    Deserted,
    /// A look found the conversation over: it ended no later than that.
    Vanished,
    /// The room is gone, and with it the conversation, if it was one.
    RoomClosed,
    /// The carrier tells by itself what happens to this call: it need not be asked as often.
    Announced,
    /// Whoever dialed is done with it, and the carrier never held anything of it.
    Released,
    /// Whoever dialed is done with it, and has deleted its room. Its agent may still be on the way there.
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

/// A carrier's event and when it happens: in the past for a report, in the future for a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timed {
    /// When it happened, as the carrier or whoever looked measured it.
    pub at: Timestamp,
    /// What happened.
    pub event: CarrierEvent,
}

/// What the carrier answers when it is asked about a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InquiryResult {
    /// It still rings or talks.
    StillThere,
    /// It did this since it was dialed, and is going to do what lies in the future.
    Happened(Vec<Timed>),
    /// The carrier knows of no such call.
    Unknown,
}
