//! From futures to promises. A future comes here boxed: so the way to the runtime, which is long, is compiled once and not
//! for each future.

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use js_sys::{Promise, Uint8Array};
use wasm_bindgen::JsValue;
use worker::State;
use worker::wasm_bindgen_futures::future_to_promise;

/// What comes of it, or what it failed of.
pub fn promise(work: LocalBoxFuture<'static, Result<JsValue, JsValue>>) -> Promise {
    future_to_promise(work)
}

/// That it is done.
pub fn done(work: LocalBoxFuture<'static, ()>) -> Promise {
    let work = work.map(|()| Ok(JsValue::UNDEFINED));
    promise(work.boxed_local())
}

/// Keeps an object until that is done.
pub fn wait_until(object: &State, work: LocalBoxFuture<'static, ()>) {
    // An object may always wait: it is refused to what no longer runs.
    let _ = object.as_raw().wait_until(&done(work));
}

/// An object's reply, or `undefined` when there is none.
pub fn reply(work: LocalBoxFuture<'static, Option<Vec<u8>>>) -> Promise {
    let work = work.map(|reply| {
        let bytes = reply.map(|bytes| Uint8Array::from(bytes.as_slice()));
        Ok(bytes.map_or(JsValue::UNDEFINED, JsValue::from))
    });
    promise(work.boxed_local())
}
