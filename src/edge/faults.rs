//! Faults to be tried out on a laptop: a dialer that is down, keys that can't be read.
//!
//! `PUT /local/faults` with the operator's token and `{"dialer": bool, "keys": bool}`. Only in a build with the feature
//! `faults`, which is the local one; a deployment has neither the route nor the code. The same build runs SQL on an object's
//! rows for whoever holds its object, as a test does that needs a million of them: no route leads there. `GET /local/vitals` tells how
//! much memory the isolate's WebAssembly has, how many requests it sent to objects, in all and the most in one invocation, and how many
//! rows those read that know of numbers.

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
        /// The most of one invocation since that was asked last.
        static MOST: Cell<u64> = const { Cell::new(0) };
        /// What the objects read that know of numbers.
        static ROWS_OF_NUMBERS: Cell<u64> = const { Cell::new(0) };
    }

    /// How many requests an invocation sent to objects.
    #[derive(Clone, Default)]
    pub struct Requests(Rc<Cell<u64>>);

    impl Requests {
        /// One more.
        pub fn note(&self) {
            REQUESTS.set(REQUESTS.get() + 1);
            self.0.set(self.0.get() + 1);
            MOST.set(MOST.get().max(self.0.get()));
        }
    }

    /// An object that knows of numbers has read so many rows more.
    pub fn note_rows_read(more: u64) {
        ROWS_OF_NUMBERS.set(ROWS_OF_NUMBERS.get() + more);
    }

    /// Whether each dial fails as if the dialer could not be reached.
    pub fn dialer_is_down() -> bool {
        DIALER.get()
    }

    /// Whether no record of a key, ours or a carrier's, can be read.
    pub fn keys_are_unreadable() -> bool {
        KEYS.get()
    }

    /// Serves the switch's own routes.
    pub fn serve(api: &impl Api, request: &Request) -> Option<Response> {
        match (request.method.as_str(), request.path.as_str()) {
            ("PUT", "/local/faults") => Some(set(api, request).unwrap_or_else(Response::from)),
            ("GET", "/local/vitals") => Some(Response::json(200, &vitals())),
            _ => None,
        }
    }

    /// The memory of the WebAssembly, which all of the isolate share and which never shrinks; and how many requests its
    /// objects were sent, in all and at most by one invocation; and how many rows those read that know of numbers.
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

    /// Runs a statement; answers its rows, each a list of values, in JSON.
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
