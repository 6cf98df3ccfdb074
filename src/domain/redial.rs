//! Redialing: after which ends of a call another attempt follows, when, and how many in all.

use serde::{Deserialize, Serialize};

use super::ids::CallId;
use super::planted::{Fault, planted};
use super::time::{Span, Timestamp};

/// The fewest and the most attempts of a series that can be requested.
pub const ATTEMPTS: std::ops::RangeInclusive<u64> = 2..=10;
/// The seconds between two attempts.
pub const WAIT_SECONDS: std::ops::RangeInclusive<u64> = 1..=604_800;

/// An outcome of a call after which another attempt may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Cause {
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
    /// The dialer could not start the call, or lost it.
    DialerUnavailable,
    /// The agent did not come, or left.
    AgentUnavailable,
    /// A machine answered.
    Voicemail,
}

impl Cause {
    /// All of them, each as the API spells it.
    pub const ALL: [(&'static str, Self); 8] = [
        ("busy", Self::Busy),
        ("declined", Self::Declined),
        ("no_answer", Self::NoAnswer),
        ("unreachable", Self::Unreachable),
        ("carrier_error", Self::CarrierError),
        ("dialer_unavailable", Self::DialerUnavailable),
        ("agent_unavailable", Self::AgentUnavailable),
        ("voicemail", Self::Voicemail),
    ];

    /// The cause that the API spells like this.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|(known, _)| *known == name)
            .map(|(_, cause)| cause)
    }
}

/// What a request says about redialing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redial {
    /// The most attempts in all, whatever each ended with.
    pub max_attempts: u32,
    /// The ends after which another follows.
    pub on: Vec<Cause>,
    /// Seconds from the end of an attempt to the next: of the first, the second, and so on; the last value repeats.
    pub wait_seconds: Vec<u32>,
}

/// A call's place in its series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// The first attempt.
    pub first: CallId,
    /// The attempt before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<CallId>,
    /// The attempt after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<CallId>,
    /// No other attempt follows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over: bool,
    /// It follows another attempt, and is counted among its day's calls.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub counted: bool,
}

impl Series {
    /// The place of a first attempt.
    #[must_use]
    pub const fn begins(first: CallId) -> Self {
        Self {
            attempt: 1,
            first,
            previous: None,
            next: None,
            over: false,
            counted: false,
        }
    }

    /// The place of the attempt after this one, whose id is `previous`.
    #[must_use]
    pub const fn after(self, previous: CallId) -> Self {
        Self {
            attempt: self.attempt + 1,
            first: self.first,
            previous: Some(previous),
            next: None,
            over: false,
            counted: false,
        }
    }

    /// Whether it follows another attempt.
    #[must_use]
    pub const fn follows(self) -> bool {
        self.previous.is_some()
    }

    /// Whether it is counted among some day's calls: a first attempt is, since it was accepted.
    #[must_use]
    pub const fn is_counted(self) -> bool {
        self.counted || !self.follows()
    }

    /// Whether it is still undecided if another follows.
    #[must_use]
    pub const fn is_undecided(self) -> bool {
        self.next.is_none() && !self.over
    }
}

impl Redial {
    /// When the next attempt is due, if one follows an attempt that ended at this moment with this cause. None is due at `not_after` or later.
    #[must_use]
    pub fn next_at(
        &self,
        attempt: u32,
        cause: Cause,
        ended_at: Timestamp,
        not_after: Timestamp,
    ) -> Option<Timestamp> {
        let has_left = attempt < self.max_attempts || planted(Fault::RedialUnbounded);
        let place = usize::try_from(attempt).ok()?.saturating_sub(1);
        let wait = self.wait_seconds.get(place).or(self.wait_seconds.last())?;
        let wait = match planted(Fault::RedialAtOnce) {
            true => Span(0),
            false => Span::from_secs(u64::from(*wait)),
        };
        let at = ended_at + wait;
        (has_left && self.on.contains(&cause) && at < not_after).then_some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: Timestamp = Timestamp(1_000_000);
    const NEVER: Timestamp = Timestamp(2_000_000_000);

    fn redial() -> Redial {
        Redial {
            max_attempts: 4,
            on: vec![Cause::Busy, Cause::NoAnswer],
            wait_seconds: vec![60, 600],
        }
    }

    #[test]
    fn each_attempt_waits_as_long_as_its_place_says_and_the_last_wait_repeats() {
        let at = |attempt| redial().next_at(attempt, Cause::Busy, END, NEVER);
        let waits = [1, 2, 3].map(at).map(|at| at.map(|at| (at - END).0));
        assert_eq!(waits, [Some(60_000), Some(600_000), Some(600_000)]);
    }

    #[test]
    fn attempts_are_counted_whatever_they_ended_with() {
        for cause in [Cause::Busy, Cause::NoAnswer] {
            assert!(redial().next_at(3, cause, END, NEVER).is_some());
            assert_eq!(redial().next_at(4, cause, END, NEVER), None);
        }
        assert_eq!(redial().next_at(1, Cause::Declined, END, NEVER), None);
    }

    #[test]
    fn none_is_due_when_the_time_of_the_series_is_over() {
        let until = |ms| redial().next_at(1, Cause::Busy, END, END + Span(ms));
        assert_eq!(until(60_000), None);
        assert_eq!(until(60_001), Some(END + Span(60_000)));
    }

    #[test]
    fn a_place_in_a_series_follows_from_the_one_before() {
        let id = |ms| CallId::floor(Timestamp(ms));
        let first = Series::begins(id(1));
        let second = first.after(id(1));
        assert_eq!(
            (second.attempt, second.first, second.previous),
            (2, id(1), Some(id(1)))
        );
        let third = second.after(id(2));
        assert_eq!(
            (third.attempt, third.first, third.previous),
            (3, id(1), Some(id(2)))
        );
        assert!(third.is_undecided());
        assert!(
            !Series {
                over: true,
                ..third
            }
            .is_undecided()
        );
    }

    #[test]
    fn causes_are_spelled_as_they_are_stored() {
        for (name, cause) in Cause::ALL {
            assert_eq!(serde_json::to_value(cause).ok(), Some(name.into()));
        }
    }
}
