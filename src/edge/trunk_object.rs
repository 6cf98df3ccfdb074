//! The trunk's Durable Object: storage, alarm and network around [`TrunkActor`].
//!
//! Each command is carried out without interruption: decided, written, then answered. What it wants sent leaves afterwards,
//! together with what other commands wanted sent meanwhile.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::FutureExt;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::{Env, State, worker_sys};

use super::platform::now;
use super::promise::{done, reply, wait_until};
use super::sql::SqlStore;
use super::world::{Setup, World};
use super::{alarm, outbox, platform};
use crate::app::alarm::Alarm;
use crate::app::json;
use crate::app::messages::Outgoing;
use crate::app::nudge;
use crate::app::ports::UNKNOWN;
use crate::app::trunk::TrunkStore;
use crate::app::trunk::{
    LONG, Slices, StoreFailed, TrunkActor, TrunkCommand, TrunkReply, Turns, Work,
};
use crate::domain::contacts::Words;
use crate::domain::ids::OrgId;
use crate::domain::settings::SLICE;
use crate::domain::time::{Span, Timestamp};

/// How soon an object tries again after its storage failed.
const AGAIN: Span = Span(5_000);

/// How often a listener's question is tried again while there is no news.
const LISTEN_MS: u32 = 50;

/// The pause between two batches of migrated rows.
const BETWEEN_MIGRATED_MS: u32 = 10;

#[path = "trunk_work.rs"]
mod work;

use work::{archive, as_bytes, ask, each, json_lines, migrate, questions, tell_others, vitals};

struct Loaded {
    actor: TrunkActor,
    store: SqlStore,
}

struct Inner {
    state: State,
    env: Env,
    alarm: Alarm,
    loaded: RefCell<Option<Loaded>>,
    /// The actor that a failed write made unusable.
    failed: RefCell<Option<TrunkActor>>,
    outbox: RefCell<Outgoing>,
    sending: Cell<bool>,
    work: Cell<Work>,
    turns: Turns,
    migrating: Cell<bool>,
    nudging: Cell<bool>,
    telling: Cell<bool>,
    archiving: work::Archiving,
}

/// Held by the entry module's class of the same name, which handles requests and responses.
#[wasm_bindgen]
pub struct TrunkObject {
    inner: Rc<Inner>,
}

#[wasm_bindgen]
impl TrunkObject {
    #[wasm_bindgen(constructor)]
    pub fn new(state: worker_sys::DurableObjectState, env: Env) -> Self {
        let inner = Inner {
            state: State::from(state),
            env,
            alarm: Alarm::default(),
            loaded: RefCell::default(),
            failed: RefCell::default(),
            outbox: RefCell::default(),
            sending: Cell::default(),
            work: Cell::default(),
            turns: Turns::default(),
            migrating: Cell::default(),
            nudging: Cell::default(),
            telling: Cell::default(),
            archiving: work::Archiving::default(),
        };
        Self {
            inner: Rc::new(inner),
        }
    }

    /// Carries out a command. Returns its reply, or nothing if storage failed.
    pub fn fetch(&self, bytes: Vec<u8>) -> JsValue {
        reply(fetch(Rc::clone(&self.inner), bytes).boxed_local())
    }

    pub fn alarm(&self) -> JsValue {
        done(wake(Rc::clone(&self.inner)).boxed_local())
    }

    #[cfg(feature = "faults")]
    pub fn sql(&self, statement: &str) -> String {
        super::faults::sql(&self.inner.state.storage(), statement)
    }
}

async fn fetch(inner: Rc<Inner>, bytes: Vec<u8>) -> Option<Vec<u8>> {
    match bytes.contains(&b'\n') {
        true => Some(each(inner, &bytes).await),
        false => one(inner, &bytes).await,
    }
}

/// Carries out one command. Returns its reply, or nothing if storage failed.
async fn one(inner: Rc<Inner>, bytes: &[u8]) -> Option<Vec<u8>> {
    let read = || json::read_bytes(bytes).ok();
    let command: Option<TrunkCommand> = read();
    let Some(command) = command else {
        return Some(UNKNOWN.to_vec());
    };
    if matches!(command, TrunkCommand::Work) {
        return as_bytes(&TrunkReply::Work(inner.work.get()));
    }
    if let TrunkCommand::Vitals(asked) = command {
        return as_bytes(&vitals(&inner, asked).await.ok()?);
    }
    count(&inner, |work| work.requests += 1);
    let deadline = command.wait().map(|wait| now() + wait);
    let mut reply = answer(&inner, command).await;
    while reply.as_ref().is_ok_and(TrunkReply::is_quiet)
        && deadline.is_some_and(|deadline| now() < deadline)
    {
        platform::sleep(LISTEN_MS).await;
        reply = answer(&inner, read()?).await;
    }
    as_bytes(&reply.ok()?)
}

