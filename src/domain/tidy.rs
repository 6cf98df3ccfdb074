//! What gets copied along by mistake: white space, control characters, and invisible characters.
//!
//! A name issued by another system (a key, a secret, an id) is refused with any of them, since dropping them would be a
//! guess. From a URL, surrounding ones and line breaks are dropped, as URL parsers do; so does [`url`].

use std::borrow::Cow;

/// What is wrong with a name that [`is_tidy`] refuses, for people.
pub const UNTIDY: &str =
    "must not begin or end with white space, or hold control or invisible characters";

/// Characters without width or colour: format characters (Unicode's category Cf), others that are ignored if a font lacks
/// them (`Default_Ignorable_Code_Point`), and letters that are blank.
const INVISIBLE: [(char, char); 29] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
    // White space that looks like a space, or like nothing, but is not U+0020.
    ('\u{a0}', '\u{a0}'),
    ('\u{2000}', '\u{200a}'),
    ('\u{2028}', '\u{2029}'),
];

fn is_invisible(letter: char) -> bool {
    let within = |(first, last): &(char, char)| (*first..=*last).contains(&letter);
    letter.is_control() || INVISIBLE.iter().any(within)
}

fn is_stray(letter: char) -> bool {
    letter.is_whitespace() || is_invisible(letter)
}

/// Whether a name can be as it was issued: spaces only between words, and nothing invisible.
#[must_use]
pub fn is_tidy(text: &str) -> bool {
    !text.starts_with(is_stray) && !text.ends_with(is_stray) && !text.contains(is_invisible)
}

/// A URL without surrounding characters of that kind, and without the line breaks and tabs that its parser ignores.
#[must_use]
pub fn url(text: &str) -> Cow<'_, str> {
    let bare = text.trim_matches(is_stray);
    match bare.contains(['\t', '\n', '\r']) {
        true => Cow::Owned(bare.replace(['\t', '\n', '\r'], "")),
        false => Cow::Borrowed(bare),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whoever_copies_a_line_break_into_a_url_has_copied_the_url() {
        for (given, read) in [
            (" https://example.com/a \n", "https://example.com/a"),
            (
                "\u{feff}https://example.com/\u{200b}",
                "https://example.com/",
            ),
            ("ht\ntps://exam\tple.com/a b", "https://example.com/a b"),
            ("https://example.com/\u{a0}", "https://example.com/"),
            ("\u{a0}", ""),
        ] {
            assert_eq!(url(given), read, "{given:?}");
        }
    }

    proptest! {
        // The oracle is the character tables of proptest's regular expressions.
        #[test]
        fn a_name_with_a_character_that_nobody_sees_is_untidy(before in "[!-~]{0,4}", stray in "[\\p{Cf}\\p{Cc}\\p{Zl}\\p{Zp}\\p{DI}\u{2800}\u{a0}]", after in "[!-~]{0,4}") {
            let text = format!("{before}{stray}{after}");
            prop_assert!(!is_tidy(&text), "{:?}", text);
        }

        #[test]
        fn a_name_with_white_space_at_an_end_is_untidy(name in "[!-~]{1,4}", space in "\\s") {
            let [after, before] = [format!("{name}{space}"), format!("{space}{name}")];
            prop_assert!(!is_tidy(&after) && !is_tidy(&before));
        }

        #[test]
        fn a_name_that_can_be_seen_is_tidy(words in "[\\p{L}\\p{N}\\p{P}\\p{S}&&[^\\p{DI}\u{2800}]]{1,9}( [\\p{L}\\p{N}&&[^\\p{DI}]]{1,9}){0,2}") {
            prop_assert!(is_tidy(&words), "{:?}", words);
        }

        #[test]
        fn a_clean_url_is_read_as_it_was_given(given in "https://[a-z]{1,9}\\.example/[!-~é ]{0,9}[a-z]") {
            prop_assert_eq!(url(&given), given.as_str());
        }
    }
}
