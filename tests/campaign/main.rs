//! A campaign's object against a trunk's, both on virtual time and with their rows in memory: what they ask each other, and what
//! a crash of either leaves.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where it fails"
)]

#[path = "../support/campaign_rows.rs"]
#[allow(dead_code, reason = "the simulation uses the rest of it")]
mod campaign_rows;
mod ends;
mod feed;
mod life;
mod people;
#[path = "../support/plan.rs"]
mod plan;
mod shown;
#[path = "../support/mod.rs"]
mod support;
mod world;
