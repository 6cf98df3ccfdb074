//! A Studio session: a cookie that stands for an API key without containing it.
//!
//! It names the key by the same keyed digest that the key's record is stored under, together with its
//! expiry and a MAC over both. Nothing is stored for it, and when a key is revoked its record is
//! gone for the session too.

use hmac::Mac;

use crate::domain::access::KeyDigest;
use crate::domain::mac::{constant_time_eq, hex, hmac_sha256};
use crate::domain::time::{Span, Timestamp};

/// How long a session lasts.
pub const LASTS: Span = Span(12 * 3_600_000);

/// The content of a session's cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The key that it stands for.
    pub digest: KeyDigest,
    /// The moment from which it is refused.
    pub expires_at: Timestamp,
}

impl Session {
    /// The cookie's value: `<digest>.<milliseconds>.<MAC>`.
    #[must_use]
    pub fn seal(&self, studio_key: &[u8]) -> String {
        let text = format!("{}.{}", self.digest.0, self.expires_at.0);
        let check = check(studio_key, &text);
        format!("{text}.{check}")
    }

    /// Reads a cookie's value; `None` unless it was sealed here and has not expired.
    #[must_use]
    pub fn open(text: &str, studio_key: &[u8], now: Timestamp) -> Option<Self> {
        let (sealed, given) = text.rsplit_once('.')?;
        if !constant_time_eq(given.as_bytes(), check(studio_key, sealed).as_bytes()) {
            return None;
        }
        let (digest, expires_at) = sealed.split_once('.')?;
        let expires_at = Timestamp(expires_at.parse().ok()?);
        (now < expires_at).then(|| Self {
            digest: KeyDigest(digest.to_owned()),
            expires_at,
        })
    }
}

fn check(studio_key: &[u8], text: &str) -> String {
    let mut mac = hmac_sha256(studio_key);
    mac.update(format!("session/{text}").as_bytes());
    hex(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"a key of Studio";

    fn session() -> Session {
        Session {
            digest: KeyDigest("00ff".into()),
            expires_at: Timestamp(1_000),
        }
    }

    #[test]
    fn a_sealed_session_is_read_back_until_it_expires() {
        let sealed = session().seal(KEY);
        assert_eq!(Session::open(&sealed, KEY, Timestamp(999)), Some(session()));
        assert_eq!(Session::open(&sealed, KEY, Timestamp(1_000)), None);
    }

    #[test]
    fn whatever_is_changed_it_is_refused() {
        let sealed = session().seal(KEY);
        assert_eq!(Session::open(&sealed, b"another", Timestamp(0)), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] ^= 1;
            let changed = String::from_utf8_lossy(&changed).into_owned();
            assert_eq!(
                Session::open(&changed, KEY, Timestamp(0)),
                None,
                "{changed}"
            );
        }
        for text in ["", ".", "..", "00ff.1000", "00ff.1000."] {
            assert_eq!(Session::open(text, KEY, Timestamp(0)), None, "{text}");
        }
    }
}
