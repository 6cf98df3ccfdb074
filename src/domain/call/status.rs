//! Where a call is, in the reference's words, and why it failed.

use serde::{Deserialize, Serialize};

use super::Reason;
use crate::domain::callback::EventType;
use crate::domain::planted::{Fault, planted};

/// A call's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum CallStatus {
    /// Call accepted and queued for dispatch.
    Initiating,
    /// Phone is ringing at the recipient's end.
    Ringing,
    /// Recipient picked up, the conversation is underway.
    Answered,
    /// Call ended normally.
    Completed,
    /// Recipient declined the call or line was busy.
    Decline,
    /// No available channels on the trunk.
    #[serde(rename = "Rejected — Capacity")]
    RejectedCapacity,
    /// The call could not be handed to the carrier.
    #[serde(rename = "Trigger Failed")]
    TriggerFailed,
    /// Carrier-level failure: no answer, network issue, SIP error.
    #[serde(rename = "SIP Call Failed")]
    SipCallFailed,
}

impl CallStatus {
    /// All statuses, in the reference's order. Rows of open calls refer to a status by its index here, so a new one goes at
    /// the end.
    pub const ALL: [Self; 8] = [
        Self::Initiating,
        Self::Ringing,
        Self::Answered,
        Self::Completed,
        Self::Decline,
        Self::RejectedCapacity,
        Self::TriggerFailed,
        Self::SipCallFailed,
    ];

    /// The reference's spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initiating => "Initiating",
            Self::Ringing => "Ringing",
            Self::Answered => "Answered",
            Self::Completed => "Completed",
            Self::Decline => "Decline",
            Self::RejectedCapacity => "Rejected — Capacity",
            Self::TriggerFailed => "Trigger Failed",
            Self::SipCallFailed => "SIP Call Failed",
        }
    }

    /// The status with that spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// What a terminal state is called in a notification; `None` while the call is in progress.
    #[must_use]
    pub const fn event(self) -> Option<EventType> {
        match self {
            Self::Initiating | Self::Ringing | Self::Answered => None,
            Self::Completed => Some(EventType::Completed),
            Self::Decline => Some(EventType::Declined),
            Self::RejectedCapacity => Some(EventType::Rejected),
            Self::TriggerFailed | Self::SipCallFailed => Some(EventType::Failed),
        }
    }

    /// The statuses in which no further change will occur.
    pub const TERMINAL: [Self; 5] = [
        Self::Completed,
        Self::Decline,
        Self::RejectedCapacity,
        Self::TriggerFailed,
        Self::SipCallFailed,
    ];

    /// Final: no further change will occur.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        self.event().is_some()
    }
}

/// Who made a call fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum FailureSource {
    /// This platform: its limits and its watchdogs.
    Platform,
    /// The part that hands calls to the carrier.
    Dialer,
    /// The telephone network.
    Carrier,
    /// The person called.
    Callee,
    /// The integrator, for instance by cancelling it.
    Caller,
}

/// Why a call failed, for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FailureCode {
    /// The line was busy.
    Busy,
    /// The person declined.
    Declined,
    /// Nobody answered.
    NoAnswer,
    /// No such number, or nobody at that address.
    Unreachable,
    /// Any other answer of the carrier.
    CarrierError,
    /// The dialer could not start the call.
    DialerUnavailable,
    /// The agent did not come, or left while the callee was there.
    AgentUnavailable,
    /// The agent broke off the call and says so itself.
    AgentFailed,
    /// Cancelled or released.
    Canceled,
    /// Ended by a watchdog.
    TimedOut,
    /// All channels were in use.
    ChannelsExhausted,
    /// `max_cps` was used up.
    RateExceeded,
    /// The number is not to be called.
    NumberSuppressed,
    /// The trunk's schedule was full.
    ScheduleFull,
    /// The trunk had accepted all the calls it may on that day.
    DailyLimitReached,
    /// It could not be dialed before its `not_after`, for a reason other than capacity.
    WindowClosed,
    /// The trunk may no longer call this number.
    DestinationNotAllowed,
    /// Only for a campaign's attempt: the call had left the trunk before the campaign was told how it ended.
    ResultUnknown,
}

