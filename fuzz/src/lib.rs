//! What hostile input must not do, with one module for each parser. Each has a `run` that accepts any bytes, and panics if the
//! parser disagrees with an oracle written from the documents rather than from the code.
//!
//! `npm run fuzz` feeds them with libFuzzer, which follows coverage; `tests/fuzz.rs` compiles the same modules into a plain test,
//! which replays the corpus and mutates it for a fixed number of executions.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a target stops where it fails"
)]

pub mod api_key;
pub mod call_id;
pub mod livekit_webhook;
pub mod numbering;
pub mod phone;
pub mod post_calls;
pub mod recipients;
pub mod target;
pub mod times;
mod world;

#[allow(dead_code, reason = "of a campaign's rows each uses its own part")]
#[path = "../../tests/support/campaign_rows.rs"]
mod campaign_rows;
#[path = "../../tests/support/plan.rs"]
mod plan;
#[path = "../../tests/support/mod.rs"]
mod support;
#[path = "../../tests/support/urls.rs"]
mod urls;

/// A function that accepts any bytes.
pub type Target = fn(&[u8]);

/// Each target by name, which is also its corpus's.
pub const TARGETS: [(&str, Target); 8] = [
    ("call_id", call_id::run),
    ("api_key", api_key::run),
    ("phone", phone::run),
    ("target", target::run),
    ("numbering", numbering::run),
    ("post_calls", post_calls::run),
    ("livekit_webhook", livekit_webhook::run),
    ("recipients", recipients::run),
];
