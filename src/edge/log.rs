//! Where log lines go: the runtime's console, which Workers Logs and `wrangler tail` read.

use wasm_bindgen::JsValue;

use super::platform;
use crate::app::telemetry::{Event, Level, Text};

/// Logs an event.
pub fn log(event: &Event<'_>) {
    let line = event.line();
    match event.level() {
        Level::Error => worker::console_error!("{}", line),
        Level::Warning => worker::console_warn!("{}", line),
        Level::Info => worker::console_log!("{}", line),
    }
}

/// An object's storage refused a statement.
pub fn sql_failed(error: &JsValue) {
    log(&Event::SqlFailed {
        cause: Text(&platform::message(error)),
    });
}
