//! What a trunk tells the live feed: its calls' transitions, its own state, and campaigns' reports (`campaign_news`).
//!
//! Nothing is written for it while nobody listens, and next to nothing while somebody does. Listeners that keep up are served
//! from a short list in memory: the moments of the latest transitions, and their calls; of the calls themselves only those
//! concerned are read. Transitions in the plans of open calls are not written yet: their entries say which calls to look at.
//!
//! Later listeners are served from the calls' rows by their ids, in slices that let others through: no transition is later than
//! [`RECENT`] after its call was accepted, except for a few, which are noted in a table while somebody listens or has within
//! [`KEPT`].
//!
//! The order is by moment, then by call. An answer contains only transitions from before the present millisecond, and whatever
//! becomes known later has a later moment: so a position that was handed out is complete, across restarts too.

use super::news::{self, CAMPAIGN_UPDATED, FeedItem, TRUNK_UPDATED};
use super::position::{
    FeedEvent, FeedFilter, FeedNotes, FeedPage, LateTransition, Logged, Position,
};
use super::reply::reply;
use super::store::FeedScan;
use super::watch::{LISTENED_FOR, Watch};
use super::{Answer, Desk, Reader, StoreFailed, TrunkRefusal, TrunkStore};
use crate::domain::call::{Call, RECENT};
use crate::domain::ids::CallId;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};
use crate::domain::trunk::{Trunk, TrunkState, Wanted};

/// How far back the feed can be read.
pub const KEPT: Span = Span::from_secs(86_400);
/// How often it is noted that somebody listens.
pub(super) const NOTED_EVERY: Span = Span::from_secs(3_600);
/// How many transitions are listed for listeners that keep up.
const LATELY: usize = 1_000;
/// The most states of the trunk that are kept, from within [`KEPT`].
const STATES: usize = 1_000;

/// The feed of one trunk.
#[derive(Default)]
pub struct Feed {
    pub(super) notes: FeedNotes,
    /// The latest transitions in order: all those after `complete_from`.
    lately: Vec<LateTransition>,
    /// `None` while nobody listens.
    complete_from: Option<Position>,
    pub(super) watch: Watch,
    /// The trunk's state has changed.
    pub(super) is_changed: bool,
}

impl Feed {
    /// From the rows; `newest` is the newest call.
    pub fn load(
        notes: Option<FeedNotes>,
        trunk: &Trunk,
        newest: Option<CallId>,
        now: Timestamp,
    ) -> Self {
        let notes = notes.unwrap_or_default();
        Self {
            watch: Watch::load(&notes, trunk, newest, now),
            notes,
            ..Self::default()
        }
    }

