//! Places in the live feed, what is asked of it and answered, and what a trunk's rows keep for it.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::domain::base64::URL_SAFE;
use crate::domain::ids::{CallId, CampaignId, TrunkId};
use crate::domain::sorting::oldest_first;
use crate::domain::time::{Span, Timestamp};
use crate::domain::trunk::TrunkState;

/// Stored and sent without the names of its two fields: there are many of these.
macro_rules! travels_as_pair {
    ($type:ident { $first:ident, $second:ident }) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                (&self.$first, &self.$second).serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Deserialize::deserialize(deserializer)
                    .map(|($first, $second)| Self { $first, $second })
            }
        }
    };
}

/// A place in the feed: a moment, and a call whose transition it was. A trunk's own events and campaigns' bear the lowest ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// When it became known.
    pub at: Timestamp,
    /// Of which call.
    pub call: CallId,
}

travels_as_pair!(Position { at, call });

impl Position {
    /// The place of a call's transition.
    #[must_use]
    pub const fn new(at: Timestamp, call: CallId) -> Self {
        Self { at, call }
    }

    /// Before all that became known at `at`.
    #[must_use]
    pub fn start_of(at: Timestamp) -> Self {
        Self::new(at, CallId::floor(Timestamp(0)))
    }

    /// Where a trunk's state of `at` stands: before the calls of that moment, and not where another trunk's does.
    #[must_use]
    pub fn of_state(at: Timestamp, trunk: TrunkId) -> Self {
        let first = Self::start_of(at).call.number();
        Self::new(at, CallId::of_number(first + (trunk.number() >> 96)))
    }

    /// Where a campaign of `at` stands: behind trunks' states of that moment and before its calls, and not where another
    /// campaign does.
    #[must_use]
    pub fn of_campaign(at: Timestamp, campaign: CampaignId) -> Self {
        let first = Self::start_of(at).call.number();
        Self::new(
            at,
            CallId::of_number(first + (1 << 32) + (campaign.number() >> 96)),
        )
    }

    /// Before the transition at `at` of the call at this place: see [`CallId::row`].
    #[must_use]
    pub fn of_row(at: Timestamp, row: u64) -> Self {
        Self::new(at, CallId::floor_of(row))
    }

    /// Behind all that became known before `at`.
    #[must_use]
    pub fn before(at: Timestamp) -> Self {
        Self::new(at - Span(1), CallId::floor(Timestamp::MAX))
    }

    /// Behind all that lies before this place, and before what lies at it.
    #[must_use]
    pub fn just_before(self) -> Self {
        match self == Self::start_of(self.at) {
            true => Self::before(self.at),
            false => Self::new(self.at, CallId::of_number(self.call.number() - 1)),
        }
    }

    /// Sorts what has a place in the feed: two passes, of which the second leaves alone what bears one moment.
    pub fn sort<T>(items: &mut Vec<T>, place: impl Fn(&T) -> Self) {
        oldest_first(items, |item| place(item).call.number());
        oldest_first(items, |item| u128::from(place(item).at.0));
    }

    /// As clients see it: moment and call, 22 bytes in base64url.
    #[must_use]
    pub fn cursor(&self) -> String {
        let mut bytes = self.at.0.to_be_bytes().to_vec();
        bytes.drain(..2);
        bytes.extend(self.call.number().to_be_bytes());
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
        Some(Self::new(
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
    /// Where to go on in the history, where it is looked through in slices and questions; 0 at its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slice: Option<u64>,
}

/// One event and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedEvent {
    /// Its cursor, before it is written as one.
    pub place: Position,
    /// As clients read it.
    pub event: Value,
}

travels_as_pair!(FeedEvent { place, event });

/// A trunk's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedPage {
    /// In their order.
    pub events: Vec<FeedEvent>,
    /// All that lies before is in `events`, or was left out by the filter.
    pub through: Position,
    /// The present, as the trunk knows it.
    pub now: Timestamp,
    /// Where the history goes on; none when the look came to its end. In an answer: where it is to be asked next, since a question
    /// looks at so many rows and came to no other place; then what it found so far is in `events`, in no part complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goes_on: Option<u64>,
    /// Of later events the directory is told when they happen, but for those that are planned: this is the first of them. None
    /// from a trunk that tells the directory nothing.
    #[serde(rename = "foretold", default, skip_serializing_if = "Option::is_none")]
    pub next_planned: Option<Timestamp>,
}

impl FeedPage {
    /// Whether who asked from this place on comes to another by it: by an event, or past what the filter left out.
    #[must_use]
    pub fn gets_on(&self, after: Position) -> bool {
        self.complete() > 0 || self.through.just_before() > after
    }

