//! What a trunk tells the live feed: the turns of its calls, and its own state.
//!
//! Nothing is written for it while nobody listens. A call's turns stand in its own row, so those of an open call are in
//! memory, and those of a closed one are found by its id: no turn is later than [`RECENT`] after the call was accepted,
//! but for the few calls that last longer, and these are noted in a table of their own while somebody listens or did so
//! within [`KEPT`]. A listener that keeps up is answered from memory.
//!
//! The order is by moment, then by call. An answer holds turns from before the present millisecond alone, and whatever
//! becomes known later bears a later moment: so a position that was handed out is complete, across restarts too.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::news::{News, TRUNK_UPDATED};
use super::{StoreFailed, TrunkStore};
use crate::domain::call::{Call, RECENT, Told, longest};
use crate::domain::ids::{CallId, OrgId, TrunkId};
use crate::domain::order::oldest_first;
use crate::domain::planted::{Fault, planted};
use crate::domain::settings::Settings;
use crate::domain::time::Millis;
use crate::domain::trunk::{Trunk, TrunkState};

/// For how long the feed can be read back.
pub const KEPT: Millis = Millis::from_secs(86_400);
/// How often it is noted that somebody listens.
const NOTED_EVERY: Millis = Millis::from_secs(3_600);
/// How many rows are looked at for one answer, beside those of calls that were under way at its beginning.
const ROWS: usize = 1_000;
/// More calls than can have been under way at one moment.
const UNDER_WAY: usize = 1_000_000;
/// How many closed calls are held in memory for listeners that keep up.
const LATELY: usize = 500;
/// How many states of the trunk are kept at most, of those within [`KEPT`].
const STATES: usize = 1_000;

/// A place in the feed: a moment, and a call whose turn it was. A trunk's own events bear the lowest id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position(pub Millis, pub CallId);

impl Position {
    /// Before all that became known at `at`.
    #[must_use]
    pub fn start_of(at: Millis) -> Self {
        Self(at, CallId::floor(Millis(0)))
    }

    /// Where a trunk's state of `at` stands: before the calls of that moment, and not where another trunk's does.
    #[must_use]
    pub fn of_state(at: Millis, trunk: TrunkId) -> Self {
        let first = Self::start_of(at).1.number();
        Self(at, CallId::of_number(first + (trunk.number() >> 96)))
    }

    /// Behind all that became known before `at`.
    #[must_use]
    pub fn before(at: Millis) -> Self {
        Self(at - Millis(1), CallId::floor(Millis::MAX))
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
        BASE64URL.encode(bytes)
    }

    /// Reads a cursor.
    #[must_use]
    pub fn read(cursor: &str) -> Option<Self> {
        let bytes: [u8; 22] = BASE64URL.decode(cursor).ok()?.try_into().ok()?;
        let number = |bytes: &[u8]| {
            bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | u128::from(*byte))
        };
        let (at, call) = bytes.split_at_checked(6)?;
        Some(Self(
            Millis(number(at) as u64),
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
    /// At most so many.
    pub limit: usize,
    /// How long the answer may wait for the first event.
    pub wait: Millis,
}

/// One event and its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedEvent(pub Position, pub Value);

/// A trunk's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedPage {
    /// In their order.
    pub events: Vec<FeedEvent>,
    /// All that lies before is in `events`, or was asked away by the filter.
    pub through: Position,
    /// The present, as the trunk knows it.
    pub now: Millis,
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
pub struct Logged(pub Millis, pub TrunkState);

/// What a trunk's rows keep for the feed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedNotes {
    /// The trunk's states, oldest first.
    pub states: Vec<Logged>,
    /// Since when somebody listens, with no pause of [`KEPT`].
    pub since: Option<Millis>,
    /// When somebody last listened, to the hour.
    pub listened_at: Option<Millis>,
}

/// What a listener's question finds.
pub struct Present<'a> {
    /// The trunk, with its open calls.
    pub trunk: &'a Trunk,
    /// Rows of the present step.
    pub unwritten: &'a [Call],
    /// The operator's settings.
    pub settings: &'a Settings,
    /// The present.
    pub now: Millis,
}