    /// The moment of the latest news in rows about to be written, including news their plans contain.
    pub fn news<'a>(
        &mut self,
        rows: impl Iterator<Item = &'a Call>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let mut news = std::mem::take(&mut self.is_changed).then_some(now);
        for call in rows {
            let has_plan_ahead = call.plan.iter().any(|timed| timed.at >= now);
            if call.told_at() >= now || has_plan_ahead {
                news = news.max(Some(now.max(call.told_at())));
            }
        }
        news
    }

    /// Somebody listens: transitions are noted from now on.
    pub fn listen(
        &mut self,
        store: &impl TrunkStore,
        trunk: &Trunk,
        now: Timestamp,
    ) -> Result<(), StoreFailed> {
        // Several transitions within a millisecond are noted as if they came one by one, so those of calls that have just ended may
        // have moments yet to come.
        let from = now + Span::from_secs(1);
        self.complete_from
            .get_or_insert_with(|| Position::before(from));
        let last = self.notes.listened_at;
        let is_first = self.notes.states.is_empty();
        let is_logged = self.notes.logged_since.is_some();
        if last.is_some_and(|last| now < last + NOTED_EVERY) && !is_first && is_logged {
            return Ok(());
        }
        if is_first {
            self.log(trunk.state(), now - Span(1));
        }
        // Somebody may have listened until just before the next note was due, and may still continue from there.
        if last.is_none_or(|last| now >= last + KEPT + NOTED_EVERY) || !is_logged {
            self.notes.logged_since = Some(from);
        }
        self.notes.listened_at = Some(now);
        store.put_feed_notes(&self.notes)
    }

    /// Keeps what a listener may ask for later: of rows about to be written, and of the trunk's state. A trunk without a state
    /// `before` reports nothing yet: until the directory lists it, no listener would ask it.
    pub fn keep<'a>(
        &mut self,
        store: &impl TrunkStore,
        rows: impl Iterator<Item = &'a Call>,
        trunk: &Trunk,
        before: Option<TrunkState>,
        now: Timestamp,
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
        let listened_at = self.notes.listened_at;
        let is_heard = listened_at.is_some_and(|last| now < last + KEPT + NOTED_EVERY);
        let (Some(since), Some(last), true) = (self.notes.logged_since, listened_at, is_heard)
        else {
            return Ok(());
        };
        if now >= last + LISTENED_FOR {
            // Nobody listens any more, but whoever did may come back.
            self.complete_from = None;
            self.lately.clear();
        }
        for call in rows {
            let mut late = Vec::new();
            for told in call.feed_entries() {
                let Some(kind) = news::kind(news::name(call, told.transition)) else {
                    continue;
                };
                let transition = LateTransition {
                    at: told.at,
                    row: call.id.row(),
                    kind,
                };
                self.remember(transition);
                if told.at > call.created_at() + RECENT && told.at + Span(1) >= since {
                    late.push(transition);
                }
            }
            if !late.is_empty() {
                store.log_transitions(&late, now - KEPT)?;
            }
        }
        Ok(())
    }

    fn remember(&mut self, transition: LateTransition) {
        let Some(from) = &mut self.complete_from else {
            return;
        };
        let order = |transition: &LateTransition| (transition.at, transition.row);
        let place = self.lately.binary_search_by_key(&order(&transition), order);
        if transition.place() <= *from || planted(Fault::FeedForgets) {
            return;
        }
        if let Err(place) = place {
            self.lately.insert(place, transition);
        }
        if self.lately.len() > LATELY {
            let oldest = self.lately.remove(0);
            // All transitions of that call and moment, whatever the rest of its id.
            *from = Position::of_row(oldest.at, oldest.row + 1);
        }
    }

    fn log(&mut self, state: Option<TrunkState>, now: Timestamp) {
        let states = &mut self.notes.states;
        let last = states.last().copied();
        let news = |state: &TrunkState| last.is_none_or(|last| last.state != *state);
        if let Some(state) = state.filter(news) {
            states.retain(|logged| now < logged.at + KEPT);
            let too_many = (states.len() + 1).saturating_sub(STATES);
            states.drain(..too_many);
            let at = last.map_or(now, |last| now.max(last.at + Span(1)));
            states.push(Logged { at, state });
            self.is_changed = true;
        }
    }
}

reply!(FeedPage: page = Feed(page));