impl FailureCode {
    /// All of them, with their names.
    pub const ALL: [(Self, &str); 18] = [
        (Self::Busy, "busy"),
        (Self::Declined, "declined"),
        (Self::NoAnswer, "no_answer"),
        (Self::Unreachable, "unreachable"),
        (Self::CarrierError, "carrier_error"),
        (Self::DialerUnavailable, "dialer_unavailable"),
        (Self::AgentUnavailable, "agent_unavailable"),
        (Self::AgentFailed, "agent_failed"),
        (Self::Canceled, "canceled"),
        (Self::TimedOut, "timed_out"),
        (Self::ChannelsExhausted, "channels_exhausted"),
        (Self::RateExceeded, "rate_exceeded"),
        (Self::NumberSuppressed, "number_suppressed"),
        (Self::ScheduleFull, "schedule_full"),
        (Self::DailyLimitReached, "daily_limit_reached"),
        (Self::WindowClosed, "window_closed"),
        (Self::DestinationNotAllowed, "destination_not_allowed"),
        (Self::ResultUnknown, "result_unknown"),
    ];

    /// The code of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|(_, name)| *name == text).map(|(code, _)| code)
    }

    /// Its spelling in the API and in rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        let mut all = Self::ALL.into_iter();
        let known = all.find(|(code, _)| *code == self);
        known.map_or("", |(_, name)| name)
    }
}

/// Who picked up, as far as known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum AnsweredBy {
    /// A person.
    Human,
    /// A machine, such as one that takes messages.
    Machine,
    /// It can't be told.
    Unknown,
}

/// Why a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// For machines.
    pub code: FailureCode,
    /// The carrier's SIP status, when it sent one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_status_code: Option<u16>,
    /// What kept the dialer from placing it, if the dialer said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

impl Failure {
    /// A failure without a SIP status.
    #[must_use]
    pub const fn of(code: FailureCode) -> Self {
        Self {
            code,
            sip_status_code: None,
            reason: None,
        }
    }

    /// A dialer's failure, with what kept it from placing the call.
    #[must_use]
    pub const fn dialer(reason: Reason) -> Self {
        Self::of(FailureCode::DialerUnavailable).because(Some(reason))
    }

    /// The failure with its reason, when there is one.
    #[must_use]
    pub const fn because(self, reason: Option<Reason>) -> Self {
        Self { reason, ..self }
    }

    /// What a final SIP status means (RFC 3261 §21).
    #[must_use]
    pub const fn sip(status: u16) -> Self {
        let code = match status {
            486 | 600 => FailureCode::Busy,
            603 | 607 | 608 => FailureCode::Declined,
            408 | 480 => FailureCode::NoAnswer,
            404 | 410 | 484 | 604 => FailureCode::Unreachable,
            _ => FailureCode::CarrierError,
        };
        Self {
            code,
            sip_status_code: Some(status),
            reason: None,
        }
    }

    /// Whether the dialer had started the call when it failed.
    pub(super) const fn is_loss(&self) -> bool {
        matches!(self.reason, Some(reason) if reason.is_loss())
    }

    /// Who made the call fail.
    #[must_use]
    pub const fn source(&self) -> FailureSource {
        match self.code {
            FailureCode::Busy | FailureCode::Declined | FailureCode::NoAnswer => {
                FailureSource::Callee
            }
            FailureCode::Unreachable | FailureCode::CarrierError => FailureSource::Carrier,
            FailureCode::DialerUnavailable
            | FailureCode::AgentUnavailable
            | FailureCode::AgentFailed => FailureSource::Dialer,
            FailureCode::Canceled => FailureSource::Caller,
            FailureCode::TimedOut
            | FailureCode::ChannelsExhausted
            | FailureCode::RateExceeded
            | FailureCode::NumberSuppressed
            | FailureCode::ScheduleFull
            | FailureCode::DailyLimitReached
            | FailureCode::WindowClosed
            | FailureCode::DestinationNotAllowed
            | FailureCode::ResultUnknown => FailureSource::Platform,
        }
    }

