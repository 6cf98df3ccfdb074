//! What stands behind the `Dialer` port, one file or folder a carrier.

pub mod livekit;
pub mod simulator;
