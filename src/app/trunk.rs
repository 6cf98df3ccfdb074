//! The trunk's object: its language, and how a command becomes rows, effects and an answer.
//!
//! [`TrunkActor`] is the whole object but for its storage, its alarm and its network. The order is
//! always the same: decide in memory, write the rows together, and only then answer and act. When
//! a write fails, the memory is no longer what the rows say: the shell drops the actor, and the next
//! command builds it anew.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::app::calls::views::Notification;
use crate::app::messages::{CALLS_PER_MESSAGE, CallbackMessage, DispatchMessage};
use crate::domain::call::{
    Call, CallEffect, CallRequest, CallStatus, DISPATCH_DEADLINE, Finding, RECENT, Timed,
};
use crate::domain::callback::{AttemptResult, DeliveryStatus};
use crate::domain::ids::{AgentId, CallId, DeliveryId, IdKey, KeyId, OrgId, TrunkTag};
use crate::domain::phone::E164;
use crate::domain::refusal::Refusal;
use crate::domain::settings::Settings;
use crate::domain::time::Millis;
use crate::domain::trunk::{
    Admission, Brief, Carrier, Changes, Claim, OnCapacity, Remembered, Trunk, Verdict,
};

/// A request to a trunk's object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TrunkCommand {
    /// The directory's word; answered `Done`, or `TagTaken` by an object that is another trunk.
    Brief(Box<Brief>),
    /// Asked before a trunk is deleted: takes no call from now on. `Done`, or `HasLiveCalls`.
    Retire,
    /// Place a call. `Admission`, `Replayed`, `KeyReused`, or `Refused`.
    Admit(Box<Trigger>),
    /// What would become of it. `Verdict`, or `Refused`.
    Foresee(Box<Trigger>),
    /// A dialer asks for these calls. `Orders`: those that are its own now.
    Claim(Vec<CallId>),
    /// What the carrier says of these calls. `Done`.
    Carrier(Vec<(CallId, Vec<Timed>)>),
    /// What is known of these calls, for an inquiry. `Orders`: those still in progress.
    Examine(Vec<CallId>),
    /// What the inquiry found. `Done`.
    Learn(Vec<(CallId, Finding)>),
    /// The agent's report. `Done`, or `Missing`.
    Report {
        /// Of which call.
        call: CallId,
        /// What came of it, when the agent says.
        outcome: Option<Value>,
    },
    /// Read one call, for this reader. `Call`, `Missing` or `Refused`.
    Read(Reader, CallId),
    /// Stop one call. `Call`, `Missing` or `Refused`.
    Cancel(Reader, CallId),
    /// Who holds which channel. `Live`, oldest first.
    Live(Reader),
    /// A page of calls, newest first. `Calls`.
    List(Reader, CallFilter),
    /// A page of callbacks, newest first. `Calls`, each with its delivery.
    Deliveries(Reader, DeliveryFilter),
    /// One more attempt of a call's callback. `Call`, or `Missing`.
    Redeliver(Reader, CallId),
    /// The result of a callback's attempt. `Done`.
    Delivered {
        /// Of which delivery.
        delivery: DeliveryId,
        /// The attempt's number.
        attempt: u32,
        /// Its result.
        result: AttemptResult,
    },
    /// A callback's sender waits for a slow receiver, at most until then. `Done`.
    Extend {
        /// Of which delivery.
        delivery: DeliveryId,
        /// The attempt's number.
        attempt: u32,
        /// Until when.
        until: Millis,
    },
    /// Do what is due: the cron's knock, in case the alarm was lost. `Done`.
    Tick,
    /// What the object has done since it was loaded. `Work`.
    Work,
}

/// A request for a call, and how it wants to be treated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// The call.
    pub request: CallRequest,
    /// What happens without capacity.
    #[serde(default)]
    pub wish: OnCapacity,
    /// Under which key a repeat of the request is known.
    #[serde(default)]
    pub idempotency: Option<Idempotency>,
}

/// An `Idempotency-Key` and what it was used for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idempotency {
    /// As given.
    pub key: String,
    /// SHA-256 of the request's body, in hex.
    pub body: String,
}

/// What is remembered of a request that had an `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Remembrance {
    /// When it was answered.
    pub at: Millis,
    /// SHA-256 of its body, in hex.
    pub body: String,
    /// The answer.
    pub admission: Admission,
}

/// How long an `Idempotency-Key` is remembered.
pub const REMEMBERED: Millis = Millis(86_400_000);

