//! What a trunk tells the live feed: the turns of its calls, and its own state.
//!
//! Nothing is written for it while nobody listens. A call's turns stand in its own row, so those of an open call are in
//! memory, and those of a closed one are found by its id: no turn is later than [`RECENT`] after the call was accepted,
//! but for the few calls that last longer, and these are noted in a table of their own while somebody listens or did so
//! within [`KEPT`]. A listener that keeps up is answered from memory.
//!
//! The order is by moment, then by call. An answer holds turns from before the present millisecond alone, and whatever
//! becomes known later bears a later moment: so a position that was handed out is complete, across restarts too.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{StoreFailed, TrunkStore};
use crate::app::calls::views::ListedCall;
use crate::app::iso8601;
use crate::app::page::value;
use crate::domain::call::{Call, CallStatus, RECENT, Told, Turn, longest};
use crate::domain::ids::{CallId, OrgId};
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
/// How many states of the trunk are kept.
const STATES: usize = 100;

/// A place in the feed: a moment, and a call whose turn it was. A trunk's own events bear the lowest id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position(pub Millis, pub CallId);

impl Position {
    /// Before all that became known at `at`.
    #[must_use]
    pub fn start_of(at: Millis) -> Self {
        Self(at, CallId::floor(Millis(0)))
    }

