//! What `platform.js` offers: the runtime's functions, at one crossing each.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use worker::worker_sys::Context;
use worker::{Env, State};

use super::promise::Called;
use crate::domain::target::Target;
use crate::domain::time::{Span, Timestamp};

mod js {
    use wasm_bindgen::prelude::*;
    use worker::Env;
    use worker::worker_sys::Context;

    // Functions whose answer comes later return their call's number: see `promise.rs`.
    #[wasm_bindgen(module = "/src/edge/platform.js")]
    extern "C" {
        /// A request as received.
        pub type Incoming;

        /// The headers with these names (one per line), one per line: `=` and the value, or nothing if it is missing.
        pub fn headers(request: &Incoming, names: &str) -> String;

        /// A response; its headers are names and values, alternating, one per line. `rest` is for the entry module, which asks
        /// for the remainder with it.
        #[wasm_bindgen(catch)]
        pub fn respond(
            status: u16,
            headers: &str,
            body: Option<Vec<u8>>,
            rest: Option<String>,
        ) -> Result<JsValue, JsValue>;

        pub fn page(
            env: &Env,
            request: &Incoming,
            request_id: &str,
            path: &str,
            names_origin: bool,
            may_be_kept: bool,
        ) -> u32;
        #[wasm_bindgen(js_name = kvGet)]
        pub fn kv_get(env: &Env, binding: &str, key: &str) -> u32;
        #[wasm_bindgen(js_name = kvPut)]
        pub fn kv_put(env: &Env, binding: &str, key: &str, value: Option<String>) -> u32;
        #[wasm_bindgen(js_name = kvNames)]
        pub fn kv_names(env: &Env, binding: &str, prefix: &str) -> u32;
        #[wasm_bindgen(js_name = kvRemove)]
        pub fn kv_remove(env: &Env, binding: &str, prefix: &str) -> u32;
        #[wasm_bindgen(js_name = archiveRemove)]
        pub fn archive_remove(env: &Env, prefix: &str) -> u32;
        pub fn erase(limit_ms: u32, env: &Env, binding: &str, name: &str, forgets: bool) -> u32;
        #[wasm_bindgen(js_name = queueSend)]
        pub fn queue_send(env: &Env, binding: &str, texts: Vec<String>) -> u32;
        #[wasm_bindgen(js_name = setAlarm)]
        pub fn set_alarm(object: &JsValue, at: f64) -> u32;
        #[wasm_bindgen(js_name = getAlarm)]
        pub fn get_alarm(object: &JsValue) -> u32;
        #[wasm_bindgen(js_name = isBound)]
        pub fn is_bound(env: &Env, name: &str) -> bool;
        #[wasm_bindgen(js_name = dataPoint)]
        pub fn data_point(env: &Env, name: &str, of: Vec<String>, numbers: Vec<f64>);
        pub fn archive(env: &Env, name: &str, text: &str) -> u32;
        #[wasm_bindgen(js_name = archiveNames)]
        pub fn archive_names(env: &Env, prefix: &str, after: &str, limit: u32) -> u32;
        #[wasm_bindgen(js_name = archiveGet)]
        pub fn archive_get(env: &Env, name: &str) -> u32;
        #[wasm_bindgen(js_name = archiveAgain)]
        pub fn archive_again(env: &Env, name: &str, version: &str, text: &str) -> u32;
        pub fn ask(env: &Env, binding: &str, name: &str, body: &str, limit_ms: u32) -> u32;
        #[wasm_bindgen(js_name = askTogether)]
        pub fn ask_together(
            env: &Env,
            context: &Context,
            lane: &str,
            binding: &str,
            name: &str,
            body: &str,
            limit_ms: u32,
        ) -> u32;
        #[wasm_bindgen(js_name = askAlike)]
        pub fn ask_alike(
            env: &Env,
            context: &Context,
            question: &str,
            since: f64,
            wait_ms: f64,
            binding: &str,
            name: &str,
            body: &str,
            limit_ms: u32,
        ) -> u32;
        pub fn post(
            url: &str,
            headers: Vec<String>,
            body: &str,
            limit_ms: u32,
            max_body: u32,
        ) -> u32;
        pub fn remove(url: &str, headers: Vec<String>, limit_ms: u32, max_body: u32) -> u32;
        pub fn crypt(what: &str, key: &[u8], nonce: &[u8], context: &[u8], bytes: &[u8]) -> u32;
        pub fn journal(env: &Env, call: &str) -> u32;
        pub fn sleep(ms: u32) -> u32;

        /// An object's SQLite.
        pub type Sql;

        #[wasm_bindgen(method, getter, js_name = databaseSize)]
        pub fn database_size(this: &Sql) -> f64;

        /// Runs a statement. Its bindings are a JSON array, and so is the result: rows read, rows written, and the rows.
        #[wasm_bindgen(catch, js_name = sqlRows)]
        pub fn sql_rows(sql: &Sql, query: &str, bindings: &str) -> Result<String, JsValue>;

        /// The same for rows with one text each, without line breaks: rows read, rows written, and the texts, one per line.
        #[wasm_bindgen(catch, js_name = sqlTexts)]
        pub fn sql_texts(sql: &Sql, query: &str, bindings: &str) -> Result<String, JsValue>;

        /// The parts of a URL, one per line; empty for anything that is no URL.
        #[wasm_bindgen(js_name = parseUrl)]
        pub fn parse_url(text: &str) -> String;
    }
}

