//! What the organisation keeps of its calls.

use super::{Affects, Author, Directory, DirectoryRefusal};
use crate::domain::media::MediaSettings;
use crate::domain::record_key::RecordKey;

impl Directory {
    /// What the organisation keeps of its calls, once it has set that.
    #[must_use]
    pub fn media(&self) -> Option<&MediaSettings> {
        self.org.as_ref()?.media.as_ref()
    }

    /// The same, unless it changed since the change was composed.
    ///
    /// # Errors
    /// It was changed meanwhile.
    pub fn change_media(
        &mut self,
        media: MediaSettings,
        was: &MediaSettings,
        author: Author<'_>,
    ) -> Result<(), DirectoryRefusal> {
        if self.media().cloned().unwrap_or_default() != *was {
            return Err(DirectoryRefusal::Changed);
        }
        self.save_media(media, author);
        Ok(())
    }

    /// Changes what the organisation keeps of its calls.
    pub fn save_media(&mut self, media: MediaSettings, author: Author<'_>) {
        let waits = media.calling_hours.is_some() || !media.contact_limits.is_empty();
        if waits && !self.has_hours() {
            self.lengthen_permits(author.at);
        }
        if let Some(org) = self.org.as_mut() {
            org.media = Some(media);
            let record = RecordKey::Media(org.id);
            let entry = author.entry("settings.update", "settings");
            self.record(entry, &[record], Affects::AllTrunks);
        }
    }
}
