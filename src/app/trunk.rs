//! The trunk's object, as the rest of the platform talks to it.

use serde::{Deserialize, Serialize};

use crate::domain::trunk::Brief;

/// A request to a trunk's object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TrunkCommand {
    /// The directory's word; answered `Done`, or `TagTaken` by an object that is another trunk.
    Brief(Box<Brief>),
    /// Asked before a trunk is deleted: takes no call from now on. `Done`, or `HasLiveCalls`.
    Retire,
}

/// The object's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TrunkReply {
    /// As asked.
    Done,
    /// This tag belongs to another trunk.
    TagTaken,
    /// Not while calls are live.
    HasLiveCalls,
}
