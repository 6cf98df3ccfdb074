//! Other people's secrets, encrypted with AES-256-GCM by the platform's WebCrypto.
//!
//! `CARRIER_KEYS` is a comma-separated list of `name:base64` (32 bytes each). The first key seals; each opens what it sealed,
//! found by its name. A sealed secret is `name.nonce.ciphertext`, and is bound to its context: moved elsewhere, it does not open.

use super::platform::{crypt, entropy};
use crate::domain::base64::{STANDARD, URL_SAFE};
use crate::domain::sealed::Sealed;

const NONCE_BYTES: usize = 12;

/// What can go wrong; never reveals what was sealed.
#[derive(Clone, Copy, Debug)]
pub enum VaultError {
    /// `CARRIER_KEYS` is missing or malformed.
    NoKey,
    /// The key that sealed it is no longer in `CARRIER_KEYS`.
    UnknownKey,
    /// It was altered, or was sealed for another context.
    Broken,
}

/// Encrypts under the first key.
pub async fn seal(keys: &str, secret: &str, context: &str) -> Result<Sealed, VaultError> {
    let (name, key) = parse(keys).next().ok_or(VaultError::NoKey)?;
    let entropy = entropy();
    let nonce = entropy.get(..NONCE_BYTES).unwrap_or_default();
    let sealed = crypt(
        "encrypt",
        &key,
        nonce,
        context.as_bytes(),
        secret.as_bytes(),
    )
    .await;
    let sealed = sealed.map_err(|_| VaultError::NoKey)?;
    let [nonce, sealed] = [nonce, &sealed].map(|bytes| URL_SAFE.encode(bytes));
    Ok(Sealed(format!("{name}.{nonce}.{sealed}")))
}

/// The name of the key that seals.
pub fn newest(keys: &str) -> Option<String> {
    parse(keys).next().map(|(name, _)| name.to_owned())
}

/// Decrypts with the key that sealed it.
pub async fn open(keys: &str, sealed: &Sealed, context: &str) -> Result<String, VaultError> {
    let mut parts = sealed.0.split('.');
    let (Some(name), Some(nonce), Some(text), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(VaultError::Broken);
    };
    let key = parse(keys).find(|(known, _)| *known == name);
    let (_, key) = key.ok_or(VaultError::UnknownKey)?;
    let decode = |text: &str| URL_SAFE.decode(text).ok_or(VaultError::Broken);
    let (nonce, text) = (decode(nonce)?, decode(text)?);
    let opened = crypt("decrypt", &key, &nonce, context.as_bytes(), &text).await;
    let opened = opened.map_err(|_| VaultError::Broken)?;
    String::from_utf8(opened).map_err(|_| VaultError::Broken)
}

fn parse(keys: &str) -> impl Iterator<Item = (&str, Vec<u8>)> {
    keys.split(',').filter_map(|key| {
        let (name, base64) = key.trim().split_once(':')?;
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let key = STANDARD.decode(base64)?;
        (is_name && key.len() == 32).then_some((name, key))
    })
}
