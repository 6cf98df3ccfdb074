//! What the organisation keeps of its calls.

use super::command::question;
use super::desk::Desk;
use super::state::{Affects, json};
use super::store::DirectoryStore;
use super::{Ask, AuditEntry, Directory, DirectoryReply};
use crate::app::host::Host;
use crate::app::records::RecordKey;
use crate::domain::media::MediaSettings;

/// What is kept.
pub struct GetMedia;
question!(GetMedia, _asked => Ask::Media, DirectoryReply::Media(media) => *media, MediaSettings);

impl Directory {
    /// What the organisation keeps of its calls.
    #[must_use]
    pub fn media(&self) -> MediaSettings {
        let media = self.org.as_ref().and_then(|org| org.media.clone());
        media.unwrap_or_default()
    }

    /// Changes what the organisation keeps of its calls.
    fn set_media(&mut self, media: MediaSettings, entry: AuditEntry) {
        let waits = media.calling_hours.is_some() || !media.contact_limits.is_empty();
        if waits && !self.has_hours() {
            self.lengthen_permits(entry.at);
        }
        if let Some(org) = self.org.as_mut() {
            org.media = Some(media);
            let record = RecordKey::Media(org.id);
            self.record(entry, &[record], Affects::AllTrunks);
        }
    }

    /// The JSON of its copy.
    pub(super) fn media_json(&self) -> Option<String> {
        json(self.org.as_ref()?.media.as_ref()?)
    }
}

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    /// Changes it.
    pub fn save_media(&mut self, media: MediaSettings) -> DirectoryReply {
        let entry = self.entry("settings.update", "settings");
        self.directory.set_media(media, entry);
        DirectoryReply::Done
    }
}
