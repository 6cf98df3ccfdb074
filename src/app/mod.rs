//! Use cases over ports: the whole API as plain functions, which the Worker runs on Cloudflare's
//! bindings and the native tests on memory.

pub mod address;
pub mod alarm;
pub mod api;
pub mod asking;
pub mod authenticate;
pub mod body;
pub mod calls;
pub mod concurrent;
pub mod copies;
pub mod deliver;
#[cfg(feature = "openapi")]
pub(crate) mod description;
pub mod dialers;
pub mod directory;
pub mod dispatch;
pub mod host;
pub mod http;
pub mod idempotency;
pub mod iso8601;
pub mod json;
pub mod manage;
pub mod messages;
pub mod nudge;
#[cfg(feature = "openapi")]
pub mod openapi;
pub mod page;
pub mod ports;
pub mod records;
pub mod sealing;
pub mod studio;
pub mod target;
pub mod telemetry;
pub mod trunk;
pub mod views;
