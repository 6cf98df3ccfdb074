//! Ids that say where something lives: when, and in whose object, under a keyed check. See [`super`].

use std::fmt;

use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

use super::{CallId, CampaignId, DeliveryId, TrunkTag, parse_hyphenated};
use crate::domain::mac::hmac_sha256;
use crate::domain::time::{Span, Timestamp};

/// The secret that checks ids. It knows earlier secrets too, but uses them only for ids that belong to ids made with them.
#[derive(Clone)]
pub struct IdKey {
    newest: Hmac<Sha256>,
    former: Vec<Hmac<Sha256>>,
}

impl IdKey {
    /// From a secret of any length.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self {
            newest: hmac_sha256(secret),
            former: Vec::new(),
        }
    }

    /// Also accepts ids made with these keys.
    #[must_use]
    pub fn following<'a>(mut self, former: impl Iterator<Item = &'a Self>) -> Self {
        self.former = former.map(|key| key.newest.clone()).collect();
        self
    }

    /// The key that made an id, if one of these did.
    fn maker(&self, kind: IdKind, id: Uuid) -> Option<&Hmac<Sha256>> {
        let bits = id.as_u128();
        let unchecked = bits & !CHECK_MASK;
        let made = |key: &&Hmac<Sha256>| check(key, kind, unchecked) == bits & CHECK_MASK;
        std::iter::once(&self.newest).chain(&self.former).find(made)
    }

    /// The key that made an id, or else the newest: ids that belong together have one key.
    fn of(&self, kind: IdKind, id: Uuid) -> &Hmac<Sha256> {
        self.maker(kind, id).unwrap_or(&self.newest)
    }
}

fn check(key: &Hmac<Sha256>, kind: IdKind, unchecked: u128) -> u128 {
    let mut mac = key.clone();
    mac.update(&[kind as u8]);
    mac.update(&unchecked.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let first = digest
        .iter()
        .take(4)
        .fold(0u128, |sum, byte| (sum << 8) | u128::from(*byte));
    first & CHECK_MASK
}

impl fmt::Debug for IdKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdKey")
    }
}

#[derive(Clone, Copy)]
enum IdKind {
    Call = 1,
    Delivery = 2,
}

const CHECK_MASK: u128 = (1 << 30) - 1;
const VERSION_AND_VARIANT: u128 = (0x8 << 76) | (0b10 << 62);
const VERSION_AND_VARIANT_MASK: u128 = (0xf << 76) | (0b11 << 62);

/// The highest sequence number within one millisecond.
pub const MAX_SEQUENCE: u16 = 0xfff;

/// When and where: the content of call ids and delivery ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// Milliseconds since the epoch, 48 bits.
    pub at: Timestamp,
    /// Position within that millisecond, 12 bits.
    pub sequence: u16,
    /// The trunk whose object holds the call.
    pub tag: TrunkTag,
}

impl Address {
    fn seal(self, kind: IdKind, key: &Hmac<Sha256>) -> Uuid {
        let unchecked = (u128::from(self.at.0 & 0xffff_ffff_ffff) << 80)
            | (u128::from(self.sequence & MAX_SEQUENCE) << 64)
            | VERSION_AND_VARIANT
            | (u128::from(self.tag.0) << 30);
        Uuid::from_u128(unchecked | check(key, kind, unchecked))
    }

    fn of(id: Uuid) -> Self {
        let bits = id.as_u128();
        Self {
            at: Timestamp((bits >> 80) as u64),
            sequence: ((bits >> 64) as u16) & MAX_SEQUENCE,
            tag: TrunkTag((bits >> 30) as u32),
        }
    }

    fn open(id: Uuid, kind: IdKind, key: &IdKey) -> Option<Self> {
        let bits = id.as_u128();
        if bits & VERSION_AND_VARIANT_MASK != VERSION_AND_VARIANT {
            return None;
        }
        key.maker(kind, id).map(|_| Self::of(id))
    }

    /// Its position among its trunk's rows: see [`CallId::row`].
    #[must_use]
    pub fn row(self) -> u64 {
        let since = (self.at.0.saturating_sub(ROWS_BEGIN)).min(ROWS_LAST);
        since << 12 | u64::from(self.sequence)
    }

