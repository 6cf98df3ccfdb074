//! What kept a dialer from placing a call, for whoever runs the trunk: shown in the call's timeline, in the log and in the
//! answer of a connection test.

use serde::{Deserialize, Serialize};

/// Why a dialer, or a carrier behind it, failed. Stored with the call, so a variant is never renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// LiveKit does not know the API key.
    WrongKey,
    /// LiveKit knows the key, and rejects what the secret signed.
    WrongSecret,
    /// By LiveKit's clock, our tokens belong to another time.
    WrongClock,
    /// The key is not permitted to do this.
    NotPermitted,
    /// LiveKit has no such outbound SIP trunk.
    UnknownTrunk,
    /// Nothing answers in time, or only a proxy in front of a server that is down.
    NotReachable,
    /// What answers is not LiveKit.
    NotLiveKit,
    /// No SIP node is connected.
    NoSipNode,
    /// The SIP node is at its limit.
    NodeFull,
    /// The SIP node was heard from, and then went silent.
    NodeSilent,
    /// The call was lost while the phone rang.
    LostRinging,
    /// The carrier asked for credentials, and LiveKit's SIP trunk has none.
    CredentialsMissing,
    /// The carrier refused the credentials of LiveKit's SIP trunk.
    CredentialsRefused,
    /// The trunk's own API secret can't be decrypted.
    SecretUnreadable,
    /// `PUBLIC_URL` is not set.
    NoPublicUrl,
    /// The agent's record can't be read.
    AgentUnreadable,
    /// It got no turn to ring in time.
    NoTurn,
    /// LiveKit refused the request for another reason.
    Refused,
}

impl Reason {
    /// Whether the call had already been started when the dialer failed.
    #[must_use]
    pub const fn is_loss(self) -> bool {
        matches!(self, Self::NodeSilent | Self::LostRinging)
    }

    /// Whether the request got no further than the check of its token, or reached no LiveKit server at all: nothing it asked
    /// for was done.
    #[must_use]
    pub const fn is_at_the_door(self) -> bool {
        matches!(
            self,
            Self::WrongKey
                | Self::WrongSecret
                | Self::WrongClock
                | Self::NotPermitted
                | Self::NotLiveKit
        )
    }

    /// For people; says what to fix.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::WrongKey => "wrong key (the LiveKit server does not know the API key)",
            Self::WrongSecret => "wrong secret (the API secret is not that of the API key)",
            Self::WrongClock => "wrong clock (the LiveKit server's time is more than a minute off)",
            Self::NotPermitted => "not permitted (the API key may not do this)",
            Self::UnknownTrunk => {
                "unknown trunk (the LiveKit server has no outbound SIP trunk with this id)"
            }
            Self::NotReachable => "server not reachable (no answer from the trunk's LiveKit URL)",
            Self::NotLiveKit => "not LiveKit (something else answers at the trunk's URL)",
            Self::NoSipNode => "no SIP node (none is running beside the LiveKit server)",
            Self::NodeFull => "node full (the LiveKit server or its SIP node is at its limit)",
            Self::NodeSilent => "SIP node silent (it stopped answering while it dialed)",
            Self::LostRinging => {
                "lost while the phone rang (by the LiveKit server, or its SIP node)"
            }
            Self::CredentialsMissing => {
                "credentials missing (the carrier asked for some, and LiveKit's SIP trunk has no user name and password)"
            }
            Self::CredentialsRefused => {
                "wrong credentials (the carrier refused those of LiveKit's SIP trunk)"
            }
            Self::SecretUnreadable => {
                "credentials missing (the trunk's API secret can't be opened; enter it again)"
            }
            Self::NoPublicUrl => "PUBLIC_URL is not set, so that no agent could report",
            Self::AgentUnreadable => "the agent could not be read",
            Self::NoTurn => "it did not get its turn to ring in time",
            Self::Refused => "request refused (the LiveKit server did not say why)",
        }
    }
}
