//! Commands in the names of those who give them.

use super::{AgentsAfter, Ask, DirectoryCommand, Received, Watched};
use crate::app::records::RecordKey;
use crate::domain::callback::{AttemptResult, DeliveryStatus};
use crate::domain::ids::{DeliveryId, KeyId, OrgId, TrunkTag};
use crate::domain::time::Timestamp;

impl DirectoryCommand {
    fn of_the_platform(what: Ask) -> Self {
        Self {
            by: None,
            request: String::new(),
            what,
            once: None,
            slice: None,
            watched: None,
        }
    }

    /// What somebody asks for with this request, or the platform itself.
    #[must_use]
    pub fn of_whom(by: Option<KeyId>, request: &str, what: Ask) -> Self {
        Self {
            by,
            request: request.to_owned(),
            ..Self::of_the_platform(what)
        }
    }

    /// Keep what an `Idempotency-Key` stands for.
    #[must_use]
    pub fn settle() -> Self {
        Self::of_the_platform(Ask::Settle)
    }

    /// What a key and its organisation are called, asked for by the key itself.
    #[must_use]
    pub fn introduce(key: KeyId) -> Self {
        Self::of_the_key(key, Ask::WhoAmI(key))
    }

    /// Which trunks there are, asked for by a key.
    #[must_use]
    pub fn tags(key: KeyId) -> Self {
        Self::of_the_key(key, Ask::Tags)
    }

    /// Likewise, when there is news of them.
    #[must_use]
    pub fn watch(key: KeyId, watched: Watched) -> Self {
        Self {
            watched: Some(watched),
            ..Self::tags(key)
        }
    }

    /// A trunk has news.
    #[must_use]
    pub fn nudge(at: Timestamp) -> Self {
        Self::of_the_platform(Ask::Nudge(at))
    }

    /// What the built-in receiver took, asked for by a key.
    #[must_use]
    pub fn received(key: KeyId) -> Self {
        Self::of_the_key(key, Ask::Received)
    }

    /// The built-in receiver took a notification.
    #[must_use]
    pub fn receive(received: Received) -> Self {
        Self::of_the_platform(Ask::Receive(Box::new(received)))
    }

    /// What a key asks for itself.
    #[must_use]
    pub fn of_the_key(key: KeyId, what: Ask) -> Self {
        Self {
            by: Some(key),
            ..Self::of_the_platform(what)
        }
    }

    /// A record as it is now, asked for by a key.
    #[must_use]
    pub fn record(key: KeyId, what: RecordKey) -> Self {
        Self::of_the_key(key, Ask::Record(what))
    }

    /// A slice of the agents' list, asked for by a key.
    #[must_use]
    pub fn agents(key: KeyId, org: OrgId, slice: AgentsAfter) -> Self {
        Self {
            slice: Some(slice),
            ..Self::record(key, RecordKey::Agents(org))
        }
    }

    /// A record as it is now, for the platform itself.
    #[must_use]
    pub fn own_record(what: RecordKey) -> Self {
        Self::of_the_platform(Ask::Record(what))
    }

    /// A sender is about to make an attempt of a test delivery.
    #[must_use]
    pub fn begin(delivery: DeliveryId, attempt: u32) -> Self {
        Self::of_the_platform(Ask::Begin(delivery, attempt))
    }

    /// What signs the callbacks of a trunk.
    #[must_use]
    pub fn secrets_of(trunk: TrunkTag) -> Self {
        Self::of_the_platform(Ask::SecretsOf(trunk))
    }

    /// A key was used.
    #[must_use]
    pub fn touch(key: KeyId) -> Self {
        Self::of_the_platform(Ask::TouchKey(key))
    }

    /// Do what is due.
    #[must_use]
    pub fn tick() -> Self {
        Self::of_the_platform(Ask::Tick)
    }

    /// The result of an attempt.
    #[must_use]
    pub fn delivered(delivery: DeliveryId, attempt: u32, result: AttemptResult) -> Self {
        Self::of_the_platform(Ask::Delivered(delivery, attempt, Box::new(result)))
    }

    /// A sender waits for a slow receiver.
    #[must_use]
    pub fn extend(delivery: DeliveryId, attempt: u32, until: Timestamp) -> Self {
        Self::of_the_platform(Ask::Extend(delivery, attempt, until))
    }

    /// A page of test deliveries.
    #[must_use]
    pub fn deliveries(
        status: Vec<DeliveryStatus>,
        before: Option<DeliveryId>,
        limit: usize,
    ) -> Self {
        Self::of_the_platform(Ask::Deliveries {
            status,
            before,
            limit,
        })
    }

    /// One test delivery.
    #[must_use]
    pub fn delivery(id: DeliveryId) -> Self {
        Self::of_the_platform(Ask::Delivery(id))
    }

    /// One more attempt of a test delivery.
    #[must_use]
    pub fn redeliver(id: DeliveryId) -> Self {
        Self::of_the_platform(Ask::Redeliver(id))
    }
}
