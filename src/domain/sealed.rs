//! Other people's secrets, as they are stored.

use serde::{Deserialize, Serialize};

/// A stored secret: encrypted, with the name of the key that opens it. Only the edge can open it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(pub String);

impl Sealed {
    /// The name of the key that opens it.
    #[must_use]
    pub fn key(&self) -> &str {
        self.0.split('.').next().unwrap_or_default()
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed")
    }
}