/// Who reads or stops a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reader {
    /// The organisation; another's calls are not there.
    pub org: OrgId,
    /// The key; a revoked one is refused at once, whatever a stale copy says.
    pub key: KeyId,
}

/// Which calls a page shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CallFilter {
    /// Only with this status.
    pub status: Option<CallStatus>,
    /// Only with this agent.
    pub agent: Option<AgentId>,
    /// Only to this number.
    pub phone: Option<E164>,
    /// Only from then on.
    pub created_after: Option<Millis>,
    /// Only before then.
    pub created_before: Option<Millis>,
    /// Only older than this call.
    pub before: Option<CallId>,
    /// At most so many.
    pub limit: usize,
}

impl CallFilter {
    fn admits(&self, call: &Call) -> bool {
        self.status.is_none_or(|status| call.status == status)
            && self
                .agent
                .is_none_or(|agent| call.request.agent.id == agent)
            && self
                .phone
                .as_ref()
                .is_none_or(|phone| call.request.phone == *phone)
            && self
                .created_after
                .is_none_or(|after| call.created_at() >= after)
            && self.ceiling().is_none_or(|ceiling| call.id < ceiling)
    }

    /// All that the filter admits is below this id.
    #[must_use]
    pub fn ceiling(&self) -> Option<CallId> {
        let before = self.created_before.map(CallId::floor);
        match (self.before, before) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

/// Which callbacks a page shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeliveryFilter {
    /// Only with this status.
    pub status: Option<DeliveryStatus>,
    /// Only older than this call's.
    pub before: Option<CallId>,
    /// At most so many.
    pub limit: usize,
}

impl DeliveryFilter {
    fn admits(&self, call: &Call) -> bool {
        call.callback
            .as_ref()
            .is_some_and(|delivery| self.status.is_none_or(|status| delivery.status == status))
            && self.before.is_none_or(|before| call.id < before)
    }
}

/// What a dialer needs to know of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The call.
    pub call: CallId,
    /// What was asked for.
    pub request: CallRequest,
    /// The line to dial through.
    pub carrier: Carrier,
    /// The caller ID.
    pub trunk_phone: String,
    /// When it rang, if it did.
    pub ringing_at: Option<Millis>,
    /// When it was answered, if it was.
    pub answered_at: Option<Millis>,
}

/// What an object did, as Cloudflare would bill it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Requests served.
    pub requests: u64,
    /// Alarms that fired.
    pub alarms: u64,
    /// Rows written, as the storage counts them.
    pub rows_written: u64,
    /// Alarms set; each is billed as one row more.
    pub alarms_set: u64,
    /// Messages sent to queues.
    pub queue_messages: u64,
}

/// The object's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TrunkReply {
    /// As asked.
    Done,
    /// This tag belongs to another trunk.
    TagTaken,
    /// Not while calls are live.
    HasLiveCalls,
    /// What came of a request for a call.
    Admission(Admission),
    /// What came of it the first time.
    Replayed(Admission),
    /// The `Idempotency-Key` was used for another request.
    KeyReused,
    /// What would come of a request for a call.
    Verdict(Verdict),
    /// Who holds a channel, and how many stand in line.
    Live(Vec<Call>, usize),
    /// Nothing was created, or shown.
    Refused(Denial),
    /// Work for the dialer.
    Orders(Vec<Order>),
    /// One call.
    Call(Box<Call>),
    /// A page of calls, and how many are live.
    Calls(Vec<Call>),
    /// No such call here.
    Missing,
    /// See [`Work`].
    Work(Work),
}

/// The refusals that an object can give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Denial {
    /// [`Refusal::InvalidKey`]
    InvalidKey,
    /// [`Refusal::AgentInactive`]
    AgentInactive,
    /// [`Refusal::TrunkInactive`]
    TrunkInactive,
    /// [`Refusal::CallAlreadyTerminal`]
    CallAlreadyTerminal,
    /// [`Refusal::TrunkNotFound`]
    TrunkNotFound,
}

impl From<Denial> for Refusal {
    fn from(denial: Denial) -> Self {
        match denial {
            Denial::InvalidKey => Self::InvalidKey,
            Denial::AgentInactive => Self::AgentInactive,
            Denial::TrunkInactive => Self::TrunkInactive,
            Denial::CallAlreadyTerminal => Self::CallAlreadyTerminal,
            Denial::TrunkNotFound => Self::TrunkNotFound,
        }
    }
}

