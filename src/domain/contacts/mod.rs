//! What is known of a number: whether it is suppressed, and when it was dialed.
//!
//! An organisation's numbers are spread over [`SHARDS`] objects by a hash. All of them know a number by its normal form, so
//! that one phone has one entry, however it was written.

mod dials;
mod limits;
#[cfg(test)]
#[path = "tests.rs"]
mod tests_of_limits;

pub use dials::{Contact, Dials, MARGIN, Stage, Take, Ticket, agent_key};
pub use limits::{ContactLimit, LONGEST_GAP, LimitsBook, MOST_DIALS, MOST_LIMITS, Per, zone_of};

use serde::{Deserialize, Serialize};

use super::ids::CallId;
use super::numbering::normal_form;
use super::phone::E164;
use super::sorting::oldest_first;
use super::time::Timestamp;

/// How many objects hold what an organisation knows of numbers. Never changed: numbers would be looked up in the wrong object.
pub const SHARDS: u8 = 16;

/// The number of marks: a prime below 2^21.
const MARKS: u64 = 2_097_143;

/// The most characters of a reason.
pub const MAX_REASON: usize = 200;

/// A number in its normal form: its digits as an integer of at most 15 digits, the first of them not 0. Its `Debug` output is masked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Number(pub u64);

/// One of the objects that hold what is known of numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Shard(u8);

impl Number {
    /// The normal form of a number as given. The only place that knows how to compute it.
    #[must_use]
    pub fn of(phone: &E164) -> Self {
        Self::as_given(&normal_form(phone))
    }

    fn as_given(phone: &E164) -> Self {
        let digits = phone.as_str().bytes().filter(u8::is_ascii_digit);
        Self(digits.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
    }

    /// Whether a number was given in a form other than its normal one, so that its last digits may differ.
    #[must_use]
    pub fn is_rewritten(phone: &E164) -> bool {
        Self::of(phone) != Self::as_given(phone)
    }

    /// Its last nine digits, as kept in the entries of open calls.
    #[must_use]
    pub const fn last_nine(self) -> u32 {
        (self.0 % 1_000_000_000) as u32
    }

    /// A number from 1 to [`MARKS`] by which calls on a schedule are filtered. Never changed, like [`SHARDS`].
    #[must_use]
    pub const fn mark(self) -> u64 {
        self.0 % MARKS + 1
    }

    /// The object that knows about it. Never changed, like [`SHARDS`].
    #[must_use]
    pub const fn shard(self) -> Shard {
        // The finaliser of SplitMix64: consecutive numbers end up far apart.
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        Shard((bits % SHARDS as u64) as u8)
    }
}

impl std::fmt::Debug for Number {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "…{:02}", self.0 % 100)
    }
}

impl Shard {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..SHARDS).map(Self)
    }

    /// The shard at `place`, wrapping around.
    #[must_use]
    pub fn at(place: usize) -> Self {
        Self((place % usize::from(SHARDS)) as u8)
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:x}", self.0)
    }
}

/// Where a suppression came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A request for this one number.
    Api,
    /// A file of many.
    Import,
    /// An agent, whose callee had asked not to be called.
    Agent,
}

impl Source {
    /// All of them, in the order of their codes in rows.
    pub const ALL: [Self; 3] = [Self::Api, Self::Import, Self::Agent];
}

/// A number that must not be called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// The number, as it was last given.
    pub phone: E164,
    /// Why, in its author's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who last said so.
    pub source: Source,
    /// Since when it is suppressed.
    pub created_at: Timestamp,
    /// The moment from which it may be called again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl Suppression {
    /// The number in its normal form.
    #[must_use]
    pub fn number(&self) -> Number {
        Number::of(&self.phone)
    }

    /// Whether it is in force.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// Replaces an earlier suppression, if that is still in force: everything is taken from the new one except since when the number is suppressed.
    #[must_use]
    pub fn in_place_of(self, known: Option<&Self>) -> Self {
        Self {
            created_at: known.map_or(self.created_at, |known| known.created_at),
            ..self
        }
    }
}

/// What must be known of a number before something is decided about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The number that is about to be called.
    pub number: Number,
    /// The call for which it is asked; `None` if there is no call yet.
    pub call: Option<CallId>,
    /// A place among its dials, if one is asked for as well.
    pub take: Option<Box<Take>>,
    /// When it was asked, by the clock of the object that decides.
    pub at: Timestamp,
}

impl Question {
    /// Asks only whether a number is suppressed.
    #[must_use]
    pub fn of(number: Number) -> Self {
        Self {
            number,
            call: None,
            take: None,
            at: Timestamp(0),
        }
    }
}

/// What is known of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// Whether it is suppressed. If so, nothing else was looked at.
    pub suppressed: bool,
    /// What the contact limits say.
    pub contact: Contact,
}