impl<S: TrunkStore> Desk<'_, '_, S> {
    pub(super) fn follow(
        &mut self,
        reader: Reader,
        filter: FeedFilter,
    ) -> Answer<Result<FeedPage, TrunkRefusal>> {
        if self.trunk.is_revoked(reader.key) {
            return Ok(Err(TrunkRefusal::InvalidKey));
        }
        let filter = &filter;
        self.trunk.refresh_all(self.now, self.step);
        self.feed.listen(self.store, self.trunk, self.now)?;
        if filter.slice.is_none_or(|from| from == 0) {
            self.feed.watch.asked(self.now);
        }
        let mut through = match self.store.is_complete() {
            true => Position::start_of(self.now),
            // Rows are being migrated: soon.
            false => filter.after,
        };
        let (calls, goes_on) = match is_of_calls(filter) {
            false => (Vec::new(), None),
            true => self.calls_told_of(filter, &mut through)?,
        };
        let is_wanted = |item: &FeedItem<'_>| {
            let place = item.place();
            // In a slice, what is beyond the rows looked at waits for the others.
            let is_complete = place < through || filter.slice.is_some();
            place > filter.after
                && is_complete
                && place < Position::start_of(self.now)
                && is_of_type(filter, item.name())
        };
        let mut found = Vec::new();
        for call in calls.iter().filter(|call| call.request.org == reader.org) {
            let entries = call.feed_entries();
            let transitions = entries.map(|entry| FeedItem::Transition(call, entry));
            found.extend(transitions.filter(is_wanted));
        }
        if let Some(own) = self
            .trunk
            .brief()
            .filter(|own| own.config.org_id == reader.org)
        {
            let states = self.feed.notes.states.iter();
            let states = states.map(|logged| FeedItem::State(own.config.id, logged));
            let campaigns = self.feed.notes.campaigns.iter().map(FeedItem::Campaign);
            found.extend(states.chain(campaigns).filter(is_wanted));
        }
        Position::sort(&mut found, FeedItem::place);
        found.dedup_by_key(|item| item.place());
        // One more than requested: whoever puts slices together sees where the page ends.
        let most = filter.limit + usize::from(filter.slice.is_some());
        if let Some(left_out) = found.get(most).map(FeedItem::place) {
            through = through.min(left_out);
            found.truncate(most);
        }
        let events = found.iter();
        Ok(Ok(FeedPage {
            events: events
                .map(|news| FeedEvent {
                    place: news.place(),
                    event: news.view(self.settings),
                })
                .collect(),
            through,
            now: self.now,
            goes_on,
            next_planned: Some(self.trunk.next_planned(self.now)),
        }))
    }

    /// The calls whose transitions may be among those requested, and where the history continues; `through` moves closer if there
    /// are too many.
    fn calls_told_of(
        &mut self,
        filter: &FeedFilter,
        through: &mut Position,
    ) -> Result<(Vec<Call>, Option<u64>), StoreFailed> {
        let after = filter.after;
        let mut calls: Vec<Call> = self.step.changed().cloned().collect();
        if self.feed.complete_from.is_some_and(|from| from <= after) {
            let from = (after.at, after.call.row());
            let lately = &self.feed.lately;
            let first = lately.partition_point(|transition| (transition.at, transition.row) < from);
            let transitions = lately.get(first..).unwrap_or_default().to_vec();
            calls.extend(self.calls_of(transitions, filter, through)?);
            calls.extend(self.open_calls_told_of(after, 0, None));
            return Ok((calls, None));
        }
        let from = match filter.slice.filter(|from| *from > 0) {
            Some(from) => from,
            None => self.history_from(after.at)?,
        };
        let FeedScan {
            calls: told,
            goes_on,
        } = self.store.told_since(from, after.at, self.settings.slice)?;
        calls.extend(told);
        // Each open call once, in the slice of its neighbouring rows.
        let first_row = filter.slice.filter(|from| *from > 0);
        calls.extend(self.open_calls_told_of(after, first_row.unwrap_or(0), goes_on));
        let begins = CallId::floor_of(from).address().at;
        let until = goes_on.map_or(Timestamp::MAX, |next| CallId::floor_of(next).address().at);
        *through = (*through).min(Position::start_of(until));
        let (late, is_whole) = self.late_calls(filter, (begins, until), through)?;
        calls.extend(late);
        Ok((calls, goes_on.filter(|_| is_whole)))
    }

    /// The open calls among these rows that may have transitions after a moment.
    fn open_calls_told_of(&mut self, after: Position, from: u64, to: Option<u64>) -> Vec<Call> {
        let wanted = Wanted {
            told_since: after.at,
            from_row: from,
            below: to.map(CallId::floor_of),
            ..Wanted::default()
        };
        let open: Vec<CallId> = self.trunk.open_calls(wanted).collect();
        let mut calls = Vec::new();
        for id in open {
            calls.extend(self.trunk.call(id, self.step).cloned());
            self.step.let_go_of(id);
        }
        calls
    }
}

/// Whether events about calls are wanted.
fn is_of_calls(filter: &FeedFilter) -> bool {
    let others = [TRUNK_UPDATED, CAMPAIGN_UPDATED];
    filter.only.is_empty()
        || filter
            .only
            .iter()
            .any(|only| !others.contains(&only.as_str()))
}

pub(super) fn is_of_type(filter: &FeedFilter, name: &str) -> bool {
    filter.only.is_empty() || filter.only.iter().any(|only| only == name)
}
