//! Places in the live feed, its questions and answers, and what a trunk's rows keep for it.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::domain::base64::URL_SAFE;
use crate::domain::ids::{CallId, CampaignId, TrunkId};
use crate::domain::sorting::oldest_first;
use crate::domain::time::{Span, Timestamp};
use crate::domain::trunk::TrunkState;

/// Stored and sent without the names of its two fields, to save space: there are many of these.
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

/// A place in the feed: a moment, and the call whose transition it was. A trunk's own events and campaigns' have the lowest
/// ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// When it became known.
    pub at: Timestamp,
    /// The call it is about.
    pub call: CallId,
}

travels_as_pair!(Position { at, call });

impl Position {
    /// The place of a call's transition.
    #[must_use]
    pub const fn new(at: Timestamp, call: CallId) -> Self {
        Self { at, call }
    }

    /// Before everything that became known at `at`.
    #[must_use]
    pub fn start_of(at: Timestamp) -> Self {
        Self::new(at, CallId::floor(Timestamp(0)))
    }

    /// The place of a trunk's state at `at`: before the calls of that moment, and different from that of another trunk's
    /// state.
    #[must_use]
    pub fn of_state(at: Timestamp, trunk: TrunkId) -> Self {
        let first = Self::start_of(at).call.number();
        Self::new(at, CallId::of_number(first + (trunk.number() >> 96)))
    }

    /// The place of a campaign at `at`: after trunks' states of that moment and before its calls, and different from that of
    /// another campaign.
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

    /// After everything that became known before `at`.
    #[must_use]
    pub fn before(at: Timestamp) -> Self {
        Self::new(at - Span(1), CallId::floor(Timestamp::MAX))
    }

    /// After everything before this place, but before what is at it.
    #[must_use]
    pub fn just_before(self) -> Self {
        match self == Self::start_of(self.at) {
            true => Self::before(self.at),
            false => Self::new(self.at, CallId::of_number(self.call.number() - 1)),
        }
    }

    /// Sorts by place in the feed, in two passes: the second is stable, so items of one moment keep their order by call.
    pub fn sort<T>(items: &mut Vec<T>, place: impl Fn(&T) -> Self) {
        oldest_first(items, |item| place(item).call.number());
        oldest_first(items, |item| u128::from(place(item).at.0));
    }

    /// As clients see it: moment and call, 22 bytes, as base64url.
    #[must_use]
    pub fn cursor(&self) -> String {
        let mut bytes = self.at.0.to_be_bytes().to_vec();
        bytes.drain(..2);
        bytes.extend(self.call.number().to_be_bytes());
        URL_SAFE.encode(bytes)
    }

    /// Parses a cursor.
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

/// Which events an answer should contain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedFilter {
    /// Only those after this place.
    pub after: Position,
    /// Only those of one of these types; of any if empty.
    pub only: Vec<String>,
    /// The most events that a page may hold.
    pub limit: usize,
    /// How long the answer may wait for the first event.
    pub wait: Span,
    /// The row at which to continue in the history, if it is read in slices by several questions; 0 at its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slice: Option<u64>,
}

/// One event and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedEvent {
    /// Its place: what the cursor encodes.
    pub place: Position,
    /// As clients see it.
    pub event: Value,
}

travels_as_pair!(FeedEvent { place, event });

/// A trunk's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedPage {
    /// In order of their places.
    pub events: Vec<FeedEvent>,
    /// Everything before this place is in `events`, or was left out by the filter.
    pub through: Position,
    /// The present, by the trunk's clock.
    pub now: Timestamp,
    /// The row at which the history continues; `None` if the search reached its end. In an answer it is where to ask next,
    /// since one question reads a bounded number of rows and did not get past `after`; `events` then has what was found so far,
    /// none of it complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goes_on: Option<u64>,
    /// The directory is told of later events as they happen, except for planned ones, of which this is the first. `None` from
    /// a trunk that tells the directory nothing.
    #[serde(rename = "foretold", default, skip_serializing_if = "Option::is_none")]
    pub next_planned: Option<Timestamp>,
}

impl FeedPage {
    /// Whether a listener who asked from `after` gets further with it: by an event, or past those left out by the filter.
    #[must_use]
    pub fn gets_on(&self, after: Position) -> bool {
        self.complete() > 0 || self.through.just_before() > after
    }

    /// How many of its events may be handed out, whatever is in rows that were not read yet.
    #[must_use]
    pub fn complete(&self) -> usize {
        let complete = self
            .events
            .iter()
            .filter(|event| event.place < self.through);
        complete.count()
    }

    /// Joins this part of the history and the next, which is later by row, though not by moment: at most `most` events.
    #[must_use]
    pub fn then(mut self, next: Self, most: usize) -> Self {
        self.events.extend(next.events);
        Position::sort(&mut self.events, |event| event.place);
        self.events.dedup_by_key(|event| event.place);
        Self {
            events: self.events,
            // Calls in the first part may have had more transitions since.
            through: next.through.min(Position::start_of(self.now)),
            now: self.now,
            next_planned: self.next_planned.min(next.next_planned),
            ..next
        }
        .up_to(most)
    }

    /// At most the first `most` events: complete as far as the first one left out.
    #[must_use]
    pub fn up_to(mut self, most: usize) -> Self {
        if let Some(left_out) = self.events.get(most).map(|event| event.place) {
            self.events.truncate(most);
            self.through = self.through.min(left_out);
        }
        self
    }

    /// The part of it that is complete, with no more events than requested.
    #[must_use]
    pub fn cut(mut self, limit: usize) -> Self {
        self.events.retain(|event| event.place < self.through);
        self.goes_on = None;
        self.up_to(limit)
    }

    /// Whether there is nothing new up to the present.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.events.is_empty() && self.through == Position::start_of(self.now)
    }
}

/// A trunk's state, and when it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logged {
    /// When it began.
    pub at: Timestamp,
    /// Whether it takes calls, and within which limits.
    pub state: TrunkState,
}

travels_as_pair!(Logged { at, state });

/// A campaign, as it reported itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedCampaign {
    /// When it reported.
    pub at: Timestamp,
    /// The campaign.
    pub id: CampaignId,
    /// As clients see it, in JSON.
    pub view: String,
}

/// What a trunk's rows keep for the feed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedNotes {
    /// The trunk's states, oldest first.
    pub states: Vec<Logged>,
    /// Since when late transitions have been noted: somebody has listened since then, with no pause of [`KEPT`](super::KEPT).
    #[serde(default)]
    pub logged_since: Option<Timestamp>,
    /// When somebody last listened, to the hour.
    pub listened_at: Option<Timestamp>,
    /// The latest report of each campaign, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub campaigns: Vec<LoggedCampaign>,
}

/// What it takes to find a transition again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateTransition {
    /// When it became known.
    pub at: Timestamp,
    /// The row of its call: see [`CallId::row`].
    pub row: u64,
    /// Its type's index in [`TYPES`](super::TYPES).
    pub kind: u8,
}

impl LateTransition {
    /// Its place in the feed.
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

    /// Moving `through` on adds nothing for a listener who already knows all of the millisecond before it.
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
