//! Words in a text.
//!
//! What is looked for here is short. The standard library's own search, which stays linear whatever it is asked for, and the
//! texts of its panics would take 5 KB of the Worker.

use std::ops::Range;

/// Where a word begins and ends for the first time.
fn first(text: &str, word: &str) -> Option<Range<usize>> {
    let at = places(text, word).position(|part| part == word.as_bytes())?;
    Some(at..at + word.len())
}

/// Where it does for the last time.
fn last(text: &str, word: &str) -> Option<Range<usize>> {
    let at = places(text, word).rposition(|part| part == word.as_bytes())?;
    Some(at..at + word.len())
}

fn places<'a>(text: &'a str, word: &str) -> std::slice::Windows<'a, u8> {
    text.as_bytes().windows(word.len().max(1))
}

fn around(text: &str, word: Range<usize>) -> Option<(&str, &str)> {
    Some((text.get(..word.start)?, text.get(word.end..)?))
}

/// Whether a text has a word in it.
#[must_use]
pub fn contains(text: &str, word: &str) -> bool {
    first(text, word).is_some()
}

/// What stands before a word and behind it, where it comes first.
#[must_use]
pub fn split_once<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    around(text, first(text, word)?)
}

/// What stands before a word and behind it, where it comes last.
#[must_use]
pub fn rsplit_once<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    around(text, last(text, word)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_finds_what_the_standard_library_finds(text in "[aé{}]{0,12}", word in "[aé{}]{1,3}") {
            prop_assert_eq!(contains(&text, &word), text.contains(&word));
            prop_assert_eq!(split_once(&text, &word), text.split_once(&word));
            prop_assert_eq!(rsplit_once(&text, &word), text.rsplit_once(&word));
        }
    }
}
