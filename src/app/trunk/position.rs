//! Places in the live feed, what is asked of it and answered, and what a trunk's rows keep for it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::base64::URL_SAFE;
use crate::domain::ids::{CallId, TrunkId};
use crate::domain::sorting::oldest_first;
use crate::domain::time::{Span, Timestamp};
use crate::domain::trunk::TrunkState;

/// A place in the feed: a moment, and a call whose turn it was. A trunk's own events bear the lowest id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position(pub Timestamp, pub CallId);

impl Position {
    /// Before all that became known at `at`.
    #[must_use]
    pub fn start_of(at: Timestamp) -> Self {
        Self(at, CallId::floor(Timestamp(0)))
    }

    /// Where a trunk's state of `at` stands: before the calls of that moment, and not where another trunk's does.
    #[must_use]
    pub fn of_state(at: Timestamp, trunk: TrunkId) -> Self {
        let first = Self::start_of(at).1.number();
        Self(at, CallId::of_number(first + (trunk.number() >> 96)))
    }

    /// Before the turn at `at` of the call at this place: see [`CallId::row`].
    #[must_use]
    pub fn of_row(at: Timestamp, row: u64) -> Self {
        Self(at, CallId::floor_of(row))
    }

    /// Behind all that became known before `at`.
    #[must_use]
    pub fn before(at: Timestamp) -> Self {
        Self(at - Span(1), CallId::floor(Timestamp::MAX))
    }

    /// Sorts what has a place in the feed: two passes, of which the second leaves alone what bears one moment.
    pub fn sort<T>(items: &mut Vec<T>, place: impl Fn(&T) -> Self) {
        oldest_first(items, |item| place(item).1.number());
        oldest_first(items, |item| u128::from(place(item).0.0));
    }

    /// As clients see it: moment and call, 22 bytes in base64url.
    #[must_use]
    pub fn cursor(&self) -> String {
        let mut bytes = self.0.0.to_be_bytes().to_vec();
        bytes.drain(..2);
        bytes.extend(self.1.number().to_be_bytes());
        URL_SAFE.encode(bytes)
    }

    /// Reads a cursor.
    #[must_use]
    pub fn read(cursor: &str) -> Option<Self> {
        let bytes: [u8; 22] = URL_SAFE.decode(cursor)?.try_into().ok()?;
        let number = |bytes: &[u8]| {
            bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | u128::from(*byte))
        };
        let (at, call) = bytes.split_at_checked(6)?;
        Some(Self(
            Timestamp(number(at) as u64),
            CallId::of_number(number(call)),
        ))
    }
}

/// Which events an answer holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedFilter {
    /// Only behind this place.
    pub after: Position,
    /// Only of one of these types; of any when there is none.
    pub only: Vec<String>,
    /// The most events that a page may hold.
    pub limit: usize,
    /// How long the answer may wait for the first event.
    pub wait: Span,
    /// Where to go on in the history, for an answer that is made in slices; 0 at its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slice: Option<u64>,
}

/// One event and its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedEvent(pub Position, pub Value);

/// A trunk's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedPage {
    /// In their order.
    pub events: Vec<FeedEvent>,
    /// All that lies before is in `events`, or was left out by the filter.
    pub through: Position,
    /// The present, as the trunk knows it.
    pub now: Timestamp,
    /// Where the history goes on; none when the look came to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goes_on: Option<u64>,
    /// Of later events the directory is told when they happen, but for those that are foretold: this is the first of them. None
    /// from a trunk that tells the directory nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foretold: Option<Timestamp>,
}

impl FeedPage {
    /// Whether there is nothing, up to the present.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.events.is_empty() && self.through == Position::start_of(self.now)
    }
}

/// A trunk's state and since when it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logged(pub Timestamp, pub TrunkState);

/// What a trunk's rows keep for the feed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedNotes {
    /// The trunk's states, oldest first.
    pub states: Vec<Logged>,
    /// Since when late turns are noted: somebody listens, with no pause of [`KEPT`](super::KEPT).
    #[serde(default)]
    pub logged_since: Option<Timestamp>,
    /// When somebody last listened, to the hour.
    pub listened_at: Option<Timestamp>,
}

/// A turn, as it is found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateTransition {
    /// When it became known.
    pub at: Timestamp,
    /// Of which call: see [`CallId::row`].
    pub row: u64,
    /// Its type's place in [`TYPES`](super::TYPES).
    pub kind: u8,
}

impl LateTransition {
    /// Where it stands in the feed.
    pub(super) fn place(&self) -> Position {
        Position::of_row(self.at, self.row)
    }
}
