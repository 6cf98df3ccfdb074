//! The trunk's object: how a command becomes rows, effects and an answer.
//!
//! [`TrunkActor`] is the whole object but for its storage, its alarm and its network. The order is
//! always the same: decide in memory, write the rows together, and only then answer and act. When
//! a write fails, the memory is no longer what the rows say: the shell drops the actor, and the next
//! command builds it anew.

mod feed;
mod language;
mod news;
mod retention;
mod store;

use serde_json::Value;

pub use feed::{FeedEvent, FeedFilter, FeedNotes, FeedPage, KEPT, Position};
pub use language::{
    CallFilter, DeliveryFilter, Denial, EXAMINED, Found, Idempotency, Line, Order, REMEMBERED,
    Reader, Remembrance, Trigger, TrunkCommand, TrunkReply, Work, admits,
};
pub use news::TYPES;
pub use store::{Expired, StoreFailed, TrunkStore};

use feed::{Feed, Present};
use retention::Retention;

use crate::app::calls::views::{Notification, failure_header};
use crate::app::messages::{CALLS_PER_MESSAGE, CallbackMessage, Outgoing};
use crate::domain::call::{Call, CallEffect, DISPATCH_DEADLINE, RECENT};
use crate::domain::ids::{CallId, IdKey, TrunkTag};
use crate::domain::order::{newest_first, oldest_first};
use crate::domain::planted::{Fault, planted};
use crate::domain::settings::Settings;
use crate::domain::time::Millis;
use crate::domain::trunk::{Admission, Brief, Carrier, Changes, Claim, Remembered, Trunk};

/// A trunk's object, but for its storage, its alarm and its network.
pub struct TrunkActor {
    trunk: Trunk,
    settings: Settings,
    key: IdKey,
    retention: Retention,
    feed: Feed,
}