pub use js::{Incoming, Sql, headers, is_bound, respond, sql_rows, sql_texts};

/// A URL as the parser of `fetch` itself reads it; `None` for anything that is no URL.
pub fn parse_url(text: &str) -> Option<Target> {
    let parts = js::parse_url(text);
    let parts: Vec<String> = parts.split('\n').map(str::to_owned).collect();
    let [scheme, host, port, path, query, user, password] = parts.try_into().ok()?;
    Some(Target {
        scheme,
        host,
        port: port.parse().ok(),
        path,
        query,
        user,
        password,
    })
}

/// A static page or file, if there is one at that path: a `Response`, or `undefined`.
pub fn page(
    env: &Env,
    request: &Incoming,
    request_id: &str,
    path: &str,
    names_origin: bool,
    may_be_kept: bool,
) -> Called {
    let call = js::page(env, request, request_id, path, names_origin, may_be_kept);
    Called::of(call)
}

/// The value under a KV key: a text, or `null`.
pub fn kv_get(env: &Env, binding: &str, key: &str) -> Called {
    Called::of(js::kv_get(env, binding, key))
}

/// Writes a value; without one, deletes the key.
pub fn kv_put(env: &Env, binding: &str, key: &str, value: Option<String>) -> Called {
    Called::of(js::kv_put(env, binding, key, value))
}

/// All keys with this prefix.
pub async fn kv_names(env: &Env, binding: &str, prefix: &str) -> Result<Array, JsValue> {
    let names = Called::of(js::kv_names(env, binding, prefix)).await?;
    Ok(names.unchecked_into())
}

/// Deletes some of the keys with this prefix. Returns whether there were any.
pub fn kv_remove(env: &Env, binding: &str, prefix: &str) -> Called {
    Called::of(js::kv_remove(env, binding, prefix))
}

/// Deletes some of the archive's objects with this prefix. Returns whether there were any.
pub fn archive_remove(env: &Env, prefix: &str) -> Called {
    Called::of(js::archive_remove(env, prefix))
}

/// Has an object delete everything it stores, or only say whether it stores anything. Returns whether it was empty before.
pub fn erase(env: &Env, binding: &str, name: &str, forgets: bool, limit_ms: u32) -> Called {
    Called::of(js::erase(limit_ms, env, binding, name, forgets))
}

/// Sends messages to a queue.
pub fn queue_send(env: &Env, binding: &str, texts: Vec<String>) -> Called {
    Called::of(js::queue_send(env, binding, texts))
}

/// Sets an object's alarm.
pub fn set_alarm(object: &State, at: Timestamp) -> Called {
    Called::of(js::set_alarm(object.as_raw(), at.0 as f64))
}

/// When an object's alarm is due: a number, or `null` if it has none.
pub fn get_alarm(object: &State) -> Called {
    Called::of(js::get_alarm(object.as_raw()))
}

/// The dataset of Workers Analytics Engine.
pub const METRICS: &str = "METRICS";

/// What a deployment has, or may have.
pub const BINDINGS: [&str; 17] = [
    "MASTER_KEY",
    "PLATFORM_TOKEN",
    "CARRIER_KEYS",
    "ALERT_SECRET",
    "ALERT_URL",
    "RECORDS",
    "TRUNKS",
    "DIRECTORIES",
    "ERRANDS",
    "CONTACTS",
    "CAMPAIGNS",
    "DISPATCH",
    "HANGUPS",
    "CALLBACKS",
    "ASSETS",
    "ARCHIVE",
    METRICS,
];

/// Writes a data point of that trunk, if there is a dataset.
pub fn data_point(env: &Env, of: Vec<String>, numbers: Vec<f64>) {
    js::data_point(env, METRICS, of, numbers);
}

/// Writes a text to the archive, if there is one.
pub fn archive(env: &Env, name: &str, text: &str) -> Called {
    Called::of(js::archive(env, name, text))
}

