//! Transcripts and recordings: who keeps them, and the links under which they are found.
//!
//! A link is made from the call alone, so it is there from the end of the call on and the same each
//! time; it carries until when it is good and a keyed check over all of it. What is behind it may
//! come later, or never.

use hmac::Mac;
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::ids::CallId;
use super::mac::{constant_time_eq, hex, hmac_sha256};
use super::settings::Settings;
use super::time::Millis;
use super::trunk::Sealed;

/// How long after its call was accepted a link is good.
const LINK_LIFE: Millis = Millis(30 * 86_400_000);

/// What can be behind a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// What was said, as JSON.
    Transcript,
    /// How it sounded.
    Recording,
}

impl MediaKind {
    /// Its name in a link's path.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transcript => "transcript",
            Self::Recording => "recording",
        }
    }
}

/// What an organisation keeps of its calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keeps {
    /// Transcripts.
    #[serde(default)]
    pub transcript: bool,
    /// Recordings.
    #[serde(default)]
    pub recording: bool,
}

impl Keeps {
    /// Whether it keeps nothing.
    #[must_use]
    pub const fn nothing(&self) -> bool {
        !self.transcript && !self.recording
    }
}

/// An organisation's wishes about transcripts and recordings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// Whether calls have a `transcript_url`.
    #[serde(default)]
    pub transcripts: bool,
    /// Where recordings go; without it nothing is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recordings: Option<Storage>,
}

impl Media {
    /// What is kept.
    #[must_use]
    pub const fn keeps(&self) -> Keeps {
        Keeps {
            transcript: self.transcripts,
            recording: self.recordings.is_some(),
        }
    }
}

/// An S3-compatible target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Storage {
    /// Its endpoint, `https://…`; AWS's own when empty.
    pub endpoint: String,
    /// Its region.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// What objects' names begin with.
    pub prefix: String,
    /// The access key.
    pub access_key: String,
    /// Its secret, sealed for the organisation.
    pub secret: Sealed,
}

/// The key of the links' checks. Empty where no links are made.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct LinkKey(pub Vec<u8>);

impl std::fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkKey")
    }
}

impl LinkKey {
    fn check(&self, kind: MediaKind, call: CallId, expires: u64) -> String {
        let mut mac = hmac_sha256(&self.0);
        mac.update(format!("{}/{call}/{expires}", kind.as_str()).as_bytes());
        hex(&mac.finalize().into_bytes())
    }

    /// Whether a link is ours and still good.
    #[must_use]
    pub fn opens(
        &self,
        kind: MediaKind,
        call: CallId,
        expires: u64,
        signature: &str,
        now: Millis,
    ) -> bool {
        let ours = self.check(kind, call, expires);
        constant_time_eq(ours.as_bytes(), signature.as_bytes()) && now.as_secs() < expires
    }
}

/// The link to what is kept of a call; `None` before its end, and where nothing is kept.
#[must_use]
pub fn link(call: &Call, kind: MediaKind, settings: &Settings) -> Option<String> {
    let kept = match kind {
        MediaKind::Transcript => call.keeps.transcript,
        MediaKind::Recording => call.keeps.recording,
    };
    let public_url = settings.public_url.as_ref().filter(|_| kept)?;
    call.answered_at.and(call.ended_at)?;
    let expires = (call.created_at() + LINK_LIFE).as_secs();
    let signature = settings.link_key.check(kind, call.id, expires);
    let (id, kind) = (call.id, kind.as_str());
    Some(format!(
        "{public_url}/media/{id}/{kind}?expires={expires}&signature={signature}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_what_it_names_until_it_expires() {
        let key = LinkKey(b"a key".to_vec());
        let (call, other) = (CallId::floor(Millis(1)), CallId::floor(Millis(2)));
        let signature = key.check(MediaKind::Transcript, call, 100);
        let opens = |kind, call, expires, at| {
            key.opens(kind, call, expires, &signature, Millis::from_secs(at))
        };
        assert!(opens(MediaKind::Transcript, call, 100, 99));
        assert!(!opens(MediaKind::Transcript, call, 100, 100));
        assert!(!opens(MediaKind::Transcript, call, 200, 99));
        assert!(!opens(MediaKind::Recording, call, 100, 99));
        assert!(!opens(MediaKind::Transcript, other, 100, 99));
    }
}