    /// How many of its events are told, whatever the rows tell that were not looked at.
    #[must_use]
    pub fn complete(&self) -> usize {
        let complete = self
            .events
            .iter()
            .filter(|event| event.place < self.through);
        complete.count()
    }

    /// This part of the history and the next, which is later in rows though not in moments: `most` events of them.
    #[must_use]
    pub fn then(mut self, next: Self, most: usize) -> Self {
        self.events.extend(next.events);
        Position::sort(&mut self.events, |event| event.place);
        self.events.dedup_by_key(|event| event.place);
        Self {
            events: self.events,
            // What the first part looked at has had other transitions since.
            through: next.through.min(Position::start_of(self.now)),
            now: self.now,
            next_planned: self.next_planned.min(next.next_planned),
            ..next
        }
        .up_to(most)
    }

    /// The first `most` events at most: complete as far as the first that is left out.
    #[must_use]
    pub fn up_to(mut self, most: usize) -> Self {
        if let Some(left_out) = self.events.get(most).map(|event| event.place) {
            self.events.truncate(most);
            self.through = self.through.min(left_out);
        }
        self
    }

    /// What is complete of it: not more than was asked for.
    #[must_use]
    pub fn cut(mut self, limit: usize) -> Self {
        self.events.retain(|event| event.place < self.through);
        self.goes_on = None;
        self.up_to(limit)
    }

    /// Whether there is nothing, up to the present.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.events.is_empty() && self.through == Position::start_of(self.now)
    }
}

/// A trunk's state and since when it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Since when it is so.
    pub at: Timestamp,
    /// Active or not, and why.
    pub state: TrunkState,
}

travels_as_pair!(Logged { at, state });

/// A campaign, as it told of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedCampaign {
    /// When it did.
    pub at: Timestamp,
    /// Which it is.
    pub id: CampaignId,
    /// As clients read it, in JSON.
    pub view: String,
}

/// What a trunk's rows keep for the feed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedNotes {
    /// The trunk's states, oldest first.
    pub states: Vec<Logged>,
    /// Since when late transitions are noted: somebody listens, with no pause of [`KEPT`](super::KEPT).
    #[serde(default)]
    pub logged_since: Option<Timestamp>,
    /// When somebody last listened, to the hour.
    pub listened_at: Option<Timestamp>,
    /// The last that each campaign said, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub campaigns: Vec<LoggedCampaign>,
}

/// A transition, as it is found again.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_states_of_two_trunks_that_changed_at_once_have_two_places_before_any_calls() {
        let at = Timestamp(1_781_431_200_000);
        let place = |first: u8| {
            let mut entropy = [7; 16];
            entropy[0] = first;
            Position::of_state(at, TrunkId::from_entropy(entropy))
        };
        let campaign = |first: u8| Position::of_campaign(at, CampaignId::from_entropy([first; 16]));
        let call = Position::new(at, CallId::floor(Timestamp(1)));
        assert!(Position::start_of(at) < place(0));
        assert!(place(0) < place(255) && place(255) < campaign(0));
        assert!(campaign(0) < campaign(255) && campaign(255) < call);
        assert_eq!(Position::read(&place(9).cursor()), Some(place(9)));
    }

    #[test]
    fn nothing_lies_between_a_place_and_what_is_just_before_it() {
        let at = Timestamp(1_781_431_200_000);
        let call = CallId::floor(at);
        assert_eq!(Position::start_of(at).just_before(), Position::before(at));
        let before = Position::new(at, call).just_before();
        assert!(Position::start_of(at) < before && before < Position::new(at, call));
        assert_eq!(before.call.number() + 1, call.number());
    }

    /// What lies before `through` is nothing, for who knows all of the millisecond before it.
    #[test]
    fn a_page_gets_on_by_an_event_or_by_its_place_and_by_the_next_millisecond_it_does_not() {
        let at = Timestamp(1_781_431_200_000);
        let page = |through: Position, event: Option<Position>| FeedPage {
            events: event
                .into_iter()
                .map(|place| FeedEvent {
                    place,
                    event: Value::Null,
                })
                .collect(),
            through,
            now: at + Span(9),
            goes_on: None,
            next_planned: None,
        };
        let after = Position::before(at);
        assert!(!page(Position::start_of(at), None).gets_on(after));
        assert!(page(Position::start_of(at + Span(1)), None).gets_on(after));
        let call = Position::new(at, CallId::floor(at));
        assert!(page(call, None).gets_on(after));
        assert!(!page(call, None).gets_on(call.just_before()));
        assert!(!page(call, Some(call)).gets_on(call.just_before()));
        assert!(page(Position::before(at + Span(1)), Some(call)).gets_on(after));
    }
}
