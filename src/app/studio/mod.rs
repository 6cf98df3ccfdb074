//! What the web console needs besides the API: its sessions, and a receiver for test calls.

pub mod receiver;
pub mod session;
