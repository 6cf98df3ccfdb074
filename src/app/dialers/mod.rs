//! What is behind the `Dialer` port, with one file or folder per carrier.

pub mod livekit;
pub mod simulator;
