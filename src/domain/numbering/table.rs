//! The table of numbers, read in place.
//!
//! `scripts/numbering/table.py` writes it: the lengths of its sections, three bytes each, then the sections. Nothing is
//! unpacked, so an isolate that looks up no number pays nothing. A damaged table gives wrong answers, but never a panic.
//!
//! At its heart is a minimised automaton over digits. A state is an accepted output and ten successors; state 0 has none. A bit
//! for each digit says that its successor differs from that of the digit before, and only those are written. States are
//! numbered in the order in which they are met, so most successors are the next state not met yet, written as 0; frequent
//! successors are in a list of popular ones, one byte each; the rest take two bytes. Where a state's outputs and successors
//! begin, and which state is met next, is noted for every 32nd state, and counted from there.

/// Written by `scripts/numbering/table.py`.
static TABLE: &[u8] = include_bytes!("table.bin");

/// The sections, in order.
#[derive(Clone, Copy)]
enum Section {
    Version,
    Codes,
    CodesCountries,
    Outputs,
    Countries,
    Starts,
    High,
    Low,
    StateOutputs,
    Successors,
    Blocks,
    Popular,
    Lists,
    Names,
}

/// How many sections there are.
const SECTIONS: usize = Section::Names as usize + 1;
/// The start of every 32nd state's data is noted.
const BLOCK: usize = 32;
/// The bit of an accepting state; the ten below it are the digits'.
const ACCEPTS: u16 = 1 << 10;
/// The country of a code that belongs to none.
const NO_COUNTRY: u8 = 255;

fn section(which: Section) -> &'static [u8] {
    let length = |section: usize| number(TABLE, section * 3, 3);
    let before: usize = (0..which as usize).map(length).sum();
    let from = SECTIONS * 3 + before;
    let to = from + length(which as usize);
    TABLE.get(from..to).unwrap_or_default()
}

/// An integer of `length` bytes, little-endian.
fn number(bytes: &[u8], at: usize, length: usize) -> usize {
    let bytes = bytes.get(at..at + length).unwrap_or_default();
    bytes
        .iter()
        .rev()
        .fold(0, |all, byte| all << 8 | usize::from(*byte))
}

fn text(bytes: &'static [u8]) -> &'static str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// The version of libphonenumber that the table was made from.
#[must_use]
pub fn version() -> &'static str {
    text(section(Section::Version))
}

/// What the table knows of a country code.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// How many digits it has.
    pub digits: usize,
    /// Where the automaton for the digits after it begins.
    start: usize,
    /// A bit for each length that its main country's numbers may have.
    lengths: usize,
    /// Digits dialed before a number within the country: a bit for each.
    dropped: u8,
    /// Where its countries begin, and how many there are.
    countries: (usize, usize),
}

impl Code {
    /// The country code at the start of these digits; `None` if it is not assigned.
    #[must_use]
    pub fn of(digits: &[u8]) -> Option<Self> {
        let rows = section(Section::Codes).chunks_exact(9);
        (1..=3).find_map(|length| {
            let code = digits.get(..length)?.iter();
            let code = code.fold(0, |all, digit| all * 10 + usize::from(*digit & 15));
            let row = rows.clone().find(|row| number(row, 0, 2) == code)?;
            Some(Self {
                digits: length,
                start: number(row, 2, 2),
                lengths: number(row, 4, 2),
                dropped: *row.get(6)?,
                countries: (number(row, 7, 1), number(row, 8, 1)),
            })
        })
    }

    /// Whether a number of its main country can have this length.
    #[must_use]
    pub const fn has_length(&self, length: usize) -> bool {
        length < usize::BITS as usize && self.lengths >> length & 1 == 1
    }

    /// Whether no number can be this long.
    #[must_use]
    pub const fn is_too_long(&self, length: usize) -> bool {
        length < usize::BITS as usize && self.lengths >> length == 0
    }

    /// Whether an ASCII digit is one dialed before a number only within the country.
    #[must_use]
    pub const fn drops(&self, digit: u8) -> bool {
        let bit = match digit {
            b'0' => 1,
            b'1' => 2,
            b'8' => 4,
            _ => 0,
        };
        self.dropped & bit != 0
    }

    /// The country and the type of a number, by the digits after its code. A code that belongs to one country decides the country alone.
    #[must_use]
    pub fn look_up(&self, digits: &[u8]) -> (Option<Country>, u8) {
        let (mut state, mut read) = (State::at(self.start), 0);
        for digit in digits {
            state = state.after(*digit);
            read += 1;
        }
        let found = state.output().filter(|_| read == digits.len());
        let (place, kind) = match found.map(|output| usize::from(output) * 2) {
            Some(at) => (
                number(section(Section::Outputs), at, 1),
                section(Section::Outputs).get(at + 1).copied(),
            ),
            None if self.countries.1 == 1 => (0, None),
            None => return (None, 0),
        };
        let country = section(Section::CodesCountries).get(self.countries.0 + place);
        let country = country.filter(|country| **country != NO_COUNTRY);
        (
            country.map(|country| Country(usize::from(*country))),
            kind.unwrap_or_default(),
        )
    }
}

