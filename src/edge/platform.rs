//! What `platform.js` offers: the runtime's calls, one crossing each.

use wasm_bindgen::prelude::*;
use worker::{Env, State};

use crate::domain::time::Timestamp;

#[wasm_bindgen(module = "/src/edge/platform.js", wasm_bindgen_futures = worker::wasm_bindgen_futures)]
extern "C" {
    /// A request as it came.
    pub type Incoming;

    /// Method, URL and the headers of these names (one a line), a line each: `=` and the value, or nothing where there is none.
    pub fn head(request: &Incoming, names: &str) -> String;

    /// The body, cut off one byte above the limit.
    #[wasm_bindgen(catch, js_name = readBody)]
    pub async fn read_body(request: &Incoming, limit: usize)
    -> Result<js_sys::Uint8Array, JsValue>;

    /// An answer; its headers are names and values in turn. `rest` is for the entry module, which asks on with it.
    #[wasm_bindgen(catch)]
    pub fn respond(
        status: u16,
        headers: Vec<String>,
        body: Option<Vec<u8>>,
        rest: Option<String>,
    ) -> Result<web_sys::Response, JsValue>;

    /// A static page or file, when there is one of that path: a `Response`, or `undefined`.
    #[wasm_bindgen(catch)]
    pub async fn page(
        env: &Env,
        request: &Incoming,
        request_id: &str,
        path: &str,
        names_origin: bool,
        may_be_kept: bool,
    ) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_name = kvGet)]
    pub async fn kv_get(env: &Env, binding: &str, key: &str) -> Result<JsValue, JsValue>;

    /// Without a value, deletes the key.
    #[wasm_bindgen(catch, js_name = kvPut)]
    pub async fn kv_put(
        env: &Env,
        binding: &str,
        key: &str,
        value: Option<String>,
    ) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_name = kvNames)]
    pub async fn kv_names(env: &Env, binding: &str, prefix: &str)
    -> Result<js_sys::Array, JsValue>;

    #[wasm_bindgen(catch, js_name = queueSend)]
    pub async fn queue_send(
        env: &Env,
        binding: &str,
        texts: Vec<String>,
    ) -> Result<JsValue, JsValue>;

    /// Keeps a text in the archive, when there is one.
    #[wasm_bindgen(catch)]
    pub async fn archive(env: &Env, name: &str, text: &str) -> Result<JsValue, JsValue>;

    /// Asks the object of that name; within the limit, or it is an error.
    #[wasm_bindgen(catch)]
    pub async fn ask(
        env: &Env,
        binding: &str,
        name: &str,
        body: &str,
        limit_ms: u32,
    ) -> Result<js_sys::Uint8Array, JsValue>;

    /// Status, `Retry-After` and body (read when `max_body` is not 0) of the answer to one POST.
    #[wasm_bindgen(catch)]
    pub async fn post(
        url: &str,
        headers: Vec<String>,
        body: &str,
        limit_ms: u32,
        max_body: u32,
    ) -> Result<js_sys::Array, JsValue>;

    /// AES-GCM, to `encrypt` or to `decrypt`.
    #[wasm_bindgen(catch)]
    pub async fn crypt(
        what: &str,
        key: &[u8],
        nonce: &[u8],
        context: &[u8],
        bytes: &[u8],
    ) -> Result<js_sys::Uint8Array, JsValue>;

    /// Writes a simulated dial into the local run's journal, where there is one.
    #[wasm_bindgen(catch)]
    pub async fn journal(env: &Env, call: &str) -> Result<JsValue, JsValue>;

    pub async fn sleep(ms: u32);

    /// An object's SQLite.
    pub type Sql;

    #[wasm_bindgen(method, getter, js_name = databaseSize)]
    pub fn database_size(this: &Sql) -> f64;

    /// Runs a statement; its bindings are an array in JSON, and so is what it answers: rows read, rows written, and the rows.
    #[wasm_bindgen(catch, js_name = sqlRows)]
    pub fn sql_rows(sql: &Sql, query: &str, bindings: &str) -> Result<String, JsValue>;

    /// Likewise, of rows with one text each that holds no line break: rows read, rows written, and the texts, a line each.
    #[wasm_bindgen(catch, js_name = sqlTexts)]
    pub fn sql_texts(sql: &Sql, query: &str, bindings: &str) -> Result<String, JsValue>;

    /// Scheme, host name, port and path; nothing for no URL.
    #[wasm_bindgen(js_name = parseUrl)]
    pub fn parse_url(text: &str) -> Vec<String>;
}

/// An object's SQLite.
pub fn sql_of(object: &State) -> Sql {
    object.storage().as_raw().sql().unchecked_into()
}

/// What a failed call of the platform says.
pub fn message(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => error.message().into(),
        None => error.as_string().unwrap_or_default(),
    }
}

/// The present.
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

/// What a failed call of the `worker` crate says; of what JavaScript did not throw, the kind alone. (Its own text would keep those
/// of all its kinds in the Worker.)
pub fn failure(error: &worker::Error) -> &str {
    match error {
        worker::Error::UnknownJsError { message, .. } | worker::Error::JsError(message) => message,
        other => other.into(),
    }
}
