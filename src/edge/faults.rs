//! Faults to try out on a laptop: a dialer that is down, keys that can't be read.
//!
//! `PUT /local/faults` with the operator's token and `{"dialer": bool, "keys": bool}`. Only in a build with the feature `faults`,
//! which is the local one; a deployment has neither the route nor the code. The same build lets whoever holds an object run SQL
//! on its rows, for tests that need a million of them: no route leads there. `GET /local/vitals` returns how much memory the
//! isolate's WebAssembly has, how many requests it sent to objects (in all, and the most in one invocation), and how many rows
//! the contacts objects read.

#[cfg(feature = "faults")]
pub use rows::sql;
#[cfg(feature = "faults")]
pub use switch::{Requests, dialer_is_down, keys_are_unreadable, note_rows_read, serve};

#[cfg(not(feature = "faults"))]
pub use none::{Requests, dialer_is_down, keys_are_unreadable, note_rows_read, serve};

#[cfg(feature = "faults")]
mod switch {
    use std::cell::Cell;
    use std::rc::Rc;

    use crate::app::authenticate::authenticate_operator;
    use crate::app::body::Body;
    use crate::app::http::{Request, Response};
    use crate::app::ports::Api;
    use crate::domain::refusal::Refusal;

    thread_local! {
        static DIALER: Cell<bool> = const { Cell::new(false) };
        static KEYS: Cell<bool> = const { Cell::new(false) };
        static REQUESTS: Cell<u64> = const { Cell::new(0) };
        /// The most in one invocation since the last question.
        static MOST: Cell<u64> = const { Cell::new(0) };
        /// How many rows the contacts objects have read.
        static ROWS_OF_NUMBERS: Cell<u64> = const { Cell::new(0) };
    }

    /// How many requests an invocation has sent to objects.
    #[derive(Clone, Default)]
    pub struct Requests(Rc<Cell<u64>>);

    impl Requests {
        /// Counts one more.
        pub fn note(&self) {
            REQUESTS.set(REQUESTS.get() + 1);
            self.0.set(self.0.get() + 1);
            MOST.set(MOST.get().max(self.0.get()));
        }
    }

    /// A contacts object has read this many more rows.
    pub fn note_rows_read(more: u64) {
        ROWS_OF_NUMBERS.set(ROWS_OF_NUMBERS.get() + more);
    }

    /// Whether every dial fails as if the dialer could not be reached.
    pub fn dialer_is_down() -> bool {
        DIALER.get()
    }

    /// Whether no key record, ours or a carrier's, can be read.
    pub fn keys_are_unreadable() -> bool {
        KEYS.get()
    }

    /// Serves the routes for faults.
    pub fn serve(api: &impl Api, request: &Request) -> Option<Response> {
        match (request.method.as_str(), request.path.as_str()) {
            ("PUT", "/local/faults") => Some(set(api, request).unwrap_or_else(Response::from)),
            ("GET", "/local/vitals") => Some(Response::json(200, &vitals())),
            _ => None,
        }
    }

    /// The WebAssembly's memory, which the whole isolate shares and which never shrinks; how many requests were sent to objects,
    /// in all and the most in one invocation; and how many rows the contacts objects read.
    fn vitals() -> serde_json::Value {
        #[cfg(target_arch = "wasm32")]
        let pages = core::arch::wasm32::memory_size(0);
        #[cfg(not(target_arch = "wasm32"))]
        let pages = 0;
        serde_json::json!({
            "memory_bytes": pages * 65_536,
            "object_requests": REQUESTS.get(),
            "most_of_one_invocation": MOST.take(),
            "rows_of_numbers_read": ROWS_OF_NUMBERS.get(),
        })
    }

    fn set(api: &impl Api, request: &Request) -> Result<Response, Refusal> {
        authenticate_operator(api, request)?;
        let mut body = Body::of(request)?;
        let what = "true or false";
        let bool = |value: serde_json::Value| value.as_bool();
        let dialer = body.required("dialer", None, what, bool)?;
        let keys = body.required("keys", None, what, bool)?;
        body.finish()?;
        DIALER.set(dialer);
        KEYS.set(keys);
        Ok(Response::no_content())
    }
}

#[cfg(feature = "faults")]
mod rows {
    use serde_json::Value;
    use worker::{SqlStorageValue, Storage};

    /// Runs a statement. Returns its rows, each a list of values, as JSON.
    pub fn sql(storage: &Storage, statement: &str) -> String {
        if statement == "DELETE ALARM" {
            let _ = storage.as_raw().delete_alarm(js_sys::Object::new());
            return String::new();
        }
        let rows = storage.sql().exec(statement, None).and_then(|cursor| {
            let rows = cursor.raw();
            rows.map(|row| Ok(row?.into_iter().map(value).collect::<Value>()))
                .collect::<worker::Result<Value>>()
        });
        rows.map_or_else(|error| error.to_string(), |rows| rows.to_string())
    }

    fn value(stored: SqlStorageValue) -> Value {
        match stored {
            SqlStorageValue::Integer(number) => number.into(),
            SqlStorageValue::Float(number) => number.into(),
            SqlStorageValue::String(text) => text.into(),
            _ => Value::Null,
        }
    }
}

#[cfg(not(feature = "faults"))]
mod none {
    use crate::app::http::{Request, Response};

    pub const fn note_rows_read(_: u64) {}

    pub const fn dialer_is_down() -> bool {
        false
    }

    pub const fn keys_are_unreadable() -> bool {
        false
    }

    #[derive(Clone, Default)]
    pub struct Requests;

    impl Requests {
        pub const fn note(&self) {}
    }

    pub const fn serve<T>(_: &T, _: &Request) -> Option<Response> {
        None
    }
}
