//! Call ids: 48 bits of time, the trunk's tag, and a keyed check. An id that nobody issued wakes no object.

use audatec::domain::ids::{Address, CallId, DeliveryId, TrunkTag};
use audatec::domain::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::support;
use super::world::{ID_KEY, World};

/// The 128 bits of a UUID in its hyphenated form, in either case.
fn bits(text: &str) -> Option<u128> {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let is_hex = |group: &&str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    if lengths != [8, 4, 4, 4, 12] || !groups.iter().all(is_hex) {
        return None;
    }
    u128::from_str_radix(&groups.concat(), 16).ok()
}

/// Whether the bits are an id of this kind (1: a call, 2: a delivery) that the key issued.
fn is_genuine(bits: u128, kind: u8) -> bool {
    let unchecked = bits >> 30 << 30;
    let mut mac = Hmac::<Sha256>::new_from_slice(ID_KEY).expect("a key of any length");
    mac.update(&[kind]);
    mac.update(&unchecked.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let check = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]) << 2 >> 2;
    let version = bits >> 76 & 0xf;
    let variant = bits >> 62 & 0b11;
    version == 8 && variant == 0b10 && u128::from(check) == bits - unchecked
}

/// Verified if, and only if, it was issued; it then prints as the same text.
fn check(text: &str) {
    let key = support::World::key();
    let number = bits(text);
    let issued = |kind| {
        number
            .filter(|bits| is_genuine(*bits, kind))
            .map(|_| text.to_lowercase())
    };
    assert_eq!(
        CallId::verify(text, &key).map(|id| id.to_string()),
        issued(1),
        "{text:?}"
    );
    assert_eq!(
        DeliveryId::verify(text, &key).map(|id| id.to_string()),
        issued(2),
        "{text:?}"
    );
}

/// A status request is routed to the trunk that the id names, or to none.
fn route(world: &World, text: &str) {
    if text.contains('/') {
        return; // another path
    }
    world.asked.borrow_mut().clear();
    let response =
        world.send_as_member("GET", &format!("/integration/v1/calls/{text}/status"), b"");
    assert_eq!(response.status, 404, "{text:?}: nobody placed it");
    let asked: Vec<TrunkTag> = world.asked.borrow().iter().map(|(tag, _)| *tag).collect();
    let named = bits(text).filter(|bits| is_genuine(*bits, 1));
    let named: Vec<TrunkTag> = named
        .map(|bits| TrunkTag((bits >> 30) as u32))
        .into_iter()
        .collect();
    assert_eq!(asked, named, "{text:?}");
}

/// An id made from the input's first 12 bytes: it says where its call lives.
fn minted(data: &[u8]) -> CallId {
    let byte = |at: usize| u64::from(data.get(at).copied().unwrap_or_default());
    let number = |bytes: std::ops::Range<usize>| bytes.fold(0, |sum, at| sum << 8 | byte(at));
    let address = Address {
        at: Timestamp(number(0..6)),
        sequence: number(6..8) as u16 & 0xfff,
        tag: TrunkTag(number(8..12) as u32),
    };
    let id = CallId::mint(address, &support::World::key());
    assert_eq!(id.address(), address);
    id
}

/// The text itself; and an id that was issued, unchanged and with the bits of the input's end flipped.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let world = World::simulated();
    check(&text);
    route(&world, &text);

    let id = minted(data);
    let genuine = bits(&id.to_string()).expect("a UUID");
    assert!(is_genuine(genuine, 1), "{id}");
    check(&id.to_string());
    route(&world, &id.to_string());
    let delivery = id.delivery(&support::World::key());
    check(&delivery.to_string());
    let of_a_trunk = id.address().tag != TrunkTag::DIRECTORY;
    assert_eq!(
        delivery.call(&support::World::key()),
        of_a_trunk.then_some(id)
    );

    let turned = data
        .iter()
        .skip(12)
        .take(16)
        .fold(0u128, |sum, byte| sum << 8 | u128::from(*byte));
    let forged = uuid::Uuid::from_u128(genuine ^ turned).to_string();
    check(&forged);
    route(&world, &forged);
}
