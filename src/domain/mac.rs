//! Keyed hashes, and comparing them.

use hmac::{Hmac, KeyInit};
use sha2::Sha256;

/// An HMAC-SHA256 under a key of any length.
#[must_use]
#[expect(clippy::unreachable, reason = "no length is refused")]
pub fn hmac_sha256(key: &[u8]) -> Hmac<Sha256> {
    // RFC 2104 hashes keys longer than a block and pads shorter ones, so no length is refused.
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mac) => mac,
        Err(_) => unreachable!("HMAC takes keys of any length"),
    }
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Whether two byte strings are equal, in a time that depends only on their lengths.
#[must_use]
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0u8, |diff, (x, y)| diff | (x ^ y)) == 0
}
