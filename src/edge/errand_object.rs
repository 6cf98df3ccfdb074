//! The Durable Object that does a queue message's work for as long as the outside world takes: a receiver that does not answer, a
//! slow LiveKit server.
//!
//! A queue's next batch waits for the one before it, so a consumer that waited for others would hold up everything behind it. It
//! hands such work over to one of these, which answer at once and store nothing: the delivery or the trunk keeps the obligation
//! in its rows, and it falls due again if an errand is cut short.
//!
//! It also asks many trunks for their part of the live feed, on behalf of a reader of their organisation's feed.

use std::future::ready;

use futures_util::FutureExt;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::{Env, State, worker_sys};

use super::promise::{done, reply, wait_until};
use super::world::World;
use crate::app::deliver::deliver;
use crate::app::dispatch::dispatch;
use crate::app::json;
use crate::app::messages::Errand;
use crate::app::ports::UNKNOWN;
use crate::app::trunk::Look;
use crate::domain::to_json::to_json;

/// Held by the entry module's class of the same name, which handles requests and responses.
#[wasm_bindgen]
pub struct ErrandObject {
    state: State,
    env: Env,
}

#[wasm_bindgen]
impl ErrandObject {
    #[wasm_bindgen(constructor)]
    pub fn new(state: worker_sys::DurableObjectState, env: Env) -> Self {
        let state = State::from(state);
        Self { state, env }
    }

    /// Begins a message's work and answers; or asks trunks, and returns their answer.
    pub fn fetch(&self, bytes: Vec<u8>) -> JsValue {
        match json::read_bytes(&bytes) {
            Ok(look) => reply(see(self.env.clone(), look).boxed_local()),
            Err(_) => reply(ready(self.begin(&bytes)).boxed_local()),
        }
    }

    /// No alarm is ever set.
    pub fn alarm(&self) -> JsValue {
        done(ready(()).boxed_local())
    }
}

async fn see(env: Env, look: Look) -> Option<Vec<u8>> {
    let world = World::new(env, None).ok()?;
    let seen = look.by(&world).await.ok()?;
    to_json(&seen).ok().map(String::into_bytes)
}

impl ErrandObject {
    fn begin(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let errand = std::str::from_utf8(bytes).ok().and_then(Errand::read);
        let Some(errand) = errand else {
            return Some(UNKNOWN.to_vec());
        };
        let world = World::new(self.env.clone(), None).ok()?;
        let work = async move {
            let _ = match errand {
                Errand::Callback(message) => deliver(&world, message).await,
                Errand::Dispatch(message) => dispatch(&world, &world, message).await,
            };
        };
        wait_until(&self.state, work.boxed_local());
        Some(Vec::new())
    }
}
