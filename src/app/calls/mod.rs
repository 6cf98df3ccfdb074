//! Calls: placing, reading and stopping them.

pub mod views;
