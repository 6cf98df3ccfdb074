//! A directory's reply to a reminder.

use super::language::Ticked;
use super::reply::reply;
use super::{Answer, Desk, DirectoryRefusal, DirectoryReply, DirectoryStore};
use crate::app::host::Host;

reply!(
    Ticked: ticked => match ticked.tells_of_campaigns_alone() {
        // The reply of an object of the previous release.
        true => DirectoryReply::Campaigns(ticked.campaigns),
        false => DirectoryReply::Ticked(Box::new(ticked)),
    },
    DirectoryReply::Campaigns(campaigns) => Self {
        campaigns,
        ..Self::default()
    },
    DirectoryReply::Ticked(ticked) => *ticked,
);

impl Ticked {
    fn tells_of_campaigns_alone(&self) -> bool {
        let is_quiet = self.undelivered.is_none() && self.erasures.is_none() && !self.lost_alarm;
        is_quiet && self.seals.is_empty() && self.deleting_since.is_none()
    }
}

impl DirectoryReply {
    /// The same for an object that no alarm would have woken, which only its shell knows.
    #[must_use]
    pub fn of_lost_alarm(self) -> Self {
        let mut ticked = match self {
            Self::Campaigns(campaigns) => Ticked {
                campaigns,
                ..Ticked::default()
            },
            Self::Ticked(ticked) => *ticked,
            other => return other,
        };
        ticked.lost_alarm = true;
        Self::Ticked(Box::new(ticked))
    }
}

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    /// Whatever is due is done along with each command.
    pub(super) fn tick(&self) -> Answer<Ticked> {
        if self.directory.org_id().is_none() {
            return Err(DirectoryRefusal::Missing.into());
        }
        if let Some((deletion, _)) = self.directory.deletion(self.now) {
            return Ok(Ticked {
                // An object that was emptied must not be woken.
                deleting_since: Some(deletion.since),
                ..Ticked::default()
            });
        }
        Ok(Ticked {
            campaigns: self.looked_after(),
            seals: self.directory.seals(),
            undelivered: self.directory.undelivered(),
            erasures: self.directory.erasing(),
            deleting_since: None,
            lost_alarm: false,
        })
    }
}
