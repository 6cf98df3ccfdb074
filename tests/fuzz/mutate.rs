//! Inputs close to those of a corpus: with a few edits each, or joined from two halves. The same seed gives the same inputs.

/// What parsers stumble over, wherever it stands.
const PIECES: [&str; 36] = [
    "",
    "\0",
    " ",
    "\n",
    "\t",
    "\u{feff}",
    "\u{200b}",
    "\u{ff11}",
    "\u{3002}",
    "é",
    "\u{1f600}",
    "%00",
    "%2e",
    "..",
    "/",
    "\\",
    "@",
    "#",
    "?",
    "0",
    "-",
    "+",
    "0x7f",
    "2130706433",
    "127.0.0.1",
    "[::1]",
    "localhost",
    "null",
    "{}",
    "[]",
    "\"\"",
    "1e400",
    "-0.0",
    "18446744073709551616",
    "$TOKEN",
    "$CALL",
];

pub struct Mutator<'a> {
    state: u64,
    corpus: &'a [Vec<u8>],
}

impl<'a> Mutator<'a> {
    pub fn new(seed: u64, corpus: &'a [Vec<u8>]) -> Self {
        Self {
            state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            corpus,
        }
    }

    /// One of so many: xorshift64*.
    fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        (self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end.max(1)
    }

    fn pick(&mut self) -> &'a [u8] {
        let at = self.below(self.corpus.len());
        &self.corpus[at]
    }

    pub fn next(&mut self) -> Vec<u8> {
        let mut input = self.pick().to_vec();
        for _ in 0..=self.below(4) {
            self.edit(&mut input);
        }
        input.truncate(70_000);
        input
    }

    fn edit(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        let end = at + self.below((input.len() - at).min(16) + 1);
        match self.below(8) {
            0 => input
                .iter_mut()
                .skip(at)
                .take(1)
                .for_each(|byte| *byte ^= 1 << (end % 8)),
            1 => {
                let byte = self.below(256) as u8;
                input.iter_mut().skip(at).take(1).for_each(|it| *it = byte);
            }
            2 => drop(input.drain(at..end)),
            3 => {
                let again = input[at..end].to_vec();
                input.splice(at..at, again);
            }
            4 | 5 => {
                let piece = PIECES[self.below(PIECES.len())];
                input.splice(at..end, piece.bytes());
            }
            6 => {
                let digit = b'0' + self.below(10) as u8;
                input.splice(at..at, [digit]);
            }
            _ => {
                let other = self.pick();
                let from = self.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
        }
    }
}
