//! The campaign's Durable Object: storage, alarm and network around [`CampaignActor`].
//!
//! A command is carried out without interruption. Besides commands, one exchange with the trunk is under way at a time: whoever
//! finds that there is something to ask keeps asking until there is nothing left.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::FutureExt;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::{Env, State, worker_sys};

use super::campaign_rows::SqlStore;
use super::platform::{self, now};
use super::promise::{done, reply, wait_until};
use super::world::{Setup, World};
use super::{alarm, outbox};
use crate::app::alarm::Alarm;
use crate::app::campaign::{
    CampaignActor, CampaignCommand, CampaignRefusal, CampaignReply, Exchange, Heard,
};
use crate::app::json;
use crate::app::messages::CallbackMessage;
use crate::app::ports::UNKNOWN;
use crate::app::resting;
use crate::app::trunk::StoreFailed;
use crate::domain::time::{Span, Timestamp};
use crate::domain::to_json::to_json;

/// How soon an object tries again after its storage failed.
const AGAIN: Span = Span(5_000);
/// Work due within this time is waited for; for later work the alarm is set.
const SOON: Span = Span(10_000);
/// How soon an object wakes that died while it asked, or waited to ask.
const WAKES_AFTER: Span = Span(10_000);
/// The longest that a caller waits for calls to be taken back, and how often that is checked.
const PATIENCE: Span = Span(8_000);
const LOOKS_MS: u32 = 20;

struct Inner {
    state: State,
    env: Env,
    alarm: Alarm,
    loaded: RefCell<Option<(CampaignActor, SqlStore)>>,
    exchanging: Cell<bool>,
    /// Counts those who found something to ask: if two are waiting, the later one continues.
    turn: Cell<u64>,
}

/// Held by the entry module's class of the same name, which handles requests and responses.
#[wasm_bindgen]
pub struct CampaignObject {
    inner: Rc<Inner>,
}

