//! What the organisation keeps of its calls, at the desk.

use super::{Answer, Desk, DirectoryStore};
use crate::app::host::Host;
use crate::domain::media::MediaSettings;

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    pub(super) fn media(&self) -> Answer<MediaSettings> {
        Ok(self.directory.media().cloned().unwrap_or_default())
    }

    pub(super) fn change_media(
        &mut self,
        media: Box<MediaSettings>,
        was: Box<MediaSettings>,
    ) -> Answer<()> {
        let author = self.author();
        Ok(self.directory.change_media(*media, &was, author)?)
    }

    pub(super) fn save_media(&mut self, media: Box<MediaSettings>) -> Answer<()> {
        self.directory.save_media(*media, self.author());
        Ok(())
    }
}
