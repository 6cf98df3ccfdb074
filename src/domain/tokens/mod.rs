//! What is handed out and known again by a keyed check: nothing of it is stored.

pub mod link;
pub mod receiver;
pub mod report;
pub mod session;