    /// The address after `last`: at `now`, or as soon after `last` as possible, so that a trunk's ids
    /// only ever rise, whatever the clock does.
    #[must_use]
    pub fn next(last: Option<Self>, now: Timestamp, tag: TrunkTag) -> Self {
        match last {
            Some(last) if last.at >= now && last.sequence < MAX_SEQUENCE => Self {
                at: last.at,
                sequence: last.sequence + 1,
                tag,
            },
            Some(last) if last.at >= now => Self {
                at: last.at + Span(1),
                sequence: 0,
                tag,
            },
            _ => Self {
                at: now,
                sequence: 0,
                tag,
            },
        }
    }
}

/// 2025-01-01: no call is older.
const ROWS_BEGIN: u64 = 1_735_689_600_000;
const ROWS_LAST: u64 = (1 << 41) - 1;

impl CallId {
    /// Makes the id of the call at `address`.
    #[must_use]
    pub fn mint(address: Address, key: &IdKey) -> Self {
        Self(address.seal(IdKind::Call, &key.newest))
    }

    /// Parses an id from outside; `None` unless `key` issued it.
    #[must_use]
    pub fn verify(text: &str, key: &IdKey) -> Option<Self> {
        let id = parse_hyphenated(text).ok()?;
        Address::open(id, IdKind::Call, key).map(|_| Self(id))
    }

    /// Where the call lives. Only meaningful for ids that were minted or verified.
    #[must_use]
    pub fn address(self) -> Address {
        Address::of(self.0)
    }

    /// Its position among its trunk's rows: milliseconds since 2025, 41 bits, and 12 bits of sequence. It fits a JavaScript
    /// number, which is how rows travel.
    #[must_use]
    pub fn row(self) -> u64 {
        self.address().row()
    }

    /// The lowest id at or after a row's position: a bound, not a call.
    #[must_use]
    pub fn floor_of(row: u64) -> Self {
        let first = Self::floor(Timestamp((row >> 12) + ROWS_BEGIN)).number();
        Self::of_number(first | u128::from(row & 0xfff) << 64)
    }

    /// The lowest id of a given millisecond: a bound for range scans, not a call.
    #[must_use]
    pub fn floor(at: Timestamp) -> Self {
        Self(Uuid::from_u128(
            (u128::from(at.0.min(0xffff_ffff_ffff)) << 80) | VERSION_AND_VARIANT,
        ))
    }

    /// The id with these 128 bits, which nobody may have issued.
    #[must_use]
    pub fn of_number(number: u128) -> Self {
        Self(Uuid::from_u128(number))
    }

    /// The id of this call's callback delivery.
    #[must_use]
    pub fn delivery(self, key: &IdKey) -> DeliveryId {
        let key = key.of(IdKind::Call, self.0);
        DeliveryId(self.address().seal(IdKind::Delivery, key))
    }
}

impl DeliveryId {
    /// The id of a test event's delivery in an organisation's directory.
    #[must_use]
    pub fn mint_test(at: Timestamp, sequence: u16, key: &IdKey) -> Self {
        let address = Address {
            at,
            sequence,
            tag: TrunkTag::DIRECTORY,
        };
        Self(address.seal(IdKind::Delivery, &key.newest))
    }

    /// The id of the delivery that tells of a campaign's end. In place of a trunk's tag it has bits of the campaign's id, so
    /// that no two campaigns share one; whoever delivers it knows the campaign anyway.
    #[must_use]
    pub fn mint_campaign(campaign: CampaignId, at: Timestamp, key: &IdKey) -> Self {
        let bits = campaign.number();
        let address = Address {
            at,
            sequence: (bits >> 64) as u16 & MAX_SEQUENCE,
            tag: TrunkTag((bits as u32).max(1)),
        };
        Self(address.seal(IdKind::Delivery, &key.newest))
    }

    /// Parses an id from outside; `None` unless `key` issued it.
    #[must_use]
    pub fn verify(text: &str, key: &IdKey) -> Option<Self> {
        let id = parse_hyphenated(text).ok()?;
        Address::open(id, IdKind::Delivery, key).map(|_| Self(id))
    }

    /// Where the delivery lives.
    #[must_use]
    pub fn address(self) -> Address {
        Address::of(self.0)
    }