/// The feed of one trunk.
#[derive(Default)]
pub struct Feed {
    notes: FeedNotes,
    /// Closed calls: all whose newest turn is later than `complete_from`, as their turns came.
    lately: VecDeque<Call>,
    /// None while nobody listens.
    complete_from: Option<Millis>,
}

impl Feed {
    /// As the rows tell.
    pub fn new(notes: Option<FeedNotes>) -> Self {
        Self {
            notes: notes.unwrap_or_default(),
            ..Self::default()
        }
    }

    /// Somebody listens.
    pub fn listen(
        &mut self,
        store: &impl TrunkStore,
        trunk: &Trunk,
        now: Millis,
    ) -> Result<(), StoreFailed> {
        // Several turns within a millisecond are noted as if they came one by one: those of calls that closed just now may
        // bear moments yet to come.
        self.complete_from.get_or_insert(now + Millis::from_secs(1));
        let last = self.notes.listened_at;
        let is_first = self.notes.states.is_empty();
        if last.is_some_and(|last| now < last + NOTED_EVERY) && !is_first {
            return Ok(());
        }
        if is_first {
            self.log(trunk.state(), now - Millis(1));
        }
        if last.is_none_or(|last| now >= last + KEPT) {
            self.notes.since = Some(now);
        }
        self.notes.listened_at = Some(now);
        store.put_feed_notes(&self.notes)
    }

    /// Keeps what a listener may ask for later: of rows just written, and of the trunk's state. A trunk that was nothing
    /// `before` says nothing yet: until the directory lists it, no listener would ask it.
    pub fn keep(
        &mut self,
        store: &impl TrunkStore,
        rows: &[Call],
        trunk: &Trunk,
        before: Option<TrunkState>,
        now: Millis,
    ) -> Result<(), StoreFailed> {
        let kept = self.notes.states.last().copied();
        if kept.is_none() {
            self.log(before, now);
        }
        if before.is_some() {
            self.log(trunk.state(), now);
        }
        if self.notes.states.last().copied() != kept {
            store.put_feed_notes(&self.notes)?;
        }
        let Some(last) = self
            .notes
            .listened_at
            .filter(|last| now < *last + KEPT + NOTED_EVERY)
        else {
            return Ok(());
        };
        if now >= last + NOTED_EVERY + NOTED_EVERY {
            // Nobody listens any more, but who did may come back.
            self.complete_from = None;
            self.lately.clear();
        }
        for call in rows.iter().filter(|call| !call.is_open()) {
            let is_late = |Told(at, _): &Told| *at > call.created_at() + RECENT;
            let late: Vec<Millis> = call.turns().filter(is_late).map(|Told(at, _)| at).collect();
            if !late.is_empty() {
                store.put_late_turns(call.id, &late, now - KEPT)?;
            }
            if !planted(Fault::FeedForgets) {
                self.remember(call);
            }
        }
        Ok(())
    }

    fn log(&mut self, state: Option<TrunkState>, now: Millis) {
        let states = &mut self.notes.states;
        let last = states.last().copied();
        let news = |state: &TrunkState| last.is_none_or(|Logged(_, last)| last != *state);
        if let Some(state) = state.filter(news) {
            states.retain(|Logged(at, _)| now < *at + KEPT);
            let too_many = (states.len() + 1).saturating_sub(STATES);
            states.drain(..too_many);
            let at = last.map_or(now, |Logged(at, _)| now.max(at + Millis(1)));
            states.push(Logged(at, state));
        }
    }

    fn remember(&mut self, call: &Call) {
        let Some(from) = &mut self.complete_from else {
            return;
        };
        let mut call = call.clone();
        call.request.metadata = None;
        self.lately.retain(|known| known.id != call.id);
        self.lately.push_back(call);
        if self.lately.len() > LATELY
            && let Some(oldest) = self.lately.pop_front()
        {
            *from = oldest.told_at().max(*from);
        }
    }

