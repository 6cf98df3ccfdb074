//! The only place that names Cloudflare: requests, objects, KV, queues, cron and the network.

mod alarm;
mod cache;
mod campaign_object;
mod campaign_rows;
mod contacts_object;
mod cron;
mod directory_object;
mod errand_object;
mod faults;
mod http;
mod log;
mod outbox;
mod platform;
mod promise;
mod queues;
mod sql;
mod trunk_object;
mod vault;
mod world;

use futures_util::FutureExt;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::worker_sys::{Context, MessageBatch as Batch};
use worker::{Env, MessageBatch};

use promise::{done, promise};

// What `#[event]` would export, without its own error texts: errors are reported by the entry module, and those texts are large.

#[wasm_bindgen]
pub fn fetch(
    head: String,
    body: Vec<u8>,
    request: platform::Incoming,
    env: Env,
    context: Context,
) -> JsValue {
    promise(http::serve(head, body, request, env, context).boxed_local())
}

/// The most bytes that this route accepts as a body.
#[wasm_bindgen(js_name = bodyLimit)]
pub fn body_limit(method: &str, url: &str) -> usize {
    http::body_limit(method, url)
}

/// Whether a route answers with a stream if the client prefers one.
#[wasm_bindgen]
pub fn streams(method: &str, url: &str) -> bool {
    http::streams(method, url)
}

#[wasm_bindgen(js_name = goOn)]
pub fn go_on(rest: String, env: Env, context: Context) -> JsValue {
    promise(http::go_on(rest, env, context).boxed_local())
}

#[wasm_bindgen]
pub fn queue(batch: Batch, env: Env, context: Context) -> JsValue {
    let batch = MessageBatch::<serde_json::Value>::from(batch);
    done(queues::consume(batch, env, context).boxed_local())
}

#[wasm_bindgen]
pub fn scheduled(_event: JsValue, env: Env, _context: JsValue) -> JsValue {
    done(cron::sweep(env).boxed_local())
}
