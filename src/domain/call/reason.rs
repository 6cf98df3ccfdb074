//! What kept a dialer from placing a call, told to whoever runs the trunk: in the call's timeline, in the log, and in the
//! answer of a connection test.

use serde::{Deserialize, Serialize};

/// Why a dialer failed, or a carrier behind it. Stored with its call, so a variant is never renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// LiveKit does not know the API key.
    WrongKey,
    /// LiveKit knows the key, and refuses what the secret signed.
    WrongSecret,
    /// LiveKit's clock says that our tokens are of another time.
    WrongClock,
    /// LiveKit does not let the key do this.
    NotPermitted,
    /// LiveKit has no such outbound SIP trunk.
    UnknownTrunk,
    /// Nothing answers in time, or only what stands in front of a server that is away.
    NotReachable,
    /// Something else answers.
    NotLiveKit,
    /// No SIP node takes part.
    NoSipNode,
    /// The SIP node is at its limit.
    NodeFull,
    /// The SIP node was heard of, and then no more.
    NodeSilent,
    /// It was lost while the phone rang.
    LostRinging,
    /// The carrier asked for credentials, and LiveKit's SIP trunk has none.
    CredentialsMissing,
    /// The carrier refused the credentials of LiveKit's SIP trunk.
    CredentialsRefused,
    /// The trunk's own API secret can't be opened.
    SecretUnreadable,
    /// `PUBLIC_URL` is not set.
    NoPublicUrl,
    /// The agent's record can't be read.
    AgentUnreadable,
    /// It could not be had to ring in time.
    NoTurn,
    /// LiveKit refused the request for another cause.
    Refused,
}

impl Reason {
    /// Whether the call had been started when the dialer failed.
    #[must_use]
    pub const fn is_loss(self) -> bool {
        matches!(self, Self::NodeSilent | Self::LostRinging)
    }

    /// Whether the request came no further than the check of its token, or not to a LiveKit server at all: whatever it asked
    /// for was not done.
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

    /// For people; what to mend is in it.
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
