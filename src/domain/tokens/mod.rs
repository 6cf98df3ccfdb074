//! Tokens that are handed out and later recognised by a keyed check: nothing about them is stored.

pub mod link;
pub mod receiver;
pub mod report;
pub mod session;