impl From<Refusal> for Denial {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::InvalidKey => Self::InvalidKey,
            Refusal::AgentInactive => Self::AgentInactive,
            Refusal::TrunkInactive => Self::TrunkInactive,
            Refusal::CallAlreadyTerminal => Self::CallAlreadyTerminal,
            _ => Self::TrunkNotFound,
        }
    }
}

/// A row could not be read or written; what it was is logged where it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreFailed;

/// An object's rows. Synchronous: writes with no await between them are one commit.
pub trait TrunkStore {
    /// The directory's last word.
    fn brief(&self) -> Result<Option<Brief>, StoreFailed>;
    /// Keeps the directory's word.
    fn put_brief(&self, brief: &Brief) -> Result<(), StoreFailed>;
    /// All open calls: those marked late, and those open among the ones from `recent` on.
    fn open_calls(&self, recent: CallId) -> Result<Vec<Call>, StoreFailed>;
    /// When the calls from `from` on were accepted (refused ones left out) and dialed.
    fn starts(&self, from: CallId) -> Result<Vec<(CallId, Option<Millis>)>, StoreFailed>;
    /// The newest call.
    fn newest(&self) -> Result<Option<CallId>, StoreFailed>;
    /// Writes these calls' rows.
    fn put(&self, calls: &[Call]) -> Result<(), StoreFailed>;
    /// One call.
    fn get(&self, call: CallId) -> Result<Option<Call>, StoreFailed>;
    /// What is remembered of an `Idempotency-Key`.
    fn remembered(&self, key: &str) -> Result<Option<Remembrance>, StoreFailed>;
    /// Remembers an `Idempotency-Key`, and forgets those used before `forget_before`.
    fn remember(
        &self,
        key: &str,
        what: &Remembrance,
        forget_before: Millis,
    ) -> Result<(), StoreFailed>;
    /// Closed calls, newest first.
    fn closed(&self, filter: &CallFilter) -> Result<Vec<Call>, StoreFailed>;
    /// Closed calls that have a callback, newest first.
    fn closed_deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<Call>, StoreFailed>;
}

/// What must be sent once the rows are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// Calls for the dialer.
    pub dial: Vec<CallId>,
    /// Calls to ask the carrier about.
    pub inquire: Vec<CallId>,
    /// Callbacks to send.
    pub callbacks: Vec<CallbackMessage>,
}

impl Outgoing {
    /// The dispatch queue's share, a few calls to a message.
    #[must_use]
    pub fn dispatch_messages(&self, trunk: TrunkTag) -> Vec<DispatchMessage> {
        let dial = self.dial.chunks(CALLS_PER_MESSAGE);
        let dial = dial.map(|calls| DispatchMessage::Dial {
            trunk,
            calls: calls.to_vec(),
        });
        let inquire = self.inquire.chunks(CALLS_PER_MESSAGE);
        let inquire = inquire.map(|calls| DispatchMessage::Inquire {
            trunk,
            calls: calls.to_vec(),
        });
        dial.chain(inquire).collect()
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.dial.is_empty() && self.inquire.is_empty() && self.callbacks.is_empty()
    }

    /// Adds what another command wants sent.
    pub fn append(&mut self, other: Self) {
        self.dial.extend(other.dial);
        self.inquire.extend(other.inquire);
        self.callbacks.extend(other.callbacks);
    }
}

