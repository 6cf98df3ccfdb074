//! Secrets sealed with a former key are sealed with the newest, so that the former one can be removed. Each is a change by
//! comparison: what somebody else changes meanwhile is left to the next time.

use crate::app::directory::{self, By, Directories, command};
use crate::app::host::{Host, Unavailable, Vault};
use crate::domain::ids::OrgId;
use crate::domain::sealed::Sealed;

/// Reseals some of an organisation's secrets. Trunks that can't be told now are told by the directory later.
pub async fn reseal(world: &(impl Host + Directories + Vault), org: OrgId, key: &str) {
    let question = command::SealedBefore { key: key.into() };
    let told = directory::ask(world, org, By::PLATFORM, question).await;
    let old = told.ok().and_then(Result::ok).unwrap_or_default();
    for was in old.trunks {
        let mut trunk = was.clone();
        if let Some(secret) = trunk.carrier.secret_mut()
            && let Ok(sealed) = anew(world, org, secret).await
        {
            *secret = sealed;
            let (trunk, was) = (Box::new(trunk), Box::new(was));
            let save = command::SaveTrunk { trunk, was };
            let _ = directory::ask(world, org, By::PLATFORM, save).await;
        }
    }
    if let Some(was) = old.media {
        let mut media = was.clone();
        if let Some(storage) = media.recordings.as_mut()
            && let Ok(sealed) = anew(world, org, &storage.secret).await
        {
            storage.secret = sealed;
            let save = command::ChangeMedia { media, was };
            let _ = directory::ask(world, org, By::PLATFORM, save).await;
        }
    }
}

async fn anew(world: &impl Vault, org: OrgId, sealed: &Sealed) -> Result<Sealed, Unavailable> {
    let context = org.to_string();
    let secret = world.open(sealed, &context).await?;
    world.seal(&secret, &context).await
}