    /// The events behind a place.
    pub fn page(
        &self,
        store: &impl TrunkStore,
        present: &Present<'_>,
        org: OrgId,
        filter: &FeedFilter,
    ) -> Result<FeedPage, StoreFailed> {
        let Present { trunk, now, .. } = *present;
        let mut through = Position::start_of(now);
        let from_memory = self.complete_from.is_some_and(|from| from < filter.after.0);
        let is_of_trunk =
            !filter.only.is_empty() && filter.only.iter().all(|only| only == TRUNK_UPDATED);
        let closed = match from_memory || is_of_trunk {
            true => Vec::new(),
            false => self.closed(store, filter.after.0, present.settings, &mut through)?,
        };
        let is_wanted = |news: &News<'_>| {
            let place = news.place();
            let is_of_type =
                || filter.only.is_empty() || filter.only.iter().any(|only| only == news.name());
            place > filter.after && place < through && is_of_type()
        };
        let lately = from_memory.then_some(&self.lately);
        let sources: [&mut dyn Iterator<Item = &Call>; 4] = [
            &mut trunk.open_calls(),
            &mut present.unwritten.iter(),
            &mut closed.iter(),
            &mut lately.into_iter().flatten(),
        ];
        let mut found = Vec::new();
        for call in sources.into_iter().flatten() {
            if call.request.org == org && call.told_at() >= filter.after.0 {
                let turns = call.turns().map(|told| News::Turn(call, told));
                found.extend(turns.filter(is_wanted));
            }
        }
        if let Some(own) = trunk.brief().filter(|own| own.config.org_id == org) {
            let states = self.notes.states.iter();
            let states = states.map(|logged| News::State(own.config.id, logged));
            found.extend(states.filter(is_wanted));
        }
        Position::sort(&mut found, News::place);
        found.dedup_by_key(|news| news.place());
        if let Some(left_out) = found.get(filter.limit).map(News::place) {
            through = left_out;
            found.truncate(filter.limit);
        }
        let events = found.iter();
        Ok(FeedPage {
            events: events
                .map(|news| FeedEvent(news.place(), news.view(present.settings)))
                .collect(),
            through,
            now,
        })
    }

    /// Closed calls with turns behind a moment, from their rows; `through` comes nearer when there are too many.
    fn closed(
        &self,
        store: &impl TrunkStore,
        after: Millis,
        settings: &Settings,
        through: &mut Position,
    ) -> Result<Vec<Call>, StoreFailed> {
        // From before anybody listened the late turns are not noted: a longer look finds most of them.
        let is_noted = self.notes.since.is_some_and(|since| since <= after);
        let span = if is_noted {
            RECENT
        } else {
            longest(settings).max(RECENT)
        };
        let next = CallId::floor(after + Millis(1));
        let mut calls = store.told_since(CallId::floor(after - span), next, after, UNDER_WAY)?;
        let later = store.told_since(next, CallId::floor(Millis::MAX), after, ROWS)?;
        if let Some(last) = later.last().filter(|_| later.len() == ROWS) {
            *through = (*through).min(Position::start_of(last.created_at()));
        }
        calls.extend(later);
        let late = store.late_turns(after, ROWS)?;
        if let Some((last, _)) = late.last().filter(|_| late.len() == ROWS) {
            *through = (*through).min(Position::start_of(*last));
        }
        calls.extend(late.into_iter().map(|(_, call)| call));
        Ok(calls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_states_of_two_trunks_that_changed_at_once_have_two_places_before_any_calls() {
        let at = Millis(1_781_431_200_000);
        let place = |first: u8| {
            let mut entropy = [7; 16];
            entropy[0] = first;
            Position::of_state(at, TrunkId::from_entropy(entropy))
        };
        let call = Position(at, CallId::floor(Millis(1)));
        assert!(Position::start_of(at) < place(0));
        assert!(place(0) < place(255) && place(255) < call);
        assert_eq!(Position::read(&place(9).cursor()), Some(place(9)));
    }
}
