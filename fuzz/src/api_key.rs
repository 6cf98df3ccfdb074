//! API keys: `audtk_`, 32 characters in base62 and 6 of checksum. A mistyped one is refused without a look-up.

use audatec::domain::access::RawKey;
use sha2::{Digest, Sha256};

use super::world::World;

const DIGITS: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The form and the checksum: the first 64 bits of SHA-256 in base 62, lowest digit first, six of them.
fn is_well_formed(text: &str) -> bool {
    let Some(body) = text.strip_prefix("audtk_") else {
        return false;
    };
    if body.len() != 38 || !body.chars().all(|letter| DIGITS.contains(letter)) {
        return false;
    }
    let (signed, given) = text.split_at(6 + 32);
    let digest = Sha256::digest(signed);
    let number = u64::from_be_bytes(digest[..8].try_into().expect("eight bytes"));
    let digit = |power: u32| DIGITS.as_bytes()[(number / 62u64.pow(power) % 62) as usize];
    (0..6).map(digit).eq(given.bytes())
}

/// A key that parses has its form and a right checksum, and prints to the same text.
fn check(text: &str) {
    let parsed = RawKey::parse(text);
    assert_eq!(parsed.is_some(), is_well_formed(text), "{text:?}");
    if let Some(key) = parsed {
        assert_eq!(key.reveal(), text);
        assert!(
            !format!("{key:?}").contains(&text[12..]),
            "a debug line shows the key"
        );
    }
}

/// In an `Authorization` header: 401, and only a well-formed key is looked up.
fn ask(world: &World, text: &str) {
    let before = world.looked_up.get();
    let response = world.send(
        "GET",
        "/integration/v1/agents",
        Some(format!("Bearer {text}")),
        b"",
    );
    let looked_up = world.looked_up.get() - before;
    let is_known = text.trim() == world.key.reveal();
    assert_eq!(response.status == 401, !is_known, "{text:?}");
    assert_eq!(looked_up == 1, is_well_formed(text.trim()), "{text:?}");
    assert_eq!(world.asked.borrow().len(), 0, "a key woke an object");
}

/// The text itself; and a real key, unchanged and with one letter from the text put into it.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    check(&text);
    let world = World::simulated();
    ask(&world, &text);

    let mut entropy = [0; 32];
    entropy
        .iter_mut()
        .zip(data)
        .for_each(|(to, from)| *to = *from);
    let minted = RawKey::from_entropy(entropy);
    assert!(is_well_formed(minted.reveal()), "{:?}", minted.reveal());
    check(minted.reveal());
    let at = data.first().map_or(0, |byte| usize::from(*byte) % 44);
    let letter = text.chars().last().unwrap_or('0');
    let mistyped: String = minted
        .reveal()
        .chars()
        .enumerate()
        .map(|(n, own)| if n == at { letter } else { own })
        .collect();
    check(&mistyped);
    if mistyped != minted.reveal() {
        ask(&world, &mistyped);
    }
}