/// A country, by its index in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Country(usize);

impl Country {
    /// Its two letters (ISO 3166-1).
    #[must_use]
    pub fn name(self) -> &'static str {
        text(self.row().get(..2).unwrap_or_default())
    }

    /// Its zones, as IANA lists them.
    #[must_use]
    pub fn zones(self) -> Zones {
        Zones::at(number(self.row(), 2, 2))
    }

    fn row(self) -> &'static [u8] {
        let from = self.0 * 4;
        section(Section::Countries)
            .get(from..from + 4)
            .unwrap_or_default()
    }
}

/// A list of zones, each by its index among the names.
#[derive(Clone, Copy, Debug)]
pub struct Zones(&'static [u8]);

impl Zones {
    fn at(place: usize) -> Self {
        let mut lists = section(Section::Lists);
        for _ in 0..place {
            lists = lists.get(1 + number(lists, 0, 1) * 2..).unwrap_or_default();
        }
        Self(
            lists
                .get(1..1 + number(lists, 0, 1) * 2)
                .unwrap_or_default(),
        )
    }

    /// The zones of the longest known prefix of these digits; none if it has no zone.
    #[must_use]
    pub fn of(digits: &[u8]) -> Self {
        let (mut state, mut said) = (State::at(number(section(Section::Starts), 0, 2)), 0);
        for digit in digits {
            state = state.after(*digit);
            said = state.output().unwrap_or(said);
        }
        Self::at(usize::from(said))
    }

    /// Their indexes.
    pub fn places(self) -> impl Iterator<Item = usize> + Clone {
        self.0.chunks_exact(2).map(|place| number(place, 0, 2))
    }
}

/// A zone's IANA name.
#[must_use]
pub fn zone_name(place: usize) -> &'static str {
    text(
        section(Section::Names)
            .split(|byte| *byte == b'\n')
            .nth(place)
            .unwrap_or_default(),
    )
}

/// For an Argentine mobile as dialed within the country: the length of its area code, after which the mobiles' 15 follows.
#[must_use]
pub fn argentine_area(digits: &[u8]) -> Option<usize> {
    let mut state = State::at(number(section(Section::Starts), 2, 2));
    let mut ends = None;
    for (place, digit) in digits.iter().enumerate() {
        state = state.after(*digit);
        ends = ends.or(state.output().map(|_| place));
    }
    ends?.checked_sub(1)
}

/// A state of the automaton.
#[derive(Clone, Copy)]
struct State {
    mask: u16,
    /// Where its output is, if it has one.
    output: usize,
    /// Where its digits lead.
    successors: Successors,
}

impl State {
    fn mask(place: usize) -> u16 {
        let byte = |which| section(which).get(place).copied().unwrap_or_default();
        u16::from_be_bytes([byte(Section::High), byte(Section::Low)])
    }

    fn at(place: usize) -> Self {
        let block = place / BLOCK;
        let begins = |at| number(section(Section::Blocks), block * 6 + at, 2);
        let (mut output, mut successors) = (
            begins(0),
            Successors {
                rest: section(Section::Successors)
                    .get(begins(2)..)
                    .unwrap_or_default(),
                popular: section(Section::Popular),
                unmet: begins(4),
            },
        );
        for before in block * BLOCK..place {
            let mask = Self::mask(before);
            output += usize::from(mask & ACCEPTS != 0);
            successors.are_of(before);
            for _ in 0..(mask & (ACCEPTS - 1)).count_ones() {
                successors.next();
            }
        }
        successors.are_of(place);
        Self {
            mask: Self::mask(place),
            output,
            successors,
        }
    }

    fn output(&self) -> Option<u8> {
        let accepts = self.mask & ACCEPTS != 0;
        accepts.then(|| section(Section::StateOutputs).get(self.output).copied())?
    }

    /// The state after an ASCII digit.
    fn after(&self, digit: u8) -> Self {
        let (mut next, mut successors) = (0, self.successors);
        for other in 0..=digit & 15 {
            if self.mask & (ACCEPTS - 1) & 1_u16.checked_shl(other.into()).unwrap_or_default() != 0
            {
                next = successors.next();
            }
        }
        Self::at(next)
    }
}

/// Reads successors one after another.
#[derive(Clone, Copy)]
struct Successors {
    rest: &'static [u8],
    popular: &'static [u8],
    /// The next state not met yet.
    unmet: usize,
}

impl Successors {
    /// Moves on to a state's successors. A state not met before, at which an automaton begins, counts as met from here on.
    fn are_of(&mut self, place: usize) {
        self.unmet = self.unmet.max(place + 1);
    }

    fn next(&mut self) -> usize {
        let first = self.byte();
        if first == 0 {
            self.unmet += 1;
            return self.unmet - 1;
        }
        match first.checked_sub(1 + self.popular.len() / 2) {
            Some(high) => high << 8 | self.byte(),
            None => number(self.popular, (first - 1) * 2, 2),
        }
    }

    fn byte(&mut self) -> usize {
        let (byte, rest) = self.rest.split_first().unwrap_or((&0, &[]));
        self.rest = rest;
        usize::from(*byte)
    }
}
