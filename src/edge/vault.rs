//! Other people's secrets, encrypted with AES-256-GCM by the platform's WebCrypto.
//!
//! `CARRIER_KEYS` is a list of `name:base64` (32 bytes each), separated by commas. The first key
//! seals; each opens what it sealed, by its name. A sealed secret is `name.nonce.ciphertext`, and
//! is bound to its context: moved elsewhere, it does not open.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::world::entropy;
use crate::domain::trunk::Sealed;

const NONCE_BYTES: usize = 12;

/// What can go wrong; never says what was sealed.
#[derive(Clone, Copy, Debug)]
pub enum VaultError {
    /// `CARRIER_KEYS` is missing or not as it must be.
    NoKey,
    /// The key that sealed it is not in `CARRIER_KEYS` any more.
    UnknownKey,
    /// It is not what was sealed, or was sealed for another context.
    Broken,
}

/// Encrypts under the first key.
pub async fn seal(keys: &str, secret: &str, context: &str) -> Result<Sealed, VaultError> {
    let (name, key) = parse(keys).next().ok_or(VaultError::NoKey)?;
    let entropy = entropy();
    let nonce = entropy.get(..NONCE_BYTES).unwrap_or_default();
    let sealed = crypt("encrypt", &key, nonce, context, secret.as_bytes()).await;
    let [nonce, sealed] =
        [nonce, &sealed.map_err(|_| VaultError::NoKey)?].map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
    Ok(Sealed(format!("{name}.{nonce}.{sealed}")))
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
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| VaultError::Broken);
    let opened = crypt("decrypt", &key, &decode(nonce)?, context, &decode(text)?).await;
    String::from_utf8(opened.map_err(|_| VaultError::Broken)?).map_err(|_| VaultError::Broken)
}

fn parse(keys: &str) -> impl Iterator<Item = (&str, Vec<u8>)> {
    keys.split(',').filter_map(|key| {
        let (name, base64) = key.trim().split_once(':')?;
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let key = STANDARD.decode(base64).ok()?;
        (is_name && key.len() == 32).then_some((name, key))
    })
}

async fn crypt(
    what: &'static str,
    key: &[u8],
    nonce: &[u8],
    context: &str,
    bytes: &[u8],
) -> Result<Vec<u8>, JsValue> {
    let global = js_sys::global();
    let crypto = Reflect::get(&global, &"crypto".into())?.dyn_into::<web_sys::Crypto>()?;
    let subtle = crypto.subtle();
    let usages = Array::of1(&what.into());
    let key = Uint8Array::from(key);
    let key = subtle.import_key_with_str("raw", &key, "AES-GCM", false, &usages)?;
    let key = JsFuture::from(key)
        .await?
        .dyn_into::<web_sys::CryptoKey>()?;
    let algorithm = Object::new();
    let set = |name: &str, value: &JsValue| Reflect::set(&algorithm, &name.into(), value);
    set("name", &"AES-GCM".into())?;
    set("iv", &Uint8Array::from(nonce))?;
    set("additionalData", &Uint8Array::from(context.as_bytes()))?;
    let result = match what {
        "encrypt" => subtle.encrypt_with_object_and_u8_array(&algorithm, &key, bytes),
        _ => subtle.decrypt_with_object_and_u8_array(&algorithm, &key, bytes),
    };
    Ok(Uint8Array::new(&JsFuture::from(result?).await?).to_vec())
}