/// Names in the archive with this prefix, after the given one.
pub async fn archive_names(
    env: &Env,
    prefix: &str,
    after: &str,
    limit: u32,
) -> Result<Array, JsValue> {
    let names = Called::of(js::archive_names(env, prefix, after, limit)).await?;
    Ok(names.unchecked_into())
}

/// What the archive has under a name: its version and its text, or neither.
pub async fn archive_get(env: &Env, name: &str) -> Result<Array, JsValue> {
    let object = Called::of(js::archive_get(env, name)).await?;
    Ok(object.unchecked_into())
}

/// Replaces it, unless its version has changed. Returns a boolean: whether it did.
pub fn archive_again(env: &Env, name: &str, version: &str, text: &str) -> Called {
    Called::of(js::archive_again(env, name, version, text))
}

/// How an object is asked: see `hops.js`.
pub enum Way<'a> {
    /// At once, in a message of its own.
    Alone,
    /// In one message with whatever else is being asked of it in this lane.
    Together(&'a Context, &'a str),
    /// Once for all who ask this and know everything up to `since`, at least.
    Alike {
        context: &'a Context,
        question: String,
        since: Timestamp,
        wait: Span,
    },
}

/// Asks the object of that name; an error if it does not answer within the limit.
pub async fn ask(
    env: &Env,
    way: Way<'_>,
    binding: &str,
    name: &str,
    body: &str,
    limit_ms: u32,
) -> Result<Vec<u8>, JsValue> {
    let call = match way {
        Way::Alone => js::ask(env, binding, name, body, limit_ms),
        Way::Together(context, lane) => {
            js::ask_together(env, context, lane, binding, name, body, limit_ms)
        }
        Way::Alike {
            context,
            question,
            since,
            wait,
        } => {
            let (since, wait) = (since.0 as f64, wait.0 as f64);
            js::ask_alike(
                env, context, &question, since, wait, binding, name, body, limit_ms,
            )
        }
    };
    Called::of(call).await.map(bytes)
}

/// Status, `Retry-After`, body (read if `max_body` is not 0) and deployment in the response to one POST, or to a GET if there is
/// no body.
pub async fn post(
    url: &str,
    headers: Vec<String>,
    body: &str,
    limit_ms: u32,
    max_body: u32,
) -> Result<Array, JsValue> {
    let answer = Called::of(js::post(url, headers, body, limit_ms, max_body)).await?;
    Ok(answer.unchecked_into())
}

/// Status, `Retry-After`, body, region, and whether a version stays, in the response to one DELETE.
pub async fn delete(
    url: &str,
    headers: Vec<String>,
    limit_ms: u32,
    max_body: u32,
) -> Result<Array, JsValue> {
    let answer = Called::of(js::remove(url, headers, limit_ms, max_body)).await?;
    Ok(answer.unchecked_into())
}

/// Which deployment answers at a base URL, if one does. Because of the compatibility flag `global_fetch_strictly_public`, it is
/// reached as everybody reaches it, through the front door.
pub async fn deployment_at(url: &str, limit_ms: u32) -> Result<Option<String>, JsValue> {
    let answer = post(&format!("{url}/healthz"), Vec::new(), "", limit_ms, 0).await?;
    Ok(answer.get(3).as_string())
}

/// AES-GCM, to `encrypt` or to `decrypt`.
pub async fn crypt(
    what: &str,
    key: &[u8],
    nonce: &[u8],
    context: &[u8],
    text: &[u8],
) -> Result<Vec<u8>, JsValue> {
    let result = Called::of(js::crypt(what, key, nonce, context, text)).await?;
    Ok(bytes(result))
}

/// Writes a simulated dial into the local run's journal, if there is one.
pub fn journal(env: &Env, call: &str) -> Called {
    Called::of(js::journal(env, call))
}

/// Waits this long, by the runtime's timer.
pub async fn sleep(ms: u32) {
    let _ = Called::of(js::sleep(ms)).await;
}

fn bytes(value: JsValue) -> Vec<u8> {
    value.unchecked_into::<Uint8Array>().to_vec()
}

/// An object's SQLite.
pub fn sql_of(object: &State) -> Sql {
    object.storage().as_raw().sql().unchecked_into()
}

/// The message of a failed call to the platform.
pub fn message(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => error.message().into(),
        None => error.as_string().unwrap_or_default(),
    }
}

/// The runtime's clock, which stands still while code runs.
pub fn now() -> Timestamp {
    Timestamp(js_sys::Date::now() as u64)
}

/// 32 random bytes.
#[expect(clippy::unreachable, reason = "there is no answer to give")]
pub fn entropy() -> [u8; 32] {
    let mut bytes = [0; 32];
    if getrandom::fill(&mut bytes).is_err() {
        unreachable!("crypto.getRandomValues does not fail in a Worker");
    }
    bytes
}
