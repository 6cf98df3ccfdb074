//! Identifiers, and how a call's id says where the call is.
//!
//! A call id is a UUID version 8 (RFC 9562 §5.8) whose bits say where the call lives:
//!
//! ```text
//!  48 bits  milliseconds since the epoch, so that ids sort by age
//!   4 bits  version, 8
//!  12 bits  sequence within that millisecond
//!   2 bits  variant, 10
//!  32 bits  tag of the trunk whose object holds the call
//!  30 bits  keyed check over all of the above
//! ```
//!
//! So a status request is routed without an index, and an id that nobody issued is answered with 404
//! without waking an object: a guess passes the check once in a billion tries.
//!
//! A delivery's id is the same address under another check, so the two can't be mistaken for each
//! other and each is computed from the other. Tag 0 belongs to no trunk: such a delivery (a test
//! event) lives in the organisation's directory.

mod address;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use address::{Address, IdKey, MAX_SEQUENCE};

use super::time::Timestamp;

/// The text was not a UUID in its hyphenated form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnId;

/// Parses `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, in either case; no braces, no `urn:`.
fn parse_hyphenated(text: &str) -> Result<Uuid, NotAnId> {
    if text.len() != uuid::fmt::Hyphenated::LENGTH {
        return Err(NotAnId);
    }
    Uuid::try_parse(text).map_err(|_| NotAnId)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl $name {
            /// All 128 bits as a number, in the order of ids.
            #[must_use]
            pub fn number(self) -> u128 {
                self.0.as_u128()
            }

            /// A key that sorts by a time, then by the id's first 80 bits.
            #[must_use]
            pub fn born(self, at: Timestamp) -> u128 {
                u128::from(at.0) << 80 | self.number() >> 48
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                parse_hyphenated(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.collect_str(&self.0)
            }
        }

        impl From<$name> for serde_json::Value {
            fn from(id: $name) -> Self {
                Self::String(id.to_string())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(input)?;
                text.parse().map_err(|_| serde::de::Error::custom("not a UUID"))
            }
        }
    };
}

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident) => {
        id!($(#[$doc])* $name);

        impl $name {
            /// Makes a version 4 UUID from 16 random bytes.
            #[must_use]
            pub fn from_entropy(bytes: [u8; 16]) -> Self {
                Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
            }
        }
    };
}

random_id!(
    /// An organisation: what keys, agents and trunks belong to.
    OrgId
);
random_id!(
    /// An AI agent.
    AgentId
);
random_id!(
    /// A SIP trunk. Its first 32 bits are its [`TrunkTag`].
    TrunkId
);
random_id!(
    /// An API key's public name; not the key.
    KeyId
);
random_id!(
    /// A campaign; it names its object.
    CampaignId
);
id!(
    /// An erasure of one person's data: a UUID version 7, so that these ids sort by age.
    ErasureId
);
id!(
    /// A call: an address and a check, see the module's documentation.
    CallId
);
id!(
    /// A callback's delivery, the `webhook-id` of each of its attempts.
    DeliveryId
);

/// The 32 bits of a trunk that its calls' ids carry, and the name of its object.
///
/// Unique across all organisations: a trunk whose tag is taken gets another id when it is created.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrunkTag(pub u32);

impl TrunkTag {
    /// Belongs to no trunk: what it marks lives in the organisation's directory.
    pub const DIRECTORY: Self = Self(0);

    /// Whether it belongs to a guarded trunk.
    #[must_use]
    pub fn is_guarded(self) -> bool {
        self.0 >> (32 - TrunkId::GUARD) == (1 << TrunkId::GUARD) - 1
    }
}

impl fmt::Display for TrunkTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl fmt::Debug for TrunkTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Ids that say whether they are guarded, that is, whether using them needs the directory's permit. A guarded id begins with
/// this many ones; unlike a flag in a record, that is never lost and never stale.
macro_rules! guarded {
    ($name:ident, $bits:literal) => {
        impl $name {
            const GUARD: u32 = $bits;

            /// Whether it is guarded.
            #[must_use]
            pub fn is_guarded(self) -> bool {
                self.number().leading_ones() >= Self::GUARD
            }

            /// This id made guarded, or not guarded.
            #[must_use]
            pub fn guarded(self, guarded: bool) -> Self {
                let number = match (guarded, self.is_guarded()) {
                    (true, _) => self.number() | !(u128::MAX >> Self::GUARD),
                    (false, true) => self.number() & u128::MAX >> 1,
                    (false, false) => self.number(),
                };
                Self(Uuid::from_u128(number))
            }
        }
    };
}

guarded!(KeyId, 32);
guarded!(AgentId, 32);
// Its tag leaves room for no more.
guarded!(TrunkId, 12);

impl ErasureId {
    /// For what is requested at this moment; the rest of the id is random.
    #[must_use]
    pub fn new(at: Timestamp, bytes: [u8; 16]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, ..] = bytes;
        // Version and variant replace bits of the first and the third.
        let random = [j, i, h, g, f, e, d, c, b, a];
        Self(uuid::Builder::from_unix_timestamp_millis(at.0, &random).into_uuid())
    }
}

impl TrunkId {
    /// The tag that this trunk's calls carry.
    #[must_use]
    pub fn tag(self) -> TrunkTag {
        TrunkTag((self.0.as_u128() >> 96) as u32)
    }
}
