//! The organisation itself, at the desk.

use super::port::asks;
use super::reply::reply;
use super::{
    Answer, Ask, Desk, DirectoryCommand, DirectoryRefusal, DirectoryReply, DirectoryStore, NewKey,
    Once, OrgCard, OrgChange,
};
use crate::app::host::Host;
use crate::domain::callback::WebhookSecret;
use crate::domain::ids::{KeyId, OrgId};
use crate::domain::time::Timestamp;

/// When the organisation was founded, and whether that was before.
pub struct Founded(pub Timestamp, pub bool);
reply!(
    Founded: Founded(at, again) => DirectoryReply::Founded(at, again),
    DirectoryReply::Founded(at, again) => Self(at, again),
);

/// The seed of the first request under its `Idempotency-Key`.
pub struct Settled(pub String);
reply!(
    Settled: Settled(seed) => DirectoryReply::Settled(seed),
    DirectoryReply::Settled(seed) => Self(seed),
);

reply!(OrgCard: card => DirectoryReply::Org(Box::new(card)), DirectoryReply::Org(card) => *card);

/// Keep what an `Idempotency-Key` stands for.
pub struct SettleKey(pub Once);

impl From<SettleKey> for DirectoryCommand {
    fn from(SettleKey(once): SettleKey) -> Self {
        Self {
            once: Some(once),
            ..Self::of_the_platform(Ask::Settle)
        }
    }
}

asks!(SettleKey => Settled);

/// The names of a key and its organisation.
pub struct Introduced {
    /// The organisation's name.
    pub org: String,
    /// The key's.
    pub key: String,
}
reply!(
    Introduced: Introduced { org, key } => DirectoryReply::Introduced { org, key },
    DirectoryReply::Introduced { org, key } => Self { org, key },
);

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    pub(super) fn found(
        &mut self,
        org: OrgId,
        name: String,
        owner: Box<NewKey>,
        secret: WebhookSecret,
    ) -> Answer<Founded> {
        let author = self.author();
        let (at, again) = self.directory.found(org, name, *owner, secret, author);
        Ok(Founded(at, again))
    }

    pub(super) fn org(&self) -> Answer<OrgCard> {
        Ok(self.directory.org_card()?)
    }

    pub(super) fn change_org(&mut self, change: OrgChange) -> Answer<OrgCard> {
        let author = self.author();
        Ok(self.directory.change_org(change, author)?)
    }

    pub(super) fn settle(&self) -> Answer<Settled> {
        let once = self.command.once.as_ref();
        let once = once.ok_or(DirectoryRefusal::Missing)?;
        Ok(Settled(once.seed.clone()))
    }

    pub(super) fn who_am_i(&self, key: KeyId) -> Answer<Introduced> {
        let (org, key) = self.directory.names(key)?;
        let (org, key) = (org.to_owned(), key.to_owned());
        Ok(Introduced { org, key })
    }
}