    /// For people.
    #[must_use]
    pub const fn message(&self) -> &'static str {
        match self.code {
            FailureCode::Busy => "The line was busy",
            FailureCode::Declined => "The recipient declined the call",
            FailureCode::NoAnswer => "Nobody answered",
            FailureCode::Unreachable => "The number could not be reached",
            FailureCode::CarrierError => "The carrier could not complete the call",
            FailureCode::DialerUnavailable if self.is_loss() => "The dialer lost the call",
            FailureCode::DialerUnavailable => "The dialer could not start the call",
            FailureCode::AgentUnavailable => "The agent was not in the call",
            FailureCode::AgentFailed => "The agent broke off the call",
            FailureCode::Canceled => "The call was cancelled",
            FailureCode::TimedOut => "The call was ended because it took too long",
            FailureCode::ChannelsExhausted => "All channels of the trunk were in use",
            FailureCode::RateExceeded => "The trunk's calls per second were used up",
            FailureCode::NumberSuppressed => "The number is suppressed",
            FailureCode::ScheduleFull => "The trunk had too many scheduled calls",
            FailureCode::DailyLimitReached => "The trunk's calls of the day were used up",
            FailureCode::WindowClosed => "The call could not be dialed in its time",
            FailureCode::DestinationNotAllowed => "Destination not allowed",
            FailureCode::ResultUnknown => "What became of the call is not known",
        }
    }

    /// For people, including what kept the dialer from placing the call.
    #[must_use]
    pub fn detail(&self) -> String {
        match self.reason.filter(|_| !planted(Fault::ReasonUntold)) {
            Some(reason) => format!("{}: {}", self.message(), reason.text()),
            None => self.message().to_owned(),
        }
    }

    /// The terminal status of a call that failed like this before it was answered.
    #[must_use]
    pub const fn status(&self) -> CallStatus {
        match self.code {
            FailureCode::Busy | FailureCode::Declined => CallStatus::Decline,
            FailureCode::NoAnswer
            | FailureCode::Unreachable
            | FailureCode::CarrierError
            | FailureCode::Canceled => CallStatus::SipCallFailed,
            FailureCode::DialerUnavailable if self.is_loss() => CallStatus::SipCallFailed,
            FailureCode::DialerUnavailable
            | FailureCode::AgentUnavailable
            | FailureCode::AgentFailed
            | FailureCode::TimedOut
            | FailureCode::NumberSuppressed
            | FailureCode::WindowClosed
            | FailureCode::DestinationNotAllowed
            | FailureCode::ResultUnknown => CallStatus::TriggerFailed,
            FailureCode::ChannelsExhausted
            | FailureCode::RateExceeded
            | FailureCode::ScheduleFull
            | FailureCode::DailyLimitReached => CallStatus::RejectedCapacity,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_codes_are_known_by_the_names_that_are_read_and_written() {
        let unknown = serde_json::from_str::<FailureCode>("\"\"").expect_err("no code");
        for (code, name) in FailureCode::ALL {
            let written = serde_json::to_string(&code).expect("JSON");
            assert_eq!(written, format!("{name:?}"));
            assert_eq!(
                (FailureCode::parse(name), code.as_str()),
                (Some(code), name)
            );
        }
        let known = unknown.to_string().matches('`').count() / 2 - 1;
        assert_eq!(known, FailureCode::ALL.len());
        assert_eq!(FailureCode::parse("Busy"), None);
    }
}