    /// The call whose result this delivers; `None` for a test event.
    #[must_use]
    pub fn call(self, key: &IdKey) -> Option<CallId> {
        let address = self.address();
        let key = key.of(IdKind::Delivery, self.0);
        (address.tag != TrunkTag::DIRECTORY).then(|| CallId(address.seal(IdKind::Call, key)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> IdKey {
        IdKey::new(b"one key")
    }

    proptest! {
        #[test]
        fn an_id_says_where_its_call_lives(at in 0u64..(1 << 48), sequence in 0u16..=MAX_SEQUENCE, tag in 1u32..) {
            let address = Address { at: Timestamp(at), sequence, tag: TrunkTag(tag) };
            let id = CallId::mint(address, &key());
            prop_assert_eq!(id.address(), address);
            prop_assert_eq!(CallId::verify(&id.to_string(), &key()), Some(id));
            prop_assert_eq!(id.0.get_version_num(), 8);
            let delivery = id.delivery(&key());
            prop_assert_eq!(delivery.call(&key()), Some(id));
            prop_assert_eq!(DeliveryId::verify(&delivery.to_string(), &key()), Some(delivery));
        }

        #[test]
        fn ids_sort_by_age(a in 0u64..(1 << 48), b in 0u64..(1 << 48), tag in any::<u32>(), other in any::<u32>()) {
            prop_assume!(a < b);
            let id = |at, tag| CallId::mint(Address { at: Timestamp(at), sequence: 7, tag: TrunkTag(tag) }, &key());
            prop_assert!(id(a, tag) < id(b, other));
            prop_assert!(id(a, tag).to_string() < id(b, other).to_string());
            prop_assert!(CallId::floor(Timestamp(b)) <= id(b, other) && CallId::floor(Timestamp(b)) > id(a, tag));
        }

        #[test]
        fn a_changed_bit_is_no_id(at in 0u64..(1 << 48), tag in any::<u32>(), bit in 0u32..128) {
            let id = CallId::mint(Address { at: Timestamp(at), sequence: 0, tag: TrunkTag(tag) }, &key());
            let forged = Uuid::from_u128(id.0.as_u128() ^ (1 << bit));
            prop_assert_eq!(CallId::verify(&forged.to_string(), &key()), None);
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in ".{0,40}") {
            prop_assert_eq!(CallId::verify(&text, &key()), None);
        }
    }

    #[test]
    fn a_new_key_knows_the_ids_of_the_one_before_and_makes_its_own() {
        let (old, new) = (key(), IdKey::new(b"the next key"));
        let both = new.clone().following([&old].into_iter());
        let address = Address {
            at: Timestamp(5),
            sequence: 1,
            tag: TrunkTag(9),
        };
        let before = CallId::mint(address, &old);
        assert_eq!(CallId::verify(&before.to_string(), &both), Some(before));
        assert_eq!(CallId::verify(&before.to_string(), &new), None);
        let delivery = before.delivery(&both);
        assert_eq!(delivery, before.delivery(&old), "one event has one id");
        assert_eq!(delivery.call(&both), Some(before));
        assert_eq!(
            DeliveryId::verify(&delivery.to_string(), &both),
            Some(delivery)
        );
        let after = CallId::mint(address, &both);
        assert_eq!(after, CallId::mint(address, &new));
        assert_eq!(after.delivery(&both).call(&both), Some(after));
    }

    #[test]
    fn another_key_another_kind_or_another_spelling_is_refused() {
        let id = CallId::mint(
            Address {
                at: Timestamp(5),
                sequence: 1,
                tag: TrunkTag(9),
            },
            &key(),
        );
        assert_eq!(
            CallId::verify(&id.to_string(), &IdKey::new(b"another key")),
            None
        );
        assert_eq!(DeliveryId::verify(&id.to_string(), &key()), None);
        assert_eq!(
            CallId::verify(&id.delivery(&key()).to_string(), &key()),
            None
        );
        assert_eq!(CallId::verify(&format!("{{{id}}}"), &key()), None);
        assert_eq!(CallId::verify(&id.0.simple().to_string(), &key()), None);
        assert_eq!(
            CallId::verify(&id.to_string().to_uppercase(), &key()),
            Some(id)
        );
    }

    #[test]
    fn ids_of_one_trunk_rise_even_when_the_clock_falls() {
        let tag = TrunkTag(3);
        let mut last = None;
        let mut ids = Vec::new();
        for now in [10, 10, 9, 4, 11, 11]
            .into_iter()
            .chain(std::iter::repeat_n(11, 5000))
        {
            let address = Address::next(last, Timestamp(now), tag);
            ids.push(CallId::mint(address, &key()));
            last = Some(address);
        }
        assert!(ids.is_sorted_by(|a, b| a < b));
    }
}
