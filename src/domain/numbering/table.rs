//! The table of numbers, read where it lies.
//!
//! `scripts/numbering/table.py` writes it: the lengths of its sections, three bytes each, then the sections. Nothing is
//! unpacked, so an isolate that asks for no number pays nothing. What a damaged table said would be wrong, and no panic.
//!
//! Its heart is an automaton over digits whose states stand once each. A state is what is accepted there (an output) and ten
//! successors; state 0 is where nothing follows. A bit for each digit says that its successor is another than the digit's
//! before, and only those are written. States are numbered as they are met, so most of the time what follows is the next that
//! has not been met, which is a 0; what follows in many places is among the popular ones, a byte each; the rest takes two.
//! Where a state's outputs and successors begin, and which state is the next to be met, is noted for every 32nd state, and
//! counted from there.

/// As `scripts/numbering/table.py` wrote it.
static TABLE: &[u8] = include_bytes!("table.bin");

/// The sections, in their order.
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
/// Every so many states it is noted where they begin.
const BLOCK: usize = 32;
/// The bit of a state that accepts; the ten below it are the digits'.
const ACCEPTS: u16 = 1 << 10;
/// A code that is no country's has this for one.
const NO_COUNTRY: u8 = 255;

fn section(which: Section) -> &'static [u8] {
    let length = |section: usize| number(TABLE, section * 3, 3);
    let before: usize = (0..which as usize).map(length).sum();
    let from = SECTIONS * 3 + before;
    let to = from + length(which as usize);
    TABLE.get(from..to).unwrap_or_default()
}

/// A number of so many bytes, the low one first.
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

/// libphonenumber's version, of which the table was made.
#[must_use]
pub fn version() -> &'static str {
    text(section(Section::Version))
}

/// What the table knows of a country code.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// How many digits it has.
    pub digits: usize,
    /// Where the digits behind it begin.
    start: usize,
    /// A bit for each length that its main country's numbers have.
    lengths: usize,
    /// What is dialed before a number at home: a bit for each such digit.
    dropped: u8,
    /// Where its countries begin, and how many they are.
    countries: (usize, usize),
}

impl Code {
    /// The country code of these digits; none if it is not assigned.
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

    /// Whether a number of its main country can be so long.
    #[must_use]
    pub const fn has_length(&self, length: usize) -> bool {
        length < usize::BITS as usize && self.lengths >> length & 1 == 1
    }

    /// Whether none can, because all are shorter.
    #[must_use]
    pub const fn is_too_long(&self, length: usize) -> bool {
        length < usize::BITS as usize && self.lengths >> length == 0
    }

    /// Whether an ASCII digit is only dialed at home, before a number.
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

    /// The country and the type of a number, by the digits behind its code. Where the code is one country's, all are of it.
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

/// A country, by its place in the table.
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

/// A list of zones, each by its place among the names.
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

    /// Those that the longest known beginning of these digits says; none if it is of no zone.
    #[must_use]
    pub fn of(digits: &[u8]) -> Self {
        let (mut state, mut said) = (State::at(number(section(Section::Starts), 0, 2)), 0);
        for digit in digits {
            state = state.after(*digit);
            said = state.output().unwrap_or(said);
        }
        Self::at(usize::from(said))
    }

    /// Each by its place.
    pub fn places(self) -> impl Iterator<Item = usize> + Clone {
        self.0.chunks_exact(2).map(|place| number(place, 0, 2))
    }
}

/// What IANA calls a zone.
#[must_use]
pub fn zone_name(place: usize) -> &'static str {
    text(
        section(Section::Names)
            .split(|byte| *byte == b'\n')
            .nth(place)
            .unwrap_or_default(),
    )
}

/// Of an Argentine mobile as it is dialed at home: how many digits of it are the area code, which the mobiles' 15 follows.
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
    /// Where its output stands, if it has one.
    output: usize,
    /// Where its digits lead on to.
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

    /// Where an ASCII digit leads.
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

/// Reads successors, one behind the other.
#[derive(Clone, Copy)]
struct Successors {
    rest: &'static [u8],
    popular: &'static [u8],
    /// The state that is met next.
    unmet: usize,
}

impl Successors {
    /// Goes on to those of a state. One that was met nowhere before, where an automaton begins, is met by this.
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
