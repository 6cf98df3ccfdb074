//! Decisions, and nothing else: no clock, no randomness, no I/O, no async.
//!
//! Time, ids and entropy come in as arguments; what changed and what must be done come out as
//! values. The same code runs in the Worker and, on virtual time, in the native tests.

pub mod access;
pub mod agent;
pub mod alerts;
pub mod base64;
pub mod call;
pub mod callback;
pub mod calling_hours;
pub mod campaign;
pub mod contacts;
pub mod directory;
pub mod erasure;
pub mod from_json;
pub mod idempotency;
pub mod ids;
pub mod json_text;
mod json_tree;
pub mod mac;
pub mod media;
pub mod media_link;
pub mod numbering;
pub mod object;
pub mod outcome;
pub mod phone;
pub mod planted;
pub mod record_key;
pub mod redial;
pub mod refusal;
mod refusal_examples;
mod refusal_text;
pub mod sandbox;
pub mod sealed;
pub mod search;
pub mod settings;
pub mod sorting;
pub mod target;
pub mod template;
pub mod tidy;
pub mod time;
pub mod to_json;
pub mod tokens;
pub mod trunk;
pub mod usage;
pub mod vec_map;
pub mod vitals;
pub mod zones;