/// A trunk's object, but for its storage, its alarm and its network.
pub struct TrunkActor {
    trunk: Trunk,
    key: IdKey,
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
        let open = store.open_calls(CallId::floor(now - RECENT - Millis::from_secs(60)))?;
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
                .map(|(id, _)| id.address().at)
                .filter(lately)
                .collect(),
            dialed: dialed.filter(lately).collect(),
            newest: store.newest()?,
            open,
        };
        Ok(Self {
            trunk: Trunk::restore(remembered, settings, key.clone()),
            key,
        })
    }

    /// When the object must be woken next.
    #[must_use]
    pub fn next_due(&self) -> Option<Millis> {
        self.trunk.next_due()
    }

    /// The trunk's tag, once it is known.
    #[must_use]
    pub fn tag(&self) -> Option<TrunkTag> {
        self.trunk.brief().map(|brief| brief.config.id.tag())
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
        let mut changes = Changes::default();
        let reply = self.decide(store, command, now, &mut changes)?;
        self.trunk.tick(now, &mut changes);
        if !changes.rows.is_empty() {
            store.put(&changes.rows)?;
        }
        let outgoing = self.outgoing(&changes);
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
            TrunkCommand::Retire => self.retire(store),
            TrunkCommand::Admit(trigger) => self.admit(store, *trigger, now, changes),
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
                Ok(TrunkReply::Orders(self.orders(claimed)))
            }
            TrunkCommand::Examine(calls) => Ok(TrunkReply::Orders(self.orders(calls))),
            TrunkCommand::Carrier(reports) => {
                for (call, events) in reports {
                    self.trunk.carrier(call, events, now, changes);
                }
                Ok(TrunkReply::Done)
            }
            TrunkCommand::Learn(findings) => {
                for (call, finding) in findings {
                    self.trunk.learn(call, finding, now, changes);
                }
                Ok(TrunkReply::Done)
            }
            TrunkCommand::Report { call, outcome } => {
                if self.trunk.open_call(call).is_none() && store.get(call)?.is_none() {
                    return Ok(TrunkReply::Missing);
                }
                if let Some(outcome) = outcome {
                    self.trunk.report(call, outcome, now, changes);
                }
                Ok(TrunkReply::Done)
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
            TrunkCommand::Tick => Ok(TrunkReply::Done),
            TrunkCommand::Work => Ok(TrunkReply::Work(Work::default())),
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
                let live = self
                    .trunk
                    .live_calls()
                    .filter(|call| call.request.org == reader.org);
                Ok(TrunkReply::Live(
                    live.cloned().collect(),
                    self.trunk.waiting(),
                ))
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
            && let Some(known) = store
                .remembered(&given.key)?
                .filter(|known| now < known.at + REMEMBERED)
        {
            return Ok(match known.body == given.body {
                true => TrunkReply::Replayed(known.admission),
                false => TrunkReply::KeyReused,
            });
        }
        let admission = match self.trunk.admit(request, wish, now, changes) {
            Ok(admission) => admission,
            Err(refusal) => return Ok(TrunkReply::Refused(refusal.into())),
        };
        // A refusal is not kept, so that a retry can succeed.
        if let Some(Idempotency { key, body }) = idempotency
            && !matches!(admission, Admission::Rejected { .. })
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

    fn retire(&mut self, store: &impl TrunkStore) -> Result<TrunkReply, StoreFailed> {
        if !self.trunk.retire() {
            return Ok(TrunkReply::HasLiveCalls);
        }
        self.trunk
            .brief()
            .map_or(Ok(()), |brief| store.put_brief(brief))?;
        Ok(TrunkReply::Done)
    }

    fn orders(&self, calls: Vec<CallId>) -> Vec<Order> {
        let Some(brief) = self.trunk.brief() else {
            return Vec::new();
        };
        let calls = calls.into_iter().filter_map(|id| self.trunk.open_call(id));
        calls
            .filter(|call| call.ended_at.is_none())
            .map(|call| Order {
                call: call.id,
                request: call.request.clone(),
                carrier: brief.config.carrier.clone(),
                trunk_phone: brief.config.trunk_phone.clone(),
                ringing_at: call.ringing_at,
                answered_at: call.answered_at,
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
        Ok(call.filter(|call| call.request.org == reader.org))
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
                CallEffect::Callback(attempt) => {
                    let message = self
                        .trunk
                        .open_call(effect.call)
                        .and_then(|call| callback_message(call, attempt));
                    outgoing.callbacks.extend(message);
                }
            }
        }
        outgoing
    }
}

fn callback_message(call: &Call, attempt: u32) -> Option<CallbackMessage> {
    let callback = call.callback.as_ref()?;
    Some(CallbackMessage {
        org: call.request.org,
        delivery: callback.id,
        attempt,
        url: callback.url.clone(),
        body: serde_json::to_string(&Notification::of(call)?).ok()?,
    })
}

/// Merges what is open, what is about to be written and what the rows hold, newest first.
fn page<'a>(
    reader: Reader,
    open: impl Iterator<Item = &'a Call>,
    closed: Vec<Call>,
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
    calls.extend(closed);
    calls.retain(|call| call.request.org == reader.org && admits(call));
    calls.sort_by_key(|call| std::cmp::Reverse(call.id));
    calls.dedup_by(|a, b| a.id == b.id);
    calls.truncate(limit);
    TrunkReply::Calls(calls)
}