async fn wake(inner: Rc<Inner>) {
    inner.alarm.fired();
    count(&inner, |work| work.alarms += 1);
    let failed = run(&inner, TrunkCommand::Tick).is_err();
    arm_and_send(&inner, failed).await;
}

/// The answer to one command. Those that look at many rows do so in slices, between which others come first.
async fn answer(inner: &Rc<Inner>, command: TrunkCommand) -> Result<TrunkReply, StoreFailed> {
    if !command.looks_at_many() {
        let words = match questions(inner, &command) {
            Ok((Some(org), numbers)) if !numbers.is_empty() => ask(inner, org, &numbers).await,
            Ok(_) => Words::default(),
            Err(StoreFailed) => {
                arm_and_send(inner, true).await;
                return Err(StoreFailed);
            }
        };
        inner.archiving.heeds(&command, &inner.outbox);
        let mut reply = run_knowing(inner, command, &words);
        if let Ok(TrunkReply::Erased(erased)) = &mut reply {
            erased.busy = inner.archiving.is_writing();
        }
        arm_and_send(inner, reply.is_err()).await;
        return reply;
    }
    let mut slices = Slices::of(command, SLICE);
    let ends_at = now() + LONG;
    loop {
        let before = inner.work.get().rows_read;
        let reply = run(inner, slices.command());
        let read = inner.work.get().rows_read - before;
        slices.has_read(usize::try_from(read).unwrap_or(usize::MAX));
        arm_and_send(inner, reply.is_err()).await;
        if now() >= ends_at {
            slices.ends();
        }
        let (answer, waits) = slices.take(reply?);
        if waits {
            let wait = inner.turns.wait(slices.fresh(), now());
            platform::sleep(u32::try_from(wait.0).unwrap_or(u32::MAX)).await;
        }
        if let Some(answer) = answer {
            return Ok(answer);
        }
    }
}

/// Carries out a command; the actor is loaded first if it is not in memory.
fn run(inner: &Inner, command: TrunkCommand) -> Result<TrunkReply, StoreFailed> {
    run_knowing(inner, command, &Words::default())
}

fn run_knowing(
    inner: &Inner,
    command: TrunkCommand,
    words: &Words,
) -> Result<TrunkReply, StoreFailed> {
    let mut slot = inner.loaded.borrow_mut();
    let result = handle(inner, &mut slot, command, words);
    if result.is_err() {
        // Memory no longer matches the rows.
        drop_failed(inner, &mut slot);
    }
    result
}

fn handle(
    inner: &Inner,
    slot: &mut Option<Loaded>,
    command: TrunkCommand,
    words: &Words,
) -> Result<TrunkReply, StoreFailed> {
    let loaded = match slot {
        Some(loaded) => loaded,
        None => slot.insert(load(inner)?),
    };
    let before = loaded.store.rows();
    let (reply, outgoing) = loaded
        .actor
        .handle_knowing(&loaded.store, command, words, now())?;
    count_rows(inner, before, &loaded.store);
    inner.outbox.borrow_mut().append(outgoing);
    Ok(reply)
}

fn count_rows(inner: &Inner, before: [u64; 2], store: &SqlStore) {
    let ([read, written], [read_before, written_before]) = (store.rows(), before);
    count(inner, |work| {
        work.rows_read += read - read_before;
        work.rows_written += written - written_before;
    });
}

fn load(inner: &Inner) -> Result<Loaded, StoreFailed> {
    let setup = Setup::of(&inner.env).map_err(|_| StoreFailed)?;
    let store = SqlStore::open(platform::sql_of(&inner.state))?;
    let settings = setup.settings.as_ref().clone();
    let mut actor = TrunkActor::load(&store, settings, setup.secrets.id_key.clone(), now())?;
    if let Some(failed) = inner.failed.take() {
        actor.succeed(failed);
    }
    Ok(Loaded { actor, store })
}

