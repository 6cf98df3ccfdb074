//! The keyed checks in links to what is kept of a call.

use hmac::Mac;

use crate::domain::ids::CallId;
use crate::domain::mac::{constant_time_eq, hex, hmac_sha256};
use crate::domain::time::Timestamp;

/// What can be behind a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// What was said, as JSON.
    Transcript,
    /// The audio.
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

/// The key of the links' checks. Empty where no links are made.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct LinkKey(pub Vec<u8>);

impl std::fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkKey")
    }
}

impl LinkKey {
    /// The signature of a link to this, valid until `expires`, in seconds since the epoch.
    #[must_use]
    pub fn sign(&self, kind: MediaKind, call: CallId, expires: u64) -> String {
        let mut mac = hmac_sha256(&self.0);
        mac.update(format!("{}/{call}/{expires}", kind.as_str()).as_bytes());
        hex(&mac.finalize().into_bytes())
    }

    /// Whether a link is ours and still valid.
    #[must_use]
    pub fn opens(
        &self,
        kind: MediaKind,
        call: CallId,
        expires: u64,
        signature: &str,
        now: Timestamp,
    ) -> bool {
        let ours = self.sign(kind, call, expires);
        constant_time_eq(ours.as_bytes(), signature.as_bytes()) && now.as_secs() < expires
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_what_it_names_until_it_expires() {
        let key = LinkKey(b"a key".to_vec());
        let (call, other) = (CallId::floor(Timestamp(1)), CallId::floor(Timestamp(2)));
        let signature = key.sign(MediaKind::Transcript, call, 100);
        let opens = |kind, call, expires, at| {
            key.opens(kind, call, expires, &signature, Timestamp::from_secs(at))
        };
        assert!(opens(MediaKind::Transcript, call, 100, 99));
        assert!(!opens(MediaKind::Transcript, call, 100, 100));
        assert!(!opens(MediaKind::Transcript, call, 200, 99));
        assert!(!opens(MediaKind::Recording, call, 100, 99));
        assert!(!opens(MediaKind::Transcript, other, 100, 99));
    }
}
