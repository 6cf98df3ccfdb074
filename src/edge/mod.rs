//! The only place that names Cloudflare: requests, objects, KV, queues, cron and the network.

mod alarm;
mod cache;
mod cron;
mod directory_object;
mod errand_object;
mod faults;
mod http;
mod log;
mod outbox;
mod platform;
mod queues;
mod sql;
mod trunk_object;
mod vault;
mod world;

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::{Context, Env, MessageBatch, worker_sys};

// What `#[event]` would export, without its own words for errors: those are the entry module's to tell, and weigh much.

#[wasm_bindgen(wasm_bindgen_futures = worker::wasm_bindgen_futures)]
pub async fn fetch(
    request: platform::Incoming,
    env: Env,
    context: worker_sys::Context,
) -> Result<JsValue, JsValue> {
    let response = http::serve(request, env, Context::new(context)).await?;
    Ok(response.into())
}

/// Whether a route's answers come as a stream to whoever prefers one.
#[wasm_bindgen]
pub fn streams(method: &str, url: &str) -> bool {
    http::streams(method, url)
}

#[wasm_bindgen(js_name = goOn, wasm_bindgen_futures = worker::wasm_bindgen_futures)]
pub async fn go_on(
    rest: String,
    env: Env,
    context: worker_sys::Context,
) -> Result<js_sys::Array, JsValue> {
    http::go_on(&rest, env, Context::new(context)).await
}

#[wasm_bindgen(wasm_bindgen_futures = worker::wasm_bindgen_futures)]
pub async fn queue(batch: worker_sys::MessageBatch, env: Env, context: worker_sys::Context) {
    let batch = MessageBatch::<serde_json::Value>::from(batch);
    queues::consume(&batch, env, Context::new(context)).await;
}

#[wasm_bindgen(wasm_bindgen_futures = worker::wasm_bindgen_futures)]
pub async fn scheduled(_event: JsValue, env: Env, _context: JsValue) {
    cron::sweep(env).await;
}