/// Done last of all, so that due work always has an alarm, and no alarm is set for work that was not written.
async fn arm_and_send(inner: &Rc<Inner>, failed: bool) {
    arm(inner, failed).await;
    let expired = std::mem::take(&mut inner.outbox.borrow_mut().expired);
    if !expired.is_empty() {
        inner.archiving.begins();
        wait_until(
            &inner.state,
            archive(Rc::clone(inner), expired).boxed_local(),
        );
    }
    tell_others(inner);
    if begins_to_send(inner) {
        wait_until(&inner.state, send(Rc::clone(inner)).boxed_local());
    }
    if begins_to_nudge(inner) {
        wait_until(&inner.state, nudge(Rc::clone(inner)).boxed_local());
    }
    let is_complete = |loaded: &Loaded| loaded.store.is_complete();
    let is_complete = inner.loaded.borrow().as_ref().is_none_or(is_complete);
    if !is_complete && !inner.migrating.replace(true) {
        wait_until(&inner.state, migrate(Rc::clone(inner)).boxed_local());
    }
}

async fn arm(inner: &Inner, failed: bool) {
    let due = match &*inner.loaded.borrow() {
        Some(loaded) => loaded.actor.next_due(),
        None => failed.then(|| now() + AGAIN),
    };
    if let Some(due) = due
        && alarm::set(&inner.alarm, &inner.state, due).await
    {
        count(inner, |work| work.alarms_set += 1);
    }
}

/// What the actor knows, even if a failed write has just made it unusable.
fn known<T>(inner: &Inner, what: impl FnOnce(&TrunkActor) -> Option<T>) -> Option<T> {
    let (loaded, failed) = (inner.loaded.borrow(), inner.failed.borrow());
    let loaded = loaded.as_ref().map(|loaded| &loaded.actor);
    what(loaded.or(failed.as_ref())?)
}

fn count(inner: &Inner, add: impl FnOnce(&mut Work)) {
    let mut work = inner.work.get();
    add(&mut work);
    inner.work.set(work);
}

/// Whether the directory must be told of news and nobody is telling it; if so, the caller must.
fn begins_to_nudge(inner: &Inner) -> bool {
    owed_nudge(inner).is_some() && !inner.nudging.replace(true)
}

fn owed_nudge(inner: &Inner) -> Option<(OrgId, Timestamp)> {
    inner.loaded.borrow().as_ref()?.actor.nudge()
}

/// Tells the directory that there is news, while everything else continues.
async fn nudge(inner: Rc<Inner>) {
    if let Ok(world) = World::new(inner.env.clone(), None) {
        let owed = || owed_nudge(&inner);
        let heard = |at| {
            if let Some(loaded) = &mut *inner.loaded.borrow_mut() {
                loaded.actor.nudged(at);
            }
        };
        nudge::nudge(&world, owed, heard).await;
    }
    inner.nudging.set(false);
}

/// Whether there is something to send and nobody is sending; if so, the caller must.
fn begins_to_send(inner: &Inner) -> bool {
    !inner.outbox.borrow().is_empty() && !inner.sending.replace(true)
}

/// Sends until nothing is left: what is added during one send leaves with the next.
async fn send(inner: Rc<Inner>) {
    loop {
        let outgoing = inner.outbox.borrow_mut().for_queues();
        let sender = known(&inner, |actor| {
            let callbacks = actor.for_queue(&outgoing.callbacks);
            Some((actor.tag()?, actor.calls_per_message(), callbacks))
        });
        let Some((tag, calls, callbacks)) = sender.filter(|_| !outgoing.is_empty()) else {
            break;
        };
        let hang_ups = json_lines(&outgoing.hang_ups(tag));
        let dials = json_lines(&outgoing.dials(tag, calls));
        let sent = outbox::send(&inner.env, "HANGUPS", &hang_ups).await;
        let sent = sent + outbox::send(&inner.env, "DISPATCH", &dials).await;
        let sent = sent + outbox::send(&inner.env, "CALLBACKS", &callbacks).await;
        count(&inner, |work| work.queue_messages += sent);
    }
    inner.sending.set(false);
}

/// Sends whatever background work has come to owe others.
async fn send_all(inner: &Rc<Inner>) {
    if begins_to_send(inner) {
        send(Rc::clone(inner)).await;
    }
    if begins_to_nudge(inner) {
        nudge(Rc::clone(inner)).await;
    }
}

fn drop_failed(inner: &Inner, slot: &mut Option<Loaded>) {
    if let Some(Loaded { actor, .. }) = slot.take() {
        *inner.failed.borrow_mut() = Some(actor);
    }
}
