//! What stands behind the `Dialer` port, one file a carrier.

pub mod livekit;
pub mod simulator;
