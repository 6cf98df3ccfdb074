//! Permits, at the desk: see `domain::directory`.

use super::reply::reply;
use super::{Answer, Ask, Desk, DirectoryActor, DirectoryRefusal, DirectoryReply, DirectoryStore};
use crate::app::host::Host;
use crate::app::trunk::StoreFailed;
use crate::domain::agent::Status;
pub use crate::domain::directory::Permit;
use crate::domain::directory::User;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::Timestamp;

/// Something was permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permitted {
    /// For a minute.
    Done,
    /// Until then by the directory's clock: whoever is asked with that permit must be told.
    Until(Timestamp),
    /// Not needed: an object of an earlier release tells each trunk everything.
    Unneeded,
}
reply!(
    Permitted: permitted => match permitted {
        Permitted::Done => DirectoryReply::Done,
        Permitted::Until(until) => DirectoryReply::Permitted(until),
        Permitted::Unneeded => DirectoryReply::Record(None),
    },
    DirectoryReply::Done => Self::Done,
    DirectoryReply::Permitted(until) => Self::Until(until),
    DirectoryReply::Record(None) => Self::Unneeded,
);

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    pub(super) fn permit(&mut self, permit: Permit) -> Answer<Permitted> {
        let key = self.command.by.ok_or(DirectoryRefusal::Missing)?;
        let settings = self.world.settings();
        let short = self.directory.permit(key, &permit, settings, self.now)?;
        Ok(short.map_or(Permitted::Done, Permitted::Until))
    }
}

/// The key or agent that a command ends.
fn ended_by(what: &Ask) -> Option<User> {
    match what {
        Ask::RevokeKey(id) => Some(User::Key(*id)),
        Ask::DeleteAgent(id) => Some(User::Agent(*id)),
        Ask::SaveAgent { agent, .. } if agent.status != Status::Active => {
            Some(User::Agent(agent.id))
        }
        _ => None,
    }
}

impl DirectoryActor {
    /// Waits until no short permit of the key or agent that a command ended is valid any more; none was given since.
    pub(super) async fn outlive_shorts(
        &self,
        store: &impl DirectoryStore,
        world: &impl Host,
        what: &Ask,
    ) -> Result<(), StoreFailed> {
        let Some(user) = ended_by(what) else {
            return Ok(());
        };
        let loaded_at = self.loaded_at.get().unwrap_or(world.now());
        let until = self.with(store, |directory| directory.taken_until(user, loaded_at))?;
        let left = until.map(|until| until - world.now());
        if let Some(left) = left.filter(|_| !planted(Fault::ShortUnawaited)) {
            world.sleep(left).await;
        }
        Ok(())
    }
}
