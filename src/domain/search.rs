//! Searching a text for words.
//!
//! All words searched for here are short. The standard library's search, which stays linear for any input, and the texts of
//! its panics would add 5 KB to the Worker.

use std::ops::Range;

/// The range of a word's first occurrence.
fn first(text: &str, word: &str) -> Option<Range<usize>> {
    let at = places(text, word).position(|part| part == word.as_bytes())?;
    Some(at..at + word.len())
}

/// The range of its last occurrence.
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

/// Whether a text contains a word.
#[must_use]
pub fn contains(text: &str, word: &str) -> bool {
    first(text, word).is_some()
}

/// What is before and after the first occurrence of a word.
#[must_use]
pub fn split_once<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    around(text, first(text, word)?)
}

/// What is before and after the last occurrence of a word.
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