    /// Behind all that became known before `at`.
    #[must_use]
    pub fn before(at: Millis) -> Self {
        Self(at - Millis(1), CallId::floor(Millis::MAX))
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
    /// Only of this type.
    pub only: Option<String>,
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

/// The types of events.
pub const TYPES: [&str; 11] = [
    "call.initiating",
    "call.ringing",
    "call.answered",
    "call.completed",
    "call.declined",
    "call.rejected",
    "call.failed",
    "callback.delivered",
    "callback.failed",
    "callback.exhausted",
    "trunk.updated",
];

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

/// The feed of one trunk.
#[derive(Default)]
pub struct Feed {
    notes: FeedNotes,
    /// Closed calls: all whose newest turn is later than `complete_from`.
    lately: BTreeMap<CallId, Call>,
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
    pub fn listen(&mut self, store: &impl TrunkStore, now: Millis) -> Result<(), StoreFailed> {
        // Several turns within a millisecond are noted as if they came one by one: those of calls that closed just now may
        // bear moments yet to come.
        self.complete_from.get_or_insert(now + Millis::from_secs(1));
        let last = self.notes.listened_at;
        if last.is_some_and(|last| now < last + NOTED_EVERY) {
            return Ok(());
        }
        if !last.is_some_and(|last| now < last + KEPT) {
            self.notes.since = Some(now);
        }
        self.notes.listened_at = Some(now);
        store.put_feed_notes(&self.notes)
    }

    /// Keeps what a listener may ask for later: of rows just written, and of the trunk's state.
    pub fn keep(
        &mut self,
        store: &impl TrunkStore,
        rows: &[Call],
        trunk: &Trunk,
        now: Millis,
    ) -> Result<(), StoreFailed> {
        let state = trunk.state();
        let last = self.notes.states.last();
        if let Some(state) = state.filter(|state| last.is_none_or(|Logged(_, last)| last != state))
        {
            let at = last.map_or(now, |Logged(at, _)| now.max(*at + Millis(1)));
            if self.notes.states.len() == STATES {
                self.notes.states.remove(0);
            }
            self.notes.states.push(Logged(at, state));
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
            self.remember(call);
        }
        Ok(())
    }

    fn remember(&mut self, call: &Call) {
        let Some(from) = &mut self.complete_from else {
            return;
        };
        let mut call = call.clone();
        call.request.metadata = None;
        self.lately.insert(call.id, call);
        if self.lately.len() > LATELY
            && let Some((_, oldest)) = self.lately.pop_first()
        {
            *from = oldest.told_at().max(*from);
        }
    }

    /// The events behind a place; `unwritten` are rows of the present step.
    pub fn page(
        &self,
        store: &impl TrunkStore,
        trunk: &Trunk,
        unwritten: &[Call],
        org: OrgId,
        filter: &FeedFilter,
        settings: &Settings,
        now: Millis,
    ) -> Result<FeedPage, StoreFailed> {
        let mut through = Position::start_of(now);
        let from_memory = self.complete_from.is_some_and(|from| from < filter.after.0);
        let closed = match from_memory {
            true => Vec::new(),
            false => self.closed(store, filter.after.0, settings, &mut through)?,
        };
        let lately = self.lately.values().filter(|_| from_memory);
        let calls = trunk
            .open_calls()
            .chain(unwritten)
            .chain(&closed)
            .chain(lately);
        let wanted = |place: &Position, name: &str| {
            *place > filter.after
                && *place < through
                && filter.only.as_deref().is_none_or(|only| only == name)
        };
        let mut found: Vec<(Position, Found<'_>)> = Vec::new();
        for call in calls.filter(|call| call.request.org == org) {
            for told in call.turns() {
                let place = Position(told.0, call.id);
                if wanted(&place, name(call, told.1)) {
                    found.push((place, Found::Turn(call, told)));
                }
            }
        }
        let brief = trunk.brief().filter(|brief| brief.config.org_id == org);
        for logged in self.notes.states.iter().filter(|_| brief.is_some()) {
            let place = Position::start_of(logged.0);
            if wanted(&place, "trunk.updated") {
                found.push((place, Found::State(*logged)));
            }
        }
        found.sort_unstable_by_key(|(place, _)| (place.0, place.1));
        found.dedup_by_key(|(place, _)| *place);
        if let Some((left_out, _)) = found.get(filter.limit) {
            through = *left_out;
            found.truncate(filter.limit);
        }
        let id = brief.map(|brief| brief.config.id.to_string());
        let render = |(place, found): &(Position, Found<'_>)| {
            let (name, at, data) = match found {
                Found::Turn(call, told) => {
                    (name(call, told.1), told.0, turn(call, *told, settings))
                }
                Found::State(logged) => ("trunk.updated", logged.0, state(logged, &id)),
            };
            let event = json!({"id": place.cursor(), "type": name, "at": iso8601::format(at), "data": data});
            FeedEvent(*place, event)
        };
        Ok(FeedPage {
            events: found.iter().map(render).collect(),
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

enum Found<'a> {
    Turn(&'a Call, Told),
    State(Logged),
}

/// The type of a turn's event: at the end, the same as its callback's.
fn name(call: &Call, turn: Turn) -> &'static str {
    match turn {
        Turn::Initiating => "call.initiating",
        Turn::Ringing => "call.ringing",
        Turn::Answered => "call.answered",
        Turn::Ended => match call.status {
            CallStatus::Completed => "call.completed",
            CallStatus::Decline => "call.declined",
            CallStatus::RejectedCapacity => "call.rejected",
            _ => "call.failed",
        },
        Turn::Delivered => "callback.delivered",
        Turn::Failed => "callback.failed",
        Turn::Exhausted => "callback.exhausted",
    }
}

fn turn(call: &Call, told: Told, settings: &Settings) -> Value {
    if told.1.is_of_callback() {
        return attempt(call, told);
    }
    value(&ListedCall::of(&as_of(call, told), told.0, settings))
}

/// The call as it was at a turn.
fn as_of(call: &Call, told: Told) -> Call {
    let mut then = call.clone();
    if told.1 == Turn::Ended {
        return then;
    }
    then.ended_at = None;
    then.outcome = None;
    then.transcript_url = None;
    then.recording_url = None;
    then.updated_at = told.0;
    then.status = match told.1 {
        Turn::Answered => CallStatus::Answered,
        Turn::Ringing => CallStatus::Ringing,
        _ => CallStatus::Initiating,
    };
    then.answered_at = then.answered_at.filter(|_| told.1 == Turn::Answered);
    then
}

fn attempt(call: &Call, told: Told) -> Value {
    let up_to = call.told.iter().take_while(|known| known.0 <= told.0);
    let number = up_to.filter(|known| known.1.is_of_callback()).count();
    let callback = call.callback.as_ref();
    let attempt = callback.and_then(|callback| callback.attempt(number));
    json!({
        "call_id": call.id,
        "delivery_id": callback.map(|callback| callback.id),
        "attempt": number,
        "status_code": attempt.and_then(|attempt| attempt.status_code),
        "error": attempt.and_then(|attempt| attempt.error.as_deref()),
    })
}

fn state(Logged(_, state): &Logged, trunk: &Option<String>) -> Value {
    json!({
        "sip_trunk_id": trunk,
        "status": state.status,
        "max_cps": state.max_cps,
        "max_channels": state.max_channels,
        "breaker": if state.open_until.is_some() { "open" } else { "closed" },
        "retry_at": state.open_until.map(iso8601::format),
    })
}