impl TrunkActor {
    /// Rebuilds the object from its rows.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn load(
        store: &impl TrunkStore,
        settings: Settings,
        key: IdKey,
        now: Millis,
    ) -> Result<Self, StoreFailed> {
        let second_ago = (now + Millis(1)) - Millis::from_secs(1);
        let lately = |at: &Millis| *at >= second_ago;
        let starts_from = CallId::floor(now - DISPATCH_DEADLINE);
        let starts = store.starts(starts_from)?;
        // Whenever a call was admitted, those that were open for long had been marked: what is open
        // and not marked is younger than that, however long ago the object last ran.
        let newest = store.newest()?;
        let last_run = newest.map_or(now, |newest| newest.address().at.min(now));
        let last_run = match planted(Fault::DowntimeForgets) {
            true => now,
            false => last_run,
        };
        let open = store.open_calls(CallId::floor(last_run - RECENT - Millis::from_secs(60)))?;
        // Those that stood in line for long were accepted before the others' starts begin.
        let from_the_line = open.iter().filter(|call| call.id < starts_from);
        let dialed = starts
            .iter()
            .filter_map(|(_, at)| *at)
            .chain(from_the_line.filter_map(|call| call.dialed_at));
        let remembered = Remembered {
            brief: store.brief()?,
            accepted: starts
                .iter()
                .filter(|_| !planted(Fault::WindowNotRestored))
                .map(|(id, _)| id.address().at)
                .filter(lately)
                .collect(),
            dialed: dialed.filter(lately).collect(),
            newest,
            open,
        };
        Ok(Self {
            retention: Retention::new(settings.retention, now),
            feed: Feed::new(store.feed_notes()?),
            trunk: Trunk::restore(remembered, settings.clone(), key.clone()),
            settings,
            key,
        })
    }

    /// Takes the place of an actor that a failed write made unusable, in the same object: what that one had handed out is
    /// still on its way.
    pub fn succeed(&mut self, before: &Self) {
        self.trunk.inherit(&before.trunk);
    }

    /// When the object must be woken next.
    #[must_use]
    pub fn next_due(&self) -> Option<Millis> {
        [self.trunk.next_due(), self.retention.due()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Where the archive keeps this trunk's calls, once it is known: `<organisation>/<trunk>`.
    #[must_use]
    pub fn archive_folder(&self) -> Option<String> {
        let config = &self.trunk.brief()?.config;
        Some(format!("{}/{}", config.org_id, config.id))
    }

    /// The trunk's tag, once it is known.
    #[must_use]
    pub fn tag(&self) -> Option<TrunkTag> {
        self.trunk.brief().map(|brief| brief.config.id.tag())
    }

    /// How many calls a message to the dialer may carry: each call with a room takes a connection
    /// for as long as it rings, and an invocation has few.
    #[must_use]
    pub fn calls_per_message(&self) -> usize {
        let carrier = self.trunk.brief().map(|brief| &brief.config.carrier);
        match carrier.is_some_and(Carrier::has_rooms) {
            true => 1,
            false => CALLS_PER_MESSAGE,
        }
    }

    /// Carries out one command: rows are written, the answer is true, and what comes beside it must
    /// be sent.
    ///
    /// # Errors
    /// When rows can't be read or written. The actor is then unusable.
    pub fn handle(
        &mut self,
        store: &impl TrunkStore,
        command: TrunkCommand,
        now: Millis,
    ) -> Result<(TrunkReply, Outgoing), StoreFailed> {
        let now = self.trunk.observe(now);
        let before = self.trunk.state();
        let ticks = matches!(command, TrunkCommand::Tick | TrunkCommand::Forget(_));
        let mut changes = Changes::default();
        if command.counts_channels() && !planted(Fault::OverdueHoldsChannel) {
            // What is over by now frees its channel first, however late its alarm is.
            self.trunk.tick(now, &mut changes);
        }
        let reply = self.decide(store, command, now, &mut changes)?;
        self.trunk.tick(now, &mut changes);
        // Oldest first: should a write fail halfway, no row is younger than one that is not kept.
        oldest_first(&mut changes.rows, |call| call.id.number());
        self.feed
            .keep(store, &changes.rows, &self.trunk, before, now)?;
        if !changes.rows.is_empty()
            && let Err(failed) = store.put(&changes.rows)
            && !planted(Fault::AnsweredUnwritten)
        {
            return Err(failed);
        }
        if changes.brief
            && let Some(brief) = self.trunk.brief()
        {
            store.put_brief(brief)?;
        }
        let mut outgoing = self.outgoing(&changes);
        if ticks {
            outgoing.expired = self.retention.batch(store, now)?;
        }
        Ok((reply, outgoing))
    }

    fn decide(
        &mut self,
        store: &impl TrunkStore,
        command: TrunkCommand,
        now: Millis,
        changes: &mut Changes,
    ) -> Result<TrunkReply, StoreFailed> {
        match command {
            TrunkCommand::Brief(brief) => self.take_brief(store, *brief),
            TrunkCommand::Retire => self.retire(store, now),
            TrunkCommand::Admit(trigger) => self.admit(store, *trigger, now, changes),
            TrunkCommand::Recall(org, key, given) => {
                if self.trunk.is_revoked(key) {
                    return Ok(TrunkReply::Refused(Denial::InvalidKey));
                }
                let own = self
                    .trunk
                    .brief()
                    .is_some_and(|brief| brief.config.org_id == org);
                let known = if own {
                    self.recall(store, &given, now)?
                } else {
                    None
                };
                Ok(known.unwrap_or(TrunkReply::Missing))
            }
            TrunkCommand::Foresee(trigger) if planted(Fault::DryRunDials) => {
                self.admit(store, *trigger, now, changes)
            }
            TrunkCommand::Foresee(trigger) => Ok(
                match self.trunk.foresee(&trigger.request, trigger.wish, now) {
                    Ok(verdict) => TrunkReply::Verdict(verdict),
                    Err(refusal) => TrunkReply::Refused(refusal.into()),
                },
            ),
            TrunkCommand::Claim(calls) => {
                let claimed = calls
                    .into_iter()
                    .filter(|id| self.trunk.claim(*id, now, changes) == Claim::Yours)
                    .collect();
                Ok(TrunkReply::Orders(self.orders(claimed, in_progress)))
            }
            TrunkCommand::Examine(calls) => Ok(TrunkReply::Orders(self.orders(calls, in_progress))),
            TrunkCommand::Release(calls) => {
                let left_over = |call: &Call| call.room && call.ended_at.is_some();
                Ok(TrunkReply::Orders(self.orders(calls, left_over)))
            }
            TrunkCommand::Released(calls) => {
                for call in calls {
                    self.trunk.released(call, now, changes);
                }
                Ok(TrunkReply::Done)
            }
            TrunkCommand::Ring(id) if !self.trunk.in_progress(id) => Ok(TrunkReply::Over(vec![id])),
            TrunkCommand::Ring(id) => Ok(match self.trunk.ring(id, now) {
                Ok(()) => TrunkReply::Done,
                Err(free) => TrunkReply::NotBefore(free),
            }),
            TrunkCommand::Carrier(reports) => {
                let calls = reports.iter().map(|(call, _)| *call);
                let over: Vec<_> = calls.filter(|id| !self.trunk.in_progress(*id)).collect();
                for (call, events) in reports {
                    self.trunk.carrier(call, events, now, changes);
                }
                Ok(match over.is_empty() {
                    true => TrunkReply::Done,
                    false => TrunkReply::Over(over),
                })
            }
            TrunkCommand::RoomSeen(id) => {
                let closed = match self.trunk.open_call(id) {
                    Some(_) => None,
                    None => store.get(id)?,
                };
                self.trunk.room_seen(id, closed, now, changes);
                Ok(TrunkReply::Done)
            }
            TrunkCommand::Learn(findings) => {
                for (call, finding) in findings {
                    self.trunk.learn(call, finding, now, changes);
                }
                Ok(TrunkReply::Done)
            }
            TrunkCommand::Line(of) => {
                let dialed_at = match of.map(|id| (id, self.trunk.open_call(id))) {
                    Some((_, Some(call))) => call.dialed_at,
                    Some((id, None)) => store.get(id)?.and_then(|call| call.dialed_at),
                    None => None,
                };
                let line =
                    |brief: &Brief| Line::over(brief.config.org_id, brief.carrier_at(dialed_at));
                Ok(TrunkReply::Line(self.trunk.brief().and_then(line)))
            }
            TrunkCommand::Media(id) => {
                let reported = match self.trunk.open_call(id) {
                    Some(call) => call.recording_url.clone(),
                    None => store.get(id)?.and_then(|call| call.recording_url),
                };
                Ok(TrunkReply::Media(
                    store.transcript(id)?,
                    store.recording(id)?.or(reported),
                ))
            }
            TrunkCommand::Recorded(call, location) => {
                if self.trunk.open_call(call).is_some() || store.get(call)?.is_some() {
                    store.put_recording(call, &location)?;
                }
                Ok(TrunkReply::Done)
            }
            TrunkCommand::Talker(id) => {
                let request = match self.trunk.open_call(id) {
                    Some(call) => Some(call.request.clone()),
                    None => store.get(id)?.map(|call| call.request),
                };
                Ok(request.map_or(TrunkReply::Missing, |request| {
                    TrunkReply::Talker(request.org, request.agent.id)
                }))
            }
            TrunkCommand::Report {
                call,
                report,
                transcript,
            } => {
                let keeps = match self.trunk.open_call(call) {
                    Some(call) => Some(call.keeps),
                    None => store.get(call)?.map(|call| call.keeps),
                };
                let Some(keeps) = keeps else {
                    return Ok(TrunkReply::Missing);
                };
                if let Some(lines) = transcript.filter(|_| keeps.transcript) {
                    store.put_transcript(call, &lines)?;
                }
                self.trunk.report(call, report, now, changes);
                Ok(TrunkReply::Done)
            }
            TrunkCommand::Begin { delivery, attempt } => {
                let call = delivery.call(&self.key);
                let may = call.is_some_and(|call| self.trunk.begin(call, attempt, now));
                let secrets = self.trunk.secrets().cloned().map(Box::new);
                Ok(match may {
                    true => TrunkReply::Begun(secrets),
                    false => TrunkReply::Missing,
                })
            }
            TrunkCommand::Delivered {
                delivery,
                attempt,
                result,
            } => {
                if let Some(call) = delivery.call(&self.key) {
                    self.trunk.delivered(call, attempt, result, now, changes);
                }
                Ok(TrunkReply::Done)
            }
            TrunkCommand::Extend {
                delivery,
                attempt,
                until,
            } => {
                if let Some(call) = delivery.call(&self.key) {
                    self.trunk.extend(call, attempt, until);
                }
                Ok(TrunkReply::Done)
            }
            TrunkCommand::Forget(calls) => {
                store.forget(&calls)?;
                self.retention.forgot(now);
                Ok(TrunkReply::Done)
            }
            TrunkCommand::Tick => Ok(TrunkReply::Done),
            TrunkCommand::Work => Ok(TrunkReply::Work(Work::default())),
            TrunkCommand::Transcript(reader, call) => {
                match self.for_reader(store, reader, call, changes)? {
                    TrunkReply::Call(_) => {
                        let lines = store.transcript(call)?;
                        Ok(TrunkReply::Transcript(
                            lines.unwrap_or_else(|| Value::Array(Vec::new())),
                        ))
                    }
                    other => Ok(other),
                }
            }
            TrunkCommand::Read(reader, call) => {
                self.trunk.refresh(call, now, changes);
                self.for_reader(store, reader, call, changes)
            }
            TrunkCommand::Cancel(reader, call) => self.cancel(store, reader, call, now, changes),
            TrunkCommand::Redeliver(reader, call) => {
                self.redeliver(store, reader, call, now, changes)
            }
            TrunkCommand::Live(reader) => {
                self.trunk.refresh_all(now, changes);
                // What that found to be over makes room for who waits.
                self.trunk.tick(now, changes);
                let live = self
                    .trunk
                    .live_calls()
                    .filter(|call| call.request.org == reader.org);
                Ok(TrunkReply::Live(
                    live.cloned().collect(),
                    self.trunk.waiting(),
                    self.trunk.agents_held_back(now),
                ))
            }
            TrunkCommand::Feed(reader, filter) => {
                if self.trunk.is_revoked(reader.key) {
                    return Ok(TrunkReply::Refused(Denial::InvalidKey));
                }
                self.trunk.refresh_all(now, changes);
                self.feed.listen(store, &self.trunk, now)?;
                let present = Present {
                    trunk: &self.trunk,
                    unwritten: &changes.rows,
                    settings: &self.settings,
                    now,
                };
                let page = self.feed.page(store, &present, reader.org, &filter)?;
                Ok(TrunkReply::Feed(page))
            }
            TrunkCommand::List(reader, filter) => {
                self.trunk.refresh_all(now, changes);
                let open = self.trunk.open_calls().filter(|call| filter.admits(call));
                Ok(page(
                    reader,
                    open,
                    store.closed(&filter)?,
                    changes,
                    |call| filter.admits(call),
                    filter.limit,
                ))
            }
            TrunkCommand::Deliveries(reader, filter) => {
                self.trunk.refresh_all(now, changes);
                let open = self.trunk.open_calls().filter(|call| filter.admits(call));
                let closed = store.closed_deliveries(&filter)?;
                Ok(page(
                    reader,
                    open,
                    closed,
                    changes,
                    |call| filter.admits(call),
                    filter.limit,
                ))
            }
        }
    }

    /// The key and the call are written in one commit: a crash keeps both or neither.
    fn admit(
        &mut self,
        store: &impl TrunkStore,
        trigger: Trigger,
        now: Millis,
        changes: &mut Changes,
    ) -> Result<TrunkReply, StoreFailed> {
        let Trigger {
            request,
            wish,
            idempotency,
        } = trigger;
        if self.trunk.is_revoked(request.key) {
            return Ok(TrunkReply::Refused(Denial::InvalidKey));
        }
        if let Some(given) = &idempotency
            && !planted(Fault::IdempotencyIgnored)
            && let Some(known) = self.recall(store, given, now)?
        {
            return Ok(known);
        }
        let admission = match self.trunk.admit(request, wish, now, changes) {
            Ok(admission) => admission,
            Err(refusal) => return Ok(TrunkReply::Refused(refusal.into())),
        };
        // A refusal is not kept, so that a retry can succeed.
        if let Some(Idempotency { key, body }) = idempotency
            && matches!(
                admission,
                Admission::Accepted { .. } | Admission::Queued { .. }
            )
        {
            let what = Remembrance {
                at: now,
                body,
                admission: admission.clone(),
            };
            store.remember(&key, &what, now - REMEMBERED)?;
        }
        Ok(TrunkReply::Admission(admission))
    }

    /// Whether a call has a row: what was remembered of one may be all that a failed write left.
    fn is_kept(&self, store: &impl TrunkStore, id: CallId) -> Result<bool, StoreFailed> {
        let known = self.trunk.open_call(id).is_some() || planted(Fault::KeyWithoutCall);
        Ok(known || store.get(id)?.is_some())
    }

    /// The answer to a request that was made before, or to another that used its key.
    fn recall(
        &self,
        store: &impl TrunkStore,
        given: &Idempotency,
        now: Millis,
    ) -> Result<Option<TrunkReply>, StoreFailed> {
        let known = store.remembered(&given.key)?;
        let Some(known) = known.filter(|known| now < known.at + REMEMBERED) else {
            return Ok(None);
        };
        match known.admission.call() {
            Some(call) if self.is_kept(store, call)? => {}
            _ => return Ok(None),
        }
        Ok(Some(match known.body == given.body {
            true => TrunkReply::Replayed(known.admission),
            false => TrunkReply::KeyReused,
        }))
    }

    fn take_brief(
        &mut self,
        store: &impl TrunkStore,
        brief: Brief,
    ) -> Result<TrunkReply, StoreFailed> {
        if !self.trunk.take_brief(brief) {
            return Ok(TrunkReply::TagTaken);
        }
        self.trunk
            .brief()
            .map_or(Ok(()), |brief| store.put_brief(brief))?;
        Ok(TrunkReply::Done)
    }

    fn retire(&mut self, store: &impl TrunkStore, now: Millis) -> Result<TrunkReply, StoreFailed> {
        if !self.trunk.retire(now) {
            return Ok(TrunkReply::HasLiveCalls);
        }
        self.trunk
            .brief()
            .map_or(Ok(()), |brief| store.put_brief(brief))?;
        Ok(TrunkReply::Done)
    }

    fn orders(&self, calls: Vec<CallId>, wanted: fn(&Call) -> bool) -> Vec<Order> {
        let Some(brief) = self.trunk.brief() else {
            return Vec::new();
        };
        let calls = calls.into_iter().filter_map(|id| self.trunk.open_call(id));
        calls
            .filter(|call| wanted(call))
            .map(|call| Order {
                call: call.id,
                request: call.request.clone(),
                carrier: brief.carrier_at(call.dialed_at).clone(),
                trunk_phone: brief.config.trunk_phone.clone(),
                keeps: call.keeps,
                dialed_at: call.dialed_at,
                ringing_at: call.ringing_at,
                answered_at: call.answered_at,
                is_agent_done: call.is_agent_done(),
            })
            .collect()
    }

    /// One call, wherever it is now: in memory, about to be written, or in its row.
    fn find(
        &self,
        store: &impl TrunkStore,
        reader: Reader,
        id: CallId,
        changes: &Changes,
    ) -> Result<Option<Call>, StoreFailed> {
        let known = self
            .trunk
            .open_call(id)
            .or_else(|| changes.rows.iter().find(|row| row.id == id));
        let call = match known {
            Some(call) => Some(call.clone()),
            None => store.get(id)?,
        };
        let is_own = |call: &Call| call.request.org == reader.org;
        Ok(call.filter(|call| is_own(call) || planted(Fault::ForeignCallShown)))
    }

    fn for_reader(
        &self,
        store: &impl TrunkStore,
        reader: Reader,
        id: CallId,
        changes: &Changes,
    ) -> Result<TrunkReply, StoreFailed> {
        if self.trunk.is_revoked(reader.key) {
            return Ok(TrunkReply::Refused(Denial::InvalidKey));
        }
        let call = self.find(store, reader, id, changes)?;
        Ok(call.map_or(TrunkReply::Missing, |call| TrunkReply::Call(Box::new(call))))
    }

    fn cancel(
        &mut self,
        store: &impl TrunkStore,
        reader: Reader,
        id: CallId,
        now: Millis,
        changes: &mut Changes,
    ) -> Result<TrunkReply, StoreFailed> {
        match self.for_reader(store, reader, id, changes)? {
            TrunkReply::Call(_) if self.trunk.cancel(id, now, changes) => {
                self.for_reader(store, reader, id, changes)
            }
            TrunkReply::Call(_) => Ok(TrunkReply::Refused(Denial::CallAlreadyTerminal)),
            other => Ok(other),
        }
    }

    fn redeliver(
        &mut self,
        store: &impl TrunkStore,
        reader: Reader,
        id: CallId,
        now: Millis,
        changes: &mut Changes,
    ) -> Result<TrunkReply, StoreFailed> {
        match self.for_reader(store, reader, id, changes)? {
            TrunkReply::Call(call) if self.trunk.redeliver((*call).clone(), now, changes) => {
                self.for_reader(store, reader, id, changes)
            }
            TrunkReply::Call(_) => Ok(TrunkReply::Missing),
            other => Ok(other),
        }
    }

    fn outgoing(&self, changes: &Changes) -> Outgoing {
        let mut outgoing = Outgoing::default();
        for effect in &changes.effects {
            match effect.what {
                CallEffect::Dispatch => outgoing.dial.push(effect.call),
                CallEffect::Inquire => outgoing.inquire.push(effect.call),
                CallEffect::Release => outgoing.release.push(effect.call),
                CallEffect::Callback(attempt) => {
                    let message = self
                        .trunk
                        .open_call(effect.call)
                        .and_then(|call| callback_message(call, attempt, &self.settings));
                    outgoing.callbacks.extend(message);
                }
            }
        }
        outgoing
    }
}

fn in_progress(call: &Call) -> bool {
    call.ended_at.is_none()
}

fn callback_message(call: &Call, attempt: u32, settings: &Settings) -> Option<CallbackMessage> {
    let callback = call.callback.as_ref()?;
    Some(CallbackMessage {
        org: call.request.org,
        delivery: callback.id,
        attempt,
        url: callback.url.clone(),
        body: serde_json::to_string(&Notification::of(call, settings)?).ok()?,
        failure: call
            .final_failure()
            .filter(|_| !planted(Fault::FailureUntold))
            .map(|failure| failure_header(&failure)),
    })
}

/// Merges what is open, what is about to be written and what the rows hold, newest first.
fn page<'a>(
    reader: Reader,
    open: impl Iterator<Item = &'a Call>,
    closed: Found,
    changes: &Changes,
    admits: impl Fn(&Call) -> bool,
    limit: usize,
) -> TrunkReply {
    let mut calls: Vec<Call> = open.cloned().collect();
    calls.extend(
        changes
            .rows
            .iter()
            .filter(|call| !call.is_open() && admits(call))
            .cloned(),
    );
    calls.extend(closed.calls);
    calls.retain(|call| call.request.org == reader.org && admits(call));
    newest_first(&mut calls, |call| call.id.number());
    calls.dedup_by(|a, b| a.id == b.id);
    calls.truncate(limit);
    TrunkReply::Calls(calls, closed.until)
}
