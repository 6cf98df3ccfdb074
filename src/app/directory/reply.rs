//! How replies travel: each is a type of its own, which is a variant of [`DirectoryReply`] on its way. Any of them may be a
//! refusal.

use super::{AuditEntry, DirectoryRefusal, DirectoryReply, Received};
use crate::app::asking::{Replies, Reply};
use crate::domain::access::StoredKey;
use crate::domain::agent::Agent;
use crate::domain::callback::{Delivery, WebhookSecrets};
use crate::domain::media::MediaSettings;
use crate::domain::trunk::TrunkConfig;

impl Replies for DirectoryReply {
    const OBJECT: &'static str = "DIRECTORIES";
}

/// A type, how it is written, and how it is read.
macro_rules! reply {
    ($reply:ty: $it:pat => $written:expr, $($read:pat => $value:expr),+ $(,)?) => {
        impl From<$reply> for $crate::app::directory::DirectoryReply {
            fn from($it: $reply) -> Self {
                $written
            }
        }

        impl $crate::app::asking::Reply<$crate::app::directory::DirectoryReply> for $reply {
            fn read(answer: $crate::app::directory::DirectoryReply) -> Option<Self> {
                match answer {
                    $($read => Some($value),)+
                    _ => None,
                }
            }
        }
    };
}
pub(super) use reply;

use DirectoryReply as R;

reply!((): () => R::Done, R::Done => ());
reply!(Agent: agent => R::Agent(Box::new(agent)), R::Agent(agent) => *agent);
reply!(TrunkConfig: trunk => R::Trunk(Box::new(trunk)), R::Trunk(trunk) => *trunk);
reply!(Vec<StoredKey>: keys => R::Keys(keys), R::Keys(keys) => keys);
reply!(WebhookSecrets: secrets => R::Secrets(secrets), R::Secrets(secrets) => secrets);
reply!(MediaSettings: media => R::Media(Box::new(media)), R::Media(media) => *media);
reply!(Option<String>: json => R::Record(json), R::Record(json) => json);
reply!(Vec<(u64, AuditEntry)>: entries => R::Audit(entries), R::Audit(entries) => entries);
reply!(Delivery: delivery => R::Delivery(Box::new(delivery)), R::Delivery(delivery) => *delivery);
reply!(Vec<Delivery>: deliveries => R::Deliveries(deliveries), R::Deliveries(deliveries) => deliveries);
reply!(Vec<Received>: received => R::Received(received), R::Received(received) => received);

impl<T: Reply<DirectoryReply>> Reply<DirectoryReply> for Result<T, DirectoryRefusal> {
    fn read(answer: DirectoryReply) -> Option<Self> {
        match answer {
            DirectoryReply::Refused(refusal) => Some(Err(refusal)),
            answer => T::read(answer).map(Ok),
        }
    }
}
