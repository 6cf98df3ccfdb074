//! Base64 (RFC 4648) in the two spellings used here; each accepts only its canonical form.
//!
//! The `base64` crate is written for gigabytes and would add 2 KB to the Worker; the tests check this against it.

/// An alphabet, and whether it uses padding.
#[derive(Clone, Copy)]
pub struct Base64 {
    /// The last two of the 64 characters.
    last: [u8; 2],
    is_padded: bool,
}

/// With `+`, `/` and padding.
pub const STANDARD: Base64 = Base64 {
    last: *b"+/",
    is_padded: true,
};

/// With `-` and `_`, and no padding.
pub const URL_SAFE: Base64 = Base64 {
    last: *b"-_",
    is_padded: false,
};

impl Base64 {
    fn letter(self, bits: u32) -> char {
        let [plus, slash] = self.last;
        let from = |first: u8, least: u32| first + (bits - least) as u8;
        char::from(match bits {
            0..26 => from(b'A', 0),
            26..52 => from(b'a', 26),
            52..62 => from(b'0', 52),
            62 => plus,
            _ => slash,
        })
    }

    fn bits(self, letter: u8) -> Option<u32> {
        let [plus, slash] = self.last;
        Some(match letter {
            b'A'..=b'Z' => u32::from(letter - b'A'),
            b'a'..=b'z' => u32::from(letter - b'a') + 26,
            b'0'..=b'9' => u32::from(letter - b'0') + 52,
            letter if letter == plus => 62,
            letter if letter == slash => 63,
            _ => return None,
        })
    }

    /// Encodes bytes.
    #[must_use]
    pub fn encode(self, bytes: impl AsRef<[u8]>) -> String {
        self.encoded(bytes.as_ref())
    }

    fn encoded(self, bytes: &[u8]) -> String {
        let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
        for part in bytes.chunks(3) {
            let byte = |at: usize| u32::from(part.get(at).copied().unwrap_or_default());
            let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
            for at in 0..4 {
                match at <= part.len() {
                    true => text.push(self.letter(bits >> (18 - 6 * at) & 63)),
                    false if self.is_padded => text.push('='),
                    false => {}
                }
            }
        }
        text
    }

    /// Decodes a text; `None` for anything that this spelling would not have produced.
    #[must_use]
    pub fn decode(self, text: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        self.decoded(text.as_ref())
    }

    fn decoded(self, text: &[u8]) -> Option<Vec<u8>> {
        let letters = match text {
            text if !self.is_padded => text,
            text if !text.len().is_multiple_of(4) => return None,
            [letters @ .., b'=', b'='] | [letters @ .., b'='] => letters,
            text => text,
        };
        let mut bytes = Vec::with_capacity(letters.len() * 3 / 4);
        // Bits read so far that don't make up a whole byte yet.
        let (mut rest, mut held) = (0, 0);
        for letter in letters {
            rest = rest << 6 | self.bits(*letter)?;
            held += 6;
            if held >= 8 {
                held -= 8;
                bytes.push((rest >> held) as u8);
                rest &= (1 << held) - 1;
            }
        }
        (held < 6 && rest == 0).then_some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_writes_what_the_crate_writes(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            for (own, theirs) in [(STANDARD, general_purpose::STANDARD), (URL_SAFE, general_purpose::URL_SAFE_NO_PAD)] {
                let text = own.encode(&bytes);
                prop_assert_eq!(&text, &theirs.encode(&bytes));
                prop_assert_eq!(own.decode(text), Some(bytes.clone()));
            }
        }

        #[test]
        fn it_reads_what_the_crate_reads(text in "[AQgw/+_=-]{0,9}|.{0,5}") {
            for (own, theirs) in [(STANDARD, general_purpose::STANDARD), (URL_SAFE, general_purpose::URL_SAFE_NO_PAD)] {
                prop_assert_eq!(own.decode(&text), theirs.decode(&text).ok());
            }
        }
    }
}