impl Word {
    /// An answer where no limits were asked about.
    #[must_use]
    pub const fn suppressed(suppressed: bool) -> Self {
        Self {
            suppressed,
            contact: Contact::Free,
        }
    }
}

/// What the shards answered about some numbers: what is missing here could not be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words(Vec<(Question, Word)>);

impl Words {
    /// The answers to these questions.
    #[must_use]
    pub fn new(words: Vec<(Question, Word)>) -> Self {
        Self(words)
    }

    /// Whether nobody was asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was said of a number for the sake of this call, or of one that there is not yet.
    #[must_use]
    pub fn of(&self, number: Number, call: Option<CallId>) -> Option<&(Question, Word)> {
        let mut words = self.0.iter();
        words.find(|(asked, _)| asked.number == number && asked.call == call)
    }
}

/// Numbers that a trunk is told are suppressed, prepared for comparing its open calls with them.
pub struct Told {
    numbers: Vec<Number>,
    /// Their last nine digits.
    last_nine: Vec<Number>,
}

impl Told {
    /// From these numbers, in any order.
    #[must_use]
    pub fn new(mut numbers: Vec<Number>) -> Self {
        let ends = numbers
            .iter()
            .map(|number| Number(number.last_nine().into()));
        let mut last_nine: Vec<Number> = ends.collect();
        for all in [&mut numbers, &mut last_nine] {
            oldest_first(all, |number| number.0.into());
        }
        Self { numbers, last_nine }
    }

    /// Whether a call's number may be among them, judging by its last nine digits.
    #[must_use]
    pub fn may_hold(&self, last_nine: u32) -> bool {
        self.last_nine
            .binary_search(&Number(last_nine.into()))
            .is_ok()
    }

    /// Their marks: see [`Number::mark`].
    pub fn marks(&self) -> impl Iterator<Item = u64> {
        self.numbers.iter().map(|number| number.mark())
    }

    /// Whether a number is among them.
    #[must_use]
    pub fn holds(&self, phone: &E164) -> bool {
        self.numbers.binary_search(&Number::of(phone)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(text: &str) -> E164 {
        E164::parse(text).expect("a number")
    }

    #[test]
    fn a_number_keeps_its_digits_its_place_and_its_secret() {
        let number = Number::of(&phone("+919876543210"));
        assert_eq!(number, Number(919_876_543_210));
        assert_eq!(number.last_nine(), 876_543_210);
        assert_eq!(format!("{number:?}"), "…10");
        let longest = Number::of(&phone("+999999999999999"));
        assert!(longest.0 < 1 << 53, "a row's key is exact");
        // Rows are stored at these places: changing one loses what is known of the number.
        let places = ["+919876543210", "+15005550000", "+999999999999999"];
        let places = places.map(|text| Number::of(&phone(text)).shard().to_string());
        assert_eq!(places, ["1", "f", "6"]);
    }

    #[test]
    fn numbers_that_follow_each_other_are_spread_evenly() {
        let mut counts = [0; SHARDS as usize];
        for number in 0..16_000 {
            let shard = Number(919_876_500_000 + number).shard();
            counts[usize::from(shard.0)] += 1;
        }
        assert!(
            counts.iter().all(|count| (850..1_150).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn a_suppression_ends_at_its_moment_and_one_in_its_place_keeps_when_it_began() {
        let first = Suppression {
            phone: phone("+919876543210"),
            reason: None,
            source: Source::Agent,
            created_at: Timestamp(1_000),
            expires_at: Some(Timestamp(5_000)),
        };
        assert!(first.holds(Timestamp(4_999)));
        assert!(!first.holds(Timestamp(5_000)));
        let then = Suppression {
            created_at: Timestamp(2_000),
            expires_at: None,
            source: Source::Api,
            ..first.clone()
        };
        let kept = then.clone().in_place_of(Some(&first));
        assert_eq!(
            (kept.created_at, kept.source),
            (Timestamp(1_000), Source::Api)
        );
        assert!(kept.holds(Timestamp::MAX));
        assert_eq!(then.clone().in_place_of(None), then);
    }

    #[test]
    fn what_nobody_said_is_not_known() {
        let said = |number, is| (Question::of(Number(number)), Word::suppressed(is));
        let words = Words::new(vec![said(1, true), said(2, false)]);
        let is_suppressed = |number| Some(words.of(Number(number), None)?.1.suppressed);
        assert_eq!(is_suppressed(1), Some(true));
        assert_eq!(is_suppressed(2), Some(false));
        assert_eq!(is_suppressed(3), None);
        let told = Told::new(vec![Number(919_876_543_210), Number(15_005_550_000)]);
        assert!(told.may_hold(876_543_210) && !told.may_hold(876_543_211));
        assert!(told.holds(&phone("+15005550000")));
        assert!(
            !told.holds(&phone("+25005550000")),
            "its last nine digits are the same"
        );
    }
}