#[wasm_bindgen]
impl CampaignObject {
    #[wasm_bindgen(constructor)]
    pub fn new(state: worker_sys::DurableObjectState, env: Env) -> Self {
        let inner = Inner {
            state: State::from(state),
            env,
            alarm: Alarm::default(),
            loaded: RefCell::default(),
            exchanging: Cell::default(),
            turn: Cell::default(),
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
    let Ok(command) = json::read_bytes::<CampaignCommand>(&bytes) else {
        return Some(UNKNOWN.to_vec());
    };
    let reply = match command {
        CampaignCommand::Tick => remind(&inner).await.ok()?,
        command => serve(&inner, command).await.ok()?,
    };
    to_json(&reply).ok().map(String::into_bytes)
}

async fn wake(inner: Rc<Inner>) {
    inner.alarm.fired();
    let _ = serve(&inner, CampaignCommand::Tick).await;
}

/// The cron's reminder: an alarm that was lost is set again and reported.
async fn remind(inner: &Rc<Inner>) -> Result<CampaignReply, StoreFailed> {
    let is_new = inner.loaded.borrow().is_none();
    with(inner, |_, _| Ok(()))?;
    let owes = next_due(inner).is_some();
    let is_lost = owes && alarm::is_lost(&inner.alarm, &inner.state, is_new).await;
    let reply = serve(inner, CampaignCommand::Tick).await?;
    Ok(match is_lost {
        true => reply.of_lost_alarm(),
        false => reply,
    })
}

async fn serve(inner: &Rc<Inner>, command: CampaignCommand) -> Result<CampaignReply, StoreFailed> {
    let waits = command.waits();
    let reply = carry_out(inner, command).await?;
    if !waits || !matches!(reply, CampaignReply::Campaign(_)) {
        return Ok(reply);
    }
    let ends_at = now() + PATIENCE;
    while is_taking_back(inner) {
        if now() >= ends_at {
            return Ok(CampaignReply::Refused(CampaignRefusal::NotTakenBack));
        }
        platform::sleep(LOOKS_MS).await;
    }
    carry_out(inner, CampaignCommand::Get).await
}

async fn carry_out(
    inner: &Rc<Inner>,
    command: CampaignCommand,
) -> Result<CampaignReply, StoreFailed> {
    let handled = with(inner, |actor, store| actor.handle(store, command, now()));
    match handled {
        Ok((reply, message)) => {
            send(inner, message).await;
            arm(inner, false).await;
            wait_until(&inner.state, drive(Rc::clone(inner)).boxed_local());
            Ok(reply)
        }
        Err(StoreFailed) => {
            arm(inner, true).await;
            Err(StoreFailed)
        }
    }
}

fn is_taking_back(inner: &Inner) -> bool {
    let loaded = inner.loaded.borrow();
    loaded
        .as_ref()
        .is_none_or(|(actor, _)| actor.is_taking_back())
}

/// Works on the actor, which is loaded first if it is not in memory; one whose rows failed is dropped.
fn with<T>(
    inner: &Inner,
    work: impl FnOnce(&mut CampaignActor, &SqlStore) -> Result<T, StoreFailed>,
) -> Result<T, StoreFailed> {
    let mut slot = inner.loaded.borrow_mut();
    let (actor, store) = match &mut *slot {
        Some(loaded) => loaded,
        None => slot.insert(load(inner)?),
    };
    let result = work(actor, store);
    if result.is_err() {
        *slot = None;
    }
    result
}

fn load(inner: &Inner) -> Result<(CampaignActor, SqlStore), StoreFailed> {
    let setup = Setup::of(&inner.env).map_err(|_| StoreFailed)?;
    let store = SqlStore::open(platform::sql_of(&inner.state))?;
    let key = setup.secrets.id_key.clone();
    Ok((CampaignActor::load(&store, &setup.settings, key)?, store))
}

async fn send(inner: &Inner, message: Option<CallbackMessage>) {
    if let Some(message) = message.and_then(|message| to_json(&message).ok()) {
        outbox::send(&inner.env, "CALLBACKS", &[message]).await;
    }
}

fn next_due(inner: &Inner) -> Option<Timestamp> {
    inner.loaded.borrow().as_ref()?.0.next_due()
}

/// Sets the alarm: for work that is due, or, if that is soon, in case the object dies meanwhile.
async fn arm(inner: &Inner, failed: bool) {
    let due = match failed {
        true => Some(now() + AGAIN),
        false => next_due(inner),
    };
    if let Some(due) = due {
        // Until then somebody is waiting for it here.
        let due = due.max(now() + WAKES_AFTER);
        alarm::set(&inner.alarm, &inner.state, due).await;
    }
}

/// Asks the trunk until there is nothing to ask for a while.
async fn drive(inner: Rc<Inner>) {
    if inner.exchanging.replace(true) {
        return;
    }
    loop {
        if ask(&inner).await.is_err() {
            inner.exchanging.set(false);
            arm(&inner, true).await;
            return;
        }
        inner.exchanging.set(false);
        let turn = inner.turn.get() + 1;
        inner.turn.set(turn);
        arm(&inner, false).await;
        let Some(due) = next_due(&inner).filter(|due| *due <= now() + SOON) else {
            return;
        };
        let wait = (due - now()).0.max(1);
        platform::sleep(u32::try_from(wait).unwrap_or(u32::MAX)).await;
        if inner.turn.get() != turn || inner.exchanging.replace(true) {
            return;
        }
    }
}

/// Asks until there is nothing left to ask.
async fn ask(inner: &Rc<Inner>) -> Result<(), StoreFailed> {
    while let Some(exchange) = next(inner)? {
        let heard = put(inner, &exchange).await;
        let message = with(inner, |actor, store| {
            actor.heard(store, heard, now())?;
            Ok(actor.due_message(now()))
        })?;
        send(inner, message).await;
    }
    let message = with(inner, |actor, _| Ok(actor.due_message(now())))?;
    send(inner, message).await;
    Ok(())
}

fn next(inner: &Inner) -> Result<Option<Exchange>, StoreFailed> {
    with(inner, |actor, store| actor.next_exchange(store, now()))
}

async fn put(inner: &Inner, exchange: &Exchange) -> Heard {
    match World::new(inner.env.clone(), None) {
        Ok(world) => resting::ask(&world, exchange).await,
        Err(_) => Heard::Nothing,
    }
}
