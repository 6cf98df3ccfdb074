//! Recordings' files that an erasure deletes, from the storage in the organisation's present settings, with the key given there.

use super::{DirectoryActor, DirectoryStore};
use crate::app::concurrent::{CONNECTIONS, concurrent};
use crate::app::host::{Host, Storage, Unavailable, Vault};
use crate::app::storage::{Deletion, delete_recording};
use crate::domain::directory::{Progress, RecordingFile};
use crate::domain::ids::OrgId;

impl DirectoryActor {
    /// Deletes these files. Those that are not settled are tried again.
    pub(super) async fn delete_files(
        &self,
        store: &impl DirectoryStore,
        world: &(impl Host + Vault + Storage),
        org: OrgId,
        files: &[RecordingFile],
    ) -> Result<Progress, Unavailable> {
        let storage = self.with(store, |directory| directory.media()?.recordings.clone());
        let Some(storage) = storage.map_err(|_| Unavailable)? else {
            return Ok(settled(files.iter().map(|file| (file, Deletion::Left))));
        };
        let secret = world.open(&storage.secret, &org.to_string()).await?;
        let deletions = files.iter().map(async |file| {
            let location = file.location.as_deref();
            let deletion = delete_recording(world, &storage, &secret, file.call, location);
            (file, deletion.await)
        });
        Ok(settled(
            concurrent(CONNECTIONS, deletions).await.into_iter(),
        ))
    }
}

fn settled<'f>(files: impl Iterator<Item = (&'f RecordingFile, Deletion)>) -> Progress {
    let mut progress = Progress::default();
    for (file, deletion) in files {
        if deletion != Deletion::Again {
            progress.settled.push(file.call);
        }
        let left = u64::from(deletion == Deletion::Left);
        progress.found.recordings_left += left;
    }
    progress
}
